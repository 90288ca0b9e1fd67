//! Actors whose calls a rule expects: roles, and services. Only members of a record that AWS writes count. Pure.

use std::fmt;

use shared::arn::Arn;
use shared::home::{is_account, service_name};

use crate::event::Record;
use crate::memory::{FindingHistory, ProvenTime};

use super::ImageRule;

/// The longest path with a name of a role: 512 and 64 characters (CreateRole, IAM API Reference).
const LONGEST_ROLE: usize = 576;

/// An actor whose calls are expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedActor {
    /// A role, by its ARN.
    Role(String),
    /// A role of the account that owns the image, by its path and name: `service-role/AWSDataLifecycleManagerDefaultRole`.
    OwnRole(String),
    /// A service that makes the call itself or through a role: `assets.marketplace.amazonaws.com`.
    Service(String),
}

impl TrustedActor {
    /// The ARN of a role, `role/` with the path and name of one, or the name of a service.
    pub fn of(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("role/") {
            return is_role(name).then(|| Self::OwnRole(name.to_owned()));
        }
        if is_service(text) {
            return Some(Self::Service(text.to_owned()));
        }
        is_role_arn(text).then(|| Self::Role(text.to_owned()))
    }

    /// Whether this actor made a recorded call. AWS writes `sessionIssuer` and `invokedBy`. `userAgent` is the caller's own text,
    /// and `sourceIPAddress` may be a name without a service behind the call, so both prove nothing.
    pub fn made(&self, record: &Record) -> bool {
        let issuer = record.text("/userIdentity/sessionContext/sessionIssuer/arn");
        match self {
            Self::Role(role) => issuer == Some(role),
            Self::OwnRole(name) => issuer.zip(record.account.as_deref()).is_some_and(|(issuer, owner)| {
                let issuer = issuer.parse::<Arn>().ok();
                issuer.is_some_and(|arn| {
                    arn.service == "iam" && arn.account == owner && arn.resource_of("role") == Some(name)
                })
            }),
            Self::Service(service) => record.text("/userIdentity/invokedBy") == Some(service),
        }
    }
}

/// Whether a text is the ARN of a role: `arn:aws:iam::111122223333:role/PATH/NAME`.
pub(crate) fn is_role_arn(text: &str) -> bool {
    let Ok(arn) = text.parse::<Arn>() else { return false };
    let is_partition = arn.partition.starts_with("aws")
        && arn.partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_partition
        && arn.service == "iam"
        && arn.region.is_empty()
        && is_account(&arn.account)
        && arn.resource.strip_prefix("role/").is_some_and(is_role)
}

/// Whether a text is the path and name of a role: letters, digits and `+=,.@_-`.
fn is_role(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
    };
    text.len() <= LONGEST_ROLE && text.split('/').all(is_part)
}

/// Whether a text is the name of an AWS service, as `invokedBy` has it.
fn is_service(text: &str) -> bool {
    let is_part = |part: &str| {
        let is_legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !part.is_empty() && part.bytes().all(is_legal)
    };
    service_name(text).is_some_and(|name| name.split('.').all(is_part))
}

impl ImageRule {
    /// The trusted actor that made a recorded call.
    pub fn trusts_actor(&self, record: &Record) -> Option<&TrustedActor> {
        self.trusted_actors.iter().find(|actor| actor.made(record))
    }

    /// Whether the rule still trusts the actor that made a finding expected.
    pub fn expects(&self, finding: &FindingHistory) -> bool {
        match finding.opened.as_ref().and_then(ProvenTime::trusted_as) {
            Some(entry) => self.trusted_actors.iter().any(|actor| actor.to_string() == entry),
            None => !self.trusted_actors.is_empty(),
        }
    }
}

impl fmt::Display for TrustedActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(arn) => f.write_str(arn),
            Self::OwnRole(name) => write!(f, "role/{name}"),
            Self::Service(service) => f.write_str(service),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::{Event, Parsed, parse};

    const OWN: &str = "arn:aws:iam::111122223333:role/service-role/Sharer";

    fn made(actor: &str, detail: Value) -> bool {
        let mut record = json!({"eventName": "ModifyImageAttribute", "recipientAccountId": "111122223333"});
        record.as_object_mut().unwrap().extend(detail.as_object().unwrap().clone());
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "account": "111122223333", "detail": record});
        let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
        TrustedActor::of(actor).unwrap().made(&record)
    }

    fn session(issuer: &str) -> Value {
        json!({"userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": issuer}}}})
    }

    #[test]
    fn is_a_role_known_by_the_issuer_of_its_session() {
        for actor in [OWN, "role/service-role/Sharer"] {
            assert!(made(actor, session(OWN)));
            // Another account's role of that name, the same name on another path, and a longer name are other roles.
            for other in [
                "arn:aws:iam::444455556666:role/service-role/Sharer",
                "arn:aws:iam::111122223333:role/Sharer",
                "arn:aws:iam::111122223333:role/service-role/Sharer2",
                "arn:aws:iam::111122223333:user/service-role/Sharer",
                "arn:aws:sts::111122223333:assumed-role/Sharer/x",
            ] {
                assert!(!made(actor, session(other)), "{other}");
            }
            assert!(!made(actor, json!({})));
        }
        assert!(!made(
            OWN,
            json!({"userIdentity": {"type": "AssumedRole", "arn": OWN, "userName": "Sharer"}})
        ));
    }

    #[test]
    fn is_a_service_known_by_the_member_that_aws_writes() {
        let service = "assets.marketplace.amazonaws.com";
        assert!(made(service, json!({"userIdentity": {"type": "AWSService", "invokedBy": service}})));
        assert!(made(service, json!({"userIdentity": {"type": "AssumedRole", "invokedBy": service}})));
        for forged in [
            json!({"userAgent": service, "sourceIPAddress": service}),
            json!({"userIdentity": {"type": "IAMUser", "userName": service, "principalId": service}}),
            json!({"userIdentity": {"invokedBy": "assets.marketplace.amazonaws.com.evil.example"}}),
            json!({"userIdentity": {"invokedBy": [service]}}),
            json!({"invokedBy": service}),
        ] {
            assert!(!made(service, forged.clone()), "{forged}");
        }
    }

    #[test]
    fn is_a_text_of_another_form_no_actor() {
        for text in [
            "",
            "alice",
            "role/",
            "role//x",
            "role/*",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:sts::111122223333:assumed-role/Deploy/x",
            "arn:evil:iam::111122223333:role/x",
            "amazonaws.com",
            ".amazonaws.com",
            "*.amazonaws.com",
            "AWS Internal",
            "dlm.amazonaws.com.evil.example",
        ] {
            assert_eq!(TrustedActor::of(text), None, "{text}");
        }
        assert!(TrustedActor::of(&format!("role/{}", "x".repeat(577))).is_none());
        for text in [
            "dlm.amazonaws.com",
            "role/AWSDataLifecycleManagerDefaultRole",
            OWN,
            "ec2.amazonaws.com.cn",
            "ec2.amazonaws.eu",
        ] {
            assert_eq!(TrustedActor::of(text).unwrap().to_string(), text);
        }
    }
}
