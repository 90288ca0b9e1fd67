//! The facts about a recorded call that AWS was asked for. Each lookup can fail by itself, and the email then says so.

use std::fmt;

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::table_error::TableError;

use crate::change::ResourceKind;
use crate::grantee::Grantee;
use crate::memory::ResourceMemory;
use crate::rules::Memberships;

/// The result of a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LookUp<T> {
    /// The recorded call does not need this fact.
    #[default]
    NotNeeded,
    /// AWS returned this value.
    Found(T),
    /// The value could not be read.
    Failed(LookupError),
}

/// Why a fact could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The call took longer than an email can wait.
    #[error("AWS did not answer within {seconds} s")]
    TooSlow {
        /// The time limit.
        seconds: u64,
    },
    /// The function's role has no permissions in the account of the event.
    #[error(
        "the event is from account {theirs}, this function runs in account {ours}, and no [[account]] table names a role"
    )]
    OtherAccount {
        /// The account of the event.
        theirs: String,
        /// The account of the function.
        ours: String,
    },
    /// The region of the record does not have the form of a region's name.
    #[error("`{0}` is not a region")]
    NotARegion(String),
    /// The record has no id that could be read.
    #[error("the record has no id of {}", .0.with_article())]
    NoId(ResourceKind),
    /// The table could not be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The function has no table.
    #[error("the setting {} is empty", crate::settings::TABLE)]
    NoTable,
    /// The answer lacks the value.
    #[error("EC2's answer has no state")]
    NoState,
    /// The role in the account of the event could not be assumed.
    #[error("the role {role} could not be assumed: {error}")]
    RoleNotAssumed {
        /// The ARN of the role.
        role: String,
        /// Why.
        error: CallError,
    },
    /// AWS Organizations does not answer to the function's account.
    #[error(
        "{}. Only the management account and delegated administrators can ask AWS Organizations; an [[organization]] table can \
         list the accounts instead",
        .0.to_string().trim_end_matches('.')
    )]
    MembershipRefused(CallError),
    /// Further accounts are not looked up.
    #[error("one email looks up the organization of at most {most} accounts")]
    TooManyAccounts {
        /// The most accounts.
        most: usize,
    },
    /// AWS Organizations answers only about the function's own organization.
    #[error("AWS Organizations answers only about the accounts of {own}, and not about those of {trusted}")]
    OtherOrganization {
        /// The organization of the function's account.
        own: String,
        /// The organizations that the rule trusts.
        trusted: String,
    },
    /// The answer does not name the organization.
    #[error("the answer of AWS Organizations does not name the organization")]
    NoOrganization,
}

/// A fact that is read for a recorded call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactName {
    /// The alias of the account.
    Alias,
    /// The image.
    Image,
    /// The launch permissions of an image, or the create-volume permissions of a snapshot.
    Permissions,
    /// The region's block public access for images or snapshots.
    BlockPublicAccess,
    /// The snapshot.
    Snapshot,
    /// What the table remembers.
    Memory,
    /// The images that the image was made from.
    Ancestry,
    /// The organization of an account that the image or snapshot is shared with.
    Membership,
}

/// Every fact that was read for a recorded call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Whether this function made the recorded call itself. No other fact is read then.
    pub is_own_call: bool,
    /// The role through which the account of the event was read, if that is not the function's own account.
    pub role: Option<String>,
    /// The account's alias; an account can have none.
    pub alias: LookUp<Option<String>>,
    /// The image; `None` if it no longer exists.
    pub image: LookUp<Option<ImageDescription>>,
    /// The grantees that can use the image or snapshot now, beside its owner.
    pub permissions: LookUp<Vec<Grantee>>,
    /// The time of the look-up of `permissions`.
    pub permissions_at: Option<Timestamp>,
    /// The snapshot; `None` if it no longer exists.
    pub snapshot: LookUp<Option<SnapshotDescription>>,
    /// The region's block public access for images or snapshots, as AWS names its state: `block-new-sharing`,
    /// `block-all-sharing`, `unblocked`.
    pub block: LookUp<String>,
    /// What the table remembers of the image or snapshot.
    pub memory: LookUp<ResourceMemory>,
    /// The organization of each account that the call or the permissions name, if the rule trusts an organization and does not
    /// trust the account otherwise; `None` if it does not belong to the function's own organization.
    pub memberships: Memberships,
    /// The images that the image was made from, the nearest first.
    pub ancestry: LookUp<Vec<ImageAncestor>>,
}

