//! Owns the projects of cargo: the members of workspaces, and the packages that they reach by path.

mod dependencies;
mod manifest;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::cargo::manifest::CrateManifest;
use crate::paths::{ancestors, is_inside, join};
use crate::reader::ManifestReader;
use crate::{BuildTool, Project};

const MANIFEST: &str = "Cargo.toml";

/// Every package of the repository that is a member of a workspace, a dependency of another one, or a package alone.
pub(crate) fn projects(reader: &mut ManifestReader<'_>) -> Vec<Project> {
    let folders = reader.folders_with(MANIFEST);
    let mut cargo = CargoReader {
        reader,
        manifests: BTreeMap::default(),
        roots: BTreeSet::default(),
        projects: BTreeMap::default(),
    };
    for folder in &folders {
        if cargo.manifest(folder).is_ok_and(|manifest| manifest.is_root()) {
            cargo.roots.insert(folder.clone());
        }
    }
    folders.iter().for_each(|folder| cargo.add_from(folder, &folders));
    cargo.projects.into_values().collect()
}

struct CargoReader<'r, 'f> {
    reader: &'r mut ManifestReader<'f>,
    /// What was read, or why it was not.
    manifests: BTreeMap<String, Result<Rc<CrateManifest>, String>>,
    /// Folders of manifests with `[workspace]`.
    roots: BTreeSet<String>,
    projects: BTreeMap<String, Project>,
}

impl CargoReader<'_, '_> {
    fn manifest(&mut self, folder: &str) -> Result<Rc<CrateManifest>, String> {
        if !self.manifests.contains_key(folder) {
            let text = self.reader.text(&join(folder, MANIFEST));
            let read = text.and_then(|text| CrateManifest::parse(text).map(Rc::new));
            self.manifests.insert(folder.to_owned(), read);
        }
        self.manifests.get(folder).cloned().unwrap_or_else(|| Err("was not read".to_owned()))
    }

    /// Adds the workspace or the package of a folder, if it is one of its own and not a sample inside another package.
    fn add_from(&mut self, folder: &str, folders: &[String]) {
        if self.projects.contains_key(folder) || self.is_inside_member(folder) {
            return;
        }
        let is_root = self.roots.contains(folder);
        if is_root {
            self.add_workspace(folder, folders);
        }
        let is_package = self.manifest(folder).map_or(true, |manifest| manifest.package.package.is_some());
        if is_package && (is_root || self.stands_alone(folder)) {
            self.add_with_dependencies(folder);
        }
    }

    /// Below a package that is not at the top. Such a package is a sample, a fixture or a fuzz target of the outer one.
    fn is_inside_member(&self, folder: &str) -> bool {
        ancestors(folder).any(|above| !above.is_empty() && self.projects.contains_key(above))
    }

    /// A package that no workspace contains, and that `cargo vendor` did not write. Below another package it must have a lock file of
    /// its own.
    fn stands_alone(&mut self, folder: &str) -> bool {
        if self.reader.is_listed(&join(folder, ".cargo-checksum.json")) {
            return false;
        }
        let enclosing = ancestors(folder).find(|above| self.roots.contains(*above)).map(str::to_owned);
        match enclosing {
            Some(root) => self.is_excluded(&root, folder) && self.names_in_exclude(&root, folder),
            None if ancestors(folder).any(|above| self.projects.contains_key(above)) => {
                self.reader.exists(&join(folder, "Cargo.lock"))
            }
            None => true,
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
        let manifest = match self.manifest(folder) {
            Ok(manifest) => manifest,
            Err(why) => {
                self.reader.gap(&path, why);
                return None;
            }
        };
        let package = manifest.package.package.as_ref()?;
        let root = self.root_of(folder, &manifest);
        Some(Project {
            name: package.name.clone(),
            folder: folder.to_owned(),
            tool: BuildTool::Cargo,
            depends_on: self.dependencies(folder, &manifest, root.as_deref()),
            shared_files: self.shared_files(folder, &manifest, root.as_deref()),
            manifest: path,
        })
    }

    /// The workspace's manifest and lock file, the toolchain, cargo's configuration, and sources that stand outside.
    fn shared_files(&self, folder: &str, manifest: &CrateManifest, root: Option<&str>) -> BTreeSet<String> {
        let above = ["rust-toolchain", "rust-toolchain.toml", ".cargo/config", ".cargo/config.toml"];
        let mut shared: BTreeSet<String> = manifest.sources(folder).collect();
        shared
            .extend(root.into_iter().flat_map(|root| self.reader.those_in(root, &[MANIFEST, "Cargo.lock"])));
        shared.extend(ancestors(folder).flat_map(|outer| self.reader.those_in(outer, &above)));
        shared.retain(|file| !is_inside(file, folder) || folder.is_empty());
        shared
    }
}
