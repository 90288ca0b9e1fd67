//! The table of reports: what this deployment reported about which stack, and when.
//!
//! All items are in one partition, so one query reads them. The sort key is the stack's name and what was reported. An item is
//! claimed before its email is published, and confirmed afterwards. An item that is claimed for a reminder keeps the time of the
//! earlier report.

#![expect(clippy::disallowed_methods, reason = "report_once.rs writes the table through this file")]

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;
use shared::claim::Claim;
use shared::table_error::TableError;

/// How long an item is kept after its last write: longer than any report is waited for.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The partition key of every item.
const PARTITION: &str = "reports";

/// Stands for a stack's name in the key of a report about the whole deployment. No stack has this name.
const DEPLOYMENT: &str = "*";

const DELETE_ITEM: &str = "dynamodb:DeleteItem";
const QUERY: &str = "dynamodb:Query";
const UPDATE_ITEM: &str = "dynamodb:UpdateItem";

/// An item as DynamoDB returns it.
type ReportItem = HashMap<String, AttributeValue>;

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportKey {
    /// The name of the stack that the report is about.
    about: String,
    /// What is reported: the code of a reason, with a digest or a time if the report is only about those.
    what: String,
}

impl ReportKey {
    /// A report about the stack of this name, whether the stack exists or not.
    pub fn of_stack(stack_name: &str, what: &str) -> Self {
        Self { about: stack_name.to_owned(), what: what.to_owned() }
    }

    /// A report about the deployment.
    pub fn of_deployment(what: &str) -> Self {
        Self::of_stack(DEPLOYMENT, what)
    }

    /// The name of the stack.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Whether the report is about the deployment.
    pub fn is_of_deployment(&self) -> bool {
        self.about == DEPLOYMENT
    }

    /// What is reported.
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl std::fmt::Display for ReportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.about, self.what)
    }
}

/// The reports that were made, with their times.
pub type Reports = BTreeMap<ReportKey, Timestamp>;

/// The table.
#[derive(Debug, Clone, Copy)]
pub struct ReportTable<'a> {
    /// Its client.
    pub client: &'a Client,
    /// Its name.
    pub name: &'a str,
}

/// Whether this invocation may make a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportAnswer {
    /// It may: the report was not made, or is due again, and no other invocation is about to make it.
    Ours,
    /// The report was made.
    AlreadyReported {
        /// When.
        at: Timestamp,
    },
    /// Another invocation has claimed the report.
    ClaimedByAnother,
}

/// A report that this invocation has claimed.
#[derive(Debug)]
pub struct ClaimedReport<'a> {
    /// The table.
    pub table: ReportTable<'a>,
    /// The report.
    pub key: &'a ReportKey,
    /// Lambda's request id.
    pub by: &'a str,
    /// The time of the report.
    pub now: Timestamp,
}

