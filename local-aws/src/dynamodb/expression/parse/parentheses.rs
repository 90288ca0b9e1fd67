//! Finds parentheses that enclose nothing but other parentheses. DynamoDB refuses them.

use super::{GRAMMAR, is_inner};

/// Whether a valid expression has a pair that directly encloses another pair: `((a = :a))`. The parentheses of a function
/// and of a list are no such pairs.
pub(super) fn are_redundant(text: &str) -> bool {
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => open.push(at),
            ')' => pairs.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
    }
    pairs.retain(|(start, _)| groups(text, *start));
    pairs.iter().any(|(start, end)| {
        pairs.iter().any(|(inner, inner_end)| {
            is_blank(text, start + 1, *inner) && is_blank(text, inner_end + 1, *end)
        })
    })
}

/// Whether the parenthesis at `start` follows neither a function's name nor `IN`.
fn groups(text: &str, start: usize) -> bool {
    let before = text[..start].trim_end();
    let word = before.rsplit(|letter| !is_inner(letter)).next().unwrap_or_default();
    word.is_empty()
        || !word.eq_ignore_ascii_case("IN") && GRAMMAR.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn is_blank(text: &str, start: usize, end: usize) -> bool {
    start <= end && text[start..end].trim().is_empty()
}
