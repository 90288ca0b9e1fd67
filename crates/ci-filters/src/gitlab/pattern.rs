//! Translates a pattern of `rules:changes`: Ruby's `File.fnmatch` with FNM_PATHNAME, FNM_DOTMATCH and FNM_EXTGLOB.
//!
//! "CI/CD YAML syntax reference", `rules:changes` (GitLab Docs), and `File.fnmatch` (Ruby's documentation). `**` crosses folders
//! only as `**/` at the start of a part; elsewhere it is `*`. Braces are chosen from first. A pattern has no negation.

use shared::config::Place;
use shared::glob::{Pattern, finished, push_literal};

use crate::patterns::Translation;

/// The most alternatives of one pattern.
const MOST: usize = 200;

const ONE_BYTE: &str = "`?` and brackets stand for one ASCII character here, and in GitLab for any character";

/// The translation of a pattern.
pub(super) fn translated(pattern: &str) -> Translation {
    if let Some(at) = variable(pattern) {
        let mut text = String::new();
        pattern[..at].chars().for_each(|letter| push_literal(&mut text, letter));
        let wider = Some("the value of the variable is not known".to_owned());
        return Translation { texts: vec![text + "**"], wider, note: None };
    }
    let Some(choices) = choices(pattern) else {
        let wider = Some(format!("its braces have more than {MOST} alternatives"));
        return Translation { texts: vec!["**".to_owned()], wider, note: None };
    };
    let parts: Vec<FnmatchText> = choices.iter().map(|choice| part(choice)).collect();
    let wider = parts.iter().find_map(|part| part.wider).map(str::to_owned);
    let note = parts.iter().any(|part| part.is_one_byte).then(|| ONE_BYTE.to_owned());
    let mut texts: Vec<String> = parts.into_iter().map(|part| part.text).collect();
    if texts.len() > 1
        && let Some(whole) = with_braces(pattern, &texts)
    {
        texts = vec![whole];
    }
    texts.dedup();
    Translation { texts, wider, note }
}

/// The place of the first `$NAME` or `${NAME}`, which GitLab fills in.
fn variable(pattern: &str) -> Option<usize> {
    pattern.match_indices('$').map(|(at, _)| at).find(|at| {
        let rest = pattern[at + 1..].trim_start_matches('{');
        rest.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
    })
}

/// Every way to choose from the braces, as Ruby expands them: an unbalanced brace stands for itself, and brackets do not matter.
fn choices(pattern: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(body) = open.pop() {
        if done.len() + open.len() > MOST {
            return None;
        }
        match braces(&body) {
            None => done.push(body),
            Some((begin, commas, end)) => {
                let edges: Vec<usize> = [begin].into_iter().chain(commas).chain([end]).collect();
                for pair in edges.windows(2).rev() {
                    open.push(format!(
                        "{}{}{}",
                        &body[..begin],
                        &body[pair[0] + 1..pair[1]],
                        &body[end + 1..]
                    ));
                }
            }
        }
    }
    Some(done)
}

/// The first balanced braces: where they open, their commas, and where they close.
fn braces(body: &str) -> Option<(usize, Vec<usize>, usize)> {
    let (mut begin, mut commas, mut depth, mut escaped) = (None, Vec::new(), 0_usize, false);
    for (at, letter) in body.char_indices() {
        match (letter, escaped) {
            ('\\', false) => {
                escaped = true;
                continue;
            }
            ('{', false) => {
                begin = begin.or(Some(at));
                depth += 1;
            }
            (',', false) if depth == 1 => commas.push(at),
            ('}', false) if begin.is_some() => {
                depth -= 1;
                if depth == 0 {
                    return begin.map(|begin| (begin, commas, at));
                }
            }
            _ => {}
        }
        escaped = false;
    }
    None
}

/// A pattern without braces, translated.
struct FnmatchText {
    text: String,
    wider: Option<&'static str>,
    is_one_byte: bool,
}

