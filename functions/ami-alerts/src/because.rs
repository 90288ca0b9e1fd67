//! Why something is mailed, undone or left: every reason of this function, with its code and its sentence.

use std::fmt;

use shared::config::Place;
use shared::decision::{Evidence, Explain};

use crate::decide::What;
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::severity::Severity;

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// No call that is looked at here.
    NotOurs(String),
    /// The call changed what lets nobody in.
    OtherAttribute { attribute: String },
    /// The call is one that this function made.
    OwnCall,
    /// What a call comes to. `outcome` is how it went: `succeeded`, `denied`.
    Found { what: What, severity: Severity, outcome: &'static str, place: Option<Place> },
    /// The rule wants less severe changes recorded only.
    Muted { severity: Severity, from: Severity, place: Place },
    /// It was mailed before.
    MailedAlready { at: String },
    /// Another invocation is about to mail it.
    BeingMailed,
    /// These are shut out again.
    Reverted { grantees: Vec<Grantee>, place: Option<Place> },
    /// They could not be.
    RevertFailed { grantees: Vec<Grantee>, error: String },
    /// A rule asks for it, and it is not done.
    RevertHeld { why: String },
    /// The mail could not be sent.
    MailFailed { error: String },
    /// An image that reconcile looked at is shared as the rules want it.
    AsTheRulesWant,
    /// The same was mailed before.
    ReportedBefore,
    /// Something reconcile needs could not be read.
    Unreadable { what: &'static str, error: String },
    /// EC2 wants fewer calls.
    Throttled { left: usize },
    /// The time of this run is over.
    NoTimeLeft { left: usize },
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOurs(_) => "not-ours",
            Self::OtherAttribute { .. } => "other-attribute",
            Self::OwnCall => "own-call",
            Self::Found { what, .. } => what.code(),
            Self::Muted { .. } => "muted",
            Self::MailedAlready { .. } => "mailed-already",
            Self::BeingMailed => "being-mailed",
            Self::Reverted { .. } => "reverted",
            Self::RevertFailed { .. } => "revert-failed",
            Self::RevertHeld { .. } => "revert-held",
            Self::MailFailed { .. } => "mail-failed",
            Self::AsTheRulesWant => "as-the-rules-want",
            Self::ReportedBefore => "reported-before",
            Self::Unreadable { .. } => "unreadable",
            Self::Throttled { .. } => "throttled",
            Self::NoTimeLeft { .. } => "no-time-left",
        }
    }

    fn evidence(&self) -> Evidence {
        let place = match self {
            Self::Found { place, .. } | Self::Reverted { place, .. } => place.as_ref(),
            Self::Muted { place, .. } => Some(place),
            _ => None,
        };
        Evidence { config: place.map(ToString::to_string), ..Evidence::default() }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(why) => f.write_str(why),
            Self::OtherAttribute { attribute } => {
                write!(f, "the call changed `{attribute}`, which lets nobody in and shuts nobody out")
            }
            Self::OwnCall => {
                f.write_str("this function made the call itself, to undo another one, and has said so")
            }
            Self::Found { what, severity, outcome, .. } => {
                match *outcome {
                    "succeeded" => {}
                    "dry-run" => f.write_str("asked for as a dry run: ")?,
                    outcome => write!(f, "asked for, and {outcome}: ")?,
                }
                write!(f, "{} (severity {severity})", Told(what))
            }
            Self::Muted { severity, from, .. } => {
                write!(
                    f,
                    "recorded and not mailed: its severity is {severity}, and the rule mutes what is below {from}"
                )
            }
            Self::MailedAlready { at } => write!(f, "this event was mailed at {at}"),
            Self::BeingMailed => f.write_str("another invocation has this event, and may be about to mail it: it is looked at again after that"),
            Self::Reverted { grantees, .. } => {
                write!(f, "shut out again, as the rule asks: {}", Listed(grantees))
            }
            Self::RevertFailed { grantees, error } => {
                write!(f, "{} could not be shut out again ({error})", Listed(grantees))
            }
            Self::RevertHeld { why } => write!(f, "a rule asks to undo it, and it is not undone: {why}"),
            Self::MailFailed { error } => write!(f, "the mail could not be sent ({error})"),
            Self::AsTheRulesWant => f.write_str("nobody may use it whom the rules do not want to"),
            Self::ReportedBefore => f.write_str("whom the rules do not want may use it, and that was mailed"),
            Self::Unreadable { what, error } => write!(f, "{what} could not be read ({error})"),
            Self::Throttled { left } => {
                write!(f, "EC2 wants fewer calls, with {left} images left; the next run begins elsewhere")
            }
            Self::NoTimeLeft { left } => {
                write!(
                    f,
                    "the time of this run is over, with {left} images left; the next one begins elsewhere"
                )
            }
        }
    }
}

/// The most grantees that a sentence names.
const MOST: usize = 10;

struct Listed<'a>(&'a [Grantee]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, grantee) in self.0.iter().take(MOST).enumerate() {
            write!(f, "{}{grantee}", if at == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

struct Told<'a>(&'a What);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            What::Given(Exposure::Public, _) => f.write_str("everybody is let in"),
            What::Given(exposure, grantees) => {
                write!(f, "{} is let in: {}", Listed(grantees), exposure.told())
            }
            What::Taken(grantees) => write!(f, "{} is shut out", Listed(grantees)),
            What::Reset => f.write_str("everybody but the owner is shut out"),
            What::BlockOn => f.write_str("images of the region cannot be made public any more"),
            What::BlockOff => f.write_str("images of the region can be made public"),
            What::Unsaid(Some(now)) => match now.first() {
                Some((worst, grantees)) => write!(
                    f,
                    "who is let in or shut out is not in the record; {} may use it now: {}",
                    Listed(grantees),
                    worst.told()
                ),
                None => f.write_str(
                    "who is let in or shut out is not in the record; its owner alone may use it now",
                ),
            },
            What::Unsaid(None) => {
                f.write_str("who is let in or shut out is not in the record, and could not be read")
            }
            What::Call => f.write_str("a call that a rule names"),
        }
    }
}
