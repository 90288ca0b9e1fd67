//! The step of an incident whose plan has waves: which launch DRS is asked for, and what its jobs say.
//!
//! StartRecovery takes no client token. A launch is written down before DRS is asked, DRS's jobs are searched for its tags before
//! each call, and DRS is asked again only once its list must show the job of an earlier call.

mod answers;
mod commands;
mod observe;
mod open;

use jiff::SignedDuration;
use shared::decision::Verdict;

use super::open::block;
use super::{Draft, MissingFact};
use crate::because::Because;
use crate::facts::{FoundJob, JobKind, KillSwitch, RecoveryInstance};
use crate::incident::{Incident, IncidentEnd, IncidentPhase, LaunchTag};
use crate::interlock::Interlock;
use crate::rules::Mode;

/// The time after the end of an invocation in which DRS's list of jobs may lack a job that the invocation started. AWS states no
/// time. Beside it stands DRS's own limit: one job for a server at a time.
pub const LISTED_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// The most servers of a job ("AWS Elastic Disaster Recovery endpoints and quotas", AWS General Reference); a call takes 200.
pub const MOST_OF_A_JOB: usize = 100;

impl Draft<'_> {
    /// Follows the jobs, and begins the next wave when nothing blocks it.
    pub(super) fn follow_waves(&mut self) -> Result<(), MissingFact> {
        let (context, now) = (self.context, self.context.now);
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        let jobs = match self.facts.jobs.as_ref().ok_or(MissingFact::Jobs(incident.opened))? {
            Ok(jobs) => jobs,
            Err(error) => {
                let error = Incident::bounded_error(error);
                incident.waves.iter_mut().for_each(|course| course.unreadable = Some(error.clone()));
                return Ok(());
            }
        };
        incident.waves.iter_mut().for_each(|course| course.unreadable = None);
        observe::observe(incident, jobs, now);
        // An operator can refuse the waves that have not begun with the parameter, too.
        if has_wave_left(incident) {
            self.read_answers()?;
        }
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        if let Some(by) = incident.refused_by.clone() {
            self.give_up(by);
            return Ok(());
        }
        let mut holds = Vec::new();
        let mut due = due(incident, now);
        if !due.is_empty() || next_wave(incident).is_some() {
            let switch = self.facts.kill_switch.as_ref().ok_or(MissingFact::KillSwitch)?;
            // Only the word of an operator leaves an application half recovered.
            if matches!(switch, Ok(KillSwitch::Disabled)) {
                holds.push(Interlock::KillSwitchOff { parameter: context.settings.kill_switch.clone() });
                due.clear();
            }
        }
        while holds.is_empty()
            && let Some(index) = next_wave(incident)
        {
            holds = before_a_wave(incident, index, jobs);
            if holds.is_empty() {
                open::begin(incident, index, now);
                due = self::due(incident, now);
            }
        }
        holds.extend(in_a_wave(incident, now));
        block(incident, &holds, now);
        if due.is_empty() {
            self.finish_waves()
        } else {
            self.ask(due)
        }
        Ok(())
    }

    /// The servers whose launch goes on although the waves have ended: an operator skipped them, or gave the waves up.
    pub(super) fn follow_late_launches(&mut self) -> Result<(), MissingFact> {
        let now = self.context.now;
        let has_late = |incident: &&mut Incident| {
            incident.waves.is_some() && incident.servers.values().any(|server| server.is_launching())
        };
        let Some(incident) = self.step.known.incident.as_mut().filter(has_late) else { return Ok(()) };
        match self.facts.jobs.as_ref().ok_or(MissingFact::Jobs(incident.opened))? {
            Ok(jobs) => observe::observe(incident, jobs, now),
            Err(error) => self.reason(Verdict::Skip, &Because::WavesUnreadable { error: error.clone() }),
        }
        Ok(())
    }

    /// Writes down that DRS is asked for these launches.
    fn ask(&mut self, due: Vec<LaunchTag>) {
        let until = self.context.ends + LISTED_WITHIN;
        let Some(course) = self.step.known.incident.as_mut().and_then(|incident| incident.waves.as_mut())
        else {
            return;
        };
        let mut servers = 0;
        for tag in &due {
            let Some(launch) = course.launch_mut(*tag) else { continue };
            launch.asked_until = Some(until);
            servers += launch.snapshots.len();
        }
        let launches = due.iter().map(LaunchTag::to_string).collect();
        self.launches = due;
        self.reason(Verdict::Start, &Because::WaveLaunch { launches, servers });
    }

    /// Ends the launch when nothing is left to start or to follow.
    fn finish_waves(&mut self) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut().filter(|incident| is_done(incident)) else {
            return;
        };
        let (launched, servers) = (incident.launched(), incident.servers.len());
        let phase = match (launched == servers, incident.mode) {
            (false, _) => IncidentPhase::RecoveredInPart,
            (true, Mode::Drill) => IncidentPhase::Drilled,
            (true, Mode::Recovery) => IncidentPhase::Recovered,
        };
        incident.finish(phase, now, IncidentEnd::Completed { launched, servers });
    }

    /// The operator gives the remaining waves up. A launch whose answer is unknown is found first.
    fn give_up(&mut self, by: String) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        if incident.waves.as_ref().is_some_and(|course| course.is_unclear(now)) {
            return self.reason(Verdict::Hold, &Because::BeingAsked { would_be: IncidentPhase::Failed });
        }
        let (launched, servers) = (incident.launched(), incident.servers.len());
        incident.finish(IncidentPhase::Failed, now, IncidentEnd::WavesGivenUp { by, launched, servers });
    }

    /// The reasons of an incident with a wave in progress.
    pub(super) fn explain_the_wave(&mut self, incident: &Incident) {
        let interlocks: Vec<Interlock> = incident.holds.iter().map(|hold| hold.interlock.clone()).collect();
        self.explain_holds(&interlocks);
        let (Some(course), Some((number, wave))) = (&incident.waves, incident.wave()) else { return };
        if let Some(error) = &course.unreadable {
            return self.reason(Verdict::Skip, &Because::WavesUnreadable { error: error.clone() });
        }
        let because = Because::WaveInProgress {
            wave: wave.name.clone(),
            number,
            of: course.waves.len(),
            launched: incident.launched(),
            servers: incident.servers.len(),
            failed: incident.failed().map(|(id, _)| incident.host_and_id(id)).collect(),
        };
        self.reason(Verdict::Skip, &because);
    }
}

