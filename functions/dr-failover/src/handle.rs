//! From an event to what was decided and done about it.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};

use crate::aws::Clients;
use crate::because::Because;
use crate::drive::{Input, drive};
use crate::event::{Event, Parsed, parse};
use crate::incident::Incident;
use crate::mail;
use crate::rules::{Plan, Rules};
use crate::run::Run;
use crate::settings::Settings;
use shared::report::Report;

/// How many DRS plans are looked at at a time: a site that is down answers no probe, and when a region fails, many are. With
/// 20 seconds for a probe and five minutes for an invocation, some hundred plans can be held by one each.
const AT_A_TIME: usize = 8;

/// What is left of the time when no plan is begun any more.
const TIME_FOR_A_PLAN: Duration = Duration::from_secs(30);

/// From an event to what was decided and done about it.
///
/// # Errors
/// When a person's word lacks what it takes. What fails later is in the decision.
pub async fn handle(
    event: Value,
    invocation: Invocation,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let home = Home::of(&invocation.function_arn);
    let run = Run { rules, settings, aws, invocation: invocation.clone(), home };
    let parsed = parse(&event).map_err(|error| Failure::new("MalformedEvent", &error))?;
    let (line, report) = match parsed {
        Parsed::Ours(ours) => (ours.to_string(), decided(&run, &ours).await),
        Parsed::NotOurs(why) => {
            ("an event about no alarm".to_owned(), Report::of(Verdict::Skip, "event", &Because::NotOurs(why)))
        }
        Parsed::NotUnderstood(why) => {
            ("an event that cannot be read".to_owned(), page(&run, &event, &why).await)
        }
    };
    Ok(report.decision(crate::FUNCTION, &line, &invocation))
}

async fn decided(run: &Run<'_>, event: &Event) -> Report {
    let mut report = Report::default();
    match event {
        Event::Alarms(alarms) => {
            for alarm in alarms {
                let named = run.rules.plans.iter().filter_map(|plan| {
                    let arn = plan.alarms.iter().find(|arn| alarm.is(arn))?;
                    Some((plan, Input::Alarm(alarm, arn)))
                });
                let named: Vec<(&Plan, Input<'_>)> = named.collect();
                if named.is_empty() {
                    let subject = alarm.arn.as_deref().unwrap_or(&alarm.name);
                    report.reason(Verdict::Skip, subject, &Because::NoPlan);
                }
                report.add(each(run, named).await);
            }
        }
        Event::Launch(_) | Event::Reconcile => {
            let all = run.rules.plans.iter().map(|plan| (plan, Input::Look)).collect();
            report.add(each(run, all).await);
        }
        Event::Refuse { incident, by } => {
            let plan = Incident::plan_of(incident).and_then(|name| run.rules.plan(name));
            match plan {
                Some(plan) => report.add(drive(run, plan, Input::Refuse { incident, by }).await),
                None => nothing(&mut report, "plan of the incident", incident),
            }
        }
        Event::ClearLatch { plan: name, by } => match run.rules.plan(name) {
            Some(plan) => report.add(drive(run, plan, Input::ClearLatch { by }).await),
            None => nothing(&mut report, "recovery plan", name),
        },
    }
    report
}

/// Each plan with what it is looked at for. Several at a time, since each waits for its own probe; those of one DRS plan one
/// after another, since what one starts holds the next. What came of them is told in the order of the rules.
async fn each(run: &Run<'_>, inputs: Vec<(&Plan, Input<'_>)>) -> Report {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (index, (plan, _)) in inputs.iter().enumerate() {
        match groups.iter_mut().find(|(drs_plan, _)| *drs_plan == plan.drs_plan) {
            Some((_, group)) => group.push(index),
            None => groups.push((&plan.drs_plan, vec![index])),
        }
    }
    let inputs = &inputs;
    let one = async |index: usize| {
        let (plan, input) = inputs[index];
        if run.invocation.deadline.saturating_duration_since(Instant::now()) < TIME_FOR_A_PLAN {
            return Report::of(Verdict::Fail, &plan.name, &Because::NoTime);
        }
        drive(run, plan, input).await
    };
    let groups = stream::iter(groups).map(|(_, group)| {
        // Boxed: the futures of the SDK's calls are large, and these are many.
        Box::pin(stream::iter(group).then(async |index| (index, one(index).await)).collect::<Vec<_>>())
    });
    let mut outcomes: Vec<(usize, Report)> =
        groups.buffer_unordered(AT_A_TIME).flat_map(stream::iter).collect().await;
    outcomes.sort_by_key(|(index, _)| *index);
    let mut all = Report::default();
    outcomes.into_iter().for_each(|(_, report)| all.add(report));
    all
}

fn nothing(report: &mut Report, what: &'static str, name: &str) {
    report.reason(Verdict::Fail, name, &Because::NothingOfThatName { what, name: name.to_owned() });
}

/// Pages a person about an event that may be an alarm and cannot be read.
async fn page(run: &Run<'_>, event: &Value, why: &str) -> Report {
    let mut report = Report::default();
    report.reason(Verdict::Alert, "event", &Because::NotUnderstood { why: why.to_owned() });
    let message = mail::not_understood(event, why, &run.rules.plans, run.now());
    run.mail("event", &run.settings.topic, &message, &mut report).await;
    report
}
