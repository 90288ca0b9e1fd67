//! Owns go.work: the modules that it uses, and what it puts in place of others.

use std::collections::{BTreeMap, BTreeSet};

use crate::go::manifest::GoManifest;
use crate::go::{GoReader, MANIFEST, WORK};
use crate::paths::{ancestors, join, resolve};

#[derive(Debug, Default)]
pub(crate) struct GoWorkspace {
    /// Folders of modules.
    pub(crate) uses: BTreeSet<String>,
    /// Folders by the paths of modules.
    modules: BTreeMap<String, String>,
}

impl GoWorkspace {
    /// The folder of a module that the workspace uses, or puts in place of another one.
    pub(crate) fn module(&self, path: &str) -> Option<&str> {
        self.modules.get(path).map(String::as_str)
    }

    /// The folder of the used module that a package is in: the one with the longest path.
    pub(crate) fn provider(&self, package: &str) -> Option<&str> {
        let mut paths = std::iter::once(package).chain(ancestors(package));
        paths.find_map(|path| self.module(path)).filter(|folder| self.uses.contains(*folder))
    }
}

impl GoReader<'_, '_> {
    pub(crate) fn read_workspaces(&mut self) {
        for root in self.reader.folders_with(WORK) {
            let path = join(&root, WORK);
            match self.reader.text(&path).and_then(|text| GoManifest::parse_workspace(&text)) {
                Ok(work) => self.add_workspace(root, &work),
                Err(why) => self.reader.gap(&path, why),
            }
        }
    }

    fn add_workspace(&mut self, root: String, work: &GoManifest) {
        let mut workspace = GoWorkspace::default();
        for used in work.used() {
            self.add_used(&root, used, &mut workspace);
        }
        // A replacement of a used module's go.mod counts for the whole workspace; that of go.work counts more.
        let folders: Vec<String> = workspace.uses.iter().cloned().collect();
        for (folder, module) in folders.iter().filter_map(|folder| Some((folder, self.modules.get(folder)?)))
        {
            add_replacements(&mut workspace, folder, module);
        }
        add_replacements(&mut workspace, &root, work);
        for (folder, module) in folders.iter().filter_map(|folder| Some((folder, self.modules.get(folder)?)))
        {
            workspace.modules.insert(module.name().to_owned(), folder.clone());
        }
        self.workspaces.insert(root, workspace);
    }

    fn add_used(&mut self, root: &str, used: &str, workspace: &mut GoWorkspace) {
        let path = join(root, WORK);
        let Some(folder) = resolve(root, used) else {
            return self.reader.gap(&path, format!("{used} leads out of the repository"));
        };
        if !self.reader.is_listed(&join(&folder, MANIFEST)) {
            return self.reader.gap(&path, format!("{used} has no {MANIFEST}"));
        }
        if !self.modules.contains_key(&folder) {
            self.read_module(&folder);
        }
        workspace.uses.insert(folder);
    }
}

fn add_replacements(workspace: &mut GoWorkspace, folder: &str, manifest: &GoManifest) {
    for (module, path) in manifest.replacements() {
        if let Some(target) = resolve(folder, path) {
            workspace.modules.insert(module.to_owned(), target);
        }
    }
}
