//! The step after DRS was asked for launches: each has its job, is refused, or its answer is unknown.

use shared::act::Performed;
use shared::call_error::CallError;
use shared::decision::Verdict;

use super::Draft;
use crate::because::Because;
use crate::facts::FoundExecution;
use crate::incident::{EntryKind, Incident, IncidentPhase, LaunchRefusal, LaunchTag, RefusalCause};
use crate::step::{Effect, LaunchAnswer, StartAnswer, StartFailure, set_latch};

impl Draft<'_> {
    /// DRS was asked for these launches.
    pub(in crate::step) fn launched(&mut self, answers: &[LaunchAnswer]) {
        let (mut refused, mut unknown) = (None, None);
        for LaunchAnswer { tag, performed } in answers {
            match performed {
                Performed::Done(StartAnswer(job)) => self.has_job(*tag, job),
                Performed::Failed(StartFailure::Refused(error)) => {
                    refused = Some(error.clone());
                    self.is_refused(*tag, error);
                }
                Performed::Failed(StartFailure::Unknown(error)) => {
                    unknown = Some(error.clone());
                    self.has_no_answer(error);
                }
                // The call was left out.
                Performed::NotCalled => {}
            }
        }
        let is_starting = self
            .step
            .known
            .incident
            .as_ref()
            .is_some_and(|incident| incident.phase == IncidentPhase::Starting);
        match (refused, unknown) {
            (_, Some(error)) if is_starting => self.start_is_unknown(&error),
            (Some(error), None) if is_starting => {
                self.refused(RefusalCause::Refused { error: Incident::bounded_error(&error) });
            }
            _ => {}
        }
        self.claim();
        self.step.effects.push(Effect::Write);
        self.report();
    }

    fn has_job(&mut self, tag: LaunchTag, job: &FoundExecution) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let id = job.arn.resource.trim_start_matches("job/").to_owned();
        let Some(launch) = incident.waves.as_mut().and_then(|course| course.launch_mut(tag)) else { return };
        (launch.job, launch.asked_until, launch.refusal) = (Some(id.clone()), None, None);
        for chosen in launch.snapshots.clone() {
            let Some(server) = incident.servers.get_mut(&chosen.server) else { continue };
            (server.job, server.status, server.since) = (Some(id.clone()), "PENDING".to_owned(), now);
        }
        let what = format!("the function started the job {id} (wave {tag})");
        if incident.phase != IncidentPhase::Starting {
            return incident.note(now, EntryKind::Step, what);
        }
        incident.note(now, EntryKind::Started, what);
        incident.phase = IncidentPhase::Running;
        incident.holds.clear();
        incident.current_mut().into_iter().for_each(|attempt| attempt.unanswered = None);
        let mode = incident.start().map_or(incident.mode, |start| start.mode);
        set_latch(&mut self.step.known.latch, incident, mode, now);
    }

    fn is_refused(&mut self, tag: LaunchTag, error: &CallError) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let Some(launch) = incident.waves.as_mut().and_then(|course| course.launch_mut(tag)) else { return };
        let count = launch.refusal.as_ref().map_or(1, |refusal| refusal.count + 1);
        launch.refusal = Some(LaunchRefusal { at: now, count, error: Incident::bounded_error(error) });
        launch.asked_until = None;
        incident.note(now, EntryKind::Start, format!("DRS refused the launch {tag}: {error}"));
    }

    /// The launch stays asked for: its job is looked for, and only then is DRS asked again.
    fn has_no_answer(&mut self, error: &CallError) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        incident.note(now, EntryKind::Start, format!("DRS did not answer a launch: {error}"));
        self.reason(Verdict::Fail, &Because::LaunchUnknown { error: error.clone() });
    }

    fn start_is_unknown(&mut self, error: &CallError) {
        let attempt = self.step.known.incident.as_mut().and_then(Incident::current_mut);
        attempt.into_iter().for_each(|attempt| attempt.unanswered = Some(Incident::bounded_error(error)));
    }
}
