//! Owns one package.json. Values of unexpected types count as missing, as package managers treat most of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::line::lines_of_members;

/// The tables of dependencies. pnpm's own affected answer counts peers, too.
const TABLES: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

#[derive(Debug)]
pub(crate) struct NodePackage {
    json: Map<String, Value>,
    /// The lines of dependencies, by the table and the name.
    lines: BTreeMap<(&'static str, String), usize>,
}

/// A dependency as a manifest has it.
#[derive(Debug, Clone)]
pub(crate) struct NodeDependency<'p> {
    pub(crate) table: &'static str,
    pub(crate) name: &'p str,
    pub(crate) specifier: &'p str,
}

impl NodePackage {
    pub(crate) fn parse(text: String) -> Result<Self, String> {
        let json = serde_json::from_str(&text).map_err(|error| format!("cannot be read: {error}"))?;
        Ok(Self { json, lines: lines(&text) })
    }

    fn string(&self, key: &str) -> Option<&str> {
        self.json.get(key)?.as_str()
    }

    fn table(&self, key: &str) -> impl Iterator<Item = (&str, &str)> {
        strings(self.json.get(key))
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.string("name").filter(|name| !name.is_empty())
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.string("version")
    }

    /// `packageManager`: a name, `@` and a version.
    pub(crate) fn manager(&self) -> Option<&str> {
        self.string("packageManager")
    }

    /// The patterns of the members: a list, or an object that has the list as `packages`.
    pub(crate) fn members(&self) -> Option<Vec<String>> {
        let workspaces = self.json.get("workspaces")?;
        let list = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array())?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    pub(crate) fn dependencies(&self) -> impl Iterator<Item = NodeDependency<'_>> {
        TABLES.into_iter().flat_map(|table| {
            self.table(table).map(move |(name, specifier)| NodeDependency { table, name, specifier })
        })
    }

    pub(crate) fn line(&self, dependency: &NodeDependency<'_>) -> Option<usize> {
        self.lines.get(&(dependency.table, dependency.name.to_owned())).copied()
    }

    /// What a root puts in place of a package: of npm, Yarn and pnpm.
    pub(crate) fn overrides(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_pnpm = self.json.get("pnpm").and_then(|pnpm| pnpm.get("overrides"));
        self.table("overrides").chain(self.table("resolutions")).chain(strings(of_pnpm))
    }
}

fn lines(text: &str) -> BTreeMap<(&'static str, String), usize> {
    let all = lines_of_members(text);
    let of_table = |((table, name), line): (&(&str, &str), &usize)| {
        let table = TABLES.into_iter().find(|known| known == table)?;
        Some(((table, (*name).to_owned()), *line))
    };
    all.iter().filter_map(of_table).collect()
}

/// The members of an object that are strings.
pub(crate) fn strings(object: Option<&Value>) -> impl Iterator<Item = (&str, &str)> {
    let members = object.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}
