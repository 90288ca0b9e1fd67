//! Commits a clone's working tree into the closed folder, so that it can be read as any commit.
//!
//! The tracked, staged and untracked files that git does not ignore count. git converts line ends as the attributes say. No
//! filter runs, because none is configured here. git never enters a submodule or another clone inside the working tree, because
//! it would read that clone's own configuration. A submodule counts as the commit that is checked out in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::closed_folder::ClosedFolder;
use crate::place::ClonePlace;
use crate::untracked::untracked;
use crate::waiting::check_folders_of;
use crate::{GitError, Repository};

const SUBMODULE: &str = "160000";

/// What the index has, by path.
#[derive(Debug, Default)]
struct IndexedPaths {
    files: BTreeSet<Vec<u8>>,
    unmerged: BTreeSet<Vec<u8>>,
    /// The commit of each submodule.
    submodules: BTreeMap<Vec<u8>, String>,
}

impl Repository {
    /// Commits the working tree into a folder of our own, on top of the current commit, and returns the new commit's id.
    ///
    /// The clone is not written to. The commit exists as long as this value.
    ///
    /// # Errors
    ///
    /// [`GitError::NoWorkTree`] for a bare repository, and [`GitError`] if a file cannot be read.
    pub fn commit_of_work_tree(&self) -> Result<String, GitError> {
        let place = self.place();
        let Some(top) = &place.work_tree else {
            return Err(GitError::NoWorkTree { path: place.git.clone() });
        };
        let failed = |error| self.unreadable("the index could not be copied", &error);
        copy_index(place, self.git().closed()).map_err(failed)?;
        let indexed = self.indexed(top)?;
        let paths = indexed.files.iter().chain(&indexed.unmerged).map(Vec::as_slice);
        check_folders_of(top, paths).map_err(|error| self.unreadable("the working tree", &error))?;
        // Without submodules in the index, git compares none of them.
        let without = indexed.submodules.keys().map(|path| removal(path)).collect::<Vec<_>>().concat();
        self.index_info(top, without)?;
        self.stage(top, &indexed)?;
        let submodules =
            indexed.submodules.iter().filter_map(|(path, commit)| self.submodule(top, path, commit));
        self.index_info(top, submodules.collect::<Vec<_>>().concat())?;
        let tree = self.in_work_tree(top, &["write-tree", "--missing-ok"], Vec::new())?;
        self.commit_tree(top, tree.trim())
    }

    fn indexed(&self, top: &Path) -> Result<IndexedPaths, GitError> {
        let listed = self.git().run_in_work_tree(top, &["ls-files", "-z", "--stage"], Vec::new())?;
        let listed = listed.bytes(self.git())?;
        let mut indexed = IndexedPaths::default();
        for (facts, path) in listed.split(|byte| *byte == 0).filter_map(entry) {
            match &facts.split(' ').collect::<Vec<_>>()[..] {
                [SUBMODULE, commit, "0"] => drop(indexed.submodules.insert(path, (*commit).to_owned())),
                [_, _, "0"] => drop(indexed.files.insert(path)),
                _ => drop(indexed.unmerged.insert(path)),
            }
        }
        Ok(indexed)
    }

