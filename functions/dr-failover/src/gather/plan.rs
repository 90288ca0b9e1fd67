//! The DRS recovery plan: its status, its servers, and the snapshot that each server would be launched from.

use std::collections::BTreeMap;

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{
    DescribeSourceServersRequestFilters, RecoveryPlanServerImpactLevel, RecoverySnapshotsOrder,
};
use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use shared::call_error::CallError;

use super::executions::moment;
use crate::facts::{DrsPlan, PlanServer, Read, RecoverySnapshot};
use crate::step::decide::MOST_SERVERS;

/// The number of servers whose snapshots are read at a time.
pub(super) const AT_A_TIME: usize = 8;

/// The snapshots of a page: the newest may only be expected.
const SNAPSHOTS: i32 = 20;

/// The call that reads snapshots.
const DESCRIBE_SNAPSHOTS: &str = "drs:DescribeRecoverySnapshots";

/// Reads the plan.
pub(super) async fn plan(drs: &Client, arn: &str) -> Read<DrsPlan> {
    let output = drs.get_recovery_plan().recovery_plan_arn(arn).send().await;
    let output = output.map_err(|error| CallError::new("drs:GetRecoveryPlan", error))?;
    let status = output.recovery_plan().map(|plan| plan.status().as_str().to_owned()).unwrap_or_default();
    let mut servers = servers(drs, arn).await?;
    // With more servers than a start takes, no snapshot is needed.
    if servers.len() > MOST_SERVERS {
        return Ok(DrsPlan { status, servers });
    }
    let ids: Vec<String> = servers.iter().map(|server| server.id.clone()).collect();
    let snapshots: Vec<Read<Option<RecoverySnapshot>>> =
        stream::iter(&ids).map(|id| newest(drs, id)).buffered(AT_A_TIME).collect().await;
    let descriptions = descriptions(drs, &ids).await;
    for (server, snapshot) in servers.iter_mut().zip(snapshots) {
        server.snapshot = snapshot;
        (server.hostname, server.replication) = descriptions.get(&server.id).cloned().unwrap_or_default();
    }
    Ok(DrsPlan { status, servers })
}

/// The servers, in the order of the steps.
async fn servers(drs: &Client, arn: &str) -> Read<Vec<PlanServer>> {
    let mut pages = drs.list_recovery_plan_steps().recovery_plan_arn(arn).into_paginator().send();
    let mut steps = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("drs:ListRecoveryPlanSteps", error))?;
        steps.extend(page.recovery_plan_steps);
    }
    steps.sort_by_key(|step| step.step_order);
    let mut servers: Vec<PlanServer> = Vec::new();
    for step in steps {
        let of_step = step.configuration.as_ref().and_then(|step| step.as_server_step_configuration().ok());
        for server in of_step.into_iter().flat_map(|step| step.servers()) {
            let id = server.server_arn().rsplit('/').next().unwrap_or_default().to_owned();
            let critical = server.impact_level() != Some(&RecoveryPlanServerImpactLevel::Optional);
            // A start takes one snapshot for a server, even if two steps name the server.
            if let Some(known) = servers.iter_mut().find(|known| known.id == id) {
                known.critical |= critical;
                continue;
            }
            servers.push(PlanServer {
                id,
                step: step.step_name.clone(),
                critical,
                snapshot: Ok(None),
                hostname: None,
                replication: None,
            });
        }
    }
    Ok(servers)
}

/// The newest snapshot that was taken. An expected snapshot has no `timestamp`.
pub(super) async fn newest(drs: &Client, server: &str) -> Read<Option<RecoverySnapshot>> {
    let call = drs.describe_recovery_snapshots().source_server_id(server).order(RecoverySnapshotsOrder::Desc);
    let mut pages = call.max_results(SNAPSHOTS).into_paginator().send();
    let mut newest: Option<RecoverySnapshot> = None;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(DESCRIBE_SNAPSHOTS, error))?;
        for snapshot in page.items() {
            let Some(taken) = snapshot.timestamp() else { continue };
            let taken: Timestamp = moment(DESCRIBE_SNAPSHOTS, taken)?;
            if newest.as_ref().is_none_or(|newest| newest.taken < taken) {
                newest = Some(RecoverySnapshot { id: snapshot.snapshot_id().to_owned(), taken });
            }
        }
        // The newest come first.
        if newest.is_some() {
            break;
        }
    }
    Ok(newest)
}

/// The servers' hostnames and replication states. They decide nothing, so a call that fails is no error.
async fn descriptions(drs: &Client, ids: &[String]) -> BTreeMap<String, (Option<String>, Option<String>)> {
    let filters = DescribeSourceServersRequestFilters::builder().set_source_server_ids(Some(ids.to_vec()));
    if ids.is_empty() {
        return BTreeMap::new();
    }
    let mut pages = drs.describe_source_servers().filters(filters.build()).into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(Ok(page)) = pages.next().await {
        for server in page.items() {
            let state = server.data_replication_info().and_then(|info| info.data_replication_state());
            let hints = server.source_properties().and_then(|properties| properties.identification_hints());
            let hostname = hints.and_then(|hints| hints.hostname()).map(str::to_owned);
            if let Some(id) = server.source_server_id() {
                found.insert(id.to_owned(), (hostname, state.map(|state| state.as_str().to_owned())));
            }
        }
    }
    found
}
