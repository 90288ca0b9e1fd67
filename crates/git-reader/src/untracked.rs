//! Finds the untracked files of a working tree that git does not ignore, without entering another clone.
//!
//! `git ls-files --others` reads the configuration of a clone that it meets. Here the folders are listed by this crate, level
//! by level, and git answers only which names it ignores.

use std::path::Path;

use crate::GitError;
use crate::command::GitFolder;
use crate::waiting::check_work_folder;
use crate::work_tree::os_path;

const CHECK: [&str; 6] = ["check-ignore", "-z", "--stdin", "--verbose", "--non-matching", "--no-index"];

/// The untracked files, as paths from the top. A folder with `.git` is another clone, and is left out.
pub(crate) fn untracked(
    git: &GitFolder,
    top: &Path,
    is_tracked: &dyn Fn(&[u8]) -> bool,
) -> Result<Vec<Vec<u8>>, GitError> {
    let mut found = Vec::new();
    let mut folders = vec![Vec::new()];
    while !folders.is_empty() {
        let mut names = Vec::new();
        for folder in &folders {
            names.extend(listed(top, folder).map_err(|error| unreadable(top, folder, &error))?);
        }
        // A folder may stand in the place of a tracked file.
        names.retain(|entry: &ListedEntry| entry.is_folder || !is_tracked(&entry.path));
        let ignored = ignored(git, top, &names)?;
        let kept = names.into_iter().zip(ignored).filter(|(_, ignored)| !ignored).map(|(entry, _)| entry);
        let (deeper, files): (Vec<_>, Vec<_>) = kept.partition(|entry| entry.is_folder);
        found.extend(files.into_iter().map(|entry| entry.path));
        folders = deeper.into_iter().map(|entry| entry.path).collect();
    }
    Ok(found)
}

/// A file or a folder of the working tree.
#[derive(Debug)]
struct ListedEntry {
    path: Vec<u8>,
    is_folder: bool,
}

/// The files, links and folders of a folder, without `.git` and other clones.
fn listed(top: &Path, folder: &[u8]) -> std::io::Result<Vec<ListedEntry>> {
    check_work_folder(&top.join(os_path(folder)))?;
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(top.join(os_path(folder)))? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        let is_clone = || kind.is_dir() && entry.path().join(".git").symlink_metadata().is_ok();
        let counts = kind.is_dir() || kind.is_file() || kind.is_symlink();
        if !counts || name.eq_ignore_ascii_case(".git") || is_clone() {
            continue;
        }
        let separator: &[u8] = if folder.is_empty() { b"" } else { b"/" };
        let path = [folder, separator, name.as_encoded_bytes()].concat();
        entries.push(ListedEntry { path, is_folder: kind.is_dir() });
    }
    Ok(entries)
}

/// Whether git ignores each of the entries.
fn ignored(git: &GitFolder, top: &Path, entries: &[ListedEntry]) -> Result<Vec<bool>, GitError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    // `./` keeps a name such as `:x` from being read as a pathspec.
    let input = entries.iter().flat_map(|entry| [b"./", &entry.path[..], b"\0"].concat()).collect();
    let answer = git.run_in_work_tree(top, &CHECK, input)?.bytes_of_found_or_none(git)?;
    // Of each path: the file of the pattern, its line, the pattern, and the path. No pattern is an empty one.
    let fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
    let ignored: Vec<bool> = fields
        .chunks_exact(4)
        .map(|of_path| !of_path[2].is_empty() && !of_path[2].starts_with(b"!"))
        .collect();
    match ignored.len() == entries.len() {
        true => Ok(ignored),
        false => Err(git.unexpected("check-ignore", &answer)),
    }
}

fn unreadable(top: &Path, folder: &[u8], error: &std::io::Error) -> GitError {
    GitError::Unreadable { path: top.join(os_path(folder)), why: error.to_string() }
}