    /// Puts the changed and the untracked files into the index.
    fn stage(&self, top: &Path, indexed: &IndexedPaths) -> Result<(), GitError> {
        let changed = ["ls-files", "-z", "--modified", "--deleted"];
        let changed = self.git().run_in_work_tree(top, &changed, Vec::new())?.bytes(self.git())?;
        let changed = changed.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec);
        let changed: BTreeSet<Vec<u8>> = changed.chain(indexed.unmerged.iter().cloned()).collect();
        // git would enter a folder that stands in the place of a file.
        let (files, gone): (Vec<_>, Vec<_>) = changed.into_iter().partition(|path| is_file(top, path));
        self.index_info(top, gone.iter().map(|path| removal(path)).collect::<Vec<_>>().concat())?;
        let tracked = |path: &[u8]| indexed.files.contains(path) || indexed.unmerged.contains(path);
        let untracked = untracked(self.git(), top, &tracked)?;
        let input = files.into_iter().chain(untracked).flat_map(|path| path.into_iter().chain([0])).collect();
        self.in_work_tree(top, &["update-index", "--add", "--replace", "-z", "--stdin"], input)?;
        Ok(())
    }

    /// The index entry of a submodule: the commit that is checked out, read as any clone is read. A submodule that is not
    /// checked out is unchanged, and one without a folder is deleted.
    fn submodule(&self, top: &Path, path: &[u8], indexed: &str) -> Option<Vec<u8>> {
        let folder = top.join(os_path(path));
        let found = folder.symlink_metadata();
        let exists = found.is_ok_and(|found| found.is_dir()) && !leads_through_link(top, path);
        let opened = || Repository::open(&folder).and_then(|clone| clone.resolve("HEAD")).ok().flatten();
        let commit = exists.then(|| opened().unwrap_or_else(|| indexed.to_owned()))?;
        Some([format!("{SUBMODULE} {commit} 0\t").as_bytes(), path, b"\0"].concat())
    }

    fn commit_tree(&self, top: &Path, tree: &str) -> Result<String, GitError> {
        let head = self.resolve("HEAD")?;
        let mut arguments = vec!["commit-tree", tree];
        arguments.extend(head.iter().flat_map(|head| ["-p", head.as_str()]));
        Ok(self.in_work_tree(top, &arguments, b"the working tree\n".to_vec())?.trim().to_owned())
    }

    /// Changes entries of the index, without a look at the working tree.
    fn index_info(&self, top: &Path, lines: Vec<u8>) -> Result<(), GitError> {
        self.in_work_tree(top, &["update-index", "-z", "--index-info"], lines).map(drop)
    }

    fn in_work_tree(&self, top: &Path, arguments: &[&str], input: Vec<u8>) -> Result<String, GitError> {
        self.git().run_in_work_tree(top, arguments, input)?.text(self.git())
    }

    fn unreadable(&self, what: &str, error: &std::io::Error) -> GitError {
        GitError::Unreadable { path: self.place().git.clone(), why: format!("{what}: {error}") }
    }
}

/// `100644 ID 0<tab>PATH`
fn entry(line: &[u8]) -> Option<(&str, Vec<u8>)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    Some((std::str::from_utf8(&line[..tab]).ok()?, line[tab + 1..].to_vec()))
}

/// A line of `update-index --index-info` that removes a path. The id is not read.
fn removal(path: &[u8]) -> Vec<u8> {
    [b"0 ", "0".repeat(40).as_bytes(), b"\t", path, b"\0"].concat()
}

/// Whether git stores what stands at the path: a file or a link. A pipe is none, and what lies behind a link is another file.
fn is_file(top: &Path, path: &[u8]) -> bool {
    let found = top.join(os_path(path)).symlink_metadata();
    found.is_ok_and(|found| found.is_file() || found.is_symlink()) && !leads_through_link(top, path)
}

/// Whether a folder of the path is a link.
fn leads_through_link(top: &Path, path: &[u8]) -> bool {
    let whole = top.join(os_path(path));
    whole.ancestors().skip(1).take_while(|folder| *folder != top).any(Path::is_symlink)
}

#[cfg(unix)]
pub(crate) fn os_path(path: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(path))
}

#[cfg(not(unix))]
pub(crate) fn os_path(path: &[u8]) -> std::path::PathBuf {
    std::path::PathBuf::from(String::from_utf8_lossy(path).into_owned())
}

/// Copies the index. The copy keeps the time of change: git compares a file's content if the file is not older than that.
fn copy_index(place: &ClonePlace, closed: &ClosedFolder) -> std::io::Result<()> {
    for entry in std::fs::read_dir(&place.git)? {
        let name = entry?.file_name();
        let is_index = name == "index" || name.as_encoded_bytes().starts_with(b"sharedindex.");
        let file = place.git.join(&name);
        if is_index && std::fs::metadata(&file)?.is_file() {
            let copy = closed.git().join(&name);
            std::fs::copy(&file, &copy)?;
            let changed = std::fs::metadata(&file)?.modified()?;
            std::fs::File::options().write(true).open(&copy)?.set_modified(changed)?;
        }
    }
    Ok(())
}
