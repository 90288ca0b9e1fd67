//! From what a source holds to rules: a document is good or not, and a row is good or disabled.

use std::collections::{BTreeMap, BTreeSet};

use shared::call_error::CallError;
use shared::config::{
    BrokenRow, Document, Problem, ProblemLevel, RuleRow, RulesFiles, RulesRemark, has_errors, render, summary,
};

use crate::object::{NewestObject, ObjectContent, ObjectVersion, RulesObject};
use crate::table::{RulesItems, TABLES};

/// Reads a function's rules from a document.
pub(crate) type Reader<R> = dyn Fn(&Document, &mut Vec<Problem>) -> R;

/// Why a document gives no rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotUnderstood {
    /// In a line.
    pub(crate) summary: String,
    /// With every underlined text.
    pub(crate) rendered: String,
}

impl NotUnderstood {
    pub(crate) fn because(why: impl Into<String>) -> Self {
        let summary = why.into();
        Self { rendered: summary.clone(), summary }
    }

    fn of(document: &Document, problems: &[Problem]) -> Self {
        let rendered = render(document, document.name(), problems, false);
        Self { summary: summary(document, problems), rendered }
    }
}

/// The document of a version of an object.
pub(crate) fn document_of(source: &str, version: &ObjectVersion) -> Result<Document, NotUnderstood> {
    match &version.content {
        ObjectContent::Unusable(why) => Err(NotUnderstood::because(why)),
        ObjectContent::Bytes(bytes) => {
            let document = Document::from_bytes(source, bytes.clone());
            // A failed upload leaves an empty object. It must not count as the wish to have no rules.
            if document.is_empty() {
                return Err(NotUnderstood::because("the object has no table"));
            }
            Ok(document)
        }
    }
}

/// The keys of tables that name a file beside the rules.
const FILE_KEYS: &[(&str, &str)] = &[("window", "holidays-file")];

/// The most files that rules may name.
const MOST_FILES: usize = 50;

/// A document with the files that it names, as they are now, and the ETag of each.
pub(crate) async fn with_files(
    document: Document,
    object: &RulesObject,
) -> Result<(Document, FileTags), CallError> {
    let mut names: Vec<String> =
        FILE_KEYS.iter().flat_map(|(table, key)| document.files_named(table, key)).collect();
    names.truncate(MOST_FILES);
    let (mut files, mut tags) = (RulesFiles::default(), FileTags::new());
    for name in names {
        let beside = object.beside(&name);
        let (content, tag) = match beside.newest(None).await? {
            NewestObject::Read(ObjectVersion { content: ObjectContent::Bytes(bytes), etag, .. }) => {
                (Ok(bytes), etag)
            }
            NewestObject::Read(ObjectVersion { content: ObjectContent::Unusable(why), etag, .. }) => {
                (Err(why), etag)
            }
            NewestObject::Missing | NewestObject::Same => {
                (Err(format!("there is no object s3://{}/{}", beside.bucket, beside.key)), None)
            }
        };
        files.add(&name, content);
        tags.insert(name, tag);
    }
    Ok((document.with_files(files), tags))
}

/// Whether a file is another one than it was.
pub(crate) async fn files_changed(tags: &FileTags, object: &RulesObject) -> Result<bool, CallError> {
    for (name, tag) in tags {
        match (object.beside(name).newest(tag.as_deref()).await?, tag) {
            (NewestObject::Same, _) | (NewestObject::Missing, None) => {}
            _ => return Ok(true),
        }
    }
    Ok(false)
}

/// The ETags of the files beside the rules, by their names.
pub(crate) type FileTags = BTreeMap<String, Option<String>>;

/// The rules of an object's document without errors. A table that no function reads is one: it may be a misspelt table of this
/// function, whose rules must not seem to be removed.
pub(crate) fn whole<R>(document: Document, read: &Reader<R>) -> Result<R, NotUnderstood> {
    let (document, mut problems) = (document.without_warnings(), Vec::new());
    document.tables_beside(TABLES, &mut problems);
    let rules = read(&document, &mut problems);
    if has_errors(&problems) { Err(NotUnderstood::of(&document, &problems)) } else { Ok(rules) }
}

/// The rules of the rows without errors, and the remarks about the others. A row that conflicts with an earlier one is the one
/// that is disabled.
pub(crate) fn rows<R>(
    source: &str,
    items: RulesItems,
    read: &Reader<R>,
) -> Result<(R, Vec<RulesRemark>), NotUnderstood> {
    let RulesItems { mut rows, files } = items;
    let mut broken: Vec<BrokenRow> = Vec::new();
    loop {
        let document = Document::of_rows(source, &rows).with_files(files.clone());
        let document = document.with_broken_rows(broken.clone()).without_warnings();
        let mut problems = document.problems().to_vec();
        let rules = read(&document, &mut problems);
        let errors: Vec<Problem> =
            problems.into_iter().filter(|problem| problem.level == ProblemLevel::Error).collect();
        if errors.is_empty() {
            let remark = |row: &BrokenRow| RulesRemark::BrokenRow {
                row: row.place.to_string(),
                problem: row.problems.clone(),
            };
            return Ok((rules, broken.iter().map(remark).collect()));
        }
        let of_rows: Vec<Option<usize>> =
            errors.iter().map(|problem| document.row_index(problem.span.start)).collect();
        if of_rows.contains(&None) {
            return Err(NotUnderstood::of(&document, &errors));
        }
        let bad: BTreeSet<usize> = of_rows.iter().flatten().copied().collect();
        for index in &bad {
            let own: Vec<Problem> = errors
                .iter()
                .zip(&of_rows)
                .filter(|(_, row)| **row == Some(*index))
                .map(|(problem, _)| problem.clone())
                .collect();
            broken.push(broken_row(&document, &rows[*index], &own));
        }
        let mut index = 0;
        rows.retain(|_| {
            index += 1;
            !bad.contains(&(index - 1))
        });
        // The order of the ids, so that two reads of the same rows give the same remarks.
        broken.sort_by(|left, right| left.place.cmp(&right.place));
    }
}

fn broken_row(document: &Document, row: &RuleRow, problems: &[Problem]) -> BrokenRow {
    let alone = Document::of_rows(document.name(), [row]);
    let header = alone.text().find('\n').map_or(0, |end| end + 1);
    BrokenRow {
        place: alone.place(&(header..header)),
        table: row.table.clone(),
        problems: summary(document, problems),
        document: alone.without_warnings(),
    }
}
