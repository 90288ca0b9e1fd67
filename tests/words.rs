//! The language held to docs/style.md: refused words in documents, printed sentences and code, and table cells that are too long.

use std::collections::BTreeSet;
use std::path::Path;

use crate::repository::{files, read, relative};

/// The most characters of a table cell, as docs/style.md says.
const LONGEST_CELL: usize = 200;

/// Endings of the files that people write or read.
const READ_BY_PEOPLE: [&str; 6] = ["md", "rs", "txt", "toml", "yaml", "yml"];

#[test]
fn no_file_uses_a_word_that_the_style_guide_refuses() {
    let refused = refused();
    assert!(refused.len() >= 30, "docs/style.md has the refused words in its glossary: {refused:?}");
    let mut found = Vec::new();
    for path in files().into_iter().filter(|path| is_read_by_people(path)) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let words = refused.iter().filter(|words| holds(line, words));
            found.extend(
                words.map(|words| {
                    format!("{}:{}: `{words}` in: {}", relative(&path), number + 1, line.trim())
                }),
            );
        }
    }
    assert!(
        found.is_empty(),
        "{} lines; docs/style.md has the words to use:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn no_table_cell_is_longer_than_the_style_guide_allows() {
    let mut found = Vec::new();
    for path in files().into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, row) in rows_of_tables(&text) {
            for cell in cells(row).filter(|cell| cell.chars().count() > LONGEST_CELL) {
                found.push(format!(
                    "{}:{number}: {} characters: {cell}",
                    relative(&path),
                    cell.chars().count()
                ));
            }
        }
    }
    assert!(found.is_empty(), "cells over {LONGEST_CELL} characters:\n{}", found.join("\n"));
}

/// The refused words: those in backticks in the last column of the glossary.
fn refused() -> BTreeSet<String> {
    let page = read("docs/style.md");
    let glossary = page.split("## Glossary").nth(1).expect("docs/style.md has a glossary");
    let glossary = glossary.split("\n## ").next().unwrap_or_default();
    let rows = rows_of_tables(glossary).map(|(_, row)| row);
    let last = rows.filter_map(|row| cells(row).last());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_lowercase).collect::<Vec<_>>())
        .collect()
}

/// The style guide names the refused words, and these tests do; `events/` holds AWS's words in its inputs.
fn is_read_by_people(path: &Path) -> bool {
    let name = relative(path);
    let is_ours = name != "docs/style.md" && name != "tests/words.rs";
    let is_input = name.starts_with("events/") && !name.ends_with("outcome.txt");
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    is_ours && !is_input && READ_BY_PEOPLE.contains(&ending)
}

/// Whether `line` holds `words` as whole words, in any case.
fn holds(line: &str, words: &str) -> bool {
    let line = line.to_lowercase();
    line.match_indices(words).any(|(start, found)| {
        let before = line[..start].chars().next_back();
        let after = line[start + found.len()..].chars().next();
        ![before, after].into_iter().flatten().any(|next| next.is_alphanumeric() || next == '-')
    })
}

/// The rows of a page's tables with their line numbers, without those in blocks of code.
fn rows_of_tables(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    let lines = page.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    lines.filter(move |(_, line)| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('|')
    })
}

/// The cells of a row. A bar that is escaped does not end one.
fn cells(row: &str) -> impl Iterator<Item = String> {
    let inner = row.trim_matches('|').replace("\\|", "\u{1}");
    let cells: Vec<String> = inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
    cells.into_iter()
}

#[test]
fn a_refused_word_is_found_as_a_whole_word_only() {
    assert!(holds("Nobody knows", "nobody") && holds("it is shut out.", "shut out"));
    assert!(!holds("recommended", "mend") && !holds("a-branch-nobody-knows", "nobody"));
}
