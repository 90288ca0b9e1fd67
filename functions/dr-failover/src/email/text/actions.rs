//! What a person can do, with commands that do no harm in the state that the mail is about.

use crate::incident::{Incident, Phase};
use crate::mail::{Story, commands};
use crate::rules::Mode;

/// The lines of a list.
#[derive(Default)]
struct List(Vec<String>);

impl List {
    fn say(&mut self, what: &str) {
        self.0.push(format!("- {what}"));
    }

    fn add(&mut self, what: &str, command: impl Into<Option<String>>) {
        self.0.extend(command.into().map(|command| format!("- {what}:\n  {command}")));
    }
}

/// What can be done. Least harmful first.
pub(super) fn actions(story: &Story<'_>) -> Vec<String> {
    let mut list = List::default();
    match story.incident.phase {
        Phase::Held => held(story, &mut list),
        Phase::Starting => {
            list.add("See whether it runs", commands::executions(&story.incident.drs_plan));
            // While DRS cannot be read, nobody knows when there will be more to say.
            if story.incident.holds.is_empty() {
                list.say("Wait two minutes: you get another mail.");
            }
            list.add(
                "If you cannot wait, start it by hand as this incident's",
                commands::start_for(story.incident),
            );
        }
        Phase::Running => running(story.incident, &mut list),
        Phase::Drilled => drilled(story.incident, &mut list),
        Phase::Recovered | Phase::RecoveredInPart => recovered(story, &mut list),
        Phase::Failed | Phase::Cancelled => failed(story, &mut list),
        Phase::AgedOut | Phase::Refused => {
            let what = match may_start(story.incident) {
                true => BY_HAND.to_owned(),
                false => format!("Only once what holds it is gone. {BY_HAND}"),
            };
            list.add(&what, commands::start(&story.incident.drs_plan));
        }
        Phase::OkAgain => {}
    }
    list.0
}

const BY_HAND: &str = "Start the recovery by hand, for real. DRS takes the latest data, whatever its age, and first deletes what it \
                       launched for these servers before";

/// Interlocks during which DRS would refuse a start by hand, or one would do harm.
const NO_START: [&str; 8] = [
    "recovery-running",
    "drill-running",
    "job-running",
    "recovered-already",
    "plan-invalid",
    "plan-empty",
    "no-snapshot",
    "start-refused",
];

fn may_start(incident: &Incident) -> bool {
    !incident.holds.iter().any(|hold| NO_START.contains(&hold.code.as_str()))
}

fn held(story: &Story<'_>, list: &mut List) {
    let incident = story.incident;
    let held_by = |code: &str| incident.holds.iter().any(|hold| hold.code == code);
    for code in ["recovery-running", "drill-running"] {
        let executions = incident.holds.iter().filter(|hold| hold.code == code);
        let arns = executions.filter_map(|hold| hold.because.rsplit_once('(')?.1.strip_suffix(')'));
        for arn in arns.filter(|arn| arn.starts_with("arn:")) {
            list.add("See its steps", commands::steps(arn));
            if code == "drill-running" {
                list.add(
                    "Cancel the drill (the step that runs still launches its servers)",
                    commands::cancel(arn),
                );
            }
        }
    }
    if held_by("kill-switch-unclear") {
        list.add("See what the kill switch says", commands::read_switch(story));
    }
    if may_start(incident) {
        list.add(BY_HAND, commands::start_for(incident));
    }
    if held_by("no-snapshot") || held_by("plan-invalid") {
        list.add(
            "Recover single servers by hand, for real",
            commands::start_servers(&incident.drs_plan, &["SERVER_ID"]),
        );
    }
    list.add("Refuse it, if this is no outage", commands::refuse(story));
    if held_by("kill-switch-off") || held_by("kill-switch-unclear") {
        let what = "Let recoveries of every plan start again; this one may then start within a minute";
        list.add(what, commands::switch(story, "enabled"));
    } else {
        let what = "Keep recoveries of every plan from starting (one that runs goes on)";
        list.add(what, commands::switch(story, "disabled"));
    }
    if held_by("latched") {
        let what = "Clear the latch, only if nobody uses the servers of that recovery any more. A new recovery may then start within \
                    a minute";
        list.add(what, commands::clear(story));
    }
}

fn running(incident: &Incident, list: &mut List) {
    let execution = incident.execution.as_ref().map(|execution| execution.arn.as_str());
    list.add("See its steps", execution.and_then(commands::steps));
    list.add(
        "Cancel it (the step that runs still launches its servers)",
        execution.and_then(commands::cancel),
    );
    if incident.mode == Mode::Drill && incident.is_alarming() {
        let what =
            "If the outage is real, cancel the drill, wait until its step has ended, then start the recovery";
        list.add(what, commands::start(&incident.drs_plan));
    }
}

fn drilled(incident: &Incident, list: &mut List) {
    if incident.is_alarming() {
        let what =
            "If the outage is real, start the recovery by hand (DRS first deletes the drill's instances)";
        list.add(what, commands::start(&incident.drs_plan));
    }
    list.add("The drill's instances cost money until you terminate them", commands::terminate(incident));
}

fn recovered(story: &Story<'_>, list: &mut List) {
    let incident = story.incident;
    if incident.mode == Mode::Recovery && incident.is_over() {
        list.say("Leave traffic on the original site while it works.");
        list.add(
            "Once you are sure that nobody needs the launched servers, terminate them",
            commands::terminate(incident),
        );
    } else if incident.mode == Mode::Recovery {
        list.say("1. Test the application on the launched servers.");
        list.say("2. Make sure that the old site takes no more writes.");
        list.say("3. Move traffic to the launched servers.");
    } else {
        list.add("The drill's instances cost money until you terminate them", commands::terminate(incident));
    }
    let missing: Vec<&str> = incident.missing().map(|(id, _)| id.as_str()).collect();
    if !missing.is_empty() && incident.mode == Mode::Recovery {
        list.add("Launch what is missing", commands::start_servers(&incident.drs_plan, &missing));
    }
    clear(story, list);
}

fn failed(story: &Story<'_>, list: &mut List) {
    let incident = story.incident;
    let execution = incident.execution.as_ref();
    let arn = execution.map(|execution| execution.arn.as_str());
    list.add("See its steps, and why they failed", arn.and_then(commands::steps));
    match execution.map(|execution| execution.status.as_str()) {
        Some("FAILED") => {
            let what = "Try the failed step again (servers that are launched stay; the ARN is in the list of the steps). You get no \
                        more mails about it";
            list.add(what, commands::retry(&incident.drs_plan));
        }
        Some("TIMED_OUT") => {
            list.say("Wait until the jobs that still run have ended; until then DRS refuses a new start.")
        }
        _ => {}
    }
    match incident.mode {
        Mode::Recovery => {
            let what = "Or start the whole plan again: DRS deletes what was launched, and launches every server anew";
            list.add(what, commands::start(&incident.drs_plan));
        }
        Mode::Drill => {
            list.add(
                "The drill's instances cost money until you terminate them",
                commands::terminate(incident),
            );
        }
    }
    clear(story, list);
}

fn clear(story: &Story<'_>, list: &mut List) {
    if story.latch.recovery.is_some() {
        let what = "Clear the latch, only once the launched servers are no longer used: after that the next alarm can launch \
                    again, and DRS deletes these first";
        list.add(what, commands::clear(story));
    }
}
