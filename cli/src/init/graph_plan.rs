//! From a build graph to groups and pipelines.
//!
//! A project that no other one uses gets a pipeline, and one that others use a group. Files that several projects read, such as
//! a lock file, are groups, too. Each group uses what its project depends on, so that `uses` repeats the manifests.

use std::collections::{BTreeMap, BTreeSet};

use build_graph::{BuildGraph, BuildTool, Project, ProjectDependency};
use shared::glob::simplified;
use shared::language::NameKind;

use super::names::{TakenNames, short, without_version};
use super::paths::{together, without};
use super::units::{Unit, manifests, noun, units};
use super::{PlannedGroup, PlannedPipeline, RepositoryNames, RulesPlan};

/// The most lines of a manifest that a comment names.
const MOST_PLACES: usize = 6;
/// The most manifests that a comment names.
const MOST_MANIFESTS: usize = 3;

/// The groups and pipelines of a graph. `files` are all files of the repository.
pub fn graph_plan(graph: &BuildGraph, files: &BTreeSet<String>, names: &RepositoryNames) -> RulesPlan {
    let units = units(graph);
    let mut taken = TakenNames::default();
    let unit_names: Vec<String> = units.iter().map(|unit| name(unit, names, &mut taken)).collect();
    let foreign: Vec<BTreeSet<&str>> = (0..units.len()).map(|at| foreign_files(at, &units)).collect();
    let shared = shared_files(&foreign);
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
    let samples = samples(&units, &foreign, &by_folder, files);
    for members in samples.values() {
        let table = sample_table(members, &units, &unit_names, &shared_names, files, &mut taken);
        plan.pipelines.push(PlannedPipeline { files: table, branches: branches.clone(), tags: Vec::new() });
    }
    let sampled: BTreeSet<usize> = samples.into_values().flatten().collect();
    for (at, unit) in units.iter().enumerate().filter(|(at, _)| !sampled.contains(at)) {
        let mut table =
            PlannedGroup { name: unit_names[at].clone(), comments: comments(unit), ..Default::default() };
        table.paths =
            unit.folders().into_iter().flat_map(|folder| own_paths(folder, &by_folder, files)).collect();
        table.paths.extend(own_shared_files(at, &foreign).map(shared::glob::literal));
        table.paths = simplified(table.paths, NameKind::Path);
        table.uses = shared_of(at, &units, &shared_names);
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
    // The rules of samples come last.
    let count = plan.pipelines.iter().take_while(|table| table.files.is_sample).count();
    plan.pipelines.rotate_left(count);
    plan.gaps = graph.gaps.iter().map(|gap| (gap.file.clone(), gap.why.clone())).collect();
    plan
}

/// The groups of shared files that a unit names itself: a group that a used one uses already is reached through it.
fn shared_of(at: usize, units: &[Unit<'_>], shared_names: &[(BTreeSet<usize>, String)]) -> Vec<String> {
    let inherited = reachable(at, units);
    let own = shared_names.iter().filter(|(users, _)| users.contains(&at));
    let own = own.filter(|(users, _)| !inherited.iter().any(|other| users.contains(other)));
    own.map(|(_, name)| name.clone()).collect()
}

/// Names of folders whose projects are samples and tests: nothing of them is deployed.
const SAMPLE_FOLDERS: [&str; 13] = [
    "test",
    "tests",
    "__tests__",
    "fixtures",
    "__fixtures__",
    "testdata",
    "e2e",
    "example",
    "examples",
    "samples",
    "benchmarks",
    "bench",
    "playground",
];

/// The fewest samples that are one rule.
const FEWEST_SAMPLES: usize = 3;

/// The samples beside each other that no other project uses, by the folder that they are in.
fn samples<'g>(
    units: &[Unit<'g>],
    foreign: &[BTreeSet<&str>],
    by_folder: &BTreeMap<&str, BTreeSet<&'static str>>,
    files: &BTreeSet<String>,
) -> BTreeMap<&'g str, Vec<usize>> {
    let mut samples: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.is_used) {
        let [folder] = unit.folders()[..] else { continue };
        let Some((parent, _)) = folder.rsplit_once('/') else { continue };
        let is_sample = parent.split('/').any(|part| SAMPLE_FOLDERS.contains(&part));
        let is_plain =
            own_paths(folder, by_folder, files).len() == 1 && own_shared_files(at, foreign).next().is_none();
        if is_sample && is_plain {
            samples.entry(parent).or_default().push(at);
        }
    }
    samples.retain(|_, members| members.len() >= FEWEST_SAMPLES);
    samples
}

