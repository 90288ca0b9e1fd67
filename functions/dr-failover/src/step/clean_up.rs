//! The step of a drill after its launch: reminders, the operator's clean-up, and the proof that no instance remains.
//!
//! TerminateRecoveryInstances has no client token. DRS's jobs are therefore searched before each call, and a call is written down
//! before DRS is asked.

use shared::act::Performed;
use shared::decision::Verdict;

use super::{Draft, DrillQuery, Effect, MissingFact, TerminateAnswer, TerminateFailure, follow};
use crate::because::Because;
use crate::facts::{DrillFacts, RecoveryInstance};
use crate::incident::{
    EntryKind, Incident, LISTED_WITHIN, MOST_CALLS, MOST_INSTANCES, MOST_REMINDERS, TerminateCallRecord,
};
use crate::interlock::some;
use crate::rules::Mode;

impl Draft<'_> {
    /// The operator asks for the clean-up of a drill. A command after a round without success begins another round.
    pub(super) fn clean_up_by(&mut self, id: &str, by: &str) {
        let now = self.context.now;
        let open = self.step.known.incident.as_mut().filter(|open| open.id == id && open.mode == Mode::Drill);
        let Some(incident) = open else {
            let because = Because::NothingOfThatName { what: "open drill", name: id.to_owned() };
            return self.reason(Verdict::Fail, &because);
        };
        if incident.finished.is_none() {
            return self.reason(Verdict::Fail, &Because::CannotCleanUp);
        }
        if incident.is_cleaning_up() {
            return;
        }
        let by = Incident::bounded(by);
        incident.note(now, EntryKind::Operator, format!("{by} asks for the clean-up"));
        let clean_up = incident.clean_up.get_or_insert_default();
        clean_up.by = Some(by);
        clean_up.round += 1;
        clean_up.calls.clear();
        clean_up.stopped = None;
    }

    /// The drill after its launch. Returns the call that terminates instances.
    pub(super) fn after_drill(&mut self) -> Result<Option<TerminateCallRecord>, MissingFact> {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(None) };
        if !incident.is_open() || !(incident.is_cleaning_up() || incident.is_reminder_due(now)) {
            return Ok(None);
        }
        self.follow_late_launches()?;
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(None) };
        let found = self.facts.drill.as_ref().ok_or_else(|| MissingFact::Drill(Box::new(query(incident))))?;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                if let Some(clean_up) = &mut incident.clean_up {
                    clean_up.unreadable = Some(Incident::bounded_error(error));
                }
                self.reason(Verdict::Hold, &Because::DrillUnreadable { error: error.clone() });
                return Ok(None);
            }
        };
        if let Some(progress) = &found.progress {
            follow::refresh(incident, progress, now);
        }
        let ours = ours(incident, found);
        Ok(self.cleaned_up(&ours, found))
    }

    /// Compares what DRS lists with what the drill launched.
    fn cleaned_up(&mut self, ours: &[RecoveryInstance], found: &DrillFacts) -> Option<TerminateCallRecord> {
        let now = self.context.now;
        let incident = self.step.known.incident.as_mut()?;
        let is_settled = incident.finished.is_some_and(|finished| now >= finished + LISTED_WITHIN);
        let is_launching = incident.servers.values().any(|server| server.is_launching());
        let is_terminating = |one: &RecoveryInstance| {
            found
                .terminating
                .iter()
                .any(|job| job.instances.contains(&one.id) || job.servers.contains(&one.server))
        };
        let free: Vec<&RecoveryInstance> = ours.iter().filter(|one| !is_terminating(one)).collect();
        if ours.is_empty() && is_settled && !is_launching {
            incident.close_cleaned_up(now);
            let count = incident.clean_up.as_ref().map_or(0, |clean_up| clean_up.found.len());
            self.reason(Verdict::Update, &Because::CleanedUp { count });
            return None;
        }
        let hosts: Vec<String> = ours.iter().map(|one| incident.host(&one.server)).collect();
        if !incident.is_cleaning_up() {
            self.remind(ours);
            return None;
        }
        let clean_up = incident.clean_up.as_mut()?;
        clean_up.see(ours);
        let is_asked =
            clean_up.calls.last().and_then(|call| call.asked_until).is_some_and(|until| now < until);
        if free.is_empty() || is_launching || is_asked {
            self.reason(Verdict::Skip, &Because::Terminating { hosts });
            return None;
        }
        let most = MOST_CALLS + clean_up.found.len() / MOST_INSTANCES;
        if clean_up.calls.len() >= most {
            clean_up.stopped = Some(now);
            let names = some(&hosts);
            incident.note(
                now,
                EntryKind::Terminated,
                format!("the instances of {names} could not be terminated"),
            );
            self.reason(Verdict::Alert, &Because::CleanUpIncomplete { hosts });
            return None;
        }
        Some(self.terminate(free))
    }

    /// The call is written down before DRS is asked.
    fn terminate(&mut self, free: Vec<&RecoveryInstance>) -> TerminateCallRecord {
        let now = self.context.now;
        let instances: Vec<String> = free.iter().take(MOST_INSTANCES).map(|one| one.id.clone()).collect();
        let call = TerminateCallRecord {
            at: now,
            instances: instances.clone(),
            asked_until: Some(self.context.ends),
            job: None,
            error: None,
        };
        if let Some(incident) = &mut self.step.known.incident {
            incident.note(
                now,
                EntryKind::Terminated,
                format!("DRS is asked to terminate {}", some(&instances)),
            );
            incident.clean_up.get_or_insert_default().calls.push(call.clone());
        }
        self.reason(Verdict::Delete, &Because::Terminate { instances });
        call
    }

    fn remind(&mut self, ours: &[RecoveryInstance]) {
        let Some(incident) = &mut self.step.known.incident else { return };
        incident.reminders += 1;
        if let Some(clean_up) = &mut incident.clean_up {
            clean_up.see(ours);
        }
        let (count, number) = (ours.len(), incident.reminders);
        self.reason(Verdict::Alert, &Because::DrillStillRuns { count, number, most: MOST_REMINDERS });
    }

    /// DRS was asked to terminate instances.
    pub(super) fn terminated(&mut self, performed: &Performed<TerminateAnswer, TerminateFailure>) {
        let now = self.context.now;
        let because = self.step.known.incident.as_mut().and_then(|incident| {
            let call = incident.clean_up.as_mut()?.calls.last_mut()?;
            let (what, because) = match performed {
                Performed::NotCalled => return None,
                Performed::Done(TerminateAnswer(job)) => {
                    call.asked_until = None;
                    call.job = Some(job.clone());
                    (format!("DRS terminates them with the job {job}"), None)
                }
                // Whether DRS has a job is looked up when this invocation has surely ended.
                Performed::Failed(TerminateFailure::Unknown(error)) => {
                    call.error = Some(Incident::bounded_error(error));
                    let because = Because::TerminateUnknown { error: error.clone() };
                    (format!("DRS did not answer: {error}"), Some((Verdict::Fail, because)))
                }
                Performed::Failed(TerminateFailure::Refused(error)) => {
                    call.asked_until = None;
                    call.error = Some(Incident::bounded_error(error));
                    let because = Because::TerminateRefused { error: error.clone() };
                    (format!("DRS refuses to terminate them: {error}"), Some((Verdict::Hold, because)))
                }
            };
            incident.note(now, EntryKind::Terminated, what);
            because
        });
        if let Some((verdict, because)) = because {
            self.reason(verdict, &because);
        }
        self.claim();
        self.step.effects.push(Effect::Write);
        self.report();
    }
}

fn query(incident: &Incident) -> DrillQuery {
    let execution = incident.execution().map(|execution| execution.arn.clone());
    DrillQuery { servers: incident.servers.keys().cloned().collect(), execution }
}

/// The instances that this drill launched: those of its jobs that DRS marks as a drill's.
fn ours(incident: &Incident, found: &DrillFacts) -> Vec<RecoveryInstance> {
    let jobs = incident.jobs();
    let of_drill = found
        .instances
        .iter()
        .filter(|one| one.instance.is_drill && one.job.as_deref().is_some_and(|job| jobs.contains(&job)));
    of_drill.map(|one| one.instance.clone()).collect()
}
