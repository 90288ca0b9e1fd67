//! One step of an incident: over, followed, held, or to be started.

use jiff::Timestamp;
use shared::decision::Verdict;

use super::{confirm, hold, release};
use crate::because::Because;
use crate::decide::{Decision, Question, decide, own};
use crate::facts::Running;
use crate::follow;
use crate::gather::{executions, gather, progress, recoverable};
use crate::incident::{Attempt, Execution, Incident, Phase, Refusal};
use crate::interlock::{Interlock, told};
use crate::latch::Started;
use crate::rules::{Mode, Plan};
use crate::run::Run;
use crate::transition::Known;
use shared::report::Report;

/// Takes it. Gives the start that DRS is to be asked for.
pub(super) async fn step(
    run: &Run<'_>,
    plan: &Plan,
    known: &mut Known,
    report: &mut Report,
) -> Option<Attempt> {
    let phase = known.incident.as_ref()?.phase;
    let attempt = match phase {
        Phase::Held | Phase::Starting => undecided(run, plan, known, report).await,
        Phase::Running => {
            followed(run, plan, known, report).await;
            None
        }
        _ => None,
    };
    let incident = known.incident.as_mut()?;
    late(incident, plan, run.now());
    if !incident.phase.is_open() {
        let why = incident.ended_because.clone().unwrap_or_default();
        let verdict = match incident.phase {
            Phase::Failed | Phase::RecoveredInPart | Phase::Cancelled | Phase::AgedOut => Verdict::Alert,
            _ => Verdict::Skip,
        };
        report.reason(verdict, &plan.name, &Because::Ended { phase: incident.phase, why });
    } else if let Some(execution) = &incident.execution {
        report.reason(Verdict::Skip, &plan.name, &under_way(incident, execution));
    }
    attempt
}

/// That the RTO is over is a reason to look, whatever it waits for.
fn late(incident: &mut Incident, plan: &Plan, now: Timestamp) {
    if incident.phase.is_open() && !incident.over_rto && now >= incident.began() + plan.rto {
        incident.over_rto = true;
        incident.note(now, "over-rto", format!("the RTO of {} is over", told(plan.rto)));
    }
}

fn under_way(incident: &Incident, execution: &Execution) -> Because {
    if let Some(error) = &execution.unreadable {
        return Because::FollowUnreadable { error: error.clone() };
    }
    Because::UnderWay {
        status: execution.status.clone(),
        launched: incident.servers.values().filter(|server| server.is_launched()).count(),
        servers: incident.servers.len(),
        failed: incident.failed().map(|(id, _)| id.clone()).collect(),
    }
}

/// An incident that is not started yet.
async fn undecided(run: &Run<'_>, plan: &Plan, known: &mut Known, report: &mut Report) -> Option<Attempt> {
    if let Some(over) = over(run, plan, known.incident.as_ref()?) {
        return ended(run, plan, known, over, report).await;
    }
    let incident = known.incident.as_mut()?;
    // What was asked for stays what it was asked for.
    if incident.attempt.is_none() {
        incident.mode = plan.mode;
        incident.drs_plan.clone_from(&plan.drs_plan);
    }
    let mut facts = gather(plan, incident, run.settings, run.aws).await;
    if let Some(attempt) = incident.attempt.clone().filter(|attempt| attempt.mode != plan.mode) {
        let is_asked = attempt.asked_until.is_some_and(|until| run.now() < until);
        let is_nowhere = facts.executions.as_ref().is_ok_and(|those| own(plan, incident, those).is_none());
        if is_asked {
            report.reason(Verdict::Hold, &plan.name, &Because::BeingAsked { would_end: Phase::Held });
            return None;
        }
        // The rules want something else by now, and DRS has nothing of it.
        if is_nowhere {
            incident.attempt = None;
            incident.mode = plan.mode;
            release(&mut known.latch, &incident.id);
        }
    }
    let question = Question {
        plan,
        incident,
        latch: &known.latch,
        parameter: &run.settings.kill_switch,
        region: &run.home.region,
        now: run.now(),
    };
    let mut decision = decide(&question, &facts);
    if decision == Decision::LookFurther {
        facts.recoverable = Some(recoverable(&question.incident.drs_plan, run.aws, run.now()).await);
        decision = decide(&question, &facts);
    }
    match decision {
        Decision::Adopt(execution) => {
            adopt(run, plan, known, &execution, report).await;
            None
        }
        Decision::Hold(interlocks) => {
            incident.phase = unstarted(incident, &interlocks);
            holds(incident, &interlocks, run.now());
            held(plan, &interlocks, report);
            None
        }
        // It was looked further.
        Decision::LookFurther => None,
        Decision::Start(attempt) => {
            let plan_seen = facts.recoverable.and_then(|recoverable| recoverable.plan.ok());
            let servers = plan_seen.map(|plan| plan.servers).unwrap_or_default();
            incident.hostnames =
                servers.into_iter().filter_map(|server| Some((server.id, server.hostname?))).collect();
            starts(run, plan, known, &attempt, report);
            Some(attempt)
        }
    }
}

