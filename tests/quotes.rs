//! Output that the documents quote is the output of today: outcomes of cases, whole or in part.

use crate::repository::{files, read, relative, root};

/// The comment before a block that quotes part of a file: `<!-- From PATH -->`.
const FROM: &str = "<!-- From ";

#[test]
fn each_outcome_that_a_document_quotes_is_the_outcome_of_its_case() {
    let (mut checked, mut stale) = (0, Vec::new());
    for (page, block) in blocks() {
        for quoted in outcomes(&block) {
            let (function, case) =
                quoted.lines().next().and_then(|line| line.split_once(": ")).unwrap_or_default();
            let outcome = read(&format!("events/{function}/{case}/outcome.txt"));
            checked += 1;
            if quoted.trim() != outcome.trim() {
                stale.push(format!("{page}: {function}/{case}"));
            }
        }
    }
    assert!(checked >= 3, "the outcomes that README quotes are found");
    assert!(stale.is_empty(), "these quotes are not the outcome.txt of their case: {stale:#?}");
}

#[test]
fn each_line_of_an_email_that_a_document_quotes_is_in_its_outcome() {
    let (mut checked, mut stale) = (0, Vec::new());
    for (page, text) in pages() {
        for quote in text.split(FROM).skip(1) {
            let path = quote.split(" -->").next().unwrap_or_default();
            let block = quote.split("```").nth(1).expect("a block follows the comment");
            let outcome = read(path);
            let mut lines = outcome.lines().map(str::trim);
            checked += 1;
            // The first line of a block is its language.
            for line in block.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()) {
                if !lines.any(|of_outcome| of_outcome == line) {
                    stale.push(format!("{page}: {path} does not hold, in this order: {line}"));
                    break;
                }
            }
        }
    }
    assert!(checked >= 3, "the emails that the functions' pages quote are found");
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

fn pages() -> Vec<(String, String)> {
    let documents = files().into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    documents
        .map(|path| (relative(&path), std::fs::read_to_string(&path).expect("a page can be read")))
        .collect()
}

/// The blocks of text in the documents, each with its page.
fn blocks() -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    for (page, text) in pages() {
        let fenced = text.split("\n```text\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        blocks.extend(fenced.map(|block| (page.clone(), block.to_owned())));
    }
    blocks
}

/// The parts of a block that are outcomes of cases: each begins with `FUNCTION: CASE`.
fn outcomes(block: &str) -> Vec<&str> {
    let is_outcome = |part: &&str| {
        let first = part.lines().next().and_then(|line| line.split_once(": "));
        first.is_some_and(|(function, case)| {
            !case.contains(' ') && root().join("events").join(function).join(case).is_dir()
        })
    };
    block.split("\n\n").filter(is_outcome).collect()
}
