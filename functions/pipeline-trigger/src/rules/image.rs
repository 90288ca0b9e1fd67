//! `[[pipeline]]` tables with `image`: pushes of images to ECR.

use shared::config::{Code, Document, Problem, TableReader, Text};
use shared::glob::{BAD_GLOB, COVERS_NOTHING, PatternList, kind_of, read as patterns};

use super::artifact::{ArtifactRule, SourceKind, common, keys_of_others};
use super::variables::{IMAGE_DIGEST, IMAGE_TAG, REPOSITORY};
use super::window::Windows;

pub(super) const EMPTY_IMAGE: Code = Code { name: "empty-image", title: "a rule has no image" };
pub(super) const BAD_IMAGE: Code =
    Code { name: "bad-image-name", title: "no repository of ECR can have this name" };

/// A rule about pushes of images.
#[derive(Debug, Clone)]
pub struct PushedImageRule {
    /// What every rule has.
    pub common: ArtifactRule,
    /// The ECR repository.
    pub image: String,
    /// The tags; every tag when it is not written.
    pub tags: Option<PatternList>,
}

/// Reads a table. The texts of its name and its source come first.
pub(super) fn read(
    document: &Document,
    mut table: TableReader<'_, '_, '_>,
    windows: &mut Windows,
    name: Option<&Text>,
    place: shared::config::Place,
) -> (Option<Text>, Option<PushedImageRule>) {
    let written = table.required_string("image", EMPTY_IMAGE);
    let image = written.clone().filter(|text| is_image(&mut table, text));
    let tags = patterns(document, &mut table, "image-tags");
    if let Some(tags) = &tags {
        tags_of_images(&mut table, tags);
    }
    let common =
        common(&mut table, windows, place, (name, image.as_ref()), &[REPOSITORY, IMAGE_TAG, IMAGE_DIGEST]);
    keys_of_others(&mut table, SourceKind::Image);
    table.finish();
    let rule =
        image.zip(common).map(|(image, common)| PushedImageRule { common, image: image.into_inner(), tags });
    (written, rule)
}

/// Patterns that no tag matches: a tag has no slash ("Pushing a Docker image", Amazon ECR User Guide).
fn tags_of_images(table: &mut TableReader<'_, '_, '_>, tags: &PatternList) {
    for pattern in tags.patterns.iter().filter(|pattern| pattern.body().contains('/')) {
        let help = "write the tag alone, such as `v*`; `image` names the repository";
        let problem = Problem::new(BAD_GLOB, pattern.span.clone(), "no tag of an image has a `/`").help(help);
        table.problem(if pattern.excludes { problem.warning() } else { problem });
    }
    if !tags.includes_anything(kind_of("image-tags")) {
        let span = table.span("image-tags").unwrap_or_else(|| table.header());
        let help = "the rule can never start its pipeline: change the list, or remove the table";
        table.problem(Problem::new(COVERS_NOTHING, span, "these patterns include no tag").help(help));
    }
}

/// CreateRepository, Amazon ECR API Reference.
fn is_image(table: &mut TableReader<'_, '_, '_>, text: &Text) -> bool {
    let name = text.get_ref();
    let is_word = |word: &str| {
        let is_end =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = word.as_bytes();
        is_end(bytes.first())
            && is_end(bytes.last())
            && bytes.iter().all(|byte| is_end(Some(byte)) || b"._-".contains(byte))
    };
    if (2..=256).contains(&name.len()) && name.split('/').all(is_word) {
        return true;
    }
    let own = name.rsplit_once(".amazonaws.com/").map_or(name.as_str(), |(_, path)| path);
    let own = own.split([':', '@']).next().unwrap_or_default();
    let is_meant = own != name && own.split('/').all(is_word) && own.len() >= 2;
    let meant = if is_meant { format!("did you mean `{own}`? ") } else { String::new() };
    let help = format!(
        "{meant}write the repository's name without registry and tag: lower-case letters, digits and . _ - /"
    );
    table.problem(Problem::new(BAD_IMAGE, text.span(), "not the name of a repository of ECR").help(help));
    false
}
