//! The actor of a recorded call: the user, role session or service that made it, as far as the record names it.

use serde_json::Value;
use shared::arn::Arn;
use shared::home::service_name;

use crate::event::Record;

/// The actor of a call ("CloudTrail userIdentity element", AWS CloudTrail User Guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name for an email's subject: `alice`, `build-42 (role Deploy)`, `root`.
    pub name: String,
    /// The kind and name: `IAM user alice`.
    pub description: String,
    /// The actor's ARN, as the record has it.
    pub arn: Option<String>,
    /// More from the record: MFA, the service that called on the actor's behalf, another account.
    pub remarks: Vec<String>,
}

/// The `userIdentity` of a record.
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

    fn arn(&self) -> Option<Arn> {
        self.text("/arn")?.parse().ok()
    }

    /// The last part of the ARN: the name of a user or of a role's session.
    fn last_of_arn(&self) -> Option<String> {
        let arn = self.arn()?;
        let (_, last) = arn.resource.rsplit_once('/')?;
        (!last.contains(':')).then(|| last.to_owned())
    }

    /// The role's name: from the session's issuer, or else from the ARN.
    fn role(&self) -> Option<String> {
        let issuer = self.text("/sessionContext/sessionIssuer/userName").map(str::to_owned);
        let of_arn = || {
            let arn = self.arn()?;
            assumed_role(&arn).or_else(|| arn.resource_of("role").map(|_| arn.name())).map(str::to_owned)
        };
        issuer.or_else(of_arn)
    }

    /// The name of the role's session, which the caller of AssumeRole chose.
    fn session(&self) -> Option<String> {
        let principal = || {
            let (_, session) = self.text("/principalId")?.split_once(':')?;
            (!session.is_empty()).then(|| session.to_owned())
        };
        let of_arn = self.arn().filter(|arn| assumed_role(arn).is_some());
        of_arn.and_then(|_| self.last_of_arn()).or_else(principal)
    }

    /// The service that made the call, for itself or for another principal.
    fn service(&self) -> Option<&'r str> {
        self.text("/invokedBy")
    }
}

impl Actor {
    /// The actor of a recorded call.
    pub fn of(record: &Record) -> Self {
        let identity = Identity { record };
        let (name, description) = named(&identity);
        Self {
            description,
            arn: identity.text("/arn").map(str::to_owned),
            remarks: remarks(&identity, &name),
            name,
        }
    }

    /// Whether the actor is a session of the role of `caller`, the ARN that GetCallerIdentity returns
    /// (`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`).
    pub fn has_role_of(&self, caller: &str) -> bool {
        let arn = |text: &str| text.parse::<Arn>().ok();
        let (Some(ours), Some(theirs)) = (arn(caller), self.arn.as_deref().and_then(arn)) else {
            return false;
        };
        let is_same_service = (&ours.partition, &ours.service, &ours.region, &ours.account)
            == (&theirs.partition, &theirs.service, &theirs.region, &theirs.account);
        is_same_service && assumed_role(&ours).is_some() && assumed_role(&ours) == assumed_role(&theirs)
    }
}

/// The role of an assumed role's ARN.
fn assumed_role(arn: &Arn) -> Option<&str> {
    arn.resource_of("assumed-role")?.split('/').next()
}

