//! The step of an incident after its launch. It stays open until an operator closes it, so that what follows is recorded and emailed.

use shared::decision::Verdict;

use super::{Draft, MissingFact};
use crate::because::Because;
use crate::rules::Mode;

impl Draft<'_> {
    /// Records what changed since the launch.
    pub(super) fn after_launch(&mut self) -> Result<(), MissingFact> {
        if self.step.known.incident.as_ref().is_some_and(|incident| incident.mode == Mode::Drill) {
            self.terminate = self.after_drill()?;
        }
        Ok(())
    }

    /// The operator closes the incident.
    pub(super) fn close_by(&mut self, id: &str, by: &str) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut().filter(|incident| incident.id == id) else {
            let because = Because::NothingOfThatName { what: "open incident", name: id.to_owned() };
            return self.reason(Verdict::Fail, &because);
        };
        if incident.finished.is_none() {
            return self.reason(Verdict::Fail, &Because::CannotClose);
        }
        incident.close_by(by, now);
        self.reason(Verdict::Update, &Because::IncidentClosed { by: by.to_owned() });
    }
}
