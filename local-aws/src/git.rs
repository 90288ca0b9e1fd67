//! Owns the questions asked of one git repository, through the git command.
//!
//! One process a question, no shell, and nothing is written, but for the branches of a repository that a world built: a
//! clone that a person works in is safe here. Users'
//! and machines' git configuration does not change an answer, replace refs and grafts are not followed, and a partial
//! clone never reaches for the network (git 2.45 and newer).

mod command;
mod commit;
mod diff;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use command::Git;
pub(crate) use command::plain as plain_command;
pub use commit::{Commit, Person};
pub use diff::{Blob, Change, Difference};

/// Why git could not answer. That something does not exist is an answer (`None`), never one of these.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("failed to run `git {operation}` in {repository}")]
    Run { operation: String, repository: PathBuf, source: std::io::Error },
    #[error("`git {operation}` failed in {repository}: {stderr}")]
    Failed { operation: String, repository: PathBuf, stderr: String },
    #[error("`git {operation}` answered something else than expected in {repository}: {answer}")]
    Unexpected { operation: String, repository: PathBuf, answer: String },
    #[error("{path} is not a git repository: {stderr}")]
    NotARepository { path: PathBuf, stderr: String },
}

/// A git repository: bare or not, shallow, or a linked worktree.
///
/// A branch is `refs/heads/NAME`, or else `refs/remotes/origin/NAME`: in a clone, what was pushed may only be known as
/// the remote's.
///
/// Every question fails with [`GitError`] when git cannot be run or reports something else than "there is none". Git
/// 2.31 or newer is needed.
#[derive(Debug, Clone)]
pub struct Repository {
    git: Git,
}

/// A file of a commit's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub content: Vec<u8>,
    /// It is a symbolic link, and its content is the link's target, as in git.
    pub is_link: bool,
}

impl Repository {
    /// Opens the repository that `path` is, or is inside of, as git itself finds it.
    pub fn open(path: &Path) -> Result<Repository, GitError> {
        let git = Git::discover(path)?;
        Ok(Repository { git })
    }

    /// The repository's git folder.
    pub fn folder(&self) -> &Path {
        self.git.folder()
    }

