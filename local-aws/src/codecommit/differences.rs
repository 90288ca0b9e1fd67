//! GetDifferences.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use git_reader::{Blob, Difference};
use serde_json::{Value, json};

use super::branches::bad_token;
use super::{Hosted, names, repository};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// A request with its commits resolved.
struct DifferencesRequest {
    repository: String,
    before: Option<String>,
    after: String,
    before_path: Option<String>,
    after_path: Option<String>,
    limit: Option<i64>,
    token: Option<String>,
}

pub(super) fn get_differences(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
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

fn ask(repository: String, hosted: &Hosted, input: &mut Members) -> Result<DifferencesRequest, ErrorAnswer> {
    let before = input.string("beforeCommitSpecifier")?.filter(|before| !before.is_empty());
    let before = before.map(|before| names::commit(hosted, &before)).transpose()?;
    let after = names::required_commit(hosted, input.string("afterCommitSpecifier")?)?;
    let before_path = path(hosted, before.as_deref(), input.string("beforePath")?)?;
    let after_path = path(hosted, Some(&after), input.string("afterPath")?)?;
    // These two members, and no others, start with a capital letter.
    let limit = input.integer("MaxResults")?;
    let token = input.string("NextToken")?;
    Ok(DifferencesRequest { repository, before, after, before_path, after_path, limit, token })
}

/// A path to restrict the answer to. The path must exist in its commit.
fn path(hosted: &Hosted, commit: Option<&str>, path: Option<String>) -> Result<Option<String>, ErrorAnswer> {
    let Some(path) = path.filter(|path| !path.is_empty()) else { return Ok(None) };
    let sound = names::folder_or_file_path(&path);
    let sound = sound
        .ok_or_else(|| ErrorAnswer::new("InvalidPathException", format!("The path {path} is not valid")))?;
    let Some(commit) = commit else { return Ok(Some(sound.to_owned())) };
    match hosted.git.entry(commit, sound)? {
        Some(_) => Ok(Some(sound.to_owned())),
        None => {
            Err(ErrorAnswer::new("PathDoesNotExistException", format!("{path} does not exist in {commit}")))
        }
    }
}

/// "A non-zero, non-negative integer"; AWS documents no upper limit.
fn page_size(default: usize, asked: Option<i64>) -> Result<usize, ErrorAnswer> {
    match asked {
        None => Ok(default),
        Some(size) if size > 0 => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
        Some(size) => {
            Err(ErrorAnswer::new("InvalidMaxResultsException", format!("MaxResults {size} is not valid")))
        }
    }
}

impl DifferencesRequest {
    /// Everything that identifies the request of a page token, except the page.
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

/// The differences within the requested paths. Both sides of one difference have the same path. With two paths (a
/// renamed folder) either may contain it.
fn within<'a>(differences: &'a [Difference], asked: &DifferencesRequest) -> Vec<&'a Difference> {
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

/// The latest answers of git: a caller reads a large difference page by page, and git would compute all of it for
/// each page. Commits never change, so an entry is never out of date.
#[derive(Debug, Default)]
pub(super) struct Cache {
    latest: Mutex<VecDeque<(CacheKey, Arc<Vec<Difference>>)>>,
}

type CacheKey = (String, Option<String>, String);

const CACHED: usize = 4;

impl Cache {
    fn get_or_read(
        &self,
        hosted: &Hosted,
        asked: &DifferencesRequest,
    ) -> Result<Arc<Vec<Difference>>, ErrorAnswer> {
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

    fn find(&self, key: &CacheKey) -> Option<Arc<Vec<Difference>>> {
        let latest = self.latest.lock().expect("no holder of this lock panics");
        latest.iter().find(|(known, _)| known == key).map(|(_, read)| Arc::clone(read))
    }
}
