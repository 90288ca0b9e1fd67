//! Owns the lines of manifests: where a key or a text stands, for readers of a comment.
//!
//! The parsers of the manifests answer what a manifest means. These searches only find a line for a value that is known.

use std::collections::BTreeMap;

/// Where each line of a text begins.
#[derive(Debug)]
pub(crate) struct LineStarts(Vec<usize>);

impl LineStarts {
    pub(crate) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at + 1).collect())
    }

    /// The line of a byte, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset) + 1
    }
}

/// The lines of the members of a JSON object's objects, by the names of both.
pub(crate) fn lines_of_members(text: &str) -> BTreeMap<(&str, &str), usize> {
    let starts = LineStarts::of(text);
    let (mut depth, mut outer, mut at) = (0_usize, "", 0);
    let mut lines = BTreeMap::new();
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let name = string_at(text, at);
                let end = at + name.len() + 2;
                let is_key = text.get(end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
                match depth {
                    1 if is_key => outer = name,
                    2 if is_key => drop(lines.insert((outer, name), starts.line(at))),
                    _ => {}
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    lines
}

/// The raw string that begins with the quote at a place, without its quotes.
fn string_at(text: &str, quote: usize) -> &str {
    let rest = text.get(quote + 1..).unwrap_or_default();
    let mut is_escaped = false;
    let end = rest.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.and_then(|end| rest.get(..end)).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_below_its_object() {
        let text = "{\n \"name\": \"dependencies\",\n \"a\": {\"dependencies\":\n {\"a\": 1}},\n \"dependencies\": {\n  \
                    \"b\\\"\": \"a\",\n  \"a\" : \"{\"\n }, \"x\": [\"a\"]\n}";
        let lines = lines_of_members(text);
        assert_eq!(lines.get(&("dependencies", "a")), Some(&7));
        assert_eq!(lines.get(&("a", "dependencies")), Some(&3));
        assert_eq!(lines.len(), 3);
        assert!(lines_of_members("{\"a\": {\"").is_empty());
    }

    #[test]
    fn lines_are_counted_from_one() {
        let starts = LineStarts::of("a\nb\n");
        assert_eq!([0, 1, 2, 3, 4].map(|offset| starts.line(offset)), [1, 1, 2, 2, 3]);
    }
}
