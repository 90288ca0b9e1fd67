//! Owns the imports of Go's files. In a workspace, a module can import a package of another one without requiring it.

use std::collections::BTreeSet;

use crate::go::{GoReader, MANIFEST, WORK};
use crate::paths::{ancestors, join, parent};

/// Generated files can be large, and imports stand at the beginning.
const LARGEST_SOURCE: u64 = 16 << 20;

impl GoReader<'_, '_> {
    /// The folders of modules of a workspace that the files of a module import.
    pub(crate) fn imported(&mut self, folder: &str, root: &str) -> BTreeSet<String> {
        let mut imported = BTreeSet::new();
        for path in self.sources(folder) {
            if !self.reader.has_left(LARGEST_SOURCE) {
                self.reader.gap(&join(root, WORK), "is of too many files: not all imports are read");
                break;
            }
            match self.reader.text_at_most(&path, LARGEST_SOURCE) {
                Ok(text) => imported.extend(imports(&text).map(str::to_owned)),
                Err(why) => self.reader.gap(&path, why),
            }
        }
        let Some(workspace) = self.workspaces.get(root) else { return BTreeSet::new() };
        imported.iter().filter_map(|import| workspace.provider(import)).map(str::to_owned).collect()
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

/// The paths in the import declarations of a file: all before the first other declaration.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let mut is_block = false;
    let lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("package "));
    let relevant = lines.take_while(|line| !is_declaration(line));
    relevant.filter_map(move |line| {
        let rest = line.strip_prefix("import").filter(|rest| rest.starts_with([' ', '\t', '(', '"', '`']));
        if line.starts_with("//") || (rest.is_none() && !is_block) {
            return None;
        }
        is_block = (is_block || rest.is_some_and(|rest| rest.trim_start().starts_with('(')))
            && !line.starts_with(')');
        quoted(rest.unwrap_or(line))
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
        assert_eq!(imports(text).collect::<Vec<_>>(), ["one", "two", "three", "four"]);
    }
}
