//! The instances that earlier executions launched for the plan's servers: a new launch deletes them.

use aws_sdk_drs::Client;
use aws_sdk_drs::types::{DescribeRecoveryInstancesRequestFilters, Ec2InstanceState};
use shared::call_error::CallError;

use super::waves::MOST_IDS;
use crate::facts::{Read, RecoveryInstance};

/// Reads every page. Instances that no longer exist in EC2 do not count.
pub(super) async fn of_servers(drs: &Client, servers: &[String]) -> Read<Vec<RecoveryInstance>> {
    let mut found = Vec::new();
    for servers in servers.chunks(MOST_IDS) {
        of_some(drs, servers, &mut found).await?;
    }
    Ok(found)
}

async fn of_some(drs: &Client, servers: &[String], found: &mut Vec<RecoveryInstance>) -> Read<()> {
    let filters = DescribeRecoveryInstancesRequestFilters::builder();
    let filters = filters.set_source_server_ids(Some(servers.to_vec())).build();
    let mut pages = drs.describe_recovery_instances().filters(filters).into_paginator().send();
    while let Some(page) = pages.next().await {
        for instance in page.map_err(|error| CallError::new("drs:DescribeRecoveryInstances", error))?.items()
        {
            let is_gone = is_gone(instance.ec2_instance_state());
            let Some(server) = instance.source_server_id().filter(|_| !is_gone) else { continue };
            let id = instance.ec2_instance_id().or(instance.recovery_instance_id()).unwrap_or_default();
            // An instance without the drill flag must not be deleted.
            let is_drill = instance.is_drill() == Some(true);
            found.push(RecoveryInstance { server: server.to_owned(), id: id.to_owned(), is_drill });
        }
    }
    Ok(())
}

/// Whether an instance in this state does not exist any more, or soon will not.
pub(super) fn is_gone(state: Option<&Ec2InstanceState>) -> bool {
    use Ec2InstanceState::{NotFound, ShuttingDown, Terminated};
    matches!(state, Some(Terminated | NotFound | ShuttingDown))
}
