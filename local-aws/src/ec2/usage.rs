//! CreateImageUsageReport, DescribeImageUsageReports and DeleteImageUsageReport.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::usage_request::{ReportRequest, ReportedType, ReportsRequest};
use super::{UsageRecord, describe, request};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;

/// "Amazon EC2 will delete the report (30 days after the report was created)".
const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A report on the use of one image in other accounts.
#[derive(Debug, Clone)]
pub(super) struct UsageReportRecord {
    pub(super) id: String,
    owner: String,
    region: String,
    pub(super) image: String,
    types: Vec<ReportedType>,
    accounts: Vec<String>,
    pub(super) created: Timestamp,
    available: Timestamp,
    tags: Vec<(String, String)>,
    /// The token of its request, and the rest of the request.
    token: Option<(String, String)>,
    /// The entries, as they are when the report is created.
    entries: Vec<UsageRecord>,
    error: Option<String>,
}

pub(super) fn create_image_usage_report(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let token = input.string("ClientToken")?;
    let request = input.text();
    let ReportRequest { image, types, accounts, tags } = ReportRequest::take(&mut input)?;
    if let Some(token) = token.as_ref().filter(|token| token.len() > 128) {
        return Err(request::bad_value(token, "ClientToken"));
    }
    request::finish(input)?;
    let ec2 = &context.world.ec2;
    let mut state = ec2.lock();
    let of = state.own_image(context, &image)?.clone();
    if let Some(id) = made_by(&state.reports, context, token.as_deref(), &request)? {
        return Ok(json!({"reportId": id}));
    }
    let entries = of.usage.iter().filter(|entry| {
        types.iter().any(|one| one.name == entry.resource_type)
            && (accounts.is_empty() || accounts.contains(&entry.account))
    });
    let nth = state.reports.len().to_string();
    let report = UsageReportRecord {
        id: format!(
            "amiur-{}",
            &ids::digest(&["usage report", &image, &context.now.to_string(), &nth])[..17]
        ),
        owner: context.account().to_owned(),
        region: context.region.to_owned(),
        entries: entries.cloned().collect(),
        image,
        types,
        accounts,
        created: context.now,
        available: context.now + ec2.report_delay,
        tags,
        token: token.map(|token| (token, request)),
        error: of.usage_error,
    };
    let id = report.id.clone();
    state.reports.push(report);
    Ok(json!({"reportId": id}))
}

/// The report that an earlier call with the token made.
fn made_by<'r>(
    reports: &'r [UsageReportRecord],
    context: &Context<'_>,
    token: Option<&str>,
    request: &str,
) -> Result<Option<&'r str>, ErrorAnswer> {
    for report in reports.iter().filter(|report| report.is_callers(context)) {
        match &report.token {
            Some((name, of)) if token == Some(&**name) && of == request => return Ok(Some(&report.id)),
            Some((name, _)) if token == Some(&**name) => {
                let message =
                    "The request uses the same client token as a previous, but non-identical request.";
                return Err(ErrorAnswer::new("IdempotentParameterMismatch", message));
            }
            _ => {}
        }
    }
    Ok(None)
}

pub(super) fn describe_image_usage_reports(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let served = ["creation-time", "state", "tag-key"];
    let asked = ReportsRequest::take(&mut input, "DescribeImageUsageReports", &served)?;
    request::finish(input)?;
    let state = context.world.ec2.lock();
    let found = asked.reports(&state.reports, context)?;
    let fits = |report: &&UsageReportRecord| {
        let held = |name: &str| match name {
            "creation-time" => vec![describe::time(report.created)],
            "state" => vec![report.state(context.now).to_owned()],
            _ => Vec::new(),
        };
        asked.filters.iter().all(|filter| filter.fits(&report.tags, held))
    };
    let found: Vec<&UsageReportRecord> = found.into_iter().filter(fits).collect();
    let list = ("imageUsageReportSet", &found[..], |report: &&UsageReportRecord| report.shown(context.now));
    request::page(context, list, (asked.size, asked.token.as_deref()), &request)
}

pub(super) fn delete_image_usage_report(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let id = request::required(&mut input, "ReportId")?;
    request::finish(input)?;
    let reports = &mut context.world.ec2.lock().reports;
    let place = reports.iter().position(|report| report.id == id && report.is_callers(context));
    reports.remove(place.ok_or_else(|| no_such_report(&id))?);
    Ok(json!({"return": true}))
}

pub(super) fn no_such_report(id: &str) -> ErrorAnswer {
    let message = format!("The image usage report '{id}' does not exist");
    ErrorAnswer::new("InvalidImageUsageReportId.NotFound", message)
}

impl UsageReportRecord {
    pub(super) fn is_callers(&self, context: &Context<'_>) -> bool {
        (&*self.owner, &*self.region) == (context.account(), context.region)
            && context.now < self.created + LIFETIME
    }

    fn state(&self, now: Timestamp) -> &'static str {
        match (now < self.available, &self.error) {
            (true, _) => "pending",
            (false, Some(_)) => "error",
            (false, None) => "available",
        }
    }

    /// The entries; none until the report is available.
    pub(super) fn entries(&self, now: Timestamp) -> &[UsageRecord] {
        if self.state(now) == "available" { &self.entries } else { &[] }
    }

    fn shown(&self, now: Timestamp) -> Value {
        let mut shown = json!({
            "imageId": self.image,
            "reportId": self.id,
            "resourceTypeSet": self.types.iter().map(ReportedType::shown).collect::<Vec<_>>(),
            "accountIdSet": self.accounts,
            "state": self.state(now),
            "creationTime": describe::time(self.created),
            "expirationTime": describe::time(self.created + LIFETIME),
        });
        if let Some(reason) = self.error.as_ref().filter(|_| self.state(now) == "error") {
            shown["stateReason"] = json!(reason);
        }
        if let Some(tags) = request::tag_set(&self.tags) {
            shown["tagSet"] = tags;
        }
        shown
    }
}
