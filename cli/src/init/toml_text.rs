//! TOML as text: strings that hold any name, lists that fit the page, and comments that end with their line.

use shared::text::printable;

/// The columns of the file.
const WIDTH: usize = 100;

/// A string. A name of the clone cannot end it, and no character is invisible.
pub(crate) fn string(text: &str) -> String {
    let is_plain = printable(text) == text;
    if is_plain && text.contains(['\\', '"']) && !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if printable(letter.encode_utf8(&mut [0; 4])).len() == letter.len_utf8() => {
                out.push(letter)
            }
            letter if u32::from(letter) <= 0xffff => out += &format!("\\u{:04X}", u32::from(letter)),
            letter => out += &format!("\\U{:08X}", u32::from(letter)),
        }
    }
    out + "\""
}

/// A comment. Line breaks of the text are escaped, and a long text goes on in the next line.
pub(super) fn comment(text: &str) -> String {
    let text = printable(text);
    let options = shared::text::wrapping(WIDTH).initial_indent("# ").subsequent_indent("#   ");
    textwrap::fill(&text, options) + "\n"
}

/// `key = value`, with the key padded to `width`.
pub(super) fn entry(key: &str, width: usize, value: &str) -> String {
    format!("{key:width$} = {value}\n")
}

/// A list of strings: in one line if it fits, else wrapped.
pub(super) fn list(key: &str, width: usize, texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
    let line = entry(key, width, &format!("[{}]", texts.join(", ")));
    if line.chars().count() <= WIDTH + 1 {
        return line;
    }
    let mut out = entry(key, width, "[");
    let mut row = String::new();
    for text in texts {
        if !row.is_empty() && row.chars().count() + text.chars().count() + 6 > WIDTH {
            out += &format!("    {row}\n");
            row.clear();
        }
        row += &format!("{}{text},", if row.is_empty() { "" } else { " " });
    }
    out + &format!("    {row}\n]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_holds_any_name_and_reads_back() {
        for name in [
            "a",
            "a\"]\n[[pipeline]]\nname = \"x",
            r"a\*b",
            "it's",
            "both ' and \" and \\",
            "\u{202e}\u{1b}[2J\u{e0041}é",
            "'''",
        ] {
            let written = string(name);
            assert!(!written.contains('\n') && !written.contains('\u{202e}'), "{written}");
            let read: toml::Table = toml::from_str(&format!("key = {written}\n")).unwrap();
            assert_eq!(read["key"].as_str(), Some(name), "{written}");
        }
        assert_eq!(string(r"a\*b"), r"'a\*b'");
    }

    #[test]
    fn a_comment_never_leaves_its_lines() {
        let written = comment(&format!("evil\n[[pipeline]]\r\u{2028}{}", "word ".repeat(60)));
        assert!(
            written.lines().count() > 2 && written.lines().all(|line| line.starts_with('#')),
            "{written}"
        );
        assert_eq!(toml::from_str::<toml::Table>(&written).unwrap().len(), 0);
    }

    #[test]
    fn a_long_list_is_wrapped() {
        let texts: Vec<String> = (0..40).map(|number| format!("packages/p{number}/**")).collect();
        let written = list("paths", 5, &texts);
        assert!(written.lines().all(|line| line.len() <= WIDTH), "{written}");
        let read: toml::Table = toml::from_str(&written).unwrap();
        assert_eq!(read["paths"].as_array().unwrap().len(), 40);
        assert_eq!(list("paths", 10, &["a".to_owned()]), "paths      = [\"a\"]\n");
    }
}
