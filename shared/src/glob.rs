//! CodePipeline's own glob, in ordered lists: `*` within a segment, `**` across, `?`, `[]`, `{a,b}`, `!` to exclude.
//!
//! "Working with glob patterns in syntax", AWS CodePipeline User Guide. `?` and `[]` stand for one byte, so one
//! letter of ASCII; `*` and `**` for any text.

mod judge;
mod lists;
mod literal;
mod notation;
#[cfg(test)]
mod oracle;
mod read;
mod simplified;
mod steps;

use std::ops::Range;
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use crate::config::Place;
use crate::language::{NameKind, PatternStep};

/// Why patterns could not be compiled into one automaton.
pub use globset::Error as SetError;

pub use judge::{ListJudge, Redundant, WhyRedundant};
pub use lists::ListSet;
pub use literal::{finished, literal, push_literal};
pub use read::{
    BAD_GLOB, CODES, COVERS_NOTHING, EMPTY_LIST, NEVER_DECIDES, UNLIKELY, kind_of, last_part, read, redundant,
};
pub use simplified::simplified;

/// The longest pattern, in bytes; CodePipeline's own have 255 characters.
const LONGEST: usize = 1_000;

/// The most patterns that the braces of one pattern can expand to.
const MOST_CHOICES: usize = 1_000;

const SYNTAX: &str = "docs/configuration.md#patterns has the syntax";

/// One pattern of a list: its text and its place.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The pattern as the file has it, with its `!`.
    pub text: String,
    /// Whether the pattern excludes what it matches.
    pub excludes: bool,
    /// Its place.
    pub place: Place,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// One for each way to choose from its braces, built when the first list of paths is matched.
    globs: OnceLock<Vec<Glob>>,
    /// The same, compiled when the first name is matched.
    matchers: OnceLock<Vec<GlobMatcher>>,
}

/// Why a text is not a pattern, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadGlob {
    /// The problem.
    pub message: String,
    /// How to fix the problem.
    pub help: String,
}

impl Pattern {
    /// Reads one entry of a list.
    ///
    /// # Errors
    /// When the text is not a glob.
    pub fn parse(text: &str, place: Place, span: Range<usize>) -> Result<Self, BadGlob> {
        let (excludes, body) = text.strip_prefix('!').map_or((false, text), |body| (true, body));
        if body.len() > LONGEST {
            return Err(bad(format!("a pattern has at most {LONGEST} bytes"), "write several patterns"));
        }
        if body.is_empty() {
            return Err(bad("an empty pattern matches nothing", "remove it, or write `**` for everything"));
        }
        notation::refuse_useless_backslash(body)?;
        for choice in expanded(body)? {
            steps::steps(&choice)?;
        }
        let (globs, matchers) = (OnceLock::new(), OnceLock::new());
        Ok(Self { text: text.to_owned(), excludes, place, span, globs, matchers })
    }

    /// The pattern's steps, once for each way to choose from its braces.
    pub fn steps(&self) -> Vec<Vec<PatternStep>> {
        let choices = expanded(self.body()).unwrap_or_default();
        choices.iter().filter_map(|choice| steps::steps(choice).ok()).collect()
    }

    /// Whether it matches `name`, by itself. A name without wildcards, as most branches are, needs no automaton.
    pub fn matches(&self, name: &str) -> bool {
        match self.body().contains(['*', '?', '[', '{', '\\']) {
            false => self.body() == name,
            true => {
                let compile = || self.globs().iter().map(Glob::compile_matcher).collect();
                self.matchers.get_or_init(compile).iter().any(|glob| glob.is_match(name))
            }
        }
    }

    fn globs(&self) -> &[Glob] {
        self.globs.get_or_init(|| {
            let choices = expanded(self.body()).unwrap_or_default();
            choices.iter().map(|choice| glob(choice)).collect::<Result<_, _>>().unwrap_or_default()
        })
    }

    /// The pattern without its `!`.
    pub fn body(&self) -> &str {
        self.text.strip_prefix('!').unwrap_or(&self.text)
    }
}

/// An ordered list of patterns: the last one that matches decides. A list that only excludes starts from everything.
#[derive(Debug, Clone)]
pub struct PatternList {
    /// In the order of the file.
    pub patterns: Vec<Pattern>,
    /// Whether every pattern could be read, and one that includes can match a name. Otherwise a problem says so already.
    pub is_whole: bool,
}

