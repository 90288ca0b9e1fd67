//! DescribeImageUsageReportEntries.

use serde_json::{Value, json};

use super::usage_request::ReportsRequest;
use super::{describe, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn describe_image_usage_report_entries(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let served = ["account-id", "creation-time", "resource-type"];
    let asked = ReportsRequest::take(&mut input, "DescribeImageUsageReportEntries", &served)?;
    request::finish(input)?;
    let state = context.world.ec2.lock();
    let mut found = Vec::new();
    for report in asked.reports(&state.reports, context)? {
        for entry in report.entries(context.now) {
            let held = |name: &str| match name {
                "account-id" => vec![entry.account.clone()],
                "creation-time" => vec![describe::time(report.created)],
                "resource-type" => vec![entry.resource_type.clone()],
                _ => Vec::new(),
            };
            if asked.filters.iter().all(|filter| filter.fits(&[], held)) {
                found.push(json!({
                    "resourceType": entry.resource_type,
                    "reportId": report.id,
                    "usageCount": entry.count,
                    "accountId": entry.account,
                    "imageId": report.image,
                    "reportCreationTime": describe::time(report.created),
                }));
            }
        }
    }
    drop(state);
    request::page(
        context,
        ("imageUsageReportEntrySet", &found),
        (asked.size, asked.token.as_deref()),
        &request,
    )
}
