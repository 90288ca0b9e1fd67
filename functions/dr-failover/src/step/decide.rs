//! Evaluates every interlock with the facts, and decides whether the recovery starts. Pure, with nothing left to choose.

use jiff::{SignedDuration, Timestamp};
use shared::token::client_token;

use crate::alarm::AlarmState;
use crate::facts::{
    DrsPlan, FoundExecution, KillSwitch, ProbeResult, Read, Recoverable, SecondAlarm, Signals,
};
use crate::incident::{ChosenSnapshot, DecidedStart, Incident};
use crate::interlock::{Interlock, KillSwitchGap, SecondAlarmGap};
use crate::latch::{Latch, LatchedStart};
use crate::rules::{Mode, OverRpo, RecoveryPlan};

/// A start takes the snapshots of so many servers (StartRecoveryPlanExecution, AWS Elastic Disaster Recovery API Reference); a
/// plan has at most 100 ("Recovery plan quotas", AWS Elastic Disaster Recovery User Guide) unless that quota is raised.
pub const MOST_SERVERS: usize = 200;

/// The greatest difference between the clocks of CloudWatch and Lambda.
pub const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// An incident whose start is decided.
#[derive(Debug, Clone, Copy)]
pub struct StartQuestion<'a> {
    /// The plan.
    pub plan: &'a RecoveryPlan,
    /// The incident.
    pub incident: &'a Incident,
    /// The plan's latch.
    pub latch: &'a Latch,
    /// The name of the kill switch.
    pub parameter: &'a str,
    /// The function's region.
    pub region: &'a str,
    /// The function's time is set by hand.
    pub time_is_made_up: bool,
    /// The moment of the decision.
    pub now: Timestamp,
}

/// The decision about a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartDecision {
    /// DRS has an execution of this incident: it is followed.
    Adopt(FoundExecution),
    /// These interlocks block the start.
    Hold(Vec<Interlock>),
    /// No interlock blocks the start so far: the DRS plan and its servers must be read.
    ReadFurther,
    /// The recovery starts.
    Start(DecidedStart),
}

/// Decides. The signals and the executions have been read.
pub fn decide(
    question: &StartQuestion<'_>,
    signals: &Signals,
    executions: &Read<Vec<FoundExecution>>,
    recoverable: Option<&Recoverable>,
) -> StartDecision {
    if let Ok(executions) = executions
        && let Some(own) = own(question.incident, executions)
    {
        return StartDecision::Adopt(own.clone());
    }
    let mut holds = of_alarms(question);
    holds.extend(of_deployment(question, signals));
    holds.extend(of_second_signal(question.plan, signals));
    holds.extend(of_latch(question));
    holds.extend(of_refusals(question));
    holds.extend(of_executions(executions));
    if !holds.is_empty() {
        return StartDecision::Hold(holds);
    }
    let Some(recoverable) = recoverable else { return StartDecision::ReadFurther };
    let plan = match &recoverable.plan {
        Ok(plan) => plan,
        Err(error) => return StartDecision::Hold(vec![Interlock::PlanUnreadable { error: error.clone() }]),
    };
    let (holds, despite) = of_recoverable(question, plan, recoverable);
    match holds.is_empty() {
        true => StartDecision::Start(start(question, plan, despite)),
        false => StartDecision::Hold(holds),
    }
}

/// The execution of this incident: the newest with its tag. A drill never counts as a recovery. A recovery with the tag counts
/// in every mode: an operator started it with the command of the email.
pub fn own<'e>(incident: &Incident, executions: &'e [FoundExecution]) -> Option<&'e FoundExecution> {
    let mode = incident.start().map_or(incident.mode, |start| start.mode);
    let own = executions.iter().filter(|execution| {
        execution.incident.as_deref() == Some(incident.id.as_str())
            && (execution.mode == Some(mode) || execution.mode == Some(Mode::Recovery))
    });
    own.max_by_key(|execution| execution.started)
}

