//! What the deployment says, beside the rules: the prefix of every stack's name, and the topic for mails.

/// The variable with the prefix of stack names, which is also the owner in the stacks' tags.
pub const PREFIX: &str = "POINTSMAN_STACK_PREFIX";

/// The variable with the ARN of the SNS topic for mails; empty or not set, none are sent.
pub const TOPIC: &str = "POINTSMAN_TOPIC_ARN";

/// Leaves room in a stack's name for what tells the branches apart.
const LONGEST_PREFIX: usize = 30;

/// The settings of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The beginning of every stack's name, and the owner in its tags.
    pub prefix: String,
    /// Where mails are published.
    pub topic: Option<String>,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{PREFIX} is `{0}`; it takes 1 to {LONGEST_PREFIX} letters, digits and hyphens, with a letter first and no hyphen last"
)]
pub struct BadPrefix(String);

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When the prefix is missing, or no stack's name can begin with it.
    pub fn read() -> Result<Self, BadPrefix> {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Self::new(&variable(PREFIX), &variable(TOPIC))
    }

    /// Settings of a prefix and a topic, which may be empty.
    ///
    /// # Errors
    /// When no stack's name can begin with the prefix.
    pub fn new(prefix: &str, topic: &str) -> Result<Self, BadPrefix> {
        let letters = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let begins = prefix.starts_with(|first: char| first.is_ascii_alphabetic());
        if !letters || !begins || prefix.ends_with('-') || prefix.len() > LONGEST_PREFIX {
            return Err(BadPrefix(prefix.to_owned()));
        }
        Ok(Self { prefix: prefix.to_owned(), topic: (!topic.is_empty()).then(|| topic.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_no_stack_can_have_is_refused() {
        for prefix in ["", "1a", "-a", "a-", "a_b", "a b", "é", &"a".repeat(31)] {
            assert!(Settings::new(prefix, "").is_err(), "{prefix}");
        }
        assert_eq!(Settings::new("branch", "").unwrap().topic, None);
    }
}
