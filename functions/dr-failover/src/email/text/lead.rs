//! The first sentences of a mail: what is true now.

use std::fmt::Write as _;

use shared::text::printable;

use super::{server_name, time};
use crate::alarm::State;
use crate::because::counted;
use crate::incident::{Incident, Phase};
use crate::interlock::{some, told};
use crate::mail::Story;
use crate::rules::Mode;

/// What is true now.
pub(super) fn lead(story: &Story<'_>) -> String {
    let incident = story.incident;
    let kind = match incident.mode {
        Mode::Drill => format!("The drill of {}", incident.plan),
        Mode::Recovery => format!("The recovery of {}", incident.plan),
    };
    let alarms = alarms(story);
    match incident.phase {
        Phase::Held => {
            format!("{kind} is NOT started: {}. {}{alarms}", held(incident), came_to_nothing(incident))
        }
        Phase::Starting if !incident.holds.is_empty() => format!(
            "We asked DRS to start {}, and cannot see whether it did: {}. {alarms}",
            lower(&kind),
            held(incident)
        ),
        Phase::Starting => {
            let error = incident.attempt.as_ref().and_then(|attempt| attempt.error.as_deref());
            format!(
                "We asked DRS to start {} and got no answer ({}): we do not know whether it started. {alarms}",
                lower(&kind),
                printable(error.unwrap_or("no answer"))
            )
        }
        Phase::Running => running(incident, &kind, &alarms),
        Phase::Recovered => recovered(incident, &kind, &alarms),
        Phase::Drilled => format!(
            "{kind} is done: all {} of it launched. It was a drill: nothing is recovered, and traffic was not moved. {alarms}",
            counted(incident.servers.len())
        ),
        Phase::RecoveredInPart => {
            let missing: Vec<String> = incident.missing().map(|(id, _)| server_name(incident, id)).collect();
            format!(
                "{kind} is partly done: {}, without {}. Traffic was not moved. {alarms}",
                ended(incident),
                some(&missing)
            )
        }
        Phase::Failed => format!("{kind} FAILED: {}. Traffic was not moved. {alarms}", ended(incident)),
        Phase::Cancelled => {
            format!("{kind} was cancelled: {}. Traffic was not moved. {alarms}", ended(incident))
        }
        Phase::OkAgain => {
            format!("{kind} is not needed: {}. {}{alarms}", ended(incident), nothing_launched(incident))
        }
        Phase::Refused => format!("{kind} is NOT started: {}. {alarms}", ended(incident)),
        Phase::AgedOut => {
            let held =
                if incident.holds.is_empty() { String::new() } else { format!(", and {}", held(incident)) };
            format!("{kind} is NOT started, and nobody tries again: {}{held}. {alarms}", ended(incident))
        }
    }
}

/// What holds it: the first sentence, and how many more there are.
fn held(incident: &Incident) -> String {
    let more = match incident.holds.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let first = incident.holds.first().map_or("something holds it", |hold| hold.because.as_str());
    format!("{}{more}", printable(first))
}

/// Of an incident whose start was mailed and that is held again.
fn came_to_nothing(incident: &Incident) -> String {
    match incident.refusals.last() {
        Some(refusal) if refusal.execution.is_some() => {
            "DRS had accepted the start, and then launched nothing. ".to_owned()
        }
        _ => String::new(),
    }
}

fn nothing_launched(incident: &Incident) -> String {
    match incident.refusals.last() {
        None => "This function launched nothing. ".to_owned(),
        Some(last) => format!(
            "Nothing was launched: DRS refused {} ({}). That needs fixing before the next outage. ",
            if incident.refused == 1 { "a start".to_owned() } else { format!("{} starts", incident.refused) },
            printable(&last.error)
        ),
    }
}

fn running(incident: &Incident, kind: &str, alarms: &str) -> String {
    let launched = incident.servers.values().filter(|server| server.is_launched()).count();
    let failed: Vec<String> = incident.failed().map(|(id, _)| server_name(incident, id)).collect();
    let execution = incident.execution.as_ref();
    if let Some(why) = execution.and_then(|execution| execution.unreadable.as_deref()) {
        return format!(
            "{kind} runs in DRS, and DRS does not tell us how it goes: {}. {alarms}",
            printable(why)
        );
    }
    let is_checked = execution.is_some_and(|execution| execution.status == "CREATED");
    let mut told = match failed.is_empty() {
        true if is_checked => {
            format!(
                "{kind} is started: DRS has it, and checks every server of it before it launches the first."
            )
        }
        true => format!("{kind} is started: DRS is launching its servers."),
        false => format!("{kind} goes on, and did not launch {}.", some(&failed)),
    };
    if !incident.servers.is_empty() {
        let _ = write!(told, " {launched} of {} are launched.", counted(incident.servers.len()));
    }
    if incident.mode == Mode::Drill && incident.is_alarming() {
        told.push_str(" The plan is in drill mode: test servers are launched, and NOTHING IS RECOVERED.");
    }
    for despite in incident.attempt.iter().flat_map(|attempt| &attempt.despite) {
        let _ = write!(told, " It was started although {}.", printable(despite));
    }
    if incident.is_over() {
        told.push_str(" Meanwhile the alarm is OK again; what DRS began goes on until somebody cancels it.");
    }
    format!("{told} {alarms}")
}

fn recovered(incident: &Incident, kind: &str, alarms: &str) -> String {
    let mut told = format!(
        "{kind} is done: all {} of it launched. TRAFFIC WAS NOT MOVED.",
        counted(incident.servers.len())
    );
    if let Some(taken) = incident.data_of() {
        let _ = write!(told, " Their data is that of {} or newer", time(taken));
        let age = incident.began().duration_since(taken);
        let _ = match age.is_positive() {
            true => write!(told, ", {} before the alarm.", self::told(age)),
            false => write!(told, "."),
        };
    }
    if incident.is_over() {
        told.push_str(
            " But the alarm is OK again: the site probably works. Leave traffic there unless it does not.",
        );
    }
    format!("{told} {alarms}")
}

fn lower(kind: &str) -> String {
    kind.replacen("The", "the", 1)
}

/// Why it ended, as it was written down.
fn ended(incident: &Incident) -> String {
    incident.ended_because.as_deref().map_or_else(|| incident.phase.name().to_owned(), printable)
}

/// `The alarm shop-down has been in ALARM since 10:00:00 (5m).`
fn alarms(story: &Story<'_>) -> String {
    let told = story.incident.alarms.values().map(|alarm| {
        let for_so_long = told(story.now.duration_since(alarm.since));
        let (name, since) = (printable(&alarm.name), time(alarm.since));
        let by = alarm.suppressed_by.as_deref().map(|by| format!(", suppressed by {by}")).unwrap_or_default();
        match alarm.state {
            State::Alarm => format!("The alarm {name} has been in ALARM since {since} ({for_so_long}{by})."),
            state => format!("The alarm {name} has been {state} since {since} ({for_so_long})."),
        }
    });
    told.collect::<Vec<_>>().join(" ")
}