/// Where an incident stands that these hold: after a start was asked for, and DRS does not say what is under way, nobody knows.
fn unstarted(incident: &Incident, interlocks: &[Interlock]) -> Phase {
    let is_unseen =
        interlocks.iter().any(|interlock| matches!(interlock, Interlock::ExecutionsUnreadable { .. }));
    if is_unseen && incident.attempt.is_some() { Phase::Starting } else { Phase::Held }
}

/// How an incident that is not started is over, and why.
fn over(run: &Run<'_>, plan: &Plan, incident: &Incident) -> Option<(Phase, String)> {
    if let Some(by) = &incident.refused_by {
        return Some((Phase::Refused, format!("{by} refused it")));
    }
    if incident.is_over() {
        return Some((Phase::OkAgain, "every alarm of it is OK".to_owned()));
    }
    let age = run.now().duration_since(incident.opened.min(incident.began()));
    (age >= plan.give_up_after)
        .then(|| (Phase::AgedOut, format!("nothing started it in {}", told(plan.give_up_after))))
}

/// Ends an incident that is not started, unless DRS was asked and may have done it.
async fn ended(
    run: &Run<'_>,
    plan: &Plan,
    known: &mut Known,
    (phase, why): (Phase, String),
    report: &mut Report,
) -> Option<Attempt> {
    let incident = known.incident.as_mut()?;
    let asked_until = incident.attempt.as_ref().and_then(|attempt| attempt.asked_until);
    if asked_until.is_some_and(|until| run.now() < until) {
        let because = Because::BeingAsked { would_end: phase };
        report.reason(Verdict::Hold, &plan.name, &because);
        return None;
    }
    match executions(&run.aws.drs, &incident.drs_plan, incident).await {
        Err(error) if incident.attempts > 0 => {
            let unreadable = [Interlock::ExecutionsUnreadable { why: error }];
            incident.phase = unstarted(incident, &unreadable);
            holds(incident, &unreadable, run.now());
            held(plan, &unreadable, report);
            return None;
        }
        // DRS was never asked by this function.
        Err(_) => {}
        Ok(executions) => {
            if let Some(own) = own(plan, incident, &executions).cloned() {
                adopt(run, plan, known, &own, report).await;
                return None;
            }
            release(&mut known.latch, &incident.id);
        }
    }
    incident.end(phase, run.now(), &why);
    None
}

async fn adopt(run: &Run<'_>, plan: &Plan, known: &mut Known, execution: &Running, report: &mut Report) {
    let Some(incident) = &mut known.incident else { return };
    let because = Because::Adopted { execution: execution.arn.clone(), status: execution.status.clone() };
    report.reason(Verdict::Start, &plan.name, &because);
    runs(incident, execution, true, run.now());
    let mode = execution.mode.unwrap_or(plan.mode);
    incident.mode = mode;
    confirm(&mut known.latch, incident, mode, run.now());
    followed(run, plan, known, report).await;
}