/// The name and the description.
fn named(identity: &Identity<'_>) -> (String, String) {
    let user = identity.text("/userName").map(str::to_owned).or_else(|| identity.last_of_arn());
    let same = |name: &str, kind: &str| (name.to_owned(), format!("{kind} {name}"));
    match (identity.kind(), user.as_deref()) {
        ("Root", _) => ("root".to_owned(), "the root user of the account".to_owned()),
        ("IAMUser", Some(user)) => same(user, "IAM user"),
        ("AssumedRole" | "Role", _) if identity.role().is_some() => role(identity),
        ("FederatedUser", Some(user)) => {
            let by = identity
                .role()
                .map(|issuer| format!(", with the permissions of {issuer}"))
                .unwrap_or_default();
            (user.to_owned(), format!("federated user {user}{by}"))
        }
        ("SAMLUser" | "WebIdentityUser", Some(user)) => {
            let provider = identity.text("/identityProvider");
            let by = provider.map(|provider| format!(", signed in through {provider}")).unwrap_or_default();
            (user.to_owned(), format!("federated user {user}{by}"))
        }
        ("IdentityCenterUser", user) => {
            let id = identity.text("/onBehalfOf/userId").or(user).unwrap_or("without a name");
            same(id, "IAM Identity Center user")
        }
        ("AWSAccount", _) => match identity.text("/accountId") {
            Some(account) => (format!("account {account}"), format!("a principal of account {account}")),
            None => unnamed(identity),
        },
        ("AWSService", _) => match identity.service() {
            Some(service) => same_service(service),
            None => ("an AWS service".to_owned(), "an AWS service that the record does not name".to_owned()),
        },
        (kind, Some(user)) if !kind.is_empty() => (user.to_owned(), format!("{user} ({kind})")),
        (_, Some(user)) => (user.to_owned(), user.to_owned()),
        _ => unnamed(identity),
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

/// The best that a record without the actor's name has.
fn unnamed(identity: &Identity<'_>) -> (String, String) {
    if let Some(service) = identity.service().filter(|service| service_name(service).is_some()) {
        return same_service(service);
    }
    match identity.text("/principalId").or_else(|| identity.text("/accountId")) {
        Some(id) => (id.to_owned(), format!("principal {id}")),
        None => ("unknown caller".to_owned(), "a caller that the record does not name".to_owned()),
    }
}

fn remarks(identity: &Identity<'_>, name: &str) -> Vec<String> {
    let mut remarks = Vec::new();
    let record = identity.record;
    match identity.text("/sessionContext/attributes/mfaAuthenticated") {
        Some("true") => remarks.push("signed in with MFA".to_owned()),
        // For a role the value means nothing: the user may have signed in with MFA elsewhere, for example in IAM Identity Center.
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
            remarks.push(format!("through {service}, which called on its behalf"));
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

    fn shown(identity: Value) -> String {
        let Actor { name, description, remarks, .. } = actor(identity);
        format!("{name} | {description} | {}", remarks.join("; "))
    }

    #[test]
    fn is_the_actor_the_user_the_session_or_the_service() {
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
                "account 444455556666 | a principal of account 444455556666 | ",
            ),
            (
                json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/carol",
                "sessionContext": {"sessionIssuer": {"userName": "broker"}}}),
                "carol | federated user carol, with the permissions of broker | ",
            ),
            (
                json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}),
                "u-1 | IAM Identity Center user u-1 | ",
            ),
            (
                json!({"type": "IAMUser", "userName": "dan", "accountId": "444455556666",
                "invokedBy": "cloudformation.amazonaws.com"}),
                "dan | IAM user dan | through cloudformation.amazonaws.com, which called on its behalf; of account 444455556666",
            ),
        ] {
            assert_eq!(shown(identity), expected);
        }
    }

    #[test]
    fn is_an_actor_without_a_name_described() {
        for identity in [json!(null), json!({}), json!("x"), json!({"type": "IAMUser"}), json!({"type": 3})] {
            assert_eq!(actor(identity).name, "unknown caller");
        }
        assert_eq!(actor(json!({"invokedBy": "rds.amazonaws.com"})).name, "rds.amazonaws.com");
        assert_eq!(actor(json!({"principalId": "AIDAEXAMPLE"})).description, "principal AIDAEXAMPLE");
    }

    #[test]
    fn is_the_functions_own_role_known_by_name_and_account() {
        let ours = "arn:aws:sts::111122223333:assumed-role/ami-alerts/session-1";
        let by = |arn: &str| actor(json!({"type": "AssumedRole", "arn": arn})).has_role_of(ours);
        assert!(by("arn:aws:sts::111122223333:assumed-role/ami-alerts/session-2"));
        assert!(!by("arn:aws:sts::444455556666:assumed-role/ami-alerts/session-1"));
        assert!(!by("arn:aws:sts::111122223333:assumed-role/other/session-1"));
        assert!(!by("arn:aws:iam::111122223333:user/ami-alerts"));
        assert!(!actor(json!({})).has_role_of(""));
    }
}
