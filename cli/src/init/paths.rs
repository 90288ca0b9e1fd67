//! Owns the patterns of a folder with a project: all of it, without the projects inside it.

use std::collections::{BTreeMap, BTreeSet};

use shared::glob::literal;

/// The fewest neighbours that one pattern stands for.
const FEWEST: usize = 3;

/// The pattern of everything in a folder.
pub(crate) fn everything_in(folder: &str) -> String {
    if folder.is_empty() { "**".to_owned() } else { format!("{}/**", literal(folder)) }
}

/// The patterns of a folder without the folders inside it. `files` are all files of the repository.
pub(crate) fn without(folder: &str, inside: &BTreeSet<&str>, files: &BTreeSet<String>) -> Vec<String> {
    let mut patterns = vec![everything_in(folder)];
    let outermost = inside.iter().filter(|inner| !ancestors(inner).any(|above| inside.contains(above)));
    let mut by_parent: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for inner in outermost {
        by_parent.entry(parent(inner)).or_default().insert(inner);
    }
    for (parent, inner) in by_parent {
        let is_whole =
            inner.len() >= FEWEST && folders_in(parent, files).iter().all(|found| inner.contains(found));
        match is_whole {
            // Every folder of this one has a project.
            true if parent.is_empty() => patterns.push("!*/**".to_owned()),
            true => patterns.push(format!("!{}/*/**", literal(parent))),
            false => patterns.extend(inner.iter().map(|inner| format!("!{}", everything_in(inner)))),
        }
    }
    patterns
}

/// The patterns of folders beside each other.
pub(super) fn together(parent: &str, folders: &BTreeSet<&str>, files: &BTreeSet<String>) -> Vec<String> {
    match folders_in(parent, files).iter().all(|found| folders.contains(found)) {
        true => vec![format!("{}/*/**", literal(parent))],
        false => folders.iter().map(|folder| everything_in(folder)).collect(),
    }
}

/// The folders directly in a folder that have a file.
fn folders_in<'f>(parent: &str, files: &'f BTreeSet<String>) -> BTreeSet<&'f str> {
    let prefix = if parent.is_empty() { String::new() } else { format!("{parent}/") };
    let below = files.range(prefix.clone()..).take_while(|file| file.starts_with(&prefix));
    below.filter_map(|file| Some(&file[..prefix.len() + file[prefix.len()..].find('/')?])).collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The folders above a folder, without the top.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| folder.rsplit_once('/').map(|(parent, _)| parent)).skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn projects_inside_are_excluded_one_by_one_or_all_at_once() {
        let all = files(&["p/a/x", "p/b/x", "p/c/x", "p/README.md", "q/d/x", "q/e/x", "q/f/x", "q/docs/x"]);
        let inside = BTreeSet::from(["p/a", "p/b", "p/c", "p/a/inner", "q/d", "q/e", "q/f"]);
        assert_eq!(without("", &inside, &all), ["**", "!p/*/**", "!q/d/**", "!q/e/**", "!q/f/**"]);
        assert_eq!(without("p", &BTreeSet::from(["p/a"]), &all), ["p/**", "!p/a/**"]);
        assert_eq!(without("a[b]", &BTreeSet::new(), &all), [r"a\[b\]/**"]);
    }
}
