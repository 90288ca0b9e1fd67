//! DescribeImages.

use jiff::Timestamp;
use serde_json::Value;

use super::filters::{self, Filter};
use super::shown_image::ShownImage;
use super::{Ec2State, grantee, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// A request of DescribeImages.
struct ImagesRequest {
    ids: Vec<String>,
    owners: Vec<String>,
    executable_by: Vec<String>,
    filters: Vec<Filter>,
    deprecated: bool,
    disabled: bool,
    size: Option<i64>,
    token: Option<String>,
}

const FILTERS: &[&str] = &[
    "architecture",
    "block-device-mapping.encrypted",
    "block-device-mapping.snapshot-id",
    "creation-date",
    "description",
    "image-id",
    "image-type",
    "is-public",
    "name",
    "owner-alias",
    "owner-id",
    "root-device-type",
    "state",
    "tag-key",
];

pub(super) fn describe_images(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let asked = asked(&mut input)?;
    request::finish(input)?;
    let state = context.world.ec2.lock();
    known(&state, context.region, &asked.ids)?;
    let here = state.images.iter().filter(|image| image.region == context.region);
    let snapshots = state.snapshots_in(context.region);
    let shown = here.map(|image| ShownImage::new(image, &snapshots, context));
    let found: Vec<ShownImage<'_>> = shown.filter(|image| asked.fits(image, context)).collect();
    let list = ("imagesSet", &found[..], ShownImage::shown);
    request::page(context, list, (asked.size, asked.token.as_deref()), &request)
}

fn asked(input: &mut Members) -> Result<ImagesRequest, ErrorAnswer> {
    let asked = ImagesRequest {
        ids: input.strings("ImageId")?,
        owners: input.strings("Owner")?,
        executable_by: input.strings("ExecutableBy")?,
        filters: filters::read(input, "DescribeImages", FILTERS)?,
        deprecated: input.boolean("IncludeDeprecated")?.unwrap_or_default(),
        disabled: input.boolean("IncludeDisabled")?.unwrap_or_default(),
        size: input.integer("MaxResults")?,
        token: input.string("NextToken")?,
    };
    if let Some(id) = asked.ids.iter().find(|id| !request::is_image_id(id)) {
        return Err(request::malformed_image(id));
    }
    let alias = |name: &str| matches!(name, "self" | "amazon" | "aws-marketplace" | "aws-backup-vault");
    let malformed = asked.owners.iter().find(|owner| !alias(owner) && !grantee::is_account(owner));
    let malformed = malformed.or_else(|| {
        asked
            .executable_by
            .iter()
            .find(|user| !matches!(&***user, "self" | "all") && !grantee::is_account(user))
    });
    if let Some(user) = malformed {
        return Err(request::malformed_account(user));
    }
    match asked.size {
        Some(size) if !(1..=1000).contains(&size) => Err(request::bad_value(&size.to_string(), "maxResults")),
        _ => Ok(asked),
    }
}

/// An existing image that the caller may not see is left out of the answer; an image that does not exist is an error.
fn known(state: &Ec2State, region: &str, ids: &[String]) -> Result<(), ErrorAnswer> {
    let there = |id: &str| state.images.iter().any(|image| image.id == id && image.region == region);
    let missing: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !there(id)).collect();
    if missing.is_empty() { Ok(()) } else { Err(request::no_such_images(&missing)) }
}

impl ImagesRequest {
    fn fits(&self, shown: &ShownImage<'_>, context: &Context<'_>) -> bool {
        let image = shown.image;
        let is_deprecated = image.deprecated.is_some_and(|at| at <= context.now);
        let among = |asked: &[String], fits: &dyn Fn(&str) -> bool| {
            asked.is_empty() || asked.iter().any(|one| fits(one))
        };
        let is_own = image.owner == context.account();
        shown.is_visible(context)
            && among(&self.ids, &|id| image.id == id)
            && among(&self.owners, &|owner| {
                (owner == "self" && is_own)
                    || image.owner == owner
                    || image.owner_alias.as_deref() == Some(owner)
            })
            && among(&self.executable_by, &|user| shown.is_executable_by(context, user))
            && (self.deprecated || is_own || !is_deprecated)
            && (self.disabled || image.state != "disabled")
            && self.filters.iter().all(|filter| filter.fits(&image.tags, |name| shown.held(name)))
    }
}

/// A time as EC2 writes it.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
