//! Translates a filter pattern of GitHub Actions.
//!
//! "Workflow syntax for GitHub Actions", "Filter pattern cheat sheet" (GitHub Docs): `*` matches no `/`, `**` any text, `?` and
//! `+` are about the character before them, `[]` has letters, digits and ranges of them, and `\` escapes.

use shared::glob::{finished, push_literal};

use crate::patterns::Translation;

const NO_PLUS: &str = "pointsman's patterns have no `+` for \"once or more\"";

/// A part of a pattern that stands for itself.
enum Atom {
    /// One letter or bracket, which `?` and `+` can follow.
    One(String),
    /// Anything else.
    Other(String),
}

impl Atom {
    fn text(&self) -> &str {
        match self {
            Self::One(text) | Self::Other(text) => text,
        }
    }
}

/// The translation of a pattern without its `!`.
pub(super) fn translated(body: &str) -> Translation {
    let letters: Vec<char> = body.chars().collect();
    let mut atoms: Vec<Atom> = Vec::new();
    let mut wider: Option<String> = None;
    let mut plus = false;
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        at += 1;
        let atom = match letter {
            '*' => {
                let run = 1 + letters[at..].iter().take_while(|letter| **letter == '*').count();
                let begins = at == 1 || letters[at - 2] == '/';
                at += run - 1;
                let slash = letters.get(at) == Some(&'/');
                match (run, slash, begins) {
                    (1, ..) => Atom::Other("*".to_owned()),
                    (2, false, _) => Atom::Other("**".to_owned()),
                    (2, true, true) => {
                        at += 1;
                        Atom::Other("**/".to_owned())
                    }
                    (2, true, false) => {
                        at += 1;
                        undocumented(&mut wider, "`**/` after other letters")
                    }
                    _ => undocumented(&mut wider, "three stars"),
                }
            }
            '?' => match atoms.pop() {
                Some(Atom::One(text)) => Atom::Other(format!("{{{text},}}")),
                Some(Atom::Other(_)) => undocumented(&mut wider, "a `?` after a wildcard"),
                None => undocumented(&mut wider, "a `?` at the start"),
            },
            '+' => match atoms.pop() {
                Some(Atom::One(text)) => {
                    plus = true;
                    Atom::Other(format!("{text}*"))
                }
                Some(Atom::Other(_)) => undocumented(&mut wider, "a `+` after a wildcard"),
                None => undocumented(&mut wider, "a `+` at the start"),
            },
            '[' => match class(&letters[at..]) {
                Some((text, taken)) => {
                    at += taken;
                    Atom::One(text)
                }
                None => {
                    at = letters.len();
                    undocumented(
                        &mut wider,
                        "a bracket with other characters than letters, digits and ranges of them",
                    )
                }
            },
            '\\' => match letters.get(at) {
                Some(next) => {
                    at += 1;
                    Atom::One(one(&atoms, *next))
                }
                None => undocumented(&mut wider, "a `\\` at the end"),
            },
            letter => Atom::One(one(&atoms, *letter)),
        };
        atoms.push(atom);
        // What follows an undocumented part may belong to it.
        if wider.is_some() {
            break;
        }
    }
    if plus {
        wider.get_or_insert(NO_PLUS.to_owned());
    }
    let text = finished(atoms.iter().map(Atom::text).collect());
    Translation { texts: vec![text], wider, note: None }
}

/// Stands for a part whose meaning is not known: any text.
fn undocumented(wider: &mut Option<String>, what: &str) -> Atom {
    wider.get_or_insert(format!("GitHub does not document {what}"));
    Atom::Other("**".to_owned())
}

/// A letter that stands for itself, after what stands before it.
fn one(before: &[Atom], letter: char) -> String {
    let mut text: String = before.iter().map(Atom::text).collect();
    let start = text.len();
    push_literal(&mut text, letter);
    text.split_off(start)
}

/// The bracket whose content begins here, and how many letters it has with its end.
fn class(letters: &[char]) -> Option<(String, usize)> {
    let end = letters.iter().position(|letter| *letter == ']')?;
    let content = &letters[..end];
    let is_member = |letter: &char| letter.is_ascii_alphanumeric();
    let mut at = 0;
    while let Some(letter) = content.get(at) {
        if !is_member(letter) {
            return None;
        }
        at += match (content.get(at + 1), content.get(at + 2)) {
            (Some('-'), Some(to)) if is_range(*letter, *to) => 3,
            (Some('-'), _) => return None,
            _ => 1,
        };
    }
    (!content.is_empty()).then(|| (format!("[{}]", content.iter().collect::<String>()), end + 1))
}

