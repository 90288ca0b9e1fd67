//! DescribeJobs, DescribeRecoveryInstances, DescribeRecoverySnapshots and DescribeSourceServers.

use serde_json::{Value, json};

use super::request::{Paging, drs, invalid, is_server_id, iso, moment, not_found};
use super::{JobRecord, RecoveryInstanceRecord, SourceServerRecord, server_arn};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context};

/// The newest first.
pub(super) fn describe_jobs(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let paging = Paging::take(context, &mut input)?;
    let (mut ids, mut from, mut to) = (Vec::new(), None, None);
    if let Some(mut filters) = input.structure("filters")? {
        ids = filters.strings("jobIDs")?;
        from = moment(&mut filters, "fromDate")?;
        to = moment(&mut filters, "toDate")?;
        filters.finish()?;
    }
    input.finish()?;
    if ids.len() > 1_000 {
        return Err(invalid("filters.jobIDs has more than 1000 ids"));
    }
    let state = drs.lock();
    let wanted = state.jobs.iter().rev().filter(|job| {
        (ids.is_empty() || ids.contains(&job.id))
            && from.is_none_or(|from| job.created >= from)
            && to.is_none_or(|to| job.created <= to)
    });
    let jobs: Vec<Value> = wanted.map(|job| shown(&drs.region, job)).collect();
    paging.page("items", &jobs)
}

fn shown(region: &str, job: &JobRecord) -> Value {
    let servers: Vec<Value> = job
        .servers
        .iter()
        .map(|launch| {
            let mut server = json!({"sourceServerID": launch.server, "launchStatus": launch.status});
            if let Some(instance) = &launch.instance {
                server["recoveryInstanceID"] = instance.as_str().into();
            }
            server
        })
        .collect();
    let mut shown = json!({
        "jobID": job.id,
        "arn": format!("arn:aws:drs:{region}:{ACCOUNT}:job/{}", job.id),
        "type": job.kind,
        "initiatedBy": match (job.kind.as_str(), job.is_drill) {
            ("TERMINATE", _) => "TERMINATE_RECOVERY_INSTANCES",
            (_, true) => "START_DRILL",
            (_, false) => "START_RECOVERY",
        },
        "status": job.status,
        "creationDateTime": iso(job.created),
        "participatingServers": servers,
        "tags": {},
    });
    if let Some(ended) = job.ended {
        shown["endDateTime"] = iso(ended);
    }
    shown
}

pub(super) fn describe_recovery_instances(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let paging = Paging::take(context, &mut input)?;
    let (mut ids, mut servers) = (Vec::new(), Vec::new());
    if let Some(mut filters) = input.structure("filters")? {
        ids = filters.strings("recoveryInstanceIDs")?;
        servers = filters.strings("sourceServerIDs")?;
        filters.finish()?;
    }
    input.finish()?;
    if ids.len() > 200 || servers.len() > 200 {
        return Err(invalid("filters has more than 200 ids"));
    }
    let state = drs.lock();
    let wanted = state.instances.iter().filter(|instance| {
        (ids.is_empty() || ids.contains(&instance.id))
            && (servers.is_empty() || servers.contains(&instance.server))
    });
    let shown = |instance| {
        let mut shown = recovery_instance(&drs.region, instance);
        shown["ec2InstanceState"] = drs.instance_state(instance, context.now).into();
        shown
    };
    let items: Vec<Value> = wanted.map(shown).collect();
    paging.page("items", &items)
}

fn recovery_instance(region: &str, instance: &RecoveryInstanceRecord) -> Value {
    let mut shown = json!({
        "recoveryInstanceID": instance.id,
        "ec2InstanceID": instance.id,
        "ec2InstanceState": instance.state,
        "arn": format!("arn:aws:drs:{region}:{ACCOUNT}:recovery-instance/{}", instance.id),
        "sourceServerID": instance.server,
        "isDrill": instance.is_drill,
        "tags": {},
    });
    if let Some(job) = &instance.job {
        shown["jobID"] = job.as_str().into();
    }
    shown
}

pub(super) fn describe_recovery_snapshots(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let paging = Paging::take(context, &mut input)?;
    let id = input.string("sourceServerID")?.unwrap_or_default();
    let order = input.string("order")?.unwrap_or_else(|| "ASC".to_owned());
    let (mut from, mut to) = (None, None);
    if let Some(mut filters) = input.structure("filters")? {
        from = moment(&mut filters, "fromDateTime")?;
        to = moment(&mut filters, "toDateTime")?;
        filters.finish()?;
    }
    input.finish()?;
    if !is_server_id(&id) {
        return Err(invalid(format!("sourceServerID `{id}` is no id of a source server")));
    }
    let state = drs.lock();
    let server = state.servers.iter().find(|server| server.id == id);
    let mut snapshots = server.ok_or_else(|| not_found("SourceServer", &id))?.snapshots.clone();
    snapshots.retain(|snapshot| {
        from.is_none_or(|from| snapshot.expected >= from) && to.is_none_or(|to| snapshot.expected <= to)
    });
    snapshots.sort_by_key(|snapshot| snapshot.expected);
    if order == "DESC" {
        snapshots.reverse();
    }
    let items: Vec<Value> = snapshots
        .iter()
        .map(|snapshot| {
            let mut shown = json!({
                "snapshotID": snapshot.id,
                "sourceServerID": id,
                "expectedTimestamp": iso(snapshot.expected),
                "ebsSnapshots": [],
            });
            if let Some(taken) = snapshot.taken {
                shown["timestamp"] = iso(taken);
            }
            shown
        })
        .collect();
    paging.page("items", &items)
}

pub(super) fn describe_source_servers(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let paging = Paging::take(context, &mut input)?;
    let mut ids = Vec::new();
    if let Some(mut filters) = input.structure("filters")? {
        ids = filters.strings("sourceServerIDs")?;
        filters.finish()?;
    }
    input.finish()?;
    if ids.len() > 200 {
        return Err(invalid("filters.sourceServerIDs has more than 200 ids"));
    }
    let state = drs.lock();
    let wanted = state.servers.iter().filter(|server| ids.is_empty() || ids.contains(&server.id));
    let items: Vec<Value> = wanted.map(|server| source_server(&drs.region, server)).collect();
    paging.page("items", &items)
}

fn source_server(region: &str, server: &SourceServerRecord) -> Value {
    let mut replication = json!({"dataReplicationState": server.replication});
    if let Some(lag) = &server.lag {
        replication["lagDuration"] = lag.as_str().into();
    }
    let mut shown = json!({
        "sourceServerID": server.id,
        "arn": server_arn(region, &server.id),
        "tags": {},
        "dataReplicationInfo": replication,
    });
    if let Some(hostname) = &server.hostname {
        shown["sourceProperties"] = json!({"identificationHints": {"hostname": hostname}});
    }
    shown
}
