//! Finds the folders of a clone without git: git would read the configuration of what it finds.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::GitError;

/// The largest `.git`, `commondir` or `HEAD` file that is read, in bytes.
const LARGEST_POINTER: u64 = 64 * 1024;

/// The folders of a clone.
#[derive(Debug, Clone)]
pub(crate) struct ClonePlace {
    /// The git folder; of a linked worktree, its folder in `worktrees/`.
    pub(crate) git: PathBuf,
    /// The git folder with objects, references and configuration: the same, unless the clone is a linked worktree.
    pub(crate) common: PathBuf,
    /// The top of the working tree; a bare repository has none.
    pub(crate) work_tree: Option<PathBuf>,
}

impl ClonePlace {
    /// The clone whose top is `path`: a working tree with `.git`, or a bare repository that no other clone contains.
    pub(crate) fn of_clone(path: &Path) -> Result<Self, GitError> {
        let top = folder(path)?;
        let dot_git = top.join(".git");
        if dot_git.exists() {
            return Self::with_common(path, pointed_to(path, &dot_git)?, Some(top));
        }
        let enclosing = enclosing(&top);
        if !is_git_folder(&top) {
            return Err(match enclosing {
                Some(clone) => inside(path, "a folder", &clone),
                None => not_a_repository(path, "there is no .git in it, and it is no bare repository"),
            });
        }
        match enclosing {
            Some(clone) => Err(inside(path, "a bare repository", &clone)),
            None => Self::with_common(path, top, None),
        }
    }

    /// The bare repository `path`, which the caller created.
    pub(crate) fn of_bare(path: &Path) -> Result<Self, GitError> {
        let git = folder(path)?;
        match is_git_folder(&git) {
            true => Self::with_common(path, git, None),
            false => Err(not_a_repository(path, "it is no bare repository")),
        }
    }

    fn with_common(path: &Path, git: PathBuf, work_tree: Option<PathBuf>) -> Result<Self, GitError> {
        let pointer = git.join("commondir");
        let common = match pointer.is_file() {
            true => {
                let text = pointer_text(&pointer).map_err(|error| unreadable(path, &pointer, &error))?;
                git.join(text).canonicalize().map_err(|error| unreadable(path, &pointer, &error))?
            }
            false => git.clone(),
        };
        match common.join("objects").is_dir() && common.join("refs").is_dir() {
            true => Ok(Self { git, common, work_tree }),
            false => Err(not_a_repository(path, &format!("{} has no objects", common.display()))),
        }
    }
}

/// The nearest folder at or above `path` that contains `.git`.
pub(crate) fn top_above(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    path.ancestors().find(|folder| is_top(folder)).map(Path::to_owned)
}

/// The content of the file `HEAD`. In old repositories, `HEAD` is a symbolic link.
pub(crate) fn head(git: &Path) -> std::io::Result<Vec<u8>> {
    let file = git.join("HEAD");
    match std::fs::read_link(&file) {
        Ok(target) => Ok(format!("ref: {}\n", target.display()).into_bytes()),
        Err(_) => pointer_bytes(&file),
    }
}

fn folder(path: &Path) -> Result<PathBuf, GitError> {
    let folder = path.canonicalize().ok().filter(|path| path.is_dir());
    folder.ok_or_else(|| not_a_repository(path, "there is no such folder"))
}

/// The git folder that `.git` is, or that the file `.git` of a linked worktree or a submodule names.
fn pointed_to(path: &Path, dot_git: &Path) -> Result<PathBuf, GitError> {
    let broken = |why: &str| not_a_repository(path, why);
    let git = match dot_git.is_file() {
        true => {
            let text = pointer_text(dot_git).map_err(|error| unreadable(path, dot_git, &error))?;
            let target =
                text.strip_prefix("gitdir: ").ok_or_else(|| broken("its .git file names no folder"))?;
            dot_git.with_file_name(target)
        }
        false => dot_git.to_owned(),
    };
    let git = git.canonicalize().map_err(|_| broken("its .git file names a folder that does not exist"))?;
    if is_git_folder(&git) { Ok(git) } else { Err(broken("its .git is no git folder")) }
}

fn is_git_folder(folder: &Path) -> bool {
    let has_objects = folder.join("objects").is_dir() && folder.join("refs").is_dir();
    folder.join("HEAD").symlink_metadata().is_ok() && (has_objects || folder.join("commondir").is_file())
}

fn is_top(folder: &Path) -> bool {
    let dot_git = folder.join(".git");
    dot_git.is_file() || is_git_folder(&dot_git)
}

/// The clone in whose working tree `path` lies. A folder inside a clone's `.git` is not content.
fn enclosing(path: &Path) -> Option<PathBuf> {
    let clone = path.ancestors().skip(1).find(|folder| is_top(folder))?;
    let is_in_git_folder = clone.join(".git").canonicalize().is_ok_and(|git| path.starts_with(git));
    (!is_in_git_folder).then(|| clone.to_owned())
}

fn pointer_text(file: &Path) -> std::io::Result<String> {
    let text = String::from_utf8(pointer_bytes(file)?).map_err(std::io::Error::other)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// The content of a small file. Anything but a file, such as a pipe, is an error: reading it might never end.
pub(crate) fn pointer_bytes(file: &Path) -> std::io::Result<Vec<u8>> {
    bytes_at_most(file, LARGEST_POINTER)
}

pub(crate) fn bytes_at_most(file: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(file)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(std::io::Error::other(format!("it has more than {most} bytes"))),
        false => Ok(bytes),
    }
}

fn not_a_repository(path: &Path, why: &str) -> GitError {
    GitError::NotARepository { path: path.to_owned(), stderr: why.to_owned() }
}

fn unreadable(path: &Path, file: &Path, error: &std::io::Error) -> GitError {
    not_a_repository(path, &format!("{} could not be read: {error}", file.display()))
}

fn inside(path: &Path, what: &'static str, clone: &Path) -> GitError {
    GitError::NotTheTop { path: path.to_owned(), what, clone: clone.to_owned() }
}
