//! Refuses a clone in which git could wait without end: a pipe or a device in the place of a file, or folders of references that
//! links lead round in a circle.
//!
//! git opens what it finds. Opening a pipe ends once another process writes to it, and a device may never end.

use std::collections::BTreeSet;
use std::fs::{DirEntry, Metadata};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use crate::GitError;
use crate::place::{ClonePlace, bytes_at_most};
use crate::work_tree::os_path;

/// The largest list of alternates that is read, in bytes.
const LARGEST_LIST: u64 = 1024 * 1024;

/// The most folders of objects that alternates may name, and those of the alternates.
const MOST_ALTERNATES: usize = 100;

/// The files of a working tree that git opens only to learn how to treat other files.
const SPECIAL_NAMES: [&str; 2] = [".gitattributes", ".gitignore"];

/// Fails if git could wait without end in one of the `files`, the references or the objects.
pub(crate) fn check_git_folders(place: &ClonePlace, files: &[&str]) -> std::result::Result<(), GitError> {
    let folders = BTreeSet::from([&place.git, &place.common]);
    let checked = folders.into_iter().try_for_each(|folder| {
        files.iter().try_for_each(|name| check(&folder.join(name)))?;
        ["refs", "reftable", "logs/refs"].iter().try_for_each(|name| references(&folder.join(name)))
    });
    let checked = checked.and_then(|()| all_objects(place.common.join("objects")));
    checked.map_err(|error| GitError::Unreadable { path: place.git.clone(), why: error.to_string() })
}

/// Fails if git could wait without end in the attributes or the ignore file of a folder of the working tree.
pub(crate) fn check_work_folder(folder: &Path) -> Result<()> {
    SPECIAL_NAMES.iter().try_for_each(|name| check(&folder.join(name)))
}

/// Every folder of the index's paths.
pub(crate) fn check_folders_of<'p>(top: &Path, paths: impl Iterator<Item = &'p [u8]>) -> Result<()> {
    let parent = |path: &'p [u8]| {
        let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        &path[..slash]
    };
    let mut folders: BTreeSet<&[u8]> = paths.map(parent).collect();
    let deepest: Vec<&[u8]> = folders.iter().copied().collect();
    for mut folder in deepest {
        while !folder.is_empty() {
            folder = parent(folder);
            if !folders.insert(folder) {
                break;
            }
        }
    }
    folders.iter().try_for_each(|folder| check_work_folder(&top.join(os_path(folder))))
}

/// Whether the path is a file, a folder or missing, also as a link's target.
fn check(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if !(found.is_file() || found.is_dir()) => Err(special(path)),
        _ => Ok(()),
    }
}

fn special(path: &Path) -> Error {
    Error::other(format!("{} is neither a file nor a folder", path.display()))
}

/// Every reference below the folder. The folder itself may be a link, and the file of a reference too.
fn references(folder: &Path) -> Result<()> {
    for entry in entries(folder)? {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            references(&entry.path())?;
        } else if is_folder(target(&entry)?.as_ref()) {
            return Err(Error::other(format!("{} is a link to a folder", entry.path().display())));
        }
    }
    Ok(())
}

/// What the entry is: of a link, its target if that exists. A pipe or a device is an error.
fn target(entry: &DirEntry) -> Result<Option<Metadata>> {
    let kind = entry.file_type()?;
    if kind.is_file() || kind.is_dir() {
        return Ok(None);
    }
    check(&entry.path())?;
    Ok(std::fs::metadata(entry.path()).ok())
}

fn is_folder(found: Option<&Metadata>) -> bool {
    found.is_some_and(Metadata::is_dir)
}

/// The folder of objects, and those that its alternates name.
fn all_objects(folder: PathBuf) -> Result<()> {
    let mut folders = vec![folder];
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        let Ok(folder) = folder.canonicalize() else { continue };
        if !seen.insert(folder.clone()) {
            continue;
        }
        if seen.len() > MOST_ALTERNATES {
            return Err(Error::other(format!("it has more than {MOST_ALTERNATES} alternates")));
        }
        objects(&folder)?;
        folders.extend(alternates(&folder)?);
    }
    Ok(())
}

/// The folders that git reads in a folder of objects, and no others.
fn objects(folder: &Path) -> Result<()> {
    let loose = (0..=255).map(|byte| format!("{byte:02x}"));
    let others = ["info", "info/commit-graphs", "pack", "pack/multi-pack-index.d"].map(str::to_owned);
    for name in loose.chain(others) {
        for entry in entries(&folder.join(name))? {
            target(&entry)?;
        }
    }
    Ok(())
}

fn alternates(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = folder.join("info/alternates");
    let bytes = match bytes_at_most(&list, LARGEST_LIST) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|error| Error::other(format!("{}: {error}", list.display())))?,
    };
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#');
    let named = |line: &[u8]| match line[0] {
        b'"' => Err(Error::other(format!("{} has a path in quotes, which is not read", list.display()))),
        _ => Ok(folder.join(os_path(line))),
    };
    lines.map(named).collect()
}

/// The entries of a folder; none if it does not exist, or is no folder.
fn entries(folder: &Path) -> Result<Vec<DirEntry>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(Error::other(format!("{}: {error}", folder.display()))),
    }
}
