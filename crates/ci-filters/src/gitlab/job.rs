//! The filters of one job of GitLab CI.

use shared::language::NameKind;

use super::pattern::translated;
use super::{JobAt, Jobs};
use crate::patterns::TranslatedList;
use crate::yaml::YamlNode;

/// The most levels of `extends` and `!reference`; GitLab allows 11 and 10.
const DEEPEST: usize = 12;
/// The most rules of a job.
const MOST_RULES: usize = 1_000;
/// The most characters of a condition that a note shows.
const LONGEST: usize = 80;

/// Stands for a `!reference` to a list that is not in the files that were read. Its value is not known, as that of a variable.
const NOT_FOUND: &str = "${REFERENCE_NOT_FOUND}";

/// The branches and files that start a job.
#[derive(Debug)]
pub(super) struct ChangesJob {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) key: &'static str,
    pub(super) branches: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// The patterns of some rules of a job that hold for the same branches.
#[derive(Debug, Default)]
struct ChangesOfBranches {
    branches: Vec<String>,
    originals: Vec<String>,
    line: usize,
}

/// The filters of a job: none if it has no `changes`.
///
/// # Errors
/// Why its `changes` are no filter.
pub(super) fn job(jobs: &Jobs, name: &str, default_branch: Option<&str>) -> Result<Vec<ChangesJob>, String> {
    if let Some((at, rules)) = inherited(jobs, name, "rules") {
        return of_rules(jobs, &at.file, rules, default_branch);
    }
    if let Some((_, except)) = inherited(jobs, name, "except")
        && except.get("changes").is_some()
    {
        return Err(
            "`except:changes` is not translated: one changed file keeps the job from running".to_owned()
        );
    }
    match inherited(jobs, name, "only") {
        Some((at, only)) => Ok(of_only(&at.file, only)),
        None => Ok(Vec::new()),
    }
}

/// The key of a job, or of the jobs that it extends. The last of several extended jobs wins.
fn inherited<'j>(jobs: &'j Jobs, name: &str, key: &str) -> Option<(&'j JobAt, &'j YamlNode)> {
    let mut open = vec![(name.to_owned(), 0)];
    let mut steps = 0;
    while let Some((name, depth)) = open.pop() {
        steps += 1;
        let Some(at) = jobs.get(&name).filter(|_| depth < DEEPEST && steps < MOST_RULES) else { continue };
        if let Some(node) = at.node.get(key) {
            return Some((at, node));
        }
        let extended = at.node.get("extends").map(YamlNode::texts).unwrap_or_default();
        open.extend(extended.into_iter().map(|name| (name, depth + 1)));
    }
    None
}

fn of_rules(
    jobs: &Jobs,
    file: &str,
    rules: &YamlNode,
    default_branch: Option<&str>,
) -> Result<Vec<ChangesJob>, String> {
    let (mut flat, mut missing) = (Vec::new(), 0);
    flatten(jobs, rules, 0, &mut flat, &mut missing);
    if !flat.iter().any(|rule| rule.get("changes").is_some()) {
        return Ok(Vec::new());
    }
    let (mut changes, mut notes) = (Vec::<ChangesOfBranches>::new(), Vec::new());
    if missing > 0 {
        notes.push("a `!reference` of its rules is in no file that was read".to_owned());
    }
    for rule in flat {
        let condition = rule.get("if").and_then(YamlNode::text);
        let shown = condition.map(|text| format!("`if: {}`", shared::text::shortened(text, LONGEST)));
        let when = rule.get("when").and_then(YamlNode::text).unwrap_or("on_success");
        let at = format!("line {}", rule.line);
        match (rule.get("changes"), when) {
            (Some(_), "never") => {
                notes.push(format!(
                    "{at}: `when: never` with `changes` is left out, so the rule starts more often"
                ));
            }
            (Some(_), "manual") => notes.push(format!("{at}: `when: manual` is left out: it starts by hand")),
            (Some(list), _) => {
                let branch = condition.and_then(|text| branch(text, default_branch));
                if let (Some(shown), None) = (&shown, &branch) {
                    notes.push(format!("{at}: {shown} is left out, so the rule starts more often"));
                }
                if rule.get("exists").is_some() {
                    notes.push(format!("{at}: `exists` is left out, so the rule starts more often"));
                }
                if list.get("compare_to").is_some() {
                    notes.push(format!(
                        "{at}: `compare_to` is left out: a push is compared as `baseline` says"
                    ));
                }
                add(&mut changes, jobs, list, branch);
            }
            (None, "never") => match shown {
                Some(shown) => notes.push(format!("{at}: {shown} with `when: never` is left out")),
                None if rule.get("exists").is_none() => break,
                None => {}
            },
            (None, "manual") => {}
            (None, _) => match shown {
                Some(shown) => notes.push(format!("{at}: the job also runs with {shown}, whatever changed")),
                None => {
                    return Err(format!("{at}: the job also runs without a changed file, whatever changed"));
                }
            },
        }
    }
    Ok(changes
        .into_iter()
        .filter_map(|of_branches| finished(file, "rules:changes", of_branches, &notes))
        .collect())
}

