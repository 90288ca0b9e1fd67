//! Reaches the account of an event: the function's own, or another one through the role that an `[[account]]` table names.

use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::types::Credentials as Session;
use shared::call_error::CallError;

use super::call::within_time;
use crate::aws::Clients;
use crate::event::Record;
use crate::facts::{LookUp, LookupError};
use crate::rules::AccountRole;
use crate::run::Run;

/// The name of the session: CloudTrail records it with each call that the function makes through the role.
const SESSION: &str = "pointsman-ami-alerts";

/// The shortest session that AssumeRole grants, and the longest invocation of Lambda.
const SECONDS: i32 = 900;

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// How the function reaches the account of an event.
#[derive(Debug, Clone)]
pub enum AccountAccess {
    /// It is the function's own account.
    Own,
    /// Through a role of that account.
    Role(Box<AssumedRole>),
    /// The function has no access to that account.
    None(LookupError),
}

/// A role that was assumed.
#[derive(Debug, Clone)]
pub struct AssumedRole {
    /// The ARN of the role.
    pub role: String,
    /// The ARN of the session, as the records of its calls have it.
    pub caller: String,
    /// The clients that act through the role.
    pub clients: Clients,
}

/// Reaches the account of a record.
pub async fn account_access(record: &Record, run: &Run<'_>) -> AccountAccess {
    let ours = &run.home.account;
    let Some(theirs) = record.account.as_ref().filter(|account| *account != ours) else {
        return AccountAccess::Own;
    };
    let Some(role) = run.rules.role_of(theirs) else {
        return AccountAccess::None(LookupError::OtherAccount { theirs: theirs.clone(), ours: ours.clone() });
    };
    match within_time(assume(role, run.aws)).await {
        LookUp::Found(assumed) => AccountAccess::Role(Box::new(assumed)),
        LookUp::Failed(error) => AccountAccess::None(error),
        LookUp::NotNeeded => AccountAccess::None(LookupError::NoState),
    }
}

async fn assume(role: &AccountRole, aws: &Clients) -> Result<AssumedRole, LookupError> {
    let not_assumed = |error| LookupError::RoleNotAssumed { role: role.role.clone(), error };
    let call = aws.sts.assume_role().role_arn(&role.role).role_session_name(SESSION);
    let answer = call.duration_seconds(SECONDS).send().await;
    let answer = answer.map_err(|error| not_assumed(CallError::new(ASSUME_ROLE, error)))?;
    let caller = answer.assumed_role_user.map(|user| user.arn);
    let (Some(caller), Some(session)) = (caller, answer.credentials) else {
        return Err(not_assumed(CallError::without_answer(ASSUME_ROLE, "the answer has no credentials")));
    };
    Ok(AssumedRole { role: role.role.clone(), caller, clients: aws.through(credentials(session)) })
}

/// The session ends after the invocation does, so no client renews the credentials.
fn credentials(session: Session) -> Credentials {
    let Session { access_key_id, secret_access_key, session_token, .. } = session;
    Credentials::new(access_key_id, secret_access_key, Some(session_token), None, "AssumeRole")
}