fn of_alarms(question: &StartQuestion<'_>) -> Vec<Interlock> {
    let alarms = &question.incident.alarms;
    let alarming = || alarms.values().filter(|alarm| alarm.state == AlarmState::Alarm);
    if alarming().next().is_none() {
        let unknown = alarms.values().filter(|alarm| alarm.state == AlarmState::InsufficientData);
        return vec![Interlock::AlarmUnknown { alarms: unknown.map(|alarm| alarm.name.clone()).collect() }];
    }
    let each = alarming().map(|alarm| {
        let name = alarm.name.clone();
        let late = SignedDuration::from_secs(alarm.late_seconds);
        if !alarm.missing.is_empty() {
            return Some(Interlock::AlarmUnclear { alarm: name, missing: alarm.missing.clone() });
        }
        let is_suppressed = alarm.suppressed_until.is_none_or(|until| question.now < until);
        if let Some(by) = alarm.suppressed_by.as_ref().filter(|_| is_suppressed) {
            return Some(Interlock::Suppressed { alarm: name, by: by.clone() });
        }
        if late > question.plan.stale_after {
            return Some(Interlock::Stale { alarm: name, late, most: question.plan.stale_after });
        }
        (late < -CLOCKS_DIFFER).then_some(Interlock::FromTheFuture { alarm: name, early: -late })
    });
    let each: Vec<Option<Interlock>> = each.collect();
    // One alarm without an interlock is enough.
    if each.iter().any(Option::is_none) { Vec::new() } else { each.into_iter().flatten().collect() }
}

fn of_deployment(question: &StartQuestion<'_>, signals: &Signals) -> Vec<Interlock> {
    let parameter = question.parameter.to_owned();
    let unclear = |found| Interlock::KillSwitchUnclear { parameter: parameter.clone(), found };
    let mut holds = Vec::new();
    match &signals.kill_switch {
        Ok(KillSwitch::Enabled) => {}
        Ok(KillSwitch::Disabled) => holds.push(Interlock::KillSwitchOff { parameter: parameter.clone() }),
        Ok(KillSwitch::Absent) => holds.push(unclear(KillSwitchGap::Absent)),
        Ok(KillSwitch::Other(value)) => holds.push(unclear(KillSwitchGap::Other(value.clone()))),
        Err(error) => holds.push(unclear(KillSwitchGap::Unreadable(error.clone()))),
    }
    if question.time_is_made_up && question.incident.mode == Mode::Recovery {
        holds.push(Interlock::TimeIsMadeUp);
    }
    if let Some(drs_plan) = question.incident.drs_plan.as_ref().filter(|plan| plan.region != question.region)
    {
        let here = question.region.to_owned();
        holds.push(Interlock::PlanElsewhere { region: drs_plan.region.clone(), here });
    }
    holds
}

fn of_second_signal(plan: &RecoveryPlan, signals: &Signals) -> Vec<Interlock> {
    let mut holds = Vec::new();
    if let (Some(alarm), Some(found)) = (&plan.second_signal.alarm, &signals.second_alarm) {
        holds.extend(of_second_alarm(alarm.clone(), found));
    }
    if let (Some(url), Some(found)) = (&plan.second_signal.probe, &signals.probe) {
        let url = url.clone();
        match found {
            ProbeResult::Answered(status) if found.is_well() => {
                holds.push(Interlock::ProbeAnswered { url, status: *status })
            }
            ProbeResult::NotSent(failure) => {
                holds.push(Interlock::ProbeNotSent { url, failure: failure.clone() })
            }
            ProbeResult::Answered(_) | ProbeResult::Silent(_) => {}
        }
    }
    holds
}

