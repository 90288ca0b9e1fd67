//! The text of an email about an incident: what is true, what happens next, what blocks the recovery, what the operator can do, and
//! the record.

mod actions;
mod lead;
mod waves;

use std::fmt::Write as _;

use shared::email::Detail;
use shared::text::{list, printable};

use super::readable::readable;
use super::{IncidentEmail, commands, traffic};
use crate::because::Agreed;
use crate::incident::{DrillState, Flapping, Incident, IncidentPhase, STEADY_ALARM, STEADY_OK};
use crate::text::{capitalized, short_duration, utc};

/// The most entries of the record, and servers, in an email.
const MOST: usize = 100;

/// The text.
pub(super) fn text(email: &IncidentEmail<'_>, detail: Detail) -> String {
    let incident = email.incident;
    let mut out = format!("{}\n", readable(incident, &lead::lead(email)));
    if incident.over_rto && incident.is_open() {
        let passed = utc(incident.began() + email.plan.rto);
        let (rto, mode) = (short_duration(email.plan.rto), incident.mode);
        let _ = writeln!(out, "\nThe RTO of {rto} passed at {passed}. The {mode} is not finished.");
    }
    section(&mut out, "The traffic", &traffic::lines(incident, detail));
    let mut next = next(email);
    next.extend(traffic::next(email));
    section(&mut out, "What happens next", &next);
    section(&mut out, &format!("What blocks the {}", incident.mode), &blocks(incident));
    section(&mut out, "What you can do", &commands::after_a_switch(email.home, actions::actions(email)));
    section(&mut out, "The servers", &servers(incident));
    section(&mut out, "Details", &details(email));
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

fn blocks(incident: &Incident) -> Vec<String> {
    let lines = incident.holds.iter().map(|hold| {
        let sentence = readable(incident, &capitalized(&printable(&hold.interlock.to_string())));
        format!("- {sentence}. [{}]\n  {}", hold.interlock.code().name(), hold.interlock.advice())
    });
    lines.collect()
}

fn next(email: &IncidentEmail<'_>) -> Vec<String> {
    let incident = email.incident;
    if let Some(next) = super::drill::next(incident) {
        return next;
    }
    let (plan, mode) = (&incident.plan, incident.mode);
    let until = incident.counted_from() + email.plan.give_up_after;
    let until = until.strftime("%Y-%m-%d %H:%M UTC");
    let lasting = incident.holds.iter().filter(|hold| !hold.interlock.passes());
    let lasting: Vec<String> = lasting.map(|hold| hold.interlock.headline()).collect();
    let sentence = match incident.phase {
        IncidentPhase::Held if incident.flapping == Flapping::Yes => format!(
            "The function checks again every minute. While the alarm flaps, you get no email about each change. You get one when the \
             {mode} starts, when the alarm has been in ALARM for {}, or when it has been OK for {}.",
            short_duration(STEADY_ALARM),
            short_duration(STEADY_OK)
        ),
        // DRS may have the execution of an earlier start: the incident is not closed before that is known.
        IncidentPhase::Held if incident.is_over() => format!(
            "The function checks again every minute, and starts no {mode} while the alarm is OK. The incident is closed as over once DRS \
             can be read and has started nothing."
        ),
        IncidentPhase::Held if lasting.is_empty() => format!(
            "The function checks again every minute, and starts the {mode} by itself once nothing blocks it. The function stops {}when \
             an operator refuses the {mode}, or at {until}.",
            if incident.is_ordered() { "" } else { "when the alarm is OK, " }
        ),
        IncidentPhase::Held => {
            let again = match incident.waits_until() {
                Some(again) if again > email.now => format!(" It asks DRS again at {}.", utc(again)),
                _ => String::new(),
            };
            format!(
                "The {mode} does NOT start by itself, because {}. An operator has to act. The function checks again every minute until \
                 {}an operator refuses the {mode}, or {until}.{again}",
                list(lasting),
                if incident.is_ordered() { "" } else { "the alarm is OK, " }
            )
        }
        IncidentPhase::Starting if incident.waves.is_some() => waves::searched(mode),
        IncidentPhase::Starting => format!(
            "The function searches DRS for the execution every minute. If there is none, it asks DRS again. The {mode} cannot start \
             twice."
        ),
        IncidentPhase::Running if incident.waves.is_some() => return waves::next(incident),
        IncidentPhase::Running if incident.execution().is_some_and(|of| of.unreadable.is_some()) => {
            "The function asks DRS every minute. Until DRS answers, you get no further email: watch the execution yourself."
                .to_owned()
        }
        IncidentPhase::Running => {
            let traffic = match email.plan.addresses.len() {
                0 => "The function does not move traffic.".to_owned(),
                count => format!(
                    "After the launch of every critical server it moves {}.",
                    shared::text::count(count, "reserved address")
                ),
            };
            // A drill has no alarm, and an order needs none.
            let again = match incident.alarms.is_empty() || incident.is_ordered() {
                true => "",
                false => "if the alarm is OK again, ",
            };
            format!(
                "The function checks every minute. You get an email if a server fails, {again}if the RTO passes, and at the end. {traffic}"
            )
        }
        IncidentPhase::Recovered
        | IncidentPhase::RecoveredInPart
        | IncidentPhase::Failed
        | IncidentPhase::Cancelled
        | IncidentPhase::Drilled
            if !incident.is_open() =>
        {
            "Nothing. The incident is closed.".to_owned()
        }
        IncidentPhase::Recovered
        | IncidentPhase::RecoveredInPart
        | IncidentPhase::Failed
        | IncidentPhase::Cancelled
        | IncidentPhase::Drilled => {
            let latch = match email.latch.recovery.is_some() {
                true => " No other recovery starts by itself until an operator clears the latch.",
                false => "",
            };
            let then = match incident.is_ordered() {
                true => format!("no other recovery of {plan} starts"),
                false => format!("an alarm of {plan} joins it and starts nothing"),
            };
            format!(
                "The incident stays open until an operator closes it. Until then {then}, and you get an email about each change.{latch}"
            )
        }
        IncidentPhase::Refused | IncidentPhase::AgedOut if incident.is_ordered() => {
            format!("Nothing, until Region switch orders the recovery of {plan} again.")
        }
        IncidentPhase::OkAgain | IncidentPhase::Refused | IncidentPhase::AgedOut => {
            format!("Nothing, until an alarm of {plan} goes into ALARM again.")
        }
    };
    vec![sentence]
}

/// `db-1 (s-0000000000000db01)`.
fn server_name(incident: &Incident, id: &str) -> String {
    incident.hostnames.get(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
}

fn servers(incident: &Incident) -> Vec<String> {
    // The instances of a drill that is cleaned up are gone.
    if incident.drill_state() == Some(DrillState::CleanedUp) {
        return Vec::new();
    }
    let lines = incident.servers.iter().take(MOST).map(|(id, server)| {
        let name = server_name(incident, id);
        let instance = server.instance.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
        let kind = if server.critical { "" } else { ", optional" };
        let job = server.job.as_deref().map(|job| format!(", {job}")).unwrap_or_default();
        let gone = if incident.is_gone(id) { ". The instance no longer exists" } else { "" };
        printable(&format!("- {name}: {}{instance} (step {}{kind}{job}){gone}", server.status, server.step))
    });
    let mut lines: Vec<String> = lines.collect();
    if incident.servers.len() > MOST {
        lines.push(format!("- and {} more", incident.servers.len() - MOST));
    }
    lines
}

fn details(email: &IncidentEmail<'_>) -> Vec<String> {
    let (plan, incident) = (email.plan, email.incident);
    let mut lines = vec![
        format!("As of: {}", utc(email.now)),
        format!("Account and region: {}, {}", email.home.account, email.home.region),
        format!("Incident: {}", incident.id),
        format!("Plan: {} ({}), mode {}", plan.name, plan.place, plan.mode),
    ];
    lines.extend(super::drill::detail(incident));
    lines.extend(incident.drs_plan.as_ref().map(|drs_plan| format!("DRS plan: {drs_plan}")));
    let waves: Vec<&str> = plan.waves.iter().map(|wave| wave.name.as_str()).collect();
    if !waves.is_empty() {
        lines.push(format!("Waves: {}", printable(&waves.join(", "))));
    }
    for (arn, alarm) in &incident.alarms {
        lines.push(format!("Alarm: {}", printable(&arn.to_string())));
        lines.extend(alarm.reason.as_deref().map(|why| format!("  CloudWatch's reason: {}", printable(why))));
    }
    lines.extend(incident.order.as_ref().map(|order| {
        let (switch_plan, execution) = (printable(&order.switch_plan), printable(&order.execution));
        format!("Ordered by: execution {execution} of {switch_plan}")
    }));
    let signal = &plan.second_signal;
    lines.extend(
        signal
            .alarm
            .as_deref()
            .map(|name| format!("Second signal: alarm {} ({})", printable(name), email.home.region)),
    );
    lines.extend(signal.probe.as_deref().map(|url| format!("Second signal: probe of {}", printable(url))));
    if let Some(readings) = readings(email) {
        lines.push(readings);
    }
    lines.push(format!("RPO: {}", short_duration(plan.rpo)));
    lines.push(format!("RTO: {}{}", short_duration(plan.rto), took(incident)));
    if let Some(start) = incident.start() {
        let oldest = incident.oldest_snapshot().map(|taken| format!(", the oldest taken at {}", utc(taken)));
        lines.push(format!("Snapshots: {}{}", start.snapshots.len(), oldest.unwrap_or_default()));
    }
    let execution = incident.execution();
    lines.extend(execution.map(|execution| format!("Execution: {}, {}", execution.arn, execution.status)));
    lines.push(format!("Kill switch: {}", email.settings.kill_switch));
    lines
}

/// `Second signal: agreed in 2 of the last 2 readings, 3 of 3 are needed`.
fn readings(email: &IncidentEmail<'_>) -> Option<String> {
    let incident = email.incident;
    let (agreed, readings) = (incident.agreed(), incident.readings.len());
    (readings > 0).then(|| {
        let agreed = Agreed { agreed, readings };
        format!("{}, and {} are needed", capitalized(&agreed.to_string()), email.plan.agree)
    })
}

/// `; the last server was launched 25m after the alarm`.
fn took(incident: &Incident) -> String {
    if !matches!(incident.phase, IncidentPhase::Recovered | IncidentPhase::Drilled) {
        return String::new();
    }
    let launched = incident.servers.values().filter(|server| server.is_launched());
    let last = launched.map(|server| server.since).max();
    let took = last.map(|last| short_duration(last.duration_since(incident.began())));
    took.map(|took| format!("; the last server was launched within {took} of the {}", incident.first_cause()))
        .unwrap_or_default()
}

fn record(incident: &Incident) -> Vec<String> {
    let hidden = incident.record.len().saturating_sub(MOST);
    let mut lines = Vec::new();
    if hidden > 0 {
        lines.push(format!("({hidden} earlier entries are in the table)"));
    }
    for entry in &incident.record[hidden..] {
        let what = readable(incident, &entry.what);
        lines.push(format!("{}  {what}", entry.at.strftime("%m-%d %H:%M:%S")));
    }
    lines
}
