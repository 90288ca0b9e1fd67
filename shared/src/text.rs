//! Text for people: names made harmless, and errors told with all their causes, once.

use std::error::Error;

/// `text` with what could move a terminal's cursor or turn its reading order written out instead: names come from
/// repositories, events and files that anyone may have written.
pub fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if is_harmless(c) { vec![c] } else { c.escape_default().collect() }).collect()
}

fn is_harmless(c: char) -> bool {
    let turns_reading_order = matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_lines = matches!(c, '\u{2028}' | '\u{2029}');
    let is_unseen = matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    !(c.is_control() || turns_reading_order || breaks_lines || is_unseen)
}

/// `text` with at most `most` characters, and how many were left out.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}... ({} more characters)", &text[..end], text[end..].chars().count()),
    }
}

/// SNS takes a subject of under 100 characters, without line breaks and control characters (Publish, Amazon SNS API
/// Reference).
pub const LONGEST_SUBJECT: usize = 99;

/// A subject that SNS takes, whatever `text` holds: what is too long ends with `…`.
pub fn subject(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST_SUBJECT) {
        None => text,
        Some(_) => text.chars().take(LONGEST_SUBJECT - 1).chain(['…']).collect(),
    }
}

/// How text is wrapped: between words only, since ids, keys and paths are there to be copied.
pub fn wrapping(columns: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(columns)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// An error and its causes in one line. A cause that an error repeats in its own text is not told twice.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !told.ends_with(&text) {
            told = format!("{told}: {text}");
        }
        next = cause.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor_nor_turn_the_line() {
        assert_eq!(printable("a\u{1b}[2J\n\u{202e}b é 🚂"), "a\\u{1b}[2J\\n\\u{202e}b é 🚂");
    }

    #[test]
    fn a_text_too_long_says_how_much_is_left_out() {
        assert_eq!(shortened("ééé", 3), "ééé");
        assert_eq!(shortened("ééééé", 3), "ééé... (2 more characters)");
    }

    #[test]
    fn a_subject_is_one_that_sns_takes() {
        assert_eq!(subject("a\r\nBcc: b"), "a\\r\\nBcc: b");
        assert_eq!(subject(&"é".repeat(99)), "é".repeat(99));
        assert_eq!(subject(&"é".repeat(100)), format!("{}…", "é".repeat(98)));
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the rules")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("the disk is gone"));
        assert_eq!(chain(&error), "cannot read the rules: the disk is gone");
    }
}
