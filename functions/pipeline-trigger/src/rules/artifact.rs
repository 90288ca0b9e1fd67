//! What rules with `image` and rules with `bucket` have in common, and the keys that belong to another kind of source.

use std::sync::Arc;

use shared::config::{Code, Place, Problem, TableReader, Text};

use super::PipelineNamedAt;
use super::read::{TABLE, action, fixed_name};
use super::variables::{self, Variable};
use super::window::Windows;
use crate::FUNCTION;
use crate::window::Window;

/// A table has more than one source.
pub(super) const SEVERAL_SOURCES: Code =
    Code { name: "several-sources", title: "a rule has more than one source" };
/// A key of another kind of source.
pub(super) const OTHER_SOURCE: Code =
    Code { name: "key-of-another-source", title: "a key belongs to rules with another source" };

/// The keys that name a source.
const SOURCES: [&str; 3] = ["repository", "image", "bucket"];

/// The keys of rules with a source that is not a repository, besides those of each kind.
const COMMON: [&str; 4] = ["name", "source-action", "variables", "window"];

/// What a rule with `image` and a rule with `bucket` have.
#[derive(Debug, Clone)]
pub struct ArtifactRule {
    /// The pipeline that it starts.
    pub name: String,
    /// The pipeline's source action; found with GetPipeline when it is not written.
    pub source_action: Option<String>,
    /// The variables that the pipeline is started with, in the order of the file.
    pub variables: Vec<Variable>,
    /// The window in which the pipeline starts; at any time when it is not written.
    pub window: Option<Arc<Window>>,
    /// Where the rule stands.
    pub place: Place,
    /// The bytes of the file where its pipeline and its repository or bucket are named.
    pub named_at: PipelineNamedAt,
}

/// The kind of source that a table names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SourceKind {
    Repository,
    Image,
    Bucket,
}

impl SourceKind {
    /// The keys of its rules, besides the common ones.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Repository => &[],
            Self::Image => &["image", "image-tags"],
            Self::Bucket => &["bucket", "key", "archive", "paths", "ignore"],
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Image => "image",
            Self::Bucket => "bucket",
        }
    }
}

/// The source of a table; more than one is a problem. A table without a source is one of a repository, and lacks it.
pub(super) fn source(table: &mut TableReader<'_, '_, '_>) -> SourceKind {
    let written: Vec<_> = SOURCES.into_iter().filter_map(|key| Some((key, table.span(key)?))).collect();
    if let [first, second, ..] = &written[..] {
        let label = format!("this table also has `{}`", first.0);
        let help = "a rule has one source: move the keys of the other source to a table of their own";
        let problem = Problem::new(SEVERAL_SOURCES, second.1.clone(), label).help(help);
        table.problem(problem.related(first.1.clone(), "the other source"));
    }
    match written.first() {
        Some(("image", _)) => SourceKind::Image,
        Some(("bucket", _)) => SourceKind::Bucket,
        _ => SourceKind::Repository,
    }
}

/// Reports the keys that have no meaning for a source.
pub(super) fn keys_of_others(table: &mut TableReader<'_, '_, '_>, kind: SourceKind) {
    let keys = FUNCTION.described_table(TABLE).keys.iter().map(|key| key.name);
    let belongs = |key: &str| match kind {
        SourceKind::Repository => {
            !SourceKind::Image.keys().contains(&key) && !["bucket", "key", "archive"].contains(&key)
        }
        _ => COMMON.contains(&key) || kind.keys().contains(&key),
    };
    // A second source is a problem of its own.
    for key in keys.filter(|key| !belongs(key)) {
        let Some(span) = table.span(key).filter(|_| !SOURCES.contains(&key)) else { continue };
        let label = format!("a rule with `{}` has no `{key}`", kind.key());
        let help = match (kind, key) {
            (SourceKind::Repository, "image-tags") => {
                "write `tags` for the tags of a repository, or remove the key"
            }
            (SourceKind::Image, "tags") => "write `image-tags` for the tags of an image",
            (SourceKind::Bucket, "ignore-file") => "write the lines to `ignore`, or remove the key",
            _ => "remove the key, or move it to a rule with its own source",
        };
        table.problem(Problem::new(OTHER_SOURCE, span, label).help(help));
    }
}

/// Reads the keys that both kinds have. `placeholders` are those that an event can fill.
pub(super) fn common(
    table: &mut TableReader<'_, '_, '_>,
    windows: &mut Windows,
    place: Place,
    (name, source): (Option<&Text>, Option<&Text>),
    placeholders: &[&'static str],
) -> Option<ArtifactRule> {
    let fixed = name.and_then(|text| fixed_name(table, text));
    let source_action = table.string("source-action").and_then(|text| action(table, text));
    let (variables, texts): (Vec<_>, Vec<_>) = variables::read(table).into_iter().unzip();
    variables::never_filled_by(table, placeholders, &variables, &texts);
    let window = windows.of_rule(table);
    let named_at = PipelineNamedAt { pipeline: name?.span(), repository: source?.span() };
    Some(ArtifactRule { name: fixed?, source_action, variables, window: window.ok()?, place, named_at })
}
