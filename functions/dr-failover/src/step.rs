//! The one step of a plan: from its known state, an input and facts to the new state, reasons and effects. Pure.
//!
//! A step that lacks a fact names it ([`MissingFact`]); `gather` reads it, and the step is taken again with it. `act` carries the
//! effects out in their order, and hands DRS's answer and SNS's answer back as inputs.

mod after;
pub mod alarm;
mod approval;
pub mod decide;
pub mod follow;
mod open;
mod report;
mod started;
mod traffic;

use jiff::Timestamp;
use shared::act::Performed;
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::claim::Claim;
use shared::decision::{Explain, Note, Reason, Verdict};
use shared::home::Home;

use crate::alarm::{AlarmEvent, AlarmState};
use crate::because::{Because, LatchKept};
use crate::facts::{Facts, FoundExecution};
use crate::incident::{ChosenSnapshot, DecidedStart, EntryKind, Incident, IncidentPhase};
use crate::latch::{Clearance, Latch, LatchedStart};
use crate::rules::{Mode, RecoveryPlan};
use crate::settings::Settings;
use crate::traffic::Association;
use shared::table_error::TableError;

pub use traffic::AssociationAnswer;

/// The known state of a plan: its latch and its open incident.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KnownPlan {
    /// The latch.
    pub latch: Latch,
    /// The incident.
    pub incident: Option<Incident>,
}

/// The surroundings of a step.
#[derive(Debug, Clone, Copy)]
pub struct StepContext<'a> {
    /// The plan.
    pub plan: &'a RecoveryPlan,
    /// The deployment's settings.
    pub settings: &'a Settings,
    /// Where the function runs.
    pub home: &'a Home,
    /// Lambda's request id.
    pub request: &'a str,
    /// By then the invocation has ended.
    pub ends: Timestamp,
    /// The moment of the decision.
    pub now: Timestamp,
}

/// An input of a step.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// An alarm changed its state; its ARN in the rules.
    Alarm(&'a AlarmEvent, &'a Arn),
    /// The operator refuses an incident.
    Refuse {
        /// The incident's id.
        incident: &'a str,
        /// The operator's name.
        by: &'a str,
    },
    /// The operator closes an incident after its launch.
    Close {
        /// The incident's id.
        incident: &'a str,
        /// The operator's name.
        by: &'a str,
    },
    /// The operator clears the latch.
    ClearLatch {
        /// The operator's name.
        by: &'a str,
    },
    /// The open incident of this mode is re-evaluated.
    Reconcile(Mode),
    /// DRS was asked for the start.
    Started(&'a Performed<StartAnswer, StartFailure>),
    /// EC2 was asked for associations of addresses.
    Associated(&'a [AssociationAnswer]),
    /// SNS took the email about a claimed state, or did not.
    Published {
        /// The claim.
        claim: &'a Claim,
        /// The email's subject.
        subject: &'a str,
        /// SNS took the email.
        is_sent: bool,
    },
    /// SNS took the email about the cleared latch.
    ClearanceReported,
    /// The final email of a closed incident is due.
    ReportClosed(&'a str),
}

impl Input<'_> {
    /// Whether the input is about the open incident or about the open drill.
    pub fn mode(&self, latch: &Latch) -> Mode {
        let is_drill = |id: &str| latch.open_drill.as_deref() == Some(id);
        match self {
            Self::Reconcile(mode) => *mode,
            Self::Refuse { incident, .. } | Self::Close { incident, .. } if is_drill(incident) => Mode::Drill,
            _ => Mode::Recovery,
        }
    }
}

/// DRS's answer to a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartAnswer(pub FoundExecution);

/// A start that DRS did not confirm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartFailure {
    /// DRS refused the start and launched nothing.
    #[error("{0}")]
    Refused(CallError),
    /// Whether DRS started the plan is unknown.
    #[error("{0}")]
    Unknown(CallError),
}

