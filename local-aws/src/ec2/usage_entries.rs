//! DescribeImageUsageReportEntries.

use serde_json::{Value, json};

use super::usage::UsageReportRecord;
use super::usage_request::ReportsRequest;
use super::{UsageRecord, describe, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// An entry, and the report it is in.
type ReportEntry<'r> = (&'r UsageReportRecord, &'r UsageRecord);

pub(super) fn describe_image_usage_report_entries(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let served = ["account-id", "creation-time", "resource-type"];
    let asked = ReportsRequest::take(&mut input, "DescribeImageUsageReportEntries", &served)?;
    request::finish(input)?;
    let state = context.world.ec2.lock();
    let reports = asked.reports(&state.reports, context)?;
    let all =
        reports.iter().flat_map(|report| report.entries(context.now).iter().map(|entry| (*report, entry)));
    let fits = |(report, entry): &ReportEntry<'_>| {
        let held = |name: &str| match name {
            "account-id" => vec![entry.account.clone()],
            "creation-time" => vec![describe::time(report.created)],
            "resource-type" => vec![entry.resource_type.clone()],
            _ => Vec::new(),
        };
        asked.filters.iter().all(|filter| filter.fits(&[], held))
    };
    let found: Vec<ReportEntry<'_>> = all.filter(fits).collect();
    let list = ("imageUsageReportEntrySet", &found[..], shown);
    request::page(context, list, (asked.size, asked.token.as_deref()), &request)
}

fn shown((report, entry): &ReportEntry<'_>) -> Value {
    json!({
        "resourceType": entry.resource_type,
        "reportId": report.id,
        "usageCount": entry.count,
        "accountId": entry.account,
        "imageId": report.image,
        "reportCreationTime": describe::time(report.created),
    })
}
