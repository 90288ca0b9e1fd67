//! The pure step: what it asks for, and which effects it has in which order.

use dr_failover::alarm::{AlarmEvent, AlarmForm, AlarmState, DeletedAlarm};
use dr_failover::facts::{
    DrsPlan, Facts, FoundExecution, KillSwitch, PlanServer, Recoverable, RecoverySnapshot, SecondAlarm,
    Signals,
};
use dr_failover::incident::{Incident, IncidentPhase};
use dr_failover::reported::ReportedState;
use dr_failover::rules::{Agreement, Mode, RecoveryPlan, read};
use dr_failover::settings::Settings;
use dr_failover::step::{
    Effect, EmailAnswer, Input, KnownPlan, MissingFact, StartAnswer, StartFailure, Step, StepContext, step,
    without_table,
};
use jiff::Timestamp;
use shared::act::Performed;
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::config::Document;
use shared::home::Home;
use shared::table_error::TableError;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";
const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
agree = "1 of 1"
mode = "recovery"
rpo = "15m"
"#;

fn at(time: &str) -> Timestamp {
    format!("2026-03-02T{time}Z").parse().expect("it is a time")
}

fn arn() -> Arn {
    ARN.parse().expect("it is an ARN")
}

fn alarm(state: AlarmState) -> AlarmEvent {
    AlarmEvent {
        form: AlarmForm::EventBridge,
        arn: Some(ARN.to_owned()),
        name: "shop-down".to_owned(),
        account: None,
        state,
        previous: Some(AlarmState::Ok),
        at: Some(at("10:00:00")),
        suppressed_by: None,
        suppressed_until: None,
        was_suppressed: false,
        after_mute: None,
        reason: None,
    }
}

/// A plan, and facts without an interlock.
struct World {
    plan: RecoveryPlan,
    settings: Settings,
    home: Home,
    facts: Facts,
}

impl World {
    fn new() -> Self {
        let plan = read(&Document::new("pointsman.toml", RULES), &mut Vec::new()).plans.remove(0);
        let settings = Settings {
            topic: "arn:aws:sns:us-east-1:111122223333:on-call".to_owned(),
            table: "incidents".to_owned(),
            kill_switch: "/kill-switch".to_owned(),
            approval: "/approval".to_owned(),
            role: "arn:aws:iam::111122223333:role/dr-failover".to_owned(),
            time_is_made_up: false,
        };
        let snapshot = RecoverySnapshot { id: "pit-1".to_owned(), taken: at("09:58:00") };
        let server = PlanServer {
            id: "s-1".to_owned(),
            step: "all".to_owned(),
            critical: true,
            snapshot: Ok(Some(snapshot)),
            hostname: Some("db-1".to_owned()),
            replication: None,
        };
        let second = SecondAlarm::Is { state: Some(AlarmState::Alarm), suppressed_by: None, since: None };
        let facts = Facts {
            is_stored: Some(false),
            last_incident: None,
            signals: Some(Signals {
                kill_switch: Ok(KillSwitch::Enabled),
                second_alarm: Some(Ok(second)),
                probe: None,
            }),
            executions: Some(Ok(Vec::new())),
            recoverable: Some(Recoverable {
                plan: Ok(DrsPlan { status: "ACTIVE".to_owned(), servers: vec![server] }),
                jobs: Ok(Vec::new()),
                instances: Ok(Vec::new()),
            }),
            answers: None,
            deleted_snapshots: None,
            progress: None,
            ..Facts::default()
        };
        let home = Home::of("arn:aws:lambda:us-east-1:111122223333:function:dr-failover");
        Self { plan, settings, home, facts }
    }

    fn context(&self) -> StepContext<'_> {
        StepContext {
            plan: &self.plan,
            settings: &self.settings,
            home: &self.home,
            request: "one",
            ends: at("10:05:00"),
            now: at("10:00:20"),
        }
    }

    fn step(&self, known: &KnownPlan, input: Input<'_>, facts: &Facts) -> Result<Step, MissingFact> {
        step(known, input, facts, &self.context())
    }

    /// The step of the first alarm, with every fact.
    fn opened(&self) -> Step {
        let alarm = alarm(AlarmState::Alarm);
        let step = self.step(&KnownPlan::default(), Input::Alarm(&alarm, &arn()), &self.facts);
        step.expect("it has every fact")
    }

    fn answered(&self, answer: &Performed<StartAnswer, StartFailure>) -> Step {
        self.step(&self.opened().known, Input::Started(answer), &Facts::default())
            .expect("an answer needs no fact")
    }
}

