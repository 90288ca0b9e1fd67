//! The rules: who is trusted with images, what is mailed, what is undone, and which other calls are told of. Read from
//! `[[image-alert]]` and `[[api-alert]]` tables, checked, and only then of these types.

mod read;

use std::collections::BTreeSet;
use std::ops::Range;

use shared::config::{Code, Place};

use crate::grantee::Grantee;
use crate::severity::Severity;

pub use read::{API_TABLE, CODES, IMAGE_TABLE, read};

/// Every problem code that this function's tables can have, those of any table included.
pub fn codes() -> impl Iterator<Item = Code> {
    shared::config::CODES.iter().chain(CODES).copied()
}

/// All rules, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One a `[[image-alert]]` table.
    pub images: Vec<ImageRule>,
    /// One a `[[api-alert]]` table.
    pub calls: Vec<CallRule>,
}

/// One `[[image-alert]]` table.
#[derive(Debug, Clone)]
pub struct ImageRule {
    /// The ids of the images (or snapshots) it is about; all when it is empty and there are no tags.
    pub ids: BTreeSet<String>,
    /// Tags that an image must have, all of them.
    pub tags: Vec<(String, String)>,
    /// Who may use these images.
    pub trusted: Trusted,
    /// What is less severe than this is recorded, and not mailed.
    pub mute_below: Severity,
    /// What is undone.
    pub revert: Option<Revert>,
    /// The bytes of the file where that is said.
    pub revert_at: Option<Range<usize>>,
    /// Where the rule stands.
    pub place: Place,
}

/// Who may use an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted {
    /// Everybody: `public = true`.
    pub everyone: bool,
    /// Accounts, by their ids.
    pub accounts: BTreeSet<String>,
    /// Organizations, by their ids, with all their units.
    pub organizations: BTreeSet<String>,
    /// Organizational units, by their ids.
    pub units: BTreeSet<String>,
}

impl Trusted {
    /// Whether a rule lets this one use the image.
    pub fn includes(&self, grantee: &Grantee) -> bool {
        self.everyone
            || match grantee {
                Grantee::Everyone | Grantee::Other(_) => false,
                Grantee::Account(id) => self.accounts.contains(id),
                Grantee::Organization { id, .. } => self.organizations.contains(id),
                Grantee::Unit { id, organization, .. } => {
                    self.units.contains(id) || self.organizations.contains(organization)
                }
            }
    }
}

/// What is undone by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revert {
    /// An image made public.
    Public,
    /// That, and a share with anybody who is not trusted.
    Untrusted,
}

/// One `[[api-alert]]` table.
#[derive(Debug, Clone)]
pub struct CallRule {
    /// As CloudTrail's eventSource has it: `iam.amazonaws.com`.
    pub source: String,
    /// The calls, by their names.
    pub events: BTreeSet<String>,
    /// How bad a call is that succeeded.
    pub severity: Severity,
    /// The members of the record that the mail shows, by their paths: `requestParameters.userName`.
    pub show: Vec<String>,
    /// Where the rule stands.
    pub place: Place,
    /// The bytes of the file where the calls are named, one by one, in the file's order.
    pub named_at: Vec<(String, Range<usize>)>,
}

impl CallRule {
    /// Whether the rule names this call.
    pub fn names(&self, source: &str, name: &str) -> bool {
        self.source == source && self.events.contains(name)
    }
}