impl ReportTable<'_> {
    /// Claims a report by a conditional write, so that of two invocations one makes it. A report that was made may be claimed
    /// again once it is older than `remind_after`; without that, never.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn claim(
        &self,
        key: &ReportKey,
        claim: &Claim,
        now: Timestamp,
        remind_after: Option<SignedDuration>,
    ) -> Result<ReportAnswer, TableError> {
        let reminds = match remind_after {
            Some(_) => " OR (#state = :reported AND #at <= :before)",
            None => "",
        };
        let free = "attribute_not_exists(pk) OR (#state = :claimed AND (#owner = :me OR #until <= :now))";
        let call = self.update(key, now).condition_expression(format!("{free}{reminds}"));
        let call = call
            .update_expression("SET #state = :claimed, #owner = :me, #until = :until, #expires = :expires");
        let call = named(call, &["state", "owner", "until", "expires"]);
        let call = call.expression_attribute_values(":claimed", text("claimed"));
        let call = call.expression_attribute_values(":me", text(&claim.by));
        let call = call.expression_attribute_values(":until", seconds(claim.until));
        let mut call = call.expression_attribute_values(":now", seconds(now));
        if let Some(after) = remind_after {
            call = named(call, &["at"]).expression_attribute_values(":reported", text("reported"));
            call = call
                .expression_attribute_values(":before", seconds(now.saturating_sub(after).unwrap_or(now)));
        }
        let call = call.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = call.send().await else { return Ok(ReportAnswer::Ours) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(stored(failed.item())),
            _ => Err(failure(key, CallError::new(UPDATE_ITEM, error))),
        }
    }

    /// Records a report that needs no claim, because recording it again changes its time alone.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn record(&self, key: &ReportKey, now: Timestamp) -> Result<(), TableError> {
        let call =
            self.update(key, now).update_expression("SET #state = :reported, #at = :at, #expires = :expires");
        let call = named(call, &["state", "at", "expires"]);
        let call = call.expression_attribute_values(":reported", text("reported"));
        let call = call.expression_attribute_values(":at", seconds(now));
        call.send().await.map_err(|error| failure(key, CallError::new(UPDATE_ITEM, error)))?;
        Ok(())
    }

    /// Every report that was made, read consistently.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn all(&self) -> Result<Reports, TableError> {
        self.query("").await
    }

    /// The reports about a stack.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn about(&self, stack_name: &str) -> Result<Reports, TableError> {
        self.query(&format!("{stack_name} ")).await
    }

    async fn query(&self, prefix: &str) -> Result<Reports, TableError> {
        let condition = match prefix {
            "" => "pk = :pk",
            _ => "pk = :pk AND begins_with(sk, :prefix)",
        };
        let call = self.client.query().table_name(self.name).key_condition_expression(condition);
        let call = call.set_expression_attribute_values(Some(
            [(":pk", PARTITION), (":prefix", prefix)]
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), text(value)))
                .collect(),
        ));
        let mut pages = call.consistent_read(true).into_paginator().send();
        let mut reports = Reports::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| TableError::Call {
                key: PARTITION.to_owned(),
                error: CallError::new(QUERY, error),
            })?;
            reports.extend(page.items().iter().filter_map(report));
        }
        Ok(reports)
    }

    /// Forgets a report, so that the next one is the first.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn forget(&self, key: &ReportKey) -> Result<(), TableError> {
        let call = self.client.delete_item().table_name(self.name);
        let call = call.key("pk", text(PARTITION)).key("sk", text(&key.to_string()));
        call.send().await.map_err(|error| failure(key, CallError::new(DELETE_ITEM, error)))?;
        Ok(())
    }

    /// An update of an item, whose expression sets `:expires`.
    fn update(&self, key: &ReportKey, now: Timestamp) -> UpdateItemFluentBuilder {
        let call = self.client.update_item().table_name(self.name);
        let call = call.key("pk", text(PARTITION)).key("sk", text(&key.to_string()));
        call.expression_attribute_values(":expires", seconds(now.saturating_add(RETENTION).unwrap_or(now)))
    }
}

impl notification::Ledger for ClaimedReport<'_> {
    type Error = TableError;

    async fn confirm(&mut self, message_id: &str) -> Result<(), TableError> {
        let call = self
            .table
            .update(self.key, self.now)
            .update_expression("SET #state = :reported, #at = :at, #message = :message, #expires = :expires");
        let call = named(call, &["state", "at", "message", "expires"]);
        let call = call.expression_attribute_values(":reported", text("reported"));
        let call = call.expression_attribute_values(":at", seconds(self.now));
        let call = call.expression_attribute_values(":message", text(message_id));
        call.send().await.map_err(|error| failure(self.key, CallError::new(UPDATE_ITEM, error)))?;
        Ok(())
    }

    /// Releases the claim, unless another invocation has claimed the report since.
    async fn release(&mut self) -> Result<(), TableError> {
        let call = self.table.update(self.key, self.now).condition_expression("#owner = :me");
        let call = call.update_expression("SET #until = :now, #expires = :expires");
        let call = named(call, &["owner", "until", "expires"]);
        let call = call.expression_attribute_values(":me", text(self.by));
        let call = call.expression_attribute_values(":now", seconds(self.now));
        call.send().await.map_err(|error| failure(self.key, CallError::new(UPDATE_ITEM, error)))?;
        Ok(())
    }
}

/// The answer where the condition of a claim is not true of the stored item.
fn stored(item: Option<&ReportItem>) -> ReportAnswer {
    let reported = item.filter(|item| string(item, "state") == Some("reported"));
    match reported.and_then(|item| time(item, "at")) {
        Some(at) => ReportAnswer::AlreadyReported { at },
        None => ReportAnswer::ClaimedByAnother,
    }
}

/// The report of an item; nothing for an item that was only claimed.
fn report(item: &ReportItem) -> Option<(ReportKey, Timestamp)> {
    let (about, what) = string(item, "sk")?.split_once(' ')?;
    Some((ReportKey::of_stack(about, what), time(item, "at")?))
}

/// The same call with a name for each attribute: `#state` for `state`. Some are reserved words of DynamoDB.
fn named(call: UpdateItemFluentBuilder, attributes: &[&str]) -> UpdateItemFluentBuilder {
    attributes.iter().fold(call, |call, name| call.expression_attribute_names(format!("#{name}"), *name))
}

fn failure(key: &ReportKey, error: CallError) -> TableError {
    TableError::Call { key: key.to_string(), error }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn seconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

fn string<'i>(item: &'i ReportItem, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn time(item: &ReportItem, name: &str) -> Option<Timestamp> {
    Timestamp::from_second(item.get(name)?.as_n().ok()?.parse().ok()?).ok()
}