fn is_range(from: char, to: char) -> bool {
    let kinds: [fn(&char) -> bool; 3] =
        [char::is_ascii_lowercase, char::is_ascii_uppercase, char::is_ascii_digit];
    from <= to && kinds.iter().any(|kind| kind(&from) && kind(&to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;
    use shared::config::Place;
    use shared::glob::Pattern;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, Place::line("", 1), 0..0).unwrap_or_else(|bad| panic!("{text}: {bad}"))
    }

    #[test]
    fn the_examples_of_githubs_cheat_sheet_match_what_it_says() {
        for (written, matching, other) in [
            ("*", &["README.md", "server.rb"][..], &["docs/a.md"][..]),
            ("*.jsx?", &["page.js", "page.jsx"], &["page.jsxx", "a/page.js"]),
            ("**", &["all/the/files.md"], &[]),
            ("*.js", &["app.js", "index.js"], &["src/index.js"]),
            ("**.js", &["index.js", "js/index.js", "src/js/app.js"], &["index.ts"]),
            ("docs/*", &["docs/README.md", "docs/file.txt"], &["docs/a/b"]),
            ("docs/**", &["docs/README.md", "docs/mona/octocat.txt"], &["a/docs/x"]),
            (
                "docs/**/*.md",
                &["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"],
                &["a.md"],
            ),
            (
                "**/docs/**",
                &["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"],
                &["docs"],
            ),
            ("**/README.md", &["README.md", "js/README.md"], &["aREADME.md"]),
            ("**/*src/**", &["a/src/app.js", "my-src/code/js/app.js"], &["src2/a"]),
            ("**/*-post.md", &["my-post.md", "path/their-post.md"], &["a-posts.md"]),
            (
                "**/migrate-*.sql",
                &["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"],
                &["m.sql"],
            ),
            ("v[12].[0-9]", &["v1.0", "v2.9"], &["v3.0", "v1.10"]),
            (r"a\*b{c}", &["a*b{c}"], &["axb{c}", "a*bc"]),
        ] {
            let translation = translated(written);
            assert_eq!(translation.wider, None, "{written}");
            let pattern = pattern(&translation.texts[0]);
            for name in matching {
                assert!(pattern.matches(name), "{written} as {} matches {name}", pattern.text);
            }
            for name in other {
                assert!(!pattern.matches(name), "{written} as {} does not match {name}", pattern.text);
            }
        }
    }

    #[test]
    fn what_has_no_exact_translation_matches_more_and_says_why() {
        for (written, text) in [
            ("v[0-9]+.[0-9]+/x", "v[0-9]*.[0-9]*/x"),
            ("a**/b", "a**"),
            ("[^a]b", "**"),
            ("***/a", "**"),
            ("+a", "**"),
            ("a[", "a**"),
        ] {
            let translation = translated(written);
            assert_eq!(translation.texts, [text], "{written}");
            assert!(translation.wider.is_some(), "{written}");
        }
    }

    /// An independent reading of the cheat sheet, as a regular expression.
    fn oracle(body: &str) -> Regex {
        let mut out = String::new();
        let mut rest = body;
        while let Some(letter) = rest.chars().next() {
            let (text, length) = match rest {
                rest if rest.starts_with("**/") => ("(.+/)?".to_owned(), 3),
                rest if rest.starts_with("**") => (".*".to_owned(), 2),
                rest if rest.starts_with('*') => ("[^/]*".to_owned(), 1),
                rest if rest.starts_with('[') => {
                    let end = rest.find(']').unwrap() + 1;
                    (rest[..end].to_owned(), end)
                }
                rest if rest.starts_with('\\') => (regex::escape(&rest[1..2]), 2),
                rest if rest.starts_with(['?', '+']) => (rest[..1].to_owned(), 1),
                _ => (regex::escape(&letter.to_string()), letter.len_utf8()),
            };
            out += &text;
            rest = &rest[length..];
        }
        Regex::new(&format!("^(?s:{out})$")).unwrap()
    }

    fn body() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("a"),
            Just("b"),
            Just("/"),
            Just("."),
            Just("*"),
            Just("**"),
            Just("/**/"),
            Just("a?"),
            Just("b+"),
            Just("[ab]"),
            Just("[a-c]?"),
            Just("{"),
            Just("}"),
            Just(","),
            Just(r"\*"),
            Just(r"\?"),
            Just("é"),
            Just("!"),
            Just("é?"),
            Just("$"),
            Just("^"),
            Just("|"),
            Just(" "),
        ];
        prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_translation_matches_what_the_original_matches(
            written in body(), names in prop::collection::vec("[ab./é*?{},!$^| ]{0,7}", 1..12),
        ) {
            let translation = translated(&written);
            let pattern = pattern(&translation.texts[0]);
            let oracle = oracle(&written);
            for name in names.iter().filter(|name| !name.is_empty()) {
                // `**/` stands for folders, and no folder has an empty name.
                if name.starts_with('/') || name.ends_with('/') || name.contains("//") {
                    continue;
                }
                match translation.wider {
                    None => prop_assert_eq!(pattern.matches(name), oracle.is_match(name), "{} as {}: {}", written, pattern.text, name),
                    Some(_) => prop_assert!(!oracle.is_match(name) || pattern.matches(name), "{} as {}: {}", written, pattern.text, name),
                }
            }
        }
    }
}
