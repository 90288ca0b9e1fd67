//! A gitignore line as steps over bytes, for questions about every path at once: the same paths as in its matcher.

use shared::language::{ByteSet, PatternStep};

use super::super::part::{PartElement, PartPattern, bracket_accepts};
use super::{IgnoreLine, LineMatcher, Segment};

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
fn part(pattern: &PartPattern, steps: &mut Vec<PatternStep>) -> Option<()> {
    steps.extend(pattern.elements.as_ref()?.iter().map(|element| match element {
        PartElement::Stars => PatternStep::Star,
        PartElement::AnyByte => PatternStep::OneOf(ByteSet::of(|byte| byte != b'/')),
        PartElement::Byte(byte) => PatternStep::Byte(*byte),
        PartElement::Class(bracket) => {
            let accepts = |byte| byte != 0 && byte != b'/' && bracket_accepts(bracket, byte);
            PatternStep::OneOf(ByteSet::of(accepts))
        }
    }));
    Some(())
}
