//! A glob as steps over bytes: the same names as the regular expression that globset makes of it.

use super::{BadGlob, SYNTAX, bad};
use crate::language::{ByteSet, PatternStep};

/// The steps of a glob without braces.
///
/// # Errors
/// When the text is not a glob.
pub(super) fn steps(body: &str) -> Result<Vec<PatternStep>, BadGlob> {
    let letters: Vec<char> = body.chars().collect();
    let mut steps = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < letters.len() {
        at += match letters[at] {
            '\\' => {
                let Some(letter) = letters.get(at + 1) else {
                    return Err(bad("a backslash at the end has no letter after it", SYNTAX));
                };
                bytes(*letter, &mut steps);
                2
            }
            '[' => class(&letters[at..], &mut steps)?,
            '?' => {
                steps.push(PatternStep::OneOf(ByteSet::of(|byte| byte != b'/')));
                1
            }
            '*' => stars(&letters, at, &mut steps),
            letter => {
                bytes(letter, &mut steps);
                1
            }
        };
    }
    Ok(steps)
}

fn bytes(letter: char, steps: &mut Vec<PatternStep>) {
    steps.extend(letter.encode_utf8(&mut [0; 4]).bytes().map(PatternStep::Byte));
}

/// A run of stars. `**` between slashes stands for any folders, or none, with the slash after it.
fn stars(letters: &[char], at: usize, steps: &mut Vec<PatternStep>) -> usize {
    let count = letters[at..].iter().take_while(|letter| **letter == '*').count();
    let begins = at == 0 || letters[at - 1] == '/';
    let (step, taken) = match (count, begins, letters.get(at + count)) {
        (1, ..) => (PatternStep::Star, 1),
        (_, true, Some('/')) => (PatternStep::Folders, count + 1),
        _ => (PatternStep::Across, count),
    };
    steps.push(step);
    taken
}

/// A bracket, as globset reads it: each member is the bytes of a letter, or a range of them.
fn class(letters: &[char], steps: &mut Vec<PatternStep>) -> Result<usize, BadGlob> {
    let negated = matches!(letters.get(1), Some('!' | '^'));
    let first = 1 + usize::from(negated);
    // A `]` right after the opening is a letter of the class.
    let Some(close) = (first + 1..letters.len()).find(|index| letters[*index] == ']') else {
        return Err(bad("a bracket is opened and not closed; missing `]`", SYNTAX));
    };
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut in_range = false;
    for letter in &letters[first..close] {
        match (letter, ranges.last_mut()) {
            ('-', Some(_)) if !in_range => in_range = true,
            (letter, Some(range)) if in_range => {
                range.1 = *letter;
                in_range = false;
            }
            (letter, _) => ranges.push((*letter, *letter)),
        }
    }
    if in_range {
        ranges.push(('-', '-'));
    }
    if let Some((from, to)) = ranges.iter().find(|(from, to)| from > to) {
        return Err(bad(format!("the range from `{from}` to `{to}` runs backwards"), SYNTAX));
    }
    if ranges.iter().any(|(from, to)| (*from..=*to).contains(&'/')) {
        return Err(bad("a bracket never matches `/`", "write the `/` outside of the brackets"));
    }
    let members = ranges.into_iter().fold(ByteSet::default(), with);
    steps.push(PatternStep::OneOf(ByteSet::of(|byte| byte != b'/' && members.contains(byte) != negated)));
    Ok(close + 1)
}

/// A range ends in bytes: from the last byte of its first letter to the first byte of its last letter.
fn with(mut set: ByteSet, (from, to): (char, char)) -> ByteSet {
    let (mut buffer, mut other) = ([0; 4], [0; 4]);
    let (from_bytes, to_bytes) =
        (from.encode_utf8(&mut buffer).as_bytes(), to.encode_utf8(&mut other).as_bytes());
    from_bytes.iter().for_each(|byte| set.insert(*byte));
    if from != to {
        to_bytes.iter().for_each(|byte| set.insert(*byte));
        (from_bytes[from_bytes.len() - 1]..=to_bytes[0]).for_each(|byte| set.insert(byte));
    }
    set
}
