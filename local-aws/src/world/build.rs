//! Builds a bare repository from a plan, with git fast-import, so that the same plan always has the same commit ids.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use git_reader::Repository;

use super::WorldError;
use super::content::Content;
use crate::git_writer;

/// The first commit's time, 2026-01-01T00:00:00Z; each one after it is a minute later.
const FIRST_COMMIT: u64 = 1_767_225_600;

const IDENTITY: &str = "Case Author <author@example.com>";

/// The commits to create, each after its parents, and the refs to set.
#[derive(Debug, Default)]
pub(super) struct RepositoryPlan {
    pub(super) commits: Vec<Planned>,
    /// A whole reference, and the index of its commit.
    pub(super) refs: Vec<(String, usize)>,
}

/// One commit.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) label: String,
    /// Indices into the plan's commits.
    pub(super) parents: Vec<usize>,
    pub(super) message: String,
    /// The changed files, compared with the first parent.
    pub(super) files: Vec<(String, Content)>,
    pub(super) delete: Vec<String>,
    /// All paths of the commit's tree.
    pub(super) paths: BTreeSet<String>,
}

impl RepositoryPlan {
    pub(super) fn index(&self, label: &str) -> Option<usize> {
        self.commits.iter().position(|commit| commit.label == label)
    }
}

/// Builds the repository, and returns the commits' ids in the plan's order.
pub(super) fn build(
    name: &str,
    folder: &Path,
    plan: &RepositoryPlan,
) -> Result<(Repository, Vec<String>), WorldError> {
    stdout(name, git_writer::create(folder))?;
    let marks = stdout(name, git_writer::import(folder, &stream(plan)))?;
    let ids = String::from_utf8_lossy(&marks).lines().map(str::to_owned).collect();
    let git = Repository::open_bare(folder)
        .map_err(|source| WorldError::Clone { repository: name.to_owned(), source })?;
    Ok((git, ids))
}

fn stdout(repository: &str, output: std::io::Result<Output>) -> Result<Vec<u8>, WorldError> {
    let output = output.map_err(|source| WorldError::RunGit { repository: repository.to_owned(), source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    // The first line describes the problem; fast-import's state follows it.
    let message = stderr.lines().next().unwrap_or_default().to_owned();
    Err(WorldError::Build { repository: repository.to_owned(), message })
}

/// The input of fast-import. Every commit is on a ref of its own, because not every commit is on a branch.
fn stream(plan: &RepositoryPlan) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, commit) in plan.commits.iter().enumerate() {
        write_commit(&mut out, index, commit);
    }
    for (reference, index) in &plan.refs {
        line(&mut out, &format!("reset {reference}"));
        line(&mut out, &format!("from {}\n", mark(*index)));
    }
    for index in 0..plan.commits.len() {
        line(&mut out, &format!("get-mark {}", mark(index)));
    }
    out
}

fn write_commit(out: &mut Vec<u8>, index: usize, commit: &Planned) {
    let time = FIRST_COMMIT + 60 * index as u64;
    line(out, &format!("commit refs/commits/{index}\nmark {}", mark(index)));
    line(out, &format!("author {IDENTITY} {time} +0000\ncommitter {IDENTITY} {time} +0000"));
    data(out, format!("{}\n", commit.message).as_bytes());
    for (nth, parent) in commit.parents.iter().enumerate() {
        let verb = if nth == 0 { "from" } else { "merge" };
        line(out, &format!("{verb} {}", mark(*parent)));
    }
    // Deletions come first, so that a file can replace a folder of the same name.
    for path in &commit.delete {
        line(out, &format!("D {}", quoted(path)));
    }
    for (path, content) in &commit.files {
        write_file(out, path, content);
    }
    line(out, "");
}

fn write_file(out: &mut Vec<u8>, path: &str, content: &Content) {
    match content {
        Content::Submodule { commit } => line(out, &format!("M 160000 {commit} {}", quoted(path))),
        Content::Blob { mode, bytes } => {
            line(out, &format!("M {mode} inline {}", quoted(path)));
            data(out, bytes);
        }
    }
}

fn mark(index: usize) -> String {
    format!(":{}", index + 1)
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

fn data(out: &mut Vec<u8>, bytes: &[u8]) {
    line(out, &format!("data {}", bytes.len()));
    out.extend_from_slice(bytes);
    out.push(b'\n');
}

/// A path as fast-import takes any: in C's quotes.
fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
