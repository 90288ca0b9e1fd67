//! The table of reports: an item for each event that was claimed or reported.

#![expect(clippy::disallowed_methods, reason = "act.rs writes the table through this file")]

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;
use shared::claim::Claim;

use crate::claim::{AlertTableError, ClaimAnswer, StoredReport};
use crate::grantee::Grantee;
use crate::revert_plan::{RecordedRevert, RevertOutcome};

/// How long the item of an event is kept. EventBridge retries for a day at most, Lambda for six hours, and both queues keep a
/// message for 14 days.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The most bytes of the list of grantees in an item. An item has at most 400 KB (Amazon DynamoDB Developer Guide, "Service,
/// account, and table quotas").
const LONGEST_LIST: usize = 300_000;

/// The members of the item of an event that record its revert: the names of the grantees, and the time.
const REVERTED: &str = "reverted";
const REVERTED_AT: &str = "reverted-at";

/// The sort key of the item of an event.
const EVENT_SORT_KEY: &str = "mail";

const UPDATE_ITEM: &str = "dynamodb:UpdateItem";

/// An item as DynamoDB returns it.
type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Debug, Clone, Copy)]
pub struct AlertTable<'a> {
    /// Its client.
    pub client: &'a Client,
    /// Its name.
    pub name: &'a str,
}

/// The item of an event that this invocation has claimed.
#[derive(Debug)]
pub struct ClaimedEvent<'a> {
    /// The table.
    pub table: AlertTable<'a>,
    /// The claim.
    pub claim: Claim,
    /// The revert that the email reports.
    pub revert: &'a RevertOutcome,
    /// The time of the email.
    pub now: Timestamp,
}

impl AlertTable<'_> {
    /// Claims an event by a conditional write, so that of two invocations with the same event one sends the email.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn claim(&self, claim: &Claim, now: Timestamp) -> Result<ClaimAnswer, AlertTableError> {
        let call = self.event_update(&claim.what);
        // An update keeps the revert that an earlier try recorded, and returns it.
        let call = call
            .update_expression("SET #state = :claimed, #owner = :me, #until = :until, #expires = :expires");
        let call = call.condition_expression(
            "attribute_not_exists(#state) OR (#state = :claimed AND (#owner = :me OR #until <= :now))",
        );
        let names = ["state", "owner", "until", "expires"];
        let call = names
            .into_iter()
            .fold(call, |call, name| call.expression_attribute_names(format!("#{name}"), name));
        let call = call.expression_attribute_values(":claimed", text("claimed"));
        let call = call.expression_attribute_values(":me", text(&claim.by));
        let call = call.expression_attribute_values(":until", seconds(claim.until));
        let call = call.expression_attribute_values(":expires", seconds(now + RETENTION));
        let call = call.expression_attribute_values(":now", seconds(now));
        let call = call.return_values(ReturnValue::AllOld);
        let call = call.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(updated) => Ok(ClaimAnswer::Ours { reverted: updated.attributes().and_then(recorded_revert) }),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(stored_report(failed.item(), &claim.what).answer(claim, now))
                }
                _ => Err(CallError::new(UPDATE_ITEM, error).into()),
            },
        }
    }

    /// Records the revert that was made because of the event `key`, before its email is sent. The item is created if the event
    /// could not be claimed.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn record_revert(&self, key: &str, reverted: &RecordedRevert) -> Result<(), AlertTableError> {
        let call = self.event_update(key).update_expression(
            "SET #reverted = :reverted, #at = :at, #expires = if_not_exists(#expires, :expires)",
        );
        let call = call
            .expression_attribute_names("#reverted", REVERTED)
            .expression_attribute_names("#at", REVERTED_AT);
        let call = call.expression_attribute_names("#expires", "expires");
        let call = call.expression_attribute_values(":reverted", text(&stored_names(&reverted.grantees)));
        let call = call.expression_attribute_values(":at", text(&reverted.at.to_string()));
        let call = call.expression_attribute_values(":expires", seconds(reverted.at + RETENTION));
        call.send().await.map_err(|error| CallError::new(UPDATE_ITEM, error))?;
        Ok(())
    }

    fn event_update(&self, key: &str) -> UpdateItemFluentBuilder {
        let call = self.client.update_item().table_name(self.name);
        call.key("pk", text(key)).key("sk", text(EVENT_SORT_KEY))
    }
}

