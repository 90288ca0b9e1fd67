//! The settings of a deployment beside the rules: the topic for emails, the table, the message size, further regions.

use shared::home::{is_account, is_region};

/// The variable with the ARN of the SNS topic for emails.
pub const TOPIC: &str = "POINTSMAN_TOPIC_ARN";

/// The variable with the name of the DynamoDB table of reports; without one, a repeated event is emailed again.
pub const TABLE: &str = "POINTSMAN_TABLE";

/// The variable with the most bytes of a message with its attributes: the topic's `MaximumMessageSize`.
pub const LIMIT: &str = "POINTSMAN_MESSAGE_LIMIT";

/// The variable with further accounts whose events are accepted, separated by commas.
pub const ACCOUNTS: &str = "POINTSMAN_ACCOUNTS";

/// The variable with further regions, separated by commas: their events are accepted, and the daily scan reads them.
pub const REGIONS: &str = "POINTSMAN_REGIONS";

/// The variable that has the function request usage reports of shared images.
pub const USAGE_REPORTS: &str = "POINTSMAN_USAGE_REPORTS";

/// The variable that has the function read the images that an image was made from.
pub const ANCESTRY: &str = "POINTSMAN_IMAGE_ANCESTRY";

/// The variable that has the function import its findings into Security Hub.
pub const SECURITY_HUB: &str = "POINTSMAN_SECURITY_HUB";

/// 1 KiB to 1 MiB, by default 256 KiB ("Publishing large messages with Amazon SNS", Amazon SNS Developer Guide). A topic
/// with email subscriptions has at most the default.
const LIMITS: std::ops::RangeInclusive<usize> = 1_024..=1_048_576;
const DEFAULT_LIMIT: usize = 262_144;

/// The settings of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The ARN of the topic for emails.
    pub topic: String,
    /// The name of the table of reports.
    pub table: Option<String>,
    /// The most bytes of a message and its attributes.
    pub limit: usize,
    /// Regions beside the function's own: their events are accepted, and the daily scan reads them.
    pub regions: Vec<String>,
    /// Accounts beside the function's own whose events are accepted.
    pub accounts: Vec<String>,
    /// The calls that a deployment switches on.
    pub optional: OptionalCalls,
}

/// Calls that need permissions of their own, and that a deployment switches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OptionalCalls {
    /// Usage reports of shared images.
    pub usage_reports: bool,
    /// The images that an image was made from.
    pub ancestry: bool,
    /// Findings in Security Hub.
    pub security_hub: bool,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSetting {
    /// No topic.
    #[error("{TOPIC} is empty; it takes the ARN of the SNS topic for emails")]
    NoTopic,
    /// A size that a topic cannot have.
    #[error("{LIMIT} is `{value}`; it takes {least} to {most} (bytes)", least = LIMITS.start(), most = LIMITS.end())]
    BadLimit {
        /// The value.
        value: String,
    },
    /// A value that is not a region.
    #[error("{REGIONS} contains `{0}`, which is not a region")]
    BadRegion(String),
    /// A value that is not an account's id.
    #[error("{ACCOUNTS} contains `{0}`, which is not an account's id (12 digits)")]
    BadAccount(String),
    /// A switch with another value.
    #[error("{name} is `{value}`; it takes `enabled` or `disabled`")]
    BadSwitch {
        /// The variable.
        name: &'static str,
        /// The value.
        value: String,
    },
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When there is no topic, or another variable has an invalid value.
    pub fn read() -> Result<Self, BadSetting> {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let settings = Self::new(&variable(TOPIC), &variable(TABLE), &variable(LIMIT), &variable(REGIONS))?;
        settings.with_accounts(&variable(ACCOUNTS))?.with_optional_calls(variable)
    }

    /// The settings with the calls that the variables switch on.
    ///
    /// # Errors
    /// When a variable is neither `enabled` nor `disabled`.
    pub fn with_optional_calls(self, variable: impl Fn(&str) -> String) -> Result<Self, BadSetting> {
        let switch = |name: &'static str| match variable(name).as_str() {
            "enabled" => Ok(true),
            "" | "disabled" => Ok(false),
            other => Err(BadSetting::BadSwitch { name, value: other.to_owned() }),
        };
        let optional = OptionalCalls {
            usage_reports: switch(USAGE_REPORTS)?,
            ancestry: switch(ANCESTRY)?,
            security_hub: switch(SECURITY_HUB)?,
        };
        Ok(Self { optional, ..self })
    }

    /// The settings with further accounts, from the text of the variable.
    ///
    /// # Errors
    /// When the text names something that is not an account.
    pub fn with_accounts(self, accounts: &str) -> Result<Self, BadSetting> {
        let accounts = listed(accounts);
        match accounts.iter().find(|account| !is_account(account)) {
            Some(account) => Err(BadSetting::BadAccount(account.clone())),
            None => Ok(Self { accounts, ..self }),
        }
    }

    /// Settings from the texts of the variables.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn new(topic: &str, table: &str, limit: &str, regions: &str) -> Result<Self, BadSetting> {
        if topic.is_empty() {
            return Err(BadSetting::NoTopic);
        }
        let bytes = match limit {
            "" => Some(DEFAULT_LIMIT),
            limit => limit.parse().ok().filter(|bytes| LIMITS.contains(bytes)),
        };
        let regions = listed(regions);
        if let Some(region) = regions.iter().find(|region| !is_region(region)) {
            return Err(BadSetting::BadRegion(region.clone()));
        }
        Ok(Self {
            topic: topic.to_owned(),
            table: (!table.is_empty()).then(|| table.to_owned()),
            limit: bytes.ok_or_else(|| BadSetting::BadLimit { value: limit.to_owned() })?,
            regions,
            accounts: Vec::new(),
            optional: OptionalCalls::default(),
        })
    }
}

