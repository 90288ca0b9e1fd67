//! STS: GetCallerIdentity.

use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::{ACCOUNT, Context, Service};

pub(crate) const SERVICE: Service =
    Service { name: "sts", api: "2011-06-15", operations: &[("GetCallerIdentity", get_caller_identity)] };

fn get_caller_identity(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    input.finish()?;
    let arn = &context.world.account.caller;
    Ok(json!({"UserId": unique_id(arn), "Account": ACCOUNT, "Arn": arn}))
}

/// As "IAM identifiers" has it: a role's id and the session's name, a user's id, the account for the root user.
fn unique_id(arn: &str) -> String {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let id = |prefix: &str, of: &str| format!("{prefix}{}", ids::digest(&[of])[..17].to_uppercase());
    match name.split('/').collect::<Vec<_>>()[..] {
        ["assumed-role", role, session] => format!("{}:{session}", id("AROA", role)),
        ["user", ..] => id("AIDA", name),
        _ => ACCOUNT.to_owned(),
    }
}
