//! Owns the closed folder: a git folder of our own, through which git reads the objects and references of a clone.
//!
//! git reads its configuration, hooks and attributes from its git folder. In the closed folder these are ours, or missing. The
//! objects are the clone's, as alternates; the references are links to the clone's. So git answers as in the clone, and no
//! configuration of the clone exists for it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::configuration::{CloneConfiguration, LARGEST};
use crate::place::{ClonePlace, bytes_at_most, head};
use crate::waiting::check_git_folders;
use crate::{GitError, isolated_command};

/// What git reads of a git folder that several worktrees share.
const SHARED: [&str; 5] = ["packed-refs", "refs", "reftable", "logs", "shallow"];

/// What git reads of a worktree's own git folder.
const OWN: [&str; 9] = [
    "refs",
    "reftable",
    "logs",
    "CHERRY_PICK_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "ORIG_HEAD",
    "REBASE_HEAD",
    "REVERT_HEAD",
];

/// Patterns and attributes beside those of the working tree.
const INFO: [&str; 2] = ["info/exclude", "info/attributes"];

/// A git folder of our own, beside the clone. It is deleted with the value.
#[derive(Debug)]
pub(crate) struct ClosedFolder {
    folder: TempDir,
    objects: [(&'static str, OsString); 2],
    configuration: CloneConfiguration,
}

impl ClosedFolder {
    /// Creates the folder for a clone.
    pub(crate) fn of(place: &ClonePlace) -> Result<Self, GitError> {
        let files = [&SHARED[..], &OWN[..], &["logs/HEAD"], &INFO[..]].concat();
        check_git_folders(place, &files)?;
        let failed =
            |error: std::io::Error| unreadable(place, format!("no folder could be prepared: {error}"));
        let folder = TempDir::with_prefix("git-reader-").map_err(failed)?;
        let configuration = configuration(place, folder.path())?;
        let own_objects = folder.path().join("git/objects").into_os_string();
        let objects = [
            ("GIT_OBJECT_DIRECTORY", own_objects),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(&place.common.join("objects"))),
        ];
        let closed = Self { folder, objects, configuration };
        closed.fill(place).map_err(failed)?;
        Ok(closed)
    }

    /// The git folder.
    pub(crate) fn git(&self) -> PathBuf {
        self.folder.path().join("git")
    }

    /// The index that belongs to the folder; it exists once the working tree was read.
    pub(crate) fn index(&self) -> PathBuf {
        self.git().join("index")
    }

    /// The variables that name the objects: new ones are ours, and those of the clone are only read.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.objects.iter().map(|(name, value)| (*name, value))
    }

    pub(crate) fn configuration(&self) -> &CloneConfiguration {
        &self.configuration
    }

    fn fill(&self, place: &ClonePlace) -> std::io::Result<()> {
        let git = self.git();
        let common = match place.git == place.common {
            true => git.clone(),
            false => self.folder.path().join("common"),
        };
        for folder in [&git, &common] {
            std::fs::create_dir_all(folder.join("objects"))?;
            std::fs::create_dir_all(folder.join("info"))?;
        }
        std::fs::write(git.join("HEAD"), head(&place.git)?)?;
        if git != common {
            std::fs::write(git.join("commondir"), "../common\n")?;
            std::fs::write(common.join("HEAD"), head(&place.common)?)?;
        }
        std::fs::write(common.join("config"), self.configuration.written())?;
        SHARED.iter().try_for_each(|name| link(&place.common.join(name), &common.join(name)))?;
        OWN.iter().try_for_each(|name| link(&place.git.join(name), &git.join(name)))?;
        // Patterns and attributes are data; an attribute can only name a driver, and no driver is configured.
        INFO.iter().try_for_each(|name| link(&place.common.join(name), &common.join(name)))
    }
}

/// The allowed part of the clone's configuration. git parses a copy of the file: alone, and without what it includes.
fn configuration(place: &ClonePlace, folder: &Path) -> Result<CloneConfiguration, GitError> {
    let file = place.common.join("config");
    if file.symlink_metadata().is_err() {
        return Ok(CloneConfiguration::default());
    }
    let refused = |why: String| unreadable(place, format!("{}: {why}", file.display()));
    let copy = folder.join("clone-configuration");
    let bytes = bytes_at_most(&file, LARGEST).map_err(|error| refused(error.to_string()))?;
    std::fs::write(&copy, bytes).map_err(|error| refused(error.to_string()))?;
    let mut list = isolated_command(folder);
    list.args(["config", "--file"]).arg(&copy).args(["--no-includes", "--list", "-z"]);
    let output = list.output().map_err(|source| GitError::Run {
        operation: "config".to_owned(),
        repository: place.git.clone(),
        source,
    })?;
    if !output.status.success() {
        // git names the copy, which the operator does not have.
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(refused(stderr.trim().replace(&format!(" in file {}", copy.display()), "")));
    }
    CloneConfiguration::parse(&output.stdout).map_err(refused)
}

fn unreadable(place: &ClonePlace, why: String) -> GitError {
    GitError::Unreadable { path: place.git.clone(), why }
}

/// Links to a file or a folder of the clone. A link to a file that does not exist yet leads to it once it does.
#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    if at.symlink_metadata().is_ok() { Ok(()) } else { std::os::unix::fs::symlink(target, at) }
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("this system has no symbolic links as Unix has them"))
}

/// A path as `GIT_ALTERNATE_OBJECT_DIRECTORIES` takes any: in C's quotes.
fn quoted(path: &Path) -> OsString {
    let mut out = OsString::from("\"");
    let text = path.as_os_str();
    match text.as_encoded_bytes().iter().any(|byte| matches!(byte, b'"' | b'\\')) {
        // Quotes and backslashes are ASCII, so they may be escaped in the lossy text only if nothing is lost.
        true => out.push(text.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"")),
        false => out.push(text),
    }
    out.push("\"");
    out
}
