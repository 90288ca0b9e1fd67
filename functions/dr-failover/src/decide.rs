//! Whether a recovery starts: every interlock, looked at with what is known. Pure, with nothing left to choose.

use jiff::{SignedDuration, Timestamp};
use shared::token::client_token;

use crate::alarm::State;
use crate::facts::{DrsPlan, Facts, Probed, Recoverable, Running, SecondAlarm, Switch};
use crate::incident::{Attempt, Chosen, Incident};
use crate::interlock::Interlock;
use crate::latch::Latch;
use crate::rules::{Mode, OverRpo, Plan};

/// A start can name the snapshots of so many servers (StartRecoveryPlanExecution, AWS Elastic Disaster Recovery API Reference); a plan
/// has 100 at most ("Recovery plan quotas", AWS Elastic Disaster Recovery User Guide), unless that quota is raised.
pub const MOST_SERVERS: usize = 200;

/// How far the clocks of CloudWatch and Lambda may be apart.
pub const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// What there is to decide with.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The incident.
    pub incident: &'a Incident,
    /// The plan's latch.
    pub latch: &'a Latch,
    /// The name of the kill switch.
    pub parameter: &'a str,
    /// The function's region.
    pub region: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// An execution is this incident's: it is followed.
    Adopt(Running),
    /// Nothing starts.
    Hold(Vec<Interlock>),
    /// Nothing holds it so far; what there is to recover has to be looked at.
    LookFurther,
    /// It starts.
    Start(Attempt),
}

/// Decides.
pub fn decide(question: &Question<'_>, facts: &Facts) -> Decision {
    if let Ok(executions) = &facts.executions
        && let Some(own) = own(question.plan, question.incident, executions)
    {
        return Decision::Adopt(own.clone());
    }
    let mut holds = of_alarms(question);
    holds.extend(of_deployment(question, facts));
    holds.extend(of_second_signal(question.plan, facts));
    holds.extend(of_latch(question));
    holds.extend(of_refusals(question));
    holds.extend(of_executions(facts));
    if !holds.is_empty() {
        return Decision::Hold(holds);
    }
    let Some(recoverable) = &facts.recoverable else { return Decision::LookFurther };
    let plan = match &recoverable.plan {
        Ok(plan) => plan,
        Err(why) => return Decision::Hold(vec![Interlock::PlanUnreadable { why: why.clone() }]),
    };
    let (holds, despite) = of_recoverable(question, plan, recoverable);
    match holds.is_empty() {
        true => Decision::Start(attempt(question, plan, &despite)),
        false => Decision::Hold(holds),
    }
}

/// The execution that this incident started: the newest with its tag. A drill is never taken for a recovery; a recovery is the
/// incident's whatever the plan's mode: a person started it with the command that the mail has.
pub fn own<'e>(plan: &Plan, incident: &Incident, executions: &'e [Running]) -> Option<&'e Running> {
    let mode = incident.attempt.as_ref().map_or(plan.mode, |attempt| attempt.mode);
    let own = executions.iter().filter(|execution| {
        execution.incident.as_deref() == Some(incident.id.as_str())
            && (execution.mode == Some(mode) || execution.mode == Some(Mode::Recovery))
    });
    own.max_by_key(|execution| execution.started)
}

