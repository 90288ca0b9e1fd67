//! gitignore lines, exactly as git reads them ("PATTERN FORMAT", gitignore(5)).
//!
//! `part.rs` matches one part of a path. This file owns the rest: the flags of a line, `**` between slashes, and the folders checked from the top, because a file in an
//! ignored folder cannot be taken back. A test compares it with git itself. Unlike in git, the time it takes grows with
//! the lengths of pattern and path and not with a power of them: these lines are untrusted input.

mod judge;
mod steps;

use std::iter::{once, repeat_n};

use shared::config::Place;

use super::part::PartPattern;
use crate::unread::IgnoreFileProblem;

pub(super) use judge::{IgnoreJudge, WhyNeedless};

/// One line that is a pattern.
#[derive(Debug, Clone)]
pub struct IgnoreLine {
    /// As it is written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    takes_back: bool,
    folders_only: bool,
    matcher: LineMatcher,
}

/// What a line is matched against.
#[derive(Debug, Clone)]
enum LineMatcher {
    /// The last part of a path: the line has no slash but at its end.
    Name(PartPattern),
    /// The whole path. git compares the text before the first wildcard letter by letter and matches only the rest,
    /// so that in `a**/b` the stars begin the matched text, and cross folders.
    Path { literal: String, segments: Vec<Segment> },
}

/// The text between two slashes of a pattern.
#[derive(Debug, Clone)]
enum Segment {
    /// `**`: at least so many folders, none or one.
    Folders { least: usize },
    /// Anything else, matched against one part of a path.
    Part(PartPattern),
}

impl IgnoreLine {
    /// Reads a line; an empty one and a comment are none.
    pub fn parse(line: &str, place: Place) -> Option<Self> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.starts_with('#') {
            return None;
        }
        let text = without_trailing_spaces(line);
        let (takes_back, pattern) = text.strip_prefix('!').map_or((false, text), |pattern| (true, pattern));
        let (folders_only, pattern) =
            pattern.strip_suffix('/').map_or((false, pattern), |pattern| (true, pattern));
        let matcher = LineMatcher::new(pattern)?;
        Some(Self { text: text.to_owned(), place, takes_back, folders_only, matcher })
    }

    /// Whether it takes back what an earlier line ignores.
    pub fn takes_back(&self) -> bool {
        self.takes_back
    }

    /// Why git never matches anything with it, if that is so.
    pub fn never_matches(&self) -> Option<&'static str> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if at + 1 == bytes.len() => {
                    return Some(
                        "a backslash at the end escapes nothing; git matches nothing with this line",
                    );
                }
                b'\\' => at += 2,
                b'[' => match closed_bracket(bytes, at) {
                    None => {
                        return Some(
                            "a bracket is opened and not closed; git matches nothing with this line",
                        );
                    }
                    Some(end) if is_backward_range(&bytes[at + 1..end - 1]) => {
                        return Some("a range runs backwards; git matches nothing with this line");
                    }
                    Some(end) => at = end,
                },
                _ => at += 1,
            }
        }
        None
    }
}

impl LineMatcher {
    fn new(pattern: &str) -> Option<Self> {
        if pattern.is_empty() {
            return None;
        }
        if !pattern.contains('/') {
            return Some(Self::Name(PartPattern::new(pattern)));
        }
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
        let (literal, rest) = pattern.split_at(pattern.find(['*', '?', '[', '\\']).unwrap_or(pattern.len()));
        let segments = parts(rest).into_iter().map(Segment::new).collect();
        Some(Self::Path { literal: literal.to_owned(), segments })
    }

    /// Which beginnings of `path` match: the one of so many parts, for each number of parts from none to all.
    fn matches(&self, path: &str, parts: &[&str]) -> Vec<bool> {
        match self {
            Self::Name(pattern) => {
                once(false).chain(parts.iter().map(|part| pattern.matches(part))).collect()
            }
            Self::Path { literal, segments } => {
                let Some(rest) = path.strip_prefix(literal.as_str()) else {
                    return vec![false; parts.len() + 1];
                };
                let whole_parts = literal.matches('/').count();
                let rest: Vec<&str> = rest.split('/').collect();
                repeat_n(false, whole_parts).chain(beginnings(segments, &rest)).collect()
            }
        }
    }
}

