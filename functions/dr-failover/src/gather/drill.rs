//! The facts about a drill after its launch: its servers, their instances, and the jobs that terminate them.

use std::collections::BTreeSet;

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{
    DescribeJobsRequestFilters, DescribeRecoveryInstancesRequestFilters, JobStatus, JobType,
};
use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;

use super::instances::is_gone;
use super::progress;
use crate::facts::{DrillFacts, LaunchedInstance, Read, RecoveryInstance, TerminateJob};
use crate::step::DrillQuery;

/// DescribeRecoveryInstances filters by up to 200 servers (AWS Elastic Disaster Recovery API Reference).
const MOST_SERVERS: usize = 200;

/// Older jobs have ended.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);

/// Reads every page. The execution is read again, so that the servers of a late job count, too.
pub(super) async fn drill(drs: &Client, query: &DrillQuery, now: Timestamp) -> Read<DrillFacts> {
    let progress = match &query.execution {
        Some(execution) => Some(progress::progress(drs, &execution.to_string()).await?),
        None => None,
    };
    let of_progress = progress.iter().flat_map(|progress| &progress.steps).flat_map(|step| &step.servers);
    let servers: BTreeSet<String> =
        query.servers.iter().cloned().chain(of_progress.map(|server| server.id.clone())).collect();
    let servers: Vec<String> = servers.into_iter().collect();
    let terminating = terminating(drs, now).await?;
    // The instances are read last: a job that has ended since is no proof, and the list is.
    let mut instances = Vec::new();
    for some in servers.chunks(MOST_SERVERS) {
        instances.extend(launched(drs, some).await?);
    }
    Ok(DrillFacts { progress, instances, terminating })
}

async fn launched(drs: &Client, servers: &[String]) -> Read<Vec<LaunchedInstance>> {
    let filters = DescribeRecoveryInstancesRequestFilters::builder();
    let filters = filters.set_source_server_ids(Some(servers.to_vec())).build();
    let mut pages = drs.describe_recovery_instances().filters(filters).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for one in page.map_err(|error| CallError::new("drs:DescribeRecoveryInstances", error))?.items() {
            let (Some(server), Some(id)) = (one.source_server_id(), one.recovery_instance_id()) else {
                continue;
            };
            if is_gone(one.ec2_instance_state()) {
                continue;
            }
            let is_drill = one.is_drill() == Some(true);
            let instance = RecoveryInstance { server: server.to_owned(), id: id.to_owned(), is_drill };
            found.push(LaunchedInstance { instance, job: one.job_id().map(str::to_owned) });
        }
    }
    Ok(found)
}

async fn terminating(drs: &Client, now: Timestamp) -> Read<Vec<TerminateJob>> {
    let from = (now - OLDEST).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let filters = DescribeJobsRequestFilters::builder().from_date(from).build();
    let mut pages = drs.describe_jobs().filters(filters).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for job in page.map_err(|error| CallError::new("drs:DescribeJobs", error))?.items() {
            let is_in_progress = matches!(job.status(), Some(JobStatus::Pending | JobStatus::Started));
            if !is_in_progress || job.r#type() != Some(&JobType::Terminate) {
                continue;
            }
            let of_job = || job.participating_servers().iter();
            found.push(TerminateJob {
                instances: of_job().filter_map(|one| one.recovery_instance_id()).map(str::to_owned).collect(),
                servers: of_job().filter_map(|one| one.source_server_id()).map(str::to_owned).collect(),
            });
        }
    }
    Ok(found)
}
