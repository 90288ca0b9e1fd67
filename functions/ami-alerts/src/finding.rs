//! A finding: one consequence of a recorded call or of a share that the daily scan found, with its severity and its reason.

use std::fmt;

use shared::config::Place;
use shared::decision::{Evidence, Explain};

use crate::call_outcome::CallOutcome;
use crate::change::{ResourceKind, SnapshotUse};
use crate::exposure::Exposure;
use crate::grantee::{Grantee, listed};
use crate::severity::Severity;

/// One consequence of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The consequence.
    pub kind: FindingKind,
    /// Its severity, which depends on the call's outcome.
    pub severity: Severity,
}

/// A consequence of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FindingKind {
    /// These grantees gained access.
    Shared(Exposure, Vec<Grantee>),
    /// These grantees lost access.
    Unshared(Vec<Grantee>),
    /// These grantees, which a rule trusts, lost access.
    Lost(Vec<Grantee>),
    /// These grantees have access now, and the call is not about them.
    ExposedNow(Exposure, Vec<Grantee>),
    /// All permissions were removed: only the owner has access.
    Reset,
    /// Images, or snapshots, of the region can no longer be made public.
    BlockEnabled(ResourceKind),
    /// Images, or snapshots, of the region can be made public.
    BlockDisabled(ResourceKind),
    /// An account used a shared snapshot.
    SnapshotUsed(SnapshotUse, Option<String>, Exposure),
    /// The record does not say which permissions changed. The grantees are those that have access now, if EC2 listed them.
    UnknownChange(Option<Vec<(Exposure, Vec<Grantee>)>>),
    /// A call that an `[[api-alert]]` rule names.
    NamedCall,
}

impl FindingKind {
    /// The codes of every kind but [`FindingKind::Shared`], whose code is its exposure's.
    pub const CODES: &'static [&'static str] = &[
        "unshared",
        "trusted-access-lost",
        "exposed-now",
        "reset",
        "block-public-access-on",
        "block-public-access-off",
        "shared-snapshot-used",
        "unknown-change",
        "api-call",
    ];

    /// The reason's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shared(exposure, _) => exposure.code(),
            Self::Unshared(_) => "unshared",
            Self::Lost(_) => "trusted-access-lost",
            Self::ExposedNow(..) => "exposed-now",
            Self::Reset => "reset",
            Self::BlockEnabled(_) => "block-public-access-on",
            Self::BlockDisabled(_) => "block-public-access-off",
            Self::SnapshotUsed(..) => "shared-snapshot-used",
            Self::UnknownChange(_) => "unknown-change",
            Self::NamedCall => "api-call",
        }
    }

    /// Whether a rule may expect it of a trusted actor: not that everyone has access, not that a trusted
    /// grantee lost it, and not what others did.
    pub fn may_be_expected(&self) -> bool {
        match self {
            Self::Shared(exposure, _) => exposure.may_be_expected(),
            Self::Unshared(_) | Self::Reset => true,
            // What is not understood is trusted to no actor.
            Self::UnknownChange(_)
            | Self::Lost(_)
            | Self::ExposedNow(..)
            | Self::BlockEnabled(_)
            | Self::BlockDisabled(_)
            | Self::SnapshotUsed(..)
            | Self::NamedCall => false,
        }
    }

    /// The severity after a call with this outcome.
    pub fn severity(&self, outcome: &CallOutcome) -> Severity {
        let of_success = match self {
            // What is exposed now does not depend on the outcome of the call.
            Self::ExposedNow(exposure, _) => return exposure.severity(),
            Self::Shared(exposure, _) => exposure.severity(),
            Self::Lost(_) => Severity::Medium,
            Self::Unshared(_) | Self::Reset | Self::BlockEnabled(_) => Severity::Info,
            Self::BlockDisabled(_) => Severity::High,
            Self::SnapshotUsed(_, _, exposure) if exposure.is_untrusted() => Severity::Critical,
            Self::SnapshotUsed(..) => Severity::Info,
            // An unknown change may be the worst one, but the email must not claim that it is.
            Self::UnknownChange(now) => match now.as_deref() {
                Some([(worst, _), ..]) => worst.severity(),
                Some([]) => Severity::Info,
                None => Severity::High,
            },
            Self::NamedCall => Severity::Medium,
        };
        of_success.after(outcome)
    }

    /// The consequence after the call succeeded: `shared with account 444455556666, which no rule trusts`.
    fn as_done(&self) -> String {
        match self {
            Self::Shared(Exposure::Public, _) => "shared with everyone".to_owned(),
            Self::Shared(exposure, grantees) => {
                format!("shared with {}, {}", listed(grantees), exposure.clause())
            }
            Self::Unshared(grantees) => format!("no longer shared with {}", listed(grantees)),
            Self::Lost(grantees) => {
                format!("{}, which a rule trusts, lost access", listed(grantees))
            }
            Self::ExposedNow(exposure, grantees) => exposed_now(*exposure, grantees),
            Self::Reset => "all permissions removed: only the owner has access".to_owned(),
            Self::BlockEnabled(kind) => {
                format!("{}s of the region can no longer be made public", kind.name())
            }
            Self::BlockDisabled(kind) => format!("{}s of the region can be made public", kind.name()),
            Self::SnapshotUsed(how, by, exposure) => used(*how, by.as_deref(), *exposure),
            Self::UnknownChange(now) => {
                format!("the record does not say which permissions changed; {}", access_now(now.as_deref()))
            }
            Self::NamedCall => "an [[api-alert]] rule names this call".to_owned(),
        }
    }

    /// The consequence of a call that did not succeed, after `attempt to`.
    fn as_attempted(&self) -> String {
        match self {
            Self::Shared(Exposure::Public, _) => "share with everyone".to_owned(),
            Self::Shared(exposure, grantees) => {
                format!("share with {}, {}", listed(grantees), exposure.clause())
            }
            Self::Unshared(grantees) => format!("stop sharing with {}", listed(grantees)),
            Self::Lost(grantees) => format!("remove the access of {}, which a rule trusts", listed(grantees)),
            Self::ExposedNow(exposure, grantees) => exposed_now(*exposure, grantees),
            Self::Reset => "remove all permissions".to_owned(),
            Self::BlockEnabled(kind) => {
                format!("enable block public access for the region's {}s", kind.name())
            }
            Self::BlockDisabled(kind) => {
                format!("disable block public access for the region's {}s", kind.name())
            }
            Self::SnapshotUsed(how, by, exposure) => used(*how, by.as_deref(), *exposure),
            Self::UnknownChange(now) => {
                let now = access_now(now.as_deref());
                format!("change permissions that the record does not name; {now}")
            }
            Self::NamedCall => "make a call that an [[api-alert]] rule names".to_owned(),
        }
    }
}

