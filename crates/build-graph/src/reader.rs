//! Owns reading manifests: within limits, and what cannot be read becomes a gap.

use std::collections::BTreeSet;

use crate::paths::{depth, name, parent};
use crate::{Gap, RepositoryFiles};

/// The largest manifest that is read. The largest known ones, lists of Maven dependencies, have less than one megabyte.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// How much is read of all manifests together.
const LARGEST_SUM: u64 = 512 << 20;

pub(crate) struct ManifestReader<'f> {
    files: &'f dyn RepositoryFiles,
    gaps: Vec<Gap>,
    left: u64,
}

impl<'f> ManifestReader<'f> {
    pub(crate) fn of(files: &'f dyn RepositoryFiles) -> Self {
        Self { files, gaps: Vec::new(), left: LARGEST_SUM }
    }

    pub(crate) fn into_gaps(self) -> Vec<Gap> {
        self.gaps
    }

    pub(crate) fn gap(&mut self, file: &str, why: impl Into<String>) {
        self.gaps.push(Gap { file: file.to_owned(), why: why.into() });
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.files.paths().contains(path)
    }

    pub(crate) fn is_link(&self, path: &str) -> bool {
        self.files.links().contains(path)
    }

    /// Can so much more be read?
    pub(crate) fn has_left(&self, bytes: u64) -> bool {
        self.left >= bytes
    }

    /// Is there a file, or a link?
    pub(crate) fn is_listed(&self, path: &str) -> bool {
        self.exists(path) || self.is_link(path)
    }

    /// A manifest's text, without a byte order mark; or why it is not read.
    pub(crate) fn text(&mut self, path: &str) -> Result<String, String> {
        self.text_at_most(path, LARGEST_MANIFEST)
    }

    pub(crate) fn text_at_most(&mut self, path: &str, most: u64) -> Result<String, String> {
        if self.is_link(path) {
            return Err("is a symbolic link, and links are not followed".to_owned());
        }
        let most = most.min(self.left);
        let content = self.files.read(path, most).map_err(|error| format!("cannot be read: {error}"))?;
        self.left = self.left.saturating_sub(content.len() as u64);
        let text = String::from_utf8(content).map_err(|_| "is not UTF-8".to_owned())?;
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// The files below a folder.
    pub(crate) fn below(&self, folder: &str) -> impl Iterator<Item = &'f String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let all = self.files.paths().range(prefix.clone()..);
        all.take_while(move |path| path.starts_with(&prefix))
    }

    /// The folders that have a file, or a link, of a name: outer folders first.
    pub(crate) fn folders_with(&self, file: &str) -> Vec<String> {
        let all = self.files.paths().iter().chain(self.files.links());
        let folders: BTreeSet<&str> =
            all.filter(|path| name(path) == file).map(|path| parent(path)).collect();
        let mut folders: Vec<String> = folders.into_iter().map(str::to_owned).collect();
        folders.sort_by_key(|folder| depth(folder));
        folders
    }

    /// Those of some files that exist in a folder.
    pub(crate) fn those_in(&self, folder: &str, names: &[&str]) -> Vec<String> {
        let paths = names.iter().map(|name| crate::paths::join(folder, name));
        paths.filter(|path| self.is_listed(path)).collect()
    }
}
