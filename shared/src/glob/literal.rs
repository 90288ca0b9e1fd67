//! Owns the pattern that matches one given text: what has a special meaning is escaped.

/// Letters that always get a backslash: those of a pattern, and those that no pattern without a doubt has.
const ESCAPED: &str = "*?[]{},;\\$|'\"`“”‘’";
/// Letters that get a backslash at the start only.
const ESCAPED_AT_START: &str = "!^~ ";

/// Adds a letter to a pattern, so that the pattern matches the letter itself.
pub fn push_literal(pattern: &mut String, letter: char) {
    let is_start = pattern.is_empty() && ESCAPED_AT_START.contains(letter);
    // `.+` is the mark of a regular expression.
    let is_quantifier = letter == '+' && pattern.ends_with(['.', ']', ')']);
    if ESCAPED.contains(letter) || is_start || is_quantifier {
        pattern.push('\\');
    }
    pattern.push(letter);
}

/// The pattern that matches `text` and no other name.
pub fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    text.chars().for_each(|letter| push_literal(&mut pattern, letter));
    finished(pattern)
}

/// A pattern whose edges raise no doubt: a blank at the end is escaped, and the letter of a drive is in brackets.
pub fn finished(mut pattern: String) -> String {
    if pattern.ends_with(' ') && !pattern.ends_with("\\ ") {
        pattern.pop();
        pattern.push_str("\\ ");
    }
    match pattern.chars().collect::<Vec<_>>().as_slice() {
        [drive, ':', '/', ..] if drive.is_ascii_alphabetic() => format!("[{drive}]{}", &pattern[1..]),
        _ => pattern,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Place;
    use crate::glob::Pattern;

    #[test]
    fn a_plain_folder_is_its_own_pattern() {
        for text in ["services/web", "c++/a b", "@acme/web", "naïve-ü", "a.b_c~d!e^f"] {
            assert_eq!(literal(text), text);
        }
        assert_eq!(literal("app/[id]/{x}"), r"app/\[id\]/\{x\}");
        assert_eq!(literal("!a"), r"\!a");
        assert_eq!(literal("c:/x"), "[c]:/x");
    }

    proptest! {
        #[test]
        fn a_literal_matches_its_text_alone_and_raises_no_doubt(
            text in "[a-b]?[\\]\\[*?{},;!^$|~' \"\\\\./+#:)(é-]{1,6}[a-b ]?", other in "[a-b*/]{1,4}",
        ) {
            // No file has such a name.
            prop_assume!(!text.starts_with('/') && !text.ends_with('/') && !text.contains("//"));
            let written = literal(&text);
            let pattern = Pattern::parse(&written, Place::line("", 1), 0..0).unwrap();
            prop_assert!(pattern.matches(&text), "{} is not {}", written, text);
            prop_assert_eq!(pattern.matches(&other), other == text);
            prop_assert!(super::super::notation::doubt(&written, crate::language::NameKind::Path).is_none(), "{}", written);
        }
    }
}
