//! Reads a list of patterns from a table of the rules.

use std::ops::Range;

use super::judge::{ListJudge, WhyRedundant};
use super::notation::{doubt, first_choice, is_regular, wide, wide_letter};
use super::steps::steps;
use super::{BadGlob, Pattern, PatternList, bad};
use crate::config::{Code, Document, Problem, ProblemLevel, TableReader, Text};
use crate::language::{NameKind, can_match, furthest};

/// An empty list.
pub const EMPTY_LIST: Code = Code { name: "empty-list", title: "a list is empty" };
/// Not a glob, or a glob that cannot match anything.
pub const BAD_GLOB: Code =
    Code { name: "bad-glob", title: "a pattern is not a valid glob, or cannot match anything" };
/// A pattern that can be removed without an effect.
pub const NEVER_DECIDES: Code = Code { name: "never-decides", title: "a pattern never decides anything" };
/// A pattern that probably means something else than its author wants.
pub const UNLIKELY: Code = Code { name: "unlikely-pattern", title: "a pattern matches unlikely names only" };
/// A list that includes no name at all.
pub const COVERS_NOTHING: Code =
    Code { name: "covers-nothing", title: "a rule covers nothing, whatever the names" };

/// Every code of this module.
pub const CODES: &[Code] = &[EMPTY_LIST, BAD_GLOB, NEVER_DECIDES, UNLIKELY, COVERS_NOTHING];

/// The names that the lists at `key` are about.
pub fn kind_of(key: &str) -> NameKind {
    match key {
        "branches" | "protected" | "pinned" | "except-branches" => NameKind::Branch,
        "tags" | "except-tags" => NameKind::Tag,
        "repositories" => NameKind::Repository,
        _ => NameKind::Path,
    }
}

/// The list of patterns at `key`, every problem in it reported. `branches` and `tags` take short names.
pub fn read(
    document: &Document,
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
) -> Option<PatternList> {
    let texts = table.strings(key)?;
    if texts.get_ref().is_empty() {
        let help = "write at least one pattern; without the key, the list is not asked";
        table.problem(Problem::new(EMPTY_LIST, texts.span(), format!("`{key}` is empty")).help(help));
        return None;
    }
    let mut patterns = Vec::new();
    let (mut all_read, mut impossible, mut doubts) = (true, 0, Vec::new());
    for text in texts.get_ref() {
        match pattern(document, key, text) {
            Ok(pattern) => {
                let problem = matches_a_name(&pattern, kind_of(key));
                match problem {
                    Some(problem) if problem.code == UNLIKELY => doubts.push((problem, pattern.excludes)),
                    Some(problem) => {
                        impossible += usize::from(problem.level == ProblemLevel::Error);
                        table.problem(problem);
                    }
                    None => {}
                }
                patterns.push(pattern);
            }
            Err(problem) => {
                all_read = false;
                table.problem(*problem);
            }
        }
    }
    let including = patterns.iter().filter(|pattern| !pattern.excludes).count();
    // In a list of such patterns only, the rule applies to nothing in practice.
    let doubtful = doubts.iter().filter(|(_, excludes)| !excludes).count();
    let is_doubtful = doubtful > 0 && doubtful + impossible == including;
    for (problem, excludes) in doubts {
        table.problem(if is_doubtful && !excludes { problem } else { problem.warning() });
    }
    let is_whole = all_read && (including == 0 || impossible < including);
    let list = PatternList { patterns, is_whole };
    if document.wants_warnings() {
        redundant(&list, kind_of(key)).into_iter().for_each(|problem| table.problem(problem));
    }
    (!list.patterns.is_empty()).then_some(list)
}

