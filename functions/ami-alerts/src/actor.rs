//! Who made a call: who it really was, as far as the record says it.

use serde_json::Value;

use crate::event::Record;

/// Who made a call ("CloudTrail userIdentity element", AWS CloudTrail User Guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// In a word or two, for a subject: `alice`, `build-42 (role Deploy)`, `root`.
    pub name: String,
    /// In a phrase: `IAM user alice`.
    pub told: String,
    /// Their ARN, where the record has one.
    pub arn: Option<String>,
    /// What else is known: with or without MFA, through which service, from another account.
    pub remarks: Vec<String>,
}

/// The identity of a record.
struct Identity<'r> {
    record: &'r Record,
}

impl<'r> Identity<'r> {
    fn text(&self, pointer: &str) -> Option<&'r str> {
        self.record.text(&format!("/userIdentity{pointer}"))
    }

    fn kind(&self) -> &'r str {
        self.text("/type").unwrap_or_default()
    }

    /// The last part of the ARN: a user's name, a role's session.
    fn last_of_arn(&self) -> Option<&'r str> {
        self.text("/arn")?.rsplit('/').next().filter(|last| !last.contains(':'))
    }

    /// A role's name: its session's issuer, else what the session's ARN says.
    fn role(&self) -> Option<&'r str> {
        let issued = self.text("/sessionContext/sessionIssuer/userName");
        let assumed = || self.text("/arn")?.split_once(":assumed-role/")?.1.split('/').next();
        let arn = || self.text("/arn")?.split_once(":role/")?.1.rsplit('/').next();
        issued.or_else(assumed).or_else(arn)
    }

    /// The name that whoever assumed a role gave their session.
    fn session(&self) -> Option<&'r str> {
        let principal =
            || Some(self.text("/principalId")?.split_once(':')?.1).filter(|name| !name.is_empty());
        let of_arn = self.text("/arn").filter(|arn| arn.contains(":assumed-role/"));
        of_arn.and_then(|_| self.last_of_arn()).or_else(principal)
    }

    /// The service that made the call, by itself or for somebody.
    fn service(&self) -> Option<&'r str> {
        self.text("/invokedBy")
    }
}

impl Actor {
    /// Who made a recorded call.
    pub fn of(record: &Record) -> Self {
        let identity = Identity { record };
        let (name, told) = named(&identity);
        Self { told, arn: identity.text("/arn").map(str::to_owned), remarks: remarks(&identity, &name), name }
    }

    /// Whether this is a session of the role of `caller`, the ARN that GetCallerIdentity gives
    /// (`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`).
    pub fn has_role_of(&self, caller: &str) -> bool {
        let role = |arn: &str| {
            let (before, session) = arn.split_once(":assumed-role/")?;
            Some((before.to_owned(), session.split('/').next()?.to_owned()))
        };
        let ours = role(caller);
        ours.is_some() && self.arn.as_deref().and_then(role) == ours
    }
}

/// The name for a subject, and the phrase.
fn named(identity: &Identity<'_>) -> (String, String) {
    let user = identity.text("/userName").or_else(|| identity.last_of_arn());
    let same = |name: &str, what: &str| (name.to_owned(), format!("{what} {name}"));
    match (identity.kind(), user) {
        ("Root", _) => ("root".to_owned(), "the root user of the account".to_owned()),
        ("IAMUser", Some(user)) => same(user, "IAM user"),
        ("AssumedRole" | "Role", _) if identity.role().is_some() => role(identity),
        ("FederatedUser", Some(user)) => {
            let by = identity.role().map(|issuer| format!(", by the rights of {issuer}")).unwrap_or_default();
            (user.to_owned(), format!("federated user {user}{by}"))
        }
        ("SAMLUser" | "WebIdentityUser", Some(user)) => {
            let provider = identity.text("/identityProvider");
            let by = provider.map(|provider| format!(", signed in by {provider}")).unwrap_or_default();
            (user.to_owned(), format!("federated user {user}{by}"))
        }
        ("IdentityCenterUser", user) => {
            let id = identity.text("/onBehalfOf/userId").or(user).unwrap_or("without a name");
            same(id, "IAM Identity Center user")
        }
        ("AWSAccount", _) => match identity.text("/accountId") {
            Some(account) => (format!("account {account}"), format!("somebody of account {account}")),
            None => nobody(identity),
        },
        ("AWSService", _) => match identity.service() {
            Some(service) => same_service(service),
            None => ("an AWS service".to_owned(), "an AWS service that the record does not name".to_owned()),
        },
        (kind, Some(user)) if !kind.is_empty() => (user.to_owned(), format!("{user} ({kind})")),
        (_, Some(user)) => (user.to_owned(), user.to_owned()),
        _ => nobody(identity),
    }
}

fn same_service(service: &str) -> (String, String) {
    (service.to_owned(), format!("the AWS service {service}"))
}

fn role(identity: &Identity<'_>) -> (String, String) {
    let role = identity.role().unwrap_or_default();
    match identity.session() {
        Some(session) => (format!("{session} (role {role})"), format!("role {role}, session {session}")),
        None => (format!("role {role}"), format!("role {role}")),
    }
}

