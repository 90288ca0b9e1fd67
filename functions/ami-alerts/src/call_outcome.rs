//! The outcome of a recorded call: it succeeded, was denied, was a dry run of the caller, or failed otherwise.

use std::fmt;

use serde_json::{Map, Value};

use crate::revert_plan::SERVER_ERRORS;

/// The outcome of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// The call succeeded.
    Succeeded,
    /// AWS denied the call.
    Denied(RecordedError),
    /// The call had the parameter DryRun, and would have been allowed.
    DryRun(RecordedError),
    /// The call failed for another reason.
    Failed(RecordedError),
}

/// The error that a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedError {
    /// `errorCode`, with its prefix: `Client.UnauthorizedOperation`.
    pub code: String,
    /// `errorMessage`, which can be empty.
    pub message: String,
}

/// Parts of the codes with which AWS denies a call ("Error codes for the Amazon EC2 API", Amazon EC2 API Reference; "Common
/// Errors" of the other services). Block public access answers `OperationNotPermitted`.
const DENIALS: [&str; 8] = [
    "AccessDenied",
    "AuthFailure",
    "Forbidden",
    "NotAuthorized",
    "OperationNotPermitted",
    "Unauthorized",
    "UnauthorizedOperation",
    "UnauthorizedAccess",
];

impl CallOutcome {
    /// The outcome of the call of a record.
    pub fn of(detail: &Map<String, Value>) -> Self {
        let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default();
        let (code, message) = (text("errorCode"), text("errorMessage"));
        let error = |code: &str| RecordedError { code: code.to_owned(), message: message.to_owned() };
        if code.contains("DryRunOperation") {
            return Self::DryRun(error(code));
        }
        if DENIALS.iter().any(|denial| code.contains(denial)) {
            return Self::Denied(error(code));
        }
        if !code.is_empty() || !message.is_empty() {
            return Self::Failed(error(code));
        }
        // EC2 answers `_return`; false is a failure without a code. A sign-in answers by its own name.
        let answer = detail.get("responseElements").unwrap_or(&Value::Null);
        let wrapped = &answer[format!("{}Response", text("eventName"))];
        let returned = if wrapped.is_object() { &wrapped["_return"] } else { &answer["_return"] };
        match (returned, &answer[text("eventName")]) {
            (Value::Bool(false), _) => Self::Failed(error("_return is false")),
            (Value::String(returned), _) if returned == "false" => Self::Failed(error("_return is false")),
            (_, Value::String(answer)) if answer == "Failure" => {
                Self::Failed(error(&format!("{} is Failure", text("eventName"))))
            }
            _ => Self::Succeeded,
        }
    }

    /// Whether a call that failed may have had its effect all the same: the service itself failed.
    pub fn may_have_had_effect(&self) -> bool {
        let of_server = |code: &str| code.starts_with("Server.") || SERVER_ERRORS.contains(&code);
        matches!(self, Self::Failed(error) if of_server(&error.code))
    }

    /// Whether the call succeeded.
    pub fn succeeded(&self) -> bool {
        *self == Self::Succeeded
    }

    /// The error, unless the call succeeded.
    pub fn error(&self) -> Option<&RecordedError> {
        match self {
            Self::Succeeded => None,
            Self::Denied(error) | Self::DryRun(error) | Self::Failed(error) => Some(error),
        }
    }

    /// The word for filter policies.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Denied(_) => "denied",
            Self::DryRun(_) => "dry-run",
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for RecordedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => f.write_str(message),
            (code, "") => f.write_str(code),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcome(detail: Value) -> &'static str {
        CallOutcome::of(detail.as_object().expect("an object")).name()
    }

    #[test]
    fn is_a_denied_call_distinct_from_a_failed_one() {
        for (code, expected) in [
            ("Client.UnauthorizedOperation", "denied"),
            ("AccessDenied", "denied"),
            ("AccessDeniedException", "denied"),
            ("Client.OperationNotPermitted", "denied"),
            ("Client.DryRunOperation", "dry-run"),
            ("Client.InvalidAMIID.NotFound", "failed"),
            ("Server.InternalError", "failed"),
        ] {
            assert_eq!(outcome(json!({"errorCode": code})), expected, "{code}");
        }
        assert_eq!(outcome(json!({"errorMessage": "Failed authentication"})), "failed");
        for answer in
            [json!({"_return": false}), json!({"_return": "false"}), json!({"XResponse": {"_return": false}})]
        {
            assert_eq!(outcome(json!({"eventName": "X", "responseElements": answer})), "failed", "{answer}");
        }
        let sign_in =
            |answer| json!({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": answer}});
        assert_eq!(outcome(sign_in("Failure")), "failed");
        assert_eq!(outcome(sign_in("Success")), "succeeded");
    }

    #[test]
    fn only_an_error_of_the_service_leaves_the_effect_open() {
        for (code, expected) in [
            ("Server.InternalError", true),
            ("InternalFailure", true),
            ("Client.InvalidAMIID.NotFound", false),
            ("Client.UnauthorizedOperation", false),
            ("", false),
        ] {
            let detail = json!({"errorCode": code});
            let outcome = CallOutcome::of(detail.as_object().expect("an object"));
            assert_eq!(outcome.may_have_had_effect(), expected, "{code}");
        }
    }

    #[test]
    fn does_a_call_without_an_error_count_as_a_success() {
        assert_eq!(outcome(json!({})), "succeeded");
        for answer in [json!(null), json!("Failure"), json!([1]), json!({"": 3})] {
            assert_eq!(outcome(json!({"responseElements": answer})), "succeeded", "{answer}");
        }
        assert_eq!(outcome(json!({"errorCode": null, "responseElements": {"_return": true}})), "succeeded");
    }
}
