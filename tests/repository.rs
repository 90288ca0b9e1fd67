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

/// Folders that hold no file of the project.
const NOT_OURS: [&str; 5] = [".git", ".tools", ".aws-sam", "target", "node_modules"];

/// Every file of it, in order.
pub(crate) fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("a folder can be listed").path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !path.is_dir() {
                files.push(path);
            } else if !NOT_OURS.contains(&name) {
                folders.push(path);
            }
        }
    }
    files.sort();
    files
}

/// A file's path from the workspace's folder, with slashes.
pub(crate) fn relative(path: &std::path::Path) -> String {
    let root = root();
    let path = path.strip_prefix(&root).unwrap_or(path);
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