/// One table for samples.
fn sample_table(
    members: &[usize],
    units: &[Unit<'_>],
    unit_names: &[String],
    shared_names: &[(BTreeSet<usize>, String)],
    files: &BTreeSet<String>,
    taken: &mut TakenNames,
) -> PlannedGroup {
    let folders: BTreeSet<&str> = members.iter().flat_map(|member| units[*member].folders()).collect();
    let parent =
        folders.first().map_or("", |folder| folder.rsplit_once('/').map_or("", |(parent, _)| parent));
    let used: BTreeSet<usize> =
        members.iter().flat_map(|member| units[*member].depends_on.keys().copied()).collect();
    // A group of shared files that one member reaches through another group is reached by the table.
    let reached: BTreeSet<usize> = members.iter().flat_map(|member| reachable(*member, units)).collect();
    let shared = shared_names.iter().filter(|(users, _)| members.iter().any(|member| users.contains(member)));
    let shared = shared.filter(|(users, _)| users.is_disjoint(&reached));
    let mut uses: Vec<String> = shared.map(|(_, name)| name.clone()).collect();
    uses.sort();
    uses.extend(used.iter().map(|other| unit_names[*other].clone()));
    let noun = units[members[0]].projects.first().map_or("project", |project| noun(project.tool));
    PlannedGroup {
        name: taken.take(&[parent.to_owned()]),
        comments: vec![format!(
            "{} in {parent}, which no other project uses",
            shared::text::count(members.len(), noun)
        )],
        paths: together(parent, &folders, files),
        uses,
        uses_from: format!("what the manifests in {parent} name"),
        is_sample: true,
        ..Default::default()
    }
}

/// A short name: of the project, else of its folder. The project at the top may have the repository's name.
fn name(unit: &Unit<'_>, names: &RepositoryNames, taken: &mut TakenNames) -> String {
    let Some(first) = unit.projects.first() else { return taken.take(&[]) };
    let folder = if first.folder.is_empty() { names.repository.clone() } else { first.folder.clone() };
    let own = match first.tool {
        // The path of a Go module has a host, and its last part is often a version.
        BuildTool::Go if !first.folder.is_empty() => folder.as_str(),
        BuildTool::Go => without_version(&first.name),
        _ => short(&first.name),
    };
    taken.take(&[own.to_owned(), first.name.clone(), short(&folder).to_owned(), folder])
}

/// The most projects of a circle that a comment names.
const MOST_IN_CIRCLE: usize = 4;

/// The projects and their manifests.
fn comments(unit: &Unit<'_>) -> Vec<String> {
    let is_circle = unit.folders().len() > 1;
    let described = |project: &&Project| match project.name.as_str() {
        "" | "." => format!("{} without a name ({})", noun(project.tool), project.manifest),
        name => format!("{} {name} ({})", noun(project.tool), project.manifest),
    };
    let projects: Vec<String> = unit.projects.iter().map(described).collect();
    match is_circle {
        false => projects,
        true => vec![format!(
            "{} that depend on each other, so they are one table: {}",
            shared::text::count(projects.len(), "project"),
            shared::text::list_at_most(&projects, MOST_IN_CIRCLE)
        )],
    }
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

/// The shared files that a unit reads and does not have: neither itself nor in a unit that it depends on.
fn foreign_files<'g>(at: usize, units: &[Unit<'g>]) -> BTreeSet<&'g str> {
    let mut near = reachable(at, units);
    near.insert(at);
    let folder_of: BTreeMap<&str, usize> = units
        .iter()
        .enumerate()
        .flat_map(|(number, unit)| unit.folders().into_iter().map(move |folder| (folder, number)))
        .collect();
    let owner = |file: &str| {
        let above = std::iter::successors(Some(file), |path| {
            (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(parent, _)| parent))
        });
        above.skip(1).find_map(|folder| folder_of.get(folder).copied())
    };
    let files = units[at].shared_files.iter().copied();
    files.filter(|file| owner(file).is_none_or(|owner| !near.contains(&owner))).collect()
}

/// The shared files that several units read, by the units that read them.
fn shared_files<'g>(foreign: &[BTreeSet<&'g str>]) -> BTreeMap<BTreeSet<usize>, BTreeSet<&'g str>> {
    let mut readers: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (at, files) in foreign.iter().enumerate() {
        for file in files {
            readers.entry(file).or_default().insert(at);
        }
    }
    let mut by_readers: BTreeMap<BTreeSet<usize>, BTreeSet<&str>> = BTreeMap::new();
    for (file, readers) in readers.into_iter().filter(|(_, readers)| readers.len() > 1) {
        by_readers.entry(readers).or_default().insert(file);
    }
    by_readers
}

/// The shared files that this unit alone reads.
fn own_shared_files<'f, 'g>(
    at: usize,
    foreign: &'f [BTreeSet<&'g str>],
) -> impl Iterator<Item = &'g str> + use<'f, 'g> {
    let is_own = move |file: &&str| {
        foreign.iter().enumerate().all(|(other, files)| other == at || !files.contains(file))
    };
    foreign[at].iter().copied().filter(is_own)
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
    let first = files.first().copied().unwrap_or_default();
    let parts: Vec<&str> = first.rsplitn(3, '/').take(2).collect();
    let near = parts.into_iter().rev().collect::<Vec<_>>().join("-");
    let name = match files.len() {
        1 => taken.take(&[near, first.to_owned()]),
        _ => taken.take(&[format!("{tool}-workspace"), near, first.to_owned()]),
    };
    let subject = if files.len() == 1 { "A file" } else { "Files" };
    let comment =
        format!("{subject} that the builds of {} read", shared::text::count(users.len(), "project"));
    let paths = files.iter().map(|file| shared::glob::literal(file)).collect();
    PlannedGroup { name, comments: vec![comment], paths, ..Default::default() }
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
    shared::text::list_at_most(&shown, MOST_MANIFESTS)
}
