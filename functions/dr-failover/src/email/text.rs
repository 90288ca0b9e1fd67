//! The text of a mail: the state in a sentence or two, what holds it, what happens next, what to do, and the record.

mod actions;
mod lead;

use std::fmt::Write as _;

use jiff::Timestamp;
use shared::email::Detail;
use shared::text::printable;

use super::Story;
use crate::incident::{Incident, Phase};
use crate::interlock::told;

/// The most entries of the record, and servers, in a mail.
const MOST: usize = 100;

/// The text.
pub(super) fn text(story: &Story<'_>, detail: Detail) -> String {
    let incident = story.incident;
    let mut out = format!("{}\n", lead::lead(story));
    if incident.over_rto && incident.phase.is_open() {
        let over = time(incident.began() + story.plan.rto);
        let (rto, mode) = (told(story.plan.rto), incident.mode);
        let _ = writeln!(out, "\nThe RTO of {rto} passed at {over}. The {mode} is not finished.");
    }
    section(&mut out, "What holds it", &holds(incident));
    section(&mut out, "What happens next", &next(story));
    section(&mut out, "What you can do", &actions::actions(story));
    section(&mut out, "The servers", &servers(incident));
    section(&mut out, "What is known", &known(story));
    if detail != Detail::None {
        section(&mut out, "What happened (UTC)", &record(incident));
    }
    out
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

/// A moment as people read it.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn holds(incident: &Incident) -> Vec<String> {
    let lines = incident
        .holds
        .iter()
        .map(|hold| format!("- {}. [{}]\n  {}", capital(&printable(&hold.because)), hold.code, hold.advice));
    lines.collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn next(story: &Story<'_>) -> Vec<String> {
    let incident = story.incident;
    let until = incident.opened.min(incident.began()) + story.plan.give_up_after;
    let until = until.strftime("%Y-%m-%d %H:%M UTC");
    let lasting: Vec<&str> =
        incident.holds.iter().filter(|hold| !hold.passes).map(|hold| hold.headline.as_str()).collect();
    let one = match incident.phase {
        Phase::Held if lasting.is_empty() => format!(
            "We check again every minute, and it starts by itself once nothing holds it. We stop when the alarm is OK, when somebody \
             refuses it, or at {until}."
        ),
        Phase::Held => format!(
            "It does NOT start by itself while this stays as it is: {}. That takes a person. We check again every minute until the alarm \
             is OK, somebody refuses it, or {until}.",
            lasting.join(", ")
        ),
        Phase::Starting => "Every minute we look for it in DRS. If it is not there, we ask again. It cannot start twice.".to_owned(),
        Phase::Running if incident.execution.as_ref().is_some_and(|of| of.unreadable.is_some()) => {
            "We ask DRS every minute. Until it answers you get no news from us: watch it yourself.".to_owned()
        }
        Phase::Running => "We check every minute. You get a mail if a server fails, the alarm is OK again, the RTO passes, and when it \
                           ends. Traffic is not moved."
            .to_owned(),
        Phase::Recovered | Phase::RecoveredInPart | Phase::Failed | Phase::Cancelled
            if story.latch.recovery.is_some() =>
        {
            "No other recovery of this plan starts by itself until somebody clears the latch.".to_owned()
        }
        Phase::OkAgain | Phase::Refused | Phase::AgedOut => {
            "Nothing, until an alarm of the plan goes into ALARM again.".to_owned()
        }
        _ => return Vec::new(),
    };
    vec![one]
}

/// `s-0000000000000db01 (db-1)`.
fn server_name(incident: &Incident, id: &str) -> String {
    let hostname = incident.hostnames.get(id).map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{id}{hostname}")
}

fn servers(incident: &Incident) -> Vec<String> {
    let mut lines: Vec<String> = incident
        .servers
        .iter()
        .take(MOST)
        .map(|(id, server)| {
            let name = server_name(incident, id);
            let instance = server.instance.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
            let kind = if server.critical { "" } else { ", optional" };
            let job = server.job.as_deref().map(|job| format!(", {job}")).unwrap_or_default();
            printable(&format!("- {name}: {}{instance} (step {}{kind}{job})", server.status, server.step))
        })
        .collect();
    if incident.servers.len() > MOST {
        lines.push(format!("- and {} more", incident.servers.len() - MOST));
    }
    lines
}

fn known(story: &Story<'_>) -> Vec<String> {
    let (plan, incident) = (story.plan, story.incident);
    let mut lines = vec![
        format!("As of: {}", time(story.now)),
        format!("Account and region: {}, {}", story.home.account, story.home.region),
        format!("Incident: {}", incident.id),
        format!("Plan: {} ({}), mode {}", plan.name, plan.place, plan.mode),
        format!("DRS plan: {}", incident.drs_plan),
    ];
    for (arn, alarm) in &incident.alarms {
        lines.push(format!("Alarm: {}", printable(arn)));
        lines.extend(alarm.reason.as_deref().map(|why| format!("  CloudWatch says: {}", printable(why))));
    }
    let signals = [("alarm", &plan.second_signal.alarm), ("probe of", &plan.second_signal.probe)];
    for (kind, what) in signals {
        let here = if kind == "alarm" { format!(" ({})", story.home.region) } else { String::new() };
        lines.extend(what.as_ref().map(|what| format!("Second signal: {kind} {}{here}", printable(what))));
    }
    lines.push(format!("RPO: {}", told(plan.rpo)));
    lines.push(format!("RTO: {}{}", told(plan.rto), took(incident)));
    if let Some(attempt) = &incident.attempt {
        let oldest = incident.data_of().map(|taken| format!(", the oldest taken at {}", time(taken)));
        lines.push(format!("Snapshots: {}{}", attempt.snapshots.len(), oldest.unwrap_or_default()));
    }
    lines.extend(
        incident
            .execution
            .as_ref()
            .map(|execution| format!("Execution: {}, {}", execution.arn, execution.status)),
    );
    lines.push(format!("Kill switch: {}", story.settings.kill_switch));
    lines
}

/// `; the last server was launched within 25m of the alarm`.
fn took(incident: &Incident) -> String {
    let launched = incident.servers.values().filter(|server| server.is_launched());
    let last = launched.map(|server| server.since).max();
    let last = last.filter(|_| matches!(incident.phase, Phase::Recovered | Phase::Drilled));
    let took = last.map(|last| told(last.duration_since(incident.began())));
    took.map(|took| format!("; the last server was launched within {took} of the alarm")).unwrap_or_default()
}

fn record(incident: &Incident) -> Vec<String> {
    let shown = incident.record.len().saturating_sub(MOST);
    let mut lines = Vec::new();
    if shown > 0 {
        lines.push(format!("({shown} earlier entries are in the table)"));
    }
    for entry in &incident.record[shown..] {
        lines.push(format!("{}  {}", entry.at.strftime("%m-%d %H:%M:%S"), entry.what));
    }
    lines
}
