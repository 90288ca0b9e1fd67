//! The workspace's own files, for the tests that compare what is written twice.

use std::path::PathBuf;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    pointsman::workspace::root().expect("the tests run in the workspace")
}

/// A file of it.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
