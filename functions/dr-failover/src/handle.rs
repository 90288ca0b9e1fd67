//! From an event to a decision: parses the event, and decides and acts for each plan of the event.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;
use shared::arn::Arn;
use shared::decision::{Decision, Verdict};
use shared::foreign_event::{AcceptedRegions, ForeignEvent};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};
use shared::report::Report;

use crate::act;
use crate::aws::Clients;
use crate::because::Because;
use crate::email;
use crate::event::{Event, Parsed, parse};
use crate::incident::Incident;
use crate::plan::decide_and_act;
use crate::rules::{Mode, RecoveryPlan, Rules};
use crate::run::Run;
use crate::settings::Settings;
use crate::step::Input;

/// The number of DRS plans that are decided at a time: when a region fails, many probes wait for their time limit. With 20
/// seconds for a probe and five minutes for an invocation, about a hundred plans have their turn.
const AT_A_TIME: usize = 8;

/// With less time left than this, no further plan is begun.
const TIME_FOR_A_PLAN: Duration = Duration::from_secs(30);

/// From an event to a decision, with its effects carried out.
///
/// # Errors
/// When an operator's command is incomplete. Later failures are in the decision.
pub async fn handle(
    event: Value,
    invocation: Invocation,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let home = Home::of(&invocation.function_arn);
    // Of every region: alarms of the failed region are forwarded, and a rule names an alarm by its ARN.
    if let Some(foreign) = ForeignEvent::of(&event, &home, &[], AcceptedRegions::Every) {
        let report = Report::of(Verdict::Skip, "event", &foreign);
        return Ok(report.decision(crate::FUNCTION.name, "an event of another account", &invocation));
    }
    let ends = invocation.ends();
    let run = Run { rules, settings, aws, invocation: invocation.clone(), home, ends };
    let parsed = parse(&event).map_err(|error| Failure::new("MalformedEvent", &error))?;
    let (line, report) = match parsed {
        Parsed::Ours(ours) => (ours.to_string(), decided(&run, &ours).await),
        Parsed::NotOurs(why) => (
            "an event of another kind".to_owned(),
            Report::of(Verdict::Skip, "event", &Because::NotOurs(why)),
        ),
        Parsed::NotUnderstood(why) => {
            ("an event that cannot be read".to_owned(), unreadable(&run, &event, why).await)
        }
    };
    Ok(report.decision(crate::FUNCTION.name, &line, &invocation))
}

async fn decided(run: &Run<'_>, event: &Event) -> Report {
    let mut report = Report::default();
    match event {
        Event::Alarms(alarms) => {
            for alarm in alarms {
                let named = run.rules.plans.iter().filter_map(|plan| {
                    let arn: &Arn = plan.alarms.iter().find(|arn| alarm.is_of(arn))?;
                    Some((plan, Input::Alarm(alarm, arn)))
                });
                let named: Vec<(&RecoveryPlan, Input<'_>)> = named.collect();
                if named.is_empty() {
                    let subject = alarm.arn.as_deref().unwrap_or(&alarm.name);
                    report.reason(Verdict::Skip, subject, &Because::NoPlan);
                }
                report.add(each(run, named).await);
            }
        }
        Event::Launch(_) | Event::Answered { .. } | Event::Reconcile => {
            let all = run.rules.plans.iter().map(|plan| (plan, Input::Reconcile(Mode::Recovery)));
            let all = all.collect();
            report.add(each(run, all).await);
        }
        Event::Refuse { incident, by } => {
            let plan = Incident::plan_of(incident).and_then(|name| run.rules.plan(name));
            match plan {
                Some(plan) => report.add(decide_and_act(run, plan, Input::Refuse { incident, by }).await),
                None => missing(&mut report, "recovery plan of the incident", incident),
            }
        }
        Event::Close { incident, by } => {
            let plan = Incident::plan_of(incident).and_then(|name| run.rules.plan(name));
            match plan {
                Some(plan) => report.add(decide_and_act(run, plan, Input::Close { incident, by }).await),
                None => missing(&mut report, "recovery plan of the incident", incident),
            }
        }
        Event::ClearLatch { plan: name, by } => match run.rules.plan(name) {
            Some(plan) => report.add(decide_and_act(run, plan, Input::ClearLatch { by }).await),
            None => missing(&mut report, "recovery plan", name),
        },
    }
    report
}

/// Decides several plans at a time, since each waits for its own probe. Plans with the same DRS plan are decided one after the
/// other, since the start of one blocks the next. The report has the order of the rules.
async fn each(run: &Run<'_>, inputs: Vec<(&RecoveryPlan, Input<'_>)>) -> Report {
    let mut groups: Vec<(Option<&Arn>, Vec<usize>)> = Vec::new();
    for (index, (plan, _)) in inputs.iter().enumerate() {
        let drs_plan = plan.drs_plan.as_ref();
        match groups.iter_mut().find(|(of_group, _)| drs_plan.is_some() && *of_group == drs_plan) {
            Some((_, group)) => group.push(index),
            None => groups.push((drs_plan, vec![index])),
        }
    }
    let inputs = &inputs;
    let one = async |index: usize| {
        let (plan, input) = inputs[index];
        if run.invocation.deadline.saturating_duration_since(Instant::now()) < TIME_FOR_A_PLAN {
            return Report::of(Verdict::Fail, &plan.name, &Because::NoTime);
        }
        decide_and_act(run, plan, input).await
    };
    let groups = stream::iter(groups).map(|(_, group)| {
        // Boxed: the futures of the SDK's calls are large, and these are many.
        Box::pin(stream::iter(group).then(async |index| (index, one(index).await)).collect::<Vec<_>>())
    });
    let mut reports: Vec<(usize, Report)> =
        groups.buffer_unordered(AT_A_TIME).flat_map(stream::iter).collect().await;
    reports.sort_by_key(|(index, _)| *index);
    let mut all = Report::default();
    reports.into_iter().for_each(|(_, report)| all.add(report));
    all
}

fn missing(report: &mut Report, what: &'static str, name: &str) {
    report.reason(Verdict::Fail, name, &Because::NothingOfThatName { what, name: name.to_owned() });
}

/// Pages the operator about an event that may be an alarm and cannot be read.
async fn unreadable(run: &Run<'_>, event: &Value, why: String) -> Report {
    let message = email::not_understood(event, &why, &run.rules.plans, run.invocation.now);
    let mut report = Report::of(Verdict::Alert, "event", &Because::NotUnderstood { why });
    act::page(run, &message, &mut report).await;
    report
}
