//! Reads the file's bytes as UTF-8 and as TOML, one problem for each mistake.
//!
//! After a mistake, a parser reports what follows from it, too. So only the first mistake is reported, and the table that
//! has it is blanked. The other tables are read without it.

use std::ops::Range;

use toml::de::{DeTable, Error as TomlError};

use super::problem::{NOT_UTF8, Problem, SYNTAX};
use super::value::{Entries, entries};

/// The most mistakes that are looked for.
const MOST: usize = 50;

/// The text of a file, and the problem of each line that is not UTF-8.
pub(super) fn decoded(bytes: Vec<u8>) -> (String, Vec<Problem>) {
    let utf16 = |mark: usize, to_number: fn([u8; 2]) -> u16| {
        let numbers: Vec<u16> =
            bytes[mark..].chunks_exact(2).map(|pair| to_number([pair[0], pair[1]])).collect();
        let problem = Problem::new(NOT_UTF8, 0..0, "the file is UTF-16").help("save the file as UTF-8");
        (String::from_utf16_lossy(&numbers), vec![problem])
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => utf16(2, u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(2, u16::from_be_bytes),
        // Without a mark: TOML begins with ASCII, and no text of UTF-8 has a NUL.
        [1..=0x7f, 0, ..] => utf16(0, u16::from_le_bytes),
        [0, 1..=0x7f, ..] => utf16(0, u16::from_be_bytes),
        _ => String::from_utf8(bytes)
            .map_or_else(|error| repaired(error.as_bytes()), |text| (text, Vec::new())),
    }
}

/// The text with a replacement for each byte that is not UTF-8.
fn repaired(bytes: &[u8]) -> (String, Vec<Problem>) {
    let (mut text, mut problems) = (String::new(), Vec::new());
    let mut reported_line = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let [first, ..] = chunk.invalid() else { continue };
        let start = text.len();
        text.push(char::REPLACEMENT_CHARACTER);
        let line = text[..start].rfind('\n');
        if reported_line != Some(line) {
            let label = format!("the byte 0x{first:02x} is not UTF-8");
            let help = "save the file as UTF-8, or write the letter again";
            problems.push(Problem::new(NOT_UTF8, start..text.len(), label).help(help));
        }
        reported_line = Some(line);
    }
    (text, problems)
}

/// The tables of the file, and the problem of each mistake.
pub(super) fn parsed(text: &str) -> (Entries, Vec<Problem>) {
    let mut text = text.to_owned();
    let mut problems = Vec::new();
    loop {
        let (root, mut errors) = DeTable::parse_recoverable(&text);
        errors.sort_by_key(start);
        let Some(first) = errors.first() else { return (entries(root.into_inner()), problems) };
        problems.push(problem(first, &errors));
        let at = start(first);
        let blanked = blocks(&text, at).into_iter().map(|block| blank(&text, block)).find(|blanked| {
            let (_, errors) = DeTable::parse_recoverable(blanked);
            errors.iter().map(start).min() != Some(at)
        });
        match blanked {
            Some(blanked) if problems.len() < MOST => text = blanked,
            _ => return (Vec::new(), problems),
        }
    }
}

fn start(error: &TomlError) -> usize {
    error.span().unwrap_or_default().start
}

/// The first mistake. What is not closed is named in a later error of the parser.
fn problem(first: &TomlError, all: &[TomlError]) -> Problem {
    let unclosed = all.iter().find(|error| error.message().starts_with("unclosed array"));
    let is_in_array = first.message().contains("array") || first.message().contains("quoted");
    let message = unclosed.filter(|_| is_in_array).unwrap_or(first).message();
    Problem::new(SYNTAX, first.span().unwrap_or_default(), message).help(match message {
        "duplicate key" => "a table has each key once; above each of several tables of a kind, write two brackets, as in [[pipeline]]",
        _ => "the file is TOML 1.1: https://toml.io/en/v1.1.0",
    })
}

/// The tables that may have a mistake at `at`: the one before, if that is where a table begins, and the one around it.
fn blocks(text: &str, at: usize) -> Vec<Range<usize>> {
    let at = at.min(text.len());
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let after = |from: usize| headers(text).find(|header| *header > from).unwrap_or(text.len());
    let before = |from: usize| headers(text).take_while(|header| *header < from).last().unwrap_or(0);
    let around = if headers(text).any(|header| header == line) { line } else { before(at) };
    let earlier = (around == line).then(|| before(line)..line);
    earlier.into_iter().chain(std::iter::once(around..after(at))).collect()
}

/// Where lines begin that are the header of a table.
fn headers(text: &str) -> impl Iterator<Item = usize> {
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1));
    lines.filter(|start| text[*start..].trim_start_matches([' ', '\t']).starts_with('['))
}

fn blank(text: &str, range: Range<usize>) -> String {
    let blanks = text[range.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    text[..range.start].chars().chain(blanks).chain(text[range.end..].chars()).collect()
}
