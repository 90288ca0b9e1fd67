//! Reads one commit object.

use std::io::Write;
use std::process::Stdio;

use super::GitError;
use super::command::Git;

/// A commit, as the object says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub id: String,
    pub tree: String,
    /// In order; empty for a root commit.
    pub parents: Vec<String>,
    pub author: Person,
    pub committer: Person,
    /// As written, its last line break included.
    pub message: String,
}

/// Who, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
    /// As git keeps it: seconds since 1970 and the offset from UTC, `1767225600 +0000`.
    pub date: String,
}

pub(super) fn read(git: &Git, rev: &str) -> Result<Option<Commit>, GitError> {
    if rev.contains(['\0', '\n']) {
        return Ok(None);
    }
    let answer = batch(git, &format!("{rev}^{{commit}}\n"))?;
    let header_end = answer.iter().position(|byte| *byte == b'\n').unwrap_or(answer.len());
    let header = String::from_utf8_lossy(&answer[..header_end]).into_owned();
    let Some((id, size)) = header.split_once(" commit ") else { return Ok(None) };
    let size: usize = size.parse().map_err(|_| git.unexpected("cat-file", &answer))?;
    let object = answer.get(header_end + 1..header_end + 1 + size);
    let object = object.ok_or_else(|| git.unexpected("cat-file", &answer))?;
    let commit = parse(id, &String::from_utf8_lossy(object));
    commit.map(Some).ok_or_else(|| git.unexpected("cat-file", object))
}

/// `--batch` is the one form that tells "missing" from "failed".
fn batch(git: &Git, question: &str) -> Result<Vec<u8>, GitError> {
    let run = || {
        let mut command = git.command(&["cat-file", "--batch"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().expect("stdin is piped").write_all(question.as_bytes())?;
        child.wait_with_output()
    };
    let output = run().map_err(|source| GitError::Run {
        operation: "cat-file".to_owned(),
        repository: git.folder().to_owned(),
        source,
    })?;
    if output.status.success() { Ok(output.stdout) } else { Err(git.failed("cat-file", &output.stderr)) }
}

fn parse(id: &str, object: &str) -> Option<Commit> {
    let (headers, message) = object.split_once("\n\n").unwrap_or((object, ""));
    let all = |key: &str| {
        let prefix = format!("{key} ");
        headers.lines().filter_map(|line| line.strip_prefix(&prefix).map(str::to_owned)).collect::<Vec<_>>()
    };
    Some(Commit {
        id: id.to_owned(),
        tree: all("tree").into_iter().next()?,
        parents: all("parent"),
        author: person(all("author").first()?)?,
        committer: person(all("committer").first()?)?,
        message: message.to_owned(),
    })
}

/// `A U Thor <author@example.com> 1767225600 +0000`
fn person(line: &str) -> Option<Person> {
    let (name, rest) = line.split_once('<')?;
    let (email, date) = rest.rsplit_once('>')?;
    Some(Person { name: name.trim().to_owned(), email: email.to_owned(), date: date.trim().to_owned() })
}
