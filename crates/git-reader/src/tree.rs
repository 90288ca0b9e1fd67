//! Owns the entries of a commit's tree, as `git ls-tree` lists them.

/// A file of a commit's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedFile {
    /// The file's bytes. The content of a symbolic link is the link's target.
    pub content: Vec<u8>,
    /// As git writes it: `100644`, `100755` (executable) or `120000` (symbolic link).
    pub mode: String,
}

impl CommittedFile {
    /// Whether the file is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.mode == "120000"
    }
}

/// An entry of a commit's tree: a file, a folder or a submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// As git writes it, `100644` for example.
    pub mode: String,
    /// `blob`, `tree` or, for a submodule, `commit`.
    pub kind: String,
    /// The object's id.
    pub id: String,
    /// In bytes; `None` for a folder, a submodule and a blob that a partial clone lacks.
    pub size: Option<u64>,
}

impl TreeEntry {
    /// Reads one line of `git ls-tree -l -z`; `None` if the line is about another path.
    pub(crate) fn parse(line: &[u8], wanted: &str) -> Option<TreeEntry> {
        let line = std::str::from_utf8(line).ok()?;
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split_ascii_whitespace().map(str::to_owned);
        let entry = TreeEntry {
            mode: facts.next()?,
            kind: facts.next()?,
            id: facts.next()?,
            size: facts.next().and_then(|size| size.parse().ok()),
        };
        (path == wanted).then_some(entry)
    }
}