impl PatternList {
    /// Whether a name that no pattern matches is included. The list is not empty.
    pub fn starts_from_everything(&self) -> bool {
        self.patterns.iter().all(|pattern| pattern.excludes)
    }

    /// Every pattern that matches `name`, in their order. The last one decides.
    pub fn matching(&self, name: &str) -> Vec<&Pattern> {
        self.patterns.iter().filter(|pattern| pattern.matches(name)).collect()
    }

    /// Whether the list includes any name. If in doubt, it does.
    pub fn includes_anything(&self, kind: NameKind) -> bool {
        !self.is_whole || ListJudge::new(self, kind).includes_anything()
    }

    /// Whether `name` is included, and the pattern that decides it.
    pub fn includes(&self, name: &str) -> (bool, Option<&Pattern>) {
        let last = self.patterns.iter().rev().find(|pattern| pattern.matches(name));
        (last.map_or(self.starts_from_everything(), |pattern| !pattern.excludes), last)
    }
}

/// The path lists of several rules as one automaton: one pass over a path answers for all of them.
#[derive(Debug)]
pub struct PathMatcher<'r> {
    set: GlobSet,
    owners: Vec<(usize, &'r Pattern)>,
}

impl<'r> PathMatcher<'r> {
    /// An automaton of the lists; a rule without one has `None`.
    ///
    /// # Errors
    /// When the patterns together are too large for an automaton (tens of thousands).
    pub fn new(lists: &[Option<&'r PatternList>]) -> Result<Self, SetError> {
        let mut set = GlobSetBuilder::new();
        let mut owners = Vec::new();
        for (rule, list) in lists.iter().enumerate() {
            for pattern in list.iter().flat_map(|list| &list.patterns) {
                for glob in pattern.globs() {
                    set.add(glob.clone());
                    owners.push((rule, pattern));
                }
            }
        }
        Ok(Self { set: set.build()?, owners })
    }

    /// The last pattern of each rule that matches `path`, as (rule, pattern) in the rules' order.
    pub fn last_matches<'m>(&'m self, path: &str, found: &'m mut Vec<usize>) -> Vec<(usize, &'r Pattern)> {
        self.set.matches_into(path, found);
        found.sort_unstable();
        let mut last: Vec<(usize, &Pattern)> = Vec::new();
        for (rule, pattern) in found.iter().map(|index| self.owners[*index]) {
            match last.last_mut() {
                Some(entry) if entry.0 == rule => entry.1 = pattern,
                _ => last.push((rule, pattern)),
            }
        }
        last
    }
}

/// Whether a pattern has no wildcards.
pub fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains(['*', '?', '[', '{', '\\'])
}

fn bad(message: impl Into<String>, help: impl Into<String>) -> BadGlob {
    BadGlob { message: message.into(), help: help.into() }
}

/// The pattern as globset reads it. Its steps were read before, so that it has no error.
fn glob(body: &str) -> Result<Glob, SetError> {
    // No name ends with a slash. globset reads `**/` as `**`.
    let text = if body.ends_with('/') { "/".to_owned() } else { translated(body) };
    GlobBuilder::new(&text).literal_separator(true).backslash_escape(true).build()
}

/// The pattern once for each way to choose from its braces. They are chosen from first, so that `**` means the same in
/// them as outside.
fn expanded(body: &str) -> Result<Vec<String>, BadGlob> {
    let mut done = Vec::new();
    let mut open = vec![body.to_owned()];
    while let Some(body) = open.pop() {
        if done.len() + open.len() > MOST_CHOICES {
            return Err(bad(
                format!("the braces expand to more than {MOST_CHOICES} patterns"),
                "write fewer alternatives",
            ));
        }
        match first_braces(&body)? {
            None => done.push(body),
            Some(Braces { before, choices, after }) => {
                open.extend(choices.iter().rev().map(|choice| format!("{before}{choice}{after}")));
            }
        }
    }
    Ok(done)
}

/// The first braces of a pattern and what stands around them.
struct Braces<'p> {
    before: &'p str,
    choices: Vec<&'p str>,
    after: &'p str,
}