    /// The id of the commit that `rev` names, in any way git understands; `None` when it names none.
    pub fn resolve(&self, rev: &str) -> Result<Option<String>, GitError> {
        if rev.contains(['\0', '\n']) {
            return Ok(None);
        }
        let peeled = format!("{rev}^{{commit}}");
        let asked = self.git.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled])?;
        asked.line_or_none(&self.git)
    }

    /// Every branch, in byte order.
    pub fn branches(&self) -> Result<Vec<String>, GitError> {
        let asked =
            self.git.ask(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin"])?;
        let refs = asked.text(&self.git)?;
        let names = refs.lines().filter(|name| *name != "refs/remotes/origin/HEAD").filter_map(branch_of);
        Ok(names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The commit at the tip of branch `name`; `None` when there is no such branch.
    pub fn branch_head(&self, name: &str) -> Result<Option<String>, GitError> {
        if !is_ref_name(name) {
            return Ok(None);
        }
        match self.resolve(&format!("refs/heads/{name}"))? {
            Some(id) => Ok(Some(id)),
            None => self.resolve(&format!("refs/remotes/origin/{name}")),
        }
    }

    /// Creates, moves or deletes (`None`) a branch: only for a repository that is nobody's work.
    pub(crate) fn point_branch(&self, name: &str, commit: Option<&str>) -> Result<(), GitError> {
        let reference = format!("refs/heads/{name}");
        let asked = match commit {
            Some(commit) => self.git.ask(&["update-ref", &reference, commit])?,
            None => self.git.ask(&["update-ref", "-d", &reference])?,
        };
        asked.bytes(&self.git).map(drop)
    }

    /// The remote's default branch, else `main`, else `master`, else the branch that is checked out: whoever works on
    /// a branch of a clone without a remote still means `main`.
    ///
    /// Only a branch that has a commit counts, so an empty repository has none.
    pub fn default_branch(&self) -> Result<Option<String>, GitError> {
        let remote = self.symbolic("refs/remotes/origin/HEAD")?;
        let local = self.symbolic("HEAD")?;
        let usual = ["main", "master"].map(|name| Some(name.to_owned()));
        for name in [remote].into_iter().chain(usual).chain([local]).flatten() {
            if self.branch_head(&name)?.is_some() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// The best common ancestor of two commits; `None` when they share no history (a shallow clone may not know it).
    ///
    /// Both must be there: one that is not is [`GitError::Failed`].
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, GitError> {
        self.git.ask(&["merge-base", "--end-of-options", one, other])?.line_or_none(&self.git)
    }

    /// What changed between the trees of two commits (`git diff OLD NEW`, two dots), renames as a delete and an add.
    ///
    /// `before` left out compares with the empty tree. The order is that of the paths' bytes. Git's output is read as
    /// it comes, so a whole Linux tree costs only its list. A path that is not UTF-8 comes with replacement characters.
    /// A commit that is not there is [`GitError::Failed`]: ask [`Repository::resolve`] first.
    pub fn differences(&self, before: Option<&str>, after: &str) -> Result<Vec<Difference>, GitError> {
        diff::read(&self.git, before, after)
    }

    /// The commit that `id` names; `None` when there is none.
    pub fn commit(&self, id: &str) -> Result<Option<Commit>, GitError> {
        commit::read(&self.git, id)
    }

    /// A file at a commit; `None` when the path is not there, or is a folder or a submodule.
    pub fn file(&self, commit: &str, path: &str) -> Result<Option<File>, GitError> {
        match self.entry(commit, path)? {
            Some(entry) if entry.kind == "blob" => {
                Ok(Some(File { content: self.blob(&entry.id)?, is_link: entry.mode == "120000" }))
            }
            _ => Ok(None),
        }
    }

    /// What is at `path` in a commit's tree: a file, a folder or a submodule.
    pub(crate) fn entry(&self, commit: &str, path: &str) -> Result<Option<Entry>, GitError> {
        if path.contains('\0') {
            return Ok(None);
        }
        let arguments = ["ls-tree", "-z", "-l", "--full-tree", "--end-of-options", commit, "--", path];
        let listed = self.git.ask(&arguments)?.bytes(&self.git)?;
        Ok(listed.split(|byte| *byte == 0).find_map(|line| Entry::parse(line, path)))
    }

    /// A blob's bytes.
    pub(crate) fn blob(&self, id: &str) -> Result<Vec<u8>, GitError> {
        self.git.ask(&["cat-file", "blob", id])?.bytes(&self.git)
    }

    fn symbolic(&self, name: &str) -> Result<Option<String>, GitError> {
        let asked = self.git.ask(&["symbolic-ref", "--quiet", name])?;
        Ok(asked.line_or_none(&self.git)?.and_then(|target| branch_of(&target).map(str::to_owned)))
    }
}

/// One line of `git ls-tree -l`.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) mode: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    /// In bytes; `None` for what has no size (a folder, a submodule, a blob that a partial clone lacks).
    pub(crate) size: Option<u64>,
}

impl Entry {
    fn parse(line: &[u8], wanted: &str) -> Option<Entry> {
        let line = std::str::from_utf8(line).ok()?;
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split_ascii_whitespace().map(str::to_owned);
        let entry = Entry {
            mode: facts.next()?,
            kind: facts.next()?,
            id: facts.next()?,
            size: facts.next().and_then(|size| size.parse().ok()),
        };
        (path == wanted).then_some(entry)
    }
}

/// `refs/heads/a/b` and `refs/remotes/origin/a/b` are both branch `a/b`.
fn branch_of(reference: &str) -> Option<&str> {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/remotes/origin/"))
}

/// Whether git could have a ref of this name: keeps `main~1` or `x^{tree}` from being read as an expression.
pub(crate) fn is_ref_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let unfit = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    !name.contains(forbidden)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name != "@"
        && !name.split('/').any(unfit)
}

/// The longest part between two `/` of a ref that git can write as a file: 255 bytes, of which `.lock` takes five.
pub(crate) const LONGEST_PART: usize = 250;

/// Whether every part of a ref's name is short enough to be written as a file.
pub(crate) fn can_be_written(name: &str) -> bool {
    name.split('/').all(|part| part.len() <= LONGEST_PART)
}

/// Whether `text` is a whole object id (SHA-1 or SHA-256).
pub(crate) fn is_full_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests;
