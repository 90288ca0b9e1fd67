//! The settings of a deployment, beside the rules: the prefix of every stack's name, the topic for emails, the table of reports.

/// The variable with the prefix of stack names, which is also the owner in the stacks' tags.
pub const PREFIX: &str = "POINTSMAN_STACK_PREFIX";

/// The variable with the ARN of the SNS topic for emails; if it is empty or not set, no email is sent.
pub const TOPIC: &str = "POINTSMAN_TOPIC_ARN";

/// The variable with the name of the DynamoDB table of reports.
pub const TABLE: &str = "POINTSMAN_TABLE";

/// Leaves room in a stack's name for the branch and the hash.
const LONGEST_PREFIX: usize = 30;

/// The settings of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The beginning of every stack's name, and the owner in its tags.
    pub prefix: String,
    /// The ARN of the topic that emails are published to.
    pub topic: Option<String>,
    /// The name of the table of reports.
    pub table: String,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStackSetting {
    /// A prefix that no stack's name can begin with.
    #[error(
        "{PREFIX} is `{0}`; a prefix has 1 to {LONGEST_PREFIX} letters, digits and hyphens, begins with a letter and does not \
         end with a hyphen"
    )]
    Prefix(String),
    /// No table.
    #[error("{TABLE} is empty; it takes the name of the DynamoDB table of reports")]
    NoTable,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When the prefix is missing, no stack's name can begin with it, or there is no table.
    pub fn read() -> Result<Self, BadStackSetting> {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Self::new(&variable(PREFIX), &variable(TOPIC), &variable(TABLE))
    }

    /// Settings with a prefix, a topic and a table; the topic may be empty.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn new(prefix: &str, topic: &str, table: &str) -> Result<Self, BadStackSetting> {
        let letters = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let begins = prefix.starts_with(|first: char| first.is_ascii_alphabetic());
        if !letters || !begins || prefix.ends_with('-') || prefix.len() > LONGEST_PREFIX {
            return Err(BadStackSetting::Prefix(prefix.to_owned()));
        }
        if table.is_empty() {
            return Err(BadStackSetting::NoTable);
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            topic: (!topic.is_empty()).then(|| topic.to_owned()),
            table: table.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_no_stack_can_have_is_refused() {
        for prefix in ["", "1a", "-a", "a-", "a_b", "a b", "é", &"a".repeat(31)] {
            assert!(Settings::new(prefix, "", "reports").is_err(), "{prefix}");
        }
        assert_eq!(Settings::new("branch", "", "reports").unwrap().topic, None);
    }

    #[test]
    fn a_function_without_a_table_is_refused() {
        let error = Settings::new("branch", "", "").unwrap_err();
        assert_eq!(error, BadStackSetting::NoTable);
        assert!(error.to_string().contains(TABLE));
    }
}
