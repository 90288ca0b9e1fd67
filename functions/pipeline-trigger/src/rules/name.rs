//! A pipeline's name in a rule: fixed, or made of the repository and the branch.

use std::fmt;

use shared::branch_slug::{LONGEST, branch_slug};
use shared::placeholder::{BadPlaceholder, Filled, listed};

/// The longest name of a pipeline, in characters ("Quotas in AWS CodePipeline", AWS CodePipeline User Guide).
const LONGEST_NAME: usize = 100;

const REPOSITORY: &str = "repository";
const BRANCH_SLUG: &str = "branch-slug";
const PLACEHOLDERS: &[&str] = &[REPOSITORY, BRANCH_SLUG];

/// A pipeline's name as a rule writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    text: Filled,
}

impl NameTemplate {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence: a letter that no pipeline's name has, an unknown placeholder, or a name
    /// that can be longer than [`LONGEST_NAME`].
    pub fn parse(text: &str, repository: &str) -> Result<Self, String> {
        let text = Filled::parse(text, PLACEHOLDERS).map_err(refused)?;
        let name = Self { text };
        if let Some(letter) = name.filled("", "").chars().find(|letter| !allowed(*letter)) {
            return Err(format!("a pipeline's name has letters, digits and . @ - _ only, not {letter:?}"));
        }
        let longest = name.filled(repository, &"x".repeat(LONGEST)).len();
        if longest > LONGEST_NAME {
            return Err(format!("it can be {longest} characters long; a pipeline's name has at most 100"));
        }
        Ok(name)
    }

    /// Whether it differs from branch to branch.
    pub fn is_templated(&self) -> bool {
        self.text.asks_for(BRANCH_SLUG)
    }

    /// The name for a push to `branch`; without one the placeholder stays.
    pub fn name(&self, repository: &str, branch: Option<&str>) -> String {
        let slug = branch.map_or_else(|| listed(&[BRANCH_SLUG]), branch_slug);
        self.filled(repository, &slug)
    }

    fn filled(&self, repository: &str, slug: &str) -> String {
        let name =
            self.text.fill(|asked| Some(if asked == REPOSITORY { repository } else { slug }.to_owned()));
        name.expect("both placeholders have a value")
    }
}

fn refused(why: BadPlaceholder) -> String {
    match why {
        BadPlaceholder::Unknown(_) => format!("the placeholders are {}", listed(PLACEHOLDERS)),
        BadPlaceholder::Brace => {
            format!("a brace stands alone; the placeholders are {}", listed(PLACEHOLDERS))
        }
    }
}

/// As it is written.
impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
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
        assert_eq!(template.name("storefront", None), "storefront-{branch-slug}");
        assert!(!NameTemplate::parse("{repository}-ci", "storefront").unwrap().is_templated());
    }

    #[test]
    fn what_codepipeline_would_refuse_is_refused() {
        assert!(NameTemplate::parse("web main", "r").unwrap_err().contains("' '"));
        assert!(NameTemplate::parse("{branch}", "r").unwrap_err().contains("{branch-slug}"));
        assert!(NameTemplate::parse("web}", "r").unwrap_err().contains("a brace stands alone"));
        assert!(NameTemplate::parse("{{web}}", "r").unwrap_err().contains("'{'"));
        assert!(NameTemplate::parse(&"x".repeat(101), "r").unwrap_err().contains("101"));
        assert!(
            NameTemplate::parse("{repository}-{branch-slug}", &"r".repeat(60)).unwrap_err().contains("101")
        );
    }
}
