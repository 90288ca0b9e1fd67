//! What becomes of a plan's incident: read, one step taken, written under the condition that nobody wrote it since, told.
//!
//! Whatever is killed here, and wherever, the next invocation reads what was written and goes on from there. The start is written
//! down before DRS is asked, with its token and its snapshots, and DRS's executions are looked through for this incident's tag
//! before it is asked again.

mod step;
mod tell;

use shared::decision::{Action, ActionResult, DRY_RUN, Verdict};

use crate::alarm::{Alarm, State};
use crate::because::Because;
use crate::incident::{Attempt, Hold, Incident, Phase, Refusal};
use crate::interlock::Interlock;
use crate::latch::{Cleared, Started};
use crate::mail;
use crate::rules::{Mode, Plan};
use crate::run::Run;
use crate::start::{self, start};
use crate::store::StoreError;
use crate::transition::{self, Known};
use shared::report::Report;

/// How often a step is taken anew because somebody else wrote the incident meanwhile.
const TRIES: usize = 6;

/// The call that starts a recovery.
const START: &str = "drs:StartRecoveryPlanExecution";

/// What a plan is looked at for.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// An alarm changed; its ARN as the plan has it.
    Alarm(&'a Alarm, &'a str),
    /// A person refuses an incident.
    Refuse {
        /// Which.
        incident: &'a str,
        /// Who.
        by: &'a str,
    },
    /// A person clears the latch.
    ClearLatch {
        /// Who.
        by: &'a str,
    },
    /// It is time to look again.
    Look,
}

/// Whether a step went through.
enum Written {
    Yes,
    Overtaken,
}

/// Takes the next step with a plan's incident, if it has one.
pub async fn drive(run: &Run<'_>, plan: &Plan, input: Input<'_>) -> Report {
    let drive = Drive { run, plan };
    // What DRS was asked for in a try that somebody overtook was asked for all the same.
    let mut asked: Vec<Action> = Vec::new();
    for _ in 0..TRIES {
        let mut report = Report::default();
        let done = Box::pin(drive.once(input, &mut report)).await;
        report.actions.splice(0..0, std::mem::take(&mut asked));
        match done {
            Ok(None) => {
                asked = report.actions;
                continue;
            }
            Ok(Some(over)) => Box::pin(drive.tell_what_is_over(&over, &mut report)).await,
            Err(error) => drive.unreadable(input, error, &mut report).await,
        }
        return report;
    }
    let mut report = Report::of(Verdict::Fail, &plan.name, &Because::Overtaken);
    report.actions = asked;
    report
}

struct Drive<'a> {
    run: &'a Run<'a>,
    plan: &'a Plan,
}

