//! The actions of the operator, with commands that do no harm in the state that the email reports.

mod after;

use crate::approval::is_asked;
use crate::email::{IncidentEmail, commands, drill, traffic};
use crate::incident::{Incident, IncidentPhase};
use crate::interlock::InterlockCode;
use crate::rules::Mode;
use crate::text::{capitalized, utc};

use super::waves;

/// A list of actions.
#[derive(Default)]
pub(super) struct ActionList(Vec<String>);

impl ActionList {
    pub(super) fn sentence(&mut self, text: &str) {
        self.0.push(format!("- {text}"));
    }

    fn numbered<const N: usize>(&mut self, texts: [&str; N]) {
        self.0.extend(texts.iter().zip(1..).map(|(text, number)| format!("{number}. {text}")));
    }

    pub(super) fn command(&mut self, text: &str, command: impl Into<Option<String>>) {
        self.0.extend(command.into().map(|command| format!("- {text}:\n  {command}")));
    }
}

/// The most servers in a command: a job of DRS has at most a hundred.
const MOST_BY_HAND: usize = 100;

const BY_HAND: &str = "Start the recovery by hand, for real. DRS takes the latest data, whatever its age, and first deletes the \
                       instances that it launched earlier for these servers";

const WAVE_BY_HAND: &str = "Start the first wave by hand, for real. DRS takes the latest data, whatever its age, and first deletes the \
                            instances that it launched earlier for these servers. The function finds the job by its tags, and starts \
                            the other waves";

const LAUNCH_MISSING: &str = "Launch the servers that are missing, from their latest data";

/// The actions, the least harmful first.
pub(super) fn actions(email: &IncidentEmail<'_>) -> Vec<String> {
    let incident = email.incident;
    let mut list = ActionList::default();
    if incident.mode == Mode::Drill && (incident.finished.is_some() || !incident.is_open()) {
        for (text, command) in drill::actions(email) {
            list.command(&text, command);
        }
        return list.0;
    }
    if !incident.news().is_empty() {
        after::after(email, &mut list);
        return list.0;
    }
    match incident.phase {
        IncidentPhase::Held => held(email, &mut list),
        IncidentPhase::Starting => starting(email, &mut list),
        IncidentPhase::Running if incident.waves.is_some() => waves::actions(email, &mut list),
        IncidentPhase::Running => running(incident, &mut list),
        // The end of a drill has actions of its own.
        IncidentPhase::Recovered | IncidentPhase::RecoveredInPart | IncidentPhase::Drilled => {
            recovered(email, &mut list)
        }
        IncidentPhase::Failed | IncidentPhase::Cancelled => failed(email, &mut list),
        IncidentPhase::AgedOut | IncidentPhase::Refused => {
            remaining(email, &mut list);
            by_hand(email, &mut list);
        }
        IncidentPhase::OkAgain => remaining(email, &mut list),
    }
    list.0
}

/// Starts the recovery without the incident, which is closed.
fn by_hand(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let only = match may_start(email.incident) {
        true => "",
        false => "Only after you removed what blocks the recovery: ",
    };
    let start = email.incident.drs_plan.as_ref().map(commands::start);
    list.command(&capitalized(&format!("{only}{}", lowercased(BY_HAND))), start);
    for (wave, command) in commands::start_waves(email.plan, email.home) {
        let what = format!(
            "{only}start the wave {} by hand, for real, when the wave before it is launched. DRS takes the latest data, whatever its age, \
             and first deletes the instances that it launched earlier for these servers",
            shared::text::printable(&wave)
        );
        list.command(&capitalized(&what), command);
    }
}

fn may_start(incident: &Incident) -> bool {
    !incident.holds.iter().any(|hold| hold.interlock.code().forbids_a_start_by_hand())
}