/// A fact that a step lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingFact {
    /// Whether the table holds this incident.
    StoredIncident(String),
    /// The kill switch, the second signal and the executions.
    Signals(Box<ExecutionsQuery>),
    /// The executions alone.
    Executions(Box<ExecutionsQuery>),
    /// The servers of the DRS plan, or of the plan's waves, with what could block their launch.
    Recoverable(Option<Box<Arn>>),
    /// The operators' answers to requests for an approval.
    Answers,
    /// Whether DRS still has these snapshots.
    DeletedSnapshots(Vec<ChosenSnapshot>),
    /// The progress of this execution.
    Progress(Box<Arn>),
    /// What changed in DRS since the launch.
    Later(Box<LaterQuery>),
    /// The addresses and the instances that receive them.
    Traffic(Box<TrafficQuery>),
}

/// The addresses that count for an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficQuery {
    /// The ids of the source servers.
    pub servers: Vec<String>,
    /// The allocation ids of the addresses.
    pub allocations: Vec<String>,
}

/// The executions that count for an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionsQuery {
    /// The DRS plan; none if the plan has waves of its own.
    pub drs_plan: Option<Arn>,
    /// When the incident was opened.
    pub opened: Timestamp,
    /// Failed executions until then launched nothing and do not count.
    pub void_until: Option<Timestamp>,
}

impl ExecutionsQuery {
    /// The executions that count for this incident.
    pub fn of(incident: &Incident) -> Box<Self> {
        let (drs_plan, opened) = (incident.drs_plan.clone(), incident.opened);
        Box::new(Self { drs_plan, opened, void_until: incident.void_until() })
    }
}

/// What is read about an incident after its launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterQuery {
    /// The incident's execution.
    pub execution: Option<Arn>,
    /// The executions of the DRS plan.
    pub executions: ExecutionsQuery,
    /// The ids of the incident's servers.
    pub servers: Vec<String>,
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// The new state of the plan.
    pub known: KnownPlan,
    /// The reasons.
    pub reasons: Vec<Reason>,
    /// The notes.
    pub notes: Vec<Note>,
    /// The effects, in their order.
    pub effects: Vec<Effect>,
}

/// An effect of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Writes the new state, if no other invocation wrote it since it was read.
    Write,
    /// Asks DRS to start the plan.
    Start(DecidedStart),
    /// Asks EC2 to associate addresses with recovered instances.
    Associate(Vec<Association>),
    /// Publishes the email about the cleared latch.
    ReportClearance(Clearance),
    /// Publishes the email about the claimed state of the incident.
    ReportIncident(Claim),
    /// Publishes the email about an alarm that cannot be decided without the table.
    ReportUndecided {
        /// The alarm.
        alarm: AlarmEvent,
        /// The table's error.
        error: TableError,
    },
    /// Publishes the email about a start that could not be recorded.
    ReportUnrecordedStart {
        /// DRS's answer.
        answer: Result<StartAnswer, StartFailure>,
        /// The table's error.
        error: TableError,
    },
}

/// Takes the step.
///
/// # Errors
/// The fact that the step lacks.
pub fn step(
    known: &KnownPlan,
    input: Input<'_>,
    facts: &Facts,
    context: &StepContext<'_>,
) -> Result<Step, MissingFact> {
    let mut draft = Draft::new(known, facts, context);
    match input {
        Input::Started(performed) => draft.started(performed),
        Input::Associated(answers) => draft.associated(answers),
        Input::Published { claim, subject, is_sent } => draft.published(claim, subject, is_sent),
        Input::ClearanceReported => draft.clearance_reported(),
        Input::ReportClosed(id) => draft.report_closed(id),
        Input::Alarm(..)
        | Input::Refuse { .. }
        | Input::Close { .. }
        | Input::ClearLatch { .. }
        | Input::Reconcile(_) => {
            draft.event(known, input)?;
        }
    }
    Ok(draft.step)
}