/// The first braces of a pattern that are not escaped or in brackets.
fn first_braces(body: &str) -> Result<Option<Braces<'_>>, BadGlob> {
    let (mut begin, mut depth, mut choices) = (None, 0_usize, Vec::new());
    let mut at = 0;
    while let Some(letter) = body[at..].chars().next() {
        match (letter, begin) {
            ('{', None) => (begin, depth) = (Some((at, at + 1)), 1),
            ('{', Some(_)) => depth += 1,
            ('}', None) => return Err(bad("a brace is closed that was not opened; missing `{`", SYNTAX)),
            (',', Some((open, from))) if depth == 1 => {
                choices.push(&body[from..at]);
                begin = Some((open, at + 1));
            }
            ('}', Some((open, from))) if depth == 1 => {
                choices.push(&body[from..at]);
                return Ok(Some(Braces { before: &body[..open], choices, after: &body[at + 1..] }));
            }
            ('}', Some(_)) => depth -= 1,
            _ => {}
        }
        at += width(&body[at..], letter);
    }
    match begin {
        None => Ok(None),
        Some(_) => Err(bad("a brace is opened and not closed; missing `}`", SYNTAX)),
    }
}

/// How many bytes belong together at the start of `rest`: an escaped letter, a bracket with what is in it, or a letter.
fn width(rest: &str, letter: char) -> usize {
    let escaped = || rest.chars().nth(1).map_or(1, |next| 1 + next.len_utf8());
    match letter {
        '\\' => escaped(),
        '[' => {
            let first = 1 + usize::from(rest[1..].starts_with(['!', '^']));
            let skipped = rest[first..].chars().next().map_or(0, char::len_utf8);
            rest[first + skipped..].find(']').map_or(1, |close| first + skipped + close + 1)
        }
        letter => letter.len_utf8(),
    }
}

/// The same glob in globset's syntax: there, `**` beside other letters is only `*`, and `[!x]` also matches `/`.
fn translated(body: &str) -> String {
    let letters: Vec<char> = body.chars().collect();
    let mut out = String::with_capacity(body.len());
    let mut at = 0;
    while at < letters.len() {
        at += match letters[at] {
            '\\' => copied(&letters, at, 2, &mut out),
            '[' => class(&letters, at, &mut out),
            '*' => stars(&letters, at, &mut out),
            _ => copied(&letters, at, 1, &mut out),
        };
    }
    out
}

fn copied(letters: &[char], at: usize, count: usize, out: &mut String) -> usize {
    let end = letters.len().min(at + count);
    out.extend(&letters[at..end]);
    end - at
}

/// Copies a run of stars. Two or more that are not a segment of their own still cross slashes.
fn stars(letters: &[char], at: usize, out: &mut String) -> usize {
    let count = letters[at..].iter().take_while(|letter| **letter == '*').count();
    let edge = |letter: Option<&char>| letter.is_none_or(|letter| *letter == '/');
    let before = at.checked_sub(1).and_then(|before| letters.get(before));
    let alone = edge(before) && edge(letters.get(at + count));
    out.push_str(match (count, alone) {
        (1, _) => "*",
        (_, true) => "**",
        (_, false) => "{*,*/**/*}",
    });
    count
}

