//! Owns workspaces of npm, pnpm and Yarn: which packages are members.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::BuildTool;
use crate::node::settings::WorkspaceSettings;
use crate::node::{MANIFEST, NodeReader, PNPM_WORKSPACE};
use crate::paths::{ancestors, join};
use crate::patterns::{MOST_PATTERNS, MemberPattern};

#[derive(Debug)]
pub(crate) struct NodeWorkspace {
    pub(crate) root: String,
    pub(crate) tool: BuildTool,
    /// Folder and version of each member, by its name.
    pub(crate) by_name: BTreeMap<String, (String, Option<String>)>,
    pub(crate) settings: WorkspaceSettings,
}

/// Patterns in their order, with `!` for those that leave out.
#[derive(Debug)]
struct MemberPatterns {
    patterns: Vec<(bool, MemberPattern)>,
    /// In npm the last pattern that matches counts; elsewhere a pattern with `!` always counts.
    last_counts: bool,
}

impl MemberPatterns {
    fn matches(&self, manifest: &str) -> bool {
        let mut matching = self.patterns.iter().filter(|(_, pattern)| pattern.matches(manifest));
        match self.last_counts {
            true => matching.next_back().is_some_and(|(is_positive, _)| *is_positive),
            false => {
                let signs: Vec<bool> = matching.map(|(is_positive, _)| *is_positive).collect();
                !signs.is_empty() && signs.iter().all(|is_positive| *is_positive)
            }
        }
    }
}

impl NodeReader<'_, '_> {
    /// Adds the workspace of a folder, if it is the root of one. A root inside another workspace needs a lock file of its own.
    pub(crate) fn add_workspace(&mut self, root: &str, folders: &[String]) {
        let is_enclosed = ancestors(root).any(|above| self.workspaces.contains_key(above));
        if self.member_of.contains_key(root)
            || self.is_inside_member(root)
            || (is_enclosed && !self.has_lock(root))
        {
            return;
        }
        let Some((manifest, patterns)) = self.member_patterns(root) else { return };
        let tool = self.tool(root);
        let mut members = self.matching(root, &manifest, &patterns, tool, folders);
        if tool == BuildTool::Yarn {
            self.add_nested(&mut members, folders);
        }
        members.push(root.to_owned());
        let by_name = self.by_name(&members);
        let settings = self.settings(root, tool);
        for member in members {
            self.member_of.entry(member).or_insert_with(|| root.to_owned());
        }
        let workspace = NodeWorkspace { root: root.to_owned(), tool, by_name, settings };
        self.workspaces.insert(root.to_owned(), Rc::new(workspace));
    }

    /// The file that lists the members, and the patterns in it.
    fn member_patterns(&mut self, root: &str) -> Option<(String, Vec<String>)> {
        let yaml = join(root, PNPM_WORKSPACE);
        if self.reader.is_listed(&yaml) {
            // A file of settings alone has the root as its one package.
            let patterns = self.pnpm_file(root).and_then(|file| file.packages).unwrap_or_default();
            return Some((yaml, patterns));
        }
        Some((join(root, MANIFEST), self.package(root).ok()?.members()?))
    }

    fn matching(
        &mut self,
        root: &str,
        manifest: &str,
        patterns: &[String],
        tool: BuildTool,
        folders: &[String],
    ) -> Vec<String> {
        let mut read = MemberPatterns { patterns: Vec::new(), last_counts: tool == BuildTool::Npm };
        if patterns.len() > MOST_PATTERNS {
            self.reader
                .gap(manifest, format!("has more than {MOST_PATTERNS} members; the others are not read"));
        }
        for pattern in patterns.iter().take(MOST_PATTERNS) {
            let (is_positive, text) = match pattern.strip_prefix('!') {
                Some(text) => (false, text),
                None => (true, pattern.as_str()),
            };
            match MemberPattern::new(root, text, MANIFEST) {
                Ok(pattern) => read.patterns.push((is_positive, pattern)),
                Err(why) => self.reader.gap(manifest, why),
            }
        }
        let literals = read.patterns.iter().filter(|(is_positive, _)| *is_positive);
        for missing in literals.filter_map(|(_, pattern)| pattern.literal.as_ref()) {
            if missing != root && !self.reader.is_listed(&join(missing, MANIFEST)) {
                self.reader.gap(manifest, format!("the member {missing} has no {MANIFEST}"));
            }
        }
        let is_member = |folder: &&String| *folder != root && read.matches(&join(folder, MANIFEST));
        folders.iter().filter(is_member).cloned().collect()
    }

    /// Yarn's workspaces nest: a member may have members.
    fn add_nested(&mut self, members: &mut Vec<String>, folders: &[String]) {
        let mut next = 0;
        while let Some(member) = members.get(next).cloned() {
            next += 1;
            let nested = self.package(&member).ok().and_then(|package| package.members());
            let Some(patterns) = nested else { continue };
            let manifest = join(&member, MANIFEST);
            let found = self.matching(&member, &manifest, &patterns, BuildTool::Yarn, folders);
            let new: Vec<String> = found.into_iter().filter(|folder| !members.contains(folder)).collect();
            members.extend(new);
        }
    }

    fn by_name(&mut self, members: &[String]) -> BTreeMap<String, (String, Option<String>)> {
        let mut by_name: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
        for folder in members {
            let Ok(package) = self.package(folder) else { continue };
            let Some(name) = package.name() else { continue };
            if let Some((first, _)) = by_name.get(name) {
                let why = format!("has the name {name}, as {first} has; the first one counts");
                self.reader.gap(&join(folder, MANIFEST), why);
                continue;
            }
            by_name.insert(name.to_owned(), (folder.clone(), package.version().map(str::to_owned)));
        }
        by_name
    }
}
