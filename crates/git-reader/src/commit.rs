//! Reads one commit object.

use crate::GitError;
use crate::command::GitFolder;

/// A commit, as its object holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit's id.
    pub id: String,
    /// The id of the commit's tree.
    pub tree: String,
    /// The ids of the parents, in order; empty for a root commit.
    pub parents: Vec<String>,
    /// The author of the change.
    pub author: Person,
    /// The creator of the commit object.
    pub committer: Person,
    /// As written, with its last line break.
    pub message: String,
}

/// The author or the committer of a commit, with a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The email address.
    pub email: String,
    /// As git stores it: seconds since 1970 and the offset from UTC, `1767225600 +0000`.
    pub date: String,
}

pub(crate) fn read(git: &GitFolder, rev: &str) -> Result<Option<Commit>, GitError> {
    if rev.contains(['\0', '\n']) {
        return Ok(None);
    }
    // `--batch` is the only form that distinguishes a missing object from a failure.
    let question = format!("{rev}^{{commit}}\n");
    let answer = git.run_with_input(&["cat-file", "--batch"], question.as_bytes())?.bytes(git)?;
    let header_end = answer.iter().position(|byte| *byte == b'\n').unwrap_or(answer.len());
    let header = String::from_utf8_lossy(&answer[..header_end]).into_owned();
    let Some((id, size)) = header.split_once(" commit ") else { return Ok(None) };
    let size: usize = size.parse().map_err(|_| git.unexpected("cat-file", &answer))?;
    let object = answer.get(header_end + 1..header_end + 1 + size);
    let object = object.ok_or_else(|| git.unexpected("cat-file", &answer))?;
    let commit = parse(id, &String::from_utf8_lossy(object));
    commit.map(Some).ok_or_else(|| git.unexpected("cat-file", object))
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
