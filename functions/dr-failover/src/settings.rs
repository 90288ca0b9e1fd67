//! The settings of the deployment, beside the rules: the topic for emails, the table, the kill switch.

/// The variable with the ARN of the SNS topic for emails.
pub const TOPIC: &str = "POINTSMAN_TOPIC_ARN";

/// The variable with the name of the DynamoDB table that holds latches and incidents.
pub const TABLE: &str = "POINTSMAN_TABLE";

/// The variable with the name of the SSM parameter that is the kill switch.
pub const KILL_SWITCH: &str = "POINTSMAN_KILL_SWITCH";

/// The variable with the name of the SSM parameter that operators answer requests for an approval with.
pub const APPROVAL: &str = "POINTSMAN_APPROVAL";

/// The variable with the ARN of the function's own role, whose answers do not count.
pub const ROLE: &str = "POINTSMAN_ROLE_ARN";

/// The settings of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The ARN of the topic for emails.
    pub topic: String,
    /// The name of the table that holds latches and incidents.
    pub table: String,
    /// The name of the parameter that is the kill switch.
    pub kill_switch: String,
    /// The name of the parameter that operators answer requests for an approval with.
    pub approval: String,
    /// The ARN of the function's own role.
    pub role: String,
    /// `POINTSMAN_NOW` is set, and AWS is not emulated on this machine.
    pub time_is_made_up: bool,
}

/// A setting that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is empty; it takes {takes}")]
pub struct MissingSetting {
    variable: &'static str,
    takes: &'static str,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When one of the variables is empty.
    pub fn read() -> Result<Self, MissingSetting> {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let required = |name: &'static str, takes| match variable(name) {
            value if value.is_empty() => Err(MissingSetting { variable: name, takes }),
            value => Ok(value),
        };
        let is_set = !variable(shared::clock::VARIABLE).is_empty();
        Ok(Self {
            topic: required(TOPIC, "the ARN of the SNS topic for emails")?,
            table: required(TABLE, "the name of the DynamoDB table for latches and incidents")?,
            kill_switch: required(KILL_SWITCH, "the name of the SSM parameter that is the kill switch")?,
            approval: required(APPROVAL, "the name of the SSM parameter for approvals")?,
            role: required(ROLE, "the ARN of the function's role")?,
            time_is_made_up: is_set && !is_loopback(&variable("AWS_ENDPOINT_URL")),
        })
    }
}

/// Whether an endpoint is on this machine: then no start is real.
fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").unwrap_or_default();
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    })
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_this_machine() {
        for endpoint in ["http://127.0.0.1:4566", "http://localhost", "http://[::1]:80/"] {
            assert!(is_loopback(endpoint), "{endpoint}");
        }
        for endpoint in [
            "",
            "https://drs.eu-west-1.amazonaws.com",
            "http://127.0.0.1.example.com",
            "http://localhost.evil",
        ] {
            assert!(!is_loopback(endpoint), "{endpoint}");
        }
    }
}