fn execution() -> FoundExecution {
    FoundExecution {
        arn: "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1"
            .parse()
            .expect("it is an ARN"),
        mode: Some(Mode::Recovery),
        status: "CREATED".to_owned(),
        started: at("10:00:20"),
        incident: None,
    }
}

fn codes(step: &Step) -> Vec<&str> {
    step.reasons.iter().map(|reason| reason.because.code.as_str()).collect()
}

fn phase(step: &Step) -> Option<IncidentPhase> {
    step.known.incident.as_ref().map(|incident| incident.phase)
}

fn error() -> CallError {
    CallError::without_answer("drs:StartRecoveryPlanExecution", "the connection was closed")
}

#[test]
fn is_the_start_written_down_before_drs_is_asked() {
    let step = World::new().opened();
    assert_eq!(codes(&step), ["start"]);
    let [Effect::Write, Effect::Start(start)] = &step.effects[..] else { panic!("{:?}", step.effects) };
    let incident = step.known.incident.as_ref().expect("it is open");
    let written = incident.start().expect("it is written down");
    assert_eq!((&written.token, &written.snapshots), (&start.token, &start.snapshots));
    assert_eq!(written.asked_until, Some(at("10:05:00")));
    assert!(step.known.latch.recovery.is_some(), "the latch is set");
}

#[test]
fn which_facts_does_the_first_alarm_need() {
    let world = World::new();
    let (known, alarm) = (KnownPlan::default(), alarm(AlarmState::Alarm));
    let mut facts = Facts::default();
    let missing = |facts: &Facts| world.step(&known, Input::Alarm(&alarm, &arn()), facts).err();
    assert!(matches!(missing(&facts), Some(MissingFact::StoredIncident(_))));
    facts.is_stored = world.facts.is_stored;
    assert!(matches!(missing(&facts), Some(MissingFact::Signals(_))));
    (facts.signals, facts.executions) = (world.facts.signals.clone(), world.facts.executions.clone());
    assert!(matches!(missing(&facts), Some(MissingFact::Recoverable(_))));
    facts.recoverable = world.facts.recoverable.clone();
    assert_eq!(missing(&facts), None);
}

#[test]
fn are_the_servers_read_while_an_interlock_blocks_the_recovery() {
    let mut world = World::new();
    world.facts.recoverable = None;
    world.facts.signals.as_mut().expect("they are read").kill_switch = Ok(KillSwitch::Disabled);
    let step = world.opened();
    assert_eq!((codes(&step), phase(&step)), (vec!["kill-switch-off"], Some(IncidentPhase::Held)));
    assert!(matches!(step.effects[..], [Effect::Write, Effect::ReportIncident(_)]), "{:?}", step.effects);
}

#[test]
fn what_follows_each_answer_of_drs() {
    let world = World::new();
    let started = world.answered(&Performed::Done(StartAnswer(execution())));
    assert_eq!(phase(&started), Some(IncidentPhase::Running));
    assert!(matches!(started.effects[..], [Effect::Write, Effect::ReportIncident(_)]));
    let refused = world.answered(&Performed::Failed(StartFailure::Refused(error())));
    assert_eq!((codes(&refused), phase(&refused)), (vec!["start-refused"], Some(IncidentPhase::Held)));
    assert!(refused.known.latch.recovery.is_none(), "the latch is released");
    let unknown = world.answered(&Performed::Failed(StartFailure::Unknown(error())));
    assert_eq!((codes(&unknown), phase(&unknown)), (vec!["start-unknown"], Some(IncidentPhase::Starting)));
    assert!(unknown.known.latch.recovery.is_some(), "the latch stays set");
    let left_out = world.answered(&Performed::NotCalled);
    assert_eq!(left_out.effects, [Effect::Write], "nothing is reported");
}

#[test]
fn is_a_state_reported_once() {
    let world = World::new();
    let started = world.answered(&Performed::Done(StartAnswer(execution())));
    let Some(Effect::ReportIncident(claim)) = started.effects.last() else { panic!("{:?}", started.effects) };
    let sent = Input::Published { claim, subject: "STARTED", answer: EmailAnswer::Accepted };
    let reported = world.step(&started.known, sent, &Facts::default()).expect("it needs no fact");
    assert_eq!(reported.effects, [Effect::Write]);
    let incident = reported.known.incident.as_ref().expect("it is open");
    assert_eq!(incident.reported.as_ref().map(ToString::to_string), Some(claim.what.clone()));
    assert_eq!(incident.claim, None);
    // Another invocation's claim on the same state blocks this one.
    let other = StepContext { request: "two", ..world.context() };
    let answer = Performed::NotCalled;
    let next =
        step(&started.known, Input::Started(&answer), &Facts::default(), &other).expect("it needs no fact");
    assert_eq!((next.effects, next.notes.len()), (vec![Effect::Write], 1));
}

