//! Owns the remotes of a clone, and the default branch as the server has it.

use std::collections::BTreeSet;

use crate::command::GitFolder;
use crate::names::is_ref_name;
use crate::{GitError, Repository};

const REMOTES: &str = "refs/remotes/";

/// A remote of a clone, as the clone's configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// The name, `origin` for example.
    pub name: String,
    /// The URLs, in the order of the configuration.
    pub urls: Vec<String>,
    /// What is fetched: `+refs/heads/*:refs/remotes/origin/*`.
    pub(crate) fetches: Vec<String>,
}

/// The default branch of a clone's server, as far as the clone knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultBranch {
    /// The branch's name.
    pub name: String,
    /// The id of its head: the remote's head if the clone has one, else that of the local branch.
    pub head: String,
    /// The remote whose head this is; `None` if the clone has no remote-tracking branch of that name.
    pub remote: Option<String>,
    /// Whether the clone records the remote's default branch. If not, the name is an assumption.
    pub is_recorded: bool,
}

impl DefaultBranch {
    fn local(name: &str, head: String) -> Self {
        Self { name: name.to_owned(), head, remote: None, is_recorded: false }
    }
}

impl Repository {
    /// The remotes that the clone's configuration names, in its order.
    pub fn remotes(&self) -> &[Remote] {
        &self.configuration().remotes
    }

    /// The same repository, with `remote` as the remote whose branches count.
    #[must_use]
    pub fn with_remote(mut self, remote: &str) -> Self {
        self.remote = Some(remote.to_owned());
        self
    }

    /// The remote whose branches count: the one of [`with_remote`](Self::with_remote), else the remote that the current branch
    /// follows, else `origin`, else the first in byte order. Only a remote with a remote-tracking branch counts.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn remote(&self) -> Result<Option<String>, GitError> {
        let tracked = self.tracked_remotes()?;
        let current = self.current_branch()?;
        let followed = current.and_then(|branch| self.configuration().remote_of(&branch).map(str::to_owned));
        let usual = [self.remote.clone(), followed, Some("origin".to_owned()), tracked.first().cloned()];
        Ok(usual.into_iter().flatten().find(|name| tracked.contains(name)))
    }

    /// The default branch: the remote's recorded one, else the remote's `main` or `master`, else the local `main` or `master`,
    /// else the branch that is checked out, else the remote's only branch.
    ///
    /// The head of the remote counts before the local branch, which may be out of date. Only a branch that has a commit counts,
    /// so an empty repository has no default branch.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git fails.
    pub fn default_branch(&self) -> Result<Option<DefaultBranch>, GitError> {
        let remote = self.remote()?;
        if let Some(found) = self.recorded_default(remote.as_deref().unwrap_or("origin"))? {
            return Ok(Some(found));
        }
        for name in ["main", "master"] {
            if let Some(found) = self.default_at(remote.as_deref(), name)? {
                return Ok(Some(found));
            }
        }
        let current = self.current_branch()?;
        for name in ["main", "master"].into_iter().chain(current.as_deref()) {
            if let Some(head) = self.local_head(name)? {
                return Ok(Some(DefaultBranch::local(name, head)));
            }
        }
        match &self.branches()?[..] {
            [only] => self.default_at(remote.as_deref(), only),
            _ => Ok(None),
        }
    }

    /// The default branch that the clone records for the remote. Its head is local if the clone lacks the remote's.
    fn recorded_default(&self, remote: &str) -> Result<Option<DefaultBranch>, GitError> {
        let prefix = format!("{REMOTES}{remote}/");
        let target = symbolic(self.git(), &format!("{prefix}HEAD"))?;
        let Some(name) = target.as_deref().and_then(|target| target.strip_prefix(&prefix)) else {
            return Ok(None);
        };
        let found = match self.default_at(Some(remote), name)? {
            Some(found) => Some(found),
            None => self.local_head(name)?.map(|head| DefaultBranch::local(name, head)),
        };
        Ok(found.map(|found| DefaultBranch { is_recorded: true, ..found }))
    }

    fn default_at(&self, remote: Option<&str>, name: &str) -> Result<Option<DefaultBranch>, GitError> {
        let Some(remote) = remote else { return Ok(None) };
        let remote_branch = |head| DefaultBranch {
            name: name.to_owned(),
            head,
            remote: Some(remote.to_owned()),
            is_recorded: false,
        };
        Ok(self.remote_head(remote, name)?.map(remote_branch))
    }

    /// The names of the remotes that have a remote-tracking branch. A configured name may contain a slash.
    fn tracked_remotes(&self) -> Result<BTreeSet<String>, GitError> {
        let refs = self.git().run(&["for-each-ref", "--format=%(refname)", REMOTES])?.text(self.git())?;
        let of_ref = |name: &str| {
            let rest = name.strip_prefix(REMOTES)?;
            let mut folders = rest.rmatch_indices('/').map(|(slash, _)| &rest[..slash]);
            let longest = folders.find(|name| self.configuration().has_remote(name) && is_ref_name(name));
            longest.or_else(|| rest.split_once('/').map(|(name, _)| name)).map(str::to_owned)
        };
        Ok(refs.lines().filter_map(of_ref).collect())
    }
}

/// The target of a symbolic reference.
pub(crate) fn symbolic(git: &GitFolder, name: &str) -> Result<Option<String>, GitError> {
    git.run(&["symbolic-ref", "--quiet", name])?.line_or_none(git)
}
