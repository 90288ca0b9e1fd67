//! Reads text files as editors and shells write them: UTF-8, with or without a byte order mark, and UTF-16 with one.

use std::io;
use std::path::Path;

/// The mark at the beginning of a text, which is not a part of it.
const MARK: char = '\u{feff}';

/// The text of a file. Windows PowerShell writes `>` as UTF-16 with a mark.
///
/// # Errors
/// When the file cannot be read, or is neither UTF-8 nor UTF-16 with a mark.
pub fn read(path: &Path) -> io::Result<String> {
    decoded(std::fs::read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// `text` without a byte order mark.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

fn decoded(bytes: Vec<u8>) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let units = |of: fn([u8; 2]) -> u16| -> Vec<u16> {
        bytes[2..].chunks(2).map(|pair| of([pair[0], pair.get(1).copied().unwrap_or_default()])).collect()
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => Ok(String::from_utf16(&units(u16::from_le_bytes))?),
        Some([0xfe, 0xff]) => Ok(String::from_utf16(&units(u16::from_be_bytes))?),
        _ => Ok(without_mark(&String::from_utf8(bytes)?).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_text_is_the_same_text() {
        let text = "{\"a\": \"größe\"}\r\n";
        let little: Vec<u8> =
            "\u{feff}{\"a\": \"größe\"}\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> =
            "\u{feff}{\"a\": \"größe\"}\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for bytes in [text.as_bytes().to_vec(), marked, little, big] {
            assert_eq!(decoded(bytes).unwrap(), text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error() {
        for bytes in [&b"\xff"[..], b"\xc3", b"\xff\xfe\x00\xd8"] {
            assert!(decoded(bytes.to_vec()).is_err(), "{bytes:?}");
        }
        assert_eq!(decoded(Vec::new()).unwrap(), "");
    }
}
