//! Owns the files of a clone as the build graph reads them: those that git tracks or would add, without links.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use build_graph::{BuildGraph, RepositoryFiles};
use git_reader::Repository;

/// The mode of a symbolic link, as git writes it.
const LINK: &str = "120000";
/// The mode of a submodule.
const SUBMODULE: &str = "160000";

/// The files of a working tree, or of the newest commit of a bare repository.
#[derive(Debug)]
pub(crate) struct CloneFiles<'r> {
    repository: &'r Repository,
    commit: String,
    /// The top of the working tree, whose files are read without git.
    top: Option<PathBuf>,
    paths: BTreeSet<String>,
    links: BTreeSet<String>,
}

impl<'r> CloneFiles<'r> {
    /// Lists the files.
    pub(crate) fn of(repository: &'r Repository) -> Result<Self> {
        let top = repository.work_tree().map(Path::to_owned);
        let commit = match &top {
            Some(_) => repository.commit_of_work_tree()?,
            None => newest(repository)?,
        };
        let (mut paths, mut links) = (BTreeSet::new(), BTreeSet::new());
        for blob in repository.differences(None, &commit)?.into_iter().filter_map(|file| file.after) {
            match blob.mode.as_str() {
                LINK => drop(links.insert(blob.path)),
                SUBMODULE => {}
                _ => drop(paths.insert(blob.path)),
            }
        }
        Ok(Self { repository, commit, top, paths, links })
    }

    fn committed(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        let entry = self.repository.entry(&self.commit, path).map_err(io::Error::other)?;
        let entry = entry.filter(|entry| entry.kind == "blob" && entry.mode != LINK);
        let entry = entry.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        match entry.size {
            Some(size) if size <= most => self.repository.blob(&entry.id).map_err(io::Error::other),
            Some(_) => Err(too_large(most)),
            None => Err(io::Error::other("the clone does not have its content")),
        }
    }
}

/// The head of the default branch, else HEAD.
fn newest(repository: &Repository) -> Result<String> {
    let default = repository.default_branch()?.map(|branch| branch.head);
    let head = match default {
        Some(head) => Some(head),
        None => repository.resolve("HEAD")?,
    };
    head.with_context(|| format!("{} has no commit", repository.folder().display()))
}

impl RepositoryFiles for CloneFiles<'_> {
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
        let Some(top) = &self.top else { return self.committed(path, most) };
        let file = top.join(path);
        let found = file.symlink_metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("is no regular file"));
        }
        match found.len() <= most {
            true => std::fs::read(file),
            false => Err(too_large(most)),
        }
    }
}

fn too_large(most: u64) -> io::Error {
    io::Error::other(format!("has more than {most} bytes"))
}

/// The most bytes of what `bazel query` printed.
const LARGEST_QUERY: u64 = 256 * 1024 * 1024;

/// The graph of the files, with what `bazel query` printed.
pub(crate) fn graph(files: &dyn RepositoryFiles, bazel_query: Option<&Path>) -> Result<BuildGraph> {
    let graph = BuildGraph::read(files);
    let Some(path) = bazel_query else { return Ok(graph) };
    let failed = || format!("cannot read {}", path.display());
    let mut output = Vec::new();
    let file = std::fs::File::open(path).with_context(failed)?;
    io::Read::read_to_end(&mut io::Read::take(file, LARGEST_QUERY), &mut output).with_context(failed)?;
    let output = String::from_utf8_lossy(&output);
    // Half of an output would hide dependencies: without this, a check of them would pass.
    if let Some(why) = BuildGraph::bazel_query_error(&output) {
        anyhow::bail!("{} {why}", path.display());
    }
    Ok(graph.with_bazel_query(files, &path.to_string_lossy(), &output))
}
