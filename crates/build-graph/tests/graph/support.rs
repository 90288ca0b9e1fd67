//! A repository in memory, and a graph as lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use build_graph::{BuildGraph, RepositoryFiles};

pub(crate) struct MemoryFiles {
    paths: BTreeSet<String>,
    links: BTreeSet<String>,
    contents: BTreeMap<String, String>,
}

/// A repository of files with their contents.
pub(crate) fn repository(files: &[(&str, &str)]) -> MemoryFiles {
    let owned = |(path, content): &(&str, &str)| ((*path).to_owned(), (*content).to_owned());
    let contents: BTreeMap<String, String> = files.iter().map(owned).collect();
    MemoryFiles { paths: contents.keys().cloned().collect(), links: BTreeSet::new(), contents }
}

impl MemoryFiles {
    pub(crate) fn with_link(mut self, path: &str) -> Self {
        self.links.insert(path.to_owned());
        self
    }
}

impl RepositoryFiles for MemoryFiles {
    fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    fn links(&self) -> &BTreeSet<String> {
        &self.links
    }

    fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        let content = self.contents.get(path).ok_or(io::ErrorKind::NotFound)?;
        if content.len() as u64 > most {
            return Err(io::Error::other(format!("has more than {most} bytes")));
        }
        Ok(content.clone().into_bytes())
    }
}

/// Each project: its folder, and what it depends on with the lines.
pub(crate) fn edges(graph: &BuildGraph) -> Vec<String> {
    let line = |project: &build_graph::Project| {
        let needs = project.depends_on.iter().map(|needed| match needed.line {
            Some(line) => format!("{}:{line}", needed.folder),
            None => needed.folder.clone(),
        });
        format!("{} -> {}", project.folder, needs.collect::<Vec<_>>().join(" ")).trim_end().to_owned()
    };
    graph.projects.iter().map(line).collect()
}

/// The folders that changed files affect.
pub(crate) fn affected<'g>(graph: &'g BuildGraph, changed: &[&str]) -> Vec<&'g str> {
    graph.affected(changed.iter().copied()).into_iter().map(|project| project.folder.as_str()).collect()
}

/// Each gap as a line.
pub(crate) fn gaps(graph: &BuildGraph) -> Vec<String> {
    graph.gaps.iter().map(|gap| format!("{}: {}", gap.file, gap.why)).collect()
}
