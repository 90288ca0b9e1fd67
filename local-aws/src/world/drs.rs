//! `[drs]`, `[[source-server]]`, `[[recovery-plan]]`, `[[recovery-job]]` and `[[recovery-instance]]`.

use jiff::{SignedDuration, Timestamp};
use toml::Spanned;

use super::file::WorldFile;
use super::raw::{
    RawDrs, RawPlanStep, RawRecoveryExecution, RawRecoveryInstance, RawRecoveryJob, RawRecoveryPlan,
    RawSnapshotOf, RawSourceServer,
};
use super::{AwsWorld, WorldError};
use crate::drs::{
    INSTANCE_STATES, JobRecord, LONGEST_EXECUTION, LaunchRecord, PlanStepRecord, REPLICATION,
    RecoveryExecutionRecord, RecoveryInstanceRecord, RecoveryPlanRecord, RecoverySnapshotRecord, STATUSES,
    SourceServerRecord, StepWork, is_plan_arn, is_server_id, is_snapshot_id, plan_arn, snapshot_id, unbegun,
};
use crate::ids;
use crate::service::ACCOUNT;

pub(super) fn settings(world: &mut AwsWorld, raw: RawDrs) {
    let drs = &mut world.drs;
    drs.region.clone_from(&world.region);
    drs.initialized = raw.initialized.unwrap_or(drs.initialized);
    drs.events = raw.events.unwrap_or(drs.events);
    drs.step = raw.seconds.map_or(drs.step, |seconds| SignedDuration::from_secs(seconds.into()));
    drs.pending = SignedDuration::from_secs(raw.pending_seconds.into());
    drs.page_size = raw.page_size.map_or(drs.page_size, Into::into);
}

pub(super) fn server(world: &AwsWorld, file: &WorldFile<'_>, raw: RawSourceServer) -> Result<(), WorldError> {
    let id = server_id(file, &raw.id)?;
    let replication = match &raw.replication {
        None => "CONTINUOUS",
        Some(state) => file.one_of(state, "replication", &REPLICATION)?,
    };
    let launch = match &raw.launch {
        None => "LAUNCHED",
        Some(result) => file.one_of(result, "launch", &["LAUNCHED", "FAILED"])?,
    };
    let snapshots = raw.snapshots.iter().map(|one| snapshot(file, &id, one)).collect::<Result<_, _>>()?;
    let mut state = world.drs.lock();
    if state.servers.iter().any(|other| other.id == id) {
        return Err(file.invalid(&raw.id, format!("source server `{id}` is listed twice")));
    }
    state.servers.push(SourceServerRecord {
        id,
        hostname: raw.hostname,
        replication: replication.to_owned(),
        lag: raw.lag,
        launch: launch.to_owned(),
        launch_takes: SignedDuration::from_secs(raw.launch_seconds.unwrap_or(600).into()),
        snapshots,
    });
    Ok(())
}

fn snapshot(
    file: &WorldFile<'_>,
    server: &str,
    raw: &Spanned<RawSnapshotOf>,
) -> Result<RecoverySnapshotRecord, WorldError> {
    let (taken, expected, id) = match raw.get_ref() {
        RawSnapshotOf::Taken(taken) => (Some(*taken), None, None),
        RawSnapshotOf::Of(of) => (of.taken, of.expected, of.id.clone()),
    };
    let Some(at) = expected.or(taken) else {
        return Err(file.invalid(raw, "a snapshot is `taken` or `expected` at some time"));
    };
    let id = id.unwrap_or_else(|| snapshot_id(server, at));
    match is_snapshot_id(&id) {
        true => Ok(RecoverySnapshotRecord { id, expected: at, taken }),
        false => Err(file.invalid(raw, format!("`{id}` is no snapshot's id: pit- and 17 letters or digits"))),
    }
}

pub(super) fn plan(world: &AwsWorld, file: &WorldFile<'_>, raw: RawRecoveryPlan) -> Result<(), WorldError> {
    let name = raw.name.get_ref().clone();
    let arn = match &raw.arn {
        None => plan_arn(&world.drs.region, &name),
        Some(arn) if is_plan_arn(arn.get_ref()) => arn.get_ref().clone(),
        Some(arn) => return Err(file.invalid(arn, "this is no ARN of a recovery plan")),
    };
    let status = match &raw.status {
        None => "ACTIVE",
        Some(status) => file.one_of(status, "status", &["ACTIVE", "INVALID"])?,
    };
    let created = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 55);
    let steps = raw.step.iter().map(|one| step(world, file, one)).collect::<Result<_, _>>()?;
    let plan = RecoveryPlanRecord {
        arn: arn.clone(),
        name: name.clone(),
        status: status.to_owned(),
        created,
        steps,
    };
    if world.drs.lock().plans.iter().any(|other| other.arn == arn || other.name == name) {
        return Err(file.invalid(&raw.name, format!("recovery plan `{name}` is listed twice")));
    }
    for one in raw.execution {
        let execution = execution(world, file, &plan, one)?;
        world.drs.lock().executions.push(execution);
    }
    world.drs.lock().plans.push(plan);
    Ok(())
}

