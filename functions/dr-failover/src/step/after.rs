//! The step of an incident after its launch. It stays open until an operator closes it, so that what follows is recorded and emailed.

use jiff::{SignedDuration, Timestamp};
use shared::decision::Verdict;

use super::decide::own;
use super::{Draft, ExecutionsQuery, LaterQuery, MissingFact, follow, set_latch};
use crate::alarm::AlarmState;
use crate::because::Because;
use crate::facts::{ExecutionProgress, FoundExecution, LaterFacts, LaunchJob, is_end};
use crate::incident::{AlarmsLater, Incident, IncidentServer, LaterEvent, ManualLaunch, PlanExecution};
use crate::rules::Mode;

/// For so long after the launch DRS is read with every reconcile, each minute.
const EACH_MINUTE: SignedDuration = SignedDuration::from_hours(6);

/// For so long DRS is read every quarter of an hour, afterwards every hour.
const EACH_QUARTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// DRS may list a new instance so much later than the job that launched it.
const LISTED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// Alarms that change often: from the third change on, a state is emailed when it has lasted so long.
const SETTLED: SignedDuration = SignedDuration::from_mins(15);

impl Draft<'_> {
    /// Records what changed since the launch.
    pub(super) fn after_launch(&mut self) -> Result<(), MissingFact> {
        if self.step.known.incident.as_ref().is_some_and(|incident| incident.mode == Mode::Drill) {
            self.terminate = self.after_drill()?;
            return Ok(());
        }
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut().filter(|incident| incident.is_open()) else {
            return Ok(());
        };
        let Some(finished) = incident.finished else { return Ok(()) };
        // An email about the alarms states how many servers run.
        let is_news = of_alarms(&mut incident.clone(), finished, now).is_some();
        if is_news || is_due(finished, now) {
            self.changed_in_drs()?;
        }
        let after = self.step.known.incident.as_mut().filter(|incident| incident.finished.is_some());
        if let Some(event) = after.and_then(|incident| of_alarms(incident, finished, now)) {
            self.happened(event);
        }
        Ok(())
    }

    fn happened(&mut self, event: LaterEvent) {
        let now = self.context.now;
        self.reason(Verdict::Alert, &event);
        if let Some(incident) = &mut self.step.known.incident {
            incident.happened(event, now);
        }
    }

    fn changed_in_drs(&mut self) -> Result<(), MissingFact> {
        let (facts, now) = (self.facts, self.context.now);
        let Some(incident) = &self.step.known.incident else { return Ok(()) };
        let query = || MissingFact::Later(Box::new(LaterQuery::of(incident)));
        let later = facts.later.as_ref().ok_or_else(query)?;
        self.follow_late_launches()?;
        let Some(incident) = &self.step.known.incident else { return Ok(()) };
        let again = later.executions.as_ref().ok().and_then(|found| started_again(incident, found)).cloned();
        if let Some(error) = later.unreadable() {
            self.reason(Verdict::Skip, &Because::LaterUnreadable { error: error.clone() });
        }
        if let Some(again) = again {
            self.started_again(&again);
            return Ok(());
        }
        if let Some(Ok(progress)) = &later.progress {
            self.retried(progress);
        }
        let Some(incident) = &self.step.known.incident else { return Ok(()) };
        // An execution in progress is followed, and starts further jobs.
        if incident.finished.is_none() {
            return Ok(());
        }
        let mut events = by_hand(incident, later);
        events.extend(gone(incident, later, now));
        for event in events {
            self.remember(&event);
            self.happened(event);
        }
        Ok(())
    }

    /// An operator started the plan again with the incident's tag: that execution is followed from now on.
    fn started_again(&mut self, execution: &FoundExecution) {
        let now = self.context.now;
        let event = LaterEvent::StartedAgain { execution: execution.arn.clone() };
        self.reason(Verdict::Start, &event);
        let Some(incident) = &mut self.step.known.incident else { return };
        let mode = execution.mode.unwrap_or(incident.mode);
        keep_jobs(incident);
        incident.run_again(PlanExecution::found(execution, incident.mode, true));
        incident.resume(event, now);
        set_latch(&mut self.step.known.latch, incident, mode, now);
    }

    /// An operator retried or skipped the failed step: the execution is followed again, or has ended in another way.
    fn retried(&mut self, progress: &ExecutionProgress) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let is_in_progress = !is_end(&progress.status);
        if !is_in_progress && !differs(incident, progress) {
            return;
        }
        let event = LaterEvent::StepRetried { status: progress.status.clone() };
        keep_jobs(incident);
        incident.resume(event.clone(), now);
        follow::follow(incident, progress, now);
        self.reason(Verdict::Alert, &event);
    }

    /// An event about DRS is not repeated.
    fn remember(&mut self, event: &LaterEvent) {
        let Some(incident) = &mut self.step.known.incident else { return };
        let later = incident.later.get_or_insert_default();
        match event {
            LaterEvent::LaunchedByHand { launch } => {
                later.seen.insert(launch.id());
            }
            LaterEvent::ServersGone { servers, .. } => later.gone.extend(servers.iter().cloned()),
            _ => {}
        }
    }

    /// The operator closes the incident.
    pub(super) fn close_by(&mut self, id: &str, by: &str) -> Result<(), MissingFact> {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut().filter(|incident| incident.id == id) else {
            let is_stored = self.facts.is_stored.ok_or_else(|| MissingFact::StoredIncident(id.to_owned()))?;
            match is_stored {
                true => self.reason(Verdict::Skip, &Because::ClosedAlready { incident: id.to_owned() }),
                false => {
                    let because = Because::NothingOfThatName { what: "incident", name: id.to_owned() };
                    self.reason(Verdict::Fail, &because);
                }
            }
            return Ok(());
        };
        if !incident.is_open() {
            self.reason(Verdict::Skip, &Because::ClosedAlready { incident: id.to_owned() });
            return Ok(());
        }
        if incident.finished.is_none() {
            self.reason(Verdict::Fail, &Because::CannotClose);
            return Ok(());
        }
        incident.close_by(by, now);
        let because = Because::IncidentClosed {
            by: Incident::bounded(by),
            alarms: incident.alarming(),
            is_latched: self.step.known.latch.recovery.is_some() && incident.mode == Mode::Recovery,
        };
        self.reason(Verdict::Update, &because);
        Ok(())
    }
}

