//! Text for readers: names with harmless characters only, lists, numbers with their nouns, errors with all their causes.

mod invisible;

use std::error::Error;
use std::ops::RangeInclusive;

use invisible::is_invisible;

/// `text` with escapes for characters that move a terminal's cursor, change the reading order or have no glyph: names in
/// repositories, events and files are untrusted input, and two names that look the same are not the same name.
pub fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if is_harmless(c) { vec![c] } else { c.escape_default().collect() }).collect()
}

fn is_harmless(c: char) -> bool {
    let breaks_lines = matches!(c, '\u{2028}' | '\u{2029}');
    !(c.is_control() || breaks_lines || is_invisible(c))
}

/// `text` with at most `most` characters, and how many were left out. The authorization id of a denied call is kept: AWS's
/// message ends with it, and IAM says by it which policy denied the call.
pub fn shortened(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let (kept, left_out) = (&text[..end], text[end..].chars().count());
    match authorization_id(text).filter(|id| !kept.contains(id)) {
        None => format!("{kept}... ({left_out} more characters)"),
        Some(id) => format!("{kept}... ({left_out} more characters, authorization id: {id})"),
    }
}

/// What stands before an authorization id in the message of a denied call, in lower case ("Troubleshoot access denied error
/// messages with authorization ID", IAM User Guide): in its last sentence, and in the link to the console.
const BEFORE_AUTHORIZATION_ID: [&str; 2] = ["authorization id: ", "/authorization-details/"];

/// The lengths that an authorization id can have. AWS documents its characters and not its length.
const AUTHORIZATION_ID: RangeInclusive<usize> = 8..=128;

/// The authorization id in the message of a denied call.
pub fn authorization_id(text: &str) -> Option<&str> {
    // In ASCII, the lower case has the same positions.
    let lower = text.to_ascii_lowercase();
    BEFORE_AUTHORIZATION_ID.iter().find_map(|before| {
        let rest = &text[lower.find(before)? + before.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        AUTHORIZATION_ID.contains(&end).then(|| &rest[..end])
    })
}

/// SNS takes a subject of under 100 characters, without line breaks and control characters (Publish, Amazon SNS API
/// Reference).
pub const LONGEST_SUBJECT: usize = 99;

/// A subject that SNS takes, with any characters in `text`: a subject that is too long ends with `…`.
pub fn subject(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST_SUBJECT) {
        None => text,
        Some(_) => text.chars().take(LONGEST_SUBJECT - 1).chain(['…']).collect(),
    }
}

/// Wrapping between words only, so that ids, keys and paths can be copied.
pub fn wrapping(columns: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(columns)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// An error and its causes in one line. A cause that an error repeats in its own text stands once.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
        next = cause.source();
    }
    line
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<T> = items.into_iter().collect();
    let texts: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match texts.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// The first `most` items of a list and how many more there are: `a, b and 3 more`.
pub fn list_at_most<T: AsRef<str>>(items: &[T], most: usize) -> String {
    if items.len() <= most {
        return list(items);
    }
    let more = format!("{} more", items.len() - most);
    list(items[..most].iter().map(AsRef::as_ref).chain([more.as_str()]))
}

/// A number with its noun: `1 server`, `2 servers`, `0 policies`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {}", plural(noun)) }
}

/// The noun, or its plural, as the number asks for: `server`, `servers`.
pub fn noun(number: usize, noun: &str) -> String {
    if number == 1 { noun.to_owned() } else { plural(noun) }
}

/// The form of a verb that agrees with the number: `verb(2, "has", "have")` is `have`.
pub fn verb(number: usize, singular: &'static str, plural: &'static str) -> &'static str {
    if number == 1 { singular } else { plural }
}

