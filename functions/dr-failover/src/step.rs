//! The one step of a plan: from its known state, an input and facts to the new state, reasons and effects. Pure.
//!
//! A step that lacks a fact names it ([`MissingFact`]); `gather` reads it, and the step is taken again with it. `act` carries the
//! effects out in their order, and hands DRS's answer and SNS's answer back as inputs.

mod after;
pub mod alarm;
mod approval;
mod clean_up;
pub mod decide;
mod drill;
pub mod follow;
mod open;
mod order;
mod report;
mod started;
mod traffic;
pub mod waves;

use jiff::Timestamp;
use shared::act::Performed;
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::claim::Claim;
use shared::decision::{Explain, Note, Reason, Verdict};
use shared::home::Home;

use crate::alarm::{AlarmEvent, AlarmState, DeletedAlarm};
use crate::because::{Because, LatchKept};
use crate::event::{RegionSwitchCall, ServerCommand};
use crate::facts::{Facts, FoundExecution};
use crate::incident::{
    ChosenSnapshot, DecidedStart, EntryKind, Incident, IncidentPhase, LaunchTag, SAME_INCIDENT,
    TerminateCallRecord,
};
use crate::latch::{Clearance, Latch, LatchedStart};
use crate::remark::Remark;
use crate::rules::{Mode, RecoveryPlan};
use crate::settings::Settings;
use crate::traffic::Association;
use shared::table_error::TableError;

pub use drill::DrillRequest;
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
    /// An alarm was deleted: one that opens incidents, with its ARN in the rules, or the second alarm.
    AlarmDeleted(&'a DeletedAlarm, Option<&'a Arn>),
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
    /// ARC Region switch orders the recovery.
    Order(&'a RegionSwitchCall),
    /// The operator skips a server of a wave, or launches it again.
    Server {
        /// The command.
        command: ServerCommand,
        /// The incident's id.
        incident: &'a str,
        /// The source server's id.
        server: &'a str,
        /// The operator's name.
        by: &'a str,
    },
    /// The operator continues the waves although the alarm is OK.
    Continue {
        /// The incident's id.
        incident: &'a str,
        /// The operator's name.
        by: &'a str,
    },
    /// The operator, or the schedule, starts a drill.
    Drill(&'a DrillRequest<'a>),
    /// The operator cleans a drill up.
    CleanUp {
        /// The incident's id.
        incident: &'a str,
        /// The operator's name.
        by: &'a str,
    },
    /// DRS was asked for launches of waves.
    Launched(&'a [LaunchAnswer]),
    /// The open incident of this mode is re-evaluated.
    Reconcile(Mode),
    /// DRS was asked to terminate instances of a drill.
    Terminated(&'a Performed<TerminateAnswer, TerminateFailure>),
    /// DRS was asked for the start.
    Started(&'a Performed<StartAnswer, StartFailure>),
    /// EC2 was asked for associations of addresses.
    Associated(&'a [AssociationAnswer]),
    /// SNS was asked to send the email about a claimed state.
    Published {
        /// The claim.
        claim: &'a Claim,
        /// The email's subject.
        subject: &'a str,
        /// SNS's answer.
        answer: EmailAnswer,
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
            Self::Drill(_) | Self::CleanUp { .. } => Mode::Drill,
            Self::Refuse { incident, .. }
            | Self::Close { incident, .. }
            | Self::Server { incident, .. }
            | Self::Continue { incident, .. }
                if is_drill(incident) =>
            {
                Mode::Drill
            }
            _ => Mode::Recovery,
        }
    }
}

/// SNS's answer to an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailAnswer {
    /// SNS accepted the email.
    Accepted,
    /// SNS did not accept the email.
    Refused,
    /// No answer arrived: SNS may have accepted the email.
    Lost,
}

/// DRS's answer to a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartAnswer(pub FoundExecution);

/// DRS's answer to a launch of a wave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchAnswer {
    /// The launch.
    pub tag: LaunchTag,
    /// The job, or why there is none.
    pub performed: Performed<StartAnswer, StartFailure>,
}

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

/// The job that DRS started to terminate instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminateAnswer(pub String);

/// Instances whose termination DRS did not confirm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerminateFailure {
    /// DRS refused and did nothing.
    #[error("{0}")]
    Refused(CallError),
    /// Whether DRS has a job is unknown.
    #[error("{0}")]
    Unknown(CallError),
}

