//! Reads stacks: one by its name or id, all of them, and the events of one.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::StackEvent as SdkEvent;
use jiff::Timestamp;
use shared::call_error::CallError;

use crate::aws::Clients;
use crate::error::ErrorMeaning;
use crate::facts::{FoundStack, OperationEvent, USER};
use crate::identity::BranchId;
use crate::rules::Rules;
use crate::stack::{BranchStack, ForeignBecause, ForeignStack, Ownership, StackPhase, classified};

const DESCRIBE_STACKS: &str = "cloudformation:DescribeStacks";
const DESCRIBE_STACK_EVENTS: &str = "cloudformation:DescribeStackEvents";

/// The most pages of a stack's events that are read, of about 100 events each. The last operation is on the first page.
const MOST_PAGES: usize = 10;

/// The stack that has the branch's name.
pub(super) async fn of_name(branch: &BranchId, prefix: &str, aws: &Clients) -> FoundStack {
    match stack_of(&branch.stack_name(prefix), prefix, aws).await {
        Ok(None) => FoundStack::None,
        Ok(Some(Ownership::Ours(owner, stack))) if owner == *branch => match stack.phase() {
            StackPhase::Gone => FoundStack::None,
            _ => FoundStack::Ours(*stack),
        },
        // The stack of another branch whose name has the same hash.
        Ok(Some(Ownership::Ours(owner, _))) => FoundStack::Foreign(ForeignStack {
            name: owner.stack_name(prefix),
            because: ForeignBecause::Name,
        }),
        Ok(Some(Ownership::Foreign(foreign))) => FoundStack::Foreign(foreign),
        Err(error) => FoundStack::Unreadable(error),
    }
}

/// The stack of a name or an id, if there is one. By its id, CloudFormation describes a deleted stack for 90 days.
///
/// # Errors
/// When the stack could not be read.
pub async fn stack_of(name_or_id: &str, prefix: &str, aws: &Clients) -> Result<Option<Ownership>, CallError> {
    match aws.cloudformation.describe_stacks().stack_name(name_or_id).send().await {
        Ok(output) => Ok(output.stacks().first().map(|described| classified(described, prefix))),
        Err(error) => match CallError::new(DESCRIBE_STACKS, error) {
            missing if ErrorMeaning::of(&missing) == ErrorMeaning::StackMissing => Ok(None),
            error => Err(error),
        },
    }
}

/// All stacks of the account and region that concern this deployment.
#[derive(Debug, Clone, Default)]
pub struct StackListing {
    /// The stacks of this deployment, by branch.
    pub ours: BTreeMap<BranchId, BranchStack>,
    /// Other stacks whose name begins with the prefix, by name.
    pub foreign: BTreeMap<String, ForeignStack>,
}

impl StackListing {
    /// The number of stacks of the rule that covers a branch.
    pub fn count_of_rule(&self, branch: &BranchId, rules: &Rules) -> usize {
        let rule = |branch: &BranchId| rules.covering(branch).map(|rule| &rule.place);
        let Some(own) = rule(branch) else { return 0 };
        self.ours.keys().filter(|other| rule(other) == Some(own)).count()
    }
}

/// All stacks, all pages. Deleted stacks are not among them.
///
/// # Errors
/// When a page could not be read.
pub async fn all_stacks(prefix: &str, aws: &Clients) -> Result<StackListing, CallError> {
    let mut pages = aws.cloudformation.describe_stacks().into_paginator().send();
    let mut listing = StackListing::default();
    while let Some(page) = pages.next().await {
        for described in page.map_err(|error| CallError::new(DESCRIBE_STACKS, error))?.stacks() {
            match classified(described, prefix) {
                Ownership::Ours(branch, stack) => drop(listing.ours.insert(branch, *stack)),
                Ownership::Foreign(foreign) if foreign.name.starts_with(&format!("{prefix}-")) => {
                    listing.foreign.insert(foreign.name.clone(), foreign);
                }
                Ownership::Foreign(_) => {}
            }
        }
    }
    Ok(listing)
}

/// The events of one operation on a stack, newest first: of the operation with this token or, without a token, of the last.
///
/// # Errors
/// When a page could not be read.
pub async fn events(
    stack: &str,
    token: Option<&str>,
    aws: &Clients,
) -> Result<Vec<OperationEvent>, CallError> {
    let mut pages = aws.cloudformation.describe_stack_events().stack_name(stack).into_paginator().send();
    let mut events = Vec::new();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| CallError::new(DESCRIBE_STACK_EVENTS, error))?;
        for event in page.stack_events.into_iter().flatten() {
            let event = converted(event);
            if token.is_some() && event.token.as_deref() != token {
                continue;
            }
            let begins = event.of_stack && event.reason == USER && event.status.ends_with("_IN_PROGRESS");
            events.push(event);
            if begins {
                return Ok(events);
            }
        }
    }
    Ok(events)
}

fn converted(event: SdkEvent) -> OperationEvent {
    let of_stack = event.physical_resource_id.is_some() && event.physical_resource_id == event.stack_id;
    OperationEvent {
        resource: event.logical_resource_id.unwrap_or_default(),
        physical: event.physical_resource_id.unwrap_or_default(),
        kind: event.resource_type.unwrap_or_default(),
        status: event.resource_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: event.resource_status_reason.unwrap_or_default(),
        of_stack,
        token: event.client_request_token,
        operation: event.operation_id,
        time: event.timestamp.and_then(|time| Timestamp::from_second(time.secs()).ok()),
    }
}

/// The last event of a stack itself.
pub(super) async fn last_event(
    stack: &BranchStack,
    aws: &Clients,
) -> Result<Option<OperationEvent>, CallError> {
    let call = aws.cloudformation.describe_stack_events().stack_name(stack.id.to_string());
    let newest = call.send().await.map_err(|error| CallError::new(DESCRIBE_STACK_EVENTS, error))?;
    let newest = newest.stack_events.unwrap_or_default();
    Ok(newest.into_iter().map(converted).find(|event| event.of_stack))
}