/// The step when the table does not answer: nothing is decided, and for an alarm the function emails the operator immediately.
pub fn without_table(
    input: Input<'_>,
    asked: Option<&Performed<StartAnswer, StartFailure>>,
    error: &TableError,
    context: &StepContext<'_>,
) -> Step {
    let facts = Facts::default();
    let mut draft = Draft::new(&KnownPlan::default(), &facts, context);
    draft.reason(Verdict::Fail, &Because::StateUnreadable { error: error.clone() });
    let effect = match (asked, input) {
        (Some(Performed::Done(answer)), _) => {
            Some(Effect::ReportUnrecordedStart { answer: Ok(answer.clone()), error: error.clone() })
        }
        (Some(Performed::Failed(failure)), _) => {
            Some(Effect::ReportUnrecordedStart { answer: Err(failure.clone()), error: error.clone() })
        }
        (_, Input::Alarm(alarm, _)) if alarm.state == AlarmState::Alarm => {
            Some(Effect::ReportUndecided { alarm: alarm.clone(), error: error.clone() })
        }
        _ => None,
    };
    draft.step.effects.extend(effect);
    draft.step
}

impl KnownPlan {
    /// The closed incidents whose final email is due, other than the known one.
    pub fn unreported(&self) -> Vec<String> {
        let own = self.incident.as_ref().map(|incident| &incident.id);
        self.latch.unreported.iter().filter(|id| Some(*id) != own).cloned().collect()
    }
}

/// A step in the making.
struct Draft<'a> {
    step: Step,
    facts: &'a Facts,
    context: &'a StepContext<'a>,
}

impl<'a> Draft<'a> {
    fn new(known: &KnownPlan, facts: &'a Facts, context: &'a StepContext<'a>) -> Self {
        let step = Step { known: known.clone(), reasons: Vec::new(), notes: Vec::new(), effects: Vec::new() };
        Self { step, facts, context }
    }

    fn reason(&mut self, verdict: Verdict, because: &impl Explain) {
        self.step.reasons.push(Reason::new(verdict, &self.context.plan.name, because));
    }

    fn note(&mut self, remark: &impl Explain) {
        self.step.notes.push(Note { subject: self.context.plan.name.clone(), because: remark.into() });
    }

    /// The step of an event: it changes the state, and then the open incident is decided or followed.
    fn event(&mut self, before: &KnownPlan, input: Input<'_>) -> Result<(), MissingFact> {
        // An operator may have deleted the item of the incident that the latch names.
        if self.step.known.incident.is_none() {
            let latch = &mut self.step.known.latch;
            *latch.open_of_mut(input.mode(latch)) = None;
        }
        self.apply(input)?;
        self.forget_a_stored_incident(before)?;
        if self.step.known.incident.is_none() {
            if self.step.reasons.is_empty() {
                self.reason(Verdict::Skip, &Because::NothingOpen);
            }
            self.step.effects.push(Effect::Write);
            self.report_clearance();
            return Ok(());
        }
        let start = self.advance()?;
        let associations = self.traffic()?;
        self.claim();
        self.step.effects.push(Effect::Write);
        match start {
            Some(start) => self.step.effects.push(Effect::Start(start)),
            None if !associations.is_empty() => self.step.effects.push(Effect::Associate(associations)),
            None => self.report(),
        }
        Ok(())
    }

    fn apply(&mut self, input: Input<'_>) -> Result<(), MissingFact> {
        match input {
            Input::Alarm(alarm, arn) => {
                let (plan, now) = (self.context.plan, self.context.now);
                if let Some(because) = alarm::apply(&mut self.step.known, plan, alarm, arn, now) {
                    self.reason(Verdict::Skip, &because);
                }
            }
            Input::ClearLatch { by } => self.clear(by),
            Input::Refuse { incident, by } => self.refuse(incident, by),
            Input::Close { incident, by } => self.close_by(incident, by)?,
            _ => {}
        }
        Ok(())
    }

