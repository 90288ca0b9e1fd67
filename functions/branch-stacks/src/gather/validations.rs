//! Reads why CloudFormation stopped an operation before it provisioned anything: failed validations and hooks.
//!
//! DescribeStackEvents does not have these failures ("Validate stack deployments", AWS CloudFormation User Guide), and
//! DescribeEvents has the events of one operation. Neither call replaces the other.

use aws_sdk_cloudformation::types::{EventFilter, EventType, HookFailureMode, OperationEvent as SdkEvent};
use shared::call_error::CallError;

use crate::aws::Clients;
use crate::facts::{FailedValidation, OperationEvent};

const DESCRIBE_EVENTS: &str = "cloudformation:DescribeEvents";

/// The most pages that are read. An email names ten failures.
const MOST_PAGES: usize = 3;

/// The beginnings and parts of status reasons that point to DescribeEvents.
const POINTERS: [&str; 2] = ["EarlyValidation", "DescribeEvents"];

/// Whether the cause of a failure may be among the failed validations only: the stack's events name no failed resource, or
/// a status reason points to the validations.
pub fn may_have_failed_validation(events: &[OperationEvent]) -> bool {
    let points = |event: &OperationEvent| POINTERS.iter().any(|words| event.reason.contains(words));
    let resource_failed = events.iter().any(|event| !event.of_stack && event.status.ends_with("_FAILED"));
    !resource_failed || events.iter().any(points)
}

/// The failed validations and hooks of the operation that the events belong to, oldest first.
///
/// # Errors
/// When a page could not be read.
pub async fn failed_validations(
    stack: &str,
    events: &[OperationEvent],
    aws: &Clients,
) -> Result<Vec<FailedValidation>, CallError> {
    // The oldest event began the operation. A rollback after the failure is an operation of its own.
    let operation = events.last().and_then(|event| event.operation.clone());
    let failed = EventFilter::builder().failed_events(true).build();
    let call =
        aws.cloudformation.describe_events().stack_name(stack).set_operation_id(operation).filters(failed);
    let mut pages = call.into_paginator().send();
    let mut failures = Vec::new();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| CallError::new(DESCRIBE_EVENTS, error))?;
        failures.extend(page.operation_events.into_iter().flatten().filter_map(converted));
    }
    failures.reverse();
    Ok(failures)
}

/// A failure that stops the operation; none for another event and for a warning.
fn converted(event: SdkEvent) -> Option<FailedValidation> {
    let resource = event.logical_resource_id.unwrap_or_default();
    let kind = event.resource_type.unwrap_or_default();
    let (name, reason, path, mode) = match event.event_type? {
        EventType::ValidationError => (
            event.validation_name,
            event.validation_status_reason,
            event.validation_path,
            event.validation_failure_mode,
        ),
        EventType::HookInvocationError => {
            (event.hook_type, event.hook_status_reason, None, event.hook_failure_mode)
        }
        _ => return None,
    };
    (mode != Some(HookFailureMode::Warn)).then(|| FailedValidation {
        resource,
        kind,
        name: name.unwrap_or_default(),
        reason: reason.unwrap_or_default(),
        path: path.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validation(mode: HookFailureMode) -> SdkEvent {
        SdkEvent::builder()
            .event_type(EventType::ValidationError)
            .validation_failure_mode(mode)
            .logical_resource_id("Jobs")
            .validation_name("PROPERTY_VALIDATION")
            .validation_status_reason("#: required key [QueueName] not found")
            .build()
    }

    #[test]
    fn a_warning_is_no_failure() {
        assert!(converted(validation(HookFailureMode::Warn)).is_none());
        let failed = converted(validation(HookFailureMode::Fail)).unwrap();
        assert_eq!((failed.resource.as_str(), failed.name.as_str()), ("Jobs", "PROPERTY_VALIDATION"));
    }

    #[test]
    fn a_failed_hook_is_a_failure_and_progress_is_none() {
        let hook =
            SdkEvent::builder().event_type(EventType::HookInvocationError).hook_type("Acme::No::Queues");
        assert_eq!(converted(hook.build()).unwrap().name, "Acme::No::Queues");
        assert!(converted(SdkEvent::builder().event_type(EventType::ProgressEvent).build()).is_none());
        assert!(converted(SdkEvent::builder().build()).is_none());
    }
}
