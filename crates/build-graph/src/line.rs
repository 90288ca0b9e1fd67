//! Owns the lines of manifests: where a key or a text stands, for readers of a comment.
//!
//! The parsers of the manifests answer what a manifest means. These searches only find a line for a value that is known.

/// The line of a byte, from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

/// The line of a JSON object's member, found by the names that lead to it.
pub(crate) fn line_of_member(text: &str, names: &[&str]) -> Option<usize> {
    let mut at = 0;
    for name in names {
        at += end_of_key(text.get(at..)?, name)?;
    }
    Some(line_at(text, at))
}

/// The end of `"name"` that is followed by a colon.
fn end_of_key(text: &str, name: &str) -> Option<usize> {
    let quoted = serde_json::to_string(name).ok()?;
    let is_key = |end: &usize| text.get(*end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
    text.match_indices(&quoted).map(|(start, _)| start + quoted.len()).find(is_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_below_its_object() {
        let text =
            "{\n \"name\": \"b\",\n \"a\": 1,\n \"dependencies\": {\n  \"b\": \"a\",\n  \"a\" : \"1\"\n }\n}";
        assert_eq!(line_of_member(text, &["dependencies", "a"]), Some(6));
        assert_eq!(line_of_member(text, &["devDependencies", "a"]), None);
    }
}
