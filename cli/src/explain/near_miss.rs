//! Finds patterns that nearly match: written for a folder, in another case, or for files in a submodule.

use pipeline_trigger::because::Deciding;
use pipeline_trigger::event::{Push, Reference};
use pipeline_trigger::facts::{Facts, FileVerdict, Files};
use pipeline_trigger::remark::{NearMiss, Remark};
use pipeline_trigger::rules::{Pattern, PatternList, PipelineRule};

use super::clone_reader::ChangedPath;

/// The first near miss of a rule that the push does not start, or that a `!` pattern was to keep from starting.
pub(super) fn near_miss(
    push: &Push,
    rule: &PipelineRule,
    index: usize,
    facts: &Facts,
    changed: &[ChangedPath],
) -> Option<Remark> {
    let (pattern, miss) =
        of_reference(push, rule).or_else(|| of_files(rule, &facts.files[index], changed))?;
    let pipeline = rule.name.name(&push.repository, push.reference.branch());
    let pattern = Deciding { text: pattern.text.clone(), place: pattern.place.clone() };
    Some(Remark::NearMiss { pipeline, pattern, miss })
}

/// A pattern for the branch or the tag in another case.
fn of_reference<'r>(push: &Push, rule: &'r PipelineRule) -> Option<(&'r Pattern, NearMiss)> {
    let (list, name) = match &push.reference {
        Reference::Branch(name) => (rule.branches.as_ref()?, name),
        Reference::Tag(name) => (rule.tags.as_ref()?, name),
    };
    if list.includes(name).1.is_some() {
        return None;
    }
    let pattern = including(list).find(|pattern| matches_in_another_case(pattern, name))?;
    Some((pattern, NearMiss::Case { name: name.clone() }))
}

fn of_files<'r>(
    rule: &'r PipelineRule,
    files: &Files,
    changed: &[ChangedPath],
) -> Option<(&'r Pattern, NearMiss)> {
    let paths = rule.paths.as_ref()?;
    let Files::Read { verdict, .. } = files else { return None };
    match verdict {
        FileVerdict::NoMatch { .. } => changed.iter().find_map(|file| {
            let unmatched = paths.matching(&file.path).is_empty();
            including(paths).filter(|_| unmatched).find_map(|pattern| Some((pattern, miss(pattern, file)?)))
        }),
        FileVerdict::Starts { file, .. } => {
            let file = changed.iter().find(|changed| changed.path == *file)?;
            let excluding = paths.patterns.iter().filter(|pattern| pattern.excludes);
            excluding
                .filter(|pattern| !pattern.matches(&file.path))
                .find_map(|pattern| Some((pattern, miss(pattern, file)?)))
        }
        FileVerdict::Ignored { .. } | FileVerdict::Claimed { .. } => None,
    }
}

fn including(list: &PatternList) -> impl Iterator<Item = &Pattern> {
    list.patterns.iter().filter(|pattern| !pattern.excludes)
}

/// How the pattern nearly matches the file.
fn miss(pattern: &Pattern, file: &ChangedPath) -> Option<NearMiss> {
    let body = pattern.body();
    if file.is_submodule && written(pattern, &format!("{}/x", file.path)) {
        return Some(NearMiss::Submodule { path: file.path.clone() });
    }
    if !body.ends_with("**") && other(&format!("{body}/**")).is_some_and(|folder| folder.matches(&file.path))
    {
        return Some(NearMiss::Folder { file: file.path.clone() });
    }
    matches_in_another_case(pattern, &file.path).then(|| NearMiss::Case { name: file.path.clone() })
}

/// Whether the pattern, which does not match a submodule, would match a file in it.
fn written(pattern: &Pattern, inside: &str) -> bool {
    let folder = inside.trim_end_matches("/x");
    pattern.matches(inside) || pattern.body().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn matches_in_another_case(pattern: &Pattern, name: &str) -> bool {
    other(&pattern.body().to_lowercase()).is_some_and(|pattern| pattern.matches(&name.to_lowercase()))
}

fn other(text: &str) -> Option<Pattern> {
    Pattern::parse(text, shared::config::Place::line("", 1), 0..0).ok()
}