/// Copies a bracket. None ever matches a slash, as in every glob whose `*` stays within a segment.
fn class(letters: &[char], at: usize, out: &mut String) -> usize {
    let negated = matches!(letters.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    // A `]` right after the opening is a letter of the class.
    let close = (first + 1..letters.len()).find(|index| letters[*index] == ']');
    let Some(close) = close else { return copied(letters, at, letters.len(), out) };
    let members = &letters[first..close];
    out.push('[');
    if negated {
        out.push('!');
        // Not first: a `]` among the members must stay the first of them.
        out.extend(members);
        if members.last() == Some(&'-') {
            out.truncate(out.len() - 1);
            out.push_str("/-");
        } else {
            out.push('/');
        }
    } else {
        out.extend(members);
    }
    out.push(']');
    close + 1 - at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<Pattern, BadGlob> {
        Pattern::parse(text, Place::line("pointsman.toml", 1), 0..0)
    }

    fn list(texts: &[&str]) -> PatternList {
        PatternList { patterns: texts.iter().map(|text| pattern(text).unwrap()).collect(), is_whole: true }
    }

    #[track_caller]
    fn matches(text: &str, yes: &[&str], no: &[&str]) {
        let matcher = pattern(text).unwrap();
        for name in yes {
            assert!(matcher.matches(name), "`{text}` should match {name}");
        }
        for name in no {
            assert!(!matcher.matches(name), "`{text}` should not match {name}");
        }
    }

    #[test]
    fn one_star_stays_within_a_segment_and_two_cross() {
        matches("services/*", &["services/web", "services/.env"], &["services/web/app.ts", "services"]);
        matches("services/**", &["services/web", "services/web/app.ts"], &["services", "other/services/web"]);
        matches("**/*.md", &["README.md", "docs/a/b.md"], &["README.markdown"]);
        matches("src/**/test.rs", &["src/test.rs", "src/a/b/test.rs"], &["src/latest.rs"]);
        matches("**", &["a", "a/b", "line\nbreak/ü"], &[]);
    }

    #[test]
    fn two_stars_beside_other_letters_cross_too() {
        matches("release**", &["release", "release-1", "release/1.0/hotfix"], &["prerelease"]);
        matches("**fix", &["fix", "a/b/hotfix"], &["fixes"]);
        matches("{**/*.md,docs/**}", &["README.md", "a/b.md", "docs/x"], &["docs"]);
        matches(
            "{services/**,libs}/*.ts",
            &["services/x.ts", "services/a/b.ts", "libs/x.ts"],
            &["libs/a/x.ts"],
        );
        matches("a{**/x,b}", &["a/x", "aq/r/x", "ab"], &["x"]);
    }

    #[test]
    fn braces_may_be_nested_empty_and_beside_brackets_and_escapes() {
        matches("{a,{b,c{d,e}}}.x", &["a.x", "b.x", "cd.x", "ce.x"], &["c.x", "{a.x"]);
        matches("a{,b}c", &["ac", "abc"], &["a,c"]);
        matches("[{]a[,}]", &["{a,", "{a}"], &["a"]);
        matches(r"\{a,b\}", &["{a,b}"], &["a", "b"]);
        let deep = format!("{}b{}", "{a,".repeat(200), "}".repeat(200));
        matches(&deep, &["a", "b"], &["c"]);
        assert!(pattern(&"{a,b}".repeat(12)).unwrap_err().message.contains("more than 1000"));
        assert!(pattern(&"a".repeat(1001)).unwrap_err().message.contains("at most 1000"));
    }

    #[test]
    fn brackets_never_match_a_slash() {
        matches("a[!x]b", &["ayb"], &["a/b", "axb"]);
        matches("a[^x]b", &["ayb"], &["a/b", "axb"]);
        matches("a[!]]b", &["axb"], &["a]b", "a/b"]);
        matches("a[!x-]b", &["ayb"], &["a-b", "axb", "a/b"]);
        matches("v[0-9].x", &["v1.x"], &["va.x"]);
        assert!(pattern("a[+-0]b").is_err() && pattern("a[/]b").is_err());
    }

    #[test]
    fn alternatives_escapes_and_one_letter() {
        matches("libs/{ui,core}/**", &["libs/ui/a", "libs/core/b/c"], &["libs/other/a"]);
        matches("a?c", &["abc"], &["a/c", "ac"]);
        matches(r"what\*", &["what*"], &["whatever"]);
        matches(r"\!important", &["!important"], &["important"]);
    }

    #[test]
    fn a_text_that_is_not_a_glob_is_refused() {
        for text in ["a[", "a{b", "a}b", "a\\", "[z-a]", "", "!", r"services\web", r"\d"] {
            assert!(pattern(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let rules = list(&["services/**", "!**/*.md", "services/web/CHANGELOG.md"]);
        for (path, expected) in [
            ("services/web/app.ts", true),
            ("services/web/README.md", false),
            ("services/web/CHANGELOG.md", true),
            ("tools/x", false),
        ] {
            assert_eq!(rules.includes(path).0, expected, "{path}");
        }
        assert!(list(&["!docs/**"]).includes("src/a").0, "a list that only excludes starts from everything");
    }

    #[test]
    fn one_pass_answers_for_every_rule() {
        let (web, all, docs) = (list(&["services/web/**", "!**/*.md"]), list(&["**"]), list(&["docs/**"]));
        let matcher = PathMatcher::new(&[Some(&web), None, Some(&all), Some(&docs)]).unwrap();
        let found = matcher.last_matches("services/web/a.md", &mut Vec::new());
        let texts: Vec<(usize, &str)> = found.iter().map(|(rule, pattern)| (*rule, &*pattern.text)).collect();
        assert_eq!(texts, [(0, "!**/*.md"), (2, "**")]);
    }
}
