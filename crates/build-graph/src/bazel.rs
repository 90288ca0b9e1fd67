//! Owns the packages of Bazel, from the output of `bazel query`: XML, a graph, or streamed JSON.

mod formats;
mod label;

use std::collections::{BTreeMap, BTreeSet};

use crate::bazel::label::package_of;
use crate::paths::{join, name};
use crate::reader::ManifestReader;
use crate::{BuildGraph, BuildTool, Project, ProjectDependency, RepositoryFiles};

/// What every build reads.
const SHARED: [&str; 7] = [
    "MODULE.bazel",
    "MODULE.bazel.lock",
    "WORKSPACE",
    "WORKSPACE.bazel",
    "WORKSPACE.bzlmod",
    ".bazelrc",
    ".bazelversion",
];

/// Stands for an output without a package of the repository.
const NO_TARGET: &str = "lists no target of the repository";

impl BuildGraph {
    /// Adds the packages of Bazel from the output of `bazel query --output=xml //...`; `graph` and `streamed_jsonproto` are read, too.
    ///
    /// A package depends on the packages of all inputs of its rules, and of the files that it loads. What cannot be read is a gap of
    /// `file`, the name of the output.
    #[must_use]
    pub fn with_bazel_query(mut self, files: &dyn RepositoryFiles, file: &str, output: &str) -> Self {
        let mut reader = ManifestReader::of(files);
        let mut packages = BazelPackages::default();
        match formats::read(output, &mut packages) {
            Err(why) => reader.gap(file, why),
            Ok(()) if packages.is_empty() => reader.gap(file, NO_TARGET),
            Ok(()) => {}
        }
        packages.gaps.iter().for_each(|why| reader.gap(file, why.clone()));
        self.projects.extend(packages.projects(&mut reader, file));
        self.gaps.extend(reader.into_gaps());
        self.in_order()
    }

    /// Why what `bazel query` printed cannot be read completely, or has no package. `None` if it can.
    #[must_use]
    pub fn bazel_query_error(output: &str) -> Option<String> {
        let mut packages = BazelPackages::default();
        match formats::read(output, &mut packages) {
            Err(why) => Some(why),
            Ok(()) if packages.is_empty() => Some(NO_TARGET.to_owned()),
            Ok(()) => None,
        }
    }
}

/// The packages of the main repository, with what they depend on and the lines of the rules that do.
#[derive(Debug, Default)]
pub(crate) struct BazelPackages {
    packages: BTreeMap<String, BTreeMap<String, Option<usize>>>,
    pub(crate) gaps: BTreeSet<String>,
}

impl BazelPackages {
    /// Was there no label at all?
    fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.gaps.is_empty()
    }

    /// Adds the package of a label; none of another repository.
    pub(crate) fn add(&mut self, label: &str) -> Option<String> {
        match package_of(label) {
            Ok(package) => {
                self.packages.entry(package.clone()?).or_default();
                package
            }
            Err(why) => {
                self.gaps.insert(why);
                None
            }
        }
    }

    /// Adds that a package needs a label.
    pub(crate) fn needs(&mut self, package: &str, label: &str, line: Option<usize>) {
        let Some(needed) = self.add(label).filter(|needed| needed != package) else { return };
        let needs = self.packages.entry(package.to_owned()).or_default();
        needs.entry(needed).or_insert(line);
    }

    fn projects(&self, reader: &mut ManifestReader<'_>, file: &str) -> Vec<Project> {
        let shared: BTreeSet<String> = reader.those_in("", &SHARED).into_iter().collect();
        let mut projects = Vec::new();
        for (package, needs) in &self.packages {
            let manifest = manifest(reader, package);
            if !reader.is_listed(&manifest) {
                reader.gap(file, format!("the package //{package} has no BUILD file in the repository"));
            }
            let depends_on = needs.iter().map(|(folder, line)| ProjectDependency {
                folder: folder.clone(),
                manifest: manifest.clone(),
                line: *line,
            });
            projects.push(Project {
                name: format!("//{package}"),
                folder: package.clone(),
                tool: BuildTool::Bazel,
                depends_on: depends_on.collect(),
                shared_files: shared.iter().filter(|_| !package.is_empty()).cloned().collect(),
                manifest,
            });
        }
        projects
    }
}

/// The BUILD file of a package. Bazel reads BUILD.bazel first.
fn manifest(reader: &ManifestReader<'_>, package: &str) -> String {
    let preferred = join(package, "BUILD.bazel");
    if reader.is_listed(&preferred) { preferred } else { join(package, "BUILD") }
}

/// The line of a location: a file, a line and a column.
pub(crate) fn line_of(location: &str) -> Option<usize> {
    let mut parts = name(location).split(':').skip(1);
    parts.next()?.parse().ok()
}
