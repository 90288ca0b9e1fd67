//! Reads the workflows of GitHub Actions: the events `push` and `pull_request` with `paths` or `paths-ignore`.

mod pattern;

use shared::language::NameKind;

use crate::patterns::TranslatedList;
use crate::yaml::YamlNode;
use crate::{CiFilter, CiFilters, CiGap, CiSystem};
use pattern::translated;

/// The folder of the workflows.
pub const WORKFLOWS: &str = ".github/workflows";

/// The events that a push corresponds to, and their keys. A merged pull request is a push to its target branch.
const EVENTS: [(&str, &str, &str); 3] = [
    ("push", "on.push.paths", "on.push.paths-ignore"),
    ("pull_request", "on.pull_request.paths", "on.pull_request.paths-ignore"),
    ("pull_request_target", "on.pull_request_target.paths", "on.pull_request_target.paths-ignore"),
];

/// The filters of workflows: pairs of a path and a text.
pub fn github<'t>(workflows: impl IntoIterator<Item = (&'t str, &'t str)>) -> CiFilters {
    let mut found = CiFilters::default();
    for (file, text) in workflows {
        match YamlNode::parse(text) {
            Ok(node) => workflow(file, &node, &mut found),
            Err(error) => found.gaps.push(CiGap::new(file, error.to_string())),
        }
    }
    found
}

fn workflow(file: &str, node: &YamlNode, found: &mut CiFilters) {
    let Some(on) = node.get("on") else { return };
    // A workflow that runs on each push has no filter, whatever its pull requests have.
    let is_on = |name: &str| on.texts().iter().any(|event| event == name) || on.get(name).is_some();
    let Some((event, paths, ignore)) = EVENTS.iter().find(|(event, ..)| is_on(event)) else { return };
    let Some(event) = on.get(event) else { return };
    let (key, list) = match (event.get("paths"), event.get("paths-ignore")) {
        (None, None) => return,
        (Some(_), Some(_)) => {
            let why = "it has `paths` and `paths-ignore` for one event, which GitHub refuses";
            return found.gaps.push(CiGap::new(file, why));
        }
        (Some(list), None) => (*paths, list),
        (None, Some(list)) => (*ignore, list),
    };
    match filter(file, event, key, list) {
        Ok(filter) => found.filters.push(filter),
        Err(why) => found.gaps.push(CiGap::new(file, why)),
    }
}

fn filter(file: &str, event: &YamlNode, key: &'static str, list: &YamlNode) -> Result<CiFilter, String> {
    let is_ignore = key.ends_with("-ignore");
    let paths = if is_ignore { ignored(&list.texts()) } else { included(&list.texts(), NameKind::Path) };
    if !is_ignore && !paths.includes_something() {
        return Err(format!("no pattern of `{key}` includes a file, so it starts for none"));
    }
    if paths.texts.is_empty() {
        return Err(format!("no pattern of `{key}` can be translated, so it has no rule"));
    }
    let names = |key: &str, kind: NameKind| match (event.get(key), event.get(&format!("{key}-ignore"))) {
        (Some(list), _) => Some(included(&list.texts(), kind)),
        (None, Some(list)) => Some(excluded(&list.texts(), kind)),
        (None, None) => None,
    };
    let (branches, tags) = (names("branches", NameKind::Branch), names("tags", NameKind::Tag));
    if branches.is_none() && tags.is_some() {
        return Err(
            "its event has `tags` and no `branches`, and GitHub evaluates no paths for a tag".to_owned()
        );
    }
    let line = list.elements().first().map_or(list.line, |first| first.line);
    let mut notes = Vec::new();
    let mut finished = |list: Option<TranslatedList>| {
        let (texts, of_list) = list.map(TranslatedList::finish).unwrap_or_default();
        notes.extend(of_list);
        texts
    };
    let (paths, branches, tags) = (finished(Some(paths)), finished(branches), finished(tags));
    Ok(CiFilter {
        system: CiSystem::GitHub,
        names: vec![stem(file)],
        file: file.to_owned(),
        line,
        key,
        branches,
        tags,
        paths,
        notes,
    })
}

/// A list in which a `!` excludes what patterns before it include.
fn included(texts: &[String], kind: NameKind) -> TranslatedList {
    let mut list = TranslatedList::new(kind);
    for text in texts {
        match text.strip_prefix('!') {
            // Before any pattern that includes, a `!` excludes nothing.
            Some(_) if !list.includes_something() => {}
            Some(body) => list.exclude(text, translated(body)),
            None => list.include(text, translated(text)),
        }
    }
    list
}

