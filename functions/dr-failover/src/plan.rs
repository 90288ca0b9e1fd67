//! The way of an input through one plan: read the known state, gather facts, take the step, act. If another invocation wrote the
//! state meanwhile, all of it is done again.
//!
//! An invocation can be killed at any call. The start is written down with its token and its snapshots before DRS is asked, and
//! DRS's executions are searched for the incident's tag before DRS is asked again.

use shared::act::Performed;
use shared::decision::{Action, Verdict};
use shared::report::Report;
use versioned_table::TableError;

use crate::act::Acting;
use crate::because::Because;
use crate::facts::Facts;
use crate::gather::gather;
use crate::rules::{Mode, RecoveryPlan};
use crate::run::Run;
use crate::step::{Input, StartAnswer, StartFailure, step, without_table};
use crate::undecided::UndecidedEmail;

/// The most tries while other invocations write the plan's state.
const TRIES: usize = 6;

/// Decides and acts on an input of a plan.
pub(crate) async fn decide_and_act(run: &Run<'_>, plan: &RecoveryPlan, input: Input<'_>) -> Report {
    // A start in an earlier try was asked for all the same.
    let (mut actions, mut asked): (Vec<Action>, Option<Performed<StartAnswer, StartFailure>>) =
        (Vec::new(), None);
    for _ in 0..TRIES {
        let mut acting = Acting::new(run, plan);
        acting.asked = asked.take();
        acting.report.actions = std::mem::take(&mut actions);
        match Box::pin(once(run, plan, input, &mut acting)).await {
            Ok(()) => return acting.report,
            Err(TableError::Overtaken) => (actions, asked) = (acting.report.actions, acting.asked),
            Err(error) => {
                let due = due(run, plan, input);
                let asked = acting.asked.as_ref();
                let step = without_table(input, asked, &error, due.is_none(), &run.context(plan));
                acting.publish_without_table(step, due).await;
                return acting.report;
            }
        }
    }
    let mut report = Report::of(Verdict::Fail, &plan.name, &Because::Overtaken { tries: TRIES });
    report.actions = actions;
    report
}

/// The email about an alarm that cannot be decided, if this delivery of the event sends it.
fn due(run: &Run<'_>, plan: &RecoveryPlan, input: Input<'_>) -> Option<UndecidedEmail> {
    let Input::Alarm(alarm, _) = input else { return None };
    UndecidedEmail::due(&plan.name, alarm, run.invocation.earlier)
        .filter(|email| !run.aws.undecided.has(email))
}

async fn once(
    run: &Run<'_>,
    plan: &RecoveryPlan,
    input: Input<'_>,
    acting: &mut Acting<'_>,
) -> Result<(), TableError> {
    let known = run.store().known(&plan.name, input).await?;
    let step = gather(run, plan, &known, input).await?;
    let known = acting.act(known, step).await?;
    for id in known.unreported() {
        report_closed(run, plan, &id, acting).await;
    }
    // A drill is an incident of its own: an alarm meanwhile opens another one.
    if matches!(input, Input::Reconcile(Mode::Recovery)) && known.latch.open_drill.is_some() {
        Box::pin(once(run, plan, Input::Reconcile(Mode::Drill), acting)).await?;
    }
    Ok(())
}

/// Sends the final email of a closed incident, if the table answers. Otherwise a later invocation sends it.
async fn report_closed(run: &Run<'_>, plan: &RecoveryPlan, id: &str, acting: &mut Acting<'_>) {
    let Ok(known) = run.store().known_with(&plan.name, id).await else { return };
    if let Ok(step) = step(&known, Input::ReportClosed(id), &Facts::default(), &run.context(plan)) {
        let _ = acting.act(known, step).await;
    }
}
