//! The settings of a deployment, beside the rules: the prefix of every stack's name, and the topic for emails.

/// The variable with the prefix of stack names, which is also the owner in the stacks' tags.
pub const PREFIX: &str = "POINTSMAN_STACK_PREFIX";

/// The variable with the ARN of the SNS topic for emails; if it is empty or not set, no email is sent.
pub const TOPIC: &str = "POINTSMAN_TOPIC_ARN";

/// Leaves room in a stack's name for the branch and the hash.
const LONGEST_PREFIX: usize = 30;

/// The settings of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The beginning of every stack's name, and the owner in its tags.
    pub prefix: String,
    /// The ARN of the topic that emails are published to.
    pub topic: Option<String>,
}

/// A prefix that no stack's name can begin with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{PREFIX} is `{0}`; a prefix has 1 to {LONGEST_PREFIX} letters, digits and hyphens, begins with a letter and does not end \
     with a hyphen"
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

    /// Settings with a prefix and a topic; the topic may be empty.
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
