//! From a build graph to groups and pipelines.
//!
//! A project that no other one uses gets a pipeline, and one that others use a group. Files that several projects read, such as
//! a lock file, are groups, too. Each group uses what its project depends on, so that `uses` repeats the manifests.

use std::collections::{BTreeMap, BTreeSet};

use build_graph::{BuildGraph, ProjectDependency};

use super::names::{TakenNames, short};
use super::paths::without;
use super::units::{Unit, manifests, noun, units};
use super::{PlannedGroup, PlannedPipeline, RepositoryNames, RulesPlan};

/// The most places that a comment names.
const MOST_PLACES: usize = 6;

/// The groups and pipelines of a graph. `files` are all files of the repository.
pub fn graph_plan(graph: &BuildGraph, files: &BTreeSet<String>, names: &RepositoryNames) -> RulesPlan {
    let units = units(graph);
    let mut taken = TakenNames::default();
    let unit_names: Vec<String> = units.iter().map(|unit| name(unit, names, &mut taken)).collect();
    let shared = shared_files(&units);
    let mut plan = RulesPlan::default();
    let mut shared_names: Vec<(BTreeSet<usize>, String)> = Vec::new();
    for (users, group_files) in &shared {
        let group = shared_group(users, group_files, &units, &mut taken);
        shared_names.push((users.clone(), group.name.clone()));
        plan.groups.push(group);
    }
    let by_folder: BTreeMap<&str, BTreeSet<&'static str>> = units
        .iter()
        .flat_map(|unit| unit.folders().into_iter().map(move |folder| (folder, unit)))
        .map(|(folder, unit)| {
            let here: Vec<_> =
                unit.projects.iter().copied().filter(|project| project.folder == folder).collect();
            (folder, manifests(&here))
        })
        .collect();
    let branches: Vec<String> = names.branch.iter().map(|branch| shared::glob::literal(branch)).collect();
    for (at, unit) in units.iter().enumerate() {
        let mut table =
            PlannedGroup { name: unit_names[at].clone(), comments: comments(unit), ..Default::default() };
        table.paths =
            unit.folders().into_iter().flat_map(|folder| own_paths(folder, &by_folder, files)).collect();
        table.paths.extend(own_shared_files(at, unit, &units).map(shared::glob::literal));
        let inherited = reachable(at, &units);
        // A shared group that a used group uses already is reached through it.
        let own_shared = shared_names.iter().filter(|(users, _)| users.contains(&at));
        let own_shared = own_shared.filter(|(users, _)| !inherited.iter().any(|other| users.contains(other)));
        table.uses = own_shared.map(|(_, name)| name.clone()).collect();
        table.uses.extend(unit.depends_on.keys().map(|other| unit_names[*other].clone()));
        table.uses_from = places(unit.depends_on.values().flatten().copied());
        match unit.is_used {
            true => plan.groups.push(table),
            false => plan.pipelines.push(PlannedPipeline {
                files: table,
                branches: branches.clone(),
                tags: Vec::new(),
            }),
        }
    }
    plan.gaps = graph.gaps.iter().map(|gap| (gap.file.clone(), gap.why.clone())).collect();
    plan
}

/// A short name: of the project, else of its folder. The project at the top may have the repository's name.
fn name(unit: &Unit<'_>, names: &RepositoryNames, taken: &mut TakenNames) -> String {
    let Some(first) = unit.projects.first() else { return taken.take(&[]) };
    let folder = if first.folder.is_empty() { names.repository.clone() } else { first.folder.clone() };
    taken.take(&[short(&first.name).to_owned(), first.name.clone(), short(&folder).to_owned(), folder])
}

/// The projects and their manifests.
fn comments(unit: &Unit<'_>) -> Vec<String> {
    let mut comments: Vec<String> = unit
        .projects
        .iter()
        .map(|project| format!("{} {} ({})", noun(project.tool), project.name, project.manifest))
        .collect();
    if unit.folders().len() > 1 {
        comments.push("These projects depend on each other, so they are one table.".to_owned());
    }
    comments
}

