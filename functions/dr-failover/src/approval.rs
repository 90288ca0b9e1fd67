//! Operators' answers to requests for an approval: the versions of one SSM parameter, and what each of them is worth for an
//! incident. Pure.

use std::fmt;

use jiff::Timestamp;
use shared::arn::Arn;
use shared::decision::Explain;
use shared::text::{printable, shortened};

use crate::incident::Incident;
use crate::rules::{Approval, Mode, PlanMode, RecoveryPlan};

/// The value of the parameter before any answer.
pub const NO_ANSWER: &str = "none";

/// A version of the parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterAnswer {
    /// The version's number.
    pub version: i64,
    /// When it was written (`LastModifiedDate`).
    pub at: Timestamp,
    /// The principal that wrote it (`LastModifiedUser`).
    pub by: Option<String>,
    /// The value.
    pub value: String,
}

/// An answer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedAnswer {
    /// The operator approves the request.
    Approves,
    /// The operator refuses the recovery.
    Refuses,
}

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum VoidAnswer {
    /// The answer was given before the incident or its request.
    ApprovalTooOld,
    /// The request has expired.
    ApprovalExpired,
    /// The digest is not that of the request.
    ApprovalWrongDigest,
    /// The value is neither an approval nor a refusal.
    ApprovalUnknown {
        /// The beginning of the value.
        value: String,
    },
    /// The function's own role wrote it.
    ApprovalByTheFunction,
    /// No principal of IAM is known to have written it.
    ApprovalWithoutPrincipal,
    /// The answer names another incident.
    ApprovalOfAnotherIncident {
        /// The incident's id.
        incident: String,
    },
}

/// An answer that does not count, with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidedAnswer<'a> {
    /// The answer.
    pub answer: &'a ParameterAnswer,
    /// Why it does not count.
    pub why: VoidAnswer,
}

impl Explain for VoidedAnswer<'_> {
    fn code(&self) -> &'static str {
        (&self.why).into()
    }
}

impl fmt::Display for VoidedAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ParameterAnswer { version, at, by, .. } = self.answer;
        let by = printable(by.as_deref().unwrap_or("an unknown principal"));
        write!(f, "the answer of {by} at {at} (version {version}) does not count: ")?;
        match &self.why {
            VoidAnswer::ApprovalTooOld => {
                f.write_str("it is older than the incident, or than the request that waits for an answer")
            }
            VoidAnswer::ApprovalExpired => f.write_str("its request has expired"),
            VoidAnswer::ApprovalWrongDigest => f.write_str("its digest is not that of a request that waits for an answer"),
            VoidAnswer::ApprovalUnknown { value } => {
                write!(f, "`{value}` is neither `approve INCIDENT DIGEST` nor `refuse INCIDENT`")
            }
            VoidAnswer::ApprovalByTheFunction => f.write_str("the function's own role may not answer"),
            VoidAnswer::ApprovalWithoutPrincipal => f.write_str("Systems Manager names no principal of IAM"),
            VoidAnswer::ApprovalOfAnotherIncident { incident } => {
                write!(f, "it names another incident, {incident}")
            }
        }
    }
}

/// Whether an incident of the plan starts only with an approval, or after a time for a refusal.
pub fn is_asked(plan: &RecoveryPlan, incident: &Incident) -> bool {
    incident.mode == Mode::Recovery && (plan.mode == PlanMode::Notify || plan.approval != Approval::None)
}

/// A value, by its words.
enum Words<'v> {
    None,
    Approve { incident: &'v str, digest: &'v str },
    Refuse { incident: &'v str },
    Unknown,
}

impl<'v> Words<'v> {
    fn of(value: &'v str) -> Self {
        match value.split_whitespace().collect::<Vec<_>>()[..] {
            [NO_ANSWER] => Self::None,
            ["approve", incident, digest] => Self::Approve { incident, digest },
            ["refuse", incident] => Self::Refuse { incident },
            _ => Self::Unknown,
        }
    }
}

/// What an answer is worth for an incident; none if it is from before the incident and about something else.
pub fn judge(
    answer: &ParameterAnswer,
    incident: &Incident,
    role: &str,
    now: Timestamp,
) -> Option<Result<CountedAnswer, VoidAnswer>> {
    let is_older = answer.at <= incident.opened;
    let (named, digest) = match Words::of(&answer.value) {
        Words::None => return None,
        Words::Approve { incident, digest } => (incident, Some(digest)),
        Words::Refuse { incident } => (incident, None),
        Words::Unknown => {
            let value = shortened(&printable(&answer.value), 100);
            return (!is_older).then_some(Err(VoidAnswer::ApprovalUnknown { value }));
        }
    };
    if named != incident.id {
        let named = shortened(&printable(named), 100);
        return (!is_older).then_some(Err(VoidAnswer::ApprovalOfAnotherIncident { incident: named }));
    }
    Some(by_an_operator(answer, role).and_then(|()| match digest {
        _ if is_older => Err(VoidAnswer::ApprovalTooOld),
        Some(digest) => of_the_request(answer, digest, incident, now),
        None => Ok(CountedAnswer::Refuses),
    }))
}

/// Refuses the function's own role, and a principal that is not one of IAM.
fn by_an_operator(answer: &ParameterAnswer, role: &str) -> Result<(), VoidAnswer> {
    let by: Option<Arn> = answer.by.as_deref().and_then(|by| by.parse().ok());
    let by = by.filter(|by| matches!(by.service.as_str(), "iam" | "sts"));
    let by = by.ok_or(VoidAnswer::ApprovalWithoutPrincipal)?;
    let own: Option<Arn> = role.parse().ok();
    match own.as_ref().and_then(role_name) {
        Some(own_name) if own.as_ref().is_some_and(|own| own.account == by.account) => {
            if role_name(&by) == Some(own_name) {
                return Err(VoidAnswer::ApprovalByTheFunction);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The role's name in the ARN of a role or of a session of it. Role names are unique in an account, whatever their paths.
fn role_name(arn: &Arn) -> Option<&str> {
    match arn.resource.split_once('/')? {
        ("role", path) => path.rsplit('/').next(),
        ("assumed-role", session) => session.split('/').next(),
        _ => None,
    }
}

fn of_the_request(
    answer: &ParameterAnswer,
    digest: &str,
    incident: &Incident,
    now: Timestamp,
) -> Result<CountedAnswer, VoidAnswer> {
    let request = incident.approval.request.as_ref().ok_or(VoidAnswer::ApprovalWrongDigest)?;
    if answer.at <= request.asked {
        return Err(VoidAnswer::ApprovalTooOld);
    }
    if digest != request.digest {
        return Err(VoidAnswer::ApprovalWrongDigest);
    }
    if answer.at > request.expires || now >= request.expires {
        return Err(VoidAnswer::ApprovalExpired);
    }
    Ok(CountedAnswer::Approves)
}

/// A principal's name for a subject: `ana`, `Operator/ana`.
pub fn short_name(by: &str) -> String {
    let arn: Option<Arn> = by.parse().ok();
    let name = arn.as_ref().map_or(by, |arn| arn.resource.split_once('/').map_or(&arn.resource, |(_, name)| name));
    shortened(&printable(name), 40)
}
