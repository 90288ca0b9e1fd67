//! Owns [`Repository`]: the questions about one git repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::closed_folder::ClosedFolder;
use crate::command::GitFolder;
use crate::configuration::CloneConfiguration;
use crate::line_difference::{LineDifference, LineOptions};
use crate::names::is_ref_name;
use crate::place::{ClonePlace, top_above};
use crate::remote::symbolic;
use crate::{Commit, CommittedFile, Difference, GitError, TreeEntry, commit, difference, line_difference};

const HEADS: &str = "refs/heads/";

/// A git repository: bare or not, shallow, a linked worktree, or a submodule.
///
/// A branch is `refs/heads/NAME`, or else that of the [remote](Repository::remote): a clone may know a pushed branch only as the
/// remote's.
///
/// Every question fails with [`GitError`] if git cannot be run, or reports an error other than "there is none". git 2.31 or
/// newer is required.
#[derive(Debug, Clone)]
pub struct Repository {
    git: GitFolder,
    place: ClonePlace,
    /// The remote that the caller chose.
    pub(crate) remote: Option<String>,
}

impl Repository {
    /// Opens the clone whose top is the folder `path`: the folder that contains `.git`, or a bare repository.
    ///
    /// No folder above is searched. A bare repository inside the working tree of another clone is content of that clone, and is
    /// refused. The owner of the clone is not checked: nothing of the clone's configuration is followed.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// let error = git_reader::Repository::open(Path::new("/nowhere")).unwrap_err();
    /// assert_eq!(error.to_string(), "/nowhere is not a git repository: there is no such folder");
    /// ```
    ///
    /// # Errors
    ///
    /// [`GitError::NotARepository`] if `path` is no folder or no git repository, [`GitError::NotTheTop`] if a clone contains it,
    /// [`GitError::Unreadable`] for a format that this crate does not know.
    pub fn open(path: &Path) -> Result<Repository, GitError> {
        Repository::at(ClonePlace::of_clone(path)?)
    }

    /// Opens the bare repository `path`, which the caller created. The folders above do not matter.
    ///
    /// # Errors
    ///
    /// [`GitError::NotARepository`] if `path` is no bare repository.
    pub fn open_bare(path: &Path) -> Result<Repository, GitError> {
        Repository::at(ClonePlace::of_bare(path)?)
    }

    /// The top of the clone that contains the folder `path`; `None` if no folder at or above it contains `.git`.
    pub fn top_above(path: &Path) -> Option<PathBuf> {
        top_above(path)
    }

    fn at(place: ClonePlace) -> Result<Repository, GitError> {
        let git = GitFolder::new(place.git.clone(), ClosedFolder::of(&place)?);
        let repository = Repository { git, place, remote: None };
        // git refuses here what it cannot read, such as a format that is newer than this git.
        repository.git.run(&["rev-parse", "--git-dir"])?.bytes(&repository.git)?;
        Ok(repository)
    }

    /// The repository's git folder.
    pub fn folder(&self) -> &Path {
        self.git.path()
    }

