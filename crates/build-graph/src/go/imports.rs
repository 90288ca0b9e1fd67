//! Owns the imports of Go's files. In a workspace, a module can import a package of another one without requiring it.

use std::collections::BTreeMap;

use crate::ProjectDependency;
use crate::go::{GoReader, MANIFEST, WORK};
use crate::paths::{ancestors, join, parent};

/// Generated files can be large, and imports stand at the beginning.
const LARGEST_SOURCE: u64 = 16 << 20;

impl GoReader<'_, '_> {
    /// The modules of a workspace that the files of a module import, with the first file and line of each.
    pub(crate) fn imported(&mut self, folder: &str, root: &str) -> Vec<ProjectDependency> {
        let mut imported = BTreeMap::new();
        for path in self.sources(folder) {
            if !self.reader.has_left(LARGEST_SOURCE) {
                self.reader.gap(&join(root, WORK), "is of too many files: not all imports are read");
                break;
            }
            match self.reader.text_at_most(&path, LARGEST_SOURCE) {
                Ok(text) => imports(&text).for_each(|(line, import)| {
                    imported.entry(import.to_owned()).or_insert_with(|| (path.clone(), line));
                }),
                Err(why) => self.reader.gap(&path, why),
            }
        }
        let Some(workspace) = self.workspaces.get(root) else { return Vec::new() };
        let of_module = |(import, (manifest, line)): (String, (String, usize))| {
            let folder = workspace.provider(&import)?.to_owned();
            Some(ProjectDependency { folder, manifest, line: Some(line) })
        };
        imported.into_iter().filter_map(of_module).collect()
    }

    /// The files of a module, without those of modules below it and of folders that Go leaves out.
    fn sources(&self, folder: &str) -> Vec<String> {
        let is_own = |path: &&String| {
            let mut above = ancestors(path);
            let nearest = above.find(|above| self.reader.is_listed(&join(above, MANIFEST)));
            nearest == Some(folder)
                && !super::is_left_out(parent(path).strip_prefix(folder).unwrap_or_default())
        };
        self.reader.below(folder).filter(|path| path.ends_with(".go")).filter(is_own).cloned().collect()
    }
}

/// The lines and paths in the import declarations of a file: all before the first other declaration.
fn imports(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_block = false;
    let lines = text.lines().map(str::trim).enumerate().skip_while(|(_, line)| !line.starts_with("package "));
    let relevant = lines.take_while(|(_, line)| !is_declaration(line));
    relevant.filter_map(move |(number, line)| {
        let rest = line.strip_prefix("import").filter(|rest| rest.starts_with([' ', '\t', '(', '"', '`']));
        if line.starts_with("//") || (rest.is_none() && !is_block) {
            return None;
        }
        is_block = (is_block || rest.is_some_and(|rest| rest.trim_start().starts_with('(')))
            && !line.starts_with(')');
        Some((number + 1, quoted(rest.unwrap_or(line))?))
    })
}

/// Imports precede every other declaration of a file.
fn is_declaration(line: &str) -> bool {
    ["func ", "func(", "type ", "type(", "var ", "var(", "const ", "const("]
        .iter()
        .any(|word| line.starts_with(word))
}

/// The text in the first quotes.
fn quoted(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(['"', '`'])?;
    rest.split(['"', '`']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_in_every_form() {
        let text = "// \"no\"\npackage a\nimport \"one\"\nimport(\n\"two\"; // \"no\"\n// \"no\"\n. \"three\"\n)\nimport x `four`\n\
                    // importance \"no\"\nvar y = `import \"no\"`\nimport \"no\"\n";
        assert_eq!(imports(text).collect::<Vec<_>>(), [(3, "one"), (5, "two"), (7, "three"), (9, "four")]);
    }
}
