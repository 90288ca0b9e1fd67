//! Jobs of DRS that are launching servers of the plan, whoever started them.

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{DescribeJobsRequestFilters, InitiatedBy, JobStatus, JobType};
use jiff::{SignedDuration, Timestamp};
use shared::aws::told;

use crate::facts::{Job, Read};

/// Jobs that began before this are over: DRS gives a launch hours, not days.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(24);

/// Reads them, every page.
pub(super) async fn under_way(drs: &Client, servers: &[String], now: Timestamp) -> Read<Vec<Job>> {
    if servers.is_empty() {
        return Ok(Vec::new());
    }
    let from = (now - LOOKS_BACK).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let filters = DescribeJobsRequestFilters::builder().from_date(from).build();
    let mut pages = drs.describe_jobs().filters(filters).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| told(&error))?;
        for job in page.items() {
            let is_under_way = matches!(job.status(), Some(JobStatus::Pending | JobStatus::Started));
            if job.r#type() != Some(&JobType::Launch) || !is_under_way {
                continue;
            }
            let launching = job.participating_servers().iter().filter_map(|server| server.source_server_id());
            let launching: Vec<String> =
                launching.map(str::to_owned).filter(|id| servers.contains(id)).collect();
            if !launching.is_empty() {
                let is_drill = job.initiated_by() == Some(&InitiatedBy::StartDrill);
                found.push(Job { id: job.job_id().to_owned(), is_drill, servers: launching });
            }
        }
    }
    Ok(found)
}
