//! Jobs of DRS that have servers of the plan, whoever started them: while one has a server, no other can.

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{self, DescribeJobsRequestFilters, InitiatedBy, JobStatus, JobType};
use jiff::{SignedDuration, Timestamp};
use shared::aws::told;

use crate::facts::{Job, JobKind, Read};

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
            if !is_under_way {
                continue;
            }
            let having = job.participating_servers().iter().filter_map(|server| server.source_server_id());
            let having: Vec<String> = having.map(str::to_owned).filter(|id| servers.contains(id)).collect();
            if !having.is_empty() {
                found.push(Job { id: job.job_id().to_owned(), kind: kind(job), servers: having });
            }
        }
    }
    Ok(found)
}

fn kind(job: &types::Job) -> JobKind {
    match (job.r#type(), job.initiated_by()) {
        (Some(JobType::Launch), Some(InitiatedBy::StartDrill)) => JobKind::Drill,
        (Some(JobType::Launch) | None, _) => JobKind::Recovery,
        (Some(other), _) => JobKind::Other(other.as_str().to_owned()),
    }
}
