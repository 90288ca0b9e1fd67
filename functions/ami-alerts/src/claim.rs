//! The claim of an event: whether this invocation may send the email, decided from the item that the table holds. Pure.

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::claim::Claim;
use shared::table_error::TableError;

use crate::revert_plan::RecordedRevert;

/// The table could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertTableError {
    /// The function has no table.
    #[error("the setting {} is empty", crate::settings::TABLE)]
    NoTable,
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An item of an image or a snapshot could not be read or written.
    #[error(transparent)]
    Item(#[from] TableError),
    /// The invocation is about to end.
    #[error("no time was left to write it")]
    NoTimeLeft,
}

/// The stored report of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredReport {
    /// An invocation has claimed the event, and may have made this revert.
    Claimed(Claim, Option<RecordedRevert>),
    /// An email reported the event.
    Emailed {
        /// The time of the email, as the item has it.
        at: String,
        /// Whether the email reported a revert that failed.
        revert_failed: bool,
        /// The revert that was made.
        reverted: Option<RecordedRevert>,
    },
    /// The item has neither form.
    Unreadable,
}

/// Whether this invocation may send the email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// It may: no invocation sent it, and none is about to.
    Ours {
        /// The revert that an earlier try made, without its email.
        reverted: Option<RecordedRevert>,
    },
    /// An email was sent.
    Emailed {
        /// The time of the email, as the item has it.
        at: String,
        /// Whether the email reported a revert that failed.
        revert_failed: bool,
        /// The revert that was made.
        reverted: Option<RecordedRevert>,
    },
    /// Another invocation has claimed it.
    ByAnother,
    /// The table did not answer. The email is sent: a repeat is better than silence.
    Unknown(AlertTableError),
}

impl StoredReport {
    /// The answer to `claim` at `now`. A claim that is expired, or that an earlier try of the same invocation made, does not
    /// block. An item that cannot be read blocks: Lambda's retry finds it readable or expired.
    pub fn answer(self, claim: &Claim, now: Timestamp) -> ClaimAnswer {
        match self {
            Self::Emailed { at, revert_failed, reverted } => {
                ClaimAnswer::Emailed { at, revert_failed, reverted }
            }
            Self::Claimed(earlier, reverted) if !earlier.blocks(&claim.what, &claim.by, now) => {
                ClaimAnswer::Ours { reverted }
            }
            Self::Claimed(..) | Self::Unreadable => ClaimAnswer::ByAnother,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(by: &str, until: i64) -> Claim {
        Claim { what: "event#1".into(), by: by.into(), until: Timestamp::from_second(until).unwrap() }
    }

    fn answer(stored: StoredReport) -> ClaimAnswer {
        stored.answer(&claim("me", 200), Timestamp::from_second(100).unwrap())
    }

    #[test]
    fn who_sends_the_email_of_a_claimed_event() {
        assert_eq!(answer(StoredReport::Claimed(claim("another", 101), None)), ClaimAnswer::ByAnother);
        assert_eq!(
            answer(StoredReport::Claimed(claim("another", 100), None)),
            ClaimAnswer::Ours { reverted: None }
        );
        assert_eq!(
            answer(StoredReport::Claimed(claim("me", 101), None)),
            ClaimAnswer::Ours { reverted: None }
        );
        assert_eq!(answer(StoredReport::Unreadable), ClaimAnswer::ByAnother);
    }

    #[test]
    fn is_an_event_that_was_emailed_emailed_again() {
        let emailed = StoredReport::Emailed { at: "10:00".into(), revert_failed: true, reverted: None };
        let expected = ClaimAnswer::Emailed { at: "10:00".into(), revert_failed: true, reverted: None };
        assert_eq!(answer(emailed), expected);
    }
}
