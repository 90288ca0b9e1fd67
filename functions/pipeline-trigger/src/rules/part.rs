//! Matches one part of a path against one part of a gitignore pattern.
//!
//! A part has no slash, so each of its elements but a star stands for one byte. Then the last star is the only one that may
//! have to take more, and the time is at most the product of the two lengths, however many stars there are.

use gix_glob::wildmatch;

use super::ignore::closed_bracket;

/// The text between two slashes of a pattern.
#[derive(Debug, Clone)]
pub(super) struct PartPattern {
    /// `None` if git matches nothing with it: a bracket is not closed, or a backslash ends the pattern.
    pub(super) elements: Option<Vec<PartElement>>,
}

/// An element of a part.
#[derive(Debug, Clone)]
pub(super) enum PartElement {
    /// `*` or more of them: any bytes.
    Stars,
    /// `?`
    AnyByte,
    /// This byte.
    Byte(u8),
    /// A bracket, as it is written.
    Class(String),
}

impl PartPattern {
    pub(super) fn new(pattern: &str) -> Self {
        Self { elements: elements(pattern) }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(elements) = &self.elements else { return false };
        let text = text.as_bytes();
        let (mut at, mut here) = (0, 0);
        // After the last star: the element that follows it, and where in the text its bytes end so far.
        let mut star: Option<(usize, usize)> = None;
        loop {
            match elements.get(at) {
                Some(PartElement::Stars) => {
                    at += 1;
                    star = Some((at, here));
                }
                Some(element) if text.get(here).is_some_and(|byte| element.accepts(*byte)) => {
                    (at, here) = (at + 1, here + 1);
                }
                None if here == text.len() => return true,
                _ => match star {
                    Some((after, end)) if end < text.len() => {
                        star = Some((after, end + 1));
                        (at, here) = (after, end + 1);
                    }
                    _ => return false,
                },
            }
        }
    }
}

impl PartElement {
    fn accepts(&self, byte: u8) -> bool {
        match self {
            Self::Stars => false,
            Self::AnyByte => true,
            Self::Byte(own) => *own == byte,
            Self::Class(class) => bracket_accepts(class, byte),
        }
    }
}

/// Whether a bracket, as it is written, accepts this byte.
pub(super) fn bracket_accepts(bracket: &str, byte: u8) -> bool {
    let text: &[u8] = &[byte];
    wildmatch(bracket.into(), text.into(), wildmatch::Mode::NO_MATCH_SLASH_LITERAL)
}

fn elements(pattern: &str) -> Option<Vec<PartElement>> {
    let bytes = pattern.as_bytes();
    let (mut elements, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let (element, width) = match bytes[at] {
            b'*' => (PartElement::Stars, bytes[at..].iter().take_while(|byte| **byte == b'*').count()),
            b'?' => (PartElement::AnyByte, 1),
            b'\\' => (PartElement::Byte(*bytes.get(at + 1)?), 2),
            b'[' => {
                let end = closed_bracket(bytes, at)?;
                (PartElement::Class(pattern[at..end].to_owned()), end - at)
            }
            byte => (PartElement::Byte(byte), 1),
        };
        elements.push(element);
        at += width;
    }
    Some(elements)
}