impl Segment {
    /// `**` before a slash can be no folder at all; at the end, or before a slash that is escaped, it is one at least.
    fn new((text, followed_by): (&str, End)) -> Self {
        let is_stars = text.len() > 1 && text.bytes().all(|letter| letter == b'*');
        match is_stars {
            true => Self::Folders { least: usize::from(followed_by != End::Slash) },
            false => Self::Part(PartPattern::new(text)),
        }
    }
}

/// Which beginnings of `parts` all of `segments` match, by their number of parts. One pass a segment answers for the
/// path and for every folder above it.
fn beginnings(segments: &[Segment], parts: &[&str]) -> Vec<bool> {
    let mut next = vec![false; parts.len() + 1];
    next[0] = true;
    for segment in segments {
        next = match segment {
            Segment::Folders { least } => {
                let first = next.iter().position(|here| *here).map(|first| first + least);
                (0..next.len()).map(|at| first.is_some_and(|first| at >= first)).collect()
            }
            Segment::Part(pattern) => {
                let after = parts.iter().zip(&next).map(|(part, here)| *here && pattern.matches(part));
                once(false).chain(after).collect()
            }
        };
    }
    next
}

/// What comes after a part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Slash,
    EscapedSlash,
    Pattern,
}

/// A pattern cut at its slashes, other than those in brackets.
fn parts(pattern: &str) -> Vec<(&str, End)> {
    let bytes = pattern.as_bytes();
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let (width, end) = match (bytes[at], bytes.get(at + 1)) {
            (b'/', _) => (1, Some(End::Slash)),
            (b'\\', Some(b'/')) => (2, Some(End::EscapedSlash)),
            (b'\\', _) => (2, None),
            // A bracket that is never closed goes to the end, and matches nothing.
            (b'[', _) => (closed_bracket(bytes, at).unwrap_or(bytes.len()) - at, None),
            _ => (1, None),
        };
        if let Some(end) = end {
            parts.push((&pattern[start..at], end));
            start = at + width;
        }
        at += width;
    }
    parts.push((&pattern[start..], End::Pattern));
    parts
}

/// A class that is nothing but one range with no letter in it.
fn is_backward_range(members: &[u8]) -> bool {
    matches!(members, [from, b'-', to] if from > to && from.is_ascii() && !matches!(from, b'!' | b'^' | b'\\'))
}

/// Where a bracket that opens at `open` is over, if it is closed.
pub(super) fn closed_bracket(bytes: &[u8], open: usize) -> Option<usize> {
    let first = open + 1 + usize::from(matches!(bytes.get(open + 1), Some(b'!' | b'^')));
    let mut at = first;
    while at < bytes.len() {
        match bytes[at] {
            b']' if at > first => return Some(at + 1),
            b'\\' => at += 2,
            b'[' if bytes.get(at + 1) == Some(&b':') => at = after_class(bytes, at),
            _ => at += 1,
        }
    }
    None
}

/// Where a `[:class:]` in a bracket is over; without its end, the bracket that opens it is a letter.
fn after_class(bytes: &[u8], open: usize) -> usize {
    let close = (open + 2..bytes.len()).find(|index| bytes[*index] == b']');
    close.filter(|close| bytes[close - 1] == b':' && *close > open + 2).map_or(open + 1, |close| close + 1)
}

impl IgnoreLine {
    /// Which of `path` and the folders above it the line matches, by their number of parts.
    fn covers(&self, path: &str, parts: &[&str]) -> impl Iterator<Item = usize> + use<> {
        let (whole, folders_only) = (parts.len(), self.folders_only);
        let matches = self.matcher.matches(path, parts).into_iter().enumerate().skip(1);
        matches.filter_map(move |(count, matches)| {
            (matches && !(folders_only && count == whole)).then_some(count)
        })
    }
}

/// The line that ignores `path`, a file of the repository, if one does. git checks every folder from the top, and
/// skips one that is ignored; the last line that matches decides about each.
pub fn ignored_by<'l>(lines: &'l [IgnoreLine], path: &str) -> Option<&'l IgnoreLine> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut deciding: Vec<Option<&IgnoreLine>> = vec![None; parts.len() + 1];
    for line in lines {
        line.covers(path, &parts).for_each(|count| deciding[count] = Some(line));
    }
    deciding.into_iter().flatten().find(|line| !line.takes_back)
}