fn of_second_alarm(alarm: String, found: &Read<SecondAlarm>) -> Option<Interlock> {
    let unreadable = |alarm, found| Some(Interlock::SecondAlarmUnreadable { alarm, found });
    match found {
        Err(error) => unreadable(alarm, SecondAlarmGap::Unreadable(error.clone())),
        Ok(SecondAlarm::Absent) => unreadable(alarm, SecondAlarmGap::Absent),
        Ok(SecondAlarm::Is { suppressed_by: Some(by), .. }) => {
            Some(Interlock::SecondAlarmSuppressed { alarm, by: by.clone() })
        }
        Ok(SecondAlarm::Is { state: Some(AlarmState::Alarm), .. }) => None,
        // An alarm without data neither agrees nor disagrees: the operator should check it.
        Ok(SecondAlarm::Is { state: Some(AlarmState::InsufficientData), .. }) => {
            unreadable(alarm, SecondAlarmGap::NoData)
        }
        Ok(SecondAlarm::Is { state: Some(state @ AlarmState::Ok), .. }) => {
            Some(Interlock::SecondAlarmQuiet { alarm, state: *state })
        }
        Ok(SecondAlarm::Is { state: None, .. }) => unreadable(alarm, SecondAlarmGap::UnknownState),
    }
}

/// The latch and the cool-down. A drill blocks drills, and never a recovery.
fn of_latch(question: &StartQuestion<'_>) -> Vec<Interlock> {
    let StartQuestion { plan, incident, latch, now, .. } = *question;
    let mut holds = Vec::new();
    let of_another = |started: &&LatchedStart| started.incident != incident.id;
    if let Some(recovery) = latch.recovery.as_ref().filter(of_another) {
        holds.push(Interlock::Latched { incident: recovery.incident.clone(), at: recovery.at });
    }
    let started = match incident.mode {
        Mode::Recovery => &latch.recovered,
        Mode::Drill => &latch.drill,
    };
    if let Some(started) = started.as_ref().filter(of_another) {
        let until = started.at + plan.cool_down;
        if now < until {
            holds.push(Interlock::CoolingDown { mode: incident.mode, started: started.at, until });
        }
    }
    holds
}

/// After each refusal the function waits longer before it asks DRS again.
fn of_refusals(question: &StartQuestion<'_>) -> Option<Interlock> {
    let again = question.incident.waits_until().filter(|again| question.now < *again)?;
    let (_, last) = question.incident.last_refused()?;
    Some(Interlock::StartRefused { cause: last.cause.clone(), again })
}

fn of_executions(executions: &Read<Vec<FoundExecution>>) -> Vec<Interlock> {
    let executions = match executions {
        Ok(executions) => executions,
        Err(error) => return vec![Interlock::ExecutionsUnreadable { error: error.clone() }],
    };
    // The incident's own execution would have been adopted.
    let others = executions.iter().filter(|execution| !execution.has_ended());
    let interlocks = others.map(|other| {
        let (execution, status, started) = (other.arn.clone(), other.status.clone(), other.started);
        match other.mode {
            Some(Mode::Drill) => Interlock::DrillRunning { execution, status, started },
            Some(Mode::Recovery) | None => Interlock::RecoveryRunning { execution, status, started },
        }
    });
    interlocks.collect()
}

/// The interlocks that block the start, and the findings that do not.
fn of_recoverable(
    question: &StartQuestion<'_>,
    drs_plan: &DrsPlan,
    recoverable: &Recoverable,
) -> (Vec<Interlock>, Vec<Interlock>) {
    let (mut holds, mut despite) = (of_plan(drs_plan), Vec::new());
    match &recoverable.jobs {
        Err(error) => holds.push(Interlock::JobsUnreadable { error: error.clone() }),
        Ok(jobs) => holds.extend(jobs.iter().map(|job| Interlock::JobRunning {
            job: job.id.clone(),
            job_kind: job.kind.clone(),
            servers: job.servers.clone(),
        })),
    }
    match &recoverable.instances {
        Err(error) => holds.push(Interlock::InstancesUnreadable { error: error.clone() }),
        Ok(instances) => {
            let (drilled, recovered): (Vec<_>, Vec<_>) =
                instances.iter().cloned().partition(|instance| instance.is_drill);
            if !recovered.is_empty() {
                holds.push(Interlock::RecoveredAlready { instances: recovered });
            }
            if !drilled.is_empty() {
                despite.push(Interlock::DrillInstances { instances: drilled });
            }
        }
    }
    for critical in [true, false] {
        for (interlock, blocks) in of_snapshots(question, drs_plan, critical) {
            if blocks { &mut holds } else { &mut despite }.push(interlock);
        }
    }
    // DRS itself decides whether it launches these servers.
    let disconnected = drs_plan.servers.iter().filter(|server| server.is_disconnected());
    let servers: Vec<String> = disconnected.map(|server| server.id.clone()).collect();
    if !servers.is_empty() {
        despite.push(Interlock::ReplicationStopped { servers });
    }
    (holds, despite)
}