fn part(pattern: &str) -> FnmatchText {
    let letters: Vec<char> = pattern.chars().collect();
    let (mut text, mut wider, mut is_one_byte, mut at) = (String::new(), None, false, 0);
    let mut after_folders = false;
    while let Some(letter) = letters.get(at) {
        let begins = at == 0 || letters[at - 1] == '/';
        at += 1;
        match letter {
            '*' => {
                let run = 1 + letters[at..].iter().take_while(|letter| **letter == '*').count();
                let is_folders = begins && run == 2 && letters.get(at + 1) == Some(&'/');
                at += run - 1 + usize::from(is_folders);
                // Several `**/` are as one.
                let star = match is_folders {
                    true if after_folders => "",
                    true => "**/",
                    false => "*",
                };
                text.push_str(star);
                after_folders = is_folders;
                continue;
            }
            '?' => {
                is_one_byte = true;
                text.push('?');
            }
            '[' => match class(&letters[at..]) {
                Some((class, taken)) => {
                    is_one_byte |= class.starts_with("[!") || class.starts_with("[^");
                    text.push_str(&class);
                    at += taken;
                }
                None => {
                    wider = Some("its bracket means another thing in Ruby");
                    text.push_str("**");
                    break;
                }
            },
            '\\' => {
                push_literal(&mut text, letters.get(at).copied().unwrap_or('\\'));
                at += 1;
            }
            letter => push_literal(&mut text, *letter),
        }
        after_folders = false;
    }
    FnmatchText { text: finished(text), wider, is_one_byte }
}

/// A bracket that means the same in both languages, and how many letters it has with its end.
fn class(letters: &[char]) -> Option<(String, usize)> {
    let end = letters.iter().position(|letter| *letter == ']')?;
    let members = letters[..end].strip_prefix(&['!'][..]).or(letters[..end].strip_prefix(&['^'][..]));
    let members = members.unwrap_or(&letters[..end]);
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || "-_.@+ ".contains(*letter);
    let runs_backwards = members.windows(3).any(|window| window[1] == '-' && window[0] > window[2]);
    // A hyphen between two others, or a range of mixed kinds, may contain the slash.
    let has_slash =
        members.windows(3).any(|window| window[1] == '-' && (window[0]..=window[2]).contains(&'/'));
    let is_whole = !members.is_empty() && members.iter().all(is_plain) && !runs_backwards && !has_slash;
    let hyphens = members.iter().filter(|letter| **letter == '-').count();
    let edges = members.first() == Some(&'-') || members.last() == Some(&'-');
    let ranges =
        members.windows(3).filter(|window| window[1] == '-' && window[0] != '-' && window[2] != '-').count();
    let is_clear = hyphens == ranges && !edges && !members.windows(5).any(|w| w[1] == '-' && w[3] == '-');
    (is_whole && is_clear).then(|| (format!("[{}]", letters[..end].iter().collect::<String>()), end + 1))
}

