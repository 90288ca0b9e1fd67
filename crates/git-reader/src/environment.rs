//! Owns the closed environment of git: which variables a git process has, and that no program but git is in its reach.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// The variables of the caller that a git process keeps, beside `PATH`: none of them is git's.
const KEPT: [&str; 6] =
    ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DEVELOPER_DIR", "TMPDIR", "SystemRoot", "SystemDrive"];

/// The variables that every git process gets.
///
/// git 2.31 does not know `GIT_CONFIG_GLOBAL` (2.32) and `GIT_NO_LAZY_FETCH` (2.45). For such a git, the user's
/// configuration is missing because no home folder exists, and nothing is fetched because no remote is configured.
const SET: [(&str, &str); 16] = [
    ("HOME", "/dev/null"),
    ("XDG_CONFIG_HOME", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_PROTOCOL_FROM_USER", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("LC_ALL", "C"),
    ("TZ", "UTC"),
];

/// A git command on the git folder `folder`, which the caller created itself.
///
/// The environment is built from a list of what is allowed. The configuration of the user and the machine is off, and git
/// neither searches for a repository nor reads another configuration than that of `folder`. The command runs in `folder`.
///
/// Never pass the git folder of a clone: git would read the clone's configuration, which can name programs.
/// [`Repository`](crate::Repository) reads a clone through a git folder of its own.
///
/// ```
/// let folder = std::env::temp_dir();
/// let version = git_reader::isolated_command(&folder).arg("--version").output().unwrap();
/// assert!(version.stdout.starts_with(b"git version"));
/// ```
pub fn isolated_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    let kept = KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.envs(kept).envs(SET).env("PATH", absolute_path()).env("GIT_DIR", folder);
    command
}

/// The caller's `PATH` without relative and empty entries: those would name a folder below git's current folder.
fn absolute_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let entries = std::env::split_paths(&path).filter(|entry| entry.is_absolute());
    std::env::join_paths(entries).unwrap_or_default()
}
