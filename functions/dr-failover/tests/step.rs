//! The pure step: what it asks for, and which effects it has in which order.

use dr_failover::alarm::{AlarmEvent, AlarmForm, AlarmState};
use dr_failover::facts::{
    DrsPlan, Facts, FoundExecution, KillSwitch, PlanServer, Recoverable, RecoverySnapshot, SecondAlarm,
    Signals,
};
use dr_failover::incident::IncidentPhase;
use dr_failover::rules::{Mode, RecoveryPlan, read};
use dr_failover::settings::Settings;
use dr_failover::step::{
    Effect, Input, KnownPlan, MissingFact, StartAnswer, StartFailure, Step, StepContext, step, without_table,
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
        let second = SecondAlarm::Is { state: Some(AlarmState::Alarm), suppressed_by: None };
        let facts = Facts {
            is_stored: Some(false),
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
            later: None,
            traffic: None,
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
    let sent = Input::Published { claim, subject: "STARTED", is_sent: true };
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

#[test]
fn is_a_start_reported_while_the_table_does_not_answer() {
    let world = World::new();
    let alarm = alarm(AlarmState::Alarm);
    let arn = arn();
    let input = Input::Alarm(&alarm, &arn);
    let asked = Performed::Done(StartAnswer(execution()));
    let step = |asked| without_table(input, asked, &TableError::Overtaken, &world.context()).effects;
    assert!(matches!(step(Some(&asked))[..], [Effect::ReportUnrecordedStart { .. }]));
    assert!(matches!(step(None)[..], [Effect::ReportUndecided { .. }]));
    let reconcile =
        without_table(Input::Reconcile(Mode::Recovery), None, &TableError::Overtaken, &world.context());
    assert_eq!((codes(&reconcile), reconcile.effects.len()), (vec!["state-unreadable"], 0));
}
