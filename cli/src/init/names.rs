//! Owns the names of tables: short, unique, and of the letters that a pipeline's name allows.

use std::collections::BTreeSet;

use ci_filters::{CiFilter, CiFilters, CiSystem};

use super::{PlannedGroup, PlannedPipeline, RulesPlan};

/// The longest name, in characters.
const LONGEST: usize = 60;
/// The most names of jobs in a comment.
const MOST_JOBS: usize = 8;

/// A name in the letters that the names of pipelines, groups and repositories allow.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() || "._-".contains(letter) => slug.push(letter),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(LONGEST);
    slug.trim_matches(['-', '.', '_']).to_owned()
}

/// The names that are taken.
#[derive(Debug, Default)]
pub(super) struct TakenNames(BTreeSet<String>);

impl TakenNames {
    /// The first of the candidates that is free and not empty, else the last one with a number.
    pub(super) fn take(&mut self, candidates: &[String]) -> String {
        let names: Vec<String> =
            candidates.iter().map(|name| slug(name)).filter(|name| !name.is_empty()).collect();
        let last = names.last().cloned().unwrap_or_else(|| "project".to_owned());
        let numbered = (2..).map(|number| format!("{last}-{number}"));
        let all = names.iter().cloned().chain([last.clone()]).chain(numbered);
        all.into_iter().find(|name| self.0.insert(name.clone())).unwrap_or(last)
    }
}

/// The last part of a project's name: `web` of `@acme/web`, `example.com/web` and `:web`.
pub(super) fn short(name: &str) -> &str {
    name.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(name)
}

/// The last part of a Go module's path, without the version of Go's modules: `api` of `example.com/api/v3`.
pub(super) fn without_version(path: &str) -> &str {
    let is_version = |last: &str| {
        last.strip_prefix('v')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    match path.rsplit_once('/') {
        Some((before, last)) if is_version(last) => short(before),
        _ => short(path),
    }
}

/// Adds a pipeline for each filter of the CI.
pub(super) fn add_filters(plan: &mut RulesPlan, found: CiFilters) {
    let mut taken = TakenNames::default();
    for name in
        plan.groups.iter().map(|group| &group.name).chain(plan.pipelines.iter().map(|p| &p.files.name))
    {
        taken.take(std::slice::from_ref(name));
    }
    plan.pipelines.extend(found.filters.into_iter().map(|filter| pipeline(filter, &mut taken)));
    plan.gaps.extend(found.gaps.into_iter().map(|gap| (gap.file, gap.why)));
}

fn pipeline(filter: CiFilter, taken: &mut TakenNames) -> PlannedPipeline {
    let CiFilter { system, names, file, line, key, branches, tags, paths, notes } = filter;
    let first = names.first().cloned().unwrap_or_default();
    let (from, second) = match system {
        CiSystem::GitHub => (format!("{file}:{line}, {key}"), format!("{first}-workflow")),
        CiSystem::GitLab => (format!("{file}:{line}, {key} of {}", jobs(&names)), format!("{first}-job")),
    };
    let comments =
        std::iter::once(from).chain(notes.into_iter().map(|note| format!("Note: {note}"))).collect();
    let name = taken.take(&[first, second]);
    let files = PlannedGroup { name, comments, paths, ..PlannedGroup::default() };
    PlannedPipeline { files, branches, tags }
}

fn jobs(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let noun = shared::text::noun(names.len(), "job");
    format!("the {noun} {}", shared::text::list_at_most(&quoted, MOST_JOBS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_unique_and_allowed() {
        let mut taken = TakenNames::default();
        let mut take =
            |names: &[&str]| taken.take(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(take(&[short("@acme/web"), "@acme/web", "services/web"]), "web");
        assert_eq!(take(&[short("@other/web"), "@other/web", "apps/web"]), "other-web");
        assert_eq!(take(&["web", "web", "web"]), "web-2");
        assert_eq!(take(&["\"]\n[[pipeline]]\nname = \"x"]), "pipeline-name-x");
        assert_eq!(take(&["", "..", "é"]), "project");
        assert_eq!(without_version("example.com/tools/api/v3"), "api");
        assert_eq!(without_version("example.com/v1beta"), "v1beta");
        assert_eq!(slug(&"a".repeat(500)).len(), LONGEST);
    }
}
