//! Finds the template's text: in the request, or behind its URL.

use super::{CloudFormation, invalid, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// "Template body size in a request" and "Template body size in an Amazon S3 object".
const IN_REQUEST: usize = 51_200;
const IN_S3: usize = 1_000_000;

/// `TemplateBody` or `TemplateURL`; `None` if the request has neither.
pub(super) fn template(
    cloudformation: &CloudFormation,
    input: &mut Members,
) -> Result<Option<String>, ErrorAnswer> {
    match (input.string("TemplateBody")?, input.string("TemplateURL")?) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(invalid("You cannot specify both Template Body and Template URL.")),
        (Some(body), None) => in_request(body).map(Some),
        (None, Some(url)) => behind(cloudformation, &url).map(Some),
    }
}

pub(super) fn missing() -> ErrorAnswer {
    invalid("Either Template URL or Template Body must be specified.")
}

fn in_request(body: String) -> Result<String, ErrorAnswer> {
    let bound = |text: &str| request::constraint("...", "templateBody", text);
    match body.len() {
        0 => Err(bound("Member must have length greater than or equal to 1")),
        length if length > IN_REQUEST => Err(bound("Member must have length less than or equal to 51200")),
        _ => Ok(body),
    }
}

/// The template that the world has for a URL. S3 answers "access denied" for a missing object if the caller may not
/// list the bucket. An S3 URL in any of its styles is accepted.
fn behind(cloudformation: &CloudFormation, url: &str) -> Result<String, ErrorAnswer> {
    if !is_s3(url) {
        return Err(invalid("TemplateURL must be a supported URL."));
    }
    let body = cloudformation.templates.get(url).ok_or_else(|| {
        invalid(
            "S3 error: Access Denied\nFor more information check \
             http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        )
    })?;
    match body.len() > IN_S3 {
        true => Err(invalid(format!("Template may not exceed {IN_S3} bytes in size."))),
        false => Ok(body.clone()),
    }
}

/// `https://bucket.s3.region.amazonaws.com/key`, `https://s3.region.amazonaws.com/bucket/key` and the older forms.
pub(crate) fn is_s3(url: &str) -> bool {
    let Some((host, key)) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let is_amazons = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    let names_s3 = host.split('.').any(|label| label == "s3" || label.starts_with("s3-"));
    is_amazons && names_s3 && !key.is_empty()
}
