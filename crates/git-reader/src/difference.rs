//! Reads `git diff-tree --raw -z`: the changed files of two commits.

use std::io::{BufRead, BufReader, Error, ErrorKind};

use crate::GitError;
use crate::command::GitFolder;

// git knows the empty tree without storing it, under its id in the repository's hash.
const EMPTY_TREE_SHA1: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

/// The most files that a commit may have. A few small trees that contain each other count as billions of files, and git
/// collects all differences before it prints the first.
const MOST: usize = 2_000_000;

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How the file changed.
    pub kind: DifferenceKind,
    /// The old side; `None` exactly if the file was added.
    pub before: Option<Blob>,
    /// The new side; `None` exactly if the file was deleted.
    pub after: Option<Blob>,
}

impl Difference {
    /// The file's path from the repository's root. Both sides have the same path: a rename is two differences.
    pub fn path(&self) -> &str {
        let blob = self.after.as_ref().or(self.before.as_ref());
        &blob.expect("a difference has a side").path
    }
}

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the new commit has the file.
    Added,
    /// The content, the mode or the type (a file became a link) differs.
    Modified,
    /// Only the old commit has the file.
    Deleted,
}

impl DifferenceKind {
    /// The letter of git's status: `A`, `M` or `D`.
    pub fn letter(self) -> &'static str {
        match self {
            DifferenceKind::Added => "A",
            DifferenceKind::Modified => "M",
            DifferenceKind::Deleted => "D",
        }
    }
}

/// One side of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The blob's id; for a submodule, the commit's.
    pub id: String,
    /// The path from the repository's root.
    pub path: String,
    /// As git writes it: `100644`, `100755`, `120000` (link) or `160000` (submodule).
    pub mode: String,
}

pub(crate) fn read(git: &GitFolder, before: Option<&str>, after: &str) -> Result<Vec<Difference>, GitError> {
    let empty_tree =
        if git.closed().configuration().is_sha256() { EMPTY_TREE_SHA256 } else { EMPTY_TREE_SHA1 };
    let before = before.unwrap_or(empty_tree);
    for tree in [before, after].into_iter().filter(|tree| *tree != empty_tree) {
        let list = ["ls-tree", "-r", "-z", "--name-only", "--full-tree", "--end-of-options", tree];
        git.stream(&list)?.finish(git, |stdout| count(BufReader::new(stdout), MOST))?;
    }
    // A repository's own configuration could hide changed submodules.
    let options = ["--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=none", "--end-of-options"];
    let mut arguments = vec!["diff-tree", "-r", "-z"];
    arguments.extend(options);
    arguments.extend([before, after, "--"]);
    git.stream(&arguments)?.finish(git, |stdout| parse(BufReader::new(stdout)))
}

/// Counts the files of a tree, and stops if there are more than `most`.
fn count(mut output: impl BufRead, most: usize) -> std::io::Result<usize> {
    let mut files = 0;
    loop {
        let read = output.fill_buf()?;
        if read.is_empty() {
            return Ok(files);
        }
        files += read.iter().filter(|byte| **byte == 0).count();
        if files > most {
            return Err(Error::other(format!("a commit has more than {most} files")));
        }
        let length = read.len();
        output.consume(length);
    }
}

fn parse(mut output: impl BufRead) -> std::io::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    while let Some(facts) = field(&mut output)? {
        let path = field(&mut output)?.ok_or_else(|| malformed(&facts))?;
        differences.push(difference(&facts, &path).ok_or_else(|| malformed(&facts))?);
    }
    Ok(differences)
}

/// `:100644 100755 <id> <id> M`
fn difference(facts: &str, path: &str) -> Option<Difference> {
    let facts: Vec<&str> = facts.strip_prefix(':')?.split(' ').collect();
    let [old_mode, new_mode, old_id, new_id, status] = facts.try_into().ok()?;
    let blob =
        |mode: &str, id: &str| Blob { id: id.to_owned(), path: path.to_owned(), mode: mode.to_owned() };
    let before = (old_mode != "000000").then(|| blob(old_mode, old_id));
    let after = (new_mode != "000000").then(|| blob(new_mode, new_id));
    let kind = match status {
        "A" => DifferenceKind::Added,
        "D" => DifferenceKind::Deleted,
        "M" | "T" => DifferenceKind::Modified,
        _ => return None,
    };
    Some(Difference { kind, before, after })
}

fn field(output: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    output.read_until(0, &mut bytes)?;
    if bytes.pop().is_none() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn malformed(line: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("not a raw difference: {line:?}"))
}
