//! GetBlobDifferences.

use git_reader::{Hunk, HunkLine, LineDifference, LineOptions};
use serde_json::{Value, json};

use super::branches::bad_token;
use super::{Hosted, names, repository};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// In bytes, as for GetFile. AWS's model names the error, and no number.
const LARGEST_BLOB: u64 = 6 * 1024 * 1024;

/// The most hunks of an answer (`DiffHunkList` of the API model), and those of one without `MaxResults`.
const MOST_HUNKS: i64 = 1_000;
const HUNKS: i64 = 100;

/// A request whose blobs exist.
struct BlobRequest {
    before: Option<(String, u64)>,
    after: (String, u64),
    options: LineOptions,
    size: usize,
    token: Option<String>,
}

pub(super) fn get_blob_differences(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (name, hosted) = repository(context, &mut input)?;
    let asked = ask(hosted, &mut input)?;
    input.finish()?;
    let difference = match &asked.before {
        Some((before, _)) => hosted.git.line_difference(before, &asked.after.0, asked.options)?,
        None => all_added(hosted, &asked.after.0)?,
    };
    let page = paging::page(&difference.hunks, asked.size, asked.token.as_deref(), &asked.identity(&name))
        .map_err(|_| bad_token())?;
    let mut output = json!({
        "hunks": page.items.iter().map(shape).collect::<Vec<_>>(),
        "isBinary": difference.is_binary,
        "beforeBlobSize": asked.before.as_ref().map_or(0, |(_, size)| *size),
        "afterBlobSize": asked.after.1,
    });
    if let Some(next) = page.next {
        output["NextToken"] = json!(next);
    }
    Ok(output)
}

fn ask(hosted: &Hosted, input: &mut Members) -> Result<BlobRequest, ErrorAnswer> {
    let before = input.string("beforeBlobId")?.filter(|id| !id.is_empty());
    let after = input.string("afterBlobId")?.filter(|id| !id.is_empty());
    let after = after.ok_or_else(|| ErrorAnswer::new("BlobIdRequiredException", "A blob ID is required"))?;
    let context = input.integer("contextLines")?.unwrap_or(3);
    let context = usize::try_from(context).ok().filter(|lines| *lines <= 20);
    let context =
        context.ok_or_else(|| ErrorAnswer::new("ValidationException", "contextLines is 0 through 20"))?;
    let ignore_whitespace = input.boolean("ignoreWhitespace")?.unwrap_or_default();
    let size = input.integer("MaxResults")?.unwrap_or(HUNKS);
    let invalid =
        || ErrorAnswer::new("InvalidMaxResultsException", format!("MaxResults {size} is not valid"));
    let size = usize::try_from(size).ok().filter(|_| (1..=MOST_HUNKS).contains(&size)).ok_or_else(invalid)?;
    Ok(BlobRequest {
        before: before.map(|id| blob(hosted, id)).transpose()?,
        after: blob(hosted, after)?,
        options: LineOptions { context, ignore_whitespace },
        size,
        token: input.string("NextToken")?,
    })
}

/// The id of a blob within the size limit, and its size.
fn blob(hosted: &Hosted, id: String) -> Result<(String, u64), ErrorAnswer> {
    if !names::is_id(&id) {
        return Err(ErrorAnswer::new("InvalidBlobIdException", format!("{id} is not a full blob ID")));
    }
    match hosted.git.blob_size(&id)? {
        None => Err(ErrorAnswer::new("BlobIdDoesNotExistException", format!("{id} does not exist"))),
        Some(size) if size > LARGEST_BLOB => {
            let message = format!("{id} is larger than {LARGEST_BLOB} bytes");
            Err(ErrorAnswer::new("FileTooLargeException", message))
        }
        Some(size) => Ok((id, size)),
    }
}

/// Without a blob before, every line is added. git takes a blob with a NUL byte in its first 8,000 as binary.
fn all_added(hosted: &Hosted, id: &str) -> Result<LineDifference, ErrorAnswer> {
    let content = hosted.git.blob(id)?;
    if content.iter().take(8_000).any(|byte| *byte == 0) {
        return Ok(LineDifference { is_binary: true, hunks: Vec::new() });
    }
    let text = String::from_utf8_lossy(&content).into_owned();
    let lines = text.strip_suffix('\n').unwrap_or(&text).split('\n').map(str::to_owned);
    let lines: Vec<HunkLine> = lines.map(HunkLine::Added).collect();
    let hunk = Hunk { before: (0, 0), after: (1, lines.len()), lines };
    let hunks = if content.is_empty() { Vec::new() } else { vec![hunk] };
    Ok(LineDifference { is_binary: false, hunks })
}

impl BlobRequest {
    /// Everything that identifies the request of a page token, except the page.
    fn identity<'a>(&'a self, repository: &'a str) -> [&'a str; 5] {
        let before = self.before.as_ref().map_or("", |(id, _)| id);
        let whitespace = if self.options.ignore_whitespace { "without whitespace" } else { "" };
        ["GetBlobDifferences", repository, before, &self.after.0, whitespace]
    }
}

fn shape(hunk: &Hunk) -> Value {
    let (mut before, mut after) = (hunk.before.0, hunk.after.0);
    let changes = hunk.lines.iter().map(|line| {
        let (kind, content, is_before, is_after) = match line {
            HunkLine::Unchanged(text) => ("CONTEXT", text, true, true),
            HunkLine::Added(text) => ("ADD", text, false, true),
            HunkLine::Deleted(text) => ("DELETE", text, true, false),
        };
        let mut change = json!({"type": kind, "content": content});
        for (member, has, number) in
            [("beforeLineNumber", is_before, &mut before), ("afterLineNumber", is_after, &mut after)]
        {
            if has {
                change[member] = json!(*number);
                *number += 1;
            }
        }
        change
    });
    let changes: Vec<Value> = changes.collect();
    json!({
        "beforeStartLine": hunk.before.0,
        "beforeLineCount": hunk.before.1,
        "afterStartLine": hunk.after.0,
        "afterLineCount": hunk.after.1,
        "changes": changes,
    })
}