/// An answer that is always lost must not send an email each minute.
#[test]
fn is_an_email_whose_answers_are_lost_sent_three_times() {
    let world = World::new();
    let started = world.answered(&Performed::Done(StartAnswer(execution())));
    let Some(Effect::ReportIncident(claim)) = started.effects.last() else { panic!("{:?}", started.effects) };
    let lost = Input::Published { claim, subject: "STARTED", answer: EmailAnswer::Lost };
    let mut known = started.known.clone();
    for number in 1..=3 {
        known = world.step(&known, lost, &Facts::default()).expect("it needs no fact").known;
        let incident = known.incident.as_ref().expect("it is open");
        let is_reported = incident.reported.as_ref().map(ToString::to_string) == Some(claim.what.clone());
        assert_eq!(is_reported, number == 3, "{number}");
        let stored = serde_json::to_value(incident).expect("it is plain data");
        assert_eq!(
            serde_json::from_value::<dr_failover::incident::Incident>(stored).expect("it is an item"),
            *incident
        );
    }
}

#[test]
fn is_an_alarm_without_the_table_emailed_once() {
    let world = World::new();
    let (alarm, arn) = (alarm(AlarmState::Alarm), arn());
    let input = Input::Alarm(&alarm, &arn);
    let step = without_table(input, None, &TableError::Overtaken, true, &world.context());
    assert_eq!((codes(&step), step.effects.len(), step.notes.len()), (vec!["state-unreadable"], 0, 1));
}

/// An alarm changes, and the plan is evaluated, at this time.
fn evaluated(
    world: &World,
    known: &KnownPlan,
    change: (AlarmState, AlarmState, &str),
    facts: &Facts,
) -> Step {
    let (previous, state, time) = change;
    let alarm = AlarmEvent { previous: Some(previous), at: Some(at(time)), ..alarm(state) };
    let context = StepContext { now: at(time), request: time, ends: at(time), ..world.context() };
    step(known, Input::Alarm(&alarm, &arn()), facts, &context).expect("it has every fact")
}

fn reconciled(world: &World, known: &KnownPlan, time: &str) -> Step {
    let context = StepContext { now: at(time), request: time, ends: at(time), ..world.context() };
    step(known, Input::Reconcile(Mode::Recovery), &world.facts, &context).expect("it has every fact")
}

/// The state of the claimed email, which SNS takes.
fn emailed(step: &mut Step) -> Option<String> {
    let incident = step.known.incident.as_mut()?;
    let claim = incident.claim.take()?;
    incident.reported = Some(ReportedState::from(claim.what.clone()));
    Some(claim.what)
}

fn quiet() -> World {
    let mut world = World::new();
    let second = SecondAlarm::Is { state: Some(AlarmState::Ok), suppressed_by: None, since: None };
    world.facts.signals.as_mut().expect("they are read").second_alarm = Some(Ok(second));
    world
}

const OK: AlarmState = AlarmState::Ok;
const ALARM: AlarmState = AlarmState::Alarm;

