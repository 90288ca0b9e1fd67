//! Text of others in Markdown: names of branches, outputs of stacks and reasons of CloudFormation are untrusted input.

use shared::text::{printable, shortened};

/// The most characters of a value.
const LONGEST: usize = 1_000;

/// The text as inline code, in which Markdown has no meaning: with more backticks around it than it has in a row.
pub(super) fn code(text: &str) -> String {
    let text = shortened(&printable(text), LONGEST);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // CommonMark removes one blank on each side, where both sides have one.
    let padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    if padded { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

/// The value of an output: a link for a plain URL, inline code for anything else.
pub(super) fn value(text: &str) -> String {
    if is_plain_url(text) { format!("<{text}>") } else { code(text) }
}

/// Whether a text is an `http` URL of characters that have no meaning in an autolink.
fn is_plain_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'*+,;=%()[]".contains(c);
    text.len() <= LONGEST && rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_code_cannot_be_left() {
        for (text, expected) in [
            ("a_b", "`a_b`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            ("a\n# b", "`a\\n# b`"),
            ("", "(empty)"),
            (" a ", "`  a  `"),
            ("<img src=x>", "`<img src=x>`"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_plain_url_becomes_a_link() {
        assert_eq!(value("https://a.example.com/x?y=1"), "<https://a.example.com/x?y=1>");
        for text in
            ["javascript:alert(1)", "https://", "https://a b", "https://a>](b)", "https://a`", "https://é"]
        {
            assert!(value(text).starts_with('`'), "{text}");
        }
    }
}
