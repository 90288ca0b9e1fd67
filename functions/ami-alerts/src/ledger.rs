//! What was mailed, as the table remembers it: an item an event, and an item an image whose shares offend.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::aws::told;
use shared::token::client_token;

use crate::event::Record;

/// How long an event is remembered. EventBridge tries for a day at most, Lambda for six hours, and both queues keep a
/// message for 14 days.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The longest id that becomes part of a key as it is.
const LONGEST_ID: usize = 128;

/// The table.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    /// Its client.
    pub client: &'a Client,
    /// Its name.
    pub table: &'a str,
}

/// Who wants to mail an event.
#[derive(Debug, Clone)]
pub struct Claimant<'a> {
    /// Lambda's id of the request, the same when Lambda tries it again.
    pub request: &'a str,
    /// Now.
    pub now: Timestamp,
    /// When this invocation has ended for sure.
    pub until: Timestamp,
}

/// Whether an event may be mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It may: nobody did, or whoever wanted to has not come to the end.
    Ours,
    /// It was mailed.
    Mailed {
        /// When.
        at: String,
        /// What was to be undone was not.
        revert_failed: bool,
    },
    /// Another invocation is at it.
    Held,
    /// The table did not answer; why.
    Unknown(String),
}

/// The key of an event's item. Records without an id are told apart by all that they say.
pub fn event_key(record: &Record) -> String {
    let plain = |id: &&str| id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
    match record.id.as_deref() {
        Some(id) if plain(&id) => format!("event#{id}"),
        Some(id) => format!("event#sha256-{}", client_token([id])),
        None => format!(
            "event#sha256-{}",
            client_token([Value::from(record.detail.clone()).to_string().as_str()])
        ),
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

fn field<'i>(item: &'i HashMap<String, AttributeValue>, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

impl Ledger<'_> {
    /// Claims an event, so that of two who have it at the same time one mails it.
    pub async fn claim(&self, key: &str, claimant: &Claimant<'_>) -> Claim {
        let call =
            self.client.put_item().table_name(self.table).item("pk", text(key)).item("sk", text("mail"));
        let call = call.item("state", text("claimed")).item("owner", text(claimant.request));
        let call = call.item("until", number(claimant.until)).item("expires", number(claimant.now + KEPT));
        let call = call.condition_expression(
            "attribute_not_exists(pk) OR (#state = :claimed AND (#owner = :me OR #until <= :now))",
        );
        let call = call.expression_attribute_names("#state", "state");
        let call =
            call.expression_attribute_names("#owner", "owner").expression_attribute_names("#until", "until");
        let call = call.expression_attribute_values(":claimed", text("claimed"));
        let call = call.expression_attribute_values(":me", text(claimant.request));
        let call = call.expression_attribute_values(":now", number(claimant.now));
        let call = call.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Claim::Ours,
            Err(error) => refused(&error),
        }
    }

    /// Gives a claim up, unless somebody else has it by now.
    ///
    /// # Errors
    /// When the table did not take it.
    pub async fn release(&self, key: &str, claimant: &Claimant<'_>) -> Result<(), String> {
        let call =
            self.client.update_item().table_name(self.table).key("pk", text(key)).key("sk", text("mail"));
        let call = call.update_expression("SET #until = :now").condition_expression("#owner = :me");
        let call =
            call.expression_attribute_names("#until", "until").expression_attribute_names("#owner", "owner");
        let call = call.expression_attribute_values(":me", text(claimant.request));
        let call = call.expression_attribute_values(":now", number(claimant.now));
        call.send().await.map(|_| ()).map_err(|error| told(&error))
    }

    /// Confirms that an event was mailed.
    ///
    /// # Errors
    /// When the table did not take it.
    pub async fn confirm(
        &self,
        key: &str,
        message: &str,
        now: Timestamp,
        revert: &str,
    ) -> Result<(), String> {
        let call =
            self.client.update_item().table_name(self.table).key("pk", text(key)).key("sk", text("mail"));
        let call =
            call.update_expression("SET #state = :mailed, #at = :at, #message = :message, #revert = :revert");
        let call = call.expression_attribute_names("#state", "state").expression_attribute_names("#at", "at");
        let call = call.expression_attribute_names("#message", "message");
        let call = call.expression_attribute_names("#revert", "revert");
        let call = call.expression_attribute_values(":mailed", text("mailed"));
        let call = call.expression_attribute_values(":at", text(&now.to_string()));
        let call = call.expression_attribute_values(":message", text(message));
        let call = call.expression_attribute_values(":revert", text(revert));
        call.send().await.map(|_| ()).map_err(|error| told(&error))
    }

    /// The digests of what was mailed about images of an account and region, by image.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn shares(&self, account: &str, region: &str) -> Result<BTreeMap<String, String>, String> {
        let mut known = BTreeMap::new();
        let call = self.client.query().table_name(self.table).key_condition_expression("pk = :pk");
        let call = call.expression_attribute_values(":pk", text(&shares_key(account, region)));
        let mut pages = call.consistent_read(true).into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| told(&error))?.items() {
                if let (Some(image), Some(digest)) = (field(item, "sk"), field(item, "digest")) {
                    known.insert(image.to_owned(), digest.to_owned());
                }
            }
        }
        Ok(known)
    }

    /// Remembers what was mailed about an image; nothing, for one whose shares do not offend any more.
    ///
    /// # Errors
    /// When the table did not take it.
    pub async fn remember(
        &self,
        account: &str,
        region: &str,
        image: &str,
        digest: Option<&str>,
        now: Timestamp,
    ) -> Result<(), String> {
        let key = shares_key(account, region);
        match digest {
            Some(digest) => {
                let call = self
                    .client
                    .put_item()
                    .table_name(self.table)
                    .item("pk", text(&key))
                    .item("sk", text(image));
                let call = call.item("digest", text(digest)).item("at", text(&now.to_string()));
                call.send().await.map(|_| ()).map_err(|error| told(&error))
            }
            None => {
                let call = self
                    .client
                    .delete_item()
                    .table_name(self.table)
                    .key("pk", text(&key))
                    .key("sk", text(image));
                call.send().await.map(|_| ()).map_err(|error| told(&error))
            }
        }
    }
}

fn shares_key(account: &str, region: &str) -> String {
    format!("shares#{account}#{region}")
}

fn refused(error: &SdkError<PutItemError>) -> Claim {
    let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
        return Claim::Unknown(told(error));
    };
    let nothing = HashMap::new();
    let item = failed.item().unwrap_or(&nothing);
    match field(item, "state") {
        Some("mailed") => Claim::Mailed {
            at: field(item, "at").unwrap_or_default().to_owned(),
            revert_failed: field(item, "revert") == Some("failed"),
        },
        _ => Claim::Held,
    }
}