#[test]
fn does_an_alarm_that_returns_soon_open_its_last_incident_again() {
    let world = quiet();
    let mut first = evaluated(&world, &KnownPlan::default(), (OK, ALARM, "10:00:00"), &world.facts);
    assert_eq!(emailed(&mut first).as_deref(), Some("held: second-signal-quiet"));
    let mut over = evaluated(&world, &first.known, (ALARM, OK, "10:02:00"), &world.facts);
    assert_eq!(emailed(&mut over).as_deref(), Some("ok-again"));
    let closed = KnownPlan { latch: over.known.latch.clone(), incident: None };
    let id = over.known.incident.as_ref().expect("it is closed").id.clone();
    let again = |time: &str, last: Option<Option<Box<Incident>>>| {
        let facts = Facts { last_incident: last, ..world.facts.clone() };
        evaluated(&world, &closed, (OK, ALARM, time), &facts)
    };
    let last = || Some(over.known.incident.clone().map(Box::new));
    let mut second = again("10:03:00", last());
    assert_eq!(emailed(&mut second).as_deref(), Some("flapping"));
    let incident = second.known.incident.as_ref().expect("it is open");
    assert_eq!((&incident.id, incident.outages, incident.began), (&id, 2, Some(at("10:03:00"))));
    assert_eq!(second.known.latch.open.as_ref(), Some(&id));
    // The item is gone, or half an hour has passed: another incident.
    assert_ne!(again("10:03:00", Some(None)).known.latch.open, Some(id.clone()));
    assert_ne!(again("10:32:01", None).known.latch.open, Some(id.clone()));
    // No email reports a change, until the alarm stays OK.
    let mut known = second.known;
    for (change, reason) in [
        ((ALARM, OK, "10:04:00"), "ok-for-now"),
        ((OK, ALARM, "10:05:00"), "second-signal-quiet"),
        ((ALARM, OK, "10:06:00"), "ok-for-now"),
    ] {
        let mut next = evaluated(&world, &known, change, &world.facts);
        assert_eq!(emailed(&mut next), None, "{change:?}");
        assert_eq!(codes(&next), [reason], "{change:?}");
        known = next.known;
    }
    assert_eq!(codes(&reconciled(&world, &known, "10:20:59")), ["ok-for-now"]);
    let mut end = reconciled(&world, &known, "10:21:00");
    assert_eq!(emailed(&mut end).as_deref(), Some("ok-again"));
    assert_eq!(codes(&end), ["ok-again"]);
    assert_eq!(end.known.incident.as_ref().map(|incident| incident.outages), Some(3));
}

#[test]
fn is_a_blocked_start_reported_when_the_alarm_flaps_no_longer() {
    let world = quiet();
    let mut known = KnownPlan::default();
    for (change, reported) in [
        ((OK, ALARM, "10:00:00"), Some("held: second-signal-quiet")),
        // The event about OK at 10:01 is lost.
        ((OK, ALARM, "10:02:00"), Some("flapping")),
    ] {
        let mut next = evaluated(&world, &known, change, &world.facts);
        assert_eq!(emailed(&mut next).as_deref(), reported, "{change:?}");
        known = next.known;
    }
    let mut next = reconciled(&world, &known, "10:06:59");
    assert_eq!(emailed(&mut next), None);
    let mut next = reconciled(&world, &known, "10:07:00");
    assert_eq!(emailed(&mut next).as_deref(), Some("held: second-signal-quiet"));
    // It flaps on: no further email, and it ends after it has been OK for a while.
    let mut known = next.known;
    for change in [(ALARM, OK, "10:08:00"), (OK, ALARM, "10:09:00"), (ALARM, OK, "10:16:00")] {
        let mut next = evaluated(&world, &known, change, &world.facts);
        assert_eq!(emailed(&mut next), None, "{change:?}");
        known = next.known;
    }
    assert_eq!(codes(&reconciled(&world, &known, "10:31:00")), ["ok-again"]);
}

/// The first outage began at 10:00, and the function received no event about its end.
#[test]
fn which_alarm_begins_another_outage_although_ok_was_lost() {
    let world = quiet();
    let first = evaluated(&world, &KnownPlan::default(), (OK, ALARM, "10:00:00"), &world.facts);
    let outage = |previous, time: &str, now: &str, change: fn(&mut Incident)| {
        let mut known = first.known.clone();
        change(known.incident.as_mut().expect("it is open"));
        let alarm = AlarmEvent { previous, at: Some(at(time)), ..alarm(ALARM) };
        let context = StepContext { now: at(now), request: now, ends: at(now), ..world.context() };
        let step =
            step(&known, Input::Alarm(&alarm, &arn()), &world.facts, &context).expect("it has every fact");
        let incident = step.known.incident.expect("it is open");
        (incident.outages, incident.began())
    };
    let unchanged = (1, at("10:00:00"));
    assert_eq!(outage(Some(OK), "13:00:00", "13:00:20", |_| {}), (2, at("13:00:00")));
    assert_eq!(outage(Some(OK), "10:00:00", "13:00:20", |_| {}), unchanged, "it is the same event");
    assert_eq!(outage(Some(OK), "09:00:00", "13:00:20", |_| {}), unchanged, "it is older");
    assert_eq!(outage(Some(OK), "12:45:00", "13:00:20", |_| {}), unchanged, "it is late");
    assert_eq!(outage(Some(OK), "13:10:00", "13:00:20", |_| {}), unchanged, "it is from the future");
    assert_eq!(outage(None, "13:00:00", "13:00:20", |_| {}), unchanged, "it lacks the previous state");
    assert_eq!(outage(Some(AlarmState::InsufficientData), "13:00:00", "13:00:20", |_| {}), unchanged);
    let other = |incident: &mut Incident| {
        let other = incident.alarms[&arn()].clone();
        incident.alarms.insert(format!("{ARN}-2").parse().expect("it is an ARN"), other);
    };
    assert_eq!(outage(Some(OK), "13:00:00", "13:00:20", other), unchanged, "another alarm is in ALARM");
}

