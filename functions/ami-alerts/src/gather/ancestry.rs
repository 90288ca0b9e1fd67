//! Reads the images that an image was made from.

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::ImageAncestryEntry;
use shared::call_error::CallError;

use crate::change::SharedResource;
use crate::facts::{ImageAncestor, LookupError};

const GET_ANCESTRY: &str = "ec2:GetImageAncestry";

/// The ancestors of an image, the nearest first. EC2 lists at most 50 images ("Use AMI ancestry to trace the origin of an AMI",
/// Amazon EC2 User Guide).
pub(super) async fn ancestry(image: &SharedResource, ec2: &Ec2) -> Result<Vec<ImageAncestor>, LookupError> {
    let id = image.legal_id().ok_or(LookupError::NoId(image.kind))?;
    let answer = ec2.get_image_ancestry().image_id(id).send().await;
    let answer = answer.map_err(|error| CallError::new(GET_ANCESTRY, error))?;
    Ok(ancestors(&answer.image_ancestry_entries.unwrap_or_default()))
}

/// Each entry names its source. The source of the last one is an ancestor without an entry of its own.
fn ancestors(entries: &[ImageAncestryEntry]) -> Vec<ImageAncestor> {
    let sources = entries.iter().enumerate().filter_map(|(at, entry)| {
        let source = entries.get(at + 1);
        let id = source.and_then(ImageAncestryEntry::image_id).or(entry.source_image_id())?;
        Some(ImageAncestor {
            id: id.to_owned(),
            region: entry.source_image_region.clone(),
            owner_alias: source.and_then(|source| source.image_owner_alias.clone()),
            created: source.and_then(|source| source.creation_date.map(|date| date.to_string())),
        })
    });
    sources.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_itself_is_no_ancestor_and_the_last_source_is_one() {
        let entry = |id: &str, source: &str, alias: Option<&str>| {
            let entry = ImageAncestryEntry::builder().image_id(id).source_image_id(source);
            entry.source_image_region("us-east-1").set_image_owner_alias(alias.map(str::to_owned)).build()
        };
        let entries = [entry("ami-3", "ami-2", None), entry("ami-2", "ami-1", Some("amazon"))];
        let found = ancestors(&entries);
        let found: Vec<(&str, Option<&str>)> =
            found.iter().map(|one| (one.id.as_str(), one.owner_alias.as_deref())).collect();
        assert_eq!(found, [("ami-2", Some("amazon")), ("ami-1", None)]);
        assert!(ancestors(&[ImageAncestryEntry::builder().image_id("ami-3").build()]).is_empty());
        assert!(ancestors(&[]).is_empty());
    }
}