    /// Drops an incident that a change of an alarm would open and that the table already holds: the change is known.
    fn forget_a_stored_incident(&mut self, before: &KnownPlan) -> Result<(), MissingFact> {
        let is_new = |incident: &&Incident| incident.version == 0 && before.incident.is_none();
        let Some(opened) = self.step.known.incident.as_ref().filter(is_new) else { return Ok(()) };
        let is_stored = self.facts.is_stored.ok_or_else(|| MissingFact::StoredIncident(opened.id.clone()))?;
        if !is_stored {
            return Ok(());
        }
        let alarm = opened.alarms.values().next();
        let name = alarm.map(|alarm| alarm.name.clone()).unwrap_or_default();
        let at = alarm.map_or(self.context.now, |alarm| alarm.since);
        (self.step.known.incident, self.step.known.latch.open) = (None, None);
        self.reason(Verdict::Skip, &Because::SameTransition { alarm: name, at, is_open: false });
        Ok(())
    }

    fn clear(&mut self, by: &str) {
        let now = self.context.now;
        let KnownPlan { latch, incident } = &mut self.step.known;
        let is_in_progress = incident.as_ref().is_some_and(|open| {
            let has_set_it = latch.recovery.as_ref().is_some_and(|started| started.incident == open.id);
            let recovers = open.phase == IncidentPhase::Running && open.mode == Mode::Recovery;
            open.is_open() && (has_set_it || recovers)
        });
        if is_in_progress {
            return self.reason(Verdict::Hold, &Because::LatchNotCleared(LatchKept::InProgress));
        }
        let Some(recovery) = latch.recovery.take() else {
            return self.reason(Verdict::Skip, &Because::LatchNotCleared(LatchKept::NotSet));
        };
        let incident_id = recovery.incident;
        latch.cleared =
            Some(Clearance { by: Incident::bounded(by), at: now, incident: incident_id, reported: false });
        if let Some(open) = incident {
            open.note(now, EntryKind::Operator, format!("{by} cleared the latch"));
            // Its plan may recover again: the next alarm opens another incident.
            if open.finished.is_some() {
                open.close_by(by, now);
            }
        }
        self.reason(Verdict::Update, &Because::LatchCleared { by: by.to_owned() });
    }

    /// Refuses the open incident. It is closed in the same step, unless DRS may have started it.
    fn refuse(&mut self, id: &str, by: &str) {
        let Some(incident) = self.step.known.incident.as_mut().filter(|incident| incident.id == id) else {
            let because = Because::NothingOfThatName { what: "open incident", name: id.to_owned() };
            return self.reason(Verdict::Fail, &because);
        };
        if !incident.is_open() {
            return;
        }
        if incident.phase == IncidentPhase::Running || incident.finished.is_some() {
            return self.reason(Verdict::Fail, &Because::CannotRefuse);
        }
        let by = Incident::bounded(by);
        incident.note(self.context.now, EntryKind::Operator, format!("{by} refuses the recovery"));
        incident.refused_by = Some(by);
    }
}

/// Sets the latch for an execution that DRS has.
fn set_latch(latch: &mut Latch, incident: &Incident, mode: Mode, now: Timestamp) {
    let started = LatchedStart { incident: incident.id.clone(), at: now };
    match mode {
        Mode::Recovery => {
            latch.recovered = Some(started.clone());
            // The recovery that set the latch first keeps it, even if this start launches nothing.
            latch.recovery.get_or_insert(started);
        }
        Mode::Drill => latch.drill = Some(started),
    }
}

/// Releases the latch that an incident set for a start which launched nothing.
fn release_latch(latch: &mut Latch, incident: &str) {
    for started in [&mut latch.recovery, &mut latch.recovered, &mut latch.drill] {
        started.take_if(|started| started.incident == incident);
    }
}
