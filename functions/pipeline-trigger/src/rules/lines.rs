//! Reads `ignore`: gitignore lines, one in each string, or a whole .gitignore in one string. Its problems are warnings.

use std::ops::Range;

use shared::config::{Document, Problem, TableReader, Text};
use shared::glob::NEVER_DECIDES;

use super::ignore::{IgnoreJudge, IgnoreLine, WhyNeedless};
use super::read::BAD_IGNORE_LINE;

/// Reads the lines, and warns of those that match nothing or change nothing.
pub(super) fn read(document: &Document, table: &mut TableReader<'_, '_, '_>) -> Vec<IgnoreLine> {
    let Some(texts) = table.texts("ignore") else { return Vec::new() };
    let mut read: Vec<(IgnoreLine, Range<usize>)> = Vec::new();
    for text in &texts {
        let lines = lines(document, text);
        let is_alone = lines.len() == 1;
        for (line, span) in lines {
            match IgnoreLine::parse(&line, document.place(&span)) {
                Some(line) => read.push((line, span)),
                // A comment or a blank line belongs to a whole file, but not to a string of its own.
                None if is_alone => table.problem(no_pattern(&line, span)),
                None => {}
            }
        }
    }
    if document.wants_warnings() {
        warnings(&read).into_iter().for_each(|problem| table.problem(problem));
    }
    read.into_iter().map(|(line, _)| line).collect()
}

/// The lines of a string with their places. A place in a string with escapes is that of the string.
fn lines(document: &Document, text: &Text) -> Vec<(String, Range<usize>)> {
    let whole = text.span();
    let Some(written) = document.text().get(whole.clone()).filter(|_| text.get_ref().contains('\n')) else {
        return vec![(text.get_ref().clone(), whole)];
    };
    let mut from = 0;
    let place = |line: &str| {
        let found = written[from..].find(line).filter(|_| !line.trim().is_empty());
        let span = found.map_or(whole.clone(), |at| {
            let start = whole.start + from + at;
            start..start + line.len()
        });
        from = found.map_or(from, |at| from + at + line.len());
        (line.to_owned(), span)
    };
    text.get_ref().split('\n').map(place).collect()
}

fn no_pattern(line: &str, span: Range<usize>) -> Problem {
    let help = match line.starts_with('#') {
        true => "remove the string: a comment is TOML's, after a # outside the strings",
        false => "remove the string: without it, the same files are ignored",
    };
    Problem::new(BAD_IGNORE_LINE, span, "git reads no pattern in this line").help(help).warning()
}

fn warnings(read: &[(IgnoreLine, Range<usize>)]) -> Vec<Problem> {
    let judge = IgnoreJudge::new(read.iter().map(|(line, _)| line).collect());
    let mut never = Vec::new();
    for (index, (line, span)) in read.iter().enumerate() {
        let why = line.never_matches();
        let why = why
            .or_else(|| (!judge.can_match(index)).then_some("git allows no file or folder with such a name"));
        never.push(why.map(|why| {
            let help = "remove it: without this line, the same files are ignored";
            Problem::new(BAD_IGNORE_LINE, span.clone(), why).help(help).warning()
        }));
    }
    let redundant = judge.redundant().into_iter().filter(|line| never[line.index].is_none());
    let needless: Vec<Problem> = redundant.map(|line| needless(read, line.index, &line.why)).collect();
    never.into_iter().flatten().chain(needless).collect()
}

fn needless(read: &[(IgnoreLine, Range<usize>)], index: usize, why: &WhyNeedless) -> Problem {
    let (line, span) = &read[index];
    let problem = |label: String| {
        Problem::new(NEVER_DECIDES, span.clone(), label)
            .help("remove it: the same files are then ignored as before")
            .warning()
    };
    match why {
        WhyNeedless::Later(later) => {
            problem(format!("the later `{}` matches everything that this line matches", read[*later].0.text))
                .related(read[*later].1.clone(), "this line always decides")
        }
        WhyNeedless::Ignored(by) if line.takes_back() => {
            problem(format!("git does not read the folder that `{}` ignores", read[*by].0.text))
                .related(read[*by].1.clone(), "ignored here")
        }
        WhyNeedless::Ignored(by) => problem("what this line ignores is ignored without it".to_owned())
            .related(read[*by].1.clone(), "ignored here"),
        WhyNeedless::Same if line.takes_back() => {
            problem("no line before this one ignores what it takes back".to_owned())
        }
        WhyNeedless::Same => problem("what this line ignores is taken back later".to_owned()),
    }
}
