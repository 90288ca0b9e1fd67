//! Owns one Cargo.toml: what cargo_toml reads, and the lines of its dependencies.

use std::collections::BTreeMap;

use cargo_toml::{Dependency, DepsSet, Manifest, OptionalFile, Product};
use toml::de::{DeTable, DeValue};

use crate::line::LineStarts;
use crate::paths::resolve;
use crate::patterns::MOST_PATTERNS;

#[derive(Debug)]
pub(crate) struct CrateManifest {
    pub(crate) package: Manifest,
    lines: BTreeMap<String, usize>,
}

impl CrateManifest {
    pub(crate) fn parse(text: String) -> Result<Self, String> {
        let package = Manifest::from_str(&text).map_err(|error| format!("cannot be read: {error}"))?;
        let listed = |workspace: &cargo_toml::Workspace| workspace.members.len() + workspace.exclude.len();
        if package.workspace.as_ref().map_or(0, listed) > MOST_PATTERNS {
            return Err(format!("has more than {MOST_PATTERNS} members"));
        }
        let mut lines = BTreeMap::new();
        if let Ok(table) = DeTable::parse(&text) {
            note_lines(table.get_ref(), false, &LineStarts::of(&text), &mut lines);
        }
        Ok(Self { package, lines })
    }

    pub(crate) fn is_root(&self) -> bool {
        self.package.workspace.is_some()
    }

    /// The line of a dependency, by its name in the table.
    pub(crate) fn line(&self, dependency: &str) -> Option<usize> {
        self.lines.get(dependency).copied()
    }

    /// Every table of dependencies: of tests, build scripts and platforms, too.
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = (&String, &Dependency)> {
        let package = &self.package;
        let platforms = package.target.values();
        let of_platform = |target| {
            let target: &cargo_toml::Target = target;
            [&target.dependencies, &target.dev_dependencies, &target.build_dependencies]
        };
        let own = [&package.dependencies, &package.dev_dependencies, &package.build_dependencies];
        own.into_iter().chain(platforms.flat_map(of_platform)).flat_map(DepsSet::iter)
    }

    /// The files that targets name.
    pub(crate) fn sources(&self, folder: &str) -> impl Iterator<Item = String> {
        let package = &self.package;
        let lists = [&package.bin, &package.bench, &package.test, &package.example];
        let targets = package.lib.iter().chain(lists.into_iter().flatten());
        let paths = targets.filter_map(|target: &Product| target.path.as_deref()).chain(self.build_script());
        paths.filter_map(|path| resolve(folder, path)).collect::<Vec<_>>().into_iter()
    }

    fn build_script(&self) -> Option<&str> {
        match self.package.package.as_ref()?.build.as_ref()? {
            OptionalFile::Path(path) => path.to_str(),
            OptionalFile::Flag(_) => None,
        }
    }
}

/// Notes the first line of each key below a table whose name ends in `dependencies`. The parser bounds the depth.
fn note_lines(table: &DeTable<'_>, is_list: bool, starts: &LineStarts, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        if is_list {
            let line = starts.line(key.span().start);
            lines
                .entry(key.get_ref().to_string())
                .and_modify(|first| *first = line.min(*first))
                .or_insert(line);
        } else if let DeValue::Table(inner) = value.get_ref() {
            let name = key.get_ref();
            note_lines(inner, name.ends_with("dependencies"), starts, lines);
        }
    }
}
