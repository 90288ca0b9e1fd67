//! The attempts of an incident: each start that was decided, with DRS's answer and the execution, and each adopted execution.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::call_error::CallError;

use super::{
    EntryKind, HoldEnd, Incident, IncidentPhase, LONGEST_WAIT, MOST_REFUSED, PlanExecution, unknown,
};
use crate::facts::DrsError;
use crate::interlock::Interlock;
use crate::rules::Mode;

/// An attempt: a start, an execution, or a start with its execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StartAttempt {
    /// The start; none for an execution that an operator started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<DecidedStart>,
    /// Why DRS's answer to the start is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<CallError>,
    /// The execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<PlanExecution>,
    /// The attempt launched nothing. Without it, the attempt is the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<StartRefusal>,
}

/// A start that was decided. It is written down before DRS is asked, so that a later invocation asks for the same start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DecidedStart {
    /// The client token.
    pub token: String,
    /// When the start was decided.
    pub at: Timestamp,
    /// Drill or recovery.
    pub mode: Mode,
    /// The number of servers that the plan launches.
    pub servers: usize,
    /// The snapshots that were checked.
    pub snapshots: Vec<ChosenSnapshot>,
    /// Findings that did not block the start.
    #[serde(default, deserialize_with = "unknown::known", skip_serializing_if = "Vec::is_empty")]
    pub despite: Vec<Interlock>,
    /// Until then an invocation may be waiting for DRS's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_until: Option<Timestamp>,
}

/// The recovery snapshot that a server is launched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChosenSnapshot {
    /// The source server's id.
    pub server: String,
    /// The snapshot's id.
    pub snapshot: String,
    /// When the snapshot was taken.
    pub taken: Timestamp,
}

/// An attempt launched nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StartRefusal {
    /// When the function observed it.
    pub at: Timestamp,
    /// Why.
    #[serde(deserialize_with = "unknown::cause")]
    pub cause: RefusalCause,
}

/// Why an attempt launched nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RefusalCause {
    /// DRS refused the call.
    Refused {
        /// DRS's error.
        error: CallError,
    },
    /// DRS ended the execution before its first step.
    EndedBeforeAnyStep {
        /// DRS's error, if it reports one.
        error: Option<DrsError>,
    },
    /// The text of an item of format 1, or of a cause that a later version of the function wrote.
    Earlier {
        /// The text.
        text: String,
    },
}

impl fmt::Display for RefusalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { error } => write!(f, "{error}"),
            Self::EndedBeforeAnyStep { error: Some(error) } => {
                write!(f, "the execution failed before its first step: {error}")
            }
            Self::EndedBeforeAnyStep { error: None } => {
                f.write_str("the execution failed before its first step, and DRS reports no reason")
            }
            Self::Earlier { text } => f.write_str(text),
        }
    }
}

/// The codes of StartRecoveryPlanExecution (botocore's model of DRS) whose cause stays until an operator removes it.
const LASTING: [&str; 4] =
    [ACCESS_DENIED, "ValidationException", "UninitializedAccountException", "ResourceNotFoundException"];

/// Whether the cause of DRS's refusal stays until an operator removes it.
pub fn is_lasting(error: &CallError) -> bool {
    LASTING.iter().any(|code| error.has_code(code))
}

const ACCESS_DENIED: &str = "AccessDeniedException";

/// The longest time between two starts while the cause stays.
const LONGEST_LASTING_WAIT: SignedDuration = SignedDuration::from_mins(30);

impl RefusalCause {
    /// Whether the cause stays until an operator removes it.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Refused { error } if is_lasting(error))
    }

    /// Whether both causes stay, and DRS gives them different codes.
    pub fn is_another_lasting_cause_than(&self, before: &Self) -> bool {
        let (Self::Refused { error }, Self::Refused { error: known }) = (self, before) else { return false };
        self.is_lasting() && before.is_lasting() && error.code != known.code
    }

    /// Whether the function's role lacks a permission.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { error } if error.has_code(ACCESS_DENIED))
    }

    /// The principal and the permission that it lacks, if IAM's message names both: `User: ARN is not authorized to perform:
    /// drs:StartRecoveryPlanExecution on resource: ...`.
    pub fn denied(&self) -> Option<(&str, &str)> {
        let Self::Refused { error } = self else { return None };
        let (principal, rest) = error.message.split_once(" is not authorized to perform: ")?;
        let principal = principal.rsplit("User: ").next()?.trim();
        let permission = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
        let is_arn = principal.starts_with("arn:") && permission.contains(':');
        is_arn.then_some((principal, permission))
    }
}

impl StartAttempt {
    /// Leaves out the lists that grow with the servers: they would exceed the size of an item (400 KB) after some refusals.
    fn leave_out_details(&mut self) {
        if let Some(start) = &mut self.start {
            start.snapshots.clear();
            start.despite.clear();
        }
        if let Some(execution) = &mut self.execution {
            execution.steps.clear();
        }
    }
}

impl Incident {
    /// The attempt that may still launch servers, or launched them.
    pub fn current(&self) -> Option<&StartAttempt> {
        self.attempts.last().filter(|attempt| attempt.refusal.is_none())
    }

    /// The same, to change it.
    pub fn current_mut(&mut self) -> Option<&mut StartAttempt> {
        self.attempts.last_mut().filter(|attempt| attempt.refusal.is_none())
    }

    /// The start of the current attempt.
    pub fn start(&self) -> Option<&DecidedStart> {
        self.current()?.start.as_ref()
    }

