//! The text of a mail: the state in a sentence or two, what holds it, what happens next, what to do, and the record.

use std::cell::RefCell;
use std::fmt::Write as _;

use shared::mail::Detail;
use shared::text::printable;

use super::{Story, commands};
use crate::alarm::State;
use crate::incident::{Incident, Phase};
use crate::interlock::{some, told};
use crate::rules::Mode;

/// The most entries of the record, and servers, in a mail.
const MOST: usize = 100;

/// The text.
pub(super) fn text(story: &Story<'_>, detail: Detail) -> String {
    let incident = story.incident;
    let mut out = format!("{}\n", lead(story));
    if incident.over_rto && incident.phase.is_open() {
        let over = (incident.began() + story.plan.rto).strftime("%Y-%m-%d %H:%M UTC");
        let _ = writeln!(
            out,
            "\nThe RTO of {} was over at {over}, and the {} is not.",
            told(story.plan.rto),
            incident.mode
        );
    }
    section(&mut out, "What holds it", &holds(incident));
    section(&mut out, "What happens next", &next(story));
    section(&mut out, "What you can do", &actions(story));
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

/// What is true now.
fn lead(story: &Story<'_>) -> String {
    let incident = story.incident;
    let kind = match incident.mode {
        Mode::Drill => format!("The drill of {}", incident.plan),
        Mode::Recovery => format!("The recovery of {}", incident.plan),
    };
    let alarms = alarms(story);
    match incident.phase {
        Phase::Held => format!("{kind} is NOT started: something holds it. {alarms}"),
        Phase::Starting => {
            let error = incident.attempt.as_ref().and_then(|attempt| attempt.error.as_deref());
            format!(
                "DRS was asked to start {}, and did not say that it did: it is not known whether it started ({}). {alarms}",
                lower(&kind),
                printable(error.unwrap_or("no answer"))
            )
        }
        Phase::Running => running(incident, &kind, &alarms),
        Phase::Recovered => format!(
            "{kind} is done: all {} servers of it launched. This function does not point traffic at them, and never \
             fails back by itself.",
            incident.servers.len()
        ),
        Phase::Drilled => format!(
            "{kind} is done: all {} servers of it launched. It was a drill: nothing took over, and the site is as it was. \
             {alarms}",
            incident.servers.len()
        ),
        Phase::RecoveredInPart => format!("{kind} is done in part: {}.", ended(incident)),
        Phase::Failed => format!("{kind} FAILED: {}. {alarms}", ended(incident)),
        Phase::Cancelled => format!("{kind} was cancelled: {}. {alarms}", ended(incident)),
        Phase::OkAgain => format!("{kind} was not started, and is not needed: {}. {alarms}", ended(incident)),
        Phase::Refused => format!("{kind} is NOT started: {}. {alarms}", ended(incident)),
        Phase::AgedOut => {
            format!("{kind} is NOT started, and is not decided any more: {}. {alarms}", ended(incident))
        }
    }
}

fn running(incident: &Incident, kind: &str, alarms: &str) -> String {
    let launched = incident.servers.values().filter(|server| server.is_launched()).count();
    let failed: Vec<String> = incident.failed().map(|(id, _)| id.clone()).collect();
    let execution = incident.execution.as_ref();
    if let Some(why) = execution.and_then(|execution| execution.unreadable.as_deref()) {
        return format!("{kind} is under way in DRS, and cannot be looked at: {}. {alarms}", printable(why));
    }
    let is_checked = execution.is_some_and(|execution| execution.status == "CREATED");
    let mut told = match failed.is_empty() {
        true if is_checked => {
            format!(
                "{kind} is started: DRS has it, and checks every server of it before it launches the first."
            )
        }
        true => format!("{kind} is started: DRS is launching its servers."),
        false => format!("{kind} is under way, and did not launch {}.", some(&failed)),
    };
    if !incident.servers.is_empty() {
        let _ = write!(told, " {launched} of {} servers launched so far.", incident.servers.len());
    }
    if incident.is_over() {
        told.push_str(" Meanwhile the alarm is OK again; what DRS began goes on until somebody cancels it.");
    }
    format!("{told} {alarms}")
}

fn lower(kind: &str) -> String {
    kind.replacen("The", "the", 1)
}

/// Why it ended, as it was written down.
fn ended(incident: &Incident) -> String {
    let entry = incident.record.iter().rev().find(|entry| entry.kind == "ended");
    let why = entry.and_then(|entry| entry.what.split_once(": ")).map(|(_, why)| why.to_owned());
    why.unwrap_or_else(|| incident.phase.name().to_owned())
}

/// `The alarm shop-down is in ALARM since 10:00:00 (5m ago).`
fn alarms(story: &Story<'_>) -> String {
    let told = story.incident.alarms.values().map(|alarm| {
        let ago = told(story.now.duration_since(alarm.since));
        let since = alarm.since.strftime("%Y-%m-%d %H:%M:%S UTC");
        let by = alarm.suppressed_by.as_deref().map(|by| format!(", suppressed by {by}")).unwrap_or_default();
        match alarm.state {
            State::Alarm => {
                format!("The alarm {} is in ALARM since {since} ({ago} ago{by}).", printable(&alarm.name))
            }
            state => format!("The alarm {} is {state} since {since} ({ago} ago).", printable(&alarm.name)),
        }
    });
    told.collect::<Vec<_>>().join(" ")
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
    let one = match incident.phase {
        Phase::Held => format!(
            "It is decided again each minute, and starts as soon as nothing holds it: until the alarm is OK, somebody \
             refuses it, or {until}."
        ),
        Phase::Starting => {
            "Each minute DRS is looked through for it, and else asked again with the same token, which \
                            starts it once at most."
                .to_owned()
        }
        Phase::Running => {
            "It is looked at each minute. You get a mail when a server does not launch, and when it is \
                           over."
                .to_owned()
        }
        Phase::Recovered | Phase::RecoveredInPart | Phase::Failed | Phase::Cancelled
            if story.latch.recovery.is_some() =>
        {
            "No other recovery of this plan starts by itself until somebody clears the latch.".to_owned()
        }
        Phase::OkAgain | Phase::Refused | Phase::AgedOut => {
            "Nothing, until an alarm of the plan goes into ALARM anew.".to_owned()
        }
        _ => return Vec::new(),
    };
    vec![one]
}

fn actions(story: &Story<'_>) -> Vec<String> {
    let incident = story.incident;
    let lines = RefCell::new(Vec::new());
    let say = |what: &str| lines.borrow_mut().push(format!("- {what}"));
    let add = |what: &str, command: Option<String>| {
        lines.borrow_mut().extend(command.map(|command| format!("- {what}:\n  {command}")));
    };
    let execution = incident.execution.as_ref().map(|execution| execution.arn.as_str());
    let holds = |code: &str| incident.holds.iter().any(|hold| hold.code == code);
    match incident.phase {
        Phase::Held => {
            if holds("kill-switch-off") || holds("kill-switch-unclear") {
                add("Let recoveries start", Some(commands::switch(story, "enabled")));
            }
            if holds("latched") {
                add("Clear the latch", Some(commands::clear(story)));
            }
            let blocking = incident.holds.iter().filter(|hold| hold.code == "drill-running");
            let arns = blocking.filter_map(|hold| hold.because.rsplit_once('(')?.1.strip_suffix(')'));
            for arn in arns.filter(|arn| arn.starts_with("arn:")) {
                add("Cancel the drill", commands::cancel(arn));
            }
            add("Start the recovery by hand, for real", Some(commands::start(&incident.drs_plan)));
            add("Refuse it, if this is no outage", Some(commands::refuse(story)));
            add("Keep every recovery from starting", Some(commands::switch(story, "disabled")));
        }
        Phase::Starting => {
            add("Keep every recovery from starting", Some(commands::switch(story, "disabled")));
            add(
                "Start the recovery by hand, if DRS has none running",
                Some(commands::start(&incident.drs_plan)),
            );
        }
        Phase::Running => {
            add("See its steps", execution.and_then(commands::steps));
            add(
                "Cancel it (the servers of the step that runs are launched all the same)",
                execution.and_then(commands::cancel),
            );
        }
        Phase::Drilled => {
            say("The drill's instances go on costing money: terminate them in DRS, Recovery instances.");
        }
        Phase::Recovered | Phase::RecoveredInPart => {
            say("See whether the application works on the launched servers, then point traffic at them.");
            add("When it is dealt with, clear the latch", latched(story));
        }
        Phase::Failed | Phase::Cancelled => {
            add("See its steps, and why they failed", execution.and_then(commands::steps));
            if incident.execution.as_ref().is_some_and(|execution| execution.status == "FAILED") {
                say(
                    "In the DRS console a failed step can be tried again or skipped, and the rest goes on; this function does not \
                     follow that.",
                );
            }
            if incident.mode == Mode::Recovery {
                add("Start it anew by hand", Some(commands::start(&incident.drs_plan)));
            }
            add("When it is dealt with, clear the latch", latched(story));
        }
        Phase::AgedOut | Phase::Refused => {
            add("Start the recovery by hand, for real", Some(commands::start(&incident.drs_plan)));
        }
        Phase::OkAgain => {}
    }
    lines.into_inner()
}

fn latched(story: &Story<'_>) -> Option<String> {
    story.latch.recovery.is_some().then(|| commands::clear(story))
}

fn servers(incident: &Incident) -> Vec<String> {
    let mut lines: Vec<String> = incident
        .servers
        .iter()
        .take(MOST)
        .map(|(id, server)| {
            let instance = server.instance.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
            let kind = if server.critical { "" } else { ", optional" };
            let job = server.job.as_deref().map(|job| format!(", {job}")).unwrap_or_default();
            printable(&format!("- {id}: {}{instance} (step {}{kind}{job})", server.status, server.step))
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
        lines.extend(what.as_ref().map(|what| format!("Second signal: {kind} {}", printable(what))));
    }
    lines.push(format!("RPO: {}", told(plan.rpo)));
    lines.push(format!("RTO: {}{}", told(plan.rto), took(incident)));
    if let Some(attempt) = &incident.attempt {
        let oldest = attempt.snapshots.iter().map(|chosen| chosen.taken).min();
        let oldest = oldest.map(|taken| format!(", the oldest taken at {taken}")).unwrap_or_default();
        lines.push(format!("Snapshots: {}{oldest}", attempt.snapshots.len()));
        lines.extend(attempt.despite.iter().map(|what| format!("Started although {}", printable(what))));
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

/// `, and the last server was launched 25m after the alarm began`.
fn took(incident: &Incident) -> String {
    let launched =
        incident.servers.values().filter(|server| server.is_launched()).map(|server| server.since).max();
    let last = launched.filter(|_| matches!(incident.phase, Phase::Recovered | Phase::Drilled));
    let took = last.map(|last| {
        format!(
            "; the last server was launched {} after the alarm began",
            told(last.duration_since(incident.began()))
        )
    });
    took.unwrap_or_default()
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
