//! Texts that are patterns, but were probably meant as something else: regular expressions, paths of Windows, blanks.

use super::{BadGlob, Braces, bad, first_braces, width};
use crate::language::NameKind;

/// Letters that a backslash may stand before without a doubt.
const ESCAPABLE: &str = "*?[]{},;!\\^$|~() #-+'\"`“”‘’";
/// Quotation marks, which no name has around it.
const QUOTES: &str = "'\"`“”‘’";
/// What git writes before the name of a branch or tag in other places than its list of branches.
const PREFIXES: [&str; 5] = ["origin/", "remotes/", "refs/", "heads/", "tags/"];

/// Refuses a backslash before a letter or a digit, which has no special meaning to lose.
pub(super) fn refuse_useless_backslash(body: &str) -> Result<(), BadGlob> {
    match escaped(body).into_iter().find(char::is_ascii_alphanumeric) {
        None => Ok(()),
        Some(letter) => Err(bad(
            format!("a backslash takes a special meaning away, and `{letter}` has none"),
            "folders are separated by `/`; patterns are not regular expressions (docs/configuration.md#patterns)",
        )),
    }
}

/// Whether a text looks like a regular expression.
pub(super) fn is_regular(body: &str) -> bool {
    let marks = [".*", ".+", "]+", ")+", ")*", ")?"];
    body.starts_with('^')
        || body.ends_with('$')
        || body.contains('|')
        || marks.iter().any(|mark| body.contains(mark))
}

/// Why a pattern that can match a name was probably not meant so, and what to write if it was.
pub(super) fn doubt(body: &str, kind: NameKind) -> Option<BadGlob> {
    let edge = |letter: Option<char>| letter.is_some_and(is_blank);
    let ends_with = |letter| body.ends_with(letter) && !body.ends_with(&format!("\\{letter}"));
    let regular = "patterns are not regular expressions (docs/configuration.md#patterns)";
    if edge(body.chars().next()) {
        return Some(bad(
            "the pattern begins with a blank",
            "remove the blank; if names begin with it, write `\\` before it",
        ));
    }
    if edge(body.chars().next_back()) && !body.ends_with("\\ ") {
        return Some(bad(
            "the pattern ends with a blank",
            "remove the blank; if names end with it, write `\\` before it",
        ));
    }
    let quote = |letter: Option<char>| letter.filter(|letter| QUOTES.contains(*letter));
    let last = Some(body).filter(|body| !ends_escaped(body)).and_then(|body| body.chars().next_back());
    if let Some(letter) = quote(body.chars().next()).or(quote(last)) {
        return Some(bad(
            format!("the quotation mark {letter} is a part of the pattern"),
            "remove it; if names have it there, write `\\` before it".to_owned(),
        ));
    }
    if let Some(letter) = escaped(body).into_iter().find(|letter| !ESCAPABLE.contains(*letter)) {
        let help = format!("write `{letter}`; {regular}");
        return Some(bad(format!("a backslash takes a special meaning away, and `{letter}` has none"), help));
    }
    if body.starts_with('^') || ends_with('$') {
        let letter = if body.starts_with('^') { '^' } else { '$' };
        let help = format!("{regular}; if names have a `{letter}` there, write `\\{letter}`");
        return Some(bad(format!("`{letter}` stands for itself"), help));
    }
    if plain(body).contains('|') {
        return Some(bad(
            "`|` stands for itself",
            "write {a,b} for alternatives; if names have a `|`, write `\\|`",
        ));
    }
    if let Some(mark) = [".+", "]+", ")+"].into_iter().find(|mark| unescaped_end(body, mark)) {
        let help = format!("{regular}; if names have a `+` there, write `\\` before it");
        return Some(bad(format!("`{mark}` has no special meaning"), help));
    }
    let letters: Vec<char> = body.chars().take(3).collect();
    if let [drive, ':', '/'] = letters.as_slice()
        && drive.is_ascii_alphabetic()
    {
        return Some(bad(
            format!("`{drive}:` is a folder of that name"),
            "patterns are relative to the repository's root",
        ));
    }
    if matches!(kind, NameKind::Branch | NameKind::Tag)
        && let Some(prefix) = PREFIXES.into_iter().find(|prefix| body.starts_with(prefix))
    {
        let noun = kind.noun();
        return Some(bad(
            format!("`{prefix}` is rarely a part of a {noun}'s name in CodeCommit"),
            format!(
                "write the name as CodeCommit shows it; if the {noun}'s name begins so, write `[{}]{}`",
                &prefix[..1],
                &prefix[1..]
            ),
        ));
    }
    if ["**,", "**;", "** "].iter().any(|mark| outside_braces(body).contains(mark)) {
        return Some(bad(
            "this is one pattern, not a list",
            "write each pattern in its own quotation marks; if names have the letter there, write `\\` before it",
        ));
    }
    if body.starts_with("~/") {
        return Some(bad(
            "`~` is a folder of that name",
            "patterns are relative to the repository's root; if it has a folder `~`, write `\\~`",
        ));
    }
    if let Some(letter) = wide_letter(body) {
        return Some(wide(letter));
    }
    if let Ok(Some(Braces { choices, .. })) = first_braces(body)
        && choices.len() == 1
    {
        let label =
            format!("the braces have one alternative, so the pattern matches `{}`", first_choice(body));
        return Some(bad(label, "write the pattern without braces; `\\{` is a brace in a name"));
    }
    if let Some(choice) = all_choices(body).into_iter().find(|choice| {
        edge(choice.chars().next()) || (edge(choice.chars().next_back()) && !ends_escaped(choice))
    }) {
        return Some(bad(
            format!("the alternative `{choice}` begins or ends with a blank"),
            "remove the blank; if names have it there, write `\\` before it",
        ));
    }
    if brackets(body).iter().any(|bracket| bracket.contains('\\')) {
        return Some(bad(
            "a backslash in a bracket stands for itself",
            "write special letters in brackets without a backslash",
        ));
    }
    None
}

