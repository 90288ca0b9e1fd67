//! The progress of an execution: its status, its steps, and the servers of its jobs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{DescribeJobsRequestFilters, RecoveryPlanServerImpactLevel};
use shared::call_error::CallError;

use crate::facts::{DrsError, ExecutionProgress, Read, ServerLaunch, StepProgress, StepServer};

/// DescribeJobs takes up to 1,000 ids (AWS Elastic Disaster Recovery API Reference).
const MOST_JOBS: usize = 1_000;

/// The call that reads an execution.
const GET: &str = "drs:GetRecoveryPlanExecution";

/// Reads the progress.
pub(super) async fn progress(drs: &Client, execution: &str) -> Read<ExecutionProgress> {
    let call = drs.get_recovery_plan_execution().recovery_plan_execution_arn(execution);
    let output = call.send().await.map_err(|error| CallError::new(GET, error))?;
    let seen = output
        .recovery_plan_execution()
        .ok_or_else(|| CallError::without_answer(GET, "DRS's answer has no execution"))?;
    let status = seen.status().as_str().to_owned();
    let error = seen
        .error_detail()
        .map(|error| DrsError { code: Some(error.code().to_owned()), message: error.message().to_owned() });
    let steps = steps(drs, execution).await?;
    let jobs: BTreeSet<String> =
        steps.iter().flat_map(|step| &step.servers).filter_map(|server| server.job.clone()).collect();
    let launches = launches(drs, &jobs.into_iter().collect::<Vec<_>>()).await?;
    Ok(ExecutionProgress { status, error, steps, launches })
}

async fn steps(drs: &Client, execution: &str) -> Read<Vec<StepProgress>> {
    let call = drs.list_recovery_plan_execution_steps().recovery_plan_execution_arn(execution);
    let mut pages = call.into_paginator().send();
    let mut steps = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("drs:ListRecoveryPlanExecutionSteps", error))?;
        steps.extend(page.recovery_plan_execution_steps);
    }
    steps.sort_by_key(|step| step.step_index);
    let seen = steps.into_iter().map(|step| {
        let of_step = step.configuration.as_ref();
        let of_step = of_step.and_then(|step| step.as_execution_server_step_configuration().ok());
        let servers = of_step.into_iter().flat_map(|step| step.servers()).map(|server| {
            let id = server.server_arn().rsplit('/').next().unwrap_or_default().to_owned();
            let critical = server.impact_level() != Some(&RecoveryPlanServerImpactLevel::Optional);
            StepServer { id, critical, job: server.job_id().map(str::to_owned) }
        });
        StepProgress {
            servers: servers.collect(),
            name: step.step_name,
            status: step.status.as_str().to_owned(),
            error: step.error_detail.map(|error| DrsError { code: Some(error.code), message: error.message }),
        }
    });
    Ok(seen.collect())
}

async fn launches(drs: &Client, jobs: &[String]) -> Read<BTreeMap<(String, String), ServerLaunch>> {
    let mut launches = BTreeMap::new();
    for ids in jobs.chunks(MOST_JOBS) {
        let filters = DescribeJobsRequestFilters::builder().set_job_ids(Some(ids.to_vec())).build();
        let mut pages = drs.describe_jobs().filters(filters).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::new("drs:DescribeJobs", error))?;
            for job in page.items() {
                for server in job.participating_servers() {
                    let Some(id) = server.source_server_id() else { continue };
                    let status =
                        server.launch_status().map_or("PENDING", |status| status.as_str()).to_owned();
                    let instance = server.recovery_instance_id().map(str::to_owned);
                    let key = (job.job_id().to_owned(), id.to_owned());
                    launches.insert(key, ServerLaunch { status, instance });
                }
            }
        }
    }
    Ok(launches)
}
