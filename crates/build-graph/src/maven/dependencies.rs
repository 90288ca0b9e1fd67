//! Owns the dependencies of Maven's projects on each other, inherited ones included.

use crate::ProjectDependency;
use crate::maven::inherited::{Lineage, interpolated, is_known, version};
use crate::maven::pom::PomReference;
use crate::maven::{ByCoordinates, MavenReader};
use crate::paths::parent;

impl MavenReader<'_, '_> {
    /// The projects that a project's dependencies, plugins and imports name, in its own pom.xml and in those of its parents.
    pub(crate) fn dependencies(
        &mut self,
        path: &str,
        lineage: &Lineage,
        by_name: &ByCoordinates,
    ) -> Vec<ProjectDependency> {
        let mut found = Vec::new();
        for (manifest, pom) in lineage {
            for reference in pom.references().into_iter().chain(pom.imports()) {
                let key =
                    (interpolated(&reference.group, lineage), interpolated(&reference.artifact, lineage));
                let Some(target) = by_name.get(&key).filter(|target| *target != path) else { continue };
                // What a parent lists for all modules is no dependency of a module that is a parent of this one.
                if lineage.iter().any(|(above, _)| above == target)
                    || !self.is_this_version(&reference, target, lineage, by_name)
                {
                    continue;
                }
                found.push(ProjectDependency {
                    folder: parent(target).to_owned(),
                    manifest: manifest.clone(),
                    line: Some(reference.line),
                });
            }
        }
        // A line of the project's own pom.xml is nearer than one of its parents.
        found.sort_by_key(|dependency| {
            (dependency.folder.clone(), dependency.manifest != path, dependency.line)
        });
        found
    }

    /// Is the version that a reference asks for the one in the repository? An unknown version counts as this one.
    fn is_this_version(
        &mut self,
        reference: &PomReference,
        target: &str,
        lineage: &Lineage,
        by_name: &ByCoordinates,
    ) -> bool {
        let asked = reference.version.clone().or_else(|| managed(reference, lineage));
        let asked = asked.map(|asked| interpolated(&asked, lineage)).filter(|asked| is_known(asked));
        let Some(asked) = asked.filter(|asked| !asked.starts_with(['[', '('])) else { return true };
        let others = self.lineage(target, by_name);
        let there = version(&others).map(|version| interpolated(version, &others));
        there.is_none_or(|there| !is_known(&there) || there == asked)
    }
}

/// The version that the nearest dependencyManagement gives.
fn managed(reference: &PomReference, lineage: &Lineage) -> Option<String> {
    let name = |one: &PomReference| (interpolated(&one.group, lineage), interpolated(&one.artifact, lineage));
    let wanted = name(reference);
    let mut entries = lineage.iter().flat_map(|(_, pom)| pom.managed());
    entries.find(|entry| name(entry) == wanted)?.version
}