impl LaterQuery {
    /// What is read about an incident after its launch.
    fn of(incident: &Incident) -> Self {
        Self {
            execution: incident.execution().map(|execution| execution.arn.clone()),
            executions: *ExecutionsQuery::of(incident),
            servers: incident.servers.keys().cloned().collect(),
        }
    }
}

/// Whether DRS is read now. Reconcile comes each minute.
fn is_due(finished: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(finished);
    match age {
        age if age < EACH_MINUTE => true,
        age if age < EACH_QUARTER => age.as_mins() % 15 == 0,
        age => age.as_mins() % 60 == 0,
    }
}

/// The change of the alarms since the last event about them.
fn of_alarms(incident: &mut Incident, finished: Timestamp, now: Timestamp) -> Option<LaterEvent> {
    let is_new = |began: Timestamp| began > finished;
    let alarming = || incident.alarms.values().filter(|alarm| alarm.state == AlarmState::Alarm);
    let before = incident.later.as_ref().map_or(AlarmsLater::AsLaunched, |later| later.alarms);
    let changes = incident.later.as_ref().map_or(0, |later| later.alarm_changes);
    let last_change = incident.alarms.values().map(|alarm| alarm.heard).max()?;
    let (state, event) = match before {
        AlarmsLater::AsLaunched | AlarmsLater::Again if incident.is_over() => {
            (AlarmsLater::Ok, LaterEvent::OkAfterLaunch { launched: incident.still_there() })
        }
        AlarmsLater::AsLaunched if alarming().any(|alarm| is_new(alarm.began)) => {
            let new = alarming().filter(|alarm| is_new(alarm.began)).map(|alarm| alarm.name.clone());
            (AlarmsLater::Again, LaterEvent::AlarmAfterLaunch { alarms: new.collect() })
        }
        AlarmsLater::Ok if incident.is_alarming() => {
            (AlarmsLater::Again, LaterEvent::AlarmAfterLaunch { alarms: incident.alarming() })
        }
        AlarmsLater::AsLaunched | AlarmsLater::Ok | AlarmsLater::Again => return None,
    };
    if changes >= 2 && now.duration_since(last_change) < SETTLED {
        return None;
    }
    let later = incident.later.get_or_insert_default();
    (later.alarms, later.alarm_changes) = (state, changes + 1);
    Some(event)
}

