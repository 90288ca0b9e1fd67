//! The words about a record that an `[[api-alert]]` rule names, if it is about no API call: a sign-in to the console ("AWS
//! Management Console sign-in events", AWS CloudTrail User Guide), or an event that a service caused ("AWS service events").

use super::{CallAlert, plain};
use crate::event::Record;

/// Whether a record is about a sign-in.
pub(super) fn is_sign_in(record: &Record) -> bool {
    record.source == "signin.amazonaws.com" && record.name == "ConsoleLogin"
}

/// Whether a service caused the record itself.
pub(super) fn is_service_event(record: &Record) -> bool {
    record.text("/eventType") == Some("AwsServiceEvent")
}

/// The sign-in as a past action and as an infinitive.
pub(super) fn action(record: &Record) -> Option<(String, String)> {
    is_sign_in(record).then(|| {
        let without = if without_mfa(record) { " without MFA" } else { "" };
        (format!("console sign-in{without}"), "sign in to the console".to_owned())
    })
}

/// What the record is about: a sign-in is an attempt, and a service records an event without a call.
pub(super) fn noun(record: &Record) -> &'static str {
    match (is_sign_in(record), is_service_event(record)) {
        (true, _) => "sign-in",
        (_, true) => "event",
        _ => "call",
    }
}

/// The sentence about a record without an error.
pub(super) fn succeeded(alert: &CallAlert<'_>) -> String {
    let record = alert.call.record;
    let mfa = match mfa_used(record) {
        Some(true) => ", with MFA",
        Some(false) if without_mfa(record) => ", without MFA",
        _ => "",
    };
    let what = match (is_sign_in(record), is_service_event(record)) {
        (true, _) => format!("{} signed in to the console{mfa}.", plain(&alert.call.actor.description)),
        (_, true) => format!(
            "The service {} recorded this event itself: it is not an API call.",
            plain(&record.source)
        ),
        _ => "The call succeeded.".to_owned(),
    };
    format!("{what} An [[api-alert]] rule asks for an email about it.")
}

/// The sentence about a sign-in that failed: nothing proves the identity that it names.
pub(super) fn failed(alert: &CallAlert<'_>) -> Option<String> {
    is_sign_in(alert.call.record).then(|| {
        // CloudTrail hides a name that no user has: it may be a password ("AWS Management Console sign-in events").
        if names_no_user(alert.call.record) {
            return "The attempt named no user of the account: CloudTrail hides such a name.".to_owned();
        }
        format!(
            "The attempt named {}. A sign-in that fails does not prove that this identity made it.",
            plain(&alert.call.actor.description)
        )
    })
}

/// Whether CloudTrail hides the name of the user.
pub(super) fn names_no_user(record: &Record) -> bool {
    record.text("/userIdentity/userName") == Some("HIDDEN_DUE_TO_SECURITY_REASONS")
}

/// The word between an action and its actor: an attempt to sign in as a user is not proven to be by that user.
pub(super) fn preposition(record: &Record) -> &'static str {
    if is_sign_in(record) && !record.outcome.succeeded() { "as" } else { "by" }
}

/// What the operator can do about a sign-in or an event of a service; empty for a call.
pub(super) fn instructions(record: &Record) -> Vec<&'static str> {
    if is_service_event(record) && record.outcome.succeeded() {
        return vec!["Nothing, if you expected this event. Otherwise, check the resource that it is about."];
    }
    let is_root = record.text("/userIdentity/type") == Some("Root");
    match (is_sign_in(record), record.outcome.succeeded(), is_root) {
        (false, ..) => Vec::new(),
        (_, true, true) => vec![
            "Nothing, if you expected this sign-in. AWS recommends to use the root user only for tasks that need it, and with MFA.",
            "Otherwise, the account may be taken over: change the password and the MFA device of the root user, delete its access keys, and check in CloudTrail what it did.",
        ],
        (_, true, false) => vec![
            "Nothing, if you expected this sign-in.",
            "Otherwise, the credentials may be stolen: disable the password or revoke the sessions of this identity, and check in CloudTrail which calls it made.",
        ],
        (_, false, _) => vec![
            "Nothing, if a member of your team made this attempt.",
            "Otherwise, check in CloudTrail for further attempts, and for a sign-in of the same address that succeeded.",
        ],
    }
}

/// The use of MFA, as a fact of the email.
pub(super) fn mfa(record: &Record) -> String {
    match mfa_used(record).filter(|_| is_sign_in(record)) {
        Some(true) => "used".to_owned(),
        Some(false) if without_mfa(record) => "not used".to_owned(),
        Some(false) => "not used at AWS; the identity provider may have asked for it".to_owned(),
        None => String::new(),
    }
}

/// For a federated user, CloudTrail always records that no MFA was used.
fn without_mfa(record: &Record) -> bool {
    let is_federated = !matches!(record.text("/userIdentity/type"), Some("Root" | "IAMUser"));
    mfa_used(record) == Some(false) && !is_federated
}

fn mfa_used(record: &Record) -> Option<bool> {
    match record.text("/additionalEventData/MFAUsed")? {
        "Yes" => Some(true),
        "No" => Some(false),
        _ => None,
    }
}
