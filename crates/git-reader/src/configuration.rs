//! Owns what a clone's configuration may say: a list of keys that are allowed, written to a configuration of our own.
//!
//! A key that is not on the list does not exist for git, so no key can name a program, whatever git's version knows.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::remote::Remote;

/// The largest configuration file of a clone that is read, in bytes.
pub(crate) const LARGEST: u64 = 4 * 1024 * 1024;

/// What our own configuration always says. The keys are git's defaults, or keep git from writing and from the network.
const ALWAYS: &str = "[core]
\tbare = true
\tfsmonitor = false
\thooksPath = /dev/null
[protocol]
\tallow = never
[advice]
\tgraftFileDeprecated = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
";

/// Keys of `core.*` that say how a working tree is stored. Each value is a word.
const CORE: [&str; 8] = [
    "core.autocrlf",
    "core.checkstat",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.symlinks",
    "core.trustctime",
];

/// Extensions that do not matter to a reader, or that a reader must not follow: a partial clone would fetch.
const WITHOUT_EFFECT: [&str; 7] = [
    "extensions.compatobjectformat",
    "extensions.noop",
    "extensions.noop-v1",
    "extensions.partialclone",
    "extensions.preciousobjects",
    "extensions.relativeworktrees",
    "extensions.worktreeconfig",
];

/// The allowed part of a clone's configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct CloneConfiguration {
    format: u32,
    sha256: bool,
    reftable: bool,
    words: Vec<(String, String)>,
    /// The remotes, in the order of the file.
    pub(crate) remotes: Vec<Remote>,
    /// The place of each remote in the list: a hostile file names as many as fit.
    by_name: HashMap<String, usize>,
    /// The remote and the merged reference of each branch.
    branches: Vec<(String, &'static str, String)>,
}

impl CloneConfiguration {
    /// Reads the output of `git config --list -z`.
    ///
    /// # Errors
    /// What the clone needs and this crate cannot read.
    pub(crate) fn parse(listed: &[u8]) -> Result<Self, String> {
        let mut read = Self::default();
        let text = String::from_utf8_lossy(listed);
        let entries =
            text.split_terminator('\0').map(|entry| entry.split_once('\n').unwrap_or((entry, "true")));
        let entries: Vec<(&str, &str)> = entries.collect();
        for (key, value) in &entries {
            read.add(key, value)?;
        }
        if read.format > 0 {
            entries.iter().try_for_each(|(key, value)| read.extension(key, value))?;
        }
        Ok(read)
    }

    fn add(&mut self, key: &str, value: &str) -> Result<(), String> {
        if key == "core.repositoryformatversion" {
            self.format = value.parse().ok().filter(|format| *format <= 1).ok_or_else(|| {
                format!("the format version {} of the repository is unknown", value.escape_debug())
            })?;
        } else if CORE.contains(&key) && is_word(value) {
            self.words.push((key.to_owned(), value.to_owned()));
        } else if let Some((name, key)) = subsection(key, "remote.") {
            match key {
                "url" => self.remote(name).urls.push(value.to_owned()),
                "fetch" => self.remote(name).fetches.push(value.to_owned()),
                _ => {}
            }
        } else if let Some((name, key)) = subsection(key, "branch.") {
            let key = ["remote", "merge"].into_iter().find(|allowed| *allowed == key);
            self.branches.extend(key.map(|key| (name.to_owned(), key, value.to_owned())));
        }
        Ok(())
    }

    fn extension(&mut self, key: &str, value: &str) -> Result<(), String> {
        match (key, value) {
            ("extensions.objectformat", "sha1") | ("extensions.refstorage", "files") => {}
            ("extensions.objectformat", "sha256") => self.sha256 = true,
            ("extensions.refstorage", "reftable") => self.reftable = true,
            (key, _) if !key.starts_with("extensions.") || WITHOUT_EFFECT.contains(&key) => {}
            (key, value) => {
                return Err(format!("`{} = {}` is unknown", key.escape_debug(), value.escape_debug()));
            }
        }
        Ok(())
    }

    fn remote(&mut self, name: &str) -> &mut Remote {
        let next = self.remotes.len();
        let index = *self.by_name.entry(name.to_owned()).or_insert(next);
        if index == next {
            self.remotes.push(Remote { name: name.to_owned(), ..Remote::default() });
        }
        &mut self.remotes[index]
    }