/// The jobs of the launch stay the incident's own when further jobs replace them.
fn keep_jobs(incident: &mut Incident) {
    let jobs: Vec<String> = incident.servers.values().filter_map(|server| server.job.clone()).collect();
    incident.later.get_or_insert_default().seen.extend(jobs);
}

/// A newer execution with the incident's tag.
fn started_again<'e>(incident: &Incident, executions: &'e [FoundExecution]) -> Option<&'e FoundExecution> {
    let found = own(incident, executions)?;
    let is_newer = |known: &PlanExecution| known.arn != found.arn && known.started < found.started;
    incident.execution().is_some_and(is_newer).then_some(found)
}

/// Whether the execution has ended in another way than the incident has it. The servers' statuses do not count: DRS reports a
/// server that is terminated later as TERMINATED.
fn differs(incident: &Incident, progress: &ExecutionProgress) -> bool {
    let Some(execution) = incident.execution() else { return false };
    let steps = progress.steps.iter().map(|step| step.status.as_str());
    let known = execution.steps.iter().map(|step| step.status.as_str());
    let is_known_job = |id: &str, job: Option<&String>| {
        incident.servers.get(id).is_some_and(|server: &IncidentServer| server.job.as_ref() == job)
    };
    let mut servers = progress.steps.iter().flat_map(|step| &step.servers);
    execution.status != progress.status
        || !steps.eq(known)
        || servers.any(|server| !is_known_job(&server.id, server.job.as_ref()))
}

/// Launches of the plan's servers without the tag of an incident that began after the incident's own.
fn by_hand(incident: &Incident, later: &LaterFacts) -> Vec<LaterEvent> {
    let seen = |id: &str| incident.later.as_ref().is_some_and(|later| later.seen.contains(id));
    let own = incident.execution();
    let began = own.map_or(incident.opened, |execution| execution.started);
    let is_by_hand = |found: &&FoundExecution| {
        found.incident.is_none()
            && found.started >= began
            && own.is_none_or(|execution| execution.arn != found.arn)
    };
    let executions: Vec<&FoundExecution> =
        later.executions.as_ref().map(|all| all.iter().filter(is_by_hand).collect()).unwrap_or_default();
    let is_of_an_execution = |job: &LaunchJob| executions.iter().any(|found| job.started >= found.started);
    let is_known = |job: &LaunchJob| {
        incident.servers.values().any(|server| server.job.as_deref() == Some(job.id.as_str()))
    };
    let jobs =
        later.jobs.iter().flatten().filter(|job| {
            !job.is_tagged && job.started >= began && !is_known(job) && !is_of_an_execution(job)
        });
    let executions = executions.iter().map(|found| ManualLaunch::Execution {
        arn: found.arn.clone(),
        mode: found.mode,
        status: found.status.clone(),
    });
    let jobs = jobs.map(|job| ManualLaunch::Job {
        id: job.id.clone(),
        is_drill: job.is_drill,
        servers: job.servers.clone(),
    });
    let launches = executions.chain(jobs).filter(|launch| !seen(&launch.id()));
    launches.map(|launch| LaterEvent::LaunchedByHand { launch }).collect()
}

/// The servers of a recovery without an instance. The instances of a drill are meant to be terminated.
fn gone(incident: &Incident, later: &LaterFacts, now: Timestamp) -> Option<LaterEvent> {
    let instances = later.instances.as_ref().ok().filter(|_| incident.mode == Mode::Recovery)?;
    let known = incident.later.as_ref().map(|later| &later.gone);
    let is_gone = |id: &String| {
        !instances.iter().any(|instance| instance.server == *id)
            && known.is_none_or(|known| !known.contains(id))
    };
    let is_listed = |server: &IncidentServer| now.duration_since(server.since) >= LISTED_WITHIN;
    let launched = incident.servers.iter().filter(|(_, server)| server.is_launched() && is_listed(server));
    let servers: Vec<String> = launched.map(|(id, _)| id).filter(|id| is_gone(id)).cloned().collect();
    let names = servers.iter().map(|id| incident.short_name(id)).collect();
    (!servers.is_empty()).then_some(LaterEvent::ServersGone { servers, names })
}
