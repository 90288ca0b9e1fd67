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
            VoidAnswer::ApprovalWrongDigest => {
                f.write_str("its digest is not that of a request that waits for an answer")
            }
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
    let notifies = plan.mode == PlanMode::Notify && !incident.is_ordered();
    incident.mode == Mode::Recovery && (notifies || plan.approval != Approval::None)
}

/// A value, by its words.
enum AnswerWords<'v> {
    None,
    Approve { incident: &'v str, digest: &'v str },
    Refuse { incident: &'v str },
    Unknown,
}

impl<'v> AnswerWords<'v> {
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
    let (named, digest) = match AnswerWords::of(&answer.value) {
        AnswerWords::None => return None,
        AnswerWords::Approve { incident, digest } => (incident, Some(digest)),
        AnswerWords::Refuse { incident } => (incident, None),
        AnswerWords::Unknown => {
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
    let name =
        arn.as_ref().map_or(by, |arn| arn.resource.split_once('/').map_or(&arn.resource, |(_, name)| name));
    shortened(&printable(name), 40)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::{ApprovalRequest, IncidentApproval};
    use crate::rules::read;
    use shared::config::Document;

    const ROLE: &str = "arn:aws:iam::111122223333:role/service/dr-failover";
    const ANA: &str = "arn:aws:iam::111122223333:user/ana";
    const DIGEST: &str = "8c20e292e69746d1";
    const ID: &str = "shop-20260302T100000Z-2752a79b";

    fn at(time: &str) -> Timestamp {
        format!("2026-03-02T{time}Z").parse().unwrap()
    }

    /// An incident of 10:00 that asked at 10:01, until 10:31.
    fn incident() -> Incident {
        let rules = r#"
            [[recovery-plan]]
            name = "shop"
            alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
            second-signal = { alarm = "shop-from-outside" }
            plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-0a1b2c3d4e5f60718"
            rpo = "15m"
        "#;
        let plan = read(&Document::new("pointsman.toml", rules), &mut Vec::new()).plans.remove(0);
        let mut incident = Incident::opened(ID.to_owned(), &plan, at("10:00:00"));
        let request = ApprovalRequest {
            digest: DIGEST.to_owned(),
            of: "of".to_owned(),
            asked: at("10:01:00"),
            expires: at("10:31:00"),
            unblocked: at("10:01:00"),
            snapshots: Vec::new(),
        };
        incident.approval = IncidentApproval { asked_count: 1, request: Some(request), read: None };
        incident
    }

    fn answer(value: &str, by: Option<&str>, time: &str) -> ParameterAnswer {
        ParameterAnswer { version: 2, at: at(time), by: by.map(str::to_owned), value: value.to_owned() }
    }

    fn judged(value: &str, by: &str, time: &str, now: &str) -> Option<Result<CountedAnswer, VoidAnswer>> {
        judge(&answer(value, Some(by), time), &incident(), ROLE, at(now))
    }

    fn approve() -> String {
        format!("approve {ID} {DIGEST}")
    }

    #[test]
    fn what_does_an_answer_in_time_say() {
        let refuse = format!("refuse {ID}");
        assert_eq!(judged(&approve(), ANA, "10:02:00", "10:02:01"), Some(Ok(CountedAnswer::Approves)));
        assert_eq!(judged(&refuse, ANA, "10:02:00", "10:02:01"), Some(Ok(CountedAnswer::Refuses)));
        let spaced = format!("  approve  {ID}\n{DIGEST}\n");
        assert_eq!(judged(&spaced, ANA, "10:02:00", "10:02:01"), Some(Ok(CountedAnswer::Approves)));
        assert_eq!(judged(NO_ANSWER, ANA, "10:02:00", "10:02:01"), None);
        // A refusal needs no request, and outlives it.
        assert_eq!(judged(&refuse, ANA, "10:00:30", "11:00:00"), Some(Ok(CountedAnswer::Refuses)));
    }

    #[test]
    fn which_times_are_too_early_or_too_late() {
        let old = Some(Err(VoidAnswer::ApprovalTooOld));
        let expired = Some(Err(VoidAnswer::ApprovalExpired));
        assert_eq!(judged(&approve(), ANA, "10:00:00", "10:02:00"), old, "as old as the incident");
        assert_eq!(judged(&approve(), ANA, "10:01:00", "10:02:00"), old, "as old as the request");
        assert_eq!(judged(&format!("refuse {ID}"), ANA, "09:59:59", "10:02:00"), old);
        assert_eq!(judged(&approve(), ANA, "10:30:59", "10:31:00"), expired, "in time, and read too late");
        assert_eq!(judged(&approve(), ANA, "10:31:01", "10:31:02"), expired);
        assert_eq!(judged(&approve(), ANA, "10:30:59", "10:30:59"), Some(Ok(CountedAnswer::Approves)));
    }

    #[test]
    fn which_digests_and_incidents_do_not_count() {
        let wrong = Some(Err(VoidAnswer::ApprovalWrongDigest));
        for digest in ["8c20e292e69746d2", "8C20E292E69746D1", "8c20", "none"] {
            assert_eq!(
                judged(&format!("approve {ID} {digest}"), ANA, "10:02:00", "10:03:00"),
                wrong,
                "{digest}"
            );
        }
        let mut asked_nothing = incident();
        asked_nothing.approval.request = None;
        let approved = answer(&approve(), Some(ANA), "10:02:00");
        assert_eq!(judge(&approved, &asked_nothing, ROLE, at("10:03:00")), wrong);
        let another = judged("refuse bank-20260302T100000Z-2752a79b", ANA, "10:02:00", "10:03:00");
        assert!(matches!(another, Some(Err(VoidAnswer::ApprovalOfAnotherIncident { .. }))), "{another:?}");
        assert_eq!(judged("refuse bank-20260302T100000Z-2752a79b", ANA, "09:00:00", "10:03:00"), None);
    }

    #[test]
    fn which_values_are_no_answer() {
        for value in ["", "yes", "approve", "refuse", "Refuse shop", "approve a b c", "none none"] {
            let judged = judged(value, ANA, "10:02:00", "10:03:00");
            assert!(matches!(judged, Some(Err(VoidAnswer::ApprovalUnknown { .. }))), "{value}: {judged:?}");
        }
        assert_eq!(judged("yes", ANA, "09:00:00", "10:03:00"), None, "before the incident");
    }

    #[test]
    fn which_principals_may_answer() {
        let own = Some(Err(VoidAnswer::ApprovalByTheFunction));
        let without = Some(Err(VoidAnswer::ApprovalWithoutPrincipal));
        let counted = Some(Ok(CountedAnswer::Approves));
        for (by, expected) in [
            ("arn:aws:sts::111122223333:assumed-role/dr-failover/pointsman-DrFailover", &own),
            ("arn:aws:iam::111122223333:role/service/dr-failover", &own),
            ("arn:aws:iam::111122223333:role/dr-failover", &own),
            ("arn:aws:sts::444455556666:assumed-role/dr-failover/session", &counted),
            ("arn:aws:sts::111122223333:assumed-role/operator/dr-failover", &counted),
            ("arn:aws:iam::111122223333:user/dr-failover", &counted),
            ("arn:aws:iam::111122223333:root", &counted),
            ("ana", &without),
            ("", &without),
            ("arn:aws:ssm:us-east-1:111122223333:parameter/x", &without),
        ] {
            assert_eq!(judged(&approve(), by, "10:02:00", "10:03:00"), *expected, "{by}");
        }
        let without_name = answer(&approve(), None, "10:02:00");
        assert_eq!(judge(&without_name, &incident(), ROLE, at("10:03:00")), without);
        // The own role may not refuse, either.
        let session = "arn:aws:sts::111122223333:assumed-role/dr-failover/x";
        assert_eq!(judged(&format!("refuse {ID}"), session, "10:02:00", "10:03:00"), own);
    }

    #[test]
    fn what_names_a_principal_in_a_subject() {
        assert_eq!(short_name(ANA), "ana");
        assert_eq!(short_name("arn:aws:sts::111122223333:assumed-role/Operator/ana"), "Operator/ana");
        assert_eq!(short_name("arn:aws:iam::111122223333:root"), "root");
        assert_eq!(short_name("x"), "x");
    }
}
