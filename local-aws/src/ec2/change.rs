//! Owns the changes that happen without a call here: another principal shares an image or a snapshot, deletes it, or
//! changes block public access. Look-ups show them at once.

use std::fmt;

use jiff::Timestamp;

use super::{BlockedKind, Ec2, PermissionGrantee, Permissions, UNBLOCKED, modify};

/// A change by another principal.
#[derive(Debug, Clone)]
pub enum ImageChange {
    Permissions(ChangedResource, GranteeChange),
    /// The image is deregistered, or the snapshot is deleted.
    Removed(ChangedResource),
    Block {
        kind: BlockedKind,
        account: String,
        region: String,
        state: &'static str,
    },
}

/// An image or a snapshot of a region.
#[derive(Debug, Clone)]
pub enum ChangedResource {
    Image { region: String, id: String },
    Snapshot { region: String, id: String },
}

/// The grantees that are added and removed.
#[derive(Debug, Clone)]
pub struct GranteeChange {
    pub(crate) add: Vec<PermissionGrantee>,
    pub(crate) remove: Vec<PermissionGrantee>,
}

impl Ec2 {
    /// Whether the world has the resource.
    pub(crate) fn has(&self, resource: &ChangedResource) -> bool {
        let state = self.lock();
        match resource {
            ChangedResource::Image { region, id } => {
                state.images.iter().any(|image| (&image.region, &image.id) == (region, id))
            }
            ChangedResource::Snapshot { region, id } => {
                state.snapshots.iter().any(|one| (&one.region, &one.id) == (region, id))
            }
        }
    }

    /// Makes the change. A resource that no longer exists is not changed.
    pub(crate) fn change(&self, change: &ImageChange, now: Timestamp) {
        match change {
            ImageChange::Permissions(resource, change) => self.share(resource, change, now),
            ImageChange::Removed(resource) => self.remove(resource),
            ImageChange::Block { kind, account, region, state } => {
                self.lock().blocks.write(*kind, (account, region), now, state);
            }
        }
    }

    fn share(&self, resource: &ChangedResource, change: &GranteeChange, now: Timestamp) {
        let mut state = self.lock();
        let shared_with: Option<&mut Permissions> = match resource {
            ChangedResource::Image { region, id } => {
                state.image(region, id).map(|image| &mut image.shared_with)
            }
            ChangedResource::Snapshot { region, id } => {
                let mut all = state.snapshots.iter_mut();
                all.find(|one| (&one.region, &one.id) == (region, id)).map(|one| &mut one.shared_with)
            }
        };
        if let Some(shared_with) = shared_with {
            let after = modify::applied(shared_with.latest(), change.add.clone(), &change.remove);
            shared_with.write(now, after);
        }
    }

    fn remove(&self, resource: &ChangedResource) {
        let mut state = self.lock();
        match resource {
            ChangedResource::Image { region, id } => {
                state.images.retain(|image| (&image.region, &image.id) != (region, id));
            }
            ChangedResource::Snapshot { region, id } => {
                state.snapshots.retain(|one| (&one.region, &one.id) != (region, id));
            }
        }
    }
}

impl fmt::Display for ImageChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permissions(resource, change) => write!(f, "{resource} {change}"),
            Self::Removed(resource @ ChangedResource::Image { .. }) => {
                write!(f, "{resource} is deregistered")
            }
            Self::Removed(resource) => write!(f, "{resource} is deleted"),
            Self::Block { kind, account, region, state } => {
                let of = match kind {
                    BlockedKind::Images => "AMIs",
                    BlockedKind::Snapshots => "snapshots",
                };
                let how = if *state == UNBLOCKED { "off" } else { state };
                write!(f, "block public access for {of} of {account} in {region} is {how}")
            }
        }
    }
}

impl fmt::Display for ChangedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { id, .. } => write!(f, "the image {id}"),
            Self::Snapshot { id, .. } => write!(f, "the snapshot {id}"),
        }
    }
}

impl fmt::Display for GranteeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |grantees: &[PermissionGrantee]| {
            grantees.iter().map(PermissionGrantee::to_string).collect::<Vec<_>>().join(", ")
        };
        match (&*self.add, &*self.remove) {
            (add, []) => write!(f, "is shared with {}", names(add)),
            ([], remove) => write!(f, "is no longer shared with {}", names(remove)),
            (add, remove) => write!(f, "is shared with {}, and no longer with {}", names(add), names(remove)),
        }
    }
}
