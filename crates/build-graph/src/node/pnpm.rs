//! Owns the files of pnpm and Yarn beside package.json: pnpm-workspace.yaml, .yarnrc.yml, .npmrc, and the version of the lock file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::{Options, alias_limits, options};

use crate::node::{NodeReader, PNPM_WORKSPACE};
use crate::paths::join;

/// A lock file has no limit of its own; the largest known ones have a few megabytes.
const LARGEST_LOCK: u64 = 64 << 20;

/// What pnpm-workspace.yaml and .yarnrc.yml have in common: catalogs of versions.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WorkspaceFile {
    pub(crate) packages: Option<Vec<String>>,
    pub(crate) catalog: BTreeMap<String, Value>,
    pub(crate) catalogs: BTreeMap<String, BTreeMap<String, Value>>,
    pub(crate) overrides: BTreeMap<String, Value>,
    /// `true`, `false` or `deep`.
    pub(crate) link_workspace_packages: Option<Value>,
    /// Yarn's setting of the same meaning.
    pub(crate) enable_transparent_workspaces: Option<bool>,
}

impl NodeReader<'_, '_> {
    /// pnpm-workspace.yaml of a folder. An unreadable one is a gap.
    pub(crate) fn pnpm_file(&mut self, root: &str) -> Option<WorkspaceFile> {
        self.yaml(&join(root, PNPM_WORKSPACE))
    }

    pub(crate) fn yarn_file(&mut self, root: &str) -> Option<WorkspaceFile> {
        let path = join(root, ".yarnrc.yml");
        if self.reader.is_listed(&path) { self.yaml(&path) } else { None }
    }

    fn yaml(&mut self, path: &str) -> Option<WorkspaceFile> {
        let read = self.reader.text(path).and_then(|text| {
            let file = serde_saphyr::from_str_with_options::<Option<WorkspaceFile>>(&text, within_limits());
            file.map_err(|error| format!("cannot be read: {}", first_line(&error.to_string())))
        });
        read.map_err(|why| self.reader.gap(path, why)).ok().flatten()
    }

    /// Does pnpm link a member for a plain range? It did before version 9, and does if a setting says so.
    pub(crate) fn links_ranges(&mut self, root: &str, file: Option<&WorkspaceFile>) -> bool {
        let of_file = file
            .and_then(|file| file.link_workspace_packages.as_ref())
            .map(|value| value != &Value::Bool(false));
        let of_rc = self.npmrc(root, "link-workspace-packages").map(|value| value != "false");
        let is_old = || self.pnpm_version(root).is_none_or(|major| major < 9);
        of_file.or(of_rc).unwrap_or_else(is_old)
    }

    fn npmrc(&mut self, root: &str, key: &str) -> Option<String> {
        let text = self.reader.text(&join(root, ".npmrc")).ok()?;
        let value = |line: &str| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        };
        text.lines().filter_map(value).next_back()
    }

    /// pnpm's major version, as packageManager or the lock file has it. A lock file of version 9 is of pnpm 9 or newer.
    fn pnpm_version(&mut self, root: &str) -> Option<u64> {
        let named = self.package(root).ok().and_then(|package| package.manager().map(str::to_owned));
        if let Some(version) = named.as_deref().and_then(|named| named.strip_prefix("pnpm@")) {
            return version.split('.').next()?.parse().ok();
        }
        let lock = self.reader.text_at_most(&join(root, "pnpm-lock.yaml"), LARGEST_LOCK).ok()?;
        let line = lock.lines().find_map(|line| line.strip_prefix("lockfileVersion:"))?;
        line.trim().trim_matches(['\'', '"']).split('.').next()?.parse().ok()
    }
}

/// Aliases of a small file can stand for gigabytes.
fn within_limits() -> Options {
    options! { alias_limits: alias_limits! { max_total_replayed_events: 20_000 } }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
