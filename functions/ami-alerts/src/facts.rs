//! What was looked up about an event. Each look-up may fail by itself, and then the mail says so.

use crate::grantee::Grantee;

/// What a look-up gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Look<T> {
    /// Nothing was looked up, since it has no part in the event.
    #[default]
    NotAsked,
    /// This was there.
    Seen(T),
    /// It could not be seen; why.
    Unseen(String),
}

/// Everything that was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The account's alias; accounts may have none.
    pub alias: Look<Option<String>>,
    /// The image; none if there is none any more.
    pub image: Look<Option<Image>>,
    /// Who may use the image or snapshot now, beside its owner.
    pub permissions: Look<Vec<Grantee>>,
    /// The region's block public access for images, as AWS names its state: `block-new-sharing`, `unblocked`.
    pub block: Look<String>,
}

/// An image, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The account that owns it.
    pub owner: Option<String>,
    /// When it was made, as AWS says it.
    pub created: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Whether its snapshots are encrypted; unknown for an image without any.
    pub encrypted: Option<Encrypted>,
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

impl<T> Look<T> {
    /// What was seen, if anything was.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(value) => Some(value),
            Self::NotAsked | Self::Unseen(_) => None,
        }
    }

    /// Why nothing was seen.
    pub fn unseen(&self) -> Option<&str> {
        match self {
            Self::Unseen(why) => Some(why),
            Self::NotAsked | Self::Seen(_) => None,
        }
    }
}

impl Facts {
    /// Whether there is no such image any more, or none that this account can see.
    pub fn image_is_gone(&self) -> bool {
        matches!(self.image, Look::Seen(None))
    }

    /// The image that was seen.
    pub fn image(&self) -> Option<&Image> {
        self.image.seen()?.as_ref()
    }
}
