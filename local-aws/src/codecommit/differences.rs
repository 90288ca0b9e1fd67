//! GetDifferences.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use git_reader::{Blob, Difference};
use serde_json::{Value, json};

use super::branches::bad_token;
use super::{Hosted, names, repository};
use crate::members::Members;
use crate::paging;
use crate::refusal::Refusal;
use crate::service::Context;

/// What was asked, its commits resolved.
struct Asked {
    repository: String,
    before: Option<String>,
    after: String,
    before_path: Option<String>,
    after_path: Option<String>,
    limit: Option<i64>,
    token: Option<String>,
}

pub(super) fn get_differences(context: &Context<'_>, mut input: Members) -> Result<Value, Refusal> {
    let (name, hosted) = repository(context, &mut input)?;
    let asked = ask(name, hosted, &mut input)?;
    input.finish()?;
    let size = page_size(context.world.codecommit.page_size, asked.limit)?;
    let differences = context.world.codecommit.cache.get_or_read(hosted, &asked)?;
    let differences = within(&differences, &asked);
    let page = paging::page(&differences, size, asked.token.as_deref(), &asked.identity())
        .map_err(|_| bad_token())?;
    let shown: Vec<Value> = page.items.iter().map(|difference| shape(difference)).collect();
    let mut output = json!({"differences": shown});
    if let Some(next) = page.next {
        output["NextToken"] = json!(next);
    }
    Ok(output)
}

fn ask(repository: String, hosted: &Hosted, input: &mut Members) -> Result<Asked, Refusal> {
    let before = input.string("beforeCommitSpecifier")?.filter(|before| !before.is_empty());
    let before = before.map(|before| names::commit(hosted, &before)).transpose()?;
    let after = names::required_commit(hosted, input.string("afterCommitSpecifier")?)?;
    let before_path = path(hosted, before.as_deref(), input.string("beforePath")?)?;
    let after_path = path(hosted, Some(&after), input.string("afterPath")?)?;
    // These two members, and no others, start with a capital letter.
    let limit = input.integer("MaxResults")?;
    let token = input.string("NextToken")?;
    Ok(Asked { repository, before, after, before_path, after_path, limit, token })
}

/// A path to keep to, which must be there in its commit.
fn path(hosted: &Hosted, commit: Option<&str>, path: Option<String>) -> Result<Option<String>, Refusal> {
    let Some(path) = path.filter(|path| !path.is_empty()) else { return Ok(None) };
    let sound = names::folder_or_file_path(&path);
    let sound =
        sound.ok_or_else(|| Refusal::new("InvalidPathException", format!("The path {path} is not valid")))?;
    let Some(commit) = commit else { return Ok(Some(sound.to_owned())) };
    match hosted.git.entry(commit, sound)? {
        Some(_) => Ok(Some(sound.to_owned())),
        None => Err(Refusal::new("PathDoesNotExistException", format!("{path} does not exist in {commit}"))),
    }
}

/// "A non-zero, non-negative integer"; AWS documents no upper limit.
fn page_size(default: usize, asked: Option<i64>) -> Result<usize, Refusal> {
    match asked {
        None => Ok(default),
        Some(size) if size > 0 => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
        Some(size) => {
            Err(Refusal::new("InvalidMaxResultsException", format!("MaxResults {size} is not valid")))
        }
    }
}

impl Asked {
    /// What a page token belongs to: everything but the page.
    fn identity(&self) -> [&str; 6] {
        [
            "GetDifferences",
            &self.repository,
            self.before.as_deref().unwrap_or_default(),
            &self.after,
            self.before_path.as_deref().unwrap_or_default(),
            self.after_path.as_deref().unwrap_or_default(),
        ]
    }
}

/// Those within the paths that were asked for. Both sides of one of git's differences have the same path, so with both
/// paths given (a folder that was renamed) either may hold it.
fn within<'a>(differences: &'a [Difference], asked: &Asked) -> Vec<&'a Difference> {
    let paths: Vec<&String> = asked.before_path.iter().chain(&asked.after_path).collect();
    let inside = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let wanted = |difference: &&Difference| {
        paths.is_empty() || paths.iter().any(|folder| inside(difference.path(), folder))
    };
    differences.iter().filter(wanted).collect()
}

fn shape(difference: &Difference) -> Value {
    let mut shape = json!({"changeType": difference.kind.letter()});
    for (member, blob) in [("beforeBlob", &difference.before), ("afterBlob", &difference.after)] {
        if let Some(Blob { id, path, mode }) = blob {
            shape[member] = json!({"blobId": id, "path": path, "mode": mode});
        }
    }
    shape
}

/// The last few answers of git: a caller reads a large difference page by page, and git would be asked for all of it
/// each time. Commits never change, so nothing here goes stale.
#[derive(Debug, Default)]
pub(super) struct Cache {
    latest: Mutex<VecDeque<(Key, Arc<Vec<Difference>>)>>,
}

type Key = (String, Option<String>, String);

const CACHED: usize = 4;

impl Cache {
    fn get_or_read(&self, hosted: &Hosted, asked: &Asked) -> Result<Arc<Vec<Difference>>, Refusal> {
        let key = (asked.repository.clone(), asked.before.clone(), asked.after.clone());
        if let Some(found) = self.find(&key) {
            return Ok(found);
        }
        let read = Arc::new(hosted.git.differences(asked.before.as_deref(), &asked.after)?);
        let mut latest = self.latest.lock().expect("no holder of this lock panics");
        latest.push_back((key, Arc::clone(&read)));
        if latest.len() > CACHED {
            latest.pop_front();
        }
        Ok(read)
    }

    fn find(&self, key: &Key) -> Option<Arc<Vec<Difference>>> {
        let latest = self.latest.lock().expect("no holder of this lock panics");
        latest.iter().find(|(known, _)| known == key).map(|(_, read)| Arc::clone(read))
    }
}
