//! The meaning of CloudFormation's errors. This is the only place that reads the text of an error.

use shared::call_error::CallError;

/// The meaning of an error of CloudFormation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorMeaning {
    /// There is no stack of that name or id.
    StackMissing,
    /// A stack of that name exists.
    StackExists,
    /// An earlier call had the same client request token.
    TokenUsed,
    /// The stack already is what the update asks for.
    NothingToUpdate,
    /// The stack's status no longer allows the operation.
    StatusChanged,
    /// The template needs a capability that the call did not give.
    CapabilityMissing,
    /// The account has as many stacks as its quota allows.
    StackQuotaReached,
    /// Any other error.
    Other,
}

/// CloudFormation reports several conditions as a `ValidationError` that only its text distinguishes: a missing stack
/// ("If the stack doesn't exist, a ValidationError is returned": DescribeStacks, AWS CloudFormation API Reference), an
/// update without changes, and a status that does not allow the operation.
const VALIDATION_ERRORS: [(&str, ErrorMeaning); 5] = [
    ("does not exist", ErrorMeaning::StackMissing),
    ("No updates are to be performed", ErrorMeaning::NothingToUpdate),
    ("can not be updated", ErrorMeaning::StatusChanged),
    ("cannot be updated", ErrorMeaning::StatusChanged),
    ("cannot be deleted while in status", ErrorMeaning::StatusChanged),
];

impl ErrorMeaning {
    /// The meaning of an error.
    pub fn of(error: &CallError) -> Self {
        match error.code.as_deref() {
            Some("AlreadyExistsException") => Self::StackExists,
            Some("TokenAlreadyExistsException") => Self::TokenUsed,
            Some("InsufficientCapabilitiesException") => Self::CapabilityMissing,
            Some("LimitExceededException") => Self::StackQuotaReached,
            Some("ValidationError") => {
                let known = VALIDATION_ERRORS.iter().find(|(text, _)| error.message.contains(text));
                known.map_or(Self::Other, |(_, meaning)| *meaning)
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_error_is_classified_by_its_text() {
        let meaning = |code: &str, message: &str| {
            let mut error = CallError::without_answer("cloudformation:UpdateStack", message);
            error.code = Some(code.to_owned());
            ErrorMeaning::of(&error)
        };
        for (message, expected) in [
            ("Stack with id branch-a does not exist", ErrorMeaning::StackMissing),
            ("No updates are to be performed.", ErrorMeaning::NothingToUpdate),
            (
                "Stack:branch-a is in DELETE_IN_PROGRESS state and can not be updated.",
                ErrorMeaning::StatusChanged,
            ),
            ("Template format error", ErrorMeaning::Other),
        ] {
            assert_eq!(meaning("ValidationError", message), expected, "{message}");
        }
        assert_eq!(meaning("AccessDenied", "it does not exist"), ErrorMeaning::Other);
    }
}
