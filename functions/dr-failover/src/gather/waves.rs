//! The source servers of a plan's waves, and DRS's jobs with the tags of their launches.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{
    DescribeJobsRequestFilters, DescribeSourceServersRequestFilters, Job, JobStatus, SourceServer,
};
use futures::StreamExt as _;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use shared::arn::{Arn, NotAnArn};
use shared::call_error::CallError;

use super::executions::moment;
use super::jobs::kind;
use super::plan::{AT_A_TIME, newest};
use crate::facts::{
    DrsPlan, FoundExecution, FoundJob, JobKind, PlanServer, Read, RecoverySnapshot, ServerLaunch,
};
use crate::incident::{INCIDENT_TAG, WAVE_TAG};
use crate::rules::{MOST_WAVE_SERVERS, Mode, Wave};
use crate::step::ExecutionsQuery;

/// How much earlier than its incident a job may seem to start, because clocks differ.
const EARLIER: SignedDuration = SignedDuration::from_mins(10);

/// A filter takes so many ids (DescribeSourceServersRequestFilters, AWS Elastic Disaster Recovery API Reference).
pub(super) const MOST_IDS: usize = 200;

const DESCRIBE_JOBS: &str = "drs:DescribeJobs";

/// Reads the servers of the waves, in their order, with the newest snapshot of each. A server of two waves belongs to the first.
pub(super) async fn servers(drs: &Client, waves: &[Wave]) -> Read<DrsPlan> {
    let found = source_servers(drs, waves).await?;
    let mut servers: Vec<PlanServer> = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for wave in waves {
        for id in ids_of(wave, &found) {
            if known.insert(id.clone()) {
                servers.push(server(wave, &id, found.get(&id)));
            }
        }
    }
    if servers.len() <= MOST_WAVE_SERVERS {
        let ids: Vec<String> = servers.iter().map(|server| server.id.clone()).collect();
        let snapshots: Vec<Read<Option<RecoverySnapshot>>> =
            stream::iter(&ids).map(|id| newest(drs, id)).buffered(AT_A_TIME).collect().await;
        servers.iter_mut().zip(snapshots).for_each(|(server, snapshot)| server.snapshot = snapshot);
    }
    Ok(DrsPlan { status: "ACTIVE".to_owned(), servers })
}

fn ids_of(wave: &Wave, found: &BTreeMap<String, SourceServer>) -> Vec<String> {
    let has_tags = |server: &SourceServer| {
        let tags = server.tags();
        !wave.tags.is_empty()
            && wave.tags.iter().all(|(key, value)| tags.and_then(|tags| tags.get(key)) == Some(value))
    };
    let tagged = found.iter().filter(|(_, server)| has_tags(server)).map(|(id, _)| id.clone());
    wave.servers.iter().cloned().chain(tagged).collect()
}

fn server(wave: &Wave, id: &str, found: Option<&SourceServer>) -> PlanServer {
    let hints = found.and_then(|server| server.source_properties()?.identification_hints()?.hostname());
    let state = found.and_then(|server| server.data_replication_info()?.data_replication_state());
    PlanServer {
        id: id.to_owned(),
        step: wave.name.clone(),
        critical: !wave.optional.iter().any(|optional| optional == id),
        snapshot: Ok(None),
        hostname: hints.map(str::to_owned),
        replication: state.map(|state| state.as_str().to_owned()),
    }
}

/// DRS's filter has no tags, so all servers are read if a wave has tags.
async fn source_servers(drs: &Client, waves: &[Wave]) -> Read<BTreeMap<String, SourceServer>> {
    let mut found = BTreeMap::new();
    if waves.iter().any(|wave| !wave.tags.is_empty()) {
        page_by_page(drs, None, &mut found).await?;
        return Ok(found);
    }
    let ids: Vec<String> = waves.iter().flat_map(|wave| wave.servers.iter().cloned()).collect();
    for ids in ids.chunks(MOST_IDS) {
        let filters =
            DescribeSourceServersRequestFilters::builder().set_source_server_ids(Some(ids.to_vec()));
        page_by_page(drs, Some(filters.build()), &mut found).await?;
    }
    Ok(found)
}

async fn page_by_page(
    drs: &Client,
    filters: Option<DescribeSourceServersRequestFilters>,
    found: &mut BTreeMap<String, SourceServer>,
) -> Read<()> {
    let mut pages = drs.describe_source_servers().set_filters(filters).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("drs:DescribeSourceServers", error))?;
        let servers = page.items().iter();
        found.extend(
            servers.filter_map(|server| Some((server.source_server_id()?.to_owned(), server.clone()))),
        );
    }
    Ok(())
}

/// Every page of the jobs since the incident was opened.
pub(super) async fn jobs(drs: &Client, opened: Timestamp) -> Read<Vec<FoundJob>> {
    found(drs, opened, |job| Ok(Some(of(job)?))).await
}

/// The jobs of an incident, in the form of executions.
pub(super) async fn own_jobs(drs: &Client, query: &ExecutionsQuery) -> Read<Vec<FoundExecution>> {
    found(drs, query.opened, |job| {
        let found = of(job)?;
        if found.incident.as_ref() != Some(&query.incident) {
            return Ok(None);
        }
        let mode = match &found.kind {
            JobKind::Recovery => Mode::Recovery,
            JobKind::Drill => Mode::Drill,
            JobKind::Other(_) => return Ok(None),
        };
        Ok(Some(FoundExecution {
            arn: arn(job)?,
            mode: Some(mode),
            status: if found.in_progress { "IN_PROGRESS" } else { "COMPLETED" }.to_owned(),
            started: found.created,
            incident: found.incident,
        }))
    })
    .await
}

/// The ARN in an answer about a job.
pub(crate) fn arn(job: &Job) -> Read<Arn> {
    let arn = job.arn().unwrap_or_default().parse();
    arn.map_err(|error: NotAnArn| CallError::without_answer(DESCRIBE_JOBS, error.to_string()))
}

async fn found<T>(drs: &Client, opened: Timestamp, of: impl Fn(&Job) -> Read<Option<T>>) -> Read<Vec<T>> {
    let from = (opened - EARLIER).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let filters = DescribeJobsRequestFilters::builder().from_date(from).build();
    let mut pages = drs.describe_jobs().filters(filters).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(DESCRIBE_JOBS, error))?;
        for job in page.items() {
            found.extend(of(job)?);
        }
    }
    Ok(found)
}

fn of(job: &Job) -> Read<FoundJob> {
    let tag = |name: &str| job.tags().and_then(|tags| tags.get(name)).cloned();
    let servers = job.participating_servers().iter().filter_map(|server| {
        let status = server.launch_status().map_or("PENDING", |status| status.as_str()).to_owned();
        let instance = server.recovery_instance_id().map(str::to_owned);
        Some((server.source_server_id()?.to_owned(), ServerLaunch { status, instance }))
    });
    Ok(FoundJob {
        id: job.job_id().to_owned(),
        kind: kind(job),
        in_progress: matches!(job.status(), Some(JobStatus::Pending | JobStatus::Started)),
        created: moment(DESCRIBE_JOBS, job.creation_date_time().unwrap_or_default())?,
        incident: tag(INCIDENT_TAG),
        wave: tag(WAVE_TAG),
        servers: servers.collect(),
    })
}
