//! The jobs of DRS in progress that have servers of the plan: DRS runs one job for a server at a time.

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{self, DescribeJobsRequestFilters, InitiatedBy, JobStatus, JobType};
use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;

use super::executions::moment;
use crate::facts::{DrsJob, JobKind, LaunchJob, Read};
use crate::incident::INCIDENT_TAG;

/// Older jobs have ended: DRS limits a launch to hours.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);

/// Reads every page.
pub(super) async fn in_progress(drs: &Client, servers: &[String], now: Timestamp) -> Read<Vec<DrsJob>> {
    if servers.is_empty() {
        return Ok(Vec::new());
    }
    let from = (now - OLDEST).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let filters = DescribeJobsRequestFilters::builder().from_date(from).build();
    let mut pages = drs.describe_jobs().filters(filters).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("drs:DescribeJobs", error))?;
        for job in page.items() {
            let is_in_progress = matches!(job.status(), Some(JobStatus::Pending | JobStatus::Started));
            if !is_in_progress {
                continue;
            }
            let having = job.participating_servers().iter().filter_map(|server| server.source_server_id());
            let having: Vec<String> = having.map(str::to_owned).filter(|id| servers.contains(id)).collect();
            if !having.is_empty() {
                found.push(DrsJob { id: job.job_id().to_owned(), kind: kind(job), servers: having });
            }
        }
    }
    Ok(found)
}

/// The call that lists jobs.
const DESCRIBE: &str = "drs:DescribeJobs";

/// Reads every page of the jobs that launched these servers since then, whatever their status.
pub(super) async fn launches(drs: &Client, servers: &[String], since: Timestamp) -> Read<Vec<LaunchJob>> {
    if servers.is_empty() {
        return Ok(Vec::new());
    }
    let from = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let filters = DescribeJobsRequestFilters::builder().from_date(from).build();
    let mut pages = drs.describe_jobs().filters(filters).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for job in page.map_err(|error| CallError::new(DESCRIBE, error))?.items() {
            let having = job.participating_servers().iter().filter_map(|server| server.source_server_id());
            let having: Vec<String> = having.map(str::to_owned).filter(|id| servers.contains(id)).collect();
            let kind = kind(job);
            if having.is_empty() || matches!(kind, JobKind::Other(_)) {
                continue;
            }
            found.push(LaunchJob {
                id: job.job_id().to_owned(),
                is_drill: kind == JobKind::Drill,
                started: moment(DESCRIBE, job.creation_date_time().unwrap_or_default())?,
                servers: having,
                is_tagged: job.tags().is_some_and(|tags| tags.contains_key(INCIDENT_TAG)),
            });
        }
    }
    Ok(found)
}

pub(super) fn kind(job: &types::Job) -> JobKind {
    match (job.r#type(), job.initiated_by()) {
        (Some(JobType::Launch), Some(InitiatedBy::StartDrill)) => JobKind::Drill,
        (Some(JobType::Launch) | None, _) => JobKind::Recovery,
        (Some(other), _) => JobKind::Other(other.as_str().to_owned()),
    }
}
