//! Owns what a workspace's root decides for its members: overrides, catalogs, and what a plain range may mean.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::BuildTool;
use crate::node::NodeReader;
use crate::node::pnpm::WorkspaceFile;

#[derive(Debug, Default)]
pub(crate) struct WorkspaceSettings {
    /// Specifiers in place of those of members, by the name of the package; written from the root.
    pub(crate) overrides: BTreeMap<String, String>,
    /// Specifiers by the catalog's name and the package's. The catalog without a name is `default`.
    catalogs: BTreeMap<String, BTreeMap<String, String>>,
    /// May a plain range mean a member?
    pub(crate) links_ranges: bool,
}

impl WorkspaceSettings {
    /// What `catalog:` or `catalog:name` means for a package.
    pub(crate) fn in_catalog(&self, catalog: &str, package: &str) -> Option<&str> {
        let catalog = if catalog.is_empty() { "default" } else { catalog };
        self.catalogs.get(catalog)?.get(package).map(String::as_str)
    }

    fn add(&mut self, file: &WorkspaceFile) {
        let overrides = texts(&file.overrides);
        self.overrides.extend(overrides.map(|(key, specifier)| (overridden(&key).to_owned(), specifier)));
        self.catalogs.entry("default".to_owned()).or_default().extend(texts(&file.catalog));
        for (name, catalog) in &file.catalogs {
            self.catalogs.entry(name.clone()).or_default().extend(texts(catalog));
        }
    }
}

/// The package that the key of an override is about: `outer>name@1` in pnpm, `outer/name` and `**/name` in Yarn.
fn overridden(key: &str) -> &str {
    let key = key.rsplit('>').next().unwrap_or(key);
    let start = match key.rmatch_indices('/').map(|(at, _)| at).next() {
        None => 0,
        Some(last) => match key.get(..last).and_then(|outer| outer.rsplit('/').next()) {
            Some(scope) if scope.starts_with('@') => last - scope.len(),
            _ => last + 1,
        },
    };
    let name = key.get(start..).unwrap_or(key);
    let version = name.char_indices().skip(1).find(|(_, character)| *character == '@');
    version.and_then(|(at, _)| name.get(..at)).unwrap_or(name)
}

/// YAML reads a version such as `1` as a number.
fn texts(table: &BTreeMap<String, Value>) -> impl Iterator<Item = (String, String)> {
    table.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    })
}

impl NodeReader<'_, '_> {
    pub(crate) fn settings(&mut self, root: &str, tool: BuildTool) -> WorkspaceSettings {
        let mut settings = WorkspaceSettings::default();
        if let Ok(package) = self.package(root) {
            let own = package
                .overrides()
                .map(|(key, specifier)| (overridden(key).to_owned(), specifier.to_owned()));
            settings.overrides.extend(own);
        }
        let file = match tool {
            BuildTool::Pnpm => self.pnpm_settings(root),
            _ => self.yarn_file(root),
        };
        if let Some(file) = &file {
            settings.add(file);
        }
        settings.links_ranges = match (tool, &file) {
            (BuildTool::Pnpm, file) => self.links_ranges(root, file.as_ref()),
            (_, Some(file)) => file.enable_transparent_workspaces.unwrap_or(true),
            (_, None) => true,
        };
        settings
    }

    fn pnpm_settings(&mut self, root: &str) -> Option<WorkspaceFile> {
        let path = crate::paths::join(root, crate::node::PNPM_WORKSPACE);
        if self.reader.is_listed(&path) { self.pnpm_file(root) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_an_override_ends_with_the_name_of_the_package() {
        let expected = [
            ("a", "a"),
            ("@x/a", "@x/a"),
            ("a@^1", "a"),
            ("@x/a@1", "@x/a"),
            ("b@2>@x/a@1", "@x/a"),
            ("**/a", "a"),
            ("b/@x/a", "@x/a"),
            ("@y/b/a", "a"),
        ];
        for (key, name) in expected {
            assert_eq!(overridden(key), name, "{key}");
        }
    }
}
