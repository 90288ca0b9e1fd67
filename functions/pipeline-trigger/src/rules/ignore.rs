//! gitignore lines, exactly as git reads them ("PATTERN FORMAT", gitignore(5)).
//!
//! Wildcards are matched by gitoxide's port of git's own matcher. What is here is what git's `dir.c` does around it:
//! flags of a line, names alone or whole paths, and the folders looked at from the top, since what is in an ignored
//! folder cannot be taken back. A test holds it against git itself.

use gix_glob::wildmatch;
use shared::config::Place;

/// One line that is a pattern.
#[derive(Debug, Clone)]
pub struct IgnoreLine {
    /// As it is written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// Without what the flags say.
    pattern: String,
    takes_back: bool,
    folders_only: bool,
    /// It has no slash but at its end: it is matched against the last part of a path.
    name_only: bool,
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
        let name_only = !pattern.contains('/');
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern).to_owned();
        let is_pattern = !pattern.is_empty();
        is_pattern.then(|| Self {
            text: text.to_owned(),
            place,
            pattern,
            takes_back,
            folders_only,
            name_only,
        })
    }

    /// Whether it takes back what an earlier line ignores.
    pub fn takes_back(&self) -> bool {
        self.takes_back
    }

    /// Why git would never match anything with it, if that is so.
    pub fn never_matches(&self) -> Option<&'static str> {
        use globset::ErrorKind::{InvalidRange, UnclosedClass};
        match globset::Glob::new(&self.pattern).err()?.kind() {
            UnclosedClass => Some("a bracket is opened and not closed; git would match nothing with it"),
            InvalidRange(..) => Some("a range runs backwards; git would match nothing with it"),
            _ => None,
        }
    }

    fn matches(&self, path: &str, is_folder: bool) -> bool {
        if self.folders_only && !is_folder {
            return false;
        }
        if self.name_only {
            let name = path.rsplit('/').next().unwrap_or(path);
            return wild(&self.pattern, name);
        }
        // git compares what stands before the first wildcard letter by letter and matches only the rest, so that in
        // `a**/b` the stars stand at the start of what is matched, and cross folders.
        let literal = self.pattern.find(['*', '?', '[', '\\']).unwrap_or(self.pattern.len());
        let (literal, rest) = self.pattern.split_at(literal);
        path.strip_prefix(literal).is_some_and(|path| wild(rest, path))
    }
}

fn wild(pattern: &str, text: &str) -> bool {
    wildmatch(pattern.into(), text.into(), wildmatch::Mode::NO_MATCH_SLASH_LITERAL)
}

/// The line that ignores `path`, if one does. Later lines come first; `path` is a file of the repository.
pub fn ignored_by<'l>(
    lines: impl DoubleEndedIterator<Item = &'l IgnoreLine> + Clone,
    path: &str,
) -> Option<&'l IgnoreLine> {
    let deciding = |path: &str, is_folder| lines.clone().rev().find(|line| line.matches(path, is_folder));
    let ignoring = |path: &str, is_folder| deciding(path, is_folder).filter(|line| !line.takes_back());
    let folders = path.match_indices('/').map(|(slash, _)| &path[..slash]);
    folders.into_iter().find_map(|folder| ignoring(folder, true)).or_else(|| ignoring(path, false))
}

/// The largest ignore file that is honoured, in bytes. A file of patterns is far smaller; CodeCommit itself would
/// give 6 MB.
pub const LARGEST_FILE: usize = 100_000;

/// Every pattern of an ignore file that was read from a repository.
///
/// # Errors
/// Why it is not honoured, in words that follow "it is not honoured:".
pub fn read_file(file: &str, content: Vec<u8>) -> Result<Vec<IgnoreLine>, String> {
    if content.len() > LARGEST_FILE {
        return Err(format!("it has {} bytes; at most {LARGEST_FILE} are read", content.len()));
    }
    let text = String::from_utf8(content).ok().filter(|text| !text.contains('\0'));
    text.map(|text| parse_file(file, &text)).ok_or_else(|| "it is not a text in UTF-8".to_owned())
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
        ignored_by(parse_file(".pipelineignore", lines).iter(), path).map(|line| line.text.clone())
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