fn of_plan(drs_plan: &DrsPlan) -> Vec<Interlock> {
    let mut holds = Vec::new();
    if drs_plan.status != "ACTIVE" {
        holds.push(Interlock::PlanInvalid { status: drs_plan.status.clone() });
    }
    if drs_plan.servers.is_empty() {
        holds.push(Interlock::PlanEmpty);
    }
    if drs_plan.servers.len() > MOST_SERVERS {
        holds.push(Interlock::TooManyServers { count: drs_plan.servers.len(), most: MOST_SERVERS });
    }
    holds
}

/// The interlocks about the snapshots of the critical servers, or of the optional ones, and whether each blocks the start.
fn of_snapshots(question: &StartQuestion<'_>, drs_plan: &DrsPlan, critical: bool) -> Vec<(Interlock, bool)> {
    let began = question.incident.began();
    let (mut unreadable, mut none, mut old) = (Vec::new(), Vec::new(), Vec::new());
    let (mut last_error, mut oldest) = (None, SignedDuration::ZERO);
    for server in drs_plan.servers.iter().filter(|server| server.critical == critical) {
        let id = server.id.clone();
        match &server.snapshot {
            Err(error) => {
                last_error = Some(error.clone());
                unreadable.push(id);
            }
            Ok(None) => none.push(id),
            Ok(Some(snapshot)) if snapshot.age_at(began) > question.plan.rpo => {
                oldest = oldest.max(snapshot.age_at(began));
                old.push(id);
            }
            Ok(Some(_)) => {}
        }
    }
    let mut found = Vec::new();
    if let Some(error) = last_error {
        found.push((Interlock::SnapshotsUnreadable { servers: unreadable, error }, critical));
    }
    if !none.is_empty() {
        // DRS starts none of a plan's servers while one of them has no snapshot.
        found.push((Interlock::NoSnapshot { servers: none, of: drs_plan.servers.len() }, true));
    }
    if !old.is_empty() {
        let blocks = critical && question.plan.over_rpo == OverRpo::Hold;
        found.push((Interlock::OverRpo { servers: old, oldest, rpo: question.plan.rpo }, blocks));
    }
    found
}

/// The start: the one that was decided before, if there is one, so that DRS is asked for the same with the same token.
fn start(question: &StartQuestion<'_>, drs_plan: &DrsPlan, despite: Vec<Interlock>) -> DecidedStart {
    let incident = question.incident;
    if let Some(start) = incident.start().filter(|start| start.mode == incident.mode) {
        return start.clone();
    }
    let number = (incident.decided_count + 1).to_string();
    let mode = incident.mode;
    let snapshots = drs_plan.servers.iter().filter_map(|server| {
        let snapshot = server.snapshot.as_ref().ok()?.as_ref()?;
        Some(ChosenSnapshot {
            server: server.id.clone(),
            snapshot: snapshot.id.clone(),
            taken: snapshot.taken,
        })
    });
    DecidedStart {
        token: client_token([incident.id.as_str(), mode.drs(), &number]),
        at: question.now,
        mode,
        servers: drs_plan.servers.len(),
        snapshots: snapshots.collect(),
        despite: despite.iter().map(Interlock::bounded).collect(),
        asked_until: None,
    }
}