/// The start is written down, and shuts the latch, before DRS is asked.
fn starts(run: &Run<'_>, plan: &Plan, known: &mut Known, attempt: &Attempt, report: &mut Report) {
    let Some(incident) = &mut known.incident else { return };
    let because = Because::Start {
        mode: attempt.mode,
        incident: incident.id.clone(),
        servers: attempt.servers,
        despite: attempt.despite.clone(),
        place: plan.place.clone(),
    };
    if incident.attempt.as_ref().is_none_or(|before| before.token != attempt.token) {
        incident.attempts += 1;
        incident.note(run.now(), "decided", because.to_string());
    }
    // Until this invocation has ended, DRS may be about to start it: nobody ends the incident meanwhile.
    incident.attempt = Some(Attempt { asked_until: Some(run.invocation.ends()), ..attempt.clone() });
    incident.phase = Phase::Starting;
    incident.holds.clear();
    if attempt.mode == Mode::Recovery {
        let started = Started { incident: incident.id.clone(), at: run.now() };
        known.latch.recovery.get_or_insert(started);
    }
    report.reason(Verdict::Start, &plan.name, &because);
}

/// DRS is at it.
pub(super) fn runs(incident: &mut Incident, execution: &Running, adopted: bool, now: Timestamp) {
    incident.phase = Phase::Running;
    incident.holds.clear();
    if let Some(attempt) = &mut incident.attempt {
        attempt.error = None;
    }
    let how = if adopted { "is adopted" } else { "is started" };
    incident.note(now, "started", format!("the execution {how}: {}", execution.arn));
    incident.execution = Some(Execution {
        arn: execution.arn.clone(),
        mode: execution.mode.unwrap_or(incident.mode),
        status: execution.status.clone(),
        started: execution.started,
        adopted,
        error: None,
        unreadable: None,
        unreadable_since: None,
        steps: Vec::new(),
    });
}

/// Writes down what holds it; what held it before keeps its time.
pub(super) fn holds(incident: &mut Incident, interlocks: &[Interlock], now: Timestamp) {
    let before = std::mem::take(&mut incident.holds);
    for interlock in interlocks {
        let since = before.iter().find(|hold| hold.code == interlock.code()).map(|hold| hold.since);
        if since.is_none() {
            incident.note(now, "held", format!("held: {interlock}"));
        }
        incident.holds.push(hold(interlock, since.unwrap_or(now)));
    }
    for gone in before
        .iter()
        .filter(|gone| !incident.holds.iter().any(|hold| hold.code == gone.code))
        .cloned()
        .collect::<Vec<_>>()
    {
        incident.note(now, "held", format!("no longer held by {}", gone.code));
    }
}

fn held(plan: &Plan, interlocks: &[Interlock], report: &mut Report) {
    for interlock in interlocks {
        let because = Because::Held { interlock: interlock.clone(), place: plan.place.clone() };
        report.reason(Verdict::Hold, &plan.name, &because);
    }
}

/// A start launched nothing: what it shut is open again, and it is tried anew after a while.
pub(super) fn refused(plan: &Plan, known: &mut Known, refusal: Refusal, report: &mut Report) {
    let Some(incident) = &mut known.incident else { return };
    let (at, error) = (refusal.at, Incident::said(&refusal.error));
    incident.refused(Refusal { error: error.clone(), ..refusal });
    let again = incident.waits_until().unwrap_or(at);
    let interlocks = [Interlock::StartRefused { error, again }];
    holds(incident, &interlocks, at);
    release(&mut known.latch, &incident.id);
    held(plan, &interlocks, report);
}

/// Looks at the execution, and writes down what it has come to.
async fn followed(run: &Run<'_>, plan: &Plan, known: &mut Known, report: &mut Report) {
    let Some(incident) = &mut known.incident else { return };
    let Some(arn) = incident.execution.as_ref().map(|execution| execution.arn.clone()) else { return };
    match progress(&run.aws.drs, &arn).await {
        Ok(progress) => match follow::came_to_nothing(&progress) {
            Some(why) => {
                let error = format!("it failed before any step ran: {why}");
                let refusal = Refusal { at: run.now(), error, execution: Some(arn) };
                refused(plan, known, refusal, report);
            }
            None => follow::apply(incident, &progress, run.now()),
        },
        Err(error) => {
            let Some(execution) = &mut incident.execution else { return };
            let since = *execution.unreadable_since.get_or_insert(run.now());
            execution.unreadable = Some(Incident::said(&error));
            if run.now().duration_since(since) >= plan.give_up_after {
                let why = format!("DRS did not say for {} how it goes ({error})", told(plan.give_up_after));
                incident.end(Phase::Failed, run.now(), &why);
            }
        }
    }
}