impl AsRef<str> for TerminateAnswer {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A fact that a step lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingFact {
    /// Whether the table holds this incident.
    StoredIncident(String),
    /// The incident that ended last.
    LastIncident(String),
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
    /// The jobs since the incident was opened.
    Jobs(Timestamp),
    /// The kill switch alone.
    KillSwitch,
    /// The newest snapshot of this server.
    Newest(String),
    /// The servers and instances of this drill.
    Drill(Box<DrillQuery>),
    /// What changed in DRS since the launch.
    Later(Box<LaterQuery>),
    /// The addresses and the instances that receive them.
    Traffic(Box<TrafficQuery>),
}

/// The servers and the execution of a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillQuery {
    /// The ids of the servers that the incident knows.
    pub servers: Vec<String>,
    /// The execution; none for a drill without one.
    pub execution: Option<Arn>,
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
    /// The incident's id: the jobs of waves have it as a tag.
    pub incident: String,
    /// When the incident was opened.
    pub opened: Timestamp,
    /// Failed executions until then launched nothing and do not count.
    pub void_until: Option<Timestamp>,
}

impl ExecutionsQuery {
    /// The executions that count for this incident.
    pub fn of(incident: &Incident) -> Box<Self> {
        let (drs_plan, opened) = (incident.drs_plan.clone(), incident.opened);
        let (id, void_until) = (incident.id.clone(), incident.void_until());
        Box::new(Self { drs_plan, incident: id, opened, void_until })
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
    /// Asks DRS for launches of waves, one after the other.
    Launch(Vec<LaunchTag>),
    /// Asks DRS to terminate instances of a drill.
    Terminate(TerminateCallRecord),
    /// Asks EC2 to associate addresses with recovered instances.
    Associate(Vec<Association>),
    /// Publishes the email about the cleared latch.
    ReportClearance(Clearance),
    /// Publishes the email about the claimed state of the incident.
    ReportIncident(Claim),
    /// Publishes the email about a deleted alarm.
    ReportDeletion {
        /// The alarm.
        alarm: DeletedAlarm,
        /// The alarm is the second signal.
        is_second: bool,
    },
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
        Input::Launched(answers) => draft.launched(answers),
        Input::Terminated(performed) => draft.terminated(performed),
        Input::Associated(answers) => draft.associated(answers),
        Input::Published { claim, subject, answer } => draft.published(claim, subject, answer),
        Input::ClearanceReported => draft.clearance_reported(),
        Input::ReportClosed(id) => draft.report_closed(id),
        Input::Order(_) => {
            // The incident of an earlier invocation is closed: only its phase is of interest.
            match &known.incident {
                Some(closed) if !closed.is_open() => draft.explain_the_phase(false),
                _ => draft.event(known, input)?,
            }
            draft.answer_order();
        }
        Input::Alarm(..)
        | Input::AlarmDeleted(..)
        | Input::Refuse { .. }
        | Input::Close { .. }
        | Input::ClearLatch { .. }
        | Input::Server { .. }
        | Input::Continue { .. }
        | Input::Drill(_)
        | Input::CleanUp { .. }
        | Input::Reconcile(_) => {
            draft.event(known, input)?;
        }
    }
    Ok(draft.step)
}

