//! Owns the questions about one git repository, answered by the git command: revisions, branches, files and differences.
//!
//! Each question is one git process, without a shell. Nothing is written to a clone, so a clone in use is safe. git runs in a
//! closed environment: its variables and its configuration are ours, and its objects and references are the clone's. So a clone
//! of a stranger is safe to read: no program that the clone's configuration names runs, whatever the key. Replace refs and grafts
//! are not followed, and a partial clone does not use the network.
//!
//! ```
//! # use std::process::Command;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path();
//! # let script = "git init -q -b main . && echo a > a.txt && git add . && git commit -qm one";
//! # let mut shell = Command::new("sh");
//! # for role in ["AUTHOR", "COMMITTER"] {
//! #     shell.env(format!("GIT_{role}_NAME"), "A").env(format!("GIT_{role}_EMAIL"), "a@example.com");
//! # }
//! # assert!(shell.args(["-ec", script]).current_dir(path).status().unwrap().success());
//! use git_reader::Repository;
//!
//! let repository = Repository::open(path)?;
//! assert_eq!(repository.default_branch()?.map(|branch| branch.name).as_deref(), Some("main"));
//!
//! let differences = repository.differences(None, "main")?;
//! assert_eq!(differences[0].path(), "a.txt");
//! assert_eq!(differences[0].kind.letter(), "A");
//!
//! let file = repository.file("main", "a.txt")?.expect("the commit has the file");
//! assert_eq!((file.content.as_slice(), file.mode.as_str()), (&b"a\n"[..], "100644"));
//!
//! assert_eq!(repository.resolve("no-such-branch")?, None);
//! # Ok::<(), git_reader::GitError>(())
//! ```
#![warn(missing_docs)]

mod closed_folder;
mod command;
mod commit;
mod configuration;
mod difference;
mod environment;
mod error;
mod line_difference;
mod names;
mod place;
mod remote;
mod repository;
mod tree;
mod untracked;
mod waiting;
mod work_tree;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use commit::{Commit, Person};
pub use difference::{Blob, Difference, DifferenceKind};
pub use environment::isolated_command;
pub use error::GitError;
pub use line_difference::{Hunk, HunkLine, LineDifference, LineOptions};
pub use names::{is_full_id, is_ref_name};
pub use remote::{DefaultBranch, Remote};
pub use repository::Repository;
pub use tree::{CommittedFile, TreeEntry};
