//! Owns the dependencies of Maven's projects on each other, inherited ones included.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

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
        let managed = OnceCell::new();
        let plugins = used_plugins(lineage);
        for (manifest, pom) in lineage {
            let of_plugins = pom.managed_plugins().into_iter();
            let of_plugins = of_plugins.filter(|(plugin, _)| plugins.contains(&coordinates(plugin, lineage)));
            let needed = pom.references().into_iter().chain(pom.imports());
            for reference in needed.chain(of_plugins.flat_map(|(_, needs)| needs)) {
                let key = coordinates(&reference, lineage);
                let Some(target) = by_name.get(&key).filter(|target| *target != path) else { continue };
                let given = || managed.get_or_init(|| managed_versions(lineage)).get(&key).cloned();
                let asked = reference.version.clone().or_else(given);
                let asked = asked.map(|asked| interpolated(&asked, lineage));
                // What a parent lists for all modules is no dependency of a module that is a parent of this one.
                let is_parent = lineage.iter().any(|(above, _)| above == target);
                if !is_parent && self.is_this_version(asked.as_deref(), target, by_name) {
                    found.push(ProjectDependency {
                        folder: parent(target).to_owned(),
                        manifest: manifest.clone(),
                        line: Some(reference.line),
                    });
                }
            }
        }
        // A line of the project's own pom.xml is nearer than one of its parents.
        found.sort_by_key(|dependency| {
            (dependency.folder.clone(), dependency.manifest != path, dependency.line)
        });
        found.dedup_by(|one, other| one.folder == other.folder);
        found
    }

    /// Is the version that is asked for the one in the repository? An unknown version, or a range, counts as this one.
    fn is_this_version(&mut self, asked: Option<&str>, target: &str, by_name: &ByCoordinates) -> bool {
        let is_exact = |asked: &&str| is_known(asked) && !asked.starts_with(['[', '(']);
        let Some(asked) = asked.filter(is_exact) else { return true };
        let others = self.lineage(target, by_name);
        let there = version(&others).map(|version| interpolated(version, &others));
        there.is_none_or(|there| !is_known(&there) || there == asked)
    }
}

/// The group and artifact of a reference, as they are in a project.
fn coordinates(reference: &PomReference, lineage: &Lineage) -> (String, String) {
    (interpolated(&reference.group, lineage), interpolated(&reference.artifact, lineage))
}

/// The plugins that a project or one of its parents uses: pluginManagement counts for these alone.
fn used_plugins(lineage: &Lineage) -> BTreeSet<(String, String)> {
    let plugins = lineage.iter().flat_map(|(_, pom)| pom.plugins());
    plugins.map(|plugin| coordinates(&plugin, lineage)).collect()
}

/// The versions that the nearest dependencyManagement gives.
fn managed_versions(lineage: &Lineage) -> BTreeMap<(String, String), String> {
    let mut versions = BTreeMap::new();
    for entry in lineage.iter().flat_map(|(_, pom)| pom.managed()) {
        if let Some(version) = entry.version.clone() {
            versions.entry(coordinates(&entry, lineage)).or_insert(version);
        }
    }
    versions
}
