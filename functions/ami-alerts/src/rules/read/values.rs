//! Reads lists of texts and the table of tags.

use std::collections::BTreeSet;

use shared::config::{Code, Problem, TableReader, Text};

use super::BAD_TAG;

/// The values of a list, each in the form that `read` accepts, none twice.
pub(super) fn set(
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
    code: Code,
    help: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Option<BTreeSet<String>> {
    let texts = table.strings(key)?;
    if texts.get_ref().is_empty() {
        let label = format!("`{key}` is empty");
        let problem = Problem::new(code, texts.span(), label).help(format!("{help}; or remove `{key}`"));
        table.problem(problem);
    }
    let mut values = BTreeSet::new();
    for text in texts.get_ref() {
        let label = match read(text.get_ref()) {
            None => "this does not have AWS's form".to_owned(),
            Some(value) => match values.insert(value) {
                true => continue,
                false => "this is already in the list".to_owned(),
            },
        };
        table.problem(Problem::new(code, text.span(), label).help(help));
    }
    Some(values)
}

/// Tags of an image: up to 128 characters in a key, 256 in a value ("Tag restrictions", Amazon EC2 User Guide).
pub(super) fn tags(table: &mut TableReader<'_, '_, '_>) -> Option<Vec<(String, String)>> {
    let at = table.span("tags")?;
    let tags = table.string_table("tags")?;
    if tags.is_empty() {
        let help = "write tags = { Key = \"value\" }, or remove `tags`";
        table.problem(Problem::new(BAD_TAG, at, "`tags` is empty").help(help));
    }
    let length = |text: &Text| text.get_ref().chars().count();
    for (key, value) in &tags {
        if !(1..=128).contains(&length(key)) {
            let problem = Problem::new(BAD_TAG, key.span(), "a tag key has 1 to 128 characters");
            table.problem(problem.help("write the key of the image's tag"));
        }
        if length(value) > 256 {
            let problem = Problem::new(BAD_TAG, value.span(), "a tag value has at most 256 characters");
            table.problem(problem.help("write the value of the image's tag"));
        }
    }
    Some(tags.into_iter().map(|(key, value)| (key.into_inner(), value.into_inner())).collect())
}