    /// Whether the configuration names this remote.
    pub(crate) fn has_remote(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether the repository's ids are SHA-256.
    pub(crate) fn is_sha256(&self) -> bool {
        self.sha256
    }

    /// The remote that the branch is configured to follow.
    pub(crate) fn remote_of(&self, branch: &str) -> Option<&str> {
        let of_branch = |(name, key, _): &&(String, &str, String)| name == branch && *key == "remote";
        self.branches.iter().rev().find(of_branch).map(|(_, _, remote)| remote.as_str())
    }

    /// A configuration file with the allowed keys. A remote has no URL in it, so there is nothing to fetch from.
    pub(crate) fn written(&self) -> String {
        let mut out = ALWAYS.to_owned();
        let extended = self.sha256 || self.reftable;
        let _ = writeln!(out, "[core]\n\trepositoryFormatVersion = {}", u8::from(extended));
        for (key, value) in &self.words {
            let _ = writeln!(out, "\t{} = {value}", key.trim_start_matches("core."));
        }
        for (key, value, set) in
            [("objectFormat", "sha256", self.sha256), ("refStorage", "reftable", self.reftable)]
        {
            if set {
                let _ = writeln!(out, "[extensions]\n\t{key} = {value}");
            }
        }
        for (branch, key, value) in &self.branches {
            section(&mut out, "branch", branch, key, value);
        }
        for remote in &self.remotes {
            for fetch in &remote.fetches {
                section(&mut out, "remote", &remote.name, "fetch", fetch);
            }
        }
        out
    }
}

/// `remote.NAME.KEY`: the name may contain dots.
fn subsection<'k>(key: &'k str, section: &str) -> Option<(&'k str, &'k str)> {
    key.strip_prefix(section)?.rsplit_once('.')
}

fn is_word(value: &str) -> bool {
    (1..=16).contains(&value.len()) && value.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

/// Writes one value. A name or a value with control characters, which no reference has, is left out.
fn section(out: &mut String, section: &str, name: &str, key: &str, value: &str) {
    if !name.chars().chain(value.chars()).any(char::is_control) {
        let _ = writeln!(out, "[{section} \"{}\"]\n\t{key} = \"{}\"", escaped(name), escaped(value));
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::CloneConfiguration;

    fn written(listed: &str) -> Result<String, String> {
        CloneConfiguration::parse(listed.replace('|', "\0").as_bytes()).map(|read| read.written())
    }

    #[test]
    fn a_key_that_is_not_on_the_list_is_left_out() {
        let hostile = "core.fsmonitor\ntouch RAN|core.autocrlf\ntouch RAN|remote.a.promisor\ntrue|remote.a.url\next::RAN|\
                       filter.x.clean\nRAN|include.path\nRAN|remote.a.uploadpack\nRAN|branch.m.x\nRAN|extensions.partialclone\nRAN|";
        assert!(!written(hostile).unwrap().contains("RAN"));
        assert!(!written(hostile).unwrap().contains("promisor"));
    }

    #[test]
    fn a_value_cannot_write_another_key() {
        let hostile = "branch.a\"]\\.merge\nx\" \\|branch.b.merge\nx\n[core]\n\tpager = RAN|";
        let text = written(hostile).unwrap();
        assert!(text.contains(r#"[branch "a\"]\\"]"#) && text.contains(r#"merge = "x\" \\""#), "{text}");
        assert!(!text.contains("RAN"), "{text}");
    }

    #[test]
    fn formats_are_kept_and_unknown_ones_are_refused() {
        let text = written("core.repositoryformatversion\n1|extensions.objectformat\nsha256|").unwrap();
        assert!(
            text.contains("objectFormat = sha256") && text.contains("repositoryFormatVersion = 1"),
            "{text}"
        );
        assert!(written("core.repositoryformatversion\n1|extensions.secret\ntrue|").is_err());
        assert!(
            written("core.repositoryformatversion\n0|extensions.secret\ntrue|").is_ok(),
            "as git reads it"
        );
        assert!(written("core.repositoryformatversion\n2|").is_err());
    }
}
