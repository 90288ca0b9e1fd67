//! Reads stacks: one by its name or id, all of them, and what happened to one.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksError;
use aws_sdk_cloudformation::types::StackEvent;
use jiff::Timestamp;
use shared::aws::told;

use crate::aws::Clients;
use crate::facts::{Event, Found, USER, Unread};
use crate::identity::Subject;
use crate::rules::Rules;
use crate::stack::{Foreign, Owned, Phase, Stack, owned};

/// The most pages of a stack's events that are read, of 100 events or so each: its last operation is on the first.
const MOST_PAGES: usize = 10;

/// The stack that has the branch's name.
pub(super) async fn of_name(subject: &Subject, prefix: &str, aws: &Clients) -> Found {
    match stack_of(&subject.stack_name(prefix), prefix, aws).await {
        Ok(None) => Found::None,
        Ok(Some(Owned::Ours(whose, stack))) if whose == *subject => match stack.phase() {
            Phase::Gone => Found::None,
            _ => Found::Ours(stack),
        },
        // Ours, and yet for another branch: two names with one hash. It is that branch's.
        Ok(Some(Owned::Ours(whose, stack))) => Found::Foreign(Foreign {
            id: stack.id,
            name: whose.stack_name(prefix),
            why: crate::stack::NotOursBecause::Name,
        }),
        Ok(Some(Owned::Foreign(foreign))) => Found::Foreign(foreign),
        Err(error) => Found::Unreadable(error),
    }
}

/// The stack of a name or an id, if there is one. By its id, one that was deleted is still there for 90 days.
///
/// # Errors
/// When it could not be read.
pub async fn stack_of(name_or_id: &str, prefix: &str, aws: &Clients) -> Result<Option<Owned>, Unread> {
    match aws.cloudformation.describe_stacks().stack_name(name_or_id).send().await {
        Ok(output) => Ok(output.stacks().first().map(|described| owned(described, prefix))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(Unread::of(&error)),
    }
}

/// CloudFormation has no error of its own for this: it is a ValidationError with these words (DescribeStacks, AWS
/// CloudFormation API Reference: "If the stack doesn't exist, a ValidationError is returned").
fn is_missing<R>(error: &SdkError<DescribeStacksError, R>) -> bool {
    error.code() == Some("ValidationError")
        && error.message().is_some_and(|message| message.contains("does not exist"))
}

/// All stacks of the account and region.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Ours, by branch.
    pub ours: BTreeMap<Subject, Stack>,
    /// Everybody else's that has a name which begins with our prefix, by name.
    pub foreign: BTreeMap<String, Foreign>,
}

impl Listing {
    /// How many stacks the rule of a branch has.
    pub fn of_rule_of(&self, subject: &Subject, rules: &Rules) -> usize {
        let rule = |subject: &Subject| rules.covering(subject).map(|rule| &rule.place);
        let Some(own) = rule(subject) else { return 0 };
        self.ours.keys().filter(|other| rule(other) == Some(own)).count()
    }
}

/// All stacks, all pages. Those that were deleted are not among them.
///
/// # Errors
/// When a page could not be read.
pub async fn all_stacks(prefix: &str, aws: &Clients) -> Result<Listing, Unread> {
    let mut pages = aws.cloudformation.describe_stacks().into_paginator().send();
    let mut listing = Listing::default();
    while let Some(page) = pages.next().await {
        for described in page.map_err(|error| Unread::of(&error))?.stacks() {
            match owned(described, prefix) {
                Owned::Ours(subject, stack) => drop(listing.ours.insert(subject, stack)),
                Owned::Foreign(foreign) if foreign.name.starts_with(&format!("{prefix}-")) => {
                    listing.foreign.insert(foreign.name.clone(), foreign);
                }
                Owned::Foreign(_) => {}
            }
        }
    }
    Ok(listing)
}

/// What happened to a stack in one operation, newest first: the one with this token or, without a token, the last one.
///
/// # Errors
/// When a page could not be read.
pub async fn events(stack: &str, token: Option<&str>, aws: &Clients) -> Result<Vec<Event>, String> {
    let mut pages = aws.cloudformation.describe_stack_events().stack_name(stack).into_paginator().send();
    let mut events = Vec::new();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { break };
        for event in page.map_err(|error| told(&error))?.stack_events.into_iter().flatten() {
            let event = read(event);
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

fn read(event: StackEvent) -> Event {
    let of_stack = event.physical_resource_id.is_some() && event.physical_resource_id == event.stack_id;
    Event {
        resource: event.logical_resource_id.unwrap_or_default(),
        kind: event.resource_type.unwrap_or_default(),
        status: event.resource_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: event.resource_status_reason.unwrap_or_default(),
        of_stack,
        token: event.client_request_token,
        time: event.timestamp.and_then(|time| Timestamp::from_second(time.secs()).ok()),
    }
}

/// The last thing that happened to a stack itself.
pub(super) async fn last_event(stack: &Stack, aws: &Clients) -> Result<Option<Event>, Unread> {
    let call = aws.cloudformation.describe_stack_events().stack_name(&stack.id);
    let newest = call.send().await.map_err(|error| Unread::of(&error))?.stack_events.unwrap_or_default();
    Ok(newest.into_iter().map(read).find(|event| event.of_stack))
}
