//! Whether a creation failed for a reason that can pass: a limit, throttling, a failure of AWS, a name that another resource
//! or stack has.
//!
//! A creation that failed for such a reason is tried once more. Unknown reasons are not: the next attempt would fail again.

use jiff::SignedDuration;

use crate::email::is_cancelled;
use crate::facts::{FailedValidation, OperationEvent};
use crate::reports::{ReportKey, Reports};
use crate::stack::BranchStack;

/// The time between the failed attempt and the next one. Deletions, and the increase of a quota, take hours.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_hours(4);

/// The handler error codes that can pass ("Handler error codes", CloudFormation CLI User Guide). `GeneralServiceException`,
/// `NotStabilized` and `InternalFailure` may have any cause.
const CODES: [&str; 6] = [
    "Throttling",
    "ServiceLimitExceeded",
    "AlreadyExists",
    "ResourceConflict",
    "ServiceInternalError",
    "NetworkFailure",
];

/// Parts of the reasons of resources without a handler error code, and of stacks, in lower case.
const WORDS: [&str; 9] = [
    "already exists",
    "is already exported by stack",
    "rate exceeded",
    "throttling",
    "too many requests",
    "toomanyrequests",
    "limitexceeded",
    "limit exceeded",
    "quota exceeded",
];

const CODE: &str = "HandlerErrorCode: ";

/// Whether every failure of the operation has a reason that can pass.
pub fn can_pass(events: &[OperationEvent], validations: &[FailedValidation]) -> bool {
    let resources = events.iter().filter(|event| !event.of_stack && event.status.ends_with("_FAILED"));
    let resources: Vec<&str> =
        resources.map(|event| event.reason.as_str()).filter(|reason| !is_cancelled(reason)).collect();
    let validations = validations.iter().map(|failed| failed.reason.as_str());
    let mut reasons: Vec<&str> = validations.chain(resources).collect();
    if reasons.is_empty() {
        // Without a failed resource, the stack's own reason is the cause: an export that another stack has.
        let of_stack = events.iter().filter(|event| event.of_stack && event.status == "ROLLBACK_IN_PROGRESS");
        reasons = of_stack.map(|event| event.reason.as_str()).collect();
    }
    !reasons.is_empty() && reasons.into_iter().all(reason_can_pass)
}

fn reason_can_pass(reason: &str) -> bool {
    if let Some((_, code)) = reason.rsplit_once(CODE) {
        return CODES.iter().any(|known| {
            code.strip_prefix(known).is_some_and(|rest| rest.starts_with([')', ',', ' ']) || rest.is_empty())
        });
    }
    let reason = reason.to_ascii_lowercase();
    WORDS.iter().any(|words| reason.contains(words))
}

/// The record that a failed stack was deleted for the second attempt at what it was created for.
pub fn second_attempt(stack: &BranchStack) -> ReportKey {
    ReportKey::of_stack(stack.name(), &format!("{}{}", attempts_at(stack), stack.id))
}

/// Whether the failed stack was itself the second attempt: the record names an earlier stack.
pub fn is_second_attempt(stack: &BranchStack, reports: &Reports) -> bool {
    let (prefix, this) = (attempts_at(stack), second_attempt(stack));
    let same = reports.keys().filter(|key| key.about() == stack.name() && key.what().starts_with(&prefix));
    same.into_iter().any(|key| *key != this)
}

fn attempts_at(stack: &BranchStack) -> String {
    format!("second-attempt {} {} ", stack.digest(), stack.commit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(reason: &str) -> OperationEvent {
        OperationEvent {
            resource: "Jobs".into(),
            physical: String::new(),
            kind: "AWS::SQS::Queue".into(),
            status: "CREATE_FAILED".into(),
            reason: reason.into(),
            of_stack: false,
            token: None,
            operation: None,
            time: None,
        }
    }

    #[test]
    fn limits_throttling_and_names_that_are_taken_can_pass() {
        for reason in [
            "Resource handler returned message: \"Rate exceeded (Service: Lambda, Status Code: 429, Request ID: 1)\" \
             (RequestToken: 2, HandlerErrorCode: Throttling)",
            "Resource handler returned message: \"x\" (RequestToken: 2, HandlerErrorCode: ServiceLimitExceeded)",
            "Resource of type 'AWS::SQS::Queue' with identifier 'jobs' already exists.",
            "jobs already exists in stack arn:aws:cloudformation:eu-west-1:111122223333:stack/a/1",
            "The maximum number of addresses has been reached. (Service: AmazonEC2; Error Code: AddressLimitExceeded)",
        ] {
            assert!(can_pass(&[failed(reason)], &[]), "{reason}");
        }
    }

    #[test]
    fn other_and_unknown_reasons_do_not_pass() {
        for reason in [
            "Resource handler returned message: \"not authorized, it already exists\" (RequestToken: 2, HandlerErrorCode: AccessDenied)",
            "Resource handler returned message: \"x\" (RequestToken: 2, HandlerErrorCode: GeneralServiceException)",
            "Resource handler returned message: \"x\" (HandlerErrorCode: ThrottlingOfSomethingElse)",
            "Properties validation failed for resource Jobs with message: #: extraneous key [Colour] is not permitted",
            "",
        ] {
            assert!(!can_pass(&[failed(reason)], &[]), "{reason}");
        }
        assert!(!can_pass(&[], &[]));
    }

    #[test]
    fn every_failure_has_to_be_one_that_can_pass() {
        let (passing, cancelled) = (failed("Rate exceeded"), failed("Resource creation cancelled"));
        assert!(can_pass(&[passing.clone(), cancelled], &[]));
        assert!(!can_pass(&[passing, failed("You are not authorized")], &[]));
    }

    #[test]
    fn the_export_of_another_stack_can_pass_and_a_missing_export_does_not() {
        let of_stack = |reason: &str| OperationEvent {
            of_stack: true,
            status: "ROLLBACK_IN_PROGRESS".into(),
            ..failed(reason)
        };
        assert!(can_pass(&[of_stack("Export with name a is already exported by stack b.")], &[]));
        assert!(!can_pass(&[of_stack("No export named a found.")], &[]));
    }
}
