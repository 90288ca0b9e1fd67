//! Owns the projects of Maven: the modules of multi-module builds, with what they inherit from their parents.

mod dependencies;
mod inherited;
mod pom;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::maven::pom::Pom;
use crate::paths::{ancestors, is_inside, join, parent, resolve};
use crate::reader::ManifestReader;
use crate::{BuildTool, Project};

const MANIFEST: &str = "pom.xml";

/// Every project that no other one lists, and the modules below it.
pub(crate) fn projects(reader: &mut ManifestReader<'_>) -> Vec<Project> {
    let mut maven = MavenReader {
        reader,
        poms: BTreeMap::default(),
        modules: BTreeMap::default(),
        folders: BTreeSet::default(),
    };
    for folder in maven.reader.folders_with(MANIFEST) {
        let is_below = ancestors(&folder).any(|above| maven.folders.contains(above));
        if !is_below {
            maven.add_with_modules(join(&folder, MANIFEST));
        }
    }
    let by_name = maven.by_name();
    let modules: Vec<(String, String)> =
        maven.modules.iter().map(|(path, root)| (path.clone(), root.clone())).collect();
    modules.iter().filter_map(|(path, root)| maven.project(path, root, &by_name)).collect()
}

/// The paths of projects, by their groups and artifacts.
type ByCoordinates = BTreeMap<(String, String), String>;

struct MavenReader<'r, 'f> {
    reader: &'r mut ManifestReader<'f>,
    /// What was read, or why it was not, by the path.
    poms: BTreeMap<String, Result<Rc<Pom>, String>>,
    /// The root of each module, both by their paths.
    modules: BTreeMap<String, String>,
    /// The folders of modules.
    folders: BTreeSet<String>,
}

impl MavenReader<'_, '_> {
    fn pom(&mut self, path: &str) -> Result<Rc<Pom>, String> {
        if !self.poms.contains_key(path) {
            let read = self.reader.text(path).and_then(|text| Pom::parse(&text).map(Rc::new));
            self.poms.insert(path.to_owned(), read);
        }
        self.poms.get(path).cloned().unwrap_or_else(|| Err("was not read".to_owned()))
    }

    fn add_with_modules(&mut self, root: String) {
        let mut waiting = vec![root.clone()];
        while let Some(path) = waiting.pop() {
            if self.modules.contains_key(&path) {
                continue;
            }
            match self.pom(&path) {
                Ok(pom) => waiting.extend(self.listed(&path, &pom)),
                Err(why) => {
                    self.reader.gap(&path, why);
                    continue;
                }
            }
            self.folders.insert(parent(&path).to_owned());
            self.modules.insert(path, root.clone());
        }
    }

    /// The poms of the modules that a pom lists: a module is a folder, or a pom of any name.
    fn listed(&mut self, path: &str, pom: &Pom) -> Vec<String> {
        let mut found = Vec::new();
        for module in pom.modules() {
            let Some(target) = resolve(parent(path), &module) else {
                self.reader.gap(path, format!("the module {module} leads out of the repository"));
                continue;
            };
            let inside = join(&target, MANIFEST);
            match [inside, target].into_iter().find(|candidate| self.reader.is_listed(candidate)) {
                Some(pom) => found.push(pom),
                None => self.reader.gap(path, format!("the module {module} has no {MANIFEST}")),
            }
        }
        found
    }

    fn by_name(&mut self) -> ByCoordinates {
        let paths: Vec<String> = self.modules.keys().cloned().collect();
        let mut by_name = ByCoordinates::new();
        for path in paths {
            let Ok(pom) = self.pom(&path) else { continue };
            let Some(artifact) = pom.own("artifactId") else { continue };
            let group = pom.group().unwrap_or_default();
            by_name.entry((group.to_owned(), artifact.to_owned())).or_insert(path);
        }
        by_name
    }

    fn project(&mut self, path: &str, root: &str, by_name: &ByCoordinates) -> Option<Project> {
        let pom = self.pom(path).ok()?;
        let folder = parent(path);
        let lineage = self.lineage(path, by_name);
        let depends_on = self.dependencies(path, &lineage, by_name);
        let mut shared_files: BTreeSet<String> = lineage.iter().map(|(path, _)| path.clone()).collect();
        let settings = [".mvn/maven.config", ".mvn/extensions.xml", ".mvn/jvm.config"];
        shared_files.extend(self.reader.those_in(parent(root), &settings));
        shared_files.retain(|file| !is_inside(file, folder));
        Some(Project {
            name: pom.own("artifactId").unwrap_or(folder).to_owned(),
            folder: folder.to_owned(),
            tool: BuildTool::Maven,
            manifest: path.to_owned(),
            depends_on,
            shared_files,
        })
    }
}
