//! Reads the requests for usage reports: the image, the types of resources and the accounts of a new report, and the
//! selection of existing ones.

use serde_json::{Value, json};

use super::filters::{self, Filter};
use super::usage::{UsageReportRecord, no_such_report};
use super::{grantee, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// The types of resources that a report can have.
pub(crate) const RESOURCE_TYPES: &[&str] =
    &["ec2:Instance", "ec2:LaunchTemplate", "imagebuilder:ContainerRecipe", "imagebuilder:ImageRecipe"];

/// The limit of AccountIds, ImageIds and ReportIds, in the service's model.
const MAX_IDS: usize = 200;

/// A type of resources in a report, and the versions of launch templates to search.
#[derive(Debug, Clone)]
pub(super) struct ReportedType {
    pub(super) name: String,
    depth: Option<Vec<String>>,
}

/// A request for a report.
pub(super) struct ReportRequest {
    pub(super) image: String,
    pub(super) types: Vec<ReportedType>,
    pub(super) accounts: Vec<String>,
    pub(super) tags: Vec<(String, String)>,
}

/// The selection of reports, which two operations have.
pub(super) struct ReportsRequest {
    images: Vec<String>,
    ids: Vec<String>,
    pub(super) filters: Vec<Filter>,
    pub(super) size: Option<i64>,
    pub(super) token: Option<String>,
}

impl ReportRequest {
    pub(super) fn take(input: &mut Members) -> Result<ReportRequest, ErrorAnswer> {
        let asked = ReportRequest {
            image: request::image_id(input)?,
            types: types(input)?,
            accounts: ids_of(input, "AccountId")?,
            tags: tags(input)?,
        };
        match asked.accounts.iter().find(|account| !grantee::is_account(account)) {
            Some(account) => Err(request::malformed_account(account)),
            None => Ok(asked),
        }
    }
}

/// At most 200 ids.
fn ids_of(input: &mut Members, member: &str) -> Result<Vec<String>, ErrorAnswer> {
    let ids = input.strings(member)?;
    match ids.len() > MAX_IDS {
        true => Err(request::bad_value(&format!("{} ids", ids.len()), member)),
        false => Ok(ids),
    }
}

/// `ResourceType.1.ResourceType`, with the option `version-depth` of launch templates.
fn types(input: &mut Members) -> Result<Vec<ReportedType>, ErrorAnswer> {
    let mut types = Vec::new();
    for mut given in input.structures("ResourceType")? {
        let name = request::required(&mut given, "ResourceType")?;
        if !RESOURCE_TYPES.contains(&&*name) {
            return Err(request::bad_value(&name, "ResourceType"));
        }
        let mut depth = None;
        for mut option in given.structures("ResourceTypeOption")? {
            let option_name = request::required(&mut option, "OptionName")?;
            let values = option.strings("OptionValue")?;
            option.finish()?;
            let is_depth =
                |value: &String| value.parse().is_ok_and(|depth: u32| (1..=10_000).contains(&depth));
            if option_name != "version-depth" || name != "ec2:LaunchTemplate" || !values.iter().all(is_depth)
            {
                return Err(request::bad_value(&option_name, "ResourceTypeOption"));
            }
            depth = Some(values);
        }
        given.finish()?;
        types.push(ReportedType { name, depth });
    }
    if types.is_empty() { Err(request::missing("ResourceType")) } else { Ok(types) }
}

/// The tags of the report: "The ResourceType must be set to image-usage-report".
fn tags(input: &mut Members) -> Result<Vec<(String, String)>, ErrorAnswer> {
    let mut tags = Vec::new();
    for mut given in input.structures("TagSpecification")? {
        let of = request::required(&mut given, "ResourceType")?;
        if of != "image-usage-report" {
            return Err(request::bad_value(&of, "TagSpecification.ResourceType"));
        }
        for mut tag in given.structures("Tag")? {
            let pair = (request::required(&mut tag, "Key")?, tag.string("Value")?.unwrap_or_default());
            tag.finish()?;
            tags.push(pair);
        }
        given.finish()?;
    }
    Ok(tags)
}

impl ReportsRequest {
    pub(super) fn take(
        input: &mut Members,
        operation: &str,
        filters: &[&str],
    ) -> Result<ReportsRequest, ErrorAnswer> {
        let asked = ReportsRequest {
            images: ids_of(input, "ImageId")?,
            ids: ids_of(input, "ReportId")?,
            filters: filters::read(input, operation, filters)?,
            size: input.integer("MaxResults")?,
            token: input.string("NextToken")?,
        };
        match asked.size {
            Some(size) if size < 1 => Err(request::bad_value(&size.to_string(), "MaxResults")),
            _ => Ok(asked),
        }
    }

    /// The selected reports of the caller that have not expired.
    pub(super) fn reports<'r>(
        &self,
        all: &'r [UsageReportRecord],
        context: &Context<'_>,
    ) -> Result<Vec<&'r UsageReportRecord>, ErrorAnswer> {
        let own: Vec<&UsageReportRecord> = all.iter().filter(|report| report.is_callers(context)).collect();
        if let Some(missing) = self.ids.iter().find(|id| own.iter().all(|report| report.id != **id)) {
            return Err(no_such_report(missing));
        }
        let among = |asked: &[String], id: &String| asked.is_empty() || asked.contains(id);
        let fits =
            |report: &&UsageReportRecord| among(&self.images, &report.image) && among(&self.ids, &report.id);
        Ok(own.into_iter().filter(fits).collect())
    }
}

impl ReportedType {
    pub(super) fn shown(&self) -> Value {
        let mut shown = json!({"resourceType": self.name});
        if let Some(depth) = &self.depth {
            shown["resourceTypeOptionSet"] =
                json!([{"optionName": "version-depth", "optionValueSet": depth}]);
        }
        shown
    }
}