fn pattern(document: &Document, key: &str, text: &Text) -> Result<Pattern, Box<Problem>> {
    let refused =
        |label: String, help: String| Box::new(Problem::new(BAD_GLOB, text.span(), label).help(help));
    let (sign, body) = signed(text.get_ref());
    if let (kind @ (NameKind::Branch | NameKind::Tag), Some((named, short))) =
        (kind_of(key), short_name(body))
    {
        let noun = named.noun();
        return Err(match named == kind {
            true => {
                refused(format!("`{key}` takes names without `refs/...`"), format!("write `{sign}{short}`"))
            }
            false => refused(
                format!(
                    "`{key}` takes {}, and this is a {noun}",
                    if kind == NameKind::Branch { "branches" } else { "tags" }
                ),
                format!("the short name of the {noun} is `{short}`"),
            ),
        });
    }
    Pattern::parse(text.get_ref(), document.place(&text.span()), text.span())
        .map_err(|bad| refused(bad.message, bad.help))
}

fn signed(text: &str) -> (&str, &str) {
    text.strip_prefix('!').map_or(("", text), |body| ("!", body))
}

fn short_name(body: &str) -> Option<(NameKind, &str)> {
    let branch = body.strip_prefix("refs/heads/").map(|short| (NameKind::Branch, short));
    branch.or_else(|| body.strip_prefix("refs/tags/").map(|short| (NameKind::Tag, short)))
}

/// The problem of a pattern that matches no name, or only an unlikely one. A pattern that includes nothing is an error,
/// because a pipeline that does not start goes unnoticed. A pattern that excludes nothing is a warning.
fn matches_a_name(pattern: &Pattern, kind: NameKind) -> Option<Problem> {
    let problem = |code, bad: BadGlob| Problem::new(code, pattern.span.clone(), bad.message).help(bad.help);
    // git's own commands refuse more names than a push does.
    if can_match(&pattern.steps(), kind, !pattern.excludes) {
        return doubt(pattern.body(), kind).map(|bad| problem(UNLIKELY, bad));
    }
    let problem = problem(BAD_GLOB, why_never(pattern, kind));
    Some(if pattern.excludes { problem.warning() } else { problem })
}

/// Where a pattern leaves the names that git allows, and what to write instead.
fn why_never(pattern: &Pattern, kind: NameKind) -> BadGlob {
    let (_, body) = signed(&pattern.text);
    let noun = kind.noun();
    if let Some(letter) = wide_letter(body) {
        return wide(letter);
    }
    let choice = first_choice(body);
    let taken = furthest(&steps(&choice).unwrap_or_default(), kind, !pattern.excludes);
    let (before, after) = cut(&choice, taken);
    let message = match (before, after.chars().next()) {
        _ if choice.is_empty() => format!("no {noun} has an empty name"),
        (_, None) if [".", "..", "@", "HEAD"].contains(&choice.as_str()) => {
            format!("no {noun} has the name `{choice}`")
        }
        (_, None) => {
            let part = choice.rfind('/').map_or(choice.as_str(), |slash| &choice[slash..]);
            format!("no {noun} has a name that ends with `{part}`")
        }
        (before, Some('/')) => format!("no {noun} has a name that begins with `{before}/`"),
        ("", Some(first)) => format!("no {noun} has a name that begins with `{first}`"),
        (before, Some(next)) => format!("no {noun} has a name with `{next}` after `{before}`"),
    };
    let help = match (pattern.excludes, better(body, kind)) {
        (false, better) => better.map_or_else(|| fallback(body, kind), |text| format!("write `{text}`")),
        (true, None) => "it excludes nothing".to_owned(),
        (true, Some(text)) => format!("it excludes nothing; `!{text}` excludes such names"),
    };
    bad(message, help)
}

/// The text of a pattern without braces, cut after as many of its steps.
fn cut(choice: &str, taken: usize) -> (&str, &str) {
    // A text that is cut in a bracket has no steps yet.
    let count = |text: &str| steps(text).map_or(0, |steps| steps.len());
    let ends = choice.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let end = std::iter::once(0).chain(ends).take_while(|end| count(&choice[..*end]) <= taken).last();
    choice.split_at(end.unwrap_or_default())
}

