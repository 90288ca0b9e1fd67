//! Which projects lists of patterns include.

use std::collections::{BTreeMap, BTreeSet};

use build_graph::BuildGraph;
use pipeline_trigger::rules::{PathMatcher, PatternList};

/// The most files of a project that are asked about, spread over all of them.
const MOST_FILES: usize = 100;

/// Stands for the files of a project that has none of its own, or only files that other projects read.
pub(super) const ANY_FILE: &str = "any-file";

/// Some files of each folder with a project: not those of projects inside it, and not the files that several projects read.
pub(super) fn files_of<'f>(
    graph: &'f BuildGraph,
    files: &'f BTreeSet<String>,
) -> BTreeMap<&'f str, Vec<String>> {
    let shared: BTreeSet<&String> = graph.projects.iter().flat_map(|project| &project.shared_files).collect();
    let mut of: BTreeMap<&str, Vec<String>> =
        graph.projects.iter().map(|project| (project.folder.as_str(), Vec::new())).collect();
    for file in files.iter().filter(|file| !shared.contains(file)) {
        let above = std::iter::successors(Some(file.as_str()), |path| {
            (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(parent, _)| parent))
        });
        if let Some(nearest) = above.skip(1).find(|folder| of.contains_key(folder)) {
            of.entry(nearest).or_default().push(file.clone());
        }
    }
    for (folder, files) in &mut of {
        let step = files.len().div_ceil(MOST_FILES).max(1);
        *files = std::mem::take(files).into_iter().step_by(step).collect();
        if files.is_empty() {
            files.push(if folder.is_empty() { ANY_FILE.to_owned() } else { format!("{folder}/{ANY_FILE}") });
        }
    }
    of
}

/// For each list, the numbers of the projects more than half of whose files it includes.
pub(super) fn covered(
    lists: &[Option<&PatternList>],
    graph: &BuildGraph,
    files: &BTreeSet<String>,
) -> Vec<BTreeSet<usize>> {
    let mut covered = vec![BTreeSet::new(); lists.len()];
    // Too many patterns for one automaton: no function could read these rules either.
    let Ok(matcher) = PathMatcher::new(lists) else { return covered };
    let files_of = files_of(graph, files);
    let mut projects: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, project) in graph.projects.iter().enumerate() {
        projects.entry(&project.folder).or_default().push(number);
    }
    let everything: Vec<bool> =
        lists.iter().map(|list| list.is_some_and(PatternList::starts_from_everything)).collect();
    let mut found = Vec::new();
    for (folder, files) in files_of {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for file in &files {
            let last: BTreeMap<usize, bool> = matcher
                .last_matches(file, &mut found)
                .into_iter()
                .map(|(list, pattern)| (list, !pattern.excludes))
                .collect();
            let by_default = (0..lists.len()).filter(|list| everything[*list] && !last.contains_key(list));
            let included = last.iter().filter(|(_, included)| **included).map(|(list, _)| *list);
            included.chain(by_default).for_each(|list| *counts.entry(list).or_default() += 1);
        }
        for (list, _) in counts.into_iter().filter(|(_, count)| count * 2 > files.len()) {
            covered[list].extend(projects.get(folder).into_iter().flatten());
        }
    }
    covered
}
