//! The commands that stop the credentials of a call, and the one that lists what else they did. Only values of IAM's form become
//! part of a command: the author of a record must not be able to write a command that the operator runs.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::arn::Arn;
use shared::home::{is_account, is_region};

use super::CallAlert;

/// How long before the call the actor's history begins.
const HISTORY: SignedDuration = SignedDuration::from_hours(24);

/// The policy that the console's "Revoke active sessions" writes ("Revoking IAM role temporary security credentials", IAM User
/// Guide).
const POLICY: &str = "AWSRevokeOlderSessions";

/// What stops the credentials of a call.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    /// What to do without a command, after `If you did not expect this call, `.
    pub(super) advice: Option<String>,
    /// The purpose, and the command.
    pub(super) disable: Option<(String, String)>,
    /// The command that lists the calls of these credentials.
    pub(super) history: Option<String>,
}

/// The actor, as far as its credentials can be stopped.
enum Holder {
    /// The root user.
    Root,
    /// An IAM user, by its name.
    User(String),
    /// A role that IAM Identity Center manages.
    Managed,
    /// A role, by its name.
    Role(String),
    /// An AWS service.
    Service,
    /// Anything else.
    Unknown,
}

/// What stops the credentials of this call.
pub(super) fn credentials(alert: &CallAlert<'_>) -> Credentials {
    let holder = holder(alert);
    let (advice, disable) = match &holder {
        Holder::Root => (
            Some(
                "change the password of the root user, delete its access keys and check its MFA devices. Sign in as the root user for this.",
            ),
            None,
        ),
        Holder::User(user) => (None, of_user(alert, user)),
        Holder::Role(role) => (None, of_role(alert, role)),
        Holder::Managed => (
            Some(
                "end the sessions of the user in IAM Identity Center, which manages this role. Disable the user there, or remove the assignment.",
            ),
            None,
        ),
        Holder::Service => (
            Some(
                "find the configuration of the AWS service that caused it. There are no credentials to disable.",
            ),
            None,
        ),
        Holder::Unknown => (
            Some(
                "ask the owner of the caller's account. The record names no user or role whose credentials a command could disable.",
            ),
            None,
        ),
    };
    Credentials { advice: advice.map(str::to_owned), disable, history: history(alert, &holder) }
}

fn text<'a>(alert: &CallAlert<'a>, pointer: &str) -> Option<&'a str> {
    alert.call.record.text(&format!("/userIdentity{pointer}"))
}

fn holder(alert: &CallAlert<'_>) -> Holder {
    let issuer = text(alert, "/sessionContext/sessionIssuer/userName");
    let user = || text(alert, "/userName").filter(|name| is_name(name)).map(str::to_owned);
    let service = text(alert, "/invokedBy").is_some_and(|by| by.ends_with(".amazonaws.com"));
    let issued = |name: Option<&str>| name.filter(|name| is_name(name)).map(str::to_owned);
    match text(alert, "/type") {
        Some("Root") => Holder::Root,
        Some("AWSService") => Holder::Service,
        Some("IAMUser") => user().map_or(Holder::Unknown, Holder::User),
        Some("FederatedUser") => issued(issuer).map_or(Holder::Unknown, Holder::User),
        Some("AssumedRole" | "Role") => match issued(issuer).or_else(|| role_of_arn(alert)) {
            Some(role) if role.starts_with("AWSReservedSSO_") => Holder::Managed,
            Some(role) if role.starts_with("AWSServiceRoleFor") => Holder::Service,
            Some(role) => Holder::Role(role),
            None => Holder::Unknown,
        },
        None | Some("") if service => Holder::Service,
        _ => Holder::Unknown,
    }
}

fn role_of_arn(alert: &CallAlert<'_>) -> Option<String> {
    let arn: Arn = text(alert, "/arn")?.parse().ok()?;
    let role = arn.resource_of("assumed-role")?.split('/').next()?;
    is_name(role).then(|| role.to_owned())
}

fn of_user(alert: &CallAlert<'_>, user: &str) -> Option<(String, String)> {
    let key = text(alert, "/accessKeyId").filter(|key| is_key(key, "AKIA"));
    match key {
        Some(key) => Some((
            format!("To disable the access key of the user{}", there(alert)),
            format!("aws iam update-access-key --user-name {user} --access-key-id {key} --status Inactive"),
        )),
        None => Some((
            format!("To end the sessions of the user that began before this call{}", there(alert)),
            format!(
                "aws iam put-user-policy --user-name {user} --policy-name {POLICY} --policy-document '{}'",
                denial(alert)?
            ),
        )),
    }
}

fn of_role(alert: &CallAlert<'_>, role: &str) -> Option<(String, String)> {
    Some((
        format!("To end every session of the role that began before this call{}", there(alert)),
        format!(
            "aws iam put-role-policy --role-name {role} --policy-name {POLICY} --policy-document '{}'",
            denial(alert)?
        ),
    ))
}

/// Denies everything to sessions that began before the call.
fn denial(alert: &CallAlert<'_>) -> Option<String> {
    let before = second(alert.call_time()?);
    let condition = json!({"DateLessThan": {"aws:TokenIssueTime": before}});
    let statement = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
    Some(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

/// The account in which the command runs, if it is not the account of the event.
fn there(alert: &CallAlert<'_>) -> String {
    let theirs = text(alert, "/accountId").filter(|id| is_account(id));
    match theirs.filter(|theirs| Some(*theirs) != alert.call.record.account.as_deref()) {
        Some(account) => format!(" (in account {account})"),
        None => String::new(),
    }
}

/// The calls of the credentials, from a day before this call. LookupEvents takes one attribute ("LookupAttribute", AWS CloudTrail
/// API Reference).
fn history(alert: &CallAlert<'_>, holder: &Holder) -> Option<String> {
    let region = Some(alert.region()).filter(|region| is_region(region))?;
    let start = second(alert.call_time()?.checked_sub(HISTORY).ok()?);
    let key = text(alert, "/accessKeyId").filter(|key| is_key(key, "AKIA") || is_key(key, "ASIA"));
    let (attribute, value) = match (holder, key) {
        (Holder::Service | Holder::Unknown, None) => return None,
        (Holder::Root, _) => ("Username", "root"),
        // The name of a user covers all of its keys and its sessions in the console.
        (Holder::User(user), _) if text(alert, "/type") == Some("IAMUser") && is_simple(user) => {
            ("Username", user.as_str())
        }
        (_, Some(key)) => ("AccessKeyId", key),
        (Holder::User(_) | Holder::Role(_) | Holder::Managed, None) => return None,
    };
    Some(format!(
        "aws cloudtrail lookup-events --region {region} --start-time {start} --lookup-attributes \
         AttributeKey={attribute},AttributeValue={value}"
    ))
}

fn second(at: Timestamp) -> String {
    at.strftime("%FT%H:%M:%SZ").to_string()
}

/// The form of the names of users and roles ("IAM and AWS STS quotas", IAM User Guide), with a first character that is neither an
/// option's nor a shell's.
fn is_name(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    (1..=64).contains(&name.len())
        && name.bytes().all(is_legal)
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}

/// Whether the shorthand syntax of the AWS CLI takes the name as it is.
fn is_simple(name: &str) -> bool {
    !name.contains([',', '='])
}

/// `AKIA` or `ASIA`, and 16 or more capitals and digits ("IAM identifiers", IAM User Guide).
fn is_key(key: &str, prefix: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    key.starts_with(prefix) && (20..=128).contains(&key.len()) && key.bytes().all(is_part)
}