/// The step when the table does not answer: nothing is decided. The function emails the operator about an alarm immediately,
/// unless an earlier delivery of the event did (`is_emailed`).
pub fn without_table(
    input: Input<'_>,
    asked: Option<&Performed<StartAnswer, StartFailure>>,
    error: &TableError,
    is_emailed: bool,
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
        (_, Input::Alarm(alarm, _)) if alarm.state == AlarmState::Alarm && is_emailed => {
            draft.note(&Remark::EmailedBefore);
            None
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
    /// The call that terminates instances, once the step is written.
    terminate: Option<TerminateCallRecord>,
    facts: &'a Facts,
    context: &'a StepContext<'a>,
    /// The launches that DRS is to be asked for.
    launches: Vec<LaunchTag>,
}

impl<'a> Draft<'a> {
    fn new(known: &KnownPlan, facts: &'a Facts, context: &'a StepContext<'a>) -> Self {
        let step = Step { known: known.clone(), reasons: Vec::new(), notes: Vec::new(), effects: Vec::new() };
        Self { step, terminate: None, facts, context, launches: Vec::new() }
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
        self.forget_a_stored_incident(before, input)?;
        self.join_the_last_incident(before)?;
        let deletion = self.deletion(input);
        if self.step.known.incident.is_none() {
            // The open drill has its own step, with its own reasons.
            let is_drilling =
                matches!(input, Input::Reconcile(_)) && self.step.known.latch.open_drill.is_some();
            if self.step.reasons.is_empty() && !is_drilling {
                self.reason(Verdict::Skip, &Because::NothingOpen);
            }
            self.step.effects.push(Effect::Write);
            self.step.effects.extend(deletion);
            self.report_clearance();
            return Ok(());
        }
        let start = self.advance()?;
        let associations = self.traffic()?;
        self.claim();
        self.step.effects.push(Effect::Write);
        self.step.effects.extend(deletion);
        match (start, self.terminate.take()) {
            (Some(start), _) => self.step.effects.push(Effect::Start(start)),
            (None, Some(call)) => self.step.effects.push(Effect::Terminate(call)),
            (None, None) if !self.launches.is_empty() => {
                self.step.effects.push(Effect::Launch(std::mem::take(&mut self.launches)));
            }
            (None, None) if !associations.is_empty() => {
                self.step.effects.push(Effect::Associate(associations));
            }
            (None, None) => self.report(),
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
            Input::Order(call) => self.order(call),
            Input::AlarmDeleted(alarm, arn) => self.alarm_deleted(alarm, arn),
            Input::ClearLatch { by } => self.clear(by),
            Input::Refuse { incident, by } => self.refuse(incident, by),
            Input::Close { incident, by } => self.close_by(incident, by)?,
            Input::Server { command, incident, server, by } => {
                self.command_server(command, incident, server, by)?;
            }
            Input::Continue { incident, by } => self.continue_waves(incident, by),
            Input::Drill(request) => self.open_drill(request),
            Input::CleanUp { incident, by } => self.clean_up_by(incident, by),
            _ => {}
        }
        Ok(())
    }

    /// Drops an incident that a change of an alarm would open and that the table already holds: the change is known.
    fn forget_a_stored_incident(&mut self, before: &KnownPlan, input: Input<'_>) -> Result<(), MissingFact> {
        let is_new = |incident: &&Incident| incident.version == 0 && before.incident.is_none();
        let Some(opened) = self.step.known.incident.as_ref().filter(is_new) else { return Ok(()) };
        let is_stored = self.facts.is_stored.ok_or_else(|| MissingFact::StoredIncident(opened.id.clone()))?;
        if !is_stored {
            return Ok(());
        }
        if let Input::Drill(_) = input {
            let because = Because::SameDrill { incident: opened.id.clone() };
            (self.step.known.incident, self.step.known.latch.open_drill) = (None, None);
            self.reason(Verdict::Skip, &because);
            return Ok(());
        }
        let alarm = opened.alarms.values().next();
        let name = alarm.map(|alarm| alarm.name.clone()).unwrap_or_default();
        let at = alarm.map_or(self.context.now, |alarm| alarm.since);
        (self.step.known.incident, self.step.known.latch.open) = (None, None);
        self.reason(Verdict::Skip, &Because::SameTransition { alarm: name, at, is_open: false });
        Ok(())
    }

    /// An alarm that returns soon after an incident ended as OK opens no other incident: the last one is opened again.
    fn join_the_last_incident(&mut self, before: &KnownPlan) -> Result<(), MissingFact> {
        let is_new = |incident: &&Incident| incident.version == 0 && before.incident.is_none();
        let KnownPlan { latch, incident } = &mut self.step.known;
        // An alarm that is late, incomplete or suppressed does not determine when an outage began.
        let opened = incident.as_ref().filter(is_new).and_then(|opened| Some((opened, opened.began?)));
        let (Some((opened, began)), Some(over)) = (opened, latch.over.clone()) else { return Ok(()) };
        if began.duration_since(over.at) > SAME_INCIDENT {
            return Ok(());
        }
        let last = self.facts.last_incident.as_ref();
        let last = last.ok_or_else(|| MissingFact::LastIncident(over.incident.clone()))?;
        // An operator may have deleted the item.
        let Some(last) = last else { return Ok(()) };
        let mut last = last.as_ref().clone();
        last.reopen(opened, self.context.now);
        latch.unreported.retain(|id| *id != last.id);
        (latch.open, latch.over) = (Some(last.id.clone()), None);
        *incident = Some(last);
        Ok(())
    }

    fn alarm_deleted(&mut self, alarm: &DeletedAlarm, arn: Option<&Arn>) {
        let now = self.context.now;
        if let Some(because) = arn.and_then(|arn| alarm::deleted(&mut self.step.known, alarm, arn, now)) {
            return self.reason(Verdict::Skip, &because);
        }
        let because = Because::AlarmDeleted { alarm: alarm.name.clone(), is_second: arn.is_none() };
        self.reason(Verdict::Alert, &because);
    }

    /// The email about a deleted alarm, unless the event is out of date.
    fn deletion(&self, input: Input<'_>) -> Option<Effect> {
        let Input::AlarmDeleted(alarm, arn) = input else { return None };
        let is_known = self.step.reasons.iter().any(|reason| reason.verdict == Verdict::Alert);
        is_known.then(|| Effect::ReportDeletion { alarm: alarm.clone(), is_second: arn.is_none() })
    }

    fn clear(&mut self, by: &str) {
        let now = self.context.now;
        let KnownPlan { latch, incident } = &mut self.step.known;
        let is_in_progress = incident.as_ref().is_some_and(|open| {
            let has_set_it = latch.recovery.as_ref().is_some_and(|started| started.incident == open.id);
            let recovers = open.phase == IncidentPhase::Running && open.mode == Mode::Recovery;
            open.is_open() && open.finished.is_none() && (has_set_it || recovers)
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
        // Of a plan with waves, the waves that have not begun can still be given up.
        let has_started = incident.phase == IncidentPhase::Running && incident.waves.is_none();
        if has_started || incident.finished.is_some() {
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
