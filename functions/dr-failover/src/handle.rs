//! From an event to a decision: parses the event, and decides and acts for each plan of the event.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;
use shared::arn::Arn;
use shared::decision::{Decision, Verdict};
use shared::event::MalformedEvent;
use shared::foreign_event::{AcceptedRegions, ForeignEvent};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};
use shared::report::Report;

use crate::act;
use crate::alarm::{AlarmNotice, DeletedAlarm};
use crate::aws::Clients;
use crate::because::Because;
use crate::email::{self, Unread};
use crate::event::{Event, Parsed, parse};
use crate::incident::Incident;
use crate::plan::decide_and_act;
use crate::preflight_run::preflight;
use crate::rules::{Mode, RecoveryPlan, Rules};
use crate::run::Run;
use crate::settings::Settings;
use crate::step::{DrillRequest, Input};

/// The number of DRS plans that are decided at a time: when a region fails, many probes wait for their time limit. With 20
/// seconds for a probe and five minutes for an invocation, about a hundred plans have their turn.
const AT_A_TIME: usize = 8;

/// The most events of a list that the decision's line and an email describe.
const MOST_LINES: usize = 5;

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
    if invocation.earlier.is_some() && is_superseded(&event) {
        let report = Report::of(Verdict::Skip, "event", &Because::Superseded);
        return Ok(report.decision(crate::FUNCTION.name, "an event that is out of date", &invocation));
    }
    let ends = invocation.ends();
    let run = Run { rules, settings, aws, invocation: invocation.clone(), home, ends };
    let (line, report) = match event {
        Value::Array(events) if !events.is_empty() => listed(&run, events).await,
        event => match read(&run, &event).map_err(|error| Failure::new("MalformedEvent", &error))? {
            ReadEvent::Ours(ours) => (ours.to_string(), decided(&run, &ours).await),
            ReadEvent::Other(line, report) => (line.to_owned(), report),
            ReadEvent::NotUnderstood(why) => (
                "an event that cannot be read".to_owned(),
                unreadable(&run, &event, (Unread::Event, why)).await,
            ),
        },
    };
    Ok(report.decision(crate::FUNCTION.name, &line, &invocation))
}

/// Whether an event of a failure queue is useless: the schedule sends the same event again, a launch result only causes the
/// re-evaluation that reconcile makes each minute, and Region switch repeats its order. The order has no time, so that one of hours
/// ago would start a recovery that its execution no longer waits for.
fn is_superseded(event: &Value) -> bool {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let is_order = event["recovery-plan"].is_string() && event["ExecutionId"].is_string();
    is_order
        || matches!(
            (text("source"), text("detail-type")),
            ("pointsman", "reconcile" | "preflight") | ("aws.drs", "DRS Source Server Launch Result")
        )
}