    /// The execution of the current attempt.
    pub fn execution(&self) -> Option<&PlanExecution> {
        self.current()?.execution.as_ref()
    }

    /// The same, to change it.
    pub fn execution_mut(&mut self) -> Option<&mut PlanExecution> {
        self.current_mut()?.execution.as_mut()
    }

    /// The attempts that launched nothing, oldest first.
    pub fn refused_attempts(&self) -> impl Iterator<Item = (&StartAttempt, &StartRefusal)> {
        self.attempts.iter().filter_map(|attempt| Some((attempt, attempt.refusal.as_ref()?)))
    }

    /// The last attempt that launched nothing.
    pub fn last_refused(&self) -> Option<(&StartAttempt, &StartRefusal)> {
        self.refused_attempts().last()
    }

    /// Writes a start down. A new start is a new attempt.
    pub fn decide(&mut self, start: DecidedStart, sentence: &str, now: Timestamp) {
        let is_same = self.start().is_some_and(|before| before.token == start.token);
        if !is_same {
            self.decided_count += 1;
            self.note(now, EntryKind::Decided, sentence);
        }
        match self.current_mut() {
            Some(attempt) => attempt.start = Some(start),
            None => self.attempts.push(StartAttempt {
                start: Some(start),
                unanswered: None,
                execution: None,
                refusal: None,
            }),
        }
        self.phase = IncidentPhase::Starting;
        self.end_holds(now, HoldEnd::Decided);
    }

    /// Withdraws the current attempt: the rules ask for another mode, and DRS has no execution of it.
    pub fn withdraw(&mut self) {
        if self.current().is_some() {
            self.attempts.pop();
        }
    }

    /// Writes down that DRS has the execution of the current attempt, or one that an operator started.
    pub fn run(&mut self, execution: PlanExecution, now: Timestamp) {
        self.phase = IncidentPhase::Running;
        self.end_holds(now, HoldEnd::Running);
        let how = if execution.adopted { "adopts" } else { "started" };
        self.note(now, EntryKind::Started, format!("the function {how} the execution {}", execution.arn));
        match self.current_mut() {
            Some(attempt) => {
                attempt.unanswered = None;
                attempt.execution = Some(execution);
            }
            None => self.attempts.push(StartAttempt {
                start: None,
                unanswered: None,
                execution: Some(execution),
                refusal: None,
            }),
        }
    }

    /// Writes down that the current attempt launched nothing.
    pub fn refuse(&mut self, refusal: StartRefusal) {
        self.phase = IncidentPhase::Held;
        self.servers.clear();
        self.refused_count += 1;
        if let Some(attempt) = self.current_mut() {
            attempt.refusal = Some(refusal);
            attempt.leave_out_details();
        }
        if self.refused_attempts().count() > MOST_REFUSED {
            self.attempts.remove(0);
        }
    }

    /// Writes down an execution that an operator started with the incident's tag after the launch.
    pub fn run_again(&mut self, execution: PlanExecution) {
        self.attempts.push(StartAttempt {
            start: None,
            unanswered: None,
            execution: Some(execution),
            refusal: None,
        });
    }

    /// Until when DRS is not asked again: a minute after its first refusal, twice as long after each further one. If the cause
    /// stays until an operator removes it: 4, 8, 16, and then 30 minutes.
    pub fn waits_until(&self) -> Option<Timestamp> {
        let (_, last) = self.last_refused()?;
        let doubled = self.refused_count.saturating_sub(1).min(10);
        let wait = match last.cause.is_lasting() {
            true => LONGEST_LASTING_WAIT.min(SignedDuration::from_mins(4 << doubled)),
            false => LONGEST_WAIT.min(SignedDuration::from_mins(1 << doubled)),
        };
        Some(last.at + wait)
    }

    /// The time of the last execution that launched nothing: earlier executions of the incident do not count.
    pub fn void_until(&self) -> Option<Timestamp> {
        let void = self.refused_attempts().filter(|(attempt, _)| attempt.execution.is_some());
        void.map(|(_, refusal)| refusal.at).max()
    }

    /// When the oldest snapshot of the start was taken, which is the age of the data.
    pub fn oldest_snapshot(&self) -> Option<Timestamp> {
        self.start()?.snapshots.iter().map(|chosen| chosen.taken).min()
    }

    /// Whether DRS only validates the servers again after an earlier refusal: no email reports that, one reports the launch.
    pub fn is_validated_again(&self) -> bool {
        let execution = self.execution();
        let is_created = execution.is_some_and(|execution| execution.status == "CREATED");
        let is_readable = execution.is_some_and(|execution| execution.unreadable.is_none());
        let was_late = self.reported.as_ref().is_some_and(|reported| reported.is_over_rto());
        let is_quiet = is_created && is_readable && (!self.over_rto || was_late) && !self.is_over();
        self.phase == IncidentPhase::Running && is_quiet && self.refused_count > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_lasting_cause_is_another() {
        let cause = |code: &str| -> RefusalCause {
            let error = serde_json::json!({
                "operation": "drs:StartRecoveryPlanExecution", "code": code, "message": "because",
            });
            serde_json::from_value(serde_json::json!({"kind": "refused", "error": error})).unwrap()
        };
        let validation = cause("ValidationException");
        assert!(cause("AccessDeniedException").is_another_lasting_cause_than(&validation));
        assert!(!cause("ValidationException").is_another_lasting_cause_than(&validation));
        assert!(!cause("ConflictException").is_another_lasting_cause_than(&validation));
        assert!(!cause("AccessDeniedException").is_another_lasting_cause_than(&cause("ConflictException")));
    }
}