/// The items of a list that is separated by commas.
fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_an_unset_variable_have_its_default() {
        let settings = Settings::new("arn", "", "", " eu-west-1, ,eu-west-2").unwrap();
        assert_eq!((settings.limit, settings.table), (262_144, None));
        assert_eq!(settings.regions, ["eu-west-1", "eu-west-2"]);
    }

    #[test]
    fn does_the_error_name_the_variable_or_the_value() {
        let error = |topic, limit, regions| Settings::new(topic, "", limit, regions).unwrap_err().to_string();
        assert!(error("", "", "").contains(TOPIC));
        for limit in ["1023", "1048577", "-1", "many"] {
            assert!(error("arn", limit, "").contains(limit));
        }
        assert!(error("arn", "", "eu-west-1,moon").contains("moon"));
    }

    #[test]
    fn a_call_is_made_only_where_its_variable_is_enabled() {
        let settings = |variable: &'static str, value: &'static str| {
            let value = move |name: &str| if name == variable { value.to_owned() } else { String::new() };
            Settings::new("arn", "", "", "").unwrap().with_optional_calls(value)
        };
        let none = OptionalCalls::default();
        assert_eq!(
            settings(SECURITY_HUB, "enabled").unwrap().optional,
            OptionalCalls { security_hub: true, ..none }
        );
        assert_eq!(settings(ANCESTRY, "enabled").unwrap().optional, OptionalCalls { ancestry: true, ..none });
        assert_eq!(
            settings(USAGE_REPORTS, "enabled").unwrap().optional,
            OptionalCalls { usage_reports: true, ..none }
        );
        assert_eq!(settings(USAGE_REPORTS, "disabled").unwrap().optional, none);
        let error = settings(USAGE_REPORTS, "yes").unwrap_err().to_string();
        assert!(error.contains(USAGE_REPORTS) && error.contains("yes"), "{error}");
    }

    #[test]
    fn further_accounts_have_twelve_digits() {
        let accounts = |text| Settings::new("arn", "", "", "").unwrap().with_accounts(text);
        assert_eq!(
            accounts(" 444455556666,,777788889999 ").unwrap().accounts,
            ["444455556666", "777788889999"]
        );
        assert_eq!(accounts("4444").unwrap_err(), BadSetting::BadAccount("4444".to_owned()));
    }
}
