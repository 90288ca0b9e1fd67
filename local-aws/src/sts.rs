//! STS: GetCallerIdentity, and AssumeRole of the roles that the world lists.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::account::CallIdentity;
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::{Context, Service};

pub(crate) const SERVICE: Service = Service {
    name: "sts",
    api: "2011-06-15",
    operations: &[("AssumeRole", assume_role), ("GetCallerIdentity", get_caller_identity)],
};

/// The end of every session. An SDK compares it with the machine's clock and not with the world's.
const EXPIRATION: &str = "2099-12-31T23:59:59.000Z";

/// The roles that can be assumed, and the sessions of them.
#[derive(Debug, Default)]
pub(crate) struct Sts {
    pub(crate) roles: Vec<RoleRecord>,
    /// The access keys of sessions.
    sessions: Mutex<Vec<(String, CallIdentity)>>,
}

/// A role that trusts the caller.
#[derive(Debug, Clone)]
pub(crate) struct RoleRecord {
    pub(crate) arn: String,
    /// The external id that its trust policy requires.
    pub(crate) external_id: Option<String>,
    /// The alias of its account.
    pub(crate) account_alias: Option<String>,
}

impl Sts {
    /// The identity of a call that is signed with that access key; `None` if no session has the key.
    pub(crate) fn session(&self, access_key: &str) -> Option<CallIdentity> {
        let sessions = self.sessions.lock().expect("no holder of this lock panics");
        sessions.iter().find(|(key, _)| key == access_key).map(|(_, identity)| identity.clone())
    }

    /// The alias of another account.
    pub(crate) fn alias_of(&self, account: &str) -> Option<&String> {
        let of = |role: &&RoleRecord| account_of(&role.arn) == account;
        self.roles.iter().filter(of).find_map(|role| role.account_alias.as_ref())
    }

    /// Starts a session, and returns its access key and its identity.
    fn start(&self, role: &str, session: &str) -> (String, CallIdentity) {
        let account = account_of(role);
        let name = role.rsplit('/').next().unwrap_or_default();
        let arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
        let access_key = format!("ASIA{}", ids::digest(&["session", &arn])[..16].to_uppercase());
        let identity = CallIdentity { account: account.to_owned(), arn };
        let mut sessions = self.sessions.lock().expect("no holder of this lock panics");
        if sessions.iter().all(|(key, _)| *key != access_key) {
            sessions.push((access_key.clone(), identity.clone()));
        }
        (access_key, identity)
    }
}

/// The account of an ARN of IAM or STS.
pub(crate) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

fn get_caller_identity(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    input.finish()?;
    let CallIdentity { account, arn } = &context.caller;
    Ok(json!({"UserId": unique_id(account, arn), "Account": account, "Arn": arn}))
}

fn assume_role(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let role = input.string("RoleArn")?.unwrap_or_default();
    let session = input.string("RoleSessionName")?.unwrap_or_default();
    let seconds = input.integer("DurationSeconds")?;
    let external_id = input.string("ExternalId")?;
    input.finish()?;
    if !role.starts_with("arn:") || role.len() < 20 {
        return Err(invalid(&role, "roleArn"));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&session.len()) || !session.chars().all(is_name) {
        return Err(invalid(&session, "roleSessionName"));
    }
    if let Some(seconds) = seconds.filter(|seconds| !(900..=43_200).contains(seconds)) {
        return Err(invalid(&seconds.to_string(), "durationSeconds"));
    }
    let trusts =
        |one: &&RoleRecord| one.arn == role && (one.external_id.is_none() || one.external_id == external_id);
    if !context.world.sts.roles.iter().any(|one| trusts(&one)) {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {role}",
            context.caller.arn
        );
        return Err(ErrorAnswer::new("AccessDenied", message));
    }
    let (access_key, identity) = context.world.sts.start(&role, &session);
    Ok(json!({
        "Credentials": {
            "AccessKeyId": access_key,
            "SecretAccessKey": ids::digest(&["secret", &access_key])[..40],
            "SessionToken": ids::digest(&["token", &access_key]),
            "Expiration": EXPIRATION,
        },
        "AssumedRoleUser": {
            "AssumedRoleId": unique_id(&identity.account, &identity.arn),
            "Arn": identity.arn,
        },
    }))
}

fn invalid(value: &str, member: &str) -> ErrorAnswer {
    let message =
        format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint");
    ErrorAnswer::new("ValidationError", message)
}

/// As "IAM identifiers" has it: a role's id and the session's name, a user's id, the account for the root user.
fn unique_id(account: &str, arn: &str) -> String {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let id = |prefix: &str, of: &str| format!("{prefix}{}", ids::digest(&[of])[..17].to_uppercase());
    match name.split('/').collect::<Vec<_>>()[..] {
        ["assumed-role", role, session] => format!("{}:{session}", id("AROA", role)),
        ["user", ..] => id("AIDA", name),
        _ => account.to_owned(),
    }
}