/// The pattern with its braces, if it means the same as its alternatives.
fn with_braces(pattern: &str, texts: &[String]) -> Option<String> {
    let mut whole = String::new();
    let mut rest = pattern;
    while let Some((begin, commas, end)) = braces(rest) {
        let edges: Vec<usize> = [begin].into_iter().chain(commas).chain([end]).collect();
        let choice = |pair: &[usize]| part(&rest[pair[0] + 1..pair[1]]).text;
        if rest[begin + 1..end].contains(['{', '\\']) {
            return None;
        }
        let choices: Vec<String> = edges.windows(2).map(choice).collect();
        whole += &format!("{}{{{}}}", part(&rest[..begin]).text, choices.join(","));
        rest = &rest[end + 1..];
    }
    whole += &part(rest).text;
    let steps =
        |text: &str| Pattern::parse(text, Place::line("", 0), 0..0).ok().map(|pattern| pattern.steps());
    let single: Option<Vec<_>> = texts.iter().map(|text| steps(text)).collect();
    let single: Vec<_> = single?.into_iter().flatten().collect();
    (steps(&whole)? == single).then_some(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(translation: &Translation, name: &str) -> bool {
        let pattern = |text: &String| {
            Pattern::parse(text, Place::line("", 1), 0..0).unwrap_or_else(|bad| panic!("{text}: {bad}"))
        };
        translation.texts.iter().any(|text| pattern(text).matches(name))
    }

    #[test]
    fn two_stars_cross_folders_only_before_a_slash() {
        for (written, text) in [
            ("docs/**/*", "docs/**/*"),
            ("docs/**", "docs/*"),
            ("**.js", "*.js"),
            ("**/**/x", "**/x"),
            ("src/**/{a,b}/*.{js,ts}", "src/**/{a,b}/*.{js,ts}"),
            ("a{b,", r"a\{b\,"),
            ("!a", r"\!a"),
            ("a/{b}", "a/b"),
            (r"a\{b", r"a\{b"),
            ("v[0-9].x", "v[0-9].x"),
        ] {
            assert_eq!(translated(written).texts, [text], "{written}");
        }
        assert_eq!(translated("{**/,}x").texts, ["{**/,}x"]);
    }

    #[test]
    fn what_has_no_exact_translation_matches_more_and_says_why() {
        for (written, text) in
            [("$DIR/**/*", "**"), ("a/${DIR}/*", "a/**"), ("a[]b]", "a**"), (r"x[\]]", "x**")]
        {
            let translation = translated(written);
            assert_eq!(translation.texts, [text], "{written}");
            assert!(translation.wider.is_some(), "{written}");
        }
        assert!(translated(&"{a,b}".repeat(12)).wider.is_some());
        assert!(translated("a?").note.is_some());
    }

    /// Ruby's algorithm over the letters of one alternative: part by part, with a return to the last `**/`.
    fn ruby(pattern: &[char], name: &[char]) -> bool {
        let (mut p, mut s, mut back) = (0, 0, None);
        loop {
            let folders = |p: usize| pattern[p..].starts_with(&['*', '*', '/']);
            if folders(p) {
                while folders(p) {
                    p += 3;
                }
                back = Some((p, s));
            }
            let p_end =
                p + pattern[p..].iter().position(|letter| *letter == '/').unwrap_or(pattern.len() - p);
            let s_end = s + name[s..].iter().position(|letter| *letter == '/').unwrap_or(name.len() - s);
            if in_part(&pattern[p..p_end], &name[s..s_end]) {
                match (p_end < pattern.len(), s_end < name.len()) {
                    (true, true) => {
                        (p, s) = (p_end + 1, s_end + 1);
                        continue;
                    }
                    (false, false) => return true,
                    _ => {}
                }
            }
            let Some((to, from)) = back else { return false };
            let Some(slash) = name[from..].iter().position(|letter| *letter == '/') else { return false };
            s = from + slash + 1;
            p = to;
            back = Some((p, s));
        }
    }

    fn in_part(pattern: &[char], name: &[char]) -> bool {
        match pattern.first() {
            None => name.is_empty(),
            Some('*') => (0..=name.len()).any(|taken| in_part(&pattern[1..], &name[taken..])),
            Some('?') => !name.is_empty() && in_part(&pattern[1..], &name[1..]),
            Some('[') => {
                let end = pattern.iter().position(|letter| *letter == ']').unwrap();
                let (negated, members) = match pattern[1] {
                    '!' | '^' => (true, &pattern[2..end]),
                    _ => (false, &pattern[1..end]),
                };
                let found = name.first().map(|letter| match members {
                    [from, '-', to] => (*from..=*to).contains(letter),
                    members => members.contains(letter),
                });
                found.is_some_and(|found| found != negated) && in_part(&pattern[end + 1..], &name[1..])
            }
            Some('\\') => name.first() == pattern.get(1) && in_part(&pattern[2..], &name[1..]),
            Some(letter) => name.first() == Some(letter) && in_part(&pattern[1..], &name[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_translation_matches_what_ruby_matches(
            pieces in prop::collection::vec(prop_oneof![
                Just("a"), Just("b"), Just("/"), Just("."), Just("*"), Just("**"), Just("**/"), Just("/**/"), Just("?"),
                Just("[ab]"), Just("[!a]"), Just("[a-c]"), Just("{a,b/}"), Just("{**/b,}"), Just("}"), Just(r"\*"),
                Just("!"), Just("+"),
            ], 1..6),
            names in prop::collection::vec("[ab.*}!+/]{1,7}", 1..12),
        ) {
            let written = pieces.concat();
            let translation = translated(&written);
            prop_assert!(translation.wider.is_none());
            for name in names.iter().filter(|name| !name.contains("//") && !name.starts_with('/') && !name.ends_with('/')) {
                let letters: Vec<char> = name.chars().collect();
                let expected = choices(&written).unwrap().iter().any(|choice| {
                    ruby(&choice.chars().collect::<Vec<_>>(), &letters)
                });
                let texts = translation.texts.iter().filter(|text| !text.is_empty()).cloned().collect();
                let translation = Translation { texts, ..translation.clone() };
                prop_assert_eq!(matches(&translation, name), expected, "{} as {:?}: {}", written, translation.texts, name);
            }
        }
    }
}
