//! The step after DRS was asked for a start: its execution runs, it is refused, or its answer is unknown.

use shared::act::Performed;
use shared::decision::Verdict;

use super::{Draft, Effect, StartAnswer, StartFailure, set_latch};
use crate::because::Because;
use crate::incident::{EntryKind, Incident, PlanExecution, RefusalCause};

impl Draft<'_> {
    /// DRS was asked for the start.
    pub(super) fn started(&mut self, performed: &Performed<StartAnswer, StartFailure>) {
        match performed {
            Performed::Done(answer) => self.runs(answer),
            Performed::Failed(StartFailure::Refused(error)) => {
                self.refused(RefusalCause::Refused { error: Incident::bounded_error(error) });
            }
            Performed::Failed(StartFailure::Unknown(error)) => self.unanswered(error),
            // The call was left out.
            Performed::NotCalled => {}
        }
        self.claim();
        self.step.effects.push(Effect::Write);
        self.report();
    }

    fn runs(&mut self, StartAnswer(execution): &StartAnswer) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let mode = incident.start().map_or(incident.mode, |start| start.mode);
        incident.run(PlanExecution::found(execution, incident.mode, false), now);
        set_latch(&mut self.step.known.latch, incident, mode, now);
    }

    fn unanswered(&mut self, error: &shared::call_error::CallError) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        if let Some(attempt) = incident.current_mut() {
            attempt.unanswered = Some(Incident::bounded_error(error));
        }
        incident.note(now, EntryKind::Start, format!("DRS did not answer the start: {error}"));
        self.reason(Verdict::Fail, &Because::StartUnknown { error: error.clone() });
    }
}
