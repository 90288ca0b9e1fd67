//! The values of a rule's variables for an image or an object. Pure.

use super::Artifact;
use crate::archive::{ArchiveChanges, ArchiveUnknown};
use crate::rules::Variable;
use crate::rules::variables::{
    CHANGED_FILES, IMAGE_DIGEST, IMAGE_TAG, OBJECT_KEY, OBJECT_VERSION, REPOSITORY, checked,
    without_reference,
};
use crate::variables::{CountUnknown, Dropped};

/// What placeholders are filled with.
pub(super) struct ArtifactFilling<'a> {
    pub(super) artifact: &'a Artifact,
    pub(super) count: Result<usize, CountUnknown>,
}

/// The number of changed files of the archive.
pub(super) fn counted(
    archive: Option<&Result<ArchiveChanges, ArchiveUnknown>>,
) -> Result<usize, CountUnknown> {
    match archive {
        Some(Ok(changes)) => Ok(changes.files.len()),
        Some(Err(why)) => Err(CountUnknown::Archive(why.clone())),
        None => Err(CountUnknown::NotCompared),
    }
}

impl ArtifactFilling<'_> {
    pub(super) fn value(&self, variable: &Variable) -> Result<String, Dropped> {
        let value = variable.value.fill(|asked| self.placeholder(asked));
        let value = value.map_err(|asked| self.nothing_for(asked))?;
        checked(&value)
            .and_then(|()| without_reference(&variable.value, &value))
            .map_err(Dropped::Refused)?;
        Ok(value)
    }

    fn placeholder(&self, asked: &str) -> Option<String> {
        match (asked, self.artifact) {
            (REPOSITORY, Artifact::Image(push)) => Some(push.repository.clone()),
            (IMAGE_TAG, Artifact::Image(push)) => push.tag.clone(),
            (IMAGE_DIGEST, Artifact::Image(push)) => Some(push.digest.clone()),
            (OBJECT_KEY, Artifact::Object(object)) => Some(object.key.clone()),
            (OBJECT_VERSION, Artifact::Object(object)) => object.version.clone(),
            (CHANGED_FILES, Artifact::Object(_)) => self.count.as_ref().ok().map(usize::to_string),
            _ => None,
        }
    }

    fn nothing_for(&self, asked: &str) -> Dropped {
        match (asked, &self.count) {
            (CHANGED_FILES, Err(why)) => Dropped::NotCounted(why.clone()),
            _ => Dropped::NoVersion,
        }
    }
}