/// The commands that end what runs without this incident.
fn remaining(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let Some(remains) = email.incident.remains.as_ref().filter(|remains| !remains.is_nothing()) else {
        return;
    };
    list.command("List the instances of DRS, with their servers", commands::instances(email));
    if !remains.unreadable.is_empty() {
        let executions = email.incident.drs_plan.as_ref().map(commands::executions);
        list.command("List the executions of the plan", executions);
    }
    for execution in &remains.executions {
        list.command("List the steps of that execution", commands::steps(execution));
        let what =
            "Cancel that execution, if it is not needed (the servers of the current step still launch)";
        list.command(what, commands::cancel(execution));
    }
    let instances: Vec<&str> = remains.instances.iter().map(|instance| instance.id.as_str()).collect();
    let what =
        "Terminate these servers, once you are sure that they take no traffic and have no data that you need";
    list.command(what, commands::terminate_these(email, &instances));
}

fn starting(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let incident = email.incident;
    if !email.plan.waves.is_empty() {
        list.command("Check whether DRS has a job with the incident's tag", commands::jobs(email));
    }
    list.command("Check whether DRS has the execution", incident.drs_plan.as_ref().map(commands::executions));
    // The start of a recovery during a drill would be another incident's.
    if incident.mode == Mode::Drill {
        return;
    }
    // While DRS cannot be read, the next email has no known time.
    if incident.holds.is_empty() && incident.waves.is_none() {
        list.sentence("Wait two minutes: you get another email.");
    }
    list.command(
        "To start the recovery now, run this; the tag ties it to this incident, so that the function starts no second one",
        commands::start_for(incident),
    );
    let what = format!("Only if DRS lists no such job: {}", lowercased(WAVE_BY_HAND));
    list.command(&what, commands::start_wave(email));
}

fn held(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let incident = email.incident;
    let is_blocked_by = |code| incident.holds.iter().any(|hold| hold.interlock.code() == code);
    for interlock in incident.holds.iter().map(|hold| &hold.interlock) {
        let Some(execution) = interlock.execution() else { continue };
        list.command("List the steps of that execution", commands::steps(execution));
        if interlock.code() == InterlockCode::DrillRunning {
            let what = "Cancel the drill (the servers of the current step still launch)";
            list.command(what, commands::cancel(execution));
        }
    }
    if let Some(request) = incident.open_request(email.now) {
        let oldest = request.snapshots.iter().map(|chosen| chosen.taken).min();
        let from =
            oldest.map(|taken| format!(" from the snapshots of {} or newer", utc(taken))).unwrap_or_default();
        let until = utc(request.expires);
        let what = format!("Approve the recovery, until {until}; it then starts{from}");
        list.command(&what, commands::approve(email, request));
    }
    if is_blocked_by(InterlockCode::KillSwitchUnclear) {
        list.command("Read the kill switch", commands::read_switch(email));
    }
    let what = match incident.is_ordered() {
        true => "Refuse the recovery, if it should not start".to_owned(),
        false => format!("Refuse the {}, if this is no outage", incident.mode),
    };
    let refuse = match is_asked(email.plan, incident) {
        true => commands::refuse_by_answer(email),
        false => commands::refuse(email),
    };
    list.command(&what, refuse);
    // An incident whose alarm is OK needs no recovery.
    if may_start(incident) && !incident.is_over() {
        let what = match is_blocked_by(InterlockCode::StartRefusedForGood) {
            true => format!("With the permissions of your own role: {}", lowercased(BY_HAND)),
            false => BY_HAND.to_owned(),
        };
        list.command(&what, commands::start_for(incident));
        list.command(WAVE_BY_HAND, commands::start_wave(email));
    }
    if is_blocked_by(InterlockCode::NoSnapshot) || is_blocked_by(InterlockCode::PlanInvalid) {
        list.command(
            "Recover single servers by hand, for real",
            commands::start_servers(email, &["SERVER_ID"]),
        );
    }
    if is_blocked_by(InterlockCode::KillSwitchOff) || is_blocked_by(InterlockCode::KillSwitchUnclear) {
        let what = "Switch recoveries of every plan on; this one may then start within a minute";
        list.command(what, commands::switch(email, "enabled"));
    } else {
        let what = "Switch recoveries of every plan off (executions in progress continue)";
        list.command(what, commands::switch(email, "disabled"));
    }
    if is_blocked_by(InterlockCode::Latched) {
        let what = "Clear the latch, only if the servers of that recovery are no longer used. A new recovery may then start \
                    within a minute";
        list.command(what, commands::clear(email));
    }
}