/// Every line that matches `path` or a folder above it, in their order.
pub fn matching_lines<'l>(lines: &'l [IgnoreLine], path: &str) -> Vec<&'l IgnoreLine> {
    let parts: Vec<&str> = path.split('/').collect();
    lines.iter().filter(|line| line.covers(path, &parts).next().is_some()).collect()
}

/// The largest ignore file that is applied, in bytes. A file of patterns is far smaller; CodeCommit itself returns up to
/// 6 MB.
pub const LARGEST_FILE: usize = 100_000;

/// Every pattern of an ignore file that was read from a repository.
///
/// # Errors
/// Why it is not applied.
pub fn read_file(file: &str, content: Vec<u8>, is_link: bool) -> Result<Vec<IgnoreLine>, IgnoreFileProblem> {
    if is_link {
        return Err(IgnoreFileProblem::IsLink);
    }
    if content.len() > LARGEST_FILE {
        return Err(IgnoreFileProblem::TooLarge(content.len()));
    }
    let text = String::from_utf8(content).ok().filter(|text| !text.contains('\0'));
    text.map(|text| parse_file(file, &text)).ok_or(IgnoreFileProblem::NotText)
}

/// Every pattern of an ignore file's text. `file` is the name that places show.
pub fn parse_file(file: &str, text: &str) -> Vec<IgnoreLine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').enumerate();
    lines.filter_map(|(index, line)| IgnoreLine::parse(line, Place::line(file, index + 1))).collect()
}

/// git drops spaces at the end of a line, unless a backslash stands before the first of them that is to stay.
fn without_trailing_spaces(line: &str) -> &str {
    let mut end = 0;
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            ' ' => {}
            '\\' => end = letters.next().map_or(line.len(), |(next, escaped)| next + escaped.len_utf8()),
            letter => end = at + letter.len_utf8(),
        }
    }
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ignored(lines: &str, path: &str) -> Option<String> {
        ignored_by(&parse_file(".pipelineignore", lines), path).map(|line| line.text.clone())
    }

    #[test]
    fn a_folder_line_ignores_everything_below_it() {
        assert_eq!(ignored("docs/", "docs/a/b.md").as_deref(), Some("docs/"));
        assert_eq!(ignored("docs/", "docs"), None, "a file called docs");
        assert_eq!(ignored("docs/", "src/docs/a.md").as_deref(), Some("docs/"));
        assert_eq!(ignored("/docs/", "src/docs/a.md"), None);
    }

    #[test]
    fn what_is_in_an_ignored_folder_cannot_be_taken_back() {
        assert_eq!(ignored("docs/\n!docs/keep.md", "docs/keep.md").as_deref(), Some("docs/"));
        assert_eq!(ignored("docs/*\n!docs/keep.md", "docs/keep.md"), None);
    }

    #[test]
    fn a_hostile_line_takes_no_longer_than_another() {
        let line = format!("{}b", "**/a/".repeat(40));
        let path = "a/".repeat(500) + "c";
        assert_eq!(ignored(&line, &path), None);
        for line in ["*a".repeat(40), "*".repeat(5_000), "*a".repeat(5_000), "[ab]*".repeat(200)] {
            assert_eq!(ignored(&format!("{line}b"), &"a".repeat(1000)), None);
        }
    }

    #[test]
    fn comments_escapes_and_trailing_spaces_are_read_as_git_reads_them() {
        assert_eq!(ignored("# a.md\n", "# a.md"), None);
        assert_eq!(ignored("\\#a.md", "#a.md").as_deref(), Some("\\#a.md"));
        assert_eq!(ignored("\\!a.md", "!a.md").as_deref(), Some("\\!a.md"));
        assert_eq!(ignored("a.md   ", "a.md").as_deref(), Some("a.md"));
        assert_eq!(ignored("a\\ ", "a ").as_deref(), Some("a\\ "));
        assert_eq!(ignored("*.md\r\n", "a.md").as_deref(), Some("*.md"));
        assert_eq!(ignored("\u{feff}*.md", "a.md").as_deref(), Some("*.md"));
    }
}
