//! The files beside rules that are in no folder: objects of a bucket, or items of a table.

use std::collections::BTreeMap;

use super::Document;

/// The files by their names, each with its bytes, or why it cannot be read.
#[derive(Debug, Clone, Default)]
pub struct RulesFiles(BTreeMap<String, Result<Vec<u8>, String>>);

impl RulesFiles {
    /// Adds a file.
    pub fn add(&mut self, name: impl Into<String>, content: Result<Vec<u8>, String>) {
        self.0.insert(name.into(), content);
    }

    pub(super) fn get(&self, name: &str) -> Option<Result<Vec<u8>, String>> {
        self.0.get(name).cloned()
    }
}

impl Document {
    /// The same document with the files beside it.
    #[must_use]
    pub fn with_files(mut self, files: RulesFiles) -> Self {
        self.files = files;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BesideError;

    #[test]
    fn a_file_beside_rules_of_no_folder_is_one_that_was_given() {
        let document = Document::new(
            "s3://b/k",
            "[[window]]\nholidays-file = \"a.ics\"\n[[window]]\nholidays-file = \"../b\"\n",
        );
        assert_eq!(document.files_named("window", "holidays-file"), ["a.ics"]);
        let mut files = RulesFiles::default();
        files.add("a.ics", Ok(b"x".to_vec()));
        files.add("c.ics", Err("there is no such object".to_owned()));
        let document = document.with_files(files);
        assert_eq!(document.beside("a.ics").unwrap(), b"x");
        assert_eq!(document.beside("c.ics").unwrap_err().to_string(), "there is no such object");
        assert!(matches!(document.beside("d.ics"), Err(BesideError::Nowhere)));
        for name in ["../a.ics", "x/a.ics", "", ".", "..", "/etc/passwd", "a\\b"] {
            assert!(matches!(document.beside(name), Err(BesideError::Name)), "{name}");
        }
    }
}
