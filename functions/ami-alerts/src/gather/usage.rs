//! Reads usage reports of images, with the name and the tags of each image.

use aws_sdk_ec2::Client as Ec2;
use shared::call_error::CallError;

use super::call::find_image;
use super::organization::MembershipReader;
use crate::assess::covering_rule;
use crate::change::{ResourceKind, SharedResource};
use crate::facts::{Facts, LookupError};
use crate::grantee::Grantee;
use crate::rules::Memberships;
use crate::run::Run;
use crate::usage::{UsageEntry, UsageReading, UsageReport};

/// The most accounts of a report that AWS Organizations is asked about.
const MOST_ACCOUNTS: usize = 200;

const DESCRIBE_REPORTS: &str = "ec2:DescribeImageUsageReports";
const DESCRIBE_ENTRIES: &str = "ec2:DescribeImageUsageReportEntries";

/// Reads a report and its image.
pub async fn usage_reading(run: &Run<'_>, image: &str, report: &str, ec2: &Ec2) -> UsageReading {
    let resource = SharedResource { kind: ResourceKind::Image, id: Some(image.to_owned()) };
    let (image, report) = tokio::join!(find_image(&resource, ec2), usage_report(report, ec2));
    let facts = Facts { image: image.into(), ..Facts::default() };
    let memberships = match &report {
        Ok(UsageReport::Available(entries)) => memberships(run, &resource, &facts, entries).await,
        _ => Memberships::new(),
    };
    UsageReading { image: facts.image, report, memberships }
}

/// The organizations of the accounts that use an image.
async fn memberships(
    run: &Run<'_>,
    resource: &SharedResource,
    facts: &Facts,
    entries: &[UsageEntry],
) -> Memberships {
    let (rule, _) = covering_rule(run.rules, Some(resource), facts);
    let accounts: Vec<Grantee> = entries.iter().map(|entry| Grantee::of(&entry.account)).collect();
    let mut reader = MembershipReader::new(run, MOST_ACCOUNTS);
    reader.memberships(rule, Some(&run.home.account), accounts.iter()).await
}

async fn usage_report(id: &str, ec2: &Ec2) -> Result<UsageReport, LookupError> {
    let answer = ec2.describe_image_usage_reports().report_ids(id).send().await;
    let answer = match answer.map_err(|error| CallError::new(DESCRIBE_REPORTS, error)) {
        Err(error) if is_gone(&error) => return Ok(UsageReport::Gone),
        answer => answer?,
    };
    let Some(report) = answer.image_usage_reports.unwrap_or_default().into_iter().next() else {
        return Ok(UsageReport::Gone);
    };
    match report.state.as_deref() {
        Some("available") => Ok(UsageReport::Available(entries(id, ec2).await?)),
        Some("error") => {
            Ok(UsageReport::Failed(report.state_reason.unwrap_or("without a reason".to_owned())))
        }
        // A state that this function does not know is one that is not available.
        _ => Ok(UsageReport::Pending),
    }
}

/// EC2's codes of objects that do not exist end so ("Error codes for the Amazon EC2 API", Amazon EC2 API Reference).
fn is_gone(error: &CallError) -> bool {
    error.code.as_deref().is_some_and(|code| code.ends_with(".NotFound"))
}

async fn entries(id: &str, ec2: &Ec2) -> Result<Vec<UsageEntry>, LookupError> {
    let call = ec2.describe_image_usage_report_entries().report_ids(id);
    let (mut pages, mut entries) = (call.into_paginator().send(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(DESCRIBE_ENTRIES, error))?;
        entries.extend(page.image_usage_report_entries.unwrap_or_default().into_iter().map(|entry| {
            UsageEntry {
                account: entry.account_id.unwrap_or_default(),
                resource_type: entry.resource_type.unwrap_or_default(),
                count: entry.usage_count.unwrap_or_default(),
            }
        }));
    }
    Ok(entries)
}
