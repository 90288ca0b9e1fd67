//! The build graph of a repository: its projects, and which of them depend on which, as the manifests of its workspaces say.
//!
//! Only files are read. No program of the repository or its build tools runs.

mod affected;
mod bazel;
mod cargo;
mod error;
mod files;
mod go;
mod line;
mod maven;
mod node;
mod paths;
mod patterns;
mod reader;
mod xml;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

use std::collections::BTreeSet;

pub use crate::error::GraphError;
pub use crate::files::{FolderFiles, RepositoryFiles};

use crate::reader::ManifestReader;

/// The projects of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildGraph {
    /// Every project, by its folder.
    pub projects: Vec<Project>,
    /// What could not be read, or is not understood.
    pub gaps: Vec<Gap>,
}

impl BuildGraph {
    /// Reads the graph from the manifests of a repository.
    ///
    /// A manifest that cannot be read, or that names what is not there, is a gap.
    #[must_use]
    pub fn read(files: &dyn RepositoryFiles) -> Self {
        let mut reader = ManifestReader::of(files);
        let mut projects = cargo::projects(&mut reader);
        projects.extend(node::projects(&mut reader));
        projects.extend(go::projects(&mut reader));
        projects.extend(maven::projects(&mut reader));
        Self { projects, gaps: reader.into_gaps() }.in_order()
    }

    fn in_order(mut self) -> Self {
        for project in &mut self.projects {
            project.depends_on.sort();
            project.depends_on.dedup_by(|one, other| one.folder == other.folder);
        }
        self.projects.sort_by(|one, other| (&one.folder, one.tool).cmp(&(&other.folder, other.tool)));
        self.gaps.sort();
        self.gaps.dedup();
        self
    }
}

/// A project: a package, a crate, a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name, as its manifest has it.
    pub name: String,
    /// Its folder from the top of the repository, with `/`; empty for the top itself.
    pub folder: String,
    /// The build tool that its workspace is of.
    pub tool: BuildTool,
    /// Its manifest, from the top of the repository.
    pub manifest: String,
    /// The projects of this repository that it depends on directly.
    pub depends_on: Vec<ProjectDependency>,
    /// Files outside its folder that every build of it reads: the lock file, the workspace's manifest.
    pub shared_files: BTreeSet<String>,
}

/// A dependency of a project on another one of the same repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectDependency {
    /// The folder of the other project.
    pub folder: String,
    /// The manifest that names the dependency, or the source file that imports it.
    pub manifest: String,
    /// Its line, from 1, if it is known.
    pub line: Option<usize>,
}

/// A build tool whose workspaces are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuildTool {
    /// npm.
    Npm,
    /// pnpm.
    Pnpm,
    /// Yarn.
    Yarn,
    /// cargo.
    Cargo,
    /// Go, with go.work.
    Go,
    /// Maven.
    Maven,
    /// Bazel, from the output of `bazel query`.
    Bazel,
}

/// A part of the repository whose dependencies are not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The file, from the top of the repository.
    pub file: String,
    /// Why.
    pub why: String,
}