fn step(world: &AwsWorld, file: &WorldFile<'_>, raw: &RawPlanStep) -> Result<PlanStepRecord, WorldError> {
    let name = raw.name.get_ref().clone();
    let servers = raw.servers.iter().map(|id| (id, true)).chain(raw.optional.iter().map(|id| (id, false)));
    let mut ids = Vec::new();
    for (id, critical) in servers {
        ids.push((known_server(world, file, id)?, critical));
    }
    let work = match (raw.wait_minutes, ids.is_empty()) {
        (Some(minutes), true) if (1..=120).contains(&minutes) => StepWork::Wait(minutes.into()),
        (Some(_), true) => return Err(file.invalid(&raw.name, "`wait-minutes` is 1 to 120")),
        (None, false) => StepWork::Servers(ids),
        _ => return Err(file.invalid(&raw.name, "a step launches servers, or has `wait-minutes`")),
    };
    Ok(PlanStepRecord { name, work })
}

/// An execution in progress continues from the world's time.
fn execution(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    plan: &RecoveryPlanRecord,
    raw: RawRecoveryExecution,
) -> Result<RecoveryExecutionRecord, WorldError> {
    let mode = match &raw.mode {
        None => "RECOVERY",
        Some(mode) => file.one_of(mode, "mode", &["RECOVERY", "DRILL"])?,
    };
    let status = file.one_of(&raw.status, "status", &STATUSES)?;
    let number = world.drs.lock().executions.len().to_string();
    let id = &ids::digest(&["execution", &plan.arn, &number])[..17];
    let goes_on = !raw.stays && matches!(status, "CREATED" | "IN_PROGRESS");
    let ended = matches!(status, "COMPLETED" | "FAILED" | "TIMED_OUT" | "CANCELLED");
    Ok(RecoveryExecutionRecord {
        arn: format!("arn:aws:drs:{}:{ACCOUNT}:recovery-plan-execution/rpe-{id}", world.drs.region),
        plan: plan.arn.clone(),
        mode: mode.to_owned(),
        status: status.to_owned(),
        started: raw.started,
        completed: ended.then_some(raw.started),
        error: None,
        tags: raw.tags,
        token: None,
        snapshots: Vec::new(),
        steps: unbegun(plan),
        due: world.now.filter(|_| goes_on),
        times_out: goes_on.then(|| raw.started + LONGEST_EXECUTION),
    })
}

pub(super) fn job(world: &AwsWorld, file: &WorldFile<'_>, raw: RawRecoveryJob) -> Result<(), WorldError> {
    let mut servers = Vec::new();
    for id in &raw.servers {
        let server = known_server(world, file, id)?;
        servers.push(LaunchRecord { server, status: "IN_PROGRESS".to_owned(), instance: None, due: None });
    }
    let kind = match &raw.kind {
        None => "LAUNCH",
        Some(kind) => file.one_of(kind, "type", &["LAUNCH", "TERMINATE", "CREATE_CONVERTED_SNAPSHOT"])?,
    };
    let mut state = world.drs.lock();
    let number = state.jobs.len().to_string();
    state.jobs.push(JobRecord {
        kind: kind.to_owned(),
        id: format!("drsjob-{}", &ids::digest(&["job", "world", &number])[..17]),
        is_drill: raw.drill,
        status: "STARTED".to_owned(),
        created: raw.started,
        ended: None,
        servers,
        due: None,
    });
    Ok(())
}

pub(super) fn instance(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    raw: RawRecoveryInstance,
) -> Result<(), WorldError> {
    let server = known_server(world, file, &raw.server)?;
    let state_name = match &raw.state {
        None => "RUNNING",
        Some(state) => file.one_of(state, "state", &INSTANCE_STATES)?,
    };
    let mut state = world.drs.lock();
    let number = state.instances.len().to_string();
    let id = raw.id.unwrap_or_else(|| format!("i-{}", &ids::digest(&["instance", &server, &number])[..17]));
    state.instances.push(RecoveryInstanceRecord {
        id,
        server,
        is_drill: raw.drill,
        state: state_name.to_owned(),
        job: None,
        launched: None,
    });
    Ok(())
}

fn server_id(file: &WorldFile<'_>, id: &Spanned<String>) -> Result<String, WorldError> {
    match is_server_id(id.get_ref()) {
        true => Ok(id.get_ref().clone()),
        false => {
            let message = format!("`{}` is no source server's id: s- and 17 letters or digits", id.get_ref());
            Err(file.invalid(id, message))
        }
    }
}

/// A server that the file lists.
fn known_server(world: &AwsWorld, file: &WorldFile<'_>, id: &Spanned<String>) -> Result<String, WorldError> {
    let id_text = server_id(file, id)?;
    match world.drs.lock().servers.iter().any(|server| server.id == id_text) {
        true => Ok(id_text),
        false => Err(file.invalid(id, format!("there is no [[source-server]] `{id_text}`"))),
    }
}
