//! Owns cargo's dependencies by path: of a package, inherited from its workspace, or put in place of another by a patch.

use std::rc::Rc;

use cargo_toml::{Dependency, DepsSet};

use crate::ProjectDependency;
use crate::cargo::manifest::CrateManifest;
use crate::cargo::{CargoReader, MANIFEST};
use crate::paths::{join, resolve};

impl CargoReader<'_, '_> {
    /// The packages of this repository that a package depends on.
    pub(crate) fn dependencies(
        &mut self,
        folder: &str,
        manifest: &CrateManifest,
        root: Option<&str>,
    ) -> Vec<ProjectDependency> {
        let path = join(folder, MANIFEST);
        let outer = root.and_then(|root| Some((root, self.manifest(root).ok()?)));
        let mut found = Vec::new();
        for (name, dependency) in manifest.dependencies() {
            let target = match target(folder, manifest, outer.as_ref(), name, dependency) {
                Some((base, relative)) => self.existing(&path, name, &base, &relative),
                None => None,
            };
            if let Some(target) = target.filter(|target| target != folder) {
                let line = manifest.line(name);
                found.push(ProjectDependency { folder: target, manifest: path.clone(), line });
            }
        }
        found
    }

    /// The folder that a path leads to, if it is in the repository and has a manifest.
    fn existing(&mut self, from: &str, name: &str, base: &str, relative: &str) -> Option<String> {
        let Some(folder) = resolve(base, relative) else {
            self.reader.gap(from, format!("the path of {name}, {relative}, leads out of the repository"));
            return None;
        };
        let manifest = join(&folder, MANIFEST);
        if self.reader.exists(&manifest) || self.reader.is_link(&manifest) {
            return Some(folder);
        }
        self.reader.gap(from, format!("the path of {name}, {relative}, has no {MANIFEST}"));
        None
    }
}

/// The path of a dependency, and the folder that it is written from.
fn target(
    folder: &str,
    manifest: &CrateManifest,
    outer: Option<&(&str, Rc<CrateManifest>)>,
    name: &str,
    dependency: &Dependency,
) -> Option<(String, String)> {
    let (base, dependency) = match (dependency, outer) {
        (Dependency::Inherited(_), Some((root, workspace))) => {
            (*root, workspace.package.workspace.as_ref()?.dependencies.get(name)?)
        }
        _ => (folder, dependency),
    };
    let path = dependency.detail().and_then(|detail| detail.path.clone());
    let crate_name = dependency.detail().and_then(|detail| detail.package.as_deref()).unwrap_or(name);
    let patched = || match outer {
        Some((root, workspace)) => patch(root, workspace, crate_name),
        None => patch(folder, manifest, crate_name),
    };
    path.map(|path| (base.to_owned(), path)).or_else(patched)
}

/// The path that a workspace puts in place of a crate.
fn patch(root: &str, workspace: &CrateManifest, crate_name: &str) -> Option<(String, String)> {
    let named = |set: &DepsSet| {
        let same = |(key, dependency): &(&String, &Dependency)| {
            dependency.detail().and_then(|detail| detail.package.as_deref()).unwrap_or(key) == crate_name
        };
        set.iter().find(same).and_then(|(_, dependency)| dependency.detail()?.path.clone())
    };
    workspace.package.patch.values().find_map(named).map(|path| (root.to_owned(), path))
}