/// A pattern near this one that can match, if a small change makes one.
fn better(body: &str, kind: NameKind) -> Option<String> {
    let trimmed = body.trim();
    let relative = trimmed.trim_start_matches("./").trim_start_matches('/');
    let folder = relative.strip_suffix('/').map(|folder| format!("{folder}/**"));
    let candidates = [
        Some(trimmed.to_owned()),
        Some(relative.to_owned()),
        folder,
        Some(relative.replace("//", "/")),
        (kind == NameKind::Repository).then(|| last_part(relative).to_owned()),
        relative.strip_prefix('^').map(|rest| rest.trim_end_matches('$').to_owned()),
    ];
    let can = |text: &String| {
        let pattern = Pattern::parse(text, crate::config::Place::line("", 0), 0..0);
        pattern.is_ok_and(|pattern| can_match(&pattern.steps(), kind, true) && doubt(text, kind).is_none())
    };
    // A pattern of wildcards alone is wider than anything that its author can have meant.
    let is_wide = |text: &str| !text.contains(char::is_alphanumeric) && body.contains(char::is_alphanumeric);
    candidates.into_iter().flatten().find(|text| text != body && !is_wide(text) && can(text))
}

/// The name of a repository in an ARN, a URL or a path.
pub fn last_part(text: &str) -> &str {
    let text = text.trim().trim_end_matches('/');
    let name = text.rsplit(['/', ':']).next().unwrap_or(text);
    name.strip_suffix(".git").unwrap_or(name)
}

fn fallback(body: &str, kind: NameKind) -> String {
    match kind {
        _ if is_regular(body) => {
            "patterns are not regular expressions: write {a,b} for alternatives, `*` for any text"
        }
        NameKind::Path => "write names as `git ls-files` prints them",
        NameKind::Branch => {
            "write names as `git branch` prints them; `git help check-ref-format` has the rules"
        }
        NameKind::Tag => "write names as `git tag` prints them; `git help check-ref-format` has the rules",
        NameKind::Repository => {
            "a repository's name has letters, digits and . _ -, at most 100, and does not end with `.git`"
        }
    }
    .to_owned()
}

/// The warnings of the patterns that can be removed.
pub fn redundant(list: &PatternList, kind: NameKind) -> Vec<Problem> {
    if list.patterns.len() < 2 {
        return Vec::new();
    }
    let redundant = ListJudge::new(list, kind).redundant();
    let can_match = |pattern: &Pattern| can_match(&pattern.steps(), kind, !pattern.excludes);
    let reported = redundant.into_iter().filter(|redundant| can_match(&list.patterns[redundant.index]));
    reported.map(|redundant| never_decides(list, redundant.index, &redundant.why)).collect()
}

fn never_decides(list: &PatternList, index: usize, why: &WhyRedundant) -> Problem {
    let span = list.patterns[index].span.clone();
    let problem = |label: String| {
        Problem::new(NEVER_DECIDES, span.clone(), label)
            .help("remove it: the list then includes the same names as before")
            .warning()
    };
    let nothing_before = list.patterns[..index].iter().all(|pattern| pattern.excludes);
    match why {
        WhyRedundant::Later(later) => {
            covered(problem, &list.patterns[*later].text, &list.patterns[*later].span)
        }
        WhyRedundant::Earlier(earlier) => {
            let earlier = &list.patterns[*earlier];
            problem(format!("`{}` matches everything that this pattern matches", earlier.text))
                .related(earlier.span.clone(), "this pattern decides the same")
        }
        WhyRedundant::LaterOnes => {
            problem("later patterns match everything that this pattern matches".to_owned())
        }
        WhyRedundant::Included => problem("what this pattern matches is included without it".to_owned()),
        WhyRedundant::Excluded if nothing_before => {
            problem("no pattern before this one includes anything".to_owned())
        }
        WhyRedundant::Excluded => problem("what this pattern matches is excluded without it".to_owned()),
    }
}

fn covered(problem: impl Fn(String) -> Problem, later: &str, place: &Range<usize>) -> Problem {
    problem(format!("the later `{later}` matches everything that this pattern matches"))
        .related(place.clone(), "this pattern always decides")
}
