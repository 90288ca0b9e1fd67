//! Owns the units of a graph: the folders with projects, those that depend on each other as one.

use std::collections::{BTreeMap, BTreeSet};

use build_graph::{BuildGraph, BuildTool, Project, ProjectDependency};

/// One or more folders with projects, which get one table.
#[derive(Debug)]
pub(crate) struct Unit<'g> {
    /// The projects, by folder.
    pub(crate) projects: Vec<&'g Project>,
    /// The numbers of the units that it depends on, with the places where the dependency is written.
    pub(crate) depends_on: BTreeMap<usize, Vec<&'g ProjectDependency>>,
    /// Whether another unit depends on it.
    pub(crate) is_used: bool,
    /// Its shared files.
    pub(crate) shared_files: BTreeSet<&'g str>,
}

impl<'g> Unit<'g> {
    /// Its folders, without a repetition.
    pub(crate) fn folders(&self) -> Vec<&'g str> {
        let mut folders: Vec<&str> = self.projects.iter().map(|project| project.folder.as_str()).collect();
        folders.dedup();
        folders
    }
}

/// The units of a graph, in the order of their first folders. Units do not depend on each other in a circle.
pub(crate) fn units(graph: &BuildGraph) -> Vec<Unit<'_>> {
    let mut folders: BTreeMap<&str, Vec<&Project>> = BTreeMap::new();
    for project in &graph.projects {
        folders.entry(&project.folder).or_default().push(project);
    }
    let number_of: BTreeMap<&str, usize> =
        folders.keys().enumerate().map(|(at, folder)| (*folder, at)).collect();
    let edges: Vec<Vec<usize>> = folders
        .values()
        .map(|projects| {
            let named = projects.iter().flat_map(|project| &project.depends_on);
            named.filter_map(|dependency| number_of.get(dependency.folder.as_str()).copied()).collect()
        })
        .collect();
    let unit_of = circles(&edges);
    let mut units: BTreeMap<usize, Unit<'_>> = BTreeMap::new();
    for (projects, unit) in folders.into_values().zip(&unit_of) {
        let unit = units.entry(*unit).or_insert_with(|| Unit {
            projects: Vec::new(),
            depends_on: BTreeMap::new(),
            is_used: false,
            shared_files: BTreeSet::new(),
        });
        unit.shared_files
            .extend(projects.iter().flat_map(|project| &project.shared_files).map(String::as_str));
        unit.projects.extend(projects);
    }
    // Units are numbered by their first folder; the numbers have gaps.
    let place: BTreeMap<usize, usize> = units.keys().enumerate().map(|(at, unit)| (*unit, at)).collect();
    let mut units: Vec<Unit<'_>> = units.into_values().collect();
    for at in 0..units.len() {
        let named: Vec<&ProjectDependency> =
            units[at].projects.iter().flat_map(|project| &project.depends_on).collect();
        for dependency in named {
            let Some(other) =
                number_of.get(dependency.folder.as_str()).map(|number| place[&unit_of[*number]])
            else {
                continue;
            };
            if other != at {
                units[at].depends_on.entry(other).or_default().push(dependency);
                units[other].is_used = true;
            }
        }
    }
    units
}

/// For each node, the least node of its circle: itself, unless nodes depend on each other (Tarjan's algorithm, without a stack
/// of calls: a graph may be deep).
fn circles(edges: &[Vec<usize>]) -> Vec<usize> {
    let nodes = edges.len();
    let (mut number, mut low, mut on_stack) = (vec![usize::MAX; nodes], vec![0; nodes], vec![false; nodes]);
    let (mut stack, mut next, mut least) = (Vec::new(), 0, (0..nodes).collect::<Vec<_>>());
    for root in 0..nodes {
        if number[root] != usize::MAX {
            continue;
        }
        let mut walk = vec![(root, 0)];
        while let Some((node, edge)) = walk.pop() {
            if edge == 0 {
                (number[node], low[node], on_stack[node]) = (next, next, true);
                next += 1;
                stack.push(node);
            }
            let mut deeper = None;
            for (at, to) in edges[node].iter().enumerate().skip(edge) {
                if number[*to] == usize::MAX {
                    deeper = Some((at, *to));
                    break;
                }
                if on_stack[*to] {
                    low[node] = low[node].min(number[*to]);
                }
            }
            if let Some((at, to)) = deeper {
                walk.push((node, at + 1));
                walk.push((to, 0));
                continue;
            }
            if let Some((parent, _)) = walk.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
            if low[node] == number[node] {
                let from = stack.iter().rposition(|member| *member == node).unwrap_or_default();
                let members = stack.split_off(from);
                let first = members.iter().copied().min().unwrap_or(node);
                for member in members {
                    on_stack[member] = false;
                    least[member] = first;
                }
            }
        }
    }
    least
}

/// The build tools whose projects a set of folders has. A file belongs to the nearest project of each kind of manifest.
pub(crate) fn manifests(projects: &[&Project]) -> BTreeSet<&'static str> {
    projects.iter().map(|project| project.tool.manifest_name()).collect()
}

/// What a project of a tool is called.
pub(crate) fn noun(tool: BuildTool) -> &'static str {
    match tool {
        BuildTool::Npm => "npm package",
        BuildTool::Pnpm => "pnpm package",
        BuildTool::Yarn => "yarn package",
        BuildTool::Cargo => "crate",
        BuildTool::Go => "Go module",
        BuildTool::Maven => "Maven module",
        BuildTool::Bazel => "Bazel package",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_in_a_circle_are_one() {
        assert_eq!(circles(&[vec![1], vec![2], vec![0, 3], vec![]]), [0, 0, 0, 3]);
        assert_eq!(circles(&[vec![1, 2], vec![2], vec![]]), [0, 1, 2]);
        assert_eq!(circles(&[vec![0], vec![2], vec![1, 0]]), [0, 1, 1]);
        let chain: Vec<Vec<usize>> = (1..=50_000).map(|next| vec![next % 50_000]).collect();
        assert_eq!(circles(&chain), vec![0; 50_000]);
    }
}
