//! The rules: trusted grantees, muted severities, reverts, and other calls that are reported. `[[image-alert]]` and
//! `[[api-alert]]` tables are read and checked into these types.

mod read;
mod trust;
mod trusted_actor;

use std::collections::BTreeSet;
use std::ops::Range;

use shared::config::Place;

use crate::severity::Severity;

pub use read::{ACCOUNT_TABLE, API_TABLE, CODES, IMAGE_TABLE, ORGANIZATION_TABLE, read};
pub use trust::{Memberships, Trusted};
pub use trusted_actor::TrustedActor;

/// All rules, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The `[[image-alert]]` tables.
    pub images: Vec<ImageRule>,
    /// The `[[api-alert]]` tables.
    pub calls: Vec<CallRule>,
    /// The `[[organization]]` tables: the member accounts of organizations.
    pub organizations: Vec<MemberList>,
    /// The `[[account]]` tables: roles in other accounts.
    pub accounts: Vec<AccountRole>,
    /// A rule that is a row of a table and cannot be read: it may trust any grantee, so nothing is reverted.
    pub broken: Option<Place>,
}

impl Rules {
    /// The role with which the function acts in another account.
    pub fn role_of(&self, account: &str) -> Option<&AccountRole> {
        self.accounts.iter().find(|role| role.id == account)
    }
}

/// One `[[organization]]` table: its accounts, for functions that may not ask AWS Organizations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberList {
    /// The id of the organization.
    pub id: String,
    /// The ids of its accounts.
    pub accounts: BTreeSet<String>,
}

/// One `[[account]]` table: the role with which the function acts in another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRole {
    /// The id of the account.
    pub id: String,
    /// The bytes of the file that name the account.
    pub id_at: Range<usize>,
    /// The ARN of the role.
    pub role: String,
    /// The bytes of the file that name the role.
    pub role_at: Range<usize>,
}

/// How often an open finding is emailed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reminder {
    /// A public image or snapshot daily for 7 days and then weekly, another exposure weekly.
    #[default]
    ByExposure,
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
    /// Never.
    Never,
}

/// One `[[image-alert]]` table.
#[derive(Debug, Clone)]
pub struct ImageRule {
    /// The ids of the images and snapshots that the rule covers; any id if this is empty.
    pub ids: BTreeSet<String>,
    /// The tags that an image must have, all of them.
    pub tags: Vec<(String, String)>,
    /// The trusted grantees of these images.
    pub trusted: Trusted,
    /// The lowest severity that is emailed.
    pub mute_below: Severity,
    /// The actors whose calls are expected.
    pub trusted_actors: Vec<TrustedActor>,
    /// How often an open finding is emailed again.
    pub remind: Reminder,
    /// The shares that are reverted.
    pub revert: Option<Revert>,
    /// The bytes of the file that set `revert`.
    pub revert_at: Option<Range<usize>>,
    /// The place of the rule in the file.
    pub place: Place,
}

/// The shares that a rule asks the function to revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revert {
    /// Shares with everyone.
    Public,
    /// Shares with every untrusted grantee.
    Untrusted,
}

/// One `[[api-alert]]` table.
#[derive(Debug, Clone)]
pub struct CallRule {
    /// The service, as CloudTrail's eventSource names it: `iam.amazonaws.com`.
    pub source: String,
    /// The names of the calls.
    pub events: BTreeSet<String>,
    /// The severity of a call that succeeds.
    pub severity: Severity,
    /// The paths of members of the record that the email shows: `requestParameters.userName`.
    pub show: Vec<String>,
    /// The place of the rule in the file.
    pub place: Place,
    /// The bytes of the file that name each call, in the file's order.
    pub named_at: Vec<(String, Range<usize>)>,
}

impl CallRule {
    /// Whether the rule names this call.
    pub fn names(&self, source: &str, name: &str) -> bool {
        self.source == source && self.events.contains(name)
    }
}