/// The rules of a list, with those that `!reference [job, rules]` stands for.
fn flatten<'j>(
    jobs: &'j Jobs,
    node: &'j YamlNode,
    depth: usize,
    flat: &mut Vec<&'j YamlNode>,
    missing: &mut usize,
) {
    if depth > DEEPEST || flat.len() > MOST_RULES {
        return;
    }
    if let Some(target) = referenced(jobs, node) {
        return flatten(jobs, target, depth + 1, flat, missing);
    }
    if is_reference(node) {
        *missing += 1;
        return;
    }
    match node.entries().is_empty() {
        true => node
            .elements()
            .iter()
            .filter(|rule| rule.text().is_none())
            .for_each(|rule| flatten(jobs, rule, depth + 1, flat, missing)),
        false => flat.push(node),
    }
}

fn is_reference(node: &YamlNode) -> bool {
    node.tag.as_deref().is_some_and(|tag| tag.ends_with("reference"))
}

/// What a node with the tag `!reference` stands for.
fn referenced<'j>(jobs: &'j Jobs, node: &YamlNode) -> Option<&'j YamlNode> {
    if !is_reference(node) {
        return None;
    }
    let path = node.texts();
    let (job, keys) = path.split_first()?;
    keys.iter().try_fold(&jobs.get(job)?.node, |node, key| node.get(key))
}

fn add(changes: &mut Vec<ChangesOfBranches>, jobs: &Jobs, list: &YamlNode, branch: Option<String>) {
    let list = list.get("paths").unwrap_or(list);
    let mut originals = Vec::new();
    texts(jobs, list, 0, &mut originals);
    let branches: Vec<String> = branch.into_iter().collect();
    let line = list.elements().first().map_or(list.line, |first| first.line);
    match changes.iter_mut().find(|of| of.branches == branches) {
        Some(of) => of.originals.extend(originals),
        None => changes.push(ChangesOfBranches { branches, originals, line }),
    }
}

/// The texts of a list, with those that `!reference` stands for.
fn texts(jobs: &Jobs, node: &YamlNode, depth: usize, found: &mut Vec<String>) {
    if depth > DEEPEST {
        return;
    }
    if let Some(target) = referenced(jobs, node) {
        return texts(jobs, target, depth + 1, found);
    }
    if is_reference(node) {
        return found.push(NOT_FOUND.to_owned());
    }
    if let Some(text) = node.text() {
        return found.push(text.to_owned());
    }
    node.elements().iter().for_each(|element| texts(jobs, element, depth + 1, found));
}

/// The branch of `$CI_COMMIT_BRANCH == "main"` and `$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH`; `None` for any other condition.
fn branch(condition: &str, default_branch: Option<&str>) -> Option<String> {
    let (left, right) = condition.split_once("==")?;
    let (left, right) = (left.trim(), right.trim());
    let quoted = |text: &str| {
        let text = text.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
        (!text.is_empty() && !text.contains(['"', '\'', '$', '|', '&'])).then(|| shared::glob::literal(text))
    };
    let name = match (left, right) {
        ("$CI_COMMIT_BRANCH", right) => right,
        (left, "$CI_COMMIT_BRANCH") => left,
        _ => return None,
    };
    match name {
        "$CI_DEFAULT_BRANCH" => default_branch.map(shared::glob::literal),
        name => quoted(name),
    }
}

/// Words of `only` that name no branch ("only / except", GitLab Docs).
const KINDS: [&str; 11] = [
    "api",
    "branches",
    "chat",
    "external",
    "external_pull_requests",
    "merge_requests",
    "pipelines",
    "pushes",
    "schedules",
    "triggers",
    "web",
];

fn of_only(file: &str, only: &YamlNode) -> Vec<ChangesJob> {
    let Some(list) = only.get("changes") else { return Vec::new() };
    let (mut branches, mut notes) = (Vec::new(), Vec::new());
    for name in only.get("refs").map(YamlNode::texts).unwrap_or_default() {
        match name.as_str() {
            // Every branch is included, whatever else is named.
            "branches" | "pushes" => {}
            "tags" => notes.push("`tags` of `only:refs` is left out: a tag has no changed files".to_owned()),
            kind if KINDS.contains(&kind) || kind.starts_with('/') || kind.contains('@') => {
                notes.push(format!("`{kind}` of `only:refs` is left out"));
            }
            name => branches.push(shared::glob::literal(name)),
        }
    }
    let line = list.elements().first().map_or(list.line, |first| first.line);
    let of_branches = ChangesOfBranches { branches, originals: list.texts(), line };
    finished(file, "only:changes", of_branches, &notes).into_iter().collect()
}

fn finished(
    file: &str,
    key: &'static str,
    changes: ChangesOfBranches,
    notes: &[String],
) -> Option<ChangesJob> {
    let mut list = TranslatedList::new(NameKind::Path);
    changes.originals.iter().for_each(|original| list.include(original, translated(original)));
    let (paths, of_list) = list.finish();
    let mut all: Vec<String> = Vec::new();
    for note in of_list.into_iter().chain(notes.iter().cloned()) {
        if !all.contains(&note) {
            all.push(note);
        }
    }
    (!paths.is_empty()).then(|| ChangesJob {
        file: file.to_owned(),
        line: changes.line,
        key,
        branches: changes.branches,
        tags: Vec::new(),
        paths,
        notes: all,
    })
}
