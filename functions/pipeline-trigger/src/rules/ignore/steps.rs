//! A gitignore line as steps over bytes, for questions about every path at once: the same paths as in its matcher.

use shared::language::{ByteSet, PatternStep};

use super::{IgnoreLine, LineMatcher, Segment, closed_bracket, wild_bytes};

impl IgnoreLine {
    /// The steps of the line, to the end of a file or a folder that it matches; none when it matches nothing.
    pub(in crate::rules) fn steps(&self) -> Option<Vec<PatternStep>> {
        let mut steps = Vec::new();
        match &self.matcher {
            LineMatcher::Name(pattern) => {
                steps.push(PatternStep::Folders);
                part(pattern, &mut steps)?;
            }
            LineMatcher::Path { literal, segments } => {
                steps.extend(literal.bytes().map(PatternStep::Byte));
                let last = segments.len() - 1;
                for (index, segment) in segments.iter().enumerate() {
                    match segment {
                        Segment::Folders { least: 0 } => steps.push(PatternStep::Folders),
                        Segment::Folders { .. } => steps.push(PatternStep::Across),
                        Segment::Part(pattern) => part(pattern, &mut steps)?,
                    }
                    // The step of any folders has the slash after it.
                    if index < last && !matches!(segment, Segment::Folders { least: 0 }) {
                        steps.push(PatternStep::Byte(b'/'));
                    }
                }
            }
        }
        Some(steps)
    }
}

/// The steps of the text between two slashes of a pattern.
fn part(pattern: &str, steps: &mut Vec<PatternStep>) -> Option<()> {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes[at] {
            b'\\' => {
                steps.push(PatternStep::Byte(*bytes.get(at + 1)?));
                2
            }
            b'[' => {
                let end = closed_bracket(bytes, at)?;
                let bracket = pattern.get(at..end)?;
                let set = ByteSet::of(|byte| byte != 0 && byte != b'/' && wild_bytes(bracket, &[byte]));
                steps.push(PatternStep::OneOf(set));
                end - at
            }
            b'?' => {
                steps.push(PatternStep::OneOf(ByteSet::of(|byte| byte != b'/')));
                1
            }
            b'*' => {
                steps.push(PatternStep::Star);
                bytes[at..].iter().take_while(|byte| **byte == b'*').count()
            }
            byte => {
                steps.push(PatternStep::Byte(byte));
                1
            }
        };
    }
    Some(())
}
