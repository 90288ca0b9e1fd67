//! The step of an open incident: it is closed, followed, blocked, or its start is decided.

use jiff::Timestamp;
use shared::decision::Verdict;

use super::decide::{StartDecision, StartQuestion, decide, of_second_signal, own};
use super::{Draft, ExecutionsQuery, MissingFact, drill, follow, release_latch, set_latch, waves};
use crate::because::{Agreed, Because, BlockedBy, ClosedAs};
use crate::facts::{FoundExecution, Recoverable};
use crate::incident::{
    DecidedStart, EntryKind, Hold, HoldEnd, Incident, IncidentEnd, IncidentPhase, PlanExecution,
    RefusalCause, Remains, SignalReading, StartRefusal,
};
use crate::interlock::Interlock;
use crate::latch::LatchedStart;
use crate::rules::{Mode, PlanMode};
use crate::text::short_duration;

impl Draft<'_> {
    /// Advances the incident. Returns the start that DRS is to be asked for.
    pub(super) fn advance(&mut self) -> Result<Option<DecidedStart>, MissingFact> {
        let Some(incident) = &self.step.known.incident else { return Ok(None) };
        let (phase, was_finished) = (incident.phase, incident.finished.is_some());
        let start = match phase {
            IncidentPhase::Held | IncidentPhase::Starting => self.undecided()?,
            IncidentPhase::Running if incident.waves.is_some() => {
                self.follow_waves()?;
                None
            }
            IncidentPhase::Running => {
                self.followed()?;
                None
            }
            IncidentPhase::Recovered
            | IncidentPhase::Drilled
            | IncidentPhase::RecoveredInPart
            | IncidentPhase::Failed
            | IncidentPhase::Cancelled => {
                self.after_launch()?;
                None
            }
            IncidentPhase::OkAgain | IncidentPhase::Refused | IncidentPhase::AgedOut => None,
        };
        self.note_the_rto();
        self.explain_the_phase(was_finished);
        Ok(start)
    }

    fn incident(&mut self) -> Option<&mut Incident> {
        self.step.known.incident.as_mut()
    }

    /// Notes that the RTO has passed, which an email reports once.
    fn note_the_rto(&mut self) {
        let (rto, now) = (self.context.plan.rto, self.context.now);
        let Some(incident) = self.incident() else { return };
        // The alarms of a flapping incident are OK for now.
        let is_over = incident.phase == IncidentPhase::Held && incident.is_over();
        if incident.is_open()
            && !is_over
            && incident.finished.is_none()
            && !incident.over_rto
            && now >= incident.began() + rto
        {
            incident.over_rto = true;
            incident.note(now, EntryKind::OverRto, format!("the RTO of {} has passed", short_duration(rto)));
        }
    }

    pub(super) fn explain_the_phase(&mut self, was_finished: bool) {
        let Some(incident) = self.step.known.incident.clone() else { return };
        if was_finished && incident.finished.is_some() {
            // The reasons of this step are what changed. An operator's command has a reason of its own.
            if incident.is_open() && self.step.reasons.is_empty() {
                let (mode, phase, end) = (incident.mode, incident.phase, incident.end.clone());
                self.reason(Verdict::Skip, &Because::Launched { mode, phase, end });
            }
        } else if !incident.is_open() || incident.finished.is_some() {
            let verdict = match incident.phase {
                IncidentPhase::Failed
                | IncidentPhase::RecoveredInPart
                | IncidentPhase::Cancelled
                | IncidentPhase::AgedOut => Verdict::Alert,
                IncidentPhase::Held
                | IncidentPhase::Starting
                | IncidentPhase::Running
                | IncidentPhase::Recovered
                | IncidentPhase::Drilled
                | IncidentPhase::OkAgain
                | IncidentPhase::Refused => Verdict::Skip,
            };
            self.reason(
                verdict,
                &ClosedAs { phase: incident.phase, end: incident.end.as_ref(), is_open: incident.is_open() },
            );
        } else if incident.waves.is_some() && incident.phase == IncidentPhase::Running {
            self.explain_the_wave(&incident);
        } else if let Some(execution) = incident.execution() {
            self.reason(Verdict::Skip, &in_progress(&incident, execution));
        }
    }

    /// An incident without an execution.
    fn undecided(&mut self) -> Result<Option<DecidedStart>, MissingFact> {
        let context = self.context;
        self.read_answers()?;
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(None) };
        if let Some((phase, end)) = close_without_start(context.plan, incident, context.now) {
            self.close(phase, end)?;
            return Ok(None);
        }
        if let Some(until) = incident.ends_at().filter(|_| incident.is_over()) {
            self.reason(Verdict::Skip, &Because::OkForNow { until });
            return Ok(None);
        }
        incident.note_a_steady_alarm(context.now);
        // A decided start keeps its mode and its DRS plan.
        if incident.current().is_none() {
            incident.drs_plan.clone_from(&context.plan.drs_plan);
        }
        let query = ExecutionsQuery::of(incident);
        let (Some(signals), Some(executions)) = (&self.facts.signals, &self.facts.executions) else {
            return Err(MissingFact::Signals(query));
        };
        // StartRecovery takes no token: DRS is asked again only once its list must show the earlier job.
        let is_unclear = incident.unclear_until().is_some_and(|until| context.now < until);
        let found = executions.as_ref().ok().and_then(|those| own(incident, those));
        if is_unclear && found.is_none() {
            self.reason(Verdict::Hold, &Because::BeingAsked { would_be: IncidentPhase::Starting });
            return Ok(None);
        }
        let is_notify = context.plan.mode == PlanMode::Notify
            && incident.mode == Mode::Recovery
            && incident.approved_by.is_none()
            && !incident.is_ordered();
        if let Some(start) = incident.start().filter(|_| is_notify) {
            if start.asked_until.is_some_and(|until| context.now < until) {
                self.reason(Verdict::Hold, &Because::BeingAsked { would_be: IncidentPhase::Held });
                return Ok(None);
            }
            // By now the rules start nothing, and DRS has no execution.
            let is_nowhere = |those: &Vec<FoundExecution>| own(incident, those).is_none();
            if executions.as_ref().is_ok_and(is_nowhere) {
                incident.withdraw();
                incident.waves = None;
                release_latch(&mut self.step.known.latch, &incident.id);
            }
        }
        if incident.mode == Mode::Recovery {
            let found = of_second_signal(context.plan, incident, signals);
            let (at, agrees) = (context.now, found.holds.is_empty());
            let reading = SignalReading { at, agrees, by: context.request.to_owned() };
            incident.keep_reading(reading, context.plan.agree);
        }
        let question = StartQuestion {
            plan: context.plan,
            incident,
            latch: &self.step.known.latch,
            parameter: &context.settings.kill_switch,
            region: &context.home.region,
            time_is_made_up: context.settings.time_is_made_up,
            now: context.now,
        };
        match decide(&question, signals, executions, self.facts.recoverable.as_ref()) {
            StartDecision::ReadFurther => {
                Err(MissingFact::Recoverable(incident.drs_plan.clone().map(Box::new)))
            }
            StartDecision::Adopt(execution) => self.adopt(&execution).map(|()| None),
            StartDecision::Hold(interlocks) => {
                let interlocks = self.with_approval(interlocks);
                self.hold(&interlocks);
                self.give_a_drill_up(&interlocks)?;
                Ok(None)
            }
            StartDecision::Start(start) => match self.permitted(start)? {
                Ok(start) => {
                    let start = self.decide_start(start);
                    Ok(if context.plan.waves.is_empty() { start } else { self.begin_waves() })
                }
                Err(interlocks) => {
                    self.hold(&interlocks);
                    Ok(None)
                }
            },
        }
    }

    /// Closes an incident without an execution, unless DRS was asked and may have started it.
    pub(super) fn close(&mut self, phase: IncidentPhase, end: IncidentEnd) -> Result<(), MissingFact> {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        let asked_until = incident.start().and_then(|start| start.asked_until);
        if asked_until.is_some_and(|until| now < until) {
            self.reason(Verdict::Hold, &Because::BeingAsked { would_be: phase });
            return Ok(());
        }
        let query = ExecutionsQuery::of(incident);
        let executions = self.facts.executions.as_ref().ok_or(MissingFact::Executions(query))?;
        match executions {
            Err(error) if incident.decided_count > 0 => {
                let unreadable = [Interlock::ExecutionsUnreadable { error: error.clone() }];
                self.hold(&unreadable);
                return Ok(());
            }
            // This function never asked DRS.
            Err(_) => {}
            Ok(executions) => {
                if let Some(own) = own(incident, executions).cloned() {
                    return self.adopt(&own);
                }
                release_latch(&mut self.step.known.latch, &incident.id);
            }
        }
        // An operator may have launched servers without the incident's tag: the last email says so.
        let drs_plan = incident.drs_plan.clone().map(Box::new);
        let recoverable = self.facts.recoverable.as_ref().ok_or(MissingFact::Recoverable(drs_plan))?;
        incident.remains = Some(Remains::of(executions, recoverable));
        incident.hostnames = hostnames(recoverable);
        incident.close(phase, now, end);
        Ok(())
    }

    fn adopt(&mut self, execution: &FoundExecution) -> Result<(), MissingFact> {
        let now = self.context.now;
        if execution.arn.resource.starts_with("job/") {
            return self.adopt_jobs(execution);
        }
        let arn = execution.arn.to_string();
        self.reason(Verdict::Start, &Because::Adopted { execution: arn, status: execution.status.clone() });
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        incident.run(PlanExecution::found(execution, incident.mode, true), now);
        let mode = execution.mode.unwrap_or(incident.mode);
        incident.mode = mode;
        set_latch(&mut self.step.known.latch, incident, mode, now);
        self.followed()
    }

    /// The start is written down, and sets the latch, before DRS is asked.
    fn decide_start(&mut self, start: DecidedStart) -> Option<DecidedStart> {
        let context = self.context;
        let hostnames = self.facts.recoverable.as_ref().map(hostnames).unwrap_or_default();
        let incident = self.step.known.incident.as_mut()?;
        let readings = incident.readings.len();
        let agreed = (readings > 0).then(|| Agreed { agreed: incident.agreed(), readings });
        let because = Because::Start {
            mode: start.mode,
            incident: incident.id.clone(),
            servers: start.servers,
            despite: start.despite.clone(),
            agreed,
            place: context.plan.place.clone(),
        };
        incident.hostnames = hostnames;
        incident.rpo = Some(context.plan.rpo);
        // Until the invocation has ended, DRS may be about to start the plan: the incident is not closed meanwhile.
        let listed =
            if context.plan.waves.is_empty() { jiff::SignedDuration::ZERO } else { waves::LISTED_WITHIN };
        let asked = DecidedStart { asked_until: Some(context.ends + listed), ..start.clone() };
        incident.decide(asked, &because.to_string(), context.now);
        let started = LatchedStart { incident: incident.id.clone(), at: context.now };
        let latch = &mut self.step.known.latch;
        match start.mode {
            Mode::Recovery => {
                latch.recovery.get_or_insert(started);
            }
            // The write is then refused if an alarm has opened an incident meanwhile.
            Mode::Drill => latch.drill = Some(started),
        }
        self.reason(Verdict::Start, &because);
        Some(start)
    }

    /// Writes down what blocks the incident.
    pub(super) fn hold(&mut self, interlocks: &[Interlock]) {
        let now = self.context.now;
        let known = self.facts.recoverable.as_ref().map(hostnames).unwrap_or_default();
        if let Some(incident) = self.incident() {
            incident.hostnames.extend(known);
            incident.phase = phase_of_a_hold(incident, interlocks);
            block(incident, interlocks, now);
        }
        self.explain_holds(interlocks);
    }

    pub(super) fn explain_holds(&mut self, interlocks: &[Interlock]) {
        let place = &self.context.plan.place;
        for interlock in interlocks {
            self.reason(Verdict::Hold, &BlockedBy { interlock, place });
        }
    }

    /// An attempt launched nothing: the latch is released, and the start is re-evaluated after a while.
    pub(super) fn refused(&mut self, cause: RefusalCause) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        // An operator who removed the first cause learns of the next one.
        if incident.last_refused().is_some_and(|(_, last)| cause.is_another_lasting_cause_than(&last.cause)) {
            incident.reported = None;
        }
        incident.refuse(StartRefusal { at: now, cause: cause.clone() });
        incident.waves = None;
        let again = incident.waits_until().unwrap_or(now);
        let interlocks = [Interlock::StartRefused { cause, again }];
        block(incident, &interlocks, now);
        release_latch(&mut self.step.known.latch, &incident.id);
        self.explain_holds(&interlocks);
    }

    /// Writes the execution's progress down.
    fn followed(&mut self) -> Result<(), MissingFact> {
        let (plan, now) = (self.context.plan, self.context.now);
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        let Some(execution) = incident.execution_mut() else { return Ok(()) };
        match self
            .facts
            .progress
            .as_ref()
            .ok_or_else(|| MissingFact::Progress(Box::new(execution.arn.clone())))?
        {
            Ok(progress) => match follow::refusal(progress) {
                Some(cause) => self.refused(cause),
                None => follow::follow(incident, progress, now),
            },
            Err(error) => {
                let error = Incident::bounded_error(error);
                let since = *execution.unreadable_since.get_or_insert(now);
                execution.unreadable = Some(error.clone());
                if now.duration_since(since) >= plan.give_up_after {
                    let end = IncidentEnd::ExecutionUnreadable { within: plan.give_up_after, error };
                    incident.finish(IncidentPhase::Failed, now, end);
                }
            }
        }
        Ok(())
    }
}

