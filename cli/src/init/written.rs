//! The planned rules as a TOML file.

use super::toml_text::{comment, entry, list, string};
use super::{PlannedGroup, PlannedPipeline, RepositoryNames, RulesPlan};

/// The most gaps that the head lists.
const MOST_GAPS: usize = 40;

/// The text of the file.
pub fn written(plan: &RulesPlan, names: &RepositoryNames) -> String {
    let mut out = head(plan, names);
    for group in &plan.groups {
        out += &table("group", group, &[]);
    }
    for PlannedPipeline { files, branches, tags } in &plan.pipelines {
        let mut entries = vec![("repository", OneOrMore::One(names.repository.clone()))];
        for (key, texts) in [("branches", branches), ("tags", tags)] {
            if !texts.is_empty() {
                entries.push((key, OneOrMore::More(texts.clone())));
            }
        }
        out += &table("pipeline", files, &entries);
    }
    out
}

/// A value of a table.
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn head(plan: &RulesPlan, names: &RepositoryNames) -> String {
    let mut out = comment(&format!(
        "The rules of {}, written by `pointsman init` from its build graph and its CI files.",
        names.repository
    ));
    out += "#\n";
    if !plan.pipelines.is_empty() {
        out += "# Set each `name` to the name of a pipeline, and delete the tables without one.\n";
    }
    if !plan.groups.is_empty() {
        out += "# A [[group]] stands for a project that others use. For a pipeline of its own, add a [[pipeline]] with\n\
                # `uses = [\"NAME\"]`. Delete the groups that no rule uses then: `pointsman check` lists them.\n\
                # `pointsman check --graph --repo .` finds what the build graph has and these rules lack.\n";
    }
    if !plan.gaps.is_empty() {
        out += "#\n# Not read or not translated:\n";
        for (file, why) in plan.gaps.iter().take(MOST_GAPS) {
            out += &comment(&format!("- {file}: {why}"));
        }
        if plan.gaps.len() > MOST_GAPS {
            out += &comment(&format!("- and {} more", plan.gaps.len() - MOST_GAPS));
        }
    }
    out
}

fn table(name: &str, files: &PlannedGroup, entries: &[(&str, OneOrMore)]) -> String {
    let mut out = String::from("\n");
    files.comments.iter().for_each(|line| out += &comment(line));
    let lists = [("paths", &files.paths), ("uses", &files.uses), ("ignore", &files.ignore)];
    let lists: Vec<_> = lists.into_iter().filter(|(_, texts)| !texts.is_empty()).collect();
    let keys = entries.iter().map(|(key, _)| *key).chain(lists.iter().map(|(key, _)| *key)).chain(["name"]);
    let width = keys.map(str::len).max().unwrap_or_default();
    if !files.uses_from.is_empty() {
        out += &comment(&format!("uses: {}", files.uses_from));
    }
    out += &format!("[[{name}]]\n");
    out += &entry("name", width, &string(&files.name));
    for (key, value) in entries {
        out += &match value {
            OneOrMore::One(text) => entry(key, width, &string(text)),
            OneOrMore::More(texts) => list(key, width, texts),
        };
    }
    for (key, texts) in lists {
        out += &list(key, width, texts);
    }
    out
}
