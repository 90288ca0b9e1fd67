//! Whether a rule can start its pipeline at all, and which of its keys have no effect.

use std::ops::Range;

use shared::config::{Code, Problem, TableReader};
use shared::glob::{COVERS_NOTHING, ListJudge, kind_of};

use super::ignore::{IgnoreJudge, IgnoreLine};
use super::{Baseline, NewBranch, PatternList};

/// A key that its table makes useless.
pub(super) const NO_EFFECT: Code = Code { name: "no-effect", title: "a key has no effect in this table" };

/// A default rule that also selects files by itself.
pub(super) const DEFAULT_WITH_FILES: Code =
    Code { name: "default-with-files", title: "a default rule has no files of its own" };

/// What a rule says about branches, tags and files.
pub(super) struct Selection<'r> {
    pub(super) branches: Option<&'r PatternList>,
    pub(super) tags: Option<&'r PatternList>,
    pub(super) paths: Option<&'r PatternList>,
    pub(super) is_default: bool,
    pub(super) ignore: &'r [IgnoreLine],
    pub(super) new_branch: NewBranch,
    pub(super) baseline: Baseline,
}

/// Reports a rule that no push can start, and keys without an effect.
pub(super) fn judge(table: &mut TableReader<'_, '_, '_>, selection: &Selection<'_>) {
    let has_branches = table.span("branches").is_some();
    let has_tags = table.span("tags").is_some();
    let covers_branches = has_branches || !has_tags;
    let empty_branches = selection.branches.is_some_and(|list| !list.includes_anything(kind_of("branches")));
    let empty_tags = selection.tags.is_some_and(|list| !list.includes_anything(kind_of("tags")));
    let starts_branches = covers_branches && !empty_branches;
    let starts_tags = has_tags && !empty_tags;
    if empty_branches {
        empty(table, "branches", "these patterns include no branch", starts_tags);
    }
    if empty_tags {
        empty(table, "tags", "these patterns include no tag", starts_branches);
    }
    if selection.is_default {
        without_own_files(table);
    }
    if covers_branches {
        files(table, selection, starts_tags);
        without_effect(table, selection);
    } else {
        for key in ["paths", "uses", "default", "ignore", "ignore-file", "new-branch", "baseline"] {
            no_effect(table, key, "the table has `tags` and no `branches`, and a tag has no earlier commit");
        }
        no_effect(table, "pin", "the table has `tags` and no `branches`, and a tag starts its own commit");
    }
}

/// A default rule takes what no other rule claims, so lists of its own would say the opposite.
fn without_own_files(table: &mut TableReader<'_, '_, '_>) {
    for key in ["paths", "uses"] {
        if let Some(span) = table.span(key) {
            let label = format!("a table with `default = true` has no `{key}`");
            let help = format!("remove `{key}`, or move it to a table of its own for the same repository");
            table.problem(Problem::new(DEFAULT_WITH_FILES, span, label).help(help));
        }
    }
}

fn files(table: &mut TableReader<'_, '_, '_>, selection: &Selection<'_>, starts_otherwise: bool) {
    let has_groups = table.span("uses").is_some();
    if selection.paths.is_some_and(|list| !list.includes_anything(kind_of("paths"))) {
        return empty(table, "paths", "these patterns include no file", starts_otherwise || has_groups);
    }
    if has_groups {
        return;
    }
    let is_whole = selection.paths.map_or(table.span("paths").is_none(), |list| list.is_whole);
    let paths = selection.paths.map(|list| ListJudge::new(list, kind_of("paths")));
    let ignore = IgnoreJudge::new(selection.ignore.iter().collect());
    if is_whole && !selection.ignore.is_empty() && !ignore.leave_a_file(paths.as_ref()) {
        let label = match paths {
            Some(_) => "these lines ignore every file that `paths` includes",
            None => "these lines ignore every file",
        };
        empty(table, "ignore", label, starts_otherwise);
    }
}

fn empty(table: &mut TableReader<'_, '_, '_>, key: &'static str, label: &str, starts_otherwise: bool) {
    let span = table.span(key).unwrap_or_else(|| table.header());
    let help = match (starts_otherwise, key) {
        (true, "branches" | "tags") => format!("without `{key}`, the rule does the same"),
        (true, _) => "only tags start the pipeline; if no branch is wanted, remove `branches`".to_owned(),
        (false, _) => {
            "the rule can never start its pipeline: change the list, or remove the table".to_owned()
        }
    };
    let problem = Problem::new(COVERS_NOTHING, span, label).help(help);
    table.problem(if starts_otherwise { problem.warning() } else { problem });
}

/// Keys about the comparison of files, in a rule that compares none.
fn without_effect(table: &mut TableReader<'_, '_, '_>, selection: &Selection<'_>) {
    let has_file_patterns = selection.is_default
        || ["paths", "uses", "ignore", "ignore-file"].iter().any(|key| table.span(key).is_some());
    let chooses_commit = selection.new_branch != NewBranch::Skip;
    if !has_file_patterns {
        no_effect(table, "baseline", "a rule without `paths` and `ignore` compares no files");
    }
    if !has_file_patterns && chooses_commit {
        no_effect(table, "new-branch", "a rule without `paths` and `ignore` compares no files");
    } else if selection.baseline != Baseline::Push && chooses_commit {
        no_effect(table, "new-branch", "with this `baseline`, a first push is compared as every other push");
    }
}

fn no_effect(table: &mut TableReader<'_, '_, '_>, key: &'static str, label: &str) {
    let Some(span) = table.span(key) else { return };
    let span: Range<usize> = span;
    let help = format!("remove `{key}`: the rule then does the same");
    table.problem(Problem::new(NO_EFFECT, span, label).help(help).warning());
}
