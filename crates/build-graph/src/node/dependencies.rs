//! Owns the dependencies of packages on members of their workspace, and on folders.

use crate::ProjectDependency;
use crate::node::package::{NodeDependency, NodePackage};
use crate::node::specifier::{Specifier, is_in_range};
use crate::node::workspace::NodeWorkspace;
use crate::node::{MANIFEST, NodeReader};
use crate::paths::{join, resolve};

/// A catalog may not lead to a catalog.
const MOST_STEPS: usize = 2;

impl NodeReader<'_, '_> {
    /// The packages of this repository that a package depends on.
    pub(crate) fn dependencies(
        &mut self,
        folder: &str,
        package: &NodePackage,
        workspace: Option<&NodeWorkspace>,
    ) -> Vec<ProjectDependency> {
        let manifest = join(folder, MANIFEST);
        let mut found = Vec::new();
        for dependency in package.dependencies() {
            let target = match local_override(workspace, dependency.name) {
                Some((root, specifier)) => self.target(root, &dependency, specifier, workspace, MOST_STEPS),
                None => self.target(folder, &dependency, dependency.specifier, workspace, MOST_STEPS),
            };
            match target {
                Ok(Some(target)) if target != folder => {
                    let line = package.line(&dependency);
                    found.push(ProjectDependency { folder: target, manifest: manifest.clone(), line });
                }
                Ok(_) => {}
                Err(why) => self.reader.gap(&manifest, format!("{}: {why}", dependency.name)),
            }
        }
        found
    }

    /// The folder that a specifier leads to, none outside of the repository; or why it is not known.
    fn target(
        &self,
        base: &str,
        dependency: &NodeDependency<'_>,
        specifier: &str,
        workspace: Option<&NodeWorkspace>,
        steps: usize,
    ) -> Result<Option<String>, String> {
        match Specifier::of(dependency.name, specifier) {
            Specifier::Path(path) => self.existing(base, path).map(Some),
            Specifier::MemberPath(path) => {
                let root = workspace.map_or(base, |workspace| workspace.root.as_str());
                self.existing(root, path).or_else(|_| self.existing(base, path)).map(Some)
            }
            Specifier::Member(name) => match workspace.and_then(|workspace| workspace.by_name.get(name)) {
                Some((folder, _)) => Ok(Some(folder.clone())),
                None => Err(format!("{specifier} names no member of the workspace")),
            },
            Specifier::Catalog(catalog) => {
                let settings = workspace.map(|workspace| &workspace.settings);
                match settings.and_then(|settings| settings.in_catalog(catalog, dependency.name)) {
                    Some(specifier) if steps > 0 => {
                        self.target(base, dependency, specifier, workspace, steps - 1)
                    }
                    _ => Err(format!("{specifier} has no such entry in the catalogs")),
                }
            }
            Specifier::Range(range) => {
                Ok(workspace.and_then(|workspace| in_range(workspace, dependency.name, range)))
            }
            Specifier::Elsewhere => Ok(None),
        }
    }

    fn existing(&self, base: &str, path: &str) -> Result<String, String> {
        let folder = resolve(base, path).ok_or_else(|| format!("{path} leads out of the repository"))?;
        match self.reader.is_listed(&join(&folder, MANIFEST)) {
            true => Ok(folder),
            false => Err(format!("{path} has no {MANIFEST}")),
        }
    }
}

/// What the root puts in place of a package, if that is in the repository, with the root's folder.
fn local_override<'w>(workspace: Option<&'w NodeWorkspace>, name: &str) -> Option<(&'w str, &'w str)> {
    let workspace = workspace?;
    let specifier = workspace.settings.overrides.get(name)?;
    match Specifier::of(name, specifier) {
        Specifier::Range(_) | Specifier::Elsewhere | Specifier::Catalog(_) => None,
        _ => Some((workspace.root.as_str(), specifier)),
    }
}

fn in_range(workspace: &NodeWorkspace, name: &str, range: &str) -> Option<String> {
    let (folder, version) = workspace.by_name.get(name)?;
    let is_linked = workspace.settings.links_ranges && is_in_range(range, version.as_deref());
    is_linked.then(|| folder.clone())
}