/// The wave that begins next: every earlier one began, and awaits no server.
fn next_wave(incident: &Incident) -> Option<usize> {
    let waves = &incident.waves.as_ref()?.waves;
    let next = waves.iter().position(|wave| wave.begun.is_none())?;
    waves[..next].iter().all(|wave| incident.awaited(&wave.name).next().is_none()).then_some(next)
}

/// Whether a wave has not begun, or DRS has no job of a launch.
fn has_wave_left(incident: &Incident) -> bool {
    incident.waves.as_ref().is_some_and(|course| {
        course.waves.iter().any(|wave| wave.begun.is_none())
            || course.launches().any(|(_, launch)| launch.job.is_none())
    })
}

/// The launches that DRS is to be asked for now. Servers that need no launch any more leave them.
fn due(incident: &mut Incident, now: jiff::Timestamp) -> Vec<LaunchTag> {
    let needless: Vec<String> = incident
        .servers
        .iter()
        .filter(|(id, server)| {
            server.is_launched() || server.job.is_some() && !server.has_failed() || incident.is_skipped(id)
        })
        .map(|(id, _)| id.clone())
        .collect();
    let Some(course) = incident.waves.as_mut() else { return Vec::new() };
    for wave in &mut course.waves {
        for launch in wave.launches.iter_mut().filter(|launch| launch.job.is_none()) {
            let is_unclear = launch.asked_until.is_some_and(|until| now < until);
            launch.snapshots.retain(|chosen| is_unclear || !needless.contains(&chosen.server));
        }
        wave.launches.retain(|launch| !launch.snapshots.is_empty());
    }
    let is_due = |(tag, launch): (LaunchTag, &crate::incident::WaveLaunch)| {
        let is_clear = launch.asked_until.is_none_or(|until| until <= now);
        let has_waited = launch.refusal.as_ref().is_none_or(|refusal| refusal.again() <= now);
        (launch.job.is_none() && is_clear && has_waited).then_some(tag)
    };
    course.launches().filter_map(is_due).collect()
}