impl Drive<'_> {
    /// One try. Gives the incidents that are over and of which nobody was told, nothing if somebody overtook it.
    async fn once(&self, input: Input<'_>, report: &mut Report) -> Result<Option<Vec<String>>, StoreError> {
        let before = self.run.store().known(&self.plan.name).await?;
        let mut known = before.clone();
        self.recreated(&mut known);
        if let Some((verdict, because)) = self.apply(&mut known, input) {
            report.reason(verdict, &self.plan.name, &because);
        }
        if let Some(because) = self.known_before(&before, &mut known).await? {
            report.reason(Verdict::Skip, &self.plan.name, &because);
        }
        if known.incident.is_none() {
            if report.reasons.is_empty() {
                report.reason(Verdict::Skip, &self.plan.name, &Because::NothingOpen);
            }
            if let Written::Overtaken = self.write(&before, &mut known).await? {
                return Ok(None);
            }
            self.tell_cleared(&mut known, report).await;
            return Ok(Some(known.latch.untold));
        }
        let attempt = step::step(self.run, self.plan, &mut known, report).await;
        if let (Some(attempt), true) = (&attempt, self.run.invocation.dry_run) {
            let incident = known.incident.as_ref();
            report
                .actions
                .extend(incident.map(|of| action(of, attempt, ActionResult::NotCalled(DRY_RUN.into()))));
        }
        tell::claim(self.run, &mut known);
        if let Written::Overtaken = self.write(&before, &mut known).await? {
            return Ok(None);
        }
        if let Some(attempt) = attempt.filter(|_| !self.run.invocation.dry_run) {
            let before = known.clone();
            self.start(&attempt, &mut known, report).await;
            tell::claim(self.run, &mut known);
            // What DRS did is done: whoever wrote the incident meanwhile finds it by its tag.
            if let Written::Overtaken = self.write(&before, &mut known).await? {
                return Ok(None);
            }
        }
        self.tell_cleared(&mut known, report).await;
        let own = known.incident.as_ref().map(|incident| incident.id.clone());
        let over = known.latch.untold.iter().filter(|id| Some(*id) != own.as_ref()).cloned().collect();
        tell::tell(self.run, self.plan, known, report).await;
        Ok(Some(over))
    }

    /// That the latch was cleared is the one word after which a plan recovers again: everybody hears of it.
    /// Written down after the mail: who is killed between the two sends it twice, and it is never lost.
    async fn tell_cleared(&self, known: &mut Known, report: &mut Report) {
        let before = known.clone();
        let Some(cleared) = known.latch.cleared.as_mut().filter(|cleared| !cleared.told) else { return };
        let topic = self.plan.topic.as_deref().unwrap_or(&self.run.settings.topic);
        let message = mail::cleared(self.plan, cleared);
        if !self.run.mail(&self.plan.name, topic, &message, report).await {
            return;
        }
        cleared.told = true;
        // Who overtakes it finds the latch as it was, and tells it once more.
        if let Err(error) = self.write(&before, known).await {
            let error = error.to_string();
            report.reason(Verdict::Fail, &self.plan.name, &Because::StateUnreadable { error });
        }
    }

    /// An incident that a change of an alarm would open, and that there was already: the change was dealt with.
    async fn known_before(&self, before: &Known, known: &mut Known) -> Result<Option<Because>, StoreError> {
        let opened =
            known.incident.as_ref().filter(|incident| incident.version == 0 && before.incident.is_none());
        let Some(opened) = opened else { return Ok(None) };
        if self.run.store().incident(&self.plan.name, &opened.id).await?.is_none() {
            return Ok(None);
        }
        let alarm = opened.alarms.values().next();
        let name = alarm.map(|alarm| alarm.name.clone()).unwrap_or_default();
        let at = alarm.map_or(self.run.now(), |alarm| alarm.since);
        (known.incident, known.latch.open) = (None, None);
        Ok(Some(Because::SameTransition { alarm: name, at, is_open: false }))
    }

    /// Incidents that are over, of which nobody was told: their mail failed, or whoever was to send it was killed.
    async fn tell_what_is_over(&self, over: &[String], report: &mut Report) {
        for id in over {
            let Ok(before) = self.run.store().known_with(&self.plan.name, id).await else { return };
            let mut known = before.clone();
            // One whose item somebody deleted is told of by nobody.
            if known.incident.is_none() {
                known.latch.untold.retain(|other| other != id);
            }
            tell::claim(self.run, &mut known);
            if let Ok(Written::Yes) = self.write(&before, &mut known).await {
                tell::tell(self.run, self.plan, known, report).await;
            }
        }
    }

    /// An incident that the latch names and that is not there: somebody deleted its item. The latch lets go of it.
    fn recreated(&self, known: &mut Known) {
        if known.incident.is_none() {
            known.latch.open = None;
        }
    }

    /// Applies what was heard. Gives a reason where that is all there is to say of it.
    fn apply(&self, known: &mut Known, input: Input<'_>) -> Option<(Verdict, Because)> {
        let now = self.run.now();
        match input {
            Input::Look => None,
            Input::Alarm(alarm, arn) => {
                Some((Verdict::Skip, transition::apply(known, self.plan, alarm, arn, now)?))
            }
            Input::ClearLatch { by } => Some(self.clear(known, by)),
            Input::Refuse { incident, by } => match &mut known.incident {
                Some(open) if open.id == incident => refuse(open, by, now),
                _ => {
                    let name = incident.to_owned();
                    Some((Verdict::Fail, Because::NothingOfThatName { what: "open incident", name }))
                }
            },
        }
    }

    fn clear(&self, known: &mut Known, by: &str) -> (Verdict, Because) {
        let own = known.incident.as_ref().filter(|open| {
            let shut_it = known.latch.recovery.as_ref().is_some_and(|started| started.incident == open.id);
            let recovers = open.phase == Phase::Running && open.mode == Mode::Recovery;
            open.phase.is_open() && (shut_it || recovers)
        });
        if own.is_some() {
            let why = "the recovery that shut the latch is under way; clear it when that is over".to_owned();
            return (Verdict::Hold, Because::LatchNotCleared { why });
        }
        let Some(recovery) = known.latch.recovery.take() else {
            let why = "the latch is not shut: no recovery was started since it was last cleared".to_owned();
            return (Verdict::Skip, Because::LatchNotCleared { why });
        };
        let (by_whom, at) = (Incident::said(by), self.run.now());
        known.latch.cleared = Some(Cleared { by: by_whom, at, incident: recovery.incident, told: false });
        if let Some(open) = &mut known.incident {
            open.note(self.run.now(), "person", format!("{by} cleared the latch"));
        }
        (Verdict::Update, Because::LatchCleared { by: by.to_owned() })
    }

    async fn write(&self, before: &Known, known: &mut Known) -> Result<Written, StoreError> {
        if self.run.invocation.dry_run {
            return Ok(Written::Yes);
        }
        match self.run.store().write(&self.plan.name, before, known).await {
            Ok(()) => Ok(Written::Yes),
            Err(StoreError::Overtaken) => Ok(Written::Overtaken),
            Err(error) => Err(error),
        }
    }

    /// Asks DRS for the start that was written down, and writes into the incident what it said.
    async fn start(&self, attempt: &Attempt, known: &mut Known, report: &mut Report) {
        let now = self.run.now();
        let Some(incident) = &mut known.incident else { return };
        let asked = start(&self.run.aws.drs, incident, attempt).await;
        report.actions.push(action(incident, attempt, asked.result()));
        match asked {
            start::Outcome::Started(execution) => {
                step::runs(incident, &execution, false, now);
                confirm(&mut known.latch, incident, attempt.mode, now);
            }
            start::Outcome::Refused(error) => {
                let refusal = Refusal { at: now, error, execution: None };
                step::refused(self.plan, known, refusal, report);
            }
            start::Outcome::Unknown(error) => {
                if let Some(attempt) = &mut incident.attempt {
                    attempt.error = Some(Incident::said(&error));
                }
                incident.note(now, "start", format!("DRS did not answer the start: {error}"));
                report.reason(Verdict::Fail, &self.plan.name, &Because::StartUnknown { error });
            }
        }
    }

    /// The table is what decisions are made with: without it nothing is decided, and for an alarm a person is paged at once.
    async fn unreadable(&self, input: Input<'_>, error: StoreError, report: &mut Report) {
        let error = error.to_string();
        report.reason(Verdict::Fail, &self.plan.name, &Because::StateUnreadable { error: error.clone() });
        let topic = self.plan.topic.as_deref().unwrap_or(&self.run.settings.topic);
        let asked = report.actions.iter().find(|action| action.call == START);
        let message = match (asked, input) {
            (Some(asked), _) => mail::unwritten(self.plan, &asked.result, &error, self.run.now()),
            (None, Input::Alarm(alarm, _)) if alarm.state == State::Alarm => {
                mail::undecided(self.plan, alarm, &error, self.run.now())
            }
            _ => return,
        };
        self.run.mail(&self.plan.name, topic, &message, report).await;
    }
}

