//! One name, one type: no two types of the workspace share a name, except those that every function has.

use std::collections::BTreeMap;

use crate::repository::{files, relative};

/// The types that stand for the same role in each function's crate; docs/style.md lists them.
const ROLES: [&str; 10] =
    ["Because", "Clients", "Effect", "Event", "Facts", "Parsed", "Remark", "Rules", "Run", "Settings"];

#[test]
fn no_two_types_of_the_workspace_share_a_name() {
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files() {
        let file = relative(&path);
        let is_code = file.ends_with(".rs") && file.contains("src/") && !file.ends_with("tests.rs");
        if !is_code {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a tracked file can be read");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for name in code.lines().filter_map(declared_type) {
            declared.entry(name.to_owned()).or_default().push(file.clone());
        }
    }
    assert!(declared.len() > 200, "the types are read from the source");
    let shared =
        declared.into_iter().filter(|(name, files)| files.len() > 1 && !ROLES.contains(&name.as_str()));
    let shared: Vec<String> = shared.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect();
    assert!(shared.is_empty(), "{} names stand for several types:\n{}", shared.len(), shared.join("\n"));
}

/// The name that a line declares as a struct, an enum or a trait.
fn declared_type(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line
        .strip_prefix("pub ")
        .or_else(|| {
            line.split_once(") ")
                .filter(|(visibility, _)| visibility.starts_with("pub("))
                .map(|(_, rest)| rest)
        })
        .unwrap_or(line);
    let rest = ["struct ", "enum ", "trait "].iter().find_map(|keyword| line.strip_prefix(keyword))?;
    let end = rest.find(|next: char| !next.is_alphanumeric()).unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

#[test]
fn a_declaration_is_found_whatever_its_visibility() {
    for line in [
        "pub struct Push {",
        "struct Push;",
        "pub(crate) enum Push {",
        "    pub trait Push: Sized {",
        "pub(super) struct Push<'a>(u8);",
    ] {
        assert_eq!(declared_type(line), Some("Push"), "{line}");
    }
    assert_eq!(declared_type("/// A struct Push"), None);
}
