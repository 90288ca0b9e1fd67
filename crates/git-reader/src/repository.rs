//! Owns [`Repository`]: the questions about one git repository.

use std::collections::BTreeSet;
use std::path::Path;

use crate::command::GitFolder;
use crate::names::{branch_of, is_ref_name};
use crate::{Commit, CommittedFile, Difference, GitError, TreeEntry, commit, difference};

/// A git repository: bare or not, shallow, or a linked worktree.
///
/// A branch is `refs/heads/NAME`, or else `refs/remotes/origin/NAME`: a clone may know a pushed branch only as the remote's.
///
/// Every question fails with [`GitError`] if git cannot be run, or reports an error other than "there is none". git 2.31 or
/// newer is required.
#[derive(Debug, Clone)]
pub struct Repository {
    git: GitFolder,
}

impl Repository {
    /// Opens the repository that contains the folder `path`, as git finds it.
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
    /// [`GitError::NotARepository`] if `path` is no folder, or no git repository contains it.
    pub fn open(path: &Path) -> Result<Repository, GitError> {
        let git = GitFolder::discover(path)?;
        Ok(Repository { git })
    }

    /// The repository's git folder.
    pub fn folder(&self) -> &Path {
        self.git.path()
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
        let peeled = format!("{rev}^{{commit}}");
        let output = self.git.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled])?;
        output.line_or_none(&self.git)
    }

    /// The names of all branches, in byte order.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn branches(&self) -> Result<Vec<String>, GitError> {
        let output =
            self.git.run(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin"])?;
        let refs = output.text(&self.git)?;
        let names = refs.lines().filter(|name| *name != "refs/remotes/origin/HEAD").filter_map(branch_of);
        Ok(names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The id of the commit at the tip of the branch `name`; `None` if there is no such branch.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn branch_head(&self, name: &str) -> Result<Option<String>, GitError> {
        if !is_ref_name(name) {
            return Ok(None);
        }
        match self.resolve(&format!("refs/heads/{name}"))? {
            Some(id) => Ok(Some(id)),
            None => self.resolve(&format!("refs/remotes/origin/{name}")),
        }
    }

    /// The name of the default branch: the remote's, else `main`, else `master`, else the branch that is checked out.
    ///
    /// The checked-out branch comes last because a clone without a remote often has a working branch checked out. Only a branch
    /// that has a commit counts, so an empty repository has no default branch.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn default_branch(&self) -> Result<Option<String>, GitError> {
        let remote = self.symbolic_branch("refs/remotes/origin/HEAD")?;
        let local = self.symbolic_branch("HEAD")?;
        let usual = ["main", "master"].map(|name| Some(name.to_owned()));
        for name in [remote].into_iter().chain(usual).chain([local]).flatten() {
            if self.branch_head(&name)?.is_some() {
                return Ok(Some(name));
            }
        }
        Ok(None)
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

    /// The bytes of the blob `id`.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if there is no such blob.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, GitError> {
        self.git.run(&["cat-file", "blob", id])?.bytes(&self.git)
    }

    fn symbolic_branch(&self, name: &str) -> Result<Option<String>, GitError> {
        let output = self.git.run(&["symbolic-ref", "--quiet", name])?;
        Ok(output.line_or_none(&self.git)?.and_then(|target| branch_of(&target).map(str::to_owned)))
    }
}
