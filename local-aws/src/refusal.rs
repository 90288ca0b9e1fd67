//! Owns how an operation says no: an error that AWS models, or that the local AWS does not serve this.

use cloudformation_template::TemplateProblem;
use serde_json::{Map, Value};

/// An error answer, whatever protocol will carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The error's name in the service's model, without a namespace.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
    /// Further members of its body: the `Item` of DynamoDB's ConditionalCheckFailedException. Boxed, since every operation
    /// returns this type.
    pub(crate) further: Option<Box<Map<String, Value>>>,
}

/// The code of what the local AWS does not know. AWS has no such error, so it cannot be taken for one of AWS's.
pub const NOT_SERVED: &str = "NotServedLocally";

impl Refusal {
    /// An error of the service, with the status AWS answers for it.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Refusal {
        Refusal { code: code.to_owned(), message: message.into(), status: status_of(code), further: None }
    }

    /// The same error with a further member in its body.
    pub(crate) fn with(mut self, member: &str, value: Value) -> Refusal {
        self.further.get_or_insert_default().insert(member.to_owned(), value);
        self
    }

    /// Loud, and not retried by the SDKs (they retry 500, 502, 503 and 504).
    pub(crate) fn not_served(what: impl std::fmt::Display) -> Refusal {
        let message = format!("the local AWS does not serve {what}");
        Refusal { status: 501, ..Refusal::new(NOT_SERVED, message) }
    }

    /// The local AWS itself went wrong.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Refusal {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Refusal::new("InternalFailure", message)
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
        "NotFound" => 404,
        "DryRunOperation" => 412,
        "InternalFailure" | "InternalServerError" | "InternalServerException" | "InternalError" => 500,
        "ServiceUnavailable" | "ServiceUnavailableException" | "RequestLimitExceeded" | "Unavailable" => 503,
        _ => 400,
    }
}

impl From<git_reader::GitError> for Refusal {
    fn from(error: git_reader::GitError) -> Refusal {
        Refusal::internal(&error)
    }
}

impl From<TemplateProblem> for Refusal {
    fn from(problem: TemplateProblem) -> Refusal {
        match problem {
            TemplateProblem::Invalid(message) => Refusal::new("ValidationError", message),
            TemplateProblem::NotSupported(feature) => Refusal::not_served(feature),
        }
    }
}