fn of_alarms(question: &Question<'_>) -> Vec<Interlock> {
    let alarms = &question.incident.alarms;
    let alarming = || alarms.values().filter(|alarm| alarm.state == State::Alarm);
    if alarming().next().is_none() {
        let unknown = alarms.values().filter(|alarm| alarm.state == State::InsufficientData);
        let alarms = unknown.map(|alarm| format!("the alarm {}", alarm.name)).collect();
        return vec![Interlock::AlarmUnknown { alarms }];
    }
    let each = alarming().map(|alarm| {
        let name = alarm.name.clone();
        let late = SignedDuration::from_secs(alarm.late_seconds);
        if !alarm.unsaid.is_empty() {
            return Some(Interlock::AlarmUnclear { alarm: name, unsaid: alarm.unsaid.join(" and ") });
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
    // One alarm that is as it should be is enough.
    if each.iter().any(Option::is_none) { Vec::new() } else { each.into_iter().flatten().collect() }
}

fn of_deployment(question: &Question<'_>, facts: &Facts) -> Vec<Interlock> {
    let parameter = question.parameter.to_owned();
    let unclear = |found: String| Interlock::KillSwitchUnclear { parameter: parameter.clone(), found };
    let mut holds = Vec::new();
    match &facts.switch {
        Ok(Switch::Enabled) => {}
        Ok(Switch::Disabled) => holds.push(Interlock::KillSwitchOff { parameter: parameter.clone() }),
        Ok(Switch::Absent) => holds.push(unclear("is not there".to_owned())),
        Ok(Switch::Other(value)) => {
            holds.push(unclear(format!("is `{value}`, neither enabled nor disabled")))
        }
        Err(why) => holds.push(unclear(format!("cannot be read ({why})"))),
    }
    if facts.time_is_made_up && question.plan.mode == Mode::Recovery {
        holds.push(Interlock::TimeIsMadeUp);
    }
    let region = question.incident.drs_plan.split(':').nth(3).unwrap_or_default();
    if region != question.region {
        let here = question.region.to_owned();
        holds.push(Interlock::PlanElsewhere { region: region.to_owned(), here });
    }
    holds
}

fn of_second_signal(plan: &Plan, facts: &Facts) -> Vec<Interlock> {
    let mut holds = Vec::new();
    if let (Some(alarm), Some(found)) = (&plan.second_signal.alarm, &facts.second_alarm) {
        holds.extend(of_second_alarm(alarm.clone(), found));
    }
    if let (Some(url), Some(found)) = (&plan.second_signal.probe, &facts.probe) {
        let url = url.clone();
        match found {
            Probed::Answered(status) if found.is_well() => {
                holds.push(Interlock::ProbeAnswered { url, status: *status })
            }
            Probed::NotAsked(why) => holds.push(Interlock::ProbeNotMade { url, why: why.clone() }),
            Probed::Answered(_) | Probed::Silent(_) => {}
        }
    }
    holds
}

fn of_second_alarm(alarm: String, found: &Result<SecondAlarm, String>) -> Option<Interlock> {
    match found {
        Err(why) => {
            Some(Interlock::SecondAlarmUnreadable { alarm, why: format!("could not be looked up ({why})") })
        }
        Ok(SecondAlarm::Absent) => {
            Some(Interlock::SecondAlarmUnreadable { alarm, why: "is not there".to_owned() })
        }
        Ok(SecondAlarm::Is { suppressed_by: Some(by), .. }) => {
            Some(Interlock::SecondAlarmSuppressed { alarm, by: by.clone() })
        }
        Ok(SecondAlarm::Is { state: Some(State::Alarm), .. }) => None,
        // Not to know is not to agree, and not to disagree either: somebody should look at the alarm.
        Ok(SecondAlarm::Is { state: Some(State::InsufficientData), .. }) => {
            Some(Interlock::SecondAlarmUnreadable { alarm, why: "has no data".to_owned() })
        }
        Ok(SecondAlarm::Is { state: Some(state), .. }) => {
            Some(Interlock::SecondAlarmQuiet { alarm, state: state.to_string() })
        }
        Ok(SecondAlarm::Is { state: None, .. }) => Some(Interlock::SecondAlarmUnreadable {
            alarm,
            why: "has a state that is not known here".to_owned(),
        }),
    }
}

/// The latch and the cool-down. A drill keeps drills from starting, and never a recovery.
fn of_latch(question: &Question<'_>) -> Vec<Interlock> {
    let Question { plan, incident, latch, now, .. } = *question;
    let mut holds = Vec::new();
    let another = |started: &&crate::latch::Started| started.incident != incident.id;
    if let Some(recovery) = latch.recovery.as_ref().filter(another) {
        holds.push(Interlock::Latched { incident: recovery.incident.clone(), at: recovery.at });
    }
    let started = match plan.mode {
        Mode::Recovery => &latch.recovered,
        Mode::Drill => &latch.drill,
    };
    if let Some(started) = started.as_ref().filter(another) {
        let until = started.at + plan.cool_down;
        if now < until {
            holds.push(Interlock::CoolingDown { mode: plan.mode, started: started.at, until });
        }
    }
    holds
}

/// What DRS refused is asked for again, and less and less often.
fn of_refusals(question: &Question<'_>) -> Option<Interlock> {
    let again = question.incident.waits_until().filter(|again| question.now < *again)?;
    let error = question.incident.refusals.last()?.error.clone();
    Some(Interlock::StartRefused { error, again })
}

fn of_executions(facts: &Facts) -> Vec<Interlock> {
    let executions = match &facts.executions {
        Ok(executions) => executions,
        Err(why) => return vec![Interlock::ExecutionsUnreadable { why: why.clone() }],
    };
    // Its own would have been adopted.
    let others = executions.iter().filter(|execution| !execution.has_ended());
    let told = others.map(|other| {
        let (execution, status, started) = (other.arn.clone(), other.status.clone(), other.started);
        match other.mode {
            Some(Mode::Drill) => Interlock::DrillRunning { execution, status, started },
            Some(Mode::Recovery) | None => Interlock::RecoveryRunning { execution, status, started },
        }
    });
    told.collect()
}

/// What holds, and what does not although it is worth telling.
fn of_recoverable(
    question: &Question<'_>,
    drs_plan: &DrsPlan,
    recoverable: &Recoverable,
) -> (Vec<Interlock>, Vec<Interlock>) {
    let (mut holds, mut despite) = (Vec::new(), Vec::new());
    if drs_plan.status != "ACTIVE" {
        holds.push(Interlock::PlanInvalid { status: drs_plan.status.clone() });
    }
    if drs_plan.servers.is_empty() {
        holds.push(Interlock::PlanEmpty);
    }
    if drs_plan.servers.len() > MOST_SERVERS {
        holds.push(Interlock::TooManyServers { count: drs_plan.servers.len(), most: MOST_SERVERS });
    }
    match &recoverable.jobs {
        Err(why) => holds.push(Interlock::JobsUnreadable { why: why.clone() }),
        Ok(jobs) => holds.extend(jobs.iter().map(|job| Interlock::JobRunning {
            job: job.id.clone(),
            kind: job.kind.clone(),
            servers: job.servers.clone(),
        })),
    }
    match &recoverable.instances {
        Err(why) => holds.push(Interlock::InstancesUnreadable { why: why.clone() }),
        Ok(instances) => {
            let of = |is_drill| {
                let those = instances.iter().filter(move |instance| instance.is_drill == is_drill);
                those.map(|instance| format!("{} ({})", instance.server, instance.id)).collect::<Vec<_>>()
            };
            let (recovered, drilled) = (of(false), of(true));
            holds.extend(
                (!recovered.is_empty()).then_some(Interlock::RecoveredAlready { servers: recovered }),
            );
            despite.extend((!drilled.is_empty()).then_some(Interlock::DrillInstances { servers: drilled }));
        }
    }
    for critical in [true, false] {
        for interlock in of_snapshots(question, drs_plan, critical) {
            let holds_it = match interlock {
                // DRS starts none of a plan's servers while one of them has no snapshot.
                Interlock::NoSnapshot { .. } => true,
                Interlock::OverRpo { .. } => critical && question.plan.over_rpo == OverRpo::Hold,
                _ => critical,
            };
            if holds_it { &mut holds } else { &mut despite }.push(interlock);
        }
    }
    // DRS says itself whether it launches these: the state of a source holds nothing.
    let put_away = drs_plan.servers.iter().filter(|server| server.is_put_away());
    let put_away: Vec<String> = put_away.map(|server| server.id.clone()).collect();
    if !put_away.is_empty() {
        despite.push(Interlock::PutAway { servers: put_away });
    }
    (holds, despite)
}

/// What is wrong with the snapshots of the servers that are critical, or of the others.
fn of_snapshots(question: &Question<'_>, drs_plan: &DrsPlan, critical: bool) -> Vec<Interlock> {
    let began = question.incident.began();
    let (mut unreadable, mut none, mut old) = (Vec::new(), Vec::new(), Vec::new());
    let (mut why, mut oldest) = (String::new(), SignedDuration::ZERO);
    for server in drs_plan.servers.iter().filter(|server| server.critical == critical) {
        let id = server.id.clone();
        match &server.snapshot {
            Err(error) => {
                why.clone_from(error);
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
    if !unreadable.is_empty() {
        found.push(Interlock::SnapshotsUnreadable { servers: unreadable, why });
    }
    if !none.is_empty() {
        found.push(Interlock::NoSnapshot { servers: none, of: drs_plan.servers.len() });
    }
    if !old.is_empty() {
        found.push(Interlock::OverRpo { servers: old, oldest, rpo: question.plan.rpo });
    }
    found
}

/// The start: that which was decided before, if there is one, so that DRS is asked for the same with the same token.
fn attempt(question: &Question<'_>, drs_plan: &DrsPlan, despite: &[Interlock]) -> Attempt {
    let incident = question.incident;
    if let Some(attempt) = &incident.attempt
        && attempt.mode == question.plan.mode
    {
        return attempt.clone();
    }
    let number = (incident.attempts + 1).to_string();
    let mode = question.plan.mode;
    let snapshots = drs_plan.servers.iter().filter_map(|server| {
        let snapshot = server.snapshot.as_ref().ok()?.as_ref()?;
        Some(Chosen { server: server.id.clone(), snapshot: snapshot.id.clone(), taken: snapshot.taken })
    });
    Attempt {
        token: client_token([incident.id.as_str(), mode.drs(), &number]),
        at: question.now,
        mode,
        servers: drs_plan.servers.len(),
        snapshots: snapshots.collect(),
        despite: despite.iter().map(ToString::to_string).collect(),
        error: None,
        asked_until: None,
    }
}
