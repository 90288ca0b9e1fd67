//! Owns the projects of Go: every module, and go.work, which puts modules in place of published ones.

mod imports;
mod manifest;
mod workspace;

use std::collections::BTreeMap;

use crate::go::manifest::GoManifest;
use crate::go::workspace::GoWorkspace;
use crate::paths::{ancestors, join, resolve};
use crate::reader::ManifestReader;
use crate::{BuildTool, Project, ProjectDependency};

const MANIFEST: &str = "go.mod";
const WORK: &str = "go.work";

/// Every module, but for those below folders that Go itself leaves out.
pub(crate) fn projects(reader: &mut ManifestReader<'_>) -> Vec<Project> {
    let mut go = GoReader { reader, modules: BTreeMap::default(), workspaces: BTreeMap::default() };
    go.read_modules();
    go.read_workspaces();
    let folders: Vec<String> = go.modules.keys().cloned().collect();
    folders.iter().filter_map(|folder| go.project(folder)).collect()
}

struct GoReader<'r, 'f> {
    reader: &'r mut ManifestReader<'f>,
    modules: BTreeMap<String, GoManifest>,
    workspaces: BTreeMap<String, GoWorkspace>,
}

impl GoReader<'_, '_> {
    /// Reads the modules of the repository, and those that they put in place of others, wherever these are.
    fn read_modules(&mut self) {
        let mut waiting = self.reader.folders_with(MANIFEST);
        waiting.retain(|folder| !is_left_out(folder));
        while let Some(folder) = waiting.pop() {
            if self.modules.contains_key(&folder) {
                continue;
            }
            self.read_module(&folder);
            waiting.extend(self.replaced(&folder));
        }
    }

    /// The folders of replacements that have a manifest.
    fn replaced(&self, folder: &str) -> Vec<String> {
        let Some(module) = self.modules.get(folder) else { return Vec::new() };
        let targets = module.replacements().filter_map(|(_, path)| resolve(folder, path));
        targets.filter(|target| self.reader.is_listed(&join(target, MANIFEST))).collect()
    }

    pub(crate) fn read_module(&mut self, folder: &str) {
        let path = join(folder, MANIFEST);
        match self.reader.text(&path).and_then(|text| GoManifest::parse(&text)) {
            Ok(module) => drop(self.modules.insert(folder.to_owned(), module)),
            Err(why) => self.reader.gap(&path, why),
        }
    }

    fn project(&mut self, folder: &str) -> Option<Project> {
        let root = self.workspace_of(folder).map(str::to_owned);
        let shared = root.iter().flat_map(|root| self.reader.those_in(root, &[WORK, "go.work.sum"]));
        let shared_files = shared.filter(|_| root.as_deref() != Some(folder)).collect();
        Some(Project {
            name: self.modules.get(folder)?.name().to_owned(),
            folder: folder.to_owned(),
            tool: BuildTool::Go,
            manifest: join(folder, MANIFEST),
            depends_on: self.dependencies(folder, root.as_deref()),
            shared_files,
        })
    }

    /// The nearest go.work at or above a module, if it uses the module.
    fn workspace_of(&self, folder: &str) -> Option<&str> {
        let mut at_or_above = std::iter::once(folder).chain(ancestors(folder));
        let nearest = at_or_above.find(|above| self.workspaces.contains_key(*above))?;
        let (root, workspace) = self.workspaces.get_key_value(nearest)?;
        workspace.uses.contains(folder).then_some(root.as_str())
    }

    /// The modules of this repository that stand in place of those that a module requires.
    fn dependencies(&mut self, folder: &str, root: Option<&str>) -> Vec<ProjectDependency> {
        let manifest = join(folder, MANIFEST);
        let workspace = root.and_then(|root| self.workspaces.get(root));
        let Some(module) = self.modules.get(folder) else { return Vec::new() };
        let mut found = Vec::new();
        let mut gaps = Vec::new();
        for (required, line) in module.required() {
            let target = workspace
                .and_then(|workspace| workspace.module(required))
                .map(|target| Some(target.to_owned()))
                .or_else(|| module.replacement(required).map(|path| resolve(folder, path)));
            match target {
                Some(Some(target)) if target == folder => {}
                Some(Some(target)) if self.modules.contains_key(&target) => {
                    found.push(ProjectDependency {
                        folder: target,
                        manifest: manifest.clone(),
                        line: Some(line),
                    });
                }
                Some(Some(target)) => {
                    gaps.push(format!("{required} is replaced by {target}, which has no {MANIFEST}"))
                }
                Some(None) => gaps.push(format!("the replacement of {required} leads out of the repository")),
                None => {}
            }
        }
        gaps.into_iter().for_each(|why| self.reader.gap(&manifest, why));
        let imported = root.map(|root| self.imported(folder, root)).unwrap_or_default();
        for dependency in imported.into_iter().filter(|dependency| dependency.folder != folder) {
            if found.iter().all(|known| known.folder != dependency.folder) {
                found.push(dependency);
            }
        }
        found
    }
}

/// `testdata`, `vendor`, and names with `_` or `.` at the beginning: the go command finds no package there.
fn is_left_out(folder: &str) -> bool {
    folder.split('/').any(|part| matches!(part, "testdata" | "vendor") || part.starts_with(['_', '.']))
}