/// What blocks the start of a further wave.
fn before_a_wave(incident: &Incident, index: usize, jobs: &[FoundJob]) -> Vec<Interlock> {
    let Some(course) = &incident.waves else { return Vec::new() };
    let wave = course.waves[index].name.clone();
    let mut holds = taken(incident, &wave, jobs);
    if index > 0 && incident.is_over() && course.continued_by.is_none() {
        holds.push(Interlock::WaveAlarmOk { wave });
    }
    holds
}

/// The jobs of others that launch a server of the wave, or launched one, whose instance another launch would delete.
fn taken(incident: &Incident, wave: &str, jobs: &[FoundJob]) -> Vec<Interlock> {
    let is_of_wave =
        |id: &String| incident.servers_of(wave).any(|(server, _)| server == id) && !incident.is_skipped(id);
    let (mut holds, mut instances) = (Vec::new(), Vec::new());
    for job in jobs.iter().filter(|job| job.incident.as_ref() != Some(&incident.id)) {
        let servers: Vec<String> = job.servers.keys().filter(|id| is_of_wave(id)).cloned().collect();
        if servers.is_empty() {
            continue;
        }
        if job.in_progress {
            holds.push(Interlock::JobRunning { job: job.id.clone(), job_kind: job.kind.clone(), servers });
        } else if job.kind == JobKind::Recovery && job.created >= incident.opened {
            let launched =
                job.servers.iter().filter(|(id, launch)| is_of_wave(id) && launch.status == "LAUNCHED");
            instances.extend(launched.map(|(server, launch)| RecoveryInstance {
                server: server.clone(),
                id: launch.instance.clone().unwrap_or_default(),
                is_drill: false,
            }));
        }
    }
    if !instances.is_empty() {
        holds.push(Interlock::RecoveredAlready { instances });
    }
    holds
}

/// What keeps a wave that began from its end.
fn in_a_wave(incident: &Incident, now: jiff::Timestamp) -> Vec<Interlock> {
    let mut holds = Vec::new();
    let waves = incident.waves.iter().flat_map(|course| &course.waves).filter(|wave| wave.begun.is_some());
    for wave in waves {
        let refused = wave.launches.iter().filter(|launch| launch.job.is_none());
        holds.extend(refused.filter_map(|launch| launch.refusal.as_ref()).map(|refusal| {
            Interlock::WaveRefused {
                wave: wave.name.clone(),
                error: refusal.error.clone(),
                again: refusal.again(),
            }
        }));
        let (failed, waiting): (Vec<_>, Vec<_>) =
            incident.awaited(&wave.name).partition(|(_, server)| server.has_failed());
        let hosts = |servers: Vec<(&String, _)>| {
            servers.iter().map(|(id, _)| incident.host_and_id(id)).collect::<Vec<_>>()
        };
        if !failed.is_empty() {
            holds.push(Interlock::WaveBlocked { wave: wave.name.clone(), servers: hosts(failed) });
        }
        let since = wave.launches.iter().map(|launch| launch.at).max().or(wave.begun).unwrap_or(now);
        if !waiting.is_empty() && now >= since + wave.within {
            let (wave, within) = (wave.name.clone(), wave.within);
            holds.push(Interlock::WaveSlow { wave, servers: hosts(waiting), within });
        }
    }
    holds
}

/// Whether every wave has ended: nothing is left to start, to wait for or to follow.
fn is_done(incident: &Incident) -> bool {
    let Some(course) = &incident.waves else { return false };
    let is_launching = |(id, server): (&String, &crate::incident::IncidentServer)| {
        server.job.is_some() && !server.is_launched() && !server.has_failed() && !incident.is_skipped(id)
    };
    course.waves.iter().all(|wave| wave.begun.is_some() && incident.awaited(&wave.name).next().is_none())
        && course.launches().all(|(_, launch)| launch.job.is_some())
        && !incident.servers.iter().any(is_launching)
}
