//! Reports a thing once: which invocation may send the email, while several have the same event.
//!
//! An invocation claims the report before it publishes, and confirms it afterwards. A claim that was neither confirmed nor
//! released is free again when its invocation has certainly ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An invocation that is about to report something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Claim {
    /// What is reported: an event, a state of an incident.
    #[serde(rename = "state")]
    pub what: String,
    /// Lambda's request id, the same when Lambda retries the invocation.
    pub by: String,
    /// The end of the claim: by then the invocation has ended.
    pub until: Timestamp,
}

impl Claim {
    /// Whether this claim keeps the invocation `by` from reporting `what` at `now`.
    pub fn blocks(&self, what: &str, by: &str, now: Timestamp) -> bool {
        self.what == what && self.by != by && self.until > now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_blocks_another_invocation_until_it_ends_and_never_its_own_retry() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let claim = Claim { what: "started".into(), by: "one".into(), until: at(100) };
        assert!(claim.blocks("started", "another", at(99)));
        assert!(!claim.blocks("started", "another", at(100)));
        assert!(!claim.blocks("started", "one", at(1)));
        assert!(!claim.blocks("ended", "another", at(1)));
    }
}