#[test]
fn what_follows_a_deleted_alarm() {
    let world = quiet();
    let first = evaluated(&world, &KnownPlan::default(), (OK, ALARM, "10:00:00"), &world.facts);
    let deleted = |known: &KnownPlan, time: &str, arn: Option<&Arn>| {
        let alarm = DeletedAlarm {
            arn: Some(ARN.to_owned()),
            name: "shop-down".to_owned(),
            account: None,
            at: Some(at(time)),
        };
        let context = StepContext { now: at("10:01:00"), ..world.context() };
        step(known, Input::AlarmDeleted(&alarm, arn), &world.facts, &context).expect("it has every fact")
    };
    let step = deleted(&first.known, "10:00:30", Some(&arn()));
    assert_eq!(codes(&step), ["alarm-deleted", "second-signal-quiet"]);
    assert_eq!(
        step.effects.iter().filter(|effect| matches!(effect, Effect::ReportDeletion { .. })).count(),
        1
    );
    let incident = step.known.incident.as_ref().expect("it stays open");
    assert_eq!(incident.alarms[&arn()].deleted, Some(at("10:00:30")));
    let again = evaluated(&world, &step.known, (ALARM, OK, "10:05:00"), &world.facts);
    assert_eq!(codes(&again), ["ok-again"], "the alarm was created again");
    let late = deleted(&first.known, "09:00:00", Some(&arn()));
    assert_eq!(codes(&late), ["older-than-known", "second-signal-quiet"]);
    assert!(!late.effects.iter().any(|effect| matches!(effect, Effect::ReportDeletion { .. })));
    let without = deleted(&KnownPlan::default(), "10:00:30", None);
    assert_eq!(codes(&without), ["alarm-deleted"]);
    assert!(matches!(without.effects[..], [Effect::Write, Effect::ReportDeletion { is_second: true, .. }]));
}

/// One bad minute sends no email of its own, and three readings in a row start the recovery.
#[test]
fn how_many_readings_start_a_recovery() {
    let (mut world, mut other) = (World::new(), quiet());
    world.plan.agree = Agreement::DEFAULT;
    other.plan.agree = Agreement::DEFAULT;
    let mut first = evaluated(&other, &KnownPlan::default(), (OK, ALARM, "10:00:00"), &other.facts);
    assert_eq!(emailed(&mut first).as_deref(), Some("held: second-signal-quiet"));
    let mut known = first.known;
    for (world, time, code) in [
        (&world, "10:01:00", "second-signal-unconfirmed"),
        (&other, "10:02:00", "second-signal-quiet"),
        (&world, "10:03:00", "second-signal-unconfirmed"),
        (&world, "10:03:20", "second-signal-unconfirmed"),
        (&world, "10:04:00", "second-signal-unconfirmed"),
        (&world, "10:05:00", "start"),
    ] {
        let mut next = reconciled(world, &known, time);
        assert_eq!(emailed(&mut next), None, "{time}");
        assert_eq!(codes(&next), [code], "{time}");
        known = next.known;
    }
    assert_eq!(known.incident.map(|incident| incident.agreed()), Some(3));
}

#[test]
fn is_a_start_reported_while_the_table_does_not_answer() {
    let world = World::new();
    let alarm = alarm(AlarmState::Alarm);
    let arn = arn();
    let input = Input::Alarm(&alarm, &arn);
    let asked = Performed::Done(StartAnswer(execution()));
    let step = |asked| without_table(input, asked, &TableError::Overtaken, false, &world.context()).effects;
    assert!(matches!(step(Some(&asked))[..], [Effect::ReportUnrecordedStart { .. }]));
    assert!(matches!(step(None)[..], [Effect::ReportUndecided { .. }]));
    let reconcile = without_table(
        Input::Reconcile(Mode::Recovery),
        None,
        &TableError::Overtaken,
        false,
        &world.context(),
    );
    assert_eq!((codes(&reconcile), reconcile.effects.len()), (vec!["state-unreadable"], 0));
}
