//! IAM: ListAccountAliases.

use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context, Service};

pub(crate) const SERVICE: Service =
    Service { name: "iam", api: "2010-05-08", operations: &[("ListAccountAliases", list_account_aliases)] };

/// An account has at most one alias, so there is one page.
fn list_account_aliases(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let size = input.integer("MaxItems")?;
    let marker = input.string("Marker")?;
    input.finish()?;
    if marker.is_some() {
        return Err(ErrorAnswer::new("ValidationError", "Invalid Marker"));
    }
    if let Some(size) = size.filter(|size| !(1..=1000).contains(size)) {
        let message = "failed to satisfy constraint: Member must have value between 1 and 1000";
        return Err(ErrorAnswer::new("ValidationError", format!("Value '{size}' at 'maxItems' {message}")));
    }
    let world = context.world;
    let alias = match context.account() {
        ACCOUNT => world.account.alias.as_ref(),
        other => world.sts.alias_of(other),
    };
    let aliases: Vec<&String> = alias.into_iter().collect();
    Ok(json!({"AccountAliases": aliases, "IsTruncated": false}))
}
