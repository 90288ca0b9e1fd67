//! Why an item of a DynamoDB table could not be read or written: a value that decisions and emails hold without the SDK.

use crate::call_error::CallError;

/// An item that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Another writer changed an item since it was read: read the item again and repeat the decision.
    #[error("another invocation wrote the item at the same time")]
    Overtaken,
    /// The table did not answer.
    #[error("{operation} {key}: {error}", operation = .error.operation.trim_start_matches("dynamodb:"))]
    Call {
        /// The item.
        key: String,
        /// Why.
        error: CallError,
    },
    /// The item does not have the form that is read or written.
    #[error("{operation} {key}: {message}")]
    Form {
        /// The call.
        operation: &'static str,
        /// The item.
        key: String,
        /// The part of the item that does not fit.
        message: String,
    },
}