/// The patterns of one folder, without the projects of the same kind inside it.
fn own_paths(
    folder: &str,
    by_folder: &BTreeMap<&str, BTreeSet<&'static str>>,
    files: &BTreeSet<String>,
) -> Vec<String> {
    let kinds = by_folder.get(folder).cloned().unwrap_or_default();
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let inside = by_folder.range(prefix.as_str()..).take_while(|(inner, _)| inner.starts_with(&prefix));
    let inside = inside.filter(|(inner, of_inner)| **inner != folder && of_inner.is_superset(&kinds));
    without(folder, &inside.map(|(inner, _)| *inner).collect(), files)
}

/// The shared files that several units read, by the units that read them.
fn shared_files<'g>(units: &[Unit<'g>]) -> BTreeMap<BTreeSet<usize>, BTreeSet<&'g str>> {
    let mut readers: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate() {
        unit.shared_files.iter().for_each(|file| drop(readers.entry(file).or_default().insert(at)));
    }
    let mut by_readers: BTreeMap<BTreeSet<usize>, BTreeSet<&str>> = BTreeMap::new();
    for (file, readers) in readers.into_iter().filter(|(_, readers)| readers.len() > 1) {
        by_readers.entry(readers).or_default().insert(file);
    }
    by_readers
}

/// The shared files that this unit alone reads.
fn own_shared_files<'u>(
    at: usize,
    unit: &'u Unit<'_>,
    units: &'u [Unit<'_>],
) -> impl Iterator<Item = &'u str> + use<'u> {
    let is_own = move |file: &&str| {
        units.iter().enumerate().all(|(other, unit)| other == at || !unit.shared_files.contains(file))
    };
    unit.shared_files.iter().copied().filter(is_own)
}

fn shared_group(
    users: &BTreeSet<usize>,
    files: &BTreeSet<&str>,
    units: &[Unit<'_>],
    taken: &mut TakenNames,
) -> PlannedGroup {
    let tools: BTreeSet<_> =
        users.iter().flat_map(|user| &units[*user].projects).map(|project| project.tool).collect();
    let tool = tools.iter().next().map_or("shared".to_owned(), |tool| format!("{tool:?}").to_lowercase());
    let folder = files.first().map_or("", |file| file.rsplit_once('/').map_or("", |(folder, _)| folder));
    let name = taken.take(&[format!("{tool}-workspace"), format!("{tool}-workspace-{folder}")]);
    let comment = format!("Files that {} read", shared::text::count(users.len(), "project"));
    let paths = files.iter().map(|file| shared::glob::literal(file)).collect();
    PlannedGroup { name, comments: vec![comment], paths, uses: Vec::new(), uses_from: String::new() }
}

/// The units that a unit depends on, directly or through others.
fn reachable(at: usize, units: &[Unit<'_>]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![at];
    while let Some(unit) = open.pop() {
        open.extend(units[unit].depends_on.keys().copied().filter(|other| reached.insert(*other)));
    }
    reached
}

/// Where dependencies are written: `services/web/package.json:12, 14`.
fn places<'g>(dependencies: impl Iterator<Item = &'g ProjectDependency>) -> String {
    let mut lines: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for dependency in dependencies {
        lines.entry(&dependency.manifest).or_default().extend(dependency.line);
    }
    let of_manifest = |(manifest, lines): (&&str, &BTreeSet<usize>)| {
        let shown: Vec<String> = lines.iter().take(MOST_PLACES).map(usize::to_string).collect();
        let more = if lines.len() > MOST_PLACES { ", ..." } else { "" };
        if shown.is_empty() {
            (*manifest).to_owned()
        } else {
            format!("{manifest}:{}{more}", shown.join(", "))
        }
    };
    let shown: Vec<String> = lines.iter().map(of_manifest).collect();
    shared::text::list_at_most(&shown, MOST_PLACES)
}
