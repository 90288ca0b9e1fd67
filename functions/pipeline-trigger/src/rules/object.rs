//! `[[pipeline]]` tables with `bucket`: objects that are created in S3.

use shared::config::codes::MISSING_KEY;
use shared::config::{Code, Document, Problem, TableReader, Text};
use shared::glob::{BAD_GLOB, EMPTY_LIST, Pattern, PatternList, read as patterns};

use super::artifact::{ArtifactRule, SourceKind, common, keys_of_others};
use super::ignore::{IgnoreLine, ignored_by};
use super::judge::NO_EFFECT;
use super::lines;
use super::variables::{CHANGED_FILES, OBJECT_KEY, OBJECT_VERSION};
use super::window::Windows;
use crate::because::{Because, Deciding};

pub(super) const EMPTY_BUCKET: Code = Code { name: "empty-bucket", title: "a rule has no bucket" };
pub(super) const BAD_BUCKET: Code = Code { name: "bad-bucket-name", title: "no bucket can have this name" };

/// A rule about objects that are created.
#[derive(Debug, Clone)]
pub struct ObjectRule {
    /// What every rule has.
    pub common: ArtifactRule,
    /// The bucket.
    pub bucket: String,
    /// The keys.
    pub keys: PatternList,
    /// Whether the object is a zip archive whose files are compared with those of the version before.
    pub archive: bool,
    /// The files of the archive that start the pipeline; every file when it is not written.
    pub paths: Option<PatternList>,
    /// The files of the archive that do not count, as gitignore lines.
    pub ignore: Vec<IgnoreLine>,
}

impl ObjectRule {
    /// Whether the changed files of the archive matter to the rule. Without patterns, a changed archive is one with a change.
    pub fn reads_archive(&self) -> bool {
        self.archive
    }

    /// Whether the changed files let the pipeline start, with the reason.
    ///
    /// # Errors
    /// Why they do not.
    pub fn by_files(&self, files: &[String]) -> Result<Because, Because> {
        if files.is_empty() {
            return Err(Because::NoChanges);
        }
        let (mut excluded, mut ignored, mut count) = (None, None, 0);
        for file in files {
            let (is_in, pattern) = self.paths.as_ref().map_or((true, None), |paths| paths.includes(file));
            let deciding = pattern.map(Deciding::of_pattern);
            if !is_in {
                excluded = excluded.or_else(|| Some((file.clone(), deciding?)));
                continue;
            }
            let Some(line) = ignored_by(&self.ignore, file) else {
                let file = file.clone();
                return Ok(match deciding {
                    Some(pattern) => Because::PathMatches { file, pattern },
                    None => Because::NotIgnored { file },
                });
            };
            count += 1;
            ignored = ignored.or_else(|| Some((file.clone(), Deciding::of_line(line))));
        }
        Err(match ignored {
            Some((file, line)) => Because::OnlyIgnored { files: count, file, line },
            None => Because::NoPathMatches { files: files.len(), excluded },
        })
    }
}

/// Reads a table. The texts of its name and its source come first.
pub(super) fn read(
    document: &Document,
    mut table: TableReader<'_, '_, '_>,
    windows: &mut Windows,
    name: Option<&Text>,
    place: shared::config::Place,
) -> (Option<Text>, Option<ObjectRule>) {
    let written = table.required_string("bucket", EMPTY_BUCKET);
    let bucket = written.clone().filter(|text| is_bucket(&mut table, text));
    let keys = keys(document, &mut table);
    let archive = table.boolean("archive").unwrap_or_default();
    let paths = patterns(document, &mut table, "paths");
    let ignore = lines::read(document, &mut table);
    if !archive {
        for key in ["paths", "ignore"] {
            no_archive(&mut table, key);
        }
    }
    let count: &[&'static str] = if archive { &[CHANGED_FILES] } else { &[] };
    let placeholders = [&[OBJECT_KEY, OBJECT_VERSION], count].concat();
    let common = common(&mut table, windows, place, (name, bucket.as_ref()), &placeholders);
    keys_of_others(&mut table, SourceKind::Bucket);
    table.finish();
    let rule = (|| {
        let (bucket, common, keys) = (bucket?.into_inner(), common?, keys?);
        Some(ObjectRule { common, bucket, keys, archive, paths, ignore })
    })();
    (written, rule)
}

fn no_archive(table: &mut TableReader<'_, '_, '_>, key: &'static str) {
    let Some(span) = table.span(key) else { return };
    let help = "add `archive = true`: the files of the zip archive are then compared with those of the version before";
    let label = format!("without `archive`, `{key}` is not asked");
    table.problem(Problem::new(NO_EFFECT, span, label).help(help));
}

/// The patterns of keys: one, or several. Keys have no rules of their own, so any pattern can match one.
fn keys(document: &Document, table: &mut TableReader<'_, '_, '_>) -> Option<PatternList> {
    if table.span("key").is_none() {
        let help = "add `key = \"...\"`, a pattern; `**` is every key";
        let problem = Problem::new(MISSING_KEY, table.header(), "this table has no `key`").help(help);
        table.problem(problem);
        return None;
    }
    let texts = table.texts("key")?;
    let mut parsed = Vec::new();
    for text in &texts {
        match Pattern::parse(text.get_ref(), document.place(&text.span()), text.span()) {
            Ok(pattern) => parsed.push(pattern),
            Err(bad) => table.problem(Problem::new(BAD_GLOB, text.span(), bad.message).help(bad.help)),
        }
    }
    if texts.is_empty() {
        let span = table.span("key").unwrap_or_else(|| table.header());
        table.problem(Problem::new(EMPTY_LIST, span, "`key` is empty").help("write at least one pattern"));
    }
    let is_whole = parsed.len() == texts.len();
    (!parsed.is_empty()).then_some(PatternList { patterns: parsed, is_whole })
}

/// "General purpose bucket naming rules", Amazon S3 User Guide.
fn is_bucket(table: &mut TableReader<'_, '_, '_>, text: &Text) -> bool {
    let is_legal = |name: &str| {
        let is_end =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = name.as_bytes();
        (3..=63).contains(&name.len())
            && is_end(bytes.first())
            && is_end(bytes.last())
            && bytes.iter().all(|byte| is_end(Some(byte)) || b".-".contains(byte))
            && !name.contains("..")
    };
    let name = text.get_ref();
    if is_legal(name) {
        return true;
    }
    let own = name.trim_start_matches("s3://").trim_start_matches("arn:aws:s3:::");
    let own = own.split('/').next().unwrap_or_default();
    let meant = if own != name && is_legal(own) { format!("did you mean `{own}`? ") } else { String::new() };
    let help =
        format!("{meant}write the bucket's name alone: 3 to 63 lower-case letters, digits, `.` and `-`");
    table.problem(Problem::new(BAD_BUCKET, text.span(), "not the name of a bucket").help(help));
    false
}
