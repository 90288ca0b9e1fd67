//! Tells people of each state of an incident once: claimed with the write that brings the state, mailed, confirmed. A claim that
//! was not kept is free again when the invocation that made it has ended for sure.

use shared::decision::{ActionResult, Verdict};

use crate::because::Because;
use crate::incident::{Incident, Phase, Telling};
use crate::mail::{self, Story};
use crate::remark::Remark;
use crate::rules::Plan;
use crate::run::Run;
use crate::store::StoreError;
use crate::transition::Known;
use shared::report::Report;

/// How often the confirmation is written anew because somebody else wrote the incident meanwhile.
const TRIES: usize = 5;

/// The state that nobody was told of yet. That a start is about to be asked for is none: its answer is.
fn untold(incident: &Incident) -> Option<String> {
    let state = incident.state();
    let is_passing = incident.phase == Phase::Starting && state == "starting" || incident.is_checked_again();
    (incident.told.as_ref() != Some(&state) && !is_passing).then_some(state)
}

/// Claims the mail about the state that the incident is in now.
pub(super) fn claim(run: &Run<'_>, known: &mut Known) {
    let Some(incident) = &mut known.incident else { return };
    let Some(state) = untold(incident) else {
        incident.telling = None;
        return settle(known);
    };
    let (by, until) = (run.invocation.request_id.clone(), run.invocation.ends());
    let is_others = incident
        .telling
        .as_ref()
        .is_some_and(|telling| telling.state == state && telling.by != by && telling.until > run.now());
    if !is_others {
        incident.telling = Some(Telling { state, by, until });
    }
    settle(known);
}

/// Mails it, if this invocation has the claim.
pub(super) async fn tell(run: &Run<'_>, plan: &Plan, mut known: Known, report: &mut Report) {
    let Some(incident) = &known.incident else { return };
    let Some(telling) = incident.telling.clone() else { return };
    let id = incident.id.clone();
    if telling.by != run.invocation.request_id {
        report.note(&plan.name, &Remark::BeingTold);
        return;
    }
    let story = Story {
        plan,
        incident,
        latch: &known.latch,
        settings: run.settings,
        home: &run.home,
        function: &run.invocation.function_arn,
        now: run.now(),
    };
    let topic = plan.topic.as_deref().unwrap_or(&run.settings.topic);
    let action = run.publish(topic, &mail::message(&story)).await;
    let (subject, result) = (action.subject.clone(), action.result.clone());
    report.actions.push(action);
    let sent = match result {
        ActionResult::NotCalled(_) => return,
        ActionResult::Done(_) => true,
        ActionResult::Failed(error) => {
            report.reason(Verdict::Fail, &plan.name, &Because::MailFailed { error });
            false
        }
    };
    for _ in 0..TRIES {
        let before = known.clone();
        told(&mut known, &telling, &subject, sent, run.now());
        match run.store().write(&plan.name, &before, &mut known).await {
            Ok(()) => return,
            Err(StoreError::Overtaken) => match run.store().known_with(&plan.name, &id).await {
                Ok(now) => known = now,
                Err(error) => {
                    return report.note(&plan.name, &Remark::NotConfirmed { error: error.to_string() });
                }
            },
            Err(error) => {
                return report.note(&plan.name, &Remark::NotConfirmed { error: error.to_string() });
            }
        }
    }
    report.note(&plan.name, &Remark::NotConfirmed { error: StoreError::Overtaken.to_string() });
}

/// Writes down that a state was mailed, or gives the claim up, so that the next invocation need not wait for its end.
fn told(known: &mut Known, telling: &Telling, subject: &str, sent: bool, now: jiff::Timestamp) {
    let Some(incident) = &mut known.incident else { return };
    if incident.telling.as_ref().is_some_and(|current| current.by == telling.by) {
        incident.telling = None;
    }
    if sent {
        incident.told = Some(telling.state.clone());
        incident.note(now, "mail", format!("mailed: {subject}"));
    } else {
        incident.note(now, "not-mailed", format!("not mailed: {subject}"));
    }
    settle(known);
}

/// An incident that is over is open no more, whoever was told: the next alarm is another incident's. Until somebody was told, the
/// latch remembers it.
fn settle(known: &mut Known) {
    let Some(incident) = known.incident.as_ref().filter(|incident| !incident.phase.is_open()) else { return };
    known.latch.open.take_if(|open| *open == incident.id);
    known.latch.untold.retain(|id| *id != incident.id);
    if untold(incident).is_some() {
        known.latch.untold.push(incident.id.clone());
    }
}
