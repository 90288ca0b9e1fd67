//! Owns one go.mod or go.work, as gomod-parser reads it.

use std::collections::BTreeMap;
use std::str::FromStr;

use gomod_parser::{GoMod, ModuleReplacement, Replacement};

use crate::line::LineStarts;

#[derive(Debug)]
pub(crate) struct GoManifest {
    module: GoMod,
    /// Of what the parser read: it has the lines of the file.
    starts: LineStarts,
    /// Folders in place of modules, by the paths of these, from the folder of the file.
    replacements: BTreeMap<String, String>,
}

impl GoManifest {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = plain(text);
        let module = GoMod::from_str(&text).map_err(|error| {
            let error = error.lines().next().unwrap_or_default().to_owned();
            format!("cannot be read: {error}")
        })?;
        let replacements = module.replace.iter().filter_map(local).collect();
        Ok(Self { module, starts: LineStarts::of(&text), replacements })
    }

    /// go.work has the grammar of go.mod, and `use` in place of most directives. The parser knows `ignore`, which has the same form.
    pub(crate) fn parse_workspace(text: &str) -> Result<Self, String> {
        let as_ignore = |line: &str| match line.strip_prefix("use ").or_else(|| line.strip_prefix("use\t")) {
            Some(rest) => format!("ignore {rest}\n"),
            None => format!("{line}\n"),
        };
        Self::parse(&plain(text).lines().map(as_ignore).collect::<String>())
    }

    /// The module's path.
    pub(crate) fn name(&self) -> &str {
        &self.module.module
    }

    /// The folders that a go.work uses.
    pub(crate) fn used(&self) -> &[String] {
        &self.module.ignore
    }

    /// The modules that it requires, directly or not, and their lines.
    pub(crate) fn required(&self) -> impl Iterator<Item = (&str, usize)> {
        let line = |start| self.starts.line(start);
        let modules = self.module.require.iter().map(|required| &required.module);
        modules.map(move |module| (module.module_path.as_str(), line(module.path_span.start)))
    }

    /// The folder in place of a module, from the folder of this file.
    pub(crate) fn replacement(&self, module: &str) -> Option<&str> {
        self.replacements.get(module).map(String::as_str)
    }

    pub(crate) fn replacements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.replacements.iter().map(|(module, path)| (module.as_str(), path.as_str()))
    }
}

/// A replacement by a folder. Any version counts.
fn local(replace: &ModuleReplacement) -> Option<(String, String)> {
    match &replace.replacement {
        Replacement::FilePath(path) => Some((replace.module_path.clone(), path.clone())),
        Replacement::Module(_) => None,
    }
}

/// The lines of a file without comments, quotes and indentation. The parser takes a comment behind a replacement as its version.
fn plain(text: &str) -> String {
    let plain = |line: &str| {
        let end = line.match_indices("//").map(|(at, _)| at).find(|at| is_comment(line, *at));
        let line = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
        let line = line.replace(['"', '`'], "");
        let line = line.trim();
        match line.strip_suffix('(') {
            Some(directive) => format!("{} (\n", directive.trim_end()),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(plain).collect()
}

/// A comment begins at the start or behind a space.
fn is_comment(line: &str, at: usize) -> bool {
    line.get(..at).is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_quotes_and_blocks_change_nothing() {
        let text = "// Deprecated: no\n\n  module \"example.com/a\" // here\ngo 1.24\n\nrequire(\n\t// one\n\texample.com/b v1.0.0 // indirect\n\n\
                    \t`example.com/c` v0.0.0\n)\nrequire example.com/d v1.0.0\nreplace example.com/b => ../b // ours\n\
                    replace (\n\texample.com/c v0.0.0 => ./c\n\texample.com/d => example.com/e v1.0.0\n)\n\
                    tool example.com/c/cmd\nretract [v1.0.0, v1.1.0]\n";
        let module = GoManifest::parse(text).unwrap();
        assert_eq!(module.name(), "example.com/a");
        let required: Vec<_> = module.required().collect();
        assert_eq!(required, [("example.com/b", 8), ("example.com/c", 10), ("example.com/d", 12)]);
        assert_eq!(module.replacement("example.com/b"), Some("../b"));
        assert_eq!(module.replacement("example.com/c"), Some("./c"));
        assert_eq!(module.replacement("example.com/d"), None);
    }

    #[test]
    fn a_workspace_uses_folders() {
        let work = GoManifest::parse_workspace(
            "go 1.24\nuse ./a // first\nuse (\n\t./b\n\t\"c\"\n)\nreplace x => ./x\n",
        );
        let work = work.unwrap();
        assert_eq!(work.used(), ["./a", "./b", "c"]);
        assert_eq!(work.replacements().collect::<Vec<_>>(), [("x", "./x")]);
    }
}
