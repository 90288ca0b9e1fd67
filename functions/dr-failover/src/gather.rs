//! Reads the facts that a step asks for, one after the other, all of them from the recovery region.

mod addresses;
mod approval;
mod drill;
mod executions;
mod instances;
mod jobs;
mod plan;
mod progress;
mod signals;
mod waves;

use futures::future::OptionFuture;
use futures::join;
use shared::arn::Arn;
use versioned_table::TableError;

use crate::facts::{Facts, FoundExecution, LaterFacts, Read, Recoverable, Signals, TrafficFacts};
use crate::rules::RecoveryPlan;
use crate::run::Run;
use crate::step::{ExecutionsQuery, Input, KnownPlan, LaterQuery, MissingFact, Step, TrafficQuery, step};

pub(crate) use addresses::addresses;
pub(crate) use approval::answers;
pub(crate) use executions::{executions, mode};
pub(crate) use waves::arn as job_arn;

/// Takes the step, and reads each fact that it lacks.
///
/// # Errors
/// When the table does not answer.
pub(crate) async fn gather(
    run: &Run<'_>,
    plan: &RecoveryPlan,
    known: &KnownPlan,
    input: Input<'_>,
) -> Result<Step, TableError> {
    let mut facts = Facts::default();
    loop {
        match step(known, input, &facts, &run.context(plan)) {
            Ok(step) => return Ok(step),
            Err(missing) => read(run, plan, missing, &mut facts).await?,
        }
    }
}

async fn read(
    run: &Run<'_>,
    plan: &RecoveryPlan,
    missing: MissingFact,
    facts: &mut Facts,
) -> Result<(), TableError> {
    let drs = &run.aws.drs;
    match missing {
        MissingFact::StoredIncident(id) => {
            facts.is_stored = Some(run.store().incident(&plan.name, &id).await?.is_some());
        }
        MissingFact::LastIncident(id) => {
            facts.last_incident = Some(run.store().incident(&plan.name, &id).await?.map(Box::new));
        }
        MissingFact::Signals(query) => {
            let (signals, executions) = join!(signals(run, plan), executions::executions(drs, &query));
            (facts.signals, facts.executions) = (Some(signals), Some(executions));
        }
        MissingFact::Executions(query) => {
            facts.executions = Some(executions::executions(drs, &query).await);
        }
        MissingFact::Recoverable(drs_plan) => {
            facts.recoverable = Some(recoverable(run, plan, drs_plan.as_deref()).await);
        }
        MissingFact::Drill(query) => {
            facts.drill = Some(drill::drill(drs, &query, run.invocation.now).await);
        }
        MissingFact::Answers => {
            facts.answers = Some(approval::answers(&run.aws.ssm, &run.settings.approval).await);
        }
        MissingFact::DeletedSnapshots(chosen) => {
            facts.deleted_snapshots = Some(approval::deleted(drs, &chosen).await);
        }
        MissingFact::Progress(execution) => {
            facts.progress = Some(progress::progress(drs, &execution.to_string()).await);
        }
        MissingFact::Jobs(opened) => facts.jobs = Some(waves::jobs(drs, opened).await),
        MissingFact::KillSwitch => {
            facts.kill_switch = Some(signals::kill_switch(&run.aws.ssm, &run.settings.kill_switch).await);
        }
        MissingFact::Newest(server) => facts.newest = Some(plan::newest(drs, &server).await),
        MissingFact::Later(query) => facts.later = Some(later(run, &query).await),
        MissingFact::Traffic(query) => facts.traffic = Some(traffic(run, &query).await),
    }
    Ok(())
}

/// Reads the facts of a preflight: what an incident of the plan would be decided with now.
pub(crate) async fn standing(
    run: &Run<'_>,
    plan: &RecoveryPlan,
) -> (Signals, Read<Vec<FoundExecution>>, Recoverable) {
    let drs_plan = plan.drs_plan.clone();
    let (incident, opened) = (String::new(), run.invocation.now);
    let query = ExecutionsQuery { drs_plan, incident, opened, void_until: None };
    let signals = signals(run, plan);
    let executions = executions::executions(&run.aws.drs, &query);
    let recoverable = recoverable(run, plan, plan.drs_plan.as_ref());
    join!(signals, executions, recoverable)
}

/// Jobs are read before the execution, which then knows each of its own jobs.
async fn later(run: &Run<'_>, query: &LaterQuery) -> LaterFacts {
    let drs = &run.aws.drs;
    let jobs = jobs::launches(drs, &query.servers, query.executions.opened).await;
    let execution = query.execution.as_ref().map(ToString::to_string);
    let progress: OptionFuture<_> =
        execution.as_deref().map(|execution| progress::progress(drs, execution)).into();
    let executions = executions::executions(drs, &query.executions);
    let instances = instances::of_servers(drs, &query.servers);
    let (progress, executions, instances) = join!(progress, executions, instances);
    LaterFacts { progress, executions, jobs, instances }
}

async fn traffic(run: &Run<'_>, query: &TrafficQuery) -> TrafficFacts {
    let aws = run.aws;
    let (kill_switch, recovered, addresses) = join!(
        signals::kill_switch(&aws.ssm, &run.settings.kill_switch),
        addresses::recovered(aws, &query.servers),
        addresses::addresses(aws, &query.allocations),
    );
    let ids: Vec<String> = recovered.iter().flatten().map(|recovered| recovered.id.clone()).collect();
    let instances = addresses::instances(aws, &ids).await;
    TrafficFacts { kill_switch, recovered, instances, addresses }
}

async fn signals(run: &Run<'_>, plan: &RecoveryPlan) -> Signals {
    let (alarm, probe) = (plan.second_signal.alarm.as_deref(), plan.second_signal.probe.as_deref());
    let second_alarm: OptionFuture<_> = alarm.map(|name| signals::alarm(&run.aws.cloudwatch, name)).into();
    let probe: OptionFuture<_> = probe.map(|url| run.aws.prober.probe(url)).into();
    let kill_switch = signals::kill_switch(&run.aws.ssm, &run.settings.kill_switch);
    let (kill_switch, second_alarm, probe) = join!(kill_switch, second_alarm, probe);
    Signals { kill_switch, second_alarm, probe }
}

async fn recoverable(run: &Run<'_>, rules: &RecoveryPlan, drs_plan: Option<&Arn>) -> Recoverable {
    let drs = &run.aws.drs;
    let plan = match drs_plan {
        Some(drs_plan) => plan::plan(drs, &drs_plan.to_string()).await,
        None => waves::servers(drs, &rules.waves).await,
    };
    let servers: Vec<String> = match &plan {
        Ok(plan) => plan.servers.iter().map(|server| server.id.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let jobs = jobs::in_progress(drs, &servers, run.invocation.now).await;
    let instances = instances::of_servers(drs, &servers).await;
    Recoverable { plan, jobs, instances }
}