/// The regular plural of an English noun.
fn plural(noun: &str) -> String {
    let ends_in_consonant_and_y =
        noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match ends_in_consonant_and_y {
        Some(stem) => format!("{stem}ies"),
        None if ["s", "x", "ch", "sh"].iter().any(|end| noun.ends_with(end)) => format!("{noun}es"),
        None => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor_nor_turn_the_line() {
        assert_eq!(printable("a\u{1b}[2J\n\u{202e}b é 🚂"), "a\\u{1b}[2J\\n\\u{202e}b é 🚂");
    }

    #[test]
    fn a_character_without_a_glyph_is_shown() {
        for hidden in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{2060}',
            '\u{2064}',
            '\u{206a}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fffb}',
            '\u{1d173}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{2069}',
            '\u{2028}',
        ] {
            assert_eq!(printable(&format!("ami{hidden}x")), format!("ami\\u{{{:x}}}x", u32::from(hidden)));
        }
        assert_eq!(printable("Ünï-cödé ночь 夜 שלום a b"), "Ünï-cödé ночь 夜 שלום a b");
    }

    #[test]
    fn a_shortened_text_ends_with_the_number_of_characters_left_out() {
        assert_eq!(shortened("ééé", 3), "ééé");
        assert_eq!(shortened("ééééé", 3), "ééé... (2 more characters)");
    }

    /// The example of the IAM User Guide.
    const DENIED: &str = "User: arn:aws:iam::123456789012:user/janedoe is not authorized to perform: \
        iam:CreateInstanceProfile on resource: arn:aws:iam::123456789012:instance-profile/my-instance-profile with an explicit \
        deny in an identity-based policy: arn:aws:iam::123456789012:policy/ExampleDenyPolicy. Go to \
        https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/EXAMPLE1a2b3c4d5e6f7g8h9i0j \
        for complete details, or call the GetRequestAuthorizationDetails API with the following authorization id: \
        EXAMPLE1a2b3c4d5e6f7g8h9i0j";

    #[test]
    fn a_shortened_text_keeps_the_authorization_id() {
        let id = "EXAMPLE1a2b3c4d5e6f7g8h9i0j";
        for most in [0, 50, 200, 430, 440, DENIED.len() - 10, DENIED.len()] {
            assert!(shortened(DENIED, most).contains(id), "{most}");
        }
        assert_eq!(
            shortened("denied; Authorization ID: abcdefgh12 is its id", 6),
            "denied... (40 more characters, authorization id: abcdefgh12)"
        );
        let link = DENIED.split(" for complete").next().unwrap();
        assert_eq!(authorization_id(link), Some(id));
    }

    #[test]
    fn other_texts_have_no_authorization_id() {
        for text in [
            "",
            "authorization id: ",
            "authorization id: é",
            "the id of an authorization",
            "authorization id: ab",
        ] {
            assert_eq!(authorization_id(text), None, "{text}");
        }
        assert_eq!(authorization_id(&format!("authorization id: {}", "a".repeat(129))), None);
    }

    #[test]
    fn a_subject_is_one_that_sns_takes() {
        assert_eq!(subject("a\r\nBcc: b"), "a\\r\\nBcc: b");
        assert_eq!(subject(&"é".repeat(99)), "é".repeat(99));
        assert_eq!(subject(&"é".repeat(100)), format!("{}…", "é".repeat(98)));
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list([""; 0]), "");
        assert_eq!(list(["a"]), "a");
        assert_eq!(list(["a", "b", "c"]), "a, b and c");
        assert_eq!(list_at_most(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(list_at_most(&["a", "b"], 2), "a and b");
    }

    #[test]
    fn nouns_and_verbs_agree_with_their_number() {
        assert_eq!(count(1, "policy"), "1 policy");
        assert_eq!(count(0, "policy"), "0 policies");
        assert_eq!(count(2, "launch"), "2 launches");
        assert_eq!(count(3, "day"), "3 days");
        assert_eq!(verb(1, "is", "are"), "is");
        assert_eq!(verb(0, "is", "are"), "are");
    }

    #[test]
    fn an_error_is_shown_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the rules")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("the disk failed"));
        assert_eq!(chain(&error), "cannot read the rules: the disk failed");
    }
}