/// An event, as far as it can be read.
enum ReadEvent {
    /// An event that this function decides about.
    Ours(Event),
    /// Another event: its description, and the report.
    Other(&'static str, Report),
    /// The event may be an alarm and cannot be read; why.
    NotUnderstood(String),
}

fn read(run: &Run<'_>, event: &Value) -> Result<ReadEvent, MalformedEvent> {
    // Of every region: alarms of the failed region are forwarded, and a rule names an alarm by its ARN.
    if let Some(foreign) = ForeignEvent::of(event, &run.home, &[], AcceptedRegions::Every) {
        let report = Report::of(Verdict::Skip, "event", &foreign);
        return Ok(ReadEvent::Other("an event of another account", report));
    }
    Ok(match parse(event)? {
        Parsed::Ours(ours) => ReadEvent::Ours(ours),
        Parsed::NotOurs(why) => {
            let report = Report::of(Verdict::Skip, "event", &Because::NotOurs(why));
            ReadEvent::Other("an event of another kind", report)
        }
        Parsed::NotUnderstood(why) => ReadEvent::NotUnderstood(why),
    })
}

/// A list of events: EventBridge Pipes invoke a function with one ("Amazon EventBridge Pipes batching and concurrency", Amazon
/// EventBridge User Guide). Each event is handled, and one email reports all those that cannot be read.
async fn listed(run: &Run<'_>, events: Vec<Value>) -> (String, Report) {
    let mut report = Report::default();
    let (mut lines, mut unread, mut whys) = (Vec::new(), Vec::new(), Vec::new());
    let all = events.len();
    let count = shared::text::count(all, "event");
    for event in events {
        match read(run, &event) {
            Ok(ReadEvent::Ours(ours)) => {
                lines.push(ours.to_string());
                report.add(decided(run, &ours).await);
            }
            Ok(ReadEvent::Other(line, other)) => {
                lines.push(line.to_owned());
                report.add(other);
            }
            Ok(ReadEvent::NotUnderstood(why)) => {
                unread.push(event);
                whys.push(why);
            }
            Err(error) => {
                unread.push(event);
                whys.push(error.to_string());
            }
        }
    }
    if !unread.is_empty() {
        lines.push(format!("{} cannot be read", shared::text::count(unread.len(), "event")));
        let of = shared::text::count(unread.len(), "event");
        let whys = shared::text::list_at_most(&whys, MOST_LINES);
        let why = format!("{of} of a list of {count}: {whys}");
        let number = Unread::OfAList { unread: unread.len(), of: all };
        report.add(unreadable(run, &Value::Array(unread), (number, why)).await);
    }
    (format!("{count}: {}", shared::text::list_at_most(&lines, MOST_LINES)), report)
}

async fn decided(run: &Run<'_>, event: &Event) -> Report {
    let mut report = Report::default();
    match event {
        Event::Alarms(alarms) => {
            for notice in alarms {
                let alarm = match notice {
                    AlarmNotice::Change(alarm) => alarm,
                    AlarmNotice::Contributor(name) => {
                        report.reason(Verdict::Skip, name, &Because::Contributor { alarm: name.clone() });
                        continue;
                    }
                    AlarmNotice::Deleted(alarm) => {
                        report.add(deleted(run, alarm).await);
                        continue;
                    }
                };
                let named = run.rules.plans.iter().filter_map(|plan| {
                    let arn: &Arn = plan.alarms.iter().find(|arn| alarm.is_of(arn))?;
                    Some((plan, Input::Alarm(alarm, arn)))
                });
                let named: Vec<(&RecoveryPlan, Input<'_>)> = named.collect();
                let subject = alarm.arn.as_deref().unwrap_or(&alarm.name);
                let broken = run.rules.broken.iter().find(|plan| plan.may_name(|arn| alarm.is_of(arn)));
                if let Some(broken) = broken {
                    // Skipped, the outage would go unnoticed.
                    let rule = broken.place.clone();
                    report.reason(Verdict::Fail, subject, &Because::PlanBroken { rule });
                } else if named.is_empty() {
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
        Event::Preflight => report.add(preflights(run).await),
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
        Event::RegionSwitch(call) => match run.rules.plan(&call.plan) {
            Some(plan) => report.add(decide_and_act(run, plan, Input::Order(call)).await),
            None => missing(&mut report, "recovery plan", &call.plan),
        },
        Event::Server { command, incident, server, by } => {
            let plan = Incident::plan_of(incident).and_then(|name| run.rules.plan(name));
            let input = Input::Server { command: *command, incident, server, by };
            match plan {
                Some(plan) => report.add(decide_and_act(run, plan, input).await),
                None => missing(&mut report, "recovery plan of the incident", incident),
            }
        }
        Event::Continue { incident, by } => {
            let plan = Incident::plan_of(incident).and_then(|name| run.rules.plan(name));
            match plan {
                Some(plan) => report.add(decide_and_act(run, plan, Input::Continue { incident, by }).await),
                None => missing(&mut report, "recovery plan of the incident", incident),
            }
        }
        Event::CleanUp { incident, by } => {
            let plan = Incident::plan_of(incident).and_then(|name| run.rules.plan(name));
            match plan {
                Some(plan) => report.add(decide_and_act(run, plan, Input::CleanUp { incident, by }).await),
                None => missing(&mut report, "recovery plan of the incident", incident),
            }
        }
        // How long a queue kept the command is not known.
        Event::Drill { plan: name, at: None, .. } if run.invocation.earlier.is_some() => {
            report.reason(Verdict::Skip, name, &Because::DrillTooLate { late: None });
        }
        Event::Drill { plan: name, by, at } => match run.rules.plan(name) {
            Some(plan) => {
                let request = DrillRequest { by, at: *at };
                report.add(decide_and_act(run, plan, Input::Drill(&request)).await);
            }
            None => missing(&mut report, "recovery plan", name),
        },
        Event::ClearLatch { plan: name, by } => match run.rules.plan(name) {
            Some(plan) => report.add(decide_and_act(run, plan, Input::ClearLatch { by }).await),
            None => missing(&mut report, "recovery plan", name),
        },
    }
    report
}

/// A deleted alarm, for each plan that names it.
async fn deleted(run: &Run<'_>, alarm: &DeletedAlarm) -> Report {
    let named = run.rules.plans.iter().filter_map(|plan| {
        let own = plan.alarms.iter().find(|arn| alarm.is_of(arn));
        let is_named = own.is_some() || is_second_alarm(run, plan, alarm);
        is_named.then_some((plan, Input::AlarmDeleted(alarm, own)))
    });
    let named: Vec<(&RecoveryPlan, Input<'_>)> = named.collect();
    if named.is_empty() {
        let subject = alarm.arn.as_deref().unwrap_or(&alarm.name);
        return Report::of(Verdict::Skip, subject, &Because::NoPlan);
    }
    each(run, named).await
}

/// Whether the alarm is the plan's second signal, an alarm of the function's region and account.
fn is_second_alarm(run: &Run<'_>, plan: &RecoveryPlan, alarm: &DeletedAlarm) -> bool {
    let arn: Option<Arn> = alarm.arn.as_deref().and_then(|arn| arn.parse().ok());
    let is_here = arn.is_some_and(|arn| arn.region == run.home.region && arn.account == run.home.account);
    is_here && plan.second_signal.alarm.as_ref() == Some(&alarm.name)
}

/// Decides several plans at a time, since each waits for its own probe. Plans that may share a server are decided one after the
/// other, since the start of one blocks the next. The report has the order of the rules.
async fn each(run: &Run<'_>, inputs: Vec<(&RecoveryPlan, Input<'_>)>) -> Report {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, (plan, _)) in inputs.iter().enumerate() {
        let shares = |group: &Vec<usize>| group.iter().any(|other| plan.may_share_a_server(inputs[*other].0));
        match groups.iter_mut().find(|group| shares(group)) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
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
    let groups = stream::iter(groups).map(|group| {
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

/// The preflight of each plan, several at a time, in the order of the rules.
async fn preflights(run: &Run<'_>) -> Report {
    let one = async |plan: &RecoveryPlan| {
        if run.invocation.deadline.saturating_duration_since(Instant::now()) < TIME_FOR_A_PLAN {
            return Report::of(Verdict::Fail, &plan.name, &Because::NoTime);
        }
        preflight(run, plan).await
    };
    let each = run.rules.plans.iter().map(|plan| Box::pin(one(plan)));
    let reports: Vec<Report> = stream::iter(each).buffered(AT_A_TIME).collect().await;
    let mut all = Report::default();
    reports.into_iter().for_each(|report| all.add(report));
    if run.rules.plans.is_empty() {
        all.reason(Verdict::Skip, "preflight", &Because::NothingOpen);
    }
    all
}

fn missing(report: &mut Report, what: &'static str, name: &str) {
    report.reason(Verdict::Fail, name, &Because::NothingOfThatName { what, name: name.to_owned() });
}

/// Pages the operator about an event that may be an alarm and cannot be read.
async fn unreadable(run: &Run<'_>, event: &Value, (unread, why): (Unread, String)) -> Report {
    let message =
        email::not_understood(event, (unread, &why), &run.rules.plans, &run.home, run.invocation.now);
    let mut report = Report::of(Verdict::Alert, "event", &Because::NotUnderstood { why });
    act::page(run, &message, &mut report).await;
    report
}