/// A blank, also one without a width.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace()
        || ('\u{200b}'..='\u{200f}').contains(&letter)
        || "\u{2060}\u{feff}".contains(letter)
}

/// Whether the last letter has a backslash before it.
fn ends_escaped(text: &str) -> bool {
    pieces(text).last().is_some_and(|piece| piece.starts_with('\\'))
}

/// Whether a text of two letters is in the pattern, its second letter without a backslash. A bracket counts as its last letter.
fn unescaped_end(body: &str, mark: &str) -> bool {
    let pieces = pieces(body);
    pieces.windows(2).any(|pair| {
        let before = !pair[0].starts_with('\\') && pair[0].ends_with(&mark[..1]);
        before && pair[1] == &mark[1..]
    })
}

/// The pattern without what is in braces.
fn outside_braces(body: &str) -> String {
    let mut body = body.to_owned();
    while let Ok(Some(Braces { before, after, .. })) = first_braces(&body) {
        body = format!("{before}{after}");
    }
    plain(&body)
}

/// Every alternative in braces.
fn all_choices(body: &str) -> Vec<String> {
    let mut open = vec![body.to_owned()];
    let mut found = Vec::new();
    while let Some(body) = open.pop() {
        if let Ok(Some(Braces { choices, after, .. })) = first_braces(&body) {
            found.extend(choices.iter().map(|choice| (*choice).to_owned()));
            open.extend(choices.iter().map(|choice| (*choice).to_owned()));
            open.push(after.to_owned());
        }
    }
    found
}

/// What is wrong with a letter of more than one byte in a bracket.
pub(super) fn wide(letter: char) -> BadGlob {
    bad(
        format!("a bracket stands for one byte, and `{letter}` has {}", letter.len_utf8()),
        format!("write the letters in braces: {{{letter},...}}"),
    )
}

/// A letter of more than one byte in a bracket, which stands for one byte.
pub(super) fn wide_letter(body: &str) -> Option<char> {
    brackets(body).iter().find_map(|bracket| bracket.chars().find(|letter| !letter.is_ascii()))
}

/// The letters after a backslash.
fn escaped(body: &str) -> Vec<char> {
    pieces(body).iter().filter_map(|piece| piece.strip_prefix('\\')?.chars().next()).collect()
}

/// The pattern without its brackets and what is escaped.
fn plain(body: &str) -> String {
    pieces(body).iter().filter(|piece| !piece.starts_with('\\') && piece.len() <= 4).copied().collect()
}

fn brackets(body: &str) -> Vec<&str> {
    pieces(body).into_iter().filter(|piece| piece.starts_with('[') && piece.len() > 1).collect()
}

/// The pattern cut into letters, escaped letters and brackets.
fn pieces(body: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some(letter) = rest.chars().next() {
        let (piece, after) = rest.split_at(width(rest, letter).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The first way to choose from the braces of a pattern.
pub(super) fn first_choice(body: &str) -> String {
    let mut body = body.to_owned();
    while let Ok(Some(Braces { before, choices, after })) = first_braces(&body) {
        body = format!("{before}{}{after}", choices.first().copied().unwrap_or_default());
    }
    body
}
