//! A drill from the operator's command to its start. It has no alarm and no second signal, and blocks the next drill until it is
//! cleaned up.

use jiff::{SignedDuration, Timestamp};
use shared::decision::Verdict;
use shared::token::client_token;

use super::{Draft, MissingFact};
use crate::because::Because;
use crate::incident::{EntryKind, Incident, IncidentEnd, IncidentPhase};
use crate::interlock::Interlock;
use crate::latch::{DrillCommand, Latch};
use crate::rules::Mode;

/// The time in which a drill waits for an interlock that passes. An operator does not watch a drill that starts hours later.
pub(super) const WAITS: SignedDuration = SignedDuration::from_mins(10);

/// An older command is no longer carried out: it was kept in a queue.
const LATEST: SignedDuration = SignedDuration::from_mins(15);

/// The commands that the latch remembers.
const MOST_COMMANDS: usize = 10;

/// A command that starts a drill.
#[derive(Debug, Clone, Copy)]
pub struct DrillRequest<'a> {
    /// The operator's name, or `schedule`.
    pub by: &'a str,
    /// The time of the event; none if an operator invoked the function.
    pub at: Option<Timestamp>,
}

impl Draft<'_> {
    /// Opens a drill, unless the command is known, late, or another drill is open.
    pub(super) fn open_drill(&mut self, request: &DrillRequest<'_>) {
        let (plan, now) = (self.context.plan, self.context.now);
        // EventBridge Scheduler repeats a delivery with the same time, and Lambda an invocation with the same request id.
        let of_command = request.at.map_or_else(|| self.context.request.to_owned(), |at| at.to_string());
        let key = client_token([plan.name.as_str(), "drill", &of_command]);
        if let Some(known) = self.step.known.latch.drill_commands.iter().find(|known| known.key == key) {
            let incident = known.incident.clone();
            return self.reason(Verdict::Skip, &Because::SameDrill { incident });
        }
        let at = request.at.unwrap_or(now).min(now);
        let late = now.duration_since(at);
        if late > LATEST {
            return self.reason(Verdict::Skip, &Because::DrillTooLate { late: Some(late) });
        }
        let by = Incident::bounded(request.by);
        let refused = self.step.known.incident.as_mut().map(|open| {
            let what = format!("{by} asks for another drill, which is refused while this one is open");
            open.note(now, EntryKind::Operator, what);
            open.id.clone()
        });
        if let Some(incident) = refused {
            remember(&mut self.step.known.latch, key, &incident);
            return self.reason(Verdict::Fail, &Because::DrillOpen { incident });
        }
        let id = format!("{}-{}-{}", plan.name, at.strftime("%Y%m%dT%H%M%SZ"), &key[..8]);
        let mut drill = Incident::opened(id.clone(), plan, now);
        drill.mode = Mode::Drill;
        drill.note(now, EntryKind::Operator, format!("{by} asks for a drill"));
        drill.drilled_by = Some(by);
        let latch = &mut self.step.known.latch;
        latch.open_drill = Some(id.clone());
        remember(latch, key, &id);
        self.step.known.incident = Some(drill);
    }

    /// A drill does not wait for what does not pass by itself.
    pub(super) fn give_a_drill_up(&mut self, interlocks: &[Interlock]) -> Result<(), MissingFact> {
        let Some(drill) = self.step.known.incident.as_ref().filter(|open| open.mode == Mode::Drill) else {
            return Ok(());
        };
        let last = drill.opened + WAITS;
        let is_too_long = |interlock: &Interlock| match interlock {
            Interlock::CoolingDown { until, .. } => *until > last,
            _ => !interlock.passes(),
        };
        if interlocks.iter().any(is_too_long) {
            self.close(IncidentPhase::AgedOut, IncidentEnd::DrillBlocked)?;
        }
        Ok(())
    }
}

fn remember(latch: &mut Latch, key: String, incident: &str) {
    latch.drill_commands.push(DrillCommand { key, incident: incident.to_owned() });
    let surplus = latch.drill_commands.len().saturating_sub(MOST_COMMANDS);
    latch.drill_commands.drain(..surplus);
}
