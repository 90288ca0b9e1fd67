//! The start of waves: the incident receives its waves and servers, and a wave its launches.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::decision::Verdict;
use shared::token::client_token;

use super::{Draft, MOST_OF_A_JOB, MissingFact, due, next_wave, observe::NOT_STARTED};
use crate::because::Because;
use crate::facts::{DrsPlan, FoundExecution};
use crate::incident::{
    ChosenSnapshot, DecidedStart, EntryKind, Incident, IncidentPhase, IncidentServer, IncidentWave,
    StartAttempt, WaveCourse, WaveLaunch,
};
use crate::interlock::Interlock;
use crate::rules::RecoveryPlan;
use crate::step::{open::hostnames, set_latch};

impl Draft<'_> {
    /// The start is decided: the first wave begins. DRS is asked after that is written.
    pub(in crate::step) fn begin_waves(&mut self) -> Option<DecidedStart> {
        let (context, now) = (self.context, self.context.now);
        let drs_plan = self.facts.recoverable.as_ref()?.plan.as_ref().ok()?;
        let incident = self.step.known.incident.as_mut()?;
        // Without a job of an earlier call, DRS is asked for the same launches.
        if incident.waves.is_none() {
            lay_out(incident, context.plan, drs_plan, now);
            begin(incident, 0, now);
        }
        let mut due = due(incident, now);
        // A wave of optional servers whose snapshots cannot be read has no launch.
        while due.is_empty()
            && !incident.waves.as_ref().is_some_and(|course| course.is_unclear(now))
            && let Some(index) = next_wave(incident)
        {
            begin(incident, index, now);
            due = super::due(incident, now);
        }
        self.ask(due);
        None
    }

    /// DRS has a job with the incident's tag: an earlier invocation, or an operator, started it.
    pub(in crate::step) fn adopt_jobs(&mut self, job: &FoundExecution) -> Result<(), MissingFact> {
        let (context, now) = (self.context, self.context.now);
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        if incident.waves.is_none() {
            let recoverable = self.facts.recoverable.as_ref().ok_or(MissingFact::Recoverable(None))?;
            let drs_plan = match &recoverable.plan {
                Ok(drs_plan) => drs_plan,
                Err(error) => {
                    self.hold(&[Interlock::PlanUnreadable { error: error.clone() }]);
                    return Ok(());
                }
            };
            incident.hostnames = hostnames(recoverable);
            if incident.current().is_none() {
                incident.attempts.push(adopted(incident, job, drs_plan));
            }
            lay_out(incident, context.plan, drs_plan, now);
        }
        incident.current_mut().into_iter().for_each(|attempt| attempt.unanswered = None);
        incident.phase = IncidentPhase::Running;
        incident.holds.clear();
        let id = job.arn.resource.trim_start_matches("job/").to_owned();
        incident.note(now, EntryKind::Started, format!("the function adopts the job {id}"));
        let mode = job.mode.unwrap_or(incident.mode);
        incident.mode = mode;
        set_latch(&mut self.step.known.latch, incident, mode, now);
        self.reason(Verdict::Start, &Because::JobFound { job: id });
        self.follow_waves()
    }
}

/// The attempt of a job that an operator started.
fn adopted(incident: &Incident, job: &FoundExecution, drs_plan: &DrsPlan) -> StartAttempt {
    let snapshots = drs_plan.servers.iter().filter_map(|server| {
        let snapshot = server.snapshot.as_ref().ok()?.as_ref()?;
        Some(ChosenSnapshot {
            server: server.id.clone(),
            snapshot: snapshot.id.clone(),
            taken: snapshot.taken,
        })
    });
    let start = DecidedStart {
        token: client_token([incident.id.as_str(), "adopted"]),
        at: job.started,
        mode: job.mode.unwrap_or(incident.mode),
        servers: drs_plan.servers.len(),
        snapshots: snapshots.collect(),
        despite: Vec::new(),
        asked_until: None,
    };
    StartAttempt { start: Some(start), unanswered: None, execution: None, refusal: None }
}

/// The incident's waves and servers, none of them begun.
fn lay_out(incident: &mut Incident, plan: &RecoveryPlan, drs_plan: &DrsPlan, now: Timestamp) {
    let waves = plan.waves.iter().map(|wave| IncidentWave {
        name: wave.name.clone(),
        within: wave.within,
        begun: None,
        launches: Vec::new(),
    });
    incident.waves = Some(WaveCourse { waves: waves.collect(), ..WaveCourse::default() });
    let servers = drs_plan.servers.iter().map(|server| {
        let incident_server = IncidentServer {
            critical: server.critical,
            step: server.step.clone(),
            job: None,
            status: NOT_STARTED.to_owned(),
            instance: None,
            since: now,
        };
        (server.id.clone(), incident_server)
    });
    incident.servers = servers.collect::<BTreeMap<_, _>>();
}

/// Begins a wave: its servers are in launches of at most a hundred.
pub(super) fn begin(incident: &mut Incident, index: usize, now: Timestamp) {
    let Some(name) = incident.waves.as_ref().and_then(|course| Some(course.waves.get(index)?.name.clone()))
    else {
        return;
    };
    let chosen = incident.start().map(|start| start.snapshots.clone()).unwrap_or_default();
    let is_needed = |id: &String| {
        let server = &incident.servers[id];
        let is_launching = server.job.is_some() && !server.has_failed();
        !server.is_launched() && !is_launching && !incident.is_skipped(id)
    };
    let ids: Vec<String> = incident.servers_of(&name).map(|(id, _)| id.clone()).filter(is_needed).collect();
    let snapshots: Vec<ChosenSnapshot> =
        chosen.into_iter().filter(|chosen| ids.contains(&chosen.server)).collect();
    let launches: Vec<WaveLaunch> = (1..)
        .zip(snapshots.chunks(MOST_OF_A_JOB))
        .map(|(part, snapshots)| launch(part, snapshots.to_vec(), now))
        .collect();
    let what = format!("the wave {name} begins with {}", shared::text::count(snapshots.len(), "server"));
    incident.note(now, EntryKind::Step, what);
    let Some(wave) = incident.waves.as_mut().and_then(|course| course.waves.get_mut(index)) else { return };
    (wave.begun, wave.launches) = (Some(now), launches);
}

/// A launch that DRS was not asked for.
pub(super) fn launch(part: u32, snapshots: Vec<ChosenSnapshot>, at: Timestamp) -> WaveLaunch {
    WaveLaunch { part, snapshots, at, asked_until: None, refusal: None, job: None }
}