    /// The top of the working tree; `None` for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.place.work_tree.as_deref()
    }

    pub(crate) fn git(&self) -> &GitFolder {
        &self.git
    }

    pub(crate) fn place(&self) -> &ClonePlace {
        &self.place
    }

    pub(crate) fn configuration(&self) -> &CloneConfiguration {
        self.git.closed().configuration()
    }

    /// The id of the commit that `rev` names, in any form that git understands; `None` if `rev` names no commit.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn resolve(&self, rev: &str) -> Result<Option<String>, GitError> {
        if rev.contains(['\0', '\n']) {
            return Ok(None);
        }
        // `:/text` searches for a message, and would search for what stands after it.
        let peeled = match rev.starts_with(':') {
            true => self.parsed(rev)?.map(|id| format!("{id}^{{commit}}")),
            false => Some(format!("{rev}^{{commit}}")),
        };
        peeled.map_or(Ok(None), |peeled| self.parsed(&peeled))
    }

    fn parsed(&self, rev: &str) -> Result<Option<String>, GitError> {
        self.git.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", rev])?.line_or_none(&self.git)
    }

    /// The names of all branches, local and of the [remote](Self::remote), in byte order.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn branches(&self) -> Result<Vec<String>, GitError> {
        let of_remote = self.remote()?.map(|remote| format!("refs/remotes/{remote}/"));
        let mut names = BTreeSet::new();
        for prefix in [Some(HEADS), of_remote.as_deref()].into_iter().flatten() {
            let output = self.git.run(&["for-each-ref", "--format=%(refname)", prefix])?;
            let refs = output.text(&self.git)?;
            let below = refs.lines().filter_map(|name| name.strip_prefix(prefix));
            names.extend(below.filter(|name| prefix == HEADS || *name != "HEAD").map(str::to_owned));
        }
        Ok(names.into_iter().collect())
    }

    /// The branch that is checked out; `None` if a commit is checked out.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn current_branch(&self) -> Result<Option<String>, GitError> {
        let target = symbolic(&self.git, "HEAD")?;
        Ok(target.and_then(|target| target.strip_prefix(HEADS).map(str::to_owned)))
    }

    /// The id of the commit at the tip of the branch `name`; `None` if there is no such branch.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn branch_head(&self, name: &str) -> Result<Option<String>, GitError> {
        match self.local_head(name)? {
            Some(id) => Ok(Some(id)),
            None => self.head_at_remote(name),
        }
    }

    /// The newer of the branch's local head and its head at the [remote](Self::remote): the local one if it contains that of
    /// the remote, else that of the remote.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn newest_head(&self, name: &str) -> Result<Option<String>, GitError> {
        let local = self.local_head(name)?;
        if self.remotes().is_empty() && local.is_some() {
            return Ok(local);
        }
        match (local, self.head_at_remote(name)?) {
            (Some(local), Some(remote)) if self.merge_base(&local, &remote)?.as_ref() == Some(&remote) => {
                Ok(Some(local))
            }
            (local, remote) => Ok(remote.or(local)),
        }
    }

    fn head_at_remote(&self, name: &str) -> Result<Option<String>, GitError> {
        self.remote()?.map_or(Ok(None), |remote| self.remote_head(&remote, name))
    }

    pub(crate) fn local_head(&self, name: &str) -> Result<Option<String>, GitError> {
        if is_ref_name(name) { self.resolve(&format!("{HEADS}{name}")) } else { Ok(None) }
    }

    pub(crate) fn remote_head(&self, remote: &str, name: &str) -> Result<Option<String>, GitError> {
        let reference = format!("refs/remotes/{remote}/{name}");
        if is_ref_name(name) && is_ref_name(remote) { self.resolve(&reference) } else { Ok(None) }
    }

    /// The id of the best common ancestor of two commits; `None` if they share no history that this repository has.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if either commit does not exist.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, GitError> {
        self.git.run(&["merge-base", "--end-of-options", one, other])?.line_or_none(&self.git)
    }

    /// The changed files of two commits' trees (`git diff OLD NEW`, two dots), in the byte order of their paths.
    ///
    /// A rename is a deletion and an addition, so both sides are in the list. A change of mode or type is a modification. Without
    /// `before`, every file of `after` is an addition. git's output is parsed while git writes it, so the memory needed is that
    /// of the list. A path that is not UTF-8 has replacement characters.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if either commit does not exist: call [`Repository::resolve`] first.
    pub fn differences(&self, before: Option<&str>, after: &str) -> Result<Vec<Difference>, GitError> {
        difference::read(&self.git, before, after)
    }

    /// The commit that `id` names; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn commit(&self, id: &str) -> Result<Option<Commit>, GitError> {
        commit::read(&self.git, id)
    }

    /// The file at `path` in a commit's tree; `None` if the path does not exist, or is a folder or a submodule.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if the commit does not exist.
    pub fn file(&self, commit: &str, path: &str) -> Result<Option<CommittedFile>, GitError> {
        match self.entry(commit, path)? {
            Some(entry) if entry.kind == "blob" => {
                Ok(Some(CommittedFile { content: self.blob(&entry.id)?, mode: entry.mode }))
            }
            _ => Ok(None),
        }
    }

    /// The file, folder or submodule at `path` in a commit's tree.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if the commit does not exist.
    pub fn entry(&self, commit: &str, path: &str) -> Result<Option<TreeEntry>, GitError> {
        if path.contains('\0') {
            return Ok(None);
        }
        let arguments = ["ls-tree", "-z", "-l", "--full-tree", "--end-of-options", commit, "--", path];
        let listed = self.git.run(&arguments)?.bytes(&self.git)?;
        Ok(listed.split(|byte| *byte == 0).find_map(|line| TreeEntry::parse(line, path)))
    }

    /// The size of the blob `id` in bytes; `None` if there is no such blob.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn blob_size(&self, id: &str) -> Result<Option<u64>, GitError> {
        if !crate::is_full_id(id) {
            return Ok(None);
        }
        let output = self.git.run_with_input(&["cat-file", "--batch-check"], format!("{id}\n").as_bytes())?;
        let text = output.text(&self.git)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(matches!(words[..], [_, "blob", _]).then(|| words[2].parse().ok()).flatten())
    }

    /// The lines that differ between two blobs, as `git diff` prints them, without attributes and programs.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if either blob does not exist: call [`Repository::blob_size`] first.
    pub fn line_difference(
        &self,
        before: &str,
        after: &str,
        options: LineOptions,
    ) -> Result<LineDifference, GitError> {
        line_difference::read(&self.git, before, after, options)
    }

    /// The bytes of the blob `id`.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if there is no such blob.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, GitError> {
        self.git.run(&["cat-file", "blob", id])?.bytes(&self.git)
    }
}