/// Ends an incident that a person refuses, unless DRS may be at it.
fn refuse(incident: &mut Incident, by: &str, now: jiff::Timestamp) -> Option<(Verdict, Because)> {
    if !incident.phase.is_open() {
        return None;
    }
    if incident.phase == Phase::Running {
        let why = "DRS was asked to start it already: cancel the execution in DRS instead. The mail STARTED has the command"
            .to_owned();
        return Some((Verdict::Fail, Because::CannotRefuse { why }));
    }
    let by = Incident::said(by);
    incident.note(now, "person", format!("{by} refuses it"));
    // It ends with this step, unless DRS may be at it.
    incident.refused_by = Some(by);
    None
}

/// Remembers that DRS is at it.
fn confirm(latch: &mut crate::latch::Latch, incident: &Incident, mode: Mode, now: jiff::Timestamp) {
    let started = Started { incident: incident.id.clone(), at: now };
    match mode {
        Mode::Recovery => {
            latch.recovered = Some(started.clone());
            // One that was shut before stays shut by what shut it, also if this start comes to nothing.
            latch.recovery.get_or_insert(started);
        }
        Mode::Drill => latch.drill = Some(started),
    }
}

/// Opens the latch that an incident shut for a start which launched nothing.
fn release(latch: &mut crate::latch::Latch, incident: &str) {
    for started in [&mut latch.recovery, &mut latch.recovered, &mut latch.drill] {
        started.take_if(|started| started.incident == incident);
    }
}

fn action(incident: &Incident, attempt: &Attempt, result: ActionResult) -> Action {
    Action {
        call: START.to_owned(),
        subject: incident.plan.clone(),
        input: start::input(incident, attempt),
        result,
    }
}

/// A hold as the incident has it.
fn hold(interlock: &Interlock, since: jiff::Timestamp) -> Hold {
    Hold {
        code: interlock.code().to_owned(),
        headline: interlock.headline(),
        passes: interlock.passes(),
        because: Incident::said(&interlock.to_string()),
        advice: interlock.advice().to_owned(),
        since,
    }
}
