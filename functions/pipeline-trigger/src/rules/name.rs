//! A pipeline's name in a rule: fixed, or made of the repository and the branch.

use shared::branch_slug::{LONGEST, branch_slug};

/// The longest name of a pipeline, in characters ("Quotas in AWS CodePipeline", AWS CodePipeline User Guide).
const LONGEST_NAME: usize = 100;

const REPOSITORY: &str = "{repository}";
const BRANCH_SLUG: &str = "{branch-slug}";

/// A pipeline's name as a rule writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    /// As it is written.
    pub text: String,
}

impl NameTemplate {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence: a letter that no pipeline's name has, an unknown placeholder, or a name
    /// that can be longer than [`LONGEST_NAME`].
    pub fn parse(text: &str, repository: &str) -> Result<Self, String> {
        let longest = text.replace(REPOSITORY, repository).replace(BRANCH_SLUG, &"x".repeat(LONGEST));
        let letters = text.replace(REPOSITORY, "").replace(BRANCH_SLUG, "");
        if letters.contains(['{', '}']) {
            return Err(format!("the placeholders are {REPOSITORY} and {BRANCH_SLUG}"));
        }
        if let Some(letter) = letters.chars().find(|letter| !allowed(*letter)) {
            return Err(format!("a pipeline's name has letters, digits and . @ - _ only, not {letter:?}"));
        }
        if longest.len() > LONGEST_NAME {
            return Err(format!(
                "it can be {} characters long; a pipeline's name has at most 100",
                longest.len()
            ));
        }
        Ok(Self { text: text.to_owned() })
    }

    /// Whether it differs from branch to branch.
    pub fn is_templated(&self) -> bool {
        self.text.contains(BRANCH_SLUG)
    }

    /// The name for a push to `branch`; a fixed name needs none.
    pub fn name(&self, repository: &str, branch: Option<&str>) -> String {
        let name = self.text.replace(REPOSITORY, repository);
        match branch {
            Some(branch) if self.is_templated() => name.replace(BRANCH_SLUG, &branch_slug(branch)),
            _ => name,
        }
    }
}

fn allowed(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ".@-_".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_repository_and_branch() {
        let template = NameTemplate::parse("{repository}-{branch-slug}", "storefront").unwrap();
        assert_eq!(template.name("storefront", Some("develop")), "storefront-develop");
        assert!(template.name("storefront", Some("feature/a")).starts_with("storefront-feature-a-"));
        assert!(!NameTemplate::parse("{repository}-ci", "storefront").unwrap().is_templated());
    }

    #[test]
    fn what_codepipeline_would_refuse_is_refused() {
        assert!(NameTemplate::parse("web main", "r").unwrap_err().contains("' '"));
        assert!(NameTemplate::parse("{branch}", "r").unwrap_err().contains("{branch-slug}"));
        assert!(NameTemplate::parse(&"x".repeat(101), "r").unwrap_err().contains("101"));
        assert!(
            NameTemplate::parse("{repository}-{branch-slug}", &"r".repeat(60)).unwrap_err().contains("101")
        );
    }
}
