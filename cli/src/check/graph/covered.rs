//! Which projects a list of patterns includes.

use std::collections::{BTreeMap, BTreeSet};

use build_graph::BuildGraph;
use pipeline_trigger::rules::PatternList;

/// The most files of a project that are asked about, spread over all of them.
const MOST_FILES: usize = 100;

/// Some files of each project, without those of the projects inside it.
pub(super) struct FilesOfProjects<'f>(BTreeMap<&'f str, Vec<&'f str>>);

impl<'f> FilesOfProjects<'f> {
    pub(super) fn new(graph: &'f BuildGraph, files: &'f BTreeSet<String>) -> Self {
        let mut of: BTreeMap<&str, Vec<&str>> =
            graph.projects.iter().map(|project| (project.folder.as_str(), Vec::new())).collect();
        for file in files {
            let above = std::iter::successors(Some(file.as_str()), |path| {
                (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(parent, _)| parent))
            });
            if let Some(nearest) = above.skip(1).find(|folder| of.contains_key(folder)) {
                of.entry(nearest).or_default().push(file);
            }
        }
        for files in of.values_mut().filter(|files| files.len() > MOST_FILES) {
            let step = files.len().div_ceil(MOST_FILES);
            *files = files.iter().copied().step_by(step).collect();
        }
        Self(of)
    }
}

/// The numbers of the projects whose manifest the list includes, or more than half of whose files.
pub(super) fn covered(
    list: &PatternList,
    graph: &BuildGraph,
    files: &FilesOfProjects<'_>,
) -> BTreeSet<usize> {
    let projects = graph.projects.iter().enumerate();
    let is_covered = |manifest: &str, folder: &str| {
        list.includes(manifest).0 || {
            let files = files.0.get(folder).map_or(&[][..], Vec::as_slice);
            let included = files.iter().filter(|file| list.includes(file).0).count();
            included * 2 > files.len()
        }
    };
    projects
        .filter(|(_, project)| is_covered(&project.manifest, &project.folder))
        .map(|(number, _)| number)
        .collect()
}
