//! The reasons of this function beside its findings: code and sentence of why an event is reported, reverted or skipped.

use std::fmt;

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::config::Place;
use shared::decision::{Evidence, Explain};
use shared::event::MalformedEvent;
use shared::text::count;

use crate::event::UnrelatedEvent;
use crate::grantee::{Grantee, listed};
use crate::history::EndedFinding;
use crate::revert_plan::{RevertBlock, may_have_had_effect};
use crate::severity::Severity;

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq, strum::VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Because {
    /// This function does not handle the event.
    #[strum(serialize = "not-ours")]
    NotOurs(UnrelatedEvent),
    /// A record of a log file cannot be read.
    MalformedRecord { number: usize, error: MalformedEvent },
    /// The time ended before all records of a log file were handled.
    RecordsLeft { left: usize },
    /// The call changed an attribute that grants no access.
    OtherAttribute { attribute: String },
    /// This function made the call.
    OwnCall,
    /// The account of the event itself used a snapshot that another account shares.
    OwnUse { account: String },
    /// The rule expects what this actor does.
    TrustedActor { actor: String, rule: Place },
    /// The rule asks for no email about changes of this severity.
    Muted { severity: Severity, from: Severity, rule: Place },
    /// An email reported the event.
    #[strum(serialize = "mailed-already")]
    EmailedBefore { at: String },
    /// Another invocation has claimed the event.
    #[strum(serialize = "being-mailed")]
    ClaimedByAnother,
    /// The access of these grantees was revoked.
    Reverted { grantees: Vec<Grantee>, rule: Option<Place> },
    /// An earlier try of the event revoked the access of these grantees.
    RevertedBefore { grantees: Vec<Grantee>, at: Timestamp },
    /// The access of these grantees could not be revoked.
    RevertFailed { grantees: Vec<Grantee>, error: CallError },
    /// A rule asks for a revert, and this blocks it: for these grantees, or for all.
    #[strum(serialize = "revert-held")]
    RevertBlocked { block: RevertBlock, grantees: Vec<Grantee> },
    /// The email could not be sent.
    #[strum(serialize = "mail-failed")]
    EmailFailed { error: CallError },
    /// A finding ended by this call, or before its record arrived.
    FindingClosed { ended: EndedFinding },
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn evidence(&self) -> Evidence {
        let rule = match self {
            Self::Reverted { rule, .. } => rule.as_ref(),
            Self::Muted { rule, .. } | Self::TrustedActor { rule, .. } => Some(rule),
            _ => None,
        };
        Evidence { config: rule.map(ToString::to_string), ..Evidence::default() }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(event) => event.fmt(f),
            Self::MalformedRecord { number, error } => write!(f, "record {number} is malformed: {error}"),
            Self::RecordsLeft { left } => write!(
                f,
                "the time ended with {} left; Lambda's retry skips the records that were emailed",
                count(*left, "record")
            ),
            Self::OtherAttribute { attribute } => {
                write!(f, "the call changed `{attribute}`, which neither grants nor revokes access")
            }
            Self::OwnUse { account } => write!(
                f,
                "account {account} itself used the snapshot: no other account did. AWS records this when an instance starts from an \
                 image that another account shares"
            ),
            Self::OwnCall => {
                f.write_str("this function made the call to revert a share, and has already reported it")
            }
            Self::TrustedActor { actor, .. } => {
                write!(
                    f,
                    "the rule trusts the actor of this call ({actor}), so its shares are expected and not reverted, unless they are \
                     public"
                )
            }
            Self::Muted { severity, from, .. } => {
                write!(f, "no email: the severity is {severity}, and the rule mutes changes below {from}")
            }
            Self::EmailedBefore { at } => write!(f, "an email about this event was sent at {at}"),
            Self::ClaimedByAnother => f.write_str(
                "another invocation has claimed this event, and still had the claim when the time of this one ended; this one \
                 fails, so that Lambda retries it and the event is not lost",
            ),
            Self::Reverted { grantees, .. } => {
                write!(f, "access revoked from {}, as the rule asks", listed(grantees))
            }
            Self::RevertedBefore { grantees, at } => write!(
                f,
                "an earlier try of this event revoked access from {} at {at}; its email was not sent",
                listed(grantees)
            ),
            Self::RevertFailed { grantees, error } if may_have_had_effect(error) => {
                write!(f, "access may not have been revoked from {} ({error})", listed(grantees))
            }
            Self::RevertFailed { grantees, error } => {
                write!(f, "access could not be revoked from {} ({error})", listed(grantees))
            }
            Self::RevertBlocked { block, grantees } if grantees.is_empty() => {
                write!(f, "the rule asks for a revert, which is blocked: {block}")
            }
            Self::RevertBlocked { block, grantees } => {
                write!(f, "the rule asks for a revert, which is blocked for {}: {block}", listed(grantees))
            }
            Self::EmailFailed { error } => write!(f, "the email could not be sent ({error})"),
            Self::FindingClosed { ended } => ended.fmt(f),
        }
    }
}
