//! The words of emails about a plan with waves, while a wave is in progress.

use std::fmt::Write as _;

use shared::text::{count, printable};

use super::actions::ActionList;
use super::lead::blocked;
use crate::email::{IncidentEmail, commands};
use crate::incident::{Incident, WaveLaunch, is_lasting, launched_of};
use crate::interlock::{InterlockCode, some};
use crate::rules::Mode;

/// The most servers with commands in an email.
const MOST: usize = 5;

/// What is true now.
pub(super) fn lead(incident: &Incident, the: &str) -> String {
    let (Some(course), Some((number, wave))) = (&incident.waves, incident.wave()) else {
        return String::new();
    };
    if let Some(error) = &course.unreadable {
        let error = printable(&error.to_string());
        return format!("{the} is in progress, and DRS does not report its jobs: {error}.");
    }
    let name = printable(&wave.name);
    let mut text = format!("{the} is in progress: wave {number} of {} ({name}).", course.waves.len());
    let _ = write!(text, " So far, {}.", launched_of(incident.launched(), incident.servers.len()));
    let failed: Vec<String> = incident.failed().map(|(id, _)| printable(&incident.host_and_id(id))).collect();
    if !failed.is_empty() {
        let _ = write!(text, " The launch of {} FAILED.", some(&failed));
    }
    if !incident.holds.is_empty() {
        let _ = write!(text, " It WAITS: {}.", blocked(incident));
    }
    if !course.skipped.is_empty() {
        let skipped: Vec<String> =
            course.skipped.keys().map(|id| printable(&incident.host_and_id(id))).collect();
        let _ = write!(text, " Skipped: {}.", some(&skipped));
    }
    for finding in incident.start().iter().flat_map(|start| &start.despite) {
        let _ =
            write!(text, " The {} was started although {}.", incident.mode, printable(&finding.to_string()));
    }
    text
}

/// What happens after a lost answer to the first start.
pub(super) fn searched(mode: Mode) -> String {
    format!(
        "The function searches DRS every minute for a job with this incident's tags. If there is none, it asks DRS again after some \
         minutes, once DRS must list an earlier job. The {mode} cannot start twice."
    )
}

/// What happens next.
pub(super) fn next(incident: &Incident) -> Vec<String> {
    let is_lasting = incident.holds.iter().any(|hold| !hold.interlock.passes());
    let is_continued = incident.waves.as_ref().is_some_and(|course| course.continued_by.is_some());
    let left =
        incident.waves.iter().flat_map(|course| &course.waves).filter(|wave| wave.begun.is_none()).count();
    let sentence = match (is_lasting, left) {
        // DRS is asked again, whatever its answer was.
        (false, _)
            if incident.holds.iter().any(|hold| hold.interlock.code() == InterlockCode::WaveRefused) =>
        {
            "The function checks the jobs every minute, and asks DRS again at the time above. No later wave starts before.".to_owned()
        }
        (true, _) => "The function checks the jobs every minute. It starts NO further wave until an operator acts.".to_owned(),
        (false, 0) => "The function checks the jobs every minute. You get an email if a server fails or is slow, if the RTO passes, and at \
                       the end."
            .to_owned(),
        (false, left) if incident.is_over() && !is_continued => format!(
            "The function checks the jobs every minute. {} left, and none starts while every alarm is OK, unless an operator continues \
             them. You get an email if a server fails or is slow, if the RTO passes, and at the end.",
            count(left, "wave")
        ),
        (false, left) => format!(
            "The function checks the jobs every minute, and starts the next wave when every critical server is launched ({} left). You \
             get an email if a server fails or is slow, if the RTO passes, and at the end.",
            count(left, "wave")
        ),
    };
    vec![sentence]
}

/// The actions, the least harmful first.
pub(super) fn actions(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let incident = email.incident;
    let is_blocked_by = |code| incident.holds.iter().any(|hold| hold.interlock.code() == code);
    list.command("List the jobs of DRS", commands::jobs(email));
    let awaited = incident.waves.iter().flat_map(|course| &course.waves).filter(|wave| wave.begun.is_some());
    let awaited: Vec<_> = awaited.flat_map(|wave| incident.awaited(&wave.name)).collect();
    let failed = incident.failed().filter(|(id, _)| !incident.is_skipped(id)).take(MOST);
    for (id, _) in failed {
        let what = format!("Launch {} again, from its newest snapshot", printable(&incident.host_and_id(id)));
        list.command(&what, commands::server(email, "retry-server", id));
    }
    let refused = incident.waves.iter().flat_map(|course| course.launches()).map(|(_, launch)| launch);
    let refused = refused.filter(|launch| launch.is_refused(email.now)).flat_map(|launch| &launch.snapshots);
    let refused: Vec<&String> = refused.map(|chosen| &chosen.server).take(MOST).collect();
    for id in &refused {
        let what = format!(
            "Launch {} from its newest snapshot, if DRS has deleted the earlier one",
            printable(&incident.host_and_id(id))
        );
        list.command(&what, commands::server(email, "retry-server", id));
    }
    let is_waiting = is_blocked_by(InterlockCode::WaveBlocked) || is_blocked_by(InterlockCode::WaveSlow);
    for id in refused.iter().filter(|_| !is_waiting) {
        let what = format!("Skip {}: DRS is not asked to launch it", printable(&incident.host_and_id(id)));
        list.command(&what, commands::server(email, "skip-server", id));
    }
    self::refused(email, list);
    if is_waiting {
        for (id, _) in awaited.iter().take(MOST) {
            let what =
                format!("Skip {}: the next wave starts without it", printable(&incident.host_and_id(id)));
            list.command(&what, commands::server(email, "skip-server", id));
        }
    }
    if is_blocked_by(InterlockCode::WaveAlarmOk) {
        list.command("Continue the waves although the alarm is OK", commands::continue_waves(email));
    }
    let what = "Give the remaining waves up (jobs in progress continue, and launched servers stay)";
    list.command(what, commands::refuse(email));
    match is_blocked_by(InterlockCode::KillSwitchOff) {
        true => list.command(
            "Switch recoveries of every plan on; the next wave may then start",
            commands::switch(email, "enabled"),
        ),
        false => list.command(
            "Switch recoveries of every plan off; no further wave starts (jobs in progress continue)",
            commands::switch(email, "disabled"),
        ),
    }
}

/// The launches that DRS refuses until an operator removes the cause, with the tags by which the function finds their jobs.
fn refused(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let Some(course) = &email.incident.waves else { return };
    let is_lasting = |launch: &WaveLaunch| launch.refusal.as_ref().is_some_and(|one| is_lasting(&one.error));
    for (tag, launch) in course.launches().filter(|(_, launch)| launch.job.is_none() && is_lasting(launch)) {
        let servers: Vec<&str> = launch.snapshots.iter().map(|chosen| chosen.server.as_str()).collect();
        let what = format!(
            "With the permissions of your own role: launch {} of the wave {} from the latest data. The function finds the job by its tags",
            count(servers.len(), "server"),
            course.waves.get(tag.wave - 1).map(|wave| printable(&wave.name)).unwrap_or_default()
        );
        list.command(&what, commands::start_launch(email, tag, &servers));
    }
}
