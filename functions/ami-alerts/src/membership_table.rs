//! The items of the table that keep for a day which organization an account belongs to.

#![expect(clippy::disallowed_methods, reason = "the invocation's executor keeps an answer through this file")]

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared::call_error::CallError;
use versioned_table::{ItemKey, VersionedTable};

use crate::grantee::is_organization;

/// How long an answer counts: an account can leave its organization.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

const SORT_KEY: &str = "organization";
const PUT_ITEM: &str = "dynamodb:PutItem";

/// The items of accounts.
#[derive(Debug, Clone, Copy)]
pub struct MembershipTable<'a> {
    /// The client.
    pub client: &'a Client,
    /// The name of the table.
    pub name: &'a str,
}

/// An item.
#[derive(Debug, Deserialize)]
struct MembershipItem {
    organization: String,
    /// DynamoDB deletes the item some time after it.
    expires: i64,
}

impl MembershipTable<'_> {
    /// The organization of an account, if the table has a recent answer. A table that does not answer has none.
    pub async fn organization_of(&self, account: &str, now: Timestamp) -> Option<String> {
        let table = VersionedTable { client: self.client, name: self.name };
        let item: Option<MembershipItem> = table.get(&key(account)).await.ok()?;
        let item = item.filter(|item| item.expires > now.as_second())?;
        Some(item.organization).filter(|id| is_organization(id))
    }

    /// Keeps the organization of an account for a day.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn keep(&self, account: &str, organization: &str, now: Timestamp) -> Result<(), CallError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let (key, expires) = (key(account), (now + LIFETIME).as_second());
        let call = self.client.put_item().table_name(self.name);
        let call = call.item("pk", text(&key.partition)).item("sk", text(&key.sort));
        let call = call.item("organization", text(organization));
        let call = call.item("expires", AttributeValue::N(expires.to_string()));
        call.send().await.map(|_| ()).map_err(|error| CallError::new(PUT_ITEM, error))
    }
}

fn key(account: &str) -> ItemKey {
    ItemKey { partition: format!("membership#{account}"), sort: SORT_KEY.to_owned() }
}
