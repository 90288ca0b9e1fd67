//! Why a call to AWS failed: operation, error code, message and source, kept as values.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

use crate::text::chain;

/// Error codes with which AWS's services ask for fewer calls ("Common Error Types" in the services' API references).
const THROTTLING: [&str; 5] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
];

/// A call to AWS that failed. Its `Display` is the service's code and message, or why no service answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallError {
    /// The call, as IAM names it: `codecommit:GetBranch`.
    pub operation: Cow<'static, str>,
    /// The service's error code; none where no service answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The service's message, or the chain of causes where no service answered.
    pub message: String,
    /// The SDK's own error, for code that follows the chain of causes. It does not outlive the invocation.
    #[serde(skip)]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl CallError {
    /// The SDK's error of `operation`.
    pub fn new<E, R>(operation: &'static str, error: SdkError<E, R>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: fmt::Debug + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let message = match &code {
            Some(_) => error.message().unwrap_or_default().to_owned(),
            // `SdkError` by itself displays as no more than "dispatch failure".
            None => chain(&error),
        };
        Self { operation: operation.into(), code, message, source: Some(Arc::new(error)) }
    }

    /// A call of `operation` that this program gave up, or whose answer it could not use.
    pub fn without_answer(operation: &'static str, message: impl Into<String>) -> Self {
        Self { operation: operation.into(), code: None, message: message.into(), source: None }
    }

    /// Whether the service answered with this error code.
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the service asked for fewer calls.
    pub fn is_throttling(&self) -> bool {
        self.code.as_deref().is_some_and(|code| THROTTLING.contains(&code))
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) if self.message.is_empty() => f.write_str(code),
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Two errors are equal when the service said the same: the SDK's own errors cannot be compared.
impl PartialEq for CallError {
    fn eq(&self, other: &Self) -> bool {
        (&self.operation, &self.code, &self.message) == (&other.operation, &other.code, &other.message)
    }
}

impl Eq for CallError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: Option<&str>, message: &str) -> CallError {
        let error = CallError::without_answer("drs:GetRecoveryPlan", message);
        CallError { code: code.map(str::to_owned), ..error }
    }

    #[test]
    fn an_error_displays_code_and_message() {
        assert_eq!(error(Some("AccessDenied"), "not yours").to_string(), "AccessDenied: not yours");
        assert_eq!(error(Some("Throttling"), "").to_string(), "Throttling");
        assert_eq!(error(None, "the connection was closed").to_string(), "the connection was closed");
    }

    #[test]
    fn the_authorization_id_of_a_denied_call_is_in_every_form_of_its_error() {
        let message =
            format!("{}. The authorization id: abcdefgh1234", "not authorized to perform this. ".repeat(20));
        let denied = error(Some("AccessDenied"), &message);
        for shown in [denied.to_string(), chain(&denied), crate::text::shortened(&denied.to_string(), 100)] {
            assert!(shown.contains("abcdefgh1234"), "{shown}");
        }
        let stored = serde_json::to_value(&denied).unwrap();
        assert_eq!(serde_json::from_value::<CallError>(stored).unwrap(), denied);
    }

    #[test]
    fn an_error_keeps_its_kind_when_an_item_stores_it() {
        let stored = serde_json::to_value(error(Some("ThrottlingException"), "slow down")).unwrap();
        let read: CallError = serde_json::from_value(stored).unwrap();
        assert!(read.is_throttling() && read.has_code("ThrottlingException"));
        assert_eq!(read.operation, "drs:GetRecoveryPlan");
    }
}
