//! Owns the files of a repository as this crate sees them: listed once, then read one by one within a limit.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::GraphError;
use crate::paths::join;

/// More files and folders than any known repository has.
const MOST_ENTRIES: usize = 2_000_000;

/// Folders that hold what a package manager or git wrote, and no project.
const SKIPPED: [&str; 4] = [".git", "node_modules", "bower_components", ".yarn"];

/// The files of a repository, by their paths from its top, with `/`.
pub trait RepositoryFiles {
    /// Every regular file.
    fn paths(&self) -> &BTreeSet<String>;

    /// Every symbolic link. None of them is followed.
    fn links(&self) -> &BTreeSet<String>;

    /// The content of a listed file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has more than `most` bytes.
    fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>>;
}

/// The files of a folder on this machine.
#[derive(Debug)]
pub struct FolderFiles {
    top: PathBuf,
    paths: BTreeSet<String>,
    links: BTreeSet<String>,
}

impl FolderFiles {
    /// Lists a folder. `.git`, `node_modules` and folders with `CACHEDIR.TAG`, which cargo writes its output to, are left out.
    ///
    /// # Errors
    ///
    /// A folder cannot be listed, or there are more than two million files.
    pub fn open(top: &Path) -> Result<Self, GraphError> {
        let mut files = Self { top: top.to_owned(), paths: BTreeSet::default(), links: BTreeSet::default() };
        let mut folders = vec![String::new()];
        let mut entries = 0;
        while let Some(folder) = folders.pop() {
            let listed = files.list(&folder)?;
            entries += listed.len();
            if entries > MOST_ENTRIES {
                return Err(GraphError::TooManyFiles { path: top.to_owned(), most: MOST_ENTRIES });
            }
            if folder.is_empty() || listed.iter().all(|entry| entry.file_name() != "CACHEDIR.TAG") {
                listed.iter().try_for_each(|entry| files.add(&folder, entry, &mut folders))?;
            }
        }
        Ok(files)
    }

    fn list(&self, folder: &str) -> Result<Vec<DirEntry>, GraphError> {
        let path = if folder.is_empty() { self.top.clone() } else { self.top.join(folder) };
        let listed = fs::read_dir(&path).and_then(Iterator::collect);
        listed.map_err(|source| GraphError::List { path, source })
    }

    /// Adds a file or a link, or remembers a folder. Pipes, sockets and devices are left out: reading a pipe could wait without a limit.
    fn add(&mut self, folder: &str, entry: &DirEntry, folders: &mut Vec<String>) -> Result<(), GraphError> {
        let kind = entry.file_type().map_err(|source| GraphError::List { path: entry.path(), source })?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = join(folder, &name);
        if kind.is_symlink() {
            self.links.insert(path);
        } else if kind.is_file() {
            self.paths.insert(path);
        } else if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            folders.push(path);
        }
        Ok(())
    }
}

impl RepositoryFiles for FolderFiles {
    fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    fn links(&self) -> &BTreeSet<String> {
        &self.links
    }

    fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        if !self.paths.contains(path) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let mut content = Vec::new();
        File::open(self.top.join(path))?.take(most.saturating_add(1)).read_to_end(&mut content)?;
        match u64::try_from(content.len()) {
            Ok(size) if size <= most => Ok(content),
            _ => Err(io::Error::other(format!("has more than {most} bytes"))),
        }
    }
}
