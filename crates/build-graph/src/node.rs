//! Owns the projects of npm, pnpm and Yarn: the members of workspaces, and the packages that they reach by path.

mod dependencies;
mod package;
mod pnpm;
mod settings;
mod specifier;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::node::package::NodePackage;
use crate::node::workspace::NodeWorkspace;
use crate::paths::{ancestors, join};
use crate::reader::ManifestReader;
use crate::{BuildTool, Project};

const MANIFEST: &str = "package.json";
const PNPM_WORKSPACE: &str = "pnpm-workspace.yaml";

/// Lock files and settings of package managers, beside the manifest of a workspace.
const SHARED: [&str; 13] = [
    MANIFEST,
    PNPM_WORKSPACE,
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    ".pnpmfile.mjs",
];

const LOCKS: [&str; 6] =
    ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"];

/// Every package of the repository that is a member of a workspace, a dependency of another one, or a package alone.
pub(crate) fn projects(reader: &mut ManifestReader<'_>) -> Vec<Project> {
    let mut folders = reader.folders_with(MANIFEST);
    folders.retain(|folder| !is_installed(folder));
    let mut node = NodeReader {
        reader,
        packages: BTreeMap::default(),
        workspaces: BTreeMap::default(),
        member_of: BTreeMap::default(),
        projects: BTreeMap::default(),
    };
    let mut roots = folders.clone();
    roots.extend(node.reader.folders_with(PNPM_WORKSPACE));
    roots.sort_by_key(|folder| (crate::paths::depth(folder), folder.clone()));
    roots.dedup();
    roots.iter().for_each(|folder| node.add_workspace(folder, &folders));
    let members: Vec<String> = node.member_of.keys().cloned().collect();
    members.iter().for_each(|folder| node.add_with_dependencies(folder));
    folders.retain(|folder| !node.projects.contains_key(folder));
    folders.iter().for_each(|folder| node.add_alone(folder));
    node.projects.into_values().collect()
}

struct NodeReader<'r, 'f> {
    reader: &'r mut ManifestReader<'f>,
    /// What was read, or why it was not.
    packages: BTreeMap<String, Result<Rc<NodePackage>, String>>,
    /// By the folder of the root.
    workspaces: BTreeMap<String, Rc<NodeWorkspace>>,
    /// The root of each member, and of each root.
    member_of: BTreeMap<String, String>,
    projects: BTreeMap<String, Project>,
}

impl NodeReader<'_, '_> {
    fn package(&mut self, folder: &str) -> Result<Rc<NodePackage>, String> {
        if !self.packages.contains_key(folder) {
            let text = self.reader.text(&join(folder, MANIFEST));
            let read = text.and_then(|text| NodePackage::parse(text).map(Rc::new));
            self.packages.insert(folder.to_owned(), read);
        }
        self.packages.get(folder).cloned().unwrap_or_else(|| Err("was not read".to_owned()))
    }

    /// Below a member that is not at the top. Such a package is a sample or a fixture of the outer one.
    fn is_inside_member(&self, folder: &str) -> bool {
        let is_known = |above: &str| self.member_of.contains_key(above) || self.projects.contains_key(above);
        ancestors(folder).any(|above| {
            let is_root = self.workspaces.contains_key(above);
            !above.is_empty() && !is_root && is_known(above)
        })
    }

    fn has_lock(&self, folder: &str) -> bool {
        !self.reader.those_in(folder, &LOCKS).is_empty()
    }

    /// Adds a package that no workspace contains. Below another package it must have a lock file of its own.
    fn add_alone(&mut self, folder: &str) {
        let is_in_workspace = ancestors(folder).any(|above| self.workspaces.contains_key(above));
        let is_below = ancestors(folder).any(|above| self.projects.contains_key(above));
        let is_own = !is_below || self.has_lock(folder);
        if !is_in_workspace && is_own && !self.is_inside_member(folder) {
            self.add_with_dependencies(folder);
        }
    }

    /// Adds packages until every dependency by path has its project.
    fn add_with_dependencies(&mut self, folder: &str) {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if self.projects.contains_key(&folder) {
                continue;
            }
            if let Some(project) = self.project(&folder) {
                waiting.extend(project.depends_on.iter().map(|dependency| dependency.folder.clone()));
                self.projects.insert(folder, project);
            }
        }
    }

    fn project(&mut self, folder: &str) -> Option<Project> {
        let path = join(folder, MANIFEST);
        let package = match self.package(folder) {
            Ok(package) => package,
            // The root of a workspace of pnpm needs no manifest.
            Err(_) if self.workspaces.contains_key(folder) && !self.reader.is_listed(&path) => return None,
            Err(why) => {
                self.reader.gap(&path, why);
                return None;
            }
        };
        let root = self.root_of(folder);
        let workspace = root.as_ref().and_then(|root| self.workspaces.get(root)).cloned();
        let tool = workspace.as_ref().map_or_else(|| self.tool(folder), |workspace| workspace.tool);
        Some(Project {
            name: package.name().unwrap_or_else(|| unnamed(folder)).to_owned(),
            folder: folder.to_owned(),
            tool,
            depends_on: self.dependencies(folder, &package, workspace.as_deref()),
            shared_files: root.map_or_else(BTreeSet::new, |root| self.shared_files(folder, &root)),
            manifest: path,
        })
    }

    /// The root of a member. A package that is linked from a folder inside a workspace finds the members above it, too.
    fn root_of(&self, folder: &str) -> Option<String> {
        let above =
            || ancestors(folder).find(|above| self.workspaces.contains_key(*above)).map(str::to_owned);
        self.member_of.get(folder).cloned().or_else(above)
    }

    fn shared_files(&self, folder: &str, root: &str) -> BTreeSet<String> {
        let shared = self.reader.those_in(root, &SHARED).into_iter();
        shared.filter(|_| folder != root).collect()
    }

    /// The package manager of a folder that is a root, or alone.
    fn tool(&mut self, folder: &str) -> BuildTool {
        let named = self.package(folder).ok().and_then(|package| package.manager().map(str::to_owned));
        let named = named.unwrap_or_default();
        let has = |names: &[&str]| !self.reader.those_in(folder, names).is_empty();
        if has(&[PNPM_WORKSPACE]) || named.starts_with("pnpm@") {
            BuildTool::Pnpm
        } else if named.starts_with("yarn@") {
            BuildTool::Yarn
        } else if named.is_empty() && has(&["pnpm-lock.yaml"]) {
            BuildTool::Pnpm
        } else if named.is_empty() && has(&["yarn.lock", ".yarnrc.yml", ".yarnrc"]) {
            BuildTool::Yarn
        } else {
            BuildTool::Npm
        }
    }
}

/// Package managers leave out what they installed, also where it was committed.
fn is_installed(folder: &str) -> bool {
    folder.split('/').any(|part| matches!(part, "node_modules" | "bower_components"))
}

/// The name of a package whose manifest has none, as of many roots.
fn unnamed(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}