pub(super) fn hostnames(recoverable: &Recoverable) -> std::collections::BTreeMap<String, String> {
    let servers = recoverable.plan.as_ref().map(|plan| &plan.servers[..]).unwrap_or_default();
    servers.iter().filter_map(|server| Some((server.id.clone(), server.hostname.clone()?))).collect()
}

fn in_progress(incident: &Incident, execution: &PlanExecution) -> Because {
    if let Some(error) = &execution.unreadable {
        return Because::FollowUnreadable { error: error.clone() };
    }
    Because::UnderWay {
        status: execution.status.clone(),
        launched: incident.launched(),
        servers: incident.servers.len(),
        failed: incident.failed().map(|(id, _)| id.clone()).collect(),
    }
}

/// The phase of a blocked incident: if a start was asked for and DRS's executions cannot be read, the start is uncertain.
fn phase_of_a_hold(incident: &Incident, interlocks: &[Interlock]) -> IncidentPhase {
    let is_unseen =
        interlocks.iter().any(|interlock| matches!(interlock, Interlock::ExecutionsUnreadable { .. }));
    if is_unseen && incident.current().is_some() { IncidentPhase::Starting } else { IncidentPhase::Held }
}

/// How an incident without an execution is closed, if it is.
fn close_without_start(
    plan: &crate::rules::RecoveryPlan,
    incident: &Incident,
    now: Timestamp,
) -> Option<(IncidentPhase, IncidentEnd)> {
    if let Some(by) = &incident.refused_by {
        return Some((IncidentPhase::Refused, IncidentEnd::RefusedBy { by: by.clone() }));
    }
    if incident.is_over() {
        let has_ended = incident.ends_at().is_none_or(|at| now >= at);
        return has_ended.then_some((IncidentPhase::OkAgain, IncidentEnd::AlarmsOk));
    }
    let age = now.duration_since(incident.counted_from());
    let within = match incident.mode {
        Mode::Recovery => plan.give_up_after,
        Mode::Drill => drill::WAITS,
    };
    (age >= within).then_some((IncidentPhase::AgedOut, IncidentEnd::NotStarted { within }))
}

/// Replaces what blocks an incident. An interlock whose code blocked it before keeps its time.
pub(super) fn block(incident: &mut Incident, interlocks: &[Interlock], now: Timestamp) {
    let before = std::mem::take(&mut incident.holds);
    for interlock in interlocks {
        let known = before.iter().find(|hold| hold.interlock.code() == interlock.code());
        let since = known.map(|hold| hold.since);
        // Each reading that agrees is an entry.
        let is_counted = matches!(interlock, Interlock::SecondSignalUnconfirmed { .. })
            && known.is_some_and(|hold| hold.interlock != *interlock);
        if since.is_none() || is_counted {
            incident.note(now, EntryKind::Held, format!("blocked: {interlock}"));
        }
        incident.holds.push(Hold { interlock: interlock.bounded(), since: since.unwrap_or(now) });
    }
    for hold in before {
        let code = hold.interlock.code();
        if !incident.holds.iter().any(|hold| hold.interlock.code() == code) {
            let lasted = short_duration(now.duration_since(hold.since));
            incident.note(
                now,
                EntryKind::Held,
                format!("no longer blocked by {}, after {lasted}", code.name()),
            );
            incident.end_hold(hold, now, HoldEnd::Passed);
        }
    }
}