/// An image, as EC2 describes it now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageDescription {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The account that owns it.
    pub owner: Option<String>,
    /// The date of its creation, in AWS's form.
    pub created: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Whether its snapshots are encrypted; `None` for an image without any.
    pub encrypted: Option<Encrypted>,
}

/// An image that another image was made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageAncestor {
    /// Its id.
    pub id: String,
    /// Its region.
    pub region: Option<String>,
    /// The alias of its owner: `amazon`, `aws-marketplace`, `self`.
    pub owner_alias: Option<String>,
    /// The date of its creation, in AWS's form.
    pub created: Option<String>,
}

/// A snapshot, as EC2 describes it now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SnapshotDescription {
    /// Its id.
    pub id: String,
    /// Its description.
    pub description: Option<String>,
    /// The account that owns it.
    pub owner: Option<String>,
    /// The date of its creation, in AWS's form.
    pub created: Option<String>,
    /// The volume that it was made from.
    pub volume: Option<String>,
    /// The size of the volume, in GiB.
    pub gibibytes: Option<i32>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// The images that contain it.
    pub images: Vec<ImageDescription>,
}

/// How many of an image's snapshots are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encrypted {
    /// All.
    Yes,
    /// None.
    No,
    /// Some.
    Partly,
}

impl<T> LookUp<T> {
    /// The value, if AWS returned one.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(value) => Some(value),
            Self::NotNeeded | Self::Failed(_) => None,
        }
    }

    /// Why the value could not be read.
    pub fn error(&self) -> Option<&LookupError> {
        match self {
            Self::Failed(error) => Some(error),
            Self::NotNeeded | Self::Found(_) => None,
        }
    }
}

impl<T> From<Result<T, LookupError>> for LookUp<T> {
    fn from(result: Result<T, LookupError>) -> Self {
        match result {
            Ok(value) => Self::Found(value),
            Err(error) => Self::Failed(error),
        }
    }
}

impl Facts {
    /// Whether the image no longer exists, or is not visible to this account.
    pub fn image_is_gone(&self) -> bool {
        matches!(self.image, LookUp::Found(None)) || matches!(self.snapshot, LookUp::Found(None))
    }

    /// The image.
    pub fn image(&self) -> Option<&ImageDescription> {
        self.image.found()?.as_ref()
    }

    /// The snapshot.
    pub fn snapshot(&self) -> Option<&SnapshotDescription> {
        self.snapshot.found()?.as_ref()
    }

    /// Each fact that could not be read, and why. Of several accounts whose organization is unknown, the first stands for all.
    pub fn failed_lookups(&self) -> Vec<(FactName, &LookupError)> {
        let lookups = [
            (FactName::Alias, self.alias.error()),
            (FactName::Image, self.image.error()),
            (FactName::Permissions, self.permissions.error()),
            (FactName::BlockPublicAccess, self.block.error()),
            (FactName::Snapshot, self.snapshot.error()),
            (FactName::Memory, self.memory.error()),
            (FactName::Ancestry, self.ancestry.error()),
            (FactName::Membership, self.memberships.values().find_map(LookUp::error)),
        ];
        lookups.into_iter().filter_map(|(name, error)| Some((name, error?))).collect()
    }
}

impl fmt::Display for FactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alias => "the account's alias",
            Self::Image => "the image",
            Self::Permissions => "the current permissions",
            Self::BlockPublicAccess => "the region's block public access",
            Self::Snapshot => "the snapshot",
            Self::Memory => "earlier findings",
            Self::Ancestry => "the images that it was made from",
            Self::Membership => "the organization of an account",
        })
    }
}
