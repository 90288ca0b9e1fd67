//! Owns the affected answer: the projects that changed files belong to, and those that depend on them.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::ancestors;
use crate::{BuildGraph, BuildTool, Project};

/// Projects by their place in the list.
type Places = BTreeSet<usize>;

impl BuildGraph {
    /// The projects that a change of files affects, in the order of the graph.
    ///
    /// A file belongs to the project with the nearest folder, one for each kind of manifest. A shared file belongs to every project
    /// that reads it. A project that depends on an affected one is affected.
    #[must_use]
    pub fn affected<'f>(&self, changed: impl IntoIterator<Item = &'f str>) -> Vec<&Project> {
        let index = GraphIndex::of(self);
        let owners = changed.into_iter().flat_map(|file| index.owners(file)).collect();
        self.at(&reached(owners, &index.dependents))
    }

    /// The projects that a project depends on, directly or through others, without itself.
    #[must_use]
    pub fn dependencies(&self, project: &Project) -> Vec<&Project> {
        let same = |other: &Project| other.folder == project.folder && other.tool == project.tool;
        let start: Places = self.projects.iter().position(same).into_iter().collect();
        let reached = reached(start.clone(), &GraphIndex::of(self).dependencies);
        self.at(&reached.difference(&start).copied().collect())
    }

    fn at(&self, places: &Places) -> Vec<&Project> {
        places.iter().filter_map(|place| self.projects.get(*place)).collect()
    }
}

impl BuildTool {
    /// The manifest that a project of this tool has: a folder may have several projects, if their manifests differ.
    #[must_use]
    pub fn manifest_name(self) -> &'static str {
        match self {
            Self::Npm | Self::Pnpm | Self::Yarn => "package.json",
            Self::Cargo => "Cargo.toml",
            Self::Go => "go.mod",
            Self::Maven => "pom.xml",
            Self::Bazel => "BUILD",
        }
    }
}

/// The graph by folders, files and both directions of its dependencies.
struct GraphIndex<'g> {
    projects: &'g [Project],
    by_folder: BTreeMap<&'g str, Vec<usize>>,
    by_shared_file: BTreeMap<&'g str, Vec<usize>>,
    dependencies: Vec<Places>,
    dependents: Vec<Places>,
}

impl<'g> GraphIndex<'g> {
    fn of(graph: &'g BuildGraph) -> Self {
        let projects = graph.projects.as_slice();
        let mut index = Self {
            projects,
            by_folder: BTreeMap::default(),
            by_shared_file: BTreeMap::default(),
            dependencies: vec![Places::default(); projects.len()],
            dependents: vec![Places::default(); projects.len()],
        };
        for (place, project) in projects.iter().enumerate() {
            index.by_folder.entry(&project.folder).or_default().push(place);
            for file in &project.shared_files {
                index.by_shared_file.entry(file).or_default().push(place);
            }
        }
        (0..projects.len()).for_each(|place| index.link(place));
        index
    }

    fn link(&mut self, place: usize) {
        let project = &self.projects[place];
        for dependency in &project.depends_on {
            for other in self.named(&dependency.folder, project.tool) {
                self.dependencies[place].insert(other);
                self.dependents[other].insert(place);
            }
        }
    }

    /// The projects of a folder: those with the same kind of manifest, or all if there is none.
    fn named(&self, folder: &str, tool: BuildTool) -> Vec<usize> {
        let all = self.by_folder.get(folder).cloned().unwrap_or_default();
        let same = |place: &usize| self.manifest_name(*place) == tool.manifest_name();
        let alike: Vec<usize> = all.iter().copied().filter(same).collect();
        if alike.is_empty() { all } else { alike }
    }

    fn manifest_name(&self, place: usize) -> &'static str {
        self.projects[place].tool.manifest_name()
    }

    fn owners(&self, file: &str) -> Places {
        let mut owners: Places = self.by_shared_file.get(file).into_iter().flatten().copied().collect();
        let mut found = BTreeSet::new();
        for folder in ancestors(file) {
            let here = self.by_folder.get(folder).map_or(&[][..], Vec::as_slice);
            let nearest = here.iter().filter(|place| !found.contains(self.manifest_name(**place)));
            let nearest: Vec<usize> = nearest.copied().collect();
            found.extend(nearest.iter().map(|place| self.manifest_name(*place)));
            owners.extend(nearest);
        }
        owners
    }
}

/// Everything that can be reached, with the start.
fn reached(start: Places, edges: &[Places]) -> Places {
    let mut waiting: Vec<usize> = start.iter().copied().collect();
    let mut reached = start;
    while let Some(place) = waiting.pop() {
        waiting.extend(edges[place].iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}
