//! Texts that are patterns, but were probably meant as something else: regular expressions, paths of Windows, blanks.

use super::{BadGlob, Braces, bad, first_braces, width};

/// Letters that a backslash may stand before without a doubt.
const ESCAPABLE: &str = "*?[]{},!\\^$|~() #-";

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
    body.starts_with('^') || body.ends_with('$') || body.contains('|')
}

/// Why a pattern that can match a name was probably not meant so, and what to write if it was.
pub(super) fn doubt(body: &str) -> Option<BadGlob> {
    let edge = |letter: Option<char>| letter.is_some_and(char::is_whitespace);
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
    if brackets(body).iter().any(|bracket| bracket.contains('\\')) {
        return Some(bad(
            "a backslash in a bracket stands for itself",
            "write special letters in brackets without a backslash",
        ));
    }
    None
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