/// The record has no name for them: what it has instead.
fn nobody(identity: &Identity<'_>) -> (String, String) {
    if let Some(service) = identity.service().filter(|service| service.ends_with(".amazonaws.com")) {
        return same_service(service);
    }
    match identity.text("/principalId").or_else(|| identity.text("/accountId")) {
        Some(id) => (id.to_owned(), format!("somebody known as {id} only")),
        None => ("somebody unnamed".to_owned(), "somebody whom the record does not name".to_owned()),
    }
}

fn remarks(identity: &Identity<'_>, name: &str) -> Vec<String> {
    let mut remarks = Vec::new();
    let record = identity.record;
    match identity.text("/sessionContext/attributes/mfaAuthenticated") {
        Some("true") => remarks.push("signed in with MFA".to_owned()),
        // Of a role it says nothing: whoever assumed it may have signed in with MFA elsewhere, as IAM Identity Center does.
        Some("false") if identity.kind() != "AssumedRole" => remarks.push("without MFA".to_owned()),
        _ => {}
    }
    if let Some(from) = identity.text("/sessionContext/sourceIdentity") {
        remarks.push(format!("source identity {from}"));
    }
    if let Some(user) =
        identity.text("/onBehalfOf/userId").filter(|_| identity.kind() != "IdentityCenterUser")
    {
        remarks.push(format!("for the IAM Identity Center user {user}"));
    }
    match identity.service() {
        Some(service) if service != name && identity.kind() != "AWSService" && service != "AWS Internal" => {
            remarks.push(format!("through {service}, which called for them"));
        }
        _ => {}
    }
    if is_set(record.at("/sessionCredentialFromConsole")) {
        remarks.push("in the console".to_owned());
    }
    let theirs = identity.text("/accountId").filter(|_| identity.kind() != "AWSAccount");
    if let (Some(theirs), Some(ours)) = (theirs, &record.account)
        && theirs != ours
    {
        remarks.push(format!("of account {theirs}"));
    }
    remarks
}

fn is_set(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Bool(true))) || value.and_then(Value::as_str) == Some("true")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::{Event, Parsed, parse};

    fn actor(identity: Value) -> Actor {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
            "detail": {"eventName": "X", "userIdentity": identity}});
        let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
        Actor::of(&record)
    }

    fn told(identity: Value) -> String {
        let Actor { name, told, remarks, .. } = actor(identity);
        format!("{name} | {told} | {}", remarks.join("; "))
    }

    #[test]
    fn the_actor_is_who_it_really_was() {
        let role = json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE:build-42",
            "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/build-42", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Deploy"},
                "attributes": {"mfaAuthenticated": "false"}}});
        for (identity, expected) in [
            (
                json!({"type": "IAMUser", "userName": "alice", "accountId": "111122223333"}),
                "alice | IAM user alice | ",
            ),
            (
                json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ops/bob"}),
                "bob | IAM user bob | ",
            ),
            (role, "build-42 (role Deploy) | role Deploy, session build-42 | "),
            (
                json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/x"}),
                "x (role Deploy) | role Deploy, session x | ",
            ),
            (
                json!({"type": "Root", "accountId": "111122223333", "invokedBy": "AWS Internal"}),
                "root | the root user of the account | ",
            ),
            (
                json!({"type": "AWSService", "invokedBy": "backup.amazonaws.com"}),
                "backup.amazonaws.com | the AWS service backup.amazonaws.com | ",
            ),
            (
                json!({"type": "AWSService"}),
                "an AWS service | an AWS service that the record does not name | ",
            ),
            (
                json!({"type": "AWSAccount", "principalId": "AIDA:x", "accountId": "444455556666"}),
                "account 444455556666 | somebody of account 444455556666 | ",
            ),
            (
                json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/carol",
                "sessionContext": {"sessionIssuer": {"userName": "broker"}}}),
                "carol | federated user carol, by the rights of broker | ",
            ),
            (
                json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}),
                "u-1 | IAM Identity Center user u-1 | ",
            ),
            (
                json!({"type": "IAMUser", "userName": "dan", "accountId": "444455556666",
                "invokedBy": "cloudformation.amazonaws.com"}),
                "dan | IAM user dan | through cloudformation.amazonaws.com, which called for them; of account 444455556666",
            ),
        ] {
            assert_eq!(told(identity), expected);
        }
    }

    #[test]
    fn what_the_record_lacks_is_said_to_be_missing() {
        for identity in [json!(null), json!({}), json!("x"), json!({"type": "IAMUser"}), json!({"type": 3})] {
            assert_eq!(actor(identity).name, "somebody unnamed");
        }
        assert_eq!(actor(json!({"invokedBy": "rds.amazonaws.com"})).name, "rds.amazonaws.com");
        assert_eq!(actor(json!({"principalId": "AIDAEXAMPLE"})).told, "somebody known as AIDAEXAMPLE only");
    }

    #[test]
    fn our_own_role_is_known_by_its_name_and_account() {
        let ours = "arn:aws:sts::111122223333:assumed-role/ami-alerts/session-1";
        let by = |arn: &str| actor(json!({"type": "AssumedRole", "arn": arn})).has_role_of(ours);
        assert!(by("arn:aws:sts::111122223333:assumed-role/ami-alerts/session-2"));
        assert!(!by("arn:aws:sts::444455556666:assumed-role/ami-alerts/session-1"));
        assert!(!by("arn:aws:sts::111122223333:assumed-role/other/session-1"));
        assert!(!by("arn:aws:iam::111122223333:user/ami-alerts"));
        assert!(!actor(json!({})).has_role_of(""));
    }
}
