//! Owns the questions about one git repository, answered by the git command: revisions, branches, files and differences.
//!
//! Each question is one git process, without a shell. Nothing is written, so a clone in use is safe. The git configuration of
//! the user and the machine does not change an answer, replace refs and grafts are not followed, and a partial clone does not
//! use the network (git 2.45 and newer).
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
//! assert_eq!(repository.default_branch()?.as_deref(), Some("main"));
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

mod command;
mod commit;
mod difference;
mod error;
mod names;
mod repository;
mod tree;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use command::isolated_command;
pub use commit::{Commit, Person};
pub use difference::{Blob, Difference, DifferenceKind};
pub use error::GitError;
pub use names::{is_full_id, is_ref_name};
pub use repository::Repository;
pub use tree::{CommittedFile, TreeEntry};
