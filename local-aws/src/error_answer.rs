//! Owns the error answers: errors that AWS models, and the error of a request that the local AWS does not serve.

use cloudformation_template::TemplateProblem;
use serde_json::{Map, Value};

/// An error answer, whatever protocol will carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    /// The error's name in the service's model, without a namespace.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
    /// Further members of its body: the `Item` of DynamoDB's ConditionalCheckFailedException. Boxed, since every operation
    /// returns this type.
    pub(crate) further: Option<Box<Map<String, Value>>>,
}

/// The code for a request that is not served. AWS has no error of this name, so callers cannot confuse the two.
pub const NOT_SERVED: &str = "NotServedLocally";

impl ErrorAnswer {
    /// An error of the service, with the status AWS answers for it.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> ErrorAnswer {
        ErrorAnswer { code: code.to_owned(), message: message.into(), status: status_of(code), further: None }
    }

    /// The same error with a further member in its body.
    pub(crate) fn with(mut self, member: &str, value: Value) -> ErrorAnswer {
        self.further.get_or_insert_default().insert(member.to_owned(), value);
        self
    }

    /// Loud, and not retried by the SDKs (they retry 500, 502, 503 and 504).
    pub(crate) fn not_served(what: impl std::fmt::Display) -> ErrorAnswer {
        let message = format!("the local AWS does not serve {what}");
        ErrorAnswer { status: 501, ..ErrorAnswer::new(NOT_SERVED, message) }
    }

    /// The local AWS itself went wrong.
    pub(crate) fn internal(error: &dyn std::error::Error) -> ErrorAnswer {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        ErrorAnswer::new("InternalFailure", message)
    }
}

/// The HTTP status of an error code: from the service models (`httpStatusCode`, default 400) and, for the errors every
/// service has, from "Common Error Types" of the API references.
pub(crate) fn status_of(code: &str) -> u16 {
    match code {
        "ConflictException" => 409,
        "AccessDeniedException" => 400,
        // The Query services' own spelling; `NotFound` is SNS's.
        "AccessDenied" | "AuthorizationError" | "UnauthorizedOperation" => 403,
        "NotFound" | "NoSuchBucket" | "NoSuchKey" | "NoSuchVersion" => 404,
        // S3's: "Error responses", Amazon S3 API Reference.
        "PermanentRedirect" => 301,
        "NotModified" => 304,
        "MethodNotAllowed" => 405,
        "PreconditionFailed" => 412,
        "InvalidRange" => 416,
        "SlowDown" => 503,
        "DryRunOperation" => 412,
        "InternalFailure" | "InternalServerError" | "InternalServerException" | "InternalError" => 500,
        "ServiceUnavailable" | "ServiceUnavailableException" | "RequestLimitExceeded" | "Unavailable" => 503,
        _ => 400,
    }
}

impl From<git_reader::GitError> for ErrorAnswer {
    fn from(error: git_reader::GitError) -> ErrorAnswer {
        ErrorAnswer::internal(&error)
    }
}

impl From<TemplateProblem> for ErrorAnswer {
    fn from(problem: TemplateProblem) -> ErrorAnswer {
        match problem {
            TemplateProblem::Invalid(message) | TemplateProblem::Undecided(message) => {
                ErrorAnswer::new("ValidationError", message)
            }
            TemplateProblem::NotSupported(feature) => ErrorAnswer::not_served(feature),
        }
    }
}
