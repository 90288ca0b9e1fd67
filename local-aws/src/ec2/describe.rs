//! DescribeImages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::filters::{self, Filter};
use super::{Ec2State, ImageRecord, PermissionGrantee, grantee, request};
use crate::account::AccountIdentity;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::{ACCOUNT, Context};

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

pub(super) fn describe_images(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let asked = asked(&mut input)?;
    request::finish(input)?;
    let ec2 = &context.world.ec2;
    let state = ec2.lock();
    known(&state, context.region, &asked.ids)?;
    let here = state.images.iter().filter(|image| image.region == context.region);
    let found: Vec<&ImageRecord> =
        here.filter(|image| asked.fits(image, context, state.is_encrypted(image))).collect();
    let size = asked.size.map_or(ec2.page_size, |size| ec2.page_size.min(size.unsigned_abs() as usize));
    let page = paging::page(&found, size, asked.token.as_deref(), &[&request]).map_err(|_| {
        ErrorAnswer::new("InvalidNextToken", "The token provided in the NextToken field is invalid.")
    })?;
    let images: Value = page.items.iter().map(|image| shown(image, state.is_encrypted(image))).collect();
    let mut output = json!({"imagesSet": images});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

fn asked(input: &mut Members) -> Result<ImagesRequest, ErrorAnswer> {
    let asked = ImagesRequest {
        ids: input.strings("ImageId")?,
        owners: input.strings("Owner")?,
        executable_by: input.strings("ExecutableBy")?,
        filters: filters::read(input)?,
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
        return Err(ErrorAnswer::new("InvalidUserID.Malformed", format!("Invalid user id: \"{user}\"")));
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
    fn fits(&self, image: &ImageRecord, context: &Context<'_>, is_encrypted: bool) -> bool {
        let account = &context.world.account;
        let is_deprecated = image.deprecated.is_some_and(|at| at <= context.now);
        let among = |asked: &[String], fits: &dyn Fn(&str) -> bool| {
            asked.is_empty() || asked.iter().any(|one| fits(one))
        };
        let is_own = image.owner == ACCOUNT;
        is_visible(image, account)
            && among(&self.ids, &|id| image.id == id)
            && among(&self.owners, &|owner| {
                (owner == "self" && is_own)
                    || image.owner == owner
                    || image.owner_alias.as_deref() == Some(owner)
            })
            && among(&self.executable_by, &|user| is_executable_by(image, account, user))
            && (self.deprecated || is_own || !is_deprecated)
            && (self.disabled || image.state != "disabled")
            && self.filters.iter().all(|filter| filter.fits(image, is_encrypted))
    }
}

/// "The images available to you include public images, private images that you own, and private images owned by other
/// Amazon Web Services accounts for which you have explicit launch permissions."
fn is_visible(image: &ImageRecord, account: &AccountIdentity) -> bool {
    image.owner == ACCOUNT
        || image
            .shared_with
            .iter()
            .any(|grantee| *grantee == PermissionGrantee::Everyone || is_ours(grantee, account))
}

/// The owner's own right is not explicit. For an account other than the caller's, the permissions of its organization
/// are not evaluated.
fn is_executable_by(image: &ImageRecord, account: &AccountIdentity, user: &str) -> bool {
    let mut grantees = image.shared_with.iter();
    match user {
        "all" => grantees.any(|grantee| *grantee == PermissionGrantee::Everyone),
        _ if user == "self" || user == ACCOUNT => grantees.any(|grantee| is_ours(grantee, account)),
        _ => grantees.any(|grantee| *grantee == PermissionGrantee::Account(user.to_owned())),
    }
}

fn is_ours(grantee: &PermissionGrantee, account: &AccountIdentity) -> bool {
    match grantee {
        PermissionGrantee::Everyone => false,
        PermissionGrantee::Account(id) => id == ACCOUNT,
        PermissionGrantee::Organization(arn) => account.organization.as_ref() == Some(arn),
        PermissionGrantee::OrganizationalUnit(arn) => account.organizational_units.contains(arn),
    }
}

/// A time as EC2 writes it.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn shown(image: &ImageRecord, is_encrypted: bool) -> Value {
    let ebs = json!({
        "deleteOnTermination": true,
        "snapshotId": image.snapshot,
        "volumeSize": 8,
        "volumeType": "gp3",
        "encrypted": is_encrypted,
    });
    let tags: Vec<Value> =
        image.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let mut shown = json!({
        "imageId": image.id,
        "imageLocation": format!("{}/{}", image.owner_alias.as_ref().unwrap_or(&image.owner), image.name),
        "imageState": image.state,
        "imageOwnerId": image.owner,
        "creationDate": time(image.created),
        "isPublic": image.shared_with.contains(&PermissionGrantee::Everyone),
        "architecture": image.architecture,
        "imageType": "machine",
        "name": image.name,
        "rootDeviceType": "ebs",
        "rootDeviceName": "/dev/xvda",
        "blockDeviceMapping": [{"deviceName": "/dev/xvda", "ebs": ebs}],
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "enaSupport": true,
        "sriovNetSupport": "simple",
        "platformDetails": "Linux/UNIX",
        "usageOperation": "RunInstances",
    });
    let optional = [
        ("imageOwnerAlias", image.owner_alias.clone().map(Value::from)),
        ("description", image.description.clone().map(Value::from)),
        ("imdsSupport", image.imds_support.clone().map(Value::from)),
        ("deprecationTime", image.deprecated.map(|at| time(at).into())),
        ("tagSet", (!tags.is_empty()).then(|| tags.into())),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}