impl notification::Ledger for ClaimedEvent<'_> {
    type Error = AlertTableError;

    async fn confirm(&mut self, message_id: &str) -> Result<(), AlertTableError> {
        let call = self.table.event_update(&self.claim.what);
        let call =
            call.update_expression("SET #state = :mailed, #at = :at, #message = :message, #revert = :revert");
        let call = call.expression_attribute_names("#state", "state").expression_attribute_names("#at", "at");
        let call = call.expression_attribute_names("#message", "message");
        let call = call.expression_attribute_names("#revert", "revert");
        let call = call.expression_attribute_values(":mailed", text("mailed"));
        let call = call.expression_attribute_values(":at", text(&self.now.to_string()));
        let call = call.expression_attribute_values(":message", text(message_id));
        let revert = self.revert.name().unwrap_or("none");
        let call = call.expression_attribute_values(":revert", text(revert));
        call.send().await.map_err(|error| CallError::new(UPDATE_ITEM, error))?;
        Ok(())
    }

    /// Releases the claim, unless another invocation has claimed the event since.
    async fn release(&mut self) -> Result<(), AlertTableError> {
        let call = self.table.event_update(&self.claim.what);
        let call = call.update_expression("SET #until = :now").condition_expression("#owner = :me");
        let call =
            call.expression_attribute_names("#until", "until").expression_attribute_names("#owner", "owner");
        let call = call.expression_attribute_values(":me", text(&self.claim.by));
        let call = call.expression_attribute_values(":now", seconds(self.now));
        call.send().await.map_err(|error| CallError::new(UPDATE_ITEM, error))?;
        Ok(())
    }
}

/// The report that an item of the event `what` holds.
fn stored_report(item: Option<&Item>, what: &str) -> StoredReport {
    let Some(item) = item else { return StoredReport::Unreadable };
    match string(item, "state") {
        Some("mailed") => StoredReport::Emailed {
            at: string(item, "at").unwrap_or_default().to_owned(),
            revert_failed: string(item, "revert") == Some("failed"),
            reverted: recorded_revert(item),
        },
        _ => match (string(item, "owner"), timestamp(item, "until")) {
            (Some(by), Some(until)) => {
                let claim = Claim { what: what.to_owned(), by: by.to_owned(), until };
                StoredReport::Claimed(claim, recorded_revert(item))
            }
            _ => StoredReport::Unreadable,
        },
    }
}

/// The revert that the item of an event records.
fn recorded_revert(item: &Item) -> Option<RecordedRevert> {
    let names = string(item, REVERTED)?.split(' ').filter(|name| !name.is_empty());
    let at = string(item, REVERTED_AT)?.parse().ok()?;
    Some(RecordedRevert { grantees: names.map(Grantee::of).collect(), at })
}

/// The names of grantees, as many as an item can hold. No name of a grantee that can be revoked contains a space. Grantees
/// that are left out are revoked once more by a later try.
fn stored_names(grantees: &[Grantee]) -> String {
    let mut names = String::new();
    for grantee in grantees {
        let name = grantee.name();
        if names.len() + 1 + name.len() > LONGEST_LIST {
            break;
        }
        if !names.is_empty() {
            names.push(' ');
        }
        names.push_str(&name);
    }
    names
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn seconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

fn string<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn timestamp(item: &Item, name: &str) -> Option<Timestamp> {
    let seconds = item.get(name)?.as_n().ok()?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(members: &[(&str, AttributeValue)]) -> Item {
        members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn are_the_items_of_every_version_read() {
        let claimed = item(&[
            ("state", text("claimed")),
            ("owner", text("another")),
            ("until", AttributeValue::N("100".into())),
        ]);
        let until = Timestamp::from_second(100).unwrap();
        let claim = Claim { what: "event#1".into(), by: "another".into(), until };
        assert_eq!(stored_report(Some(&claimed), "event#1"), StoredReport::Claimed(claim, None));
        let mailed = item(&[("state", text("mailed")), ("at", text("10:00")), ("revert", text("failed"))]);
        let emailed = StoredReport::Emailed { at: "10:00".into(), revert_failed: true, reverted: None };
        assert_eq!(stored_report(Some(&mailed), "event#1"), emailed);
        assert_eq!(stored_report(None, "event#1"), StoredReport::Unreadable);
        assert_eq!(stored_report(Some(&item(&[])), "event#1"), StoredReport::Unreadable);
    }

    #[test]
    fn is_the_recorded_revert_read_again() {
        let organization = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5";
        let grantees: Vec<Grantee> = ["all", "444455556666", organization].map(Grantee::of).into();
        let at = Timestamp::from_second(100).unwrap();
        let recorded = item(&[
            (REVERTED, text(&stored_names(&grantees))),
            (REVERTED_AT, text(&at.to_string())),
            ("state", text("mailed")),
        ]);
        assert_eq!(recorded_revert(&recorded), Some(RecordedRevert { grantees, at }));
        assert_eq!(recorded_revert(&item(&[(REVERTED, text("all"))])), None);
    }

    #[test]
    fn does_the_list_of_any_number_of_grantees_fit_an_item() {
        let accounts =
            |count: u64| (0..count).map(|n| Grantee::Account(format!("{:012}", n))).collect::<Vec<_>>();
        let names = stored_names(&accounts(10_000));
        assert_eq!((names.len(), names.split(' ').count()), (129_999, 10_000));
        assert!(stored_names(&accounts(100_000)).len() <= LONGEST_LIST);
    }
}