fn exposed_now(exposure: Exposure, grantees: &[Grantee]) -> String {
    match exposure {
        Exposure::Public => "everyone has access now".to_owned(),
        exposure => {
            let verb = shared::text::verb(grantees.len(), "has", "have");
            format!("{} {verb} access now, {}", listed(grantees), exposure.clause())
        }
    }
}

fn used(how: SnapshotUse, by: Option<&str>, exposure: Exposure) -> String {
    let by = by.map_or("an account that the record does not name".to_owned(), |id| format!("account {id}"));
    let did = match how {
        SnapshotUse::VolumeCreated => "created a volume from the shared snapshot",
        SnapshotUse::Copied => "copied the shared snapshot",
    };
    format!("{by}, {}, {did}", exposure.clause())
}

fn access_now(now: Option<&[(Exposure, Vec<Grantee>)]>) -> String {
    match now {
        Some([(Exposure::Own, _), ..] | []) => "only the owner has access now".to_owned(),
        Some([(Exposure::Public, _), ..]) => "everyone has access now".to_owned(),
        Some([(worst, grantees), ..]) => {
            let verb = shared::text::verb(grantees.len(), "has", "have");
            format!("{} {verb} access now ({})", listed(grantees), worst.status())
        }
        None => "the current permissions could not be read".to_owned(),
    }
}

/// The reason that reports a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingReason {
    /// The finding.
    pub finding: Finding,
    /// The outcome of the call; the daily scan finds what succeeded.
    pub outcome: CallOutcome,
    /// The rule that covers the image or names the call.
    pub rule: Option<Place>,
}

impl Explain for FindingReason {
    fn code(&self) -> &'static str {
        self.finding.kind.code()
    }

    fn evidence(&self) -> Evidence {
        Evidence { config: self.rule.as_ref().map(ToString::to_string), ..Evidence::default() }
    }
}

impl fmt::Display for FindingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { kind, severity } = &self.finding;
        match &self.outcome {
            // Access that exists is no attempt, whatever the outcome of the call.
            _ if matches!(kind, FindingKind::ExposedNow(..)) => f.write_str(&kind.as_done())?,
            CallOutcome::Succeeded => f.write_str(&kind.as_done())?,
            CallOutcome::Denied(_) => write!(f, "denied attempt to {}", kind.as_attempted())?,
            CallOutcome::DryRun(_) => write!(f, "dry run of an attempt to {}", kind.as_attempted())?,
            CallOutcome::Failed(_) => write!(f, "failed attempt to {}", kind.as_attempted())?,
        }
        write!(f, " (severity {severity})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_every_code_of_a_finding_listed() {
        let kinds = [
            FindingKind::Unshared(Vec::new()),
            FindingKind::Lost(Vec::new()),
            FindingKind::ExposedNow(Exposure::Public, Vec::new()),
            FindingKind::Reset,
            FindingKind::BlockEnabled(ResourceKind::Image),
            FindingKind::BlockDisabled(ResourceKind::Image),
            FindingKind::SnapshotUsed(SnapshotUse::Copied, None, Exposure::Account),
            FindingKind::UnknownChange(None),
            FindingKind::NamedCall,
        ];
        assert_eq!(kinds.map(|kind| kind.code()).as_slice(), FindingKind::CODES);
    }

    #[test]
    fn does_the_sentence_of_an_attempt_claim_no_success() {
        let kind = FindingKind::Shared(Exposure::Account, vec![Grantee::of("444455556666")]);
        let reason = |outcome: CallOutcome| {
            let finding = Finding { severity: kind.severity(&outcome), kind: kind.clone() };
            FindingReason { finding, outcome, rule: None }.to_string()
        };
        let account = "account 444455556666, which no rule trusts";
        assert_eq!(reason(CallOutcome::Succeeded), format!("shared with {account} (severity high)"));
        let error = crate::call_outcome::RecordedError { code: "x".into(), message: String::new() };
        let denied = reason(CallOutcome::Denied(error.clone()));
        assert_eq!(denied, format!("denied attempt to share with {account} (severity low)"));
        let exposed = FindingKind::ExposedNow(Exposure::Public, vec![Grantee::Everyone]);
        let finding = Finding { severity: Severity::Critical, kind: exposed };
        let exposed = FindingReason { finding, outcome: CallOutcome::Denied(error), rule: None };
        assert_eq!(exposed.to_string(), "everyone has access now (severity critical)");
    }
}