/// A list of patterns that each exclude.
fn excluded(texts: &[String], kind: NameKind) -> TranslatedList {
    let mut list = TranslatedList::new(kind);
    texts.iter().for_each(|text| list.exclude(text, translated(text)));
    list
}

/// `paths-ignore`: a file counts unless a pattern matches it.
fn ignored(texts: &[String]) -> TranslatedList {
    if !texts.iter().any(|text| text.starts_with('!')) {
        return excluded(texts, NameKind::Path);
    }
    let mut list = TranslatedList::new(NameKind::Path);
    list.texts.push("**".to_owned());
    list.notes.push("GitHub does not document `!` in `paths-ignore`; here its files count".to_owned());
    for text in texts {
        match text.strip_prefix('!') {
            Some(body) => list.include(text, translated(body)),
            None => list.exclude(text, translated(text)),
        }
    }
    list
}

/// The name of a file without its folders and its ending.
fn stem(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(text: &str) -> CiFilters {
        github([(".github/workflows/web.yml", text)])
    }

    #[test]
    fn a_push_filter_becomes_a_filter() {
        let found = filters(
            "on:\n  push:\n    branches: [main, 'release/**']\n    paths:\n      - 'web/**'\n      - '!**.md'\n  pull_request:\n",
        );
        let [filter] = &found.filters[..] else { panic!("{found:?}") };
        assert_eq!(
            (filter.line, filter.key, &filter.names[..]),
            (5, "on.push.paths", &["web".to_owned()][..])
        );
        assert_eq!(filter.branches, ["main", "release/**"]);
        assert_eq!(filter.paths, ["web/**", "!**.md"]);
        assert!(filter.notes.is_empty() && found.gaps.is_empty());
    }

    #[test]
    fn paths_ignore_starts_from_everything() {
        let found = filters("on: {push: {branches-ignore: ['wip/**'], paths-ignore: ['docs/**', '**.md']}}");
        assert_eq!(found.filters[0].paths, ["!docs/**", "!**.md"]);
        assert_eq!(found.filters[0].branches, ["!wip/**"]);
        let found = filters("on: {push: {paths-ignore: ['docs/**', '!docs/api/**']}}");
        assert_eq!(found.filters[0].paths, ["**", "!docs/**", "docs/api/**"]);
        assert_eq!(found.filters[0].notes.len(), 1);
    }

    #[test]
    fn an_exclusion_without_an_exact_translation_is_left_out() {
        let found = filters("on: {push: {paths: ['a/**', '!a/v[0-9]+/**', '/b/**']}}");
        assert_eq!(found.filters[0].paths, ["a/**"]);
        let [first, second] = &found.filters[0].notes[..] else { panic!("{found:?}") };
        assert!(first.contains("`!a/v[0-9]+/**` is left out, so more files count"), "{first}");
        assert!(second.contains("`/b/**` is left out: no file can match it"), "{second}");
    }

    #[test]
    fn a_workflow_that_runs_on_each_push_has_no_filter() {
        for text in [
            "on: push",
            "on: [push, pull_request]",
            "on: {push: {branches: [main]}, pull_request: {paths: ['a/**']}}",
            "on: {workflow_dispatch: {}}",
            "name: x",
            "[1, 2]",
            "",
        ] {
            assert_eq!(filters(text), CiFilters::default(), "{text}");
        }
    }

    #[test]
    fn what_gives_no_rule_is_a_gap() {
        for text in [
            "on: {push: {tags: ['v*'], paths: ['a/**']}}",
            "on: {push: {paths: ['a/**'], paths-ignore: ['b/**']}}",
            "on: {push: {paths: ['!a/**']}}",
            "on: {push: {paths: ['/a/**']}}",
            "on: {",
        ] {
            let found = filters(text);
            assert!(found.filters.is_empty() && found.gaps.len() == 1, "{text}: {found:?}");
        }
    }

    #[test]
    fn a_pull_request_stands_for_the_push_that_merges_it() {
        let found = filters("on: {pull_request: {branches: [main], paths: [a/*]}}");
        assert_eq!(found.filters[0].key, "on.pull_request.paths");
        assert_eq!(found.filters[0].branches, ["main"]);
    }
}
