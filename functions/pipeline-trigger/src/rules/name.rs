//! A pipeline's name in a rule: fixed, or built from the repository and the branch.

use std::fmt;

use shared::branch_slug::{LONGEST, branch_slug};
use shared::placeholder::{BadPlaceholder, Filled, listed};

/// The longest name of a pipeline, in characters ("Quotas in AWS CodePipeline", AWS CodePipeline User Guide).
const LONGEST_NAME: usize = 100;

const REPOSITORY: &str = "repository";
const BRANCH_SLUG: &str = "branch-slug";
const PLACEHOLDERS: &[&str] = &[REPOSITORY, BRANCH_SLUG];

/// Why no pipeline can have a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It has a letter that no pipeline's name has.
    #[error("a pipeline's name has letters, digits and . @ - _ only, not {0:?}")]
    Letter(char),
    /// It can have so many characters.
    #[error("this name can have {0} characters; a pipeline's name has at most {LONGEST_NAME}")]
    TooLong(usize),
    /// A placeholder in it cannot be read.
    #[error("{}", refused(.0))]
    Placeholder(#[from] BadPlaceholder),
}

/// A pipeline's name as a rule writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    text: Filled,
}

impl NameTemplate {
    /// Reads a name.
    ///
    /// # Errors
    /// A letter that no pipeline's name has, an unknown placeholder, or a name that can be longer than
    /// [`LONGEST_NAME`].
    pub fn parse(text: &str, repository: &str) -> Result<Self, BadName> {
        let text = Filled::parse(text, PLACEHOLDERS)?;
        let name = Self { text };
        if let Some(letter) = name.filled("", "").chars().find(|letter| !allowed(*letter)) {
            return Err(BadName::Letter(letter));
        }
        let longest = name.filled(repository, &"x".repeat(LONGEST)).len();
        if longest > LONGEST_NAME {
            return Err(BadName::TooLong(longest));
        }
        Ok(name)
    }

    /// Whether each branch has a name of its own.
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

fn refused(why: &BadPlaceholder) -> String {
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
    fn a_name_is_built_from_repository_and_branch() {
        let template = NameTemplate::parse("{repository}-{branch-slug}", "storefront").unwrap();
        assert_eq!(template.name("storefront", Some("develop")), "storefront-develop");
        assert!(template.name("storefront", Some("feature/a")).starts_with("storefront-feature-a-"));
        assert_eq!(template.name("storefront", None), "storefront-{branch-slug}");
        assert!(!NameTemplate::parse("{repository}-ci", "storefront").unwrap().is_templated());
    }

    #[test]
    fn a_name_that_codepipeline_refuses_is_refused() {
        assert!(NameTemplate::parse("web main", "r").unwrap_err().to_string().contains("' '"));
        assert!(NameTemplate::parse("{branch}", "r").unwrap_err().to_string().contains("{branch-slug}"));
        assert!(NameTemplate::parse("web}", "r").unwrap_err().to_string().contains("a brace stands alone"));
        assert!(NameTemplate::parse("{{web}}", "r").unwrap_err().to_string().contains("'{'"));
        assert!(NameTemplate::parse(&"x".repeat(101), "r").unwrap_err().to_string().contains("101"));
        assert!(
            NameTemplate::parse("{repository}-{branch-slug}", &"r".repeat(60))
                .unwrap_err()
                .to_string()
                .contains("101")
        );
    }
}
