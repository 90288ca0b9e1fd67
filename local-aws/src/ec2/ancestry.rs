//! GetImageAncestry.

use serde_json::{Value, json};

use super::{ImageRecord, describe, request, shown_image};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// The chain from the image to its root image, as far as the world knows it.
pub(super) fn get_image_ancestry(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = request::image_id(&mut input)?;
    request::finish(input)?;
    let mut state = context.world.ec2.lock();
    let image = state.image(context.region, &id).ok_or_else(|| request::no_such_images(&[&id]))?;
    if image.owner != context.account()
        && !shown_image::is_shared(image.shared_with.seen(context.now), context)
    {
        return Err(request::no_such_images(&[&id]));
    }
    Ok(json!({"imageAncestryEntrySet": chain(image)}))
}

fn chain(image: &ImageRecord) -> Vec<Value> {
    let own = (&image.id, &image.owner_alias, image.created);
    let ancestors = image.made_from.iter().map(|one| (&one.id, &one.owner_alias, one.created));
    let sources = image.made_from.iter().map(Some).chain([None]);
    let entries = [own].into_iter().chain(ancestors).zip(sources);
    entries
        .map(|((id, owner_alias, created), source)| {
            let mut entry = json!({"imageId": id, "creationDate": describe::time(created)});
            if let Some(alias) = owner_alias {
                entry["imageOwnerAlias"] = json!(alias);
            }
            if let Some(source) = source {
                entry["sourceImageId"] = json!(source.id);
                entry["sourceImageRegion"] = json!(source.region);
            }
            entry
        })
        .collect()
}
