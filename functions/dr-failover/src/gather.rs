//! Reads the facts that a step asks for, one after the other, all of them from the recovery region.

mod executions;
mod instances;
mod jobs;
mod plan;
mod progress;
mod signals;

use futures::future::OptionFuture;
use futures::join;
use shared::arn::Arn;
use versioned_table::TableError;

use crate::facts::{DrsPlan, Facts, Recoverable, Signals};
use crate::rules::RecoveryPlan;
use crate::run::Run;
use crate::step::{Input, KnownPlan, MissingFact, Step, step};

pub(crate) use executions::mode;

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
            facts.recoverable = Some(recoverable(run, drs_plan.as_deref()).await);
        }
        MissingFact::Progress(execution) => {
            facts.progress = Some(progress::progress(drs, &execution.to_string()).await);
        }
    }
    Ok(())
}

async fn signals(run: &Run<'_>, plan: &RecoveryPlan) -> Signals {
    let (alarm, probe) = (plan.second_signal.alarm.as_deref(), plan.second_signal.probe.as_deref());
    let second_alarm: OptionFuture<_> = alarm.map(|name| signals::alarm(&run.aws.cloudwatch, name)).into();
    let probe: OptionFuture<_> = probe.map(|url| run.aws.prober.probe(url)).into();
    let kill_switch = signals::kill_switch(&run.aws.ssm, &run.settings.kill_switch);
    let (kill_switch, second_alarm, probe) = join!(kill_switch, second_alarm, probe);
    Signals { kill_switch, second_alarm, probe }
}

async fn recoverable(run: &Run<'_>, drs_plan: Option<&Arn>) -> Recoverable {
    let drs = &run.aws.drs;
    let plan = match drs_plan {
        Some(drs_plan) => plan::plan(drs, &drs_plan.to_string()).await,
        None => Ok(DrsPlan { status: "ACTIVE".to_owned(), servers: Vec::new() }),
    };
    let servers: Vec<String> = match &plan {
        Ok(plan) => plan.servers.iter().map(|server| server.id.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let jobs = jobs::in_progress(drs, &servers, run.invocation.now).await;
    let instances = instances::of_servers(drs, &servers).await;
    Recoverable { plan, jobs, instances }
}
