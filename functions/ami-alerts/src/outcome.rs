//! How a recorded call went: it succeeded, was denied, was only tried (DryRun), or failed otherwise.

use std::fmt;

use serde_json::{Map, Value};

/// How a call went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it says.
    Succeeded,
    /// It was not allowed.
    Denied(Refused),
    /// It was a dry run, and would have been allowed.
    DryRun(Refused),
    /// It failed for another reason.
    Failed(Refused),
}

/// What AWS answered instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `errorCode`, with its prefix: `Client.UnauthorizedOperation`.
    pub code: String,
    /// `errorMessage`, which may be empty.
    pub message: String,
}

/// What begins or ends the codes with which AWS says no ("Error codes for the Amazon EC2 API", Amazon EC2 API Reference;
/// "Common Errors" of the other services). `OperationNotPermitted` is what block public access answers.
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

impl Outcome {
    /// How the call of a record went.
    pub fn of(detail: &Map<String, Value>) -> Self {
        let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default();
        let (code, message) = (text("errorCode"), text("errorMessage"));
        let refused = |code: &str| Refused { code: code.to_owned(), message: message.to_owned() };
        if code.contains("DryRunOperation") {
            return Self::DryRun(refused(code));
        }
        if DENIALS.iter().any(|denial| code.contains(denial)) {
            return Self::Denied(refused(code));
        }
        if !code.is_empty() || !message.is_empty() {
            return Self::Failed(refused(code));
        }
        // EC2 answers `_return`; false would be a failure without a code.
        let answered = detail.get("responseElements").map(|answer| &answer["_return"]);
        match answered {
            Some(Value::Bool(false)) => Self::Failed(refused("_return is false")),
            _ => Self::Succeeded,
        }
    }

    /// Whether anything changed.
    pub fn succeeded(&self) -> bool {
        *self == Self::Succeeded
    }

    /// The error, unless the call succeeded.
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Succeeded => None,
            Self::Denied(refused) | Self::DryRun(refused) | Self::Failed(refused) => Some(refused),
        }
    }

    /// A word for filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Denied(_) => "denied",
            Self::DryRun(_) => "dry-run",
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for Refused {
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
        Outcome::of(detail.as_object().expect("an object")).name()
    }

    #[test]
    fn denied_tried_and_failed_are_told_apart() {
        for (code, told) in [
            ("Client.UnauthorizedOperation", "denied"),
            ("AccessDenied", "denied"),
            ("AccessDeniedException", "denied"),
            ("Client.OperationNotPermitted", "denied"),
            ("Client.DryRunOperation", "dry-run"),
            ("Client.InvalidAMIID.NotFound", "failed"),
            ("Server.InternalError", "failed"),
        ] {
            assert_eq!(outcome(json!({"errorCode": code})), told, "{code}");
        }
        assert_eq!(outcome(json!({"errorMessage": "Failed authentication"})), "failed");
        assert_eq!(outcome(json!({"responseElements": {"_return": false}})), "failed");
    }

    #[test]
    fn without_an_error_it_succeeded() {
        assert_eq!(outcome(json!({})), "succeeded");
        assert_eq!(outcome(json!({"errorCode": null, "responseElements": {"_return": true}})), "succeeded");
    }
}
