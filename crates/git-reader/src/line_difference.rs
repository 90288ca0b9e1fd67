//! Reads `git diff` of two blobs: the lines that differ.

use crate::GitError;
use crate::command::GitFolder;

/// How the lines of two blobs differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineDifference {
    /// Whether git takes one of the blobs as binary. Then there are no hunks.
    pub is_binary: bool,
    /// The runs of changed lines, in the order of the file.
    pub hunks: Vec<Hunk>,
}

/// Changed lines, with unchanged lines around them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hunk {
    /// The first line in the old blob, and how many lines of it the hunk has.
    pub before: (usize, usize),
    /// The same in the new blob.
    pub after: (usize, usize),
    /// The lines, in the order of git.
    pub lines: Vec<HunkLine>,
}

/// A line of a hunk, without its line break. Bytes that are not UTF-8 are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HunkLine {
    /// Both blobs have it.
    Unchanged(String),
    /// Only the new blob has it.
    Added(String),
    /// Only the old blob has it.
    Deleted(String),
}

/// How two blobs are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineOptions {
    /// How many unchanged lines a hunk has before and after its changes.
    pub context: usize,
    /// Whether lines that differ in whitespace only are the same, as with `git diff -w`.
    pub ignore_whitespace: bool,
}

pub(crate) fn read(
    git: &GitFolder,
    before: &str,
    after: &str,
    options: LineOptions,
) -> Result<LineDifference, GitError> {
    let context = format!("--unified={}", options.context);
    let mut arguments = vec!["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"];
    arguments.extend(["--diff-algorithm=myers", "--inter-hunk-context=0", &context]);
    arguments.extend(options.ignore_whitespace.then_some("--ignore-all-space"));
    arguments.extend(["--end-of-options", before, after, "--"]);
    let output = git.run(&arguments)?.bytes(git)?;
    parse(&output).map_err(|line| git.unexpected("diff", line))
}

/// The difference, or the line that is none of a diff.
fn parse(output: &[u8]) -> Result<LineDifference, &[u8]> {
    let mut read = LineDifference::default();
    for line in output.split(|byte| *byte == b'\n') {
        match (line.first(), read.hunks.last_mut()) {
            (Some(b'@'), _) => read.hunks.push(header(line).ok_or(line)?),
            (Some(b' '), Some(hunk)) => hunk.lines.push(HunkLine::Unchanged(text(line))),
            (Some(b'+'), Some(hunk)) => hunk.lines.push(HunkLine::Added(text(line))),
            (Some(b'-'), Some(hunk)) => hunk.lines.push(HunkLine::Deleted(text(line))),
            // `\ No newline at end of file`, and the end of the output.
            (Some(b'\\') | None, _) => {}
            (_, None) => read.is_binary |= line.starts_with(b"Binary files "),
            _ => return Err(line),
        }
    }
    Ok(read)
}

/// `@@ -1,2 +1 @@`, with nothing of the file after it that counts.
fn header(line: &[u8]) -> Option<Hunk> {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ').skip(1);
    let before = range(words.next()?.strip_prefix('-')?)?;
    let after = range(words.next()?.strip_prefix('+')?)?;
    Some(Hunk { before, after, lines: Vec::new() })
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    Some((start.parse().ok()?, count.parse().ok()?))
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[1..]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_line_that_begins_like_a_header_is_a_line() {
        let output = b"diff --git a/1 b/2\nindex 1..2 100644\n--- a/1\n+++ b/2\n@@ -1,2 +1 @@ fn\n--- a\n-@@ b\n+++ c\n\\ No newline at end of file\n";
        let read = parse(output).unwrap();
        let lines = [
            HunkLine::Deleted("-- a".to_owned()),
            HunkLine::Deleted("@@ b".to_owned()),
            HunkLine::Added("++ c".to_owned()),
        ];
        assert_eq!(read.hunks, [Hunk { before: (1, 2), after: (1, 1), lines: lines.to_vec() }]);
    }

    #[test]
    fn binary_blobs_have_no_hunks() {
        let read = parse(b"diff --git a/1 b/2\nindex 1..2\nBinary files a/1 and b/2 differ\n").unwrap();
        assert_eq!((read.is_binary, read.hunks.len()), (true, 0));
    }

    #[test]
    fn another_output_is_refused() {
        assert_eq!(parse(b"@@ nonsense @@\n"), Err(&b"@@ nonsense @@"[..]));
        assert_eq!(parse(b"@@ -1 +1 @@\nnonsense\n"), Err(&b"nonsense"[..]));
    }
}