fn running(incident: &Incident, list: &mut ActionList) {
    let execution = incident.execution().map(|execution| &execution.arn);
    list.command("List the steps of the execution", execution.and_then(commands::steps));
    list.command(
        "Cancel the execution (the servers of the current step still launch)",
        execution.and_then(commands::cancel),
    );
}

fn recovered(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let incident = email.incident;
    if incident.has_moved_traffic() {
        list.numbered([
            "Test the application on the launched servers.",
            "Make sure that the original site takes no more writes.",
        ]);
    } else if incident.is_over() {
        list.sentence("Leave traffic on the original site while it works.");
        list.command(
            "Terminate the launched servers, once you are sure that they are not needed",
            commands::terminate(email),
        );
    } else {
        list.numbered([
            "Test the application on the launched servers.",
            "Make sure that the original site takes no more writes.",
            match incident.traffic.is_empty() {
                true => "Move traffic to the launched servers.",
                false => "Move traffic to the launched servers, if the function cannot.",
            },
        ]);
    }
    for (what, command) in traffic::actions(email) {
        list.command(&what, command);
    }
    let missing: Vec<&str> = incident.missing().map(|(id, _)| id.as_str()).collect();
    let missing = missing.into_iter().take(MOST_BY_HAND).collect::<Vec<_>>();
    if !missing.is_empty() {
        list.command(LAUNCH_MISSING, commands::start_servers(email, &missing));
    }
    close(email, list);
    clear(email, list);
}

pub(super) fn failed(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let incident = email.incident;
    let execution = incident.execution();
    let arn = execution.map(|execution| &execution.arn);
    list.command("List the steps of the execution, with their errors", arn.and_then(commands::steps));
    if incident.waves.is_some() {
        list.command("List the jobs of DRS", commands::jobs(email));
        let missing: Vec<&str> = incident.missing().map(|(id, _)| id.as_str()).take(MOST_BY_HAND).collect();
        if !missing.is_empty() {
            list.command(LAUNCH_MISSING, commands::start_servers(email, &missing));
        }
    }
    match execution.map(|execution| execution.status.as_str()) {
        Some("FAILED") => {
            let what = "Retry the failed step (launched servers stay; the list of steps has the ARN). The function follows it";
            list.command(what, incident.drs_plan.as_ref().map(commands::retry));
        }
        Some("TIMED_OUT") => {
            list.sentence("Wait until the jobs in progress have ended; until then DRS refuses a new start.");
        }
        _ => {}
    }
    let what =
        "Or start the whole plan again: DRS deletes the launched servers, and launches every server again";
    list.command(what, commands::start_for(incident));
    close(email, list);
    clear(email, list);
}

fn lowercased(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn close(email: &IncidentEmail<'_>, list: &mut ActionList) {
    if email.incident.is_open() {
        let next = if email.incident.is_ordered() { "order" } else { "alarm" };
        let what = format!("Close the incident, once it is settled: the next {next} then opens another one");
        list.command(&what, commands::close(email));
    }
}

fn clear(email: &IncidentEmail<'_>, list: &mut ActionList) {
    if email.latch.recovery.is_some() {
        let what = "Clear the latch, only once the launched servers are no longer used: after that the next alarm can launch \
                    again, and DRS deletes these servers first";
        list.command(what, commands::clear(email));
    }
}
