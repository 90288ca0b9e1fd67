//! The decision about a start, from a world without interlocks in which one fact differs: each interlock both ways.

use dr_failover::alarm::{AlarmEvent, AlarmForm, AlarmState};
use dr_failover::facts::{
    DrsJob, DrsPlan, FoundExecution, JobKind, KillSwitch, PlanServer, ProbeFailure, ProbeFailureKind,
    ProbeResult, Read, Recoverable, RecoveryInstance, RecoverySnapshot, SecondAlarm, Signals,
};
use dr_failover::incident::{
    DecidedStart, Incident, MissingDetail, RefusalCause, SignalReading, StartRefusal,
};
use dr_failover::interlock::Interlock;
use dr_failover::latch::LatchedStart;
use dr_failover::rules::{Agreement, Mode, PlanMode, RecoveryPlan, read};
use dr_failover::step::KnownPlan;
use dr_failover::step::alarm::apply;
use dr_failover::step::decide::{StartDecision, StartQuestion, decide};
use dr_failover::suppression::Suppression;
use jiff::Timestamp;
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::config::Document;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";
const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside", probe = "https://www.example.com/healthz" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
agree = "1 of 1"
mode = "recovery"
rpo = "15m"
"#;

/// A plan whose alarm went into ALARM 20 seconds ago, without interlocks.
struct Quiet {
    plan: RecoveryPlan,
    known: KnownPlan,
    facts: Facts,
    now: Timestamp,
    is_read: bool,
    time_is_made_up: bool,
}

/// The facts of a decision, all of them read.
struct Facts {
    signals: Signals,
    executions: Read<Vec<FoundExecution>>,
    recoverable: Recoverable,
}

fn arn() -> Arn {
    ARN.parse().expect("it is an ARN")
}

fn error(code: &str) -> CallError {
    CallError::without_answer("drs:GetRecoveryPlan", code)
}

fn failure(kind: ProbeFailureKind) -> ProbeFailure {
    ProbeFailure { kind, message: "no answer".to_owned() }
}

fn at(time: &str) -> Timestamp {
    format!("2026-03-02T{time}Z").parse().expect("it is a time")
}

fn alarm(state: AlarmState, since: &str) -> AlarmEvent {
    AlarmEvent {
        form: AlarmForm::EventBridge,
        arn: Some(ARN.to_owned()),
        name: "shop-down".to_owned(),
        account: None,
        state,
        previous: Some(AlarmState::Ok),
        at: Some(at(since)),
        suppressed_by: None,
        suppressed_until: None,
        was_suppressed: false,
        after_mute: None,
        reason: None,
    }
}

fn server(id: &str, taken: &str) -> PlanServer {
    let snapshot = RecoverySnapshot { id: format!("pit-{id}"), taken: at(taken) };
    PlanServer {
        id: id.to_owned(),
        step: "all".to_owned(),
        critical: true,
        snapshot: Ok(Some(snapshot)),
        hostname: None,
        replication: Some("STALLED".to_owned()),
    }
}

fn running(mode: Mode, incident: Option<&str>) -> FoundExecution {
    FoundExecution {
        arn: "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1"
            .parse()
            .expect("it is an ARN"),
        mode: Some(mode),
        status: "IN_PROGRESS".to_owned(),
        started: at("09:59:00"),
        incident: incident.map(str::to_owned),
    }
}

impl Quiet {
    fn world() -> Self {
        let mut problems = Vec::new();
        let plan = read(&Document::new("pointsman.toml", RULES), &mut problems).plans.remove(0);
        assert_eq!(problems, []);
        let mut known = KnownPlan::default();
        let now = at("10:00:20");
        assert_eq!(apply(&mut known, &plan, &alarm(AlarmState::Alarm, "10:00:00"), &arn(), now), None);
        let second = SecondAlarm::Is { state: Some(AlarmState::Alarm), suppressed_by: None, since: None };
        let servers = vec![server("db", "09:58:00"), server("web", "09:58:00")];
        let facts = Facts {
            signals: Signals {
                kill_switch: Ok(KillSwitch::Enabled),
                second_alarm: Some(Ok(second)),
                probe: Some(ProbeResult::Answered(503)),
            },
            executions: Ok(Vec::new()),
            recoverable: Recoverable {
                plan: Ok(DrsPlan { status: "ACTIVE".to_owned(), servers }),
                jobs: Ok(Vec::new()),
                instances: Ok(Vec::new()),
            },
        };
        Self { plan, known, facts, now, is_read: true, time_is_made_up: false }
    }

    fn but(change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::world();
        change(&mut world);
        world
    }

    fn incident(&mut self) -> &mut Incident {
        self.known.incident.as_mut().expect("the alarm opened one")
    }

    fn id(&self) -> String {
        self.known.incident.as_ref().expect("the alarm opened one").id.clone()
    }

    /// The start is decided, and DRS refuses it.
    fn refuse(&mut self, at: Timestamp) {
        let start = match self.decided() {
            StartDecision::Start(start) => start,
            other => panic!("{other:?}"),
        };
        self.refuse_start(start, at);
    }

    fn refuse_start(&mut self, start: DecidedStart, at: Timestamp) {
        self.incident().decide(start, "the recovery starts", at);
        let cause = RefusalCause::Refused { error: error("Max concurrent jobs") };
        self.incident().refuse(StartRefusal { at, cause });
    }

    fn servers(&mut self) -> &mut Vec<PlanServer> {
        &mut self.facts.recoverable.plan.as_mut().expect("it was read").servers
    }

    fn jobs(&mut self, kind: JobKind) {
        let job = DrsJob { id: "drsjob-1".to_owned(), kind, servers: vec!["db".to_owned()] };
        self.facts.recoverable.jobs = Ok(vec![job]);
    }

    fn instance(&mut self, is_drill: bool) {
        let instance = RecoveryInstance { server: "db".to_owned(), id: "i-1".to_owned(), is_drill };
        self.facts.recoverable.instances = Ok(vec![instance]);
    }

    fn decided(&self) -> StartDecision {
        let question = StartQuestion {
            plan: &self.plan,
            incident: self.known.incident.as_ref().expect("the alarm opened one"),
            latch: &self.known.latch,
            parameter: "/kill-switch",
            region: "us-east-1",
            time_is_made_up: self.time_is_made_up,
            now: self.now,
        };
        let Facts { signals, executions, recoverable } = &self.facts;
        decide(&question, signals, executions, Some(recoverable).filter(|_| self.is_read))
    }

    /// The decision in a line: the codes of what blocks the start, or of what the start ignores.
    fn line(&self) -> String {
        let codes =
            |found: &[Interlock]| found.iter().map(|one| one.code().name()).collect::<Vec<_>>().join(" ");
        match self.decided() {
            StartDecision::Start(start) if start.despite.is_empty() => {
                format!("start {}", start.snapshots.len())
            }
            StartDecision::Start(start) => {
                format!("start {} although {}", start.snapshots.len(), codes(&start.despite))
            }
            StartDecision::Hold(holds) => format!("hold {}", codes(&holds)),
            StartDecision::Adopt(execution) => format!("adopt {}", execution.status),
            StartDecision::ReadFurther => "read further".to_owned(),
        }
    }
}

fn decided(change: impl FnOnce(&mut Quiet)) -> String {
    Quiet::but(change).line()
}

#[test]
fn does_a_recovery_without_interlocks_start_with_the_newest_snapshots() {
    assert_eq!(Quiet::world().line(), "start 2");
    let StartDecision::Start(attempt) = Quiet::world().decided() else { panic!("it starts") };
    let again = Quiet::but(|world| world.now = at("10:00:50")).decided();
    let StartDecision::Start(again) = again else { panic!("it starts") };
    assert_eq!(attempt.token, again.token, "the same incident has the same token at every moment");
    assert!(attempt.token.len() <= 64);
    assert_eq!(decided(|world| world.is_read = false), "read further");
}

#[test]
fn does_every_value_but_enabled_block_the_recovery() {
    insta::assert_snapshot!([
        decided(|world| world.facts.signals.kill_switch = Ok(KillSwitch::Disabled)),
        decided(|world| world.facts.signals.kill_switch = Ok(KillSwitch::Absent)),
        decided(|world| world.facts.signals.kill_switch = Ok(KillSwitch::Other("off".to_owned()))),
        decided(|world| world.facts.signals.kill_switch = Err(error("AccessDenied"))),
    ].join("\n"), @r"
    hold kill-switch-off
    hold kill-switch-unclear
    hold kill-switch-unclear
    hold kill-switch-unclear
    ");
}

#[test]
fn must_each_second_signal_agree() {
    let second = |state| SecondAlarm::Is { state, suppressed_by: None, since: None };
    insta::assert_snapshot!([
        decided(|world| world.facts.signals.second_alarm = Some(Ok(second(Some(AlarmState::Ok))))),
        decided(|world| world.facts.signals.second_alarm = Some(Ok(second(Some(AlarmState::InsufficientData))))),
        decided(|world| world.facts.signals.second_alarm = Some(Ok(second(None)))),
        decided(|world| world.facts.signals.second_alarm = Some(Ok(SecondAlarm::Absent))),
        decided(|world| world.facts.signals.second_alarm = Some(Err(error("Throttling")))),
        decided(|world| world.facts.signals.second_alarm = Some(Ok(SecondAlarm::Is {
            state: Some(AlarmState::Alarm), suppressed_by: Some(Suppression::Alarm), since: None,
        }))),
        decided(|world| world.facts.signals.probe = Some(ProbeResult::Answered(200))),
        decided(|world| world.facts.signals.probe = Some(ProbeResult::Answered(301))),
        decided(|world| world.facts.signals.probe = Some(ProbeResult::Answered(404))),
        decided(|world| world.facts.signals.probe = Some(ProbeResult::Silent(failure(ProbeFailureKind::Timeout)))),
        decided(|world| world.facts.signals.probe = Some(ProbeResult::NotSent(failure(ProbeFailureKind::Name)))),
    ].join("\n"), @r"
    hold second-signal-quiet
    hold second-signal-unreadable
    hold second-signal-unreadable
    hold second-signal-unreadable
    hold second-signal-unreadable
    hold second-signal-suppressed
    hold second-signal-quiet
    hold second-signal-quiet
    start 2
    start 2
    hold second-signal-unreadable
    ");
}

/// An alarm that was in ALARM all along confirms nothing, unless a probe confirms the outage now.
#[test]
fn since_when_must_the_second_alarm_be_in_alarm() {
    let since = |time: &str| {
        let second =
            SecondAlarm::Is { state: Some(AlarmState::Alarm), suppressed_by: None, since: Some(at(time)) };
        Some(Ok(second))
    };
    insta::assert_snapshot!([
        decided(|world| world.facts.signals.second_alarm = since("09:00:00")),
        decided(|world| world.facts.signals.second_alarm = since("08:59:59")),
        decided(|world| {
            world.facts.signals.second_alarm = since("08:59:59");
            world.plan.second_signal.probe = None;
        }),
        decided(|world| {
            world.facts.signals.second_alarm = since("08:59:59");
            world.facts.signals.probe = Some(ProbeResult::Answered(200));
        }),
    ].join("\n"), @r"
    start 2
    start 2 although second-signal-old
    hold second-signal-old
    hold second-signal-old second-signal-quiet
    ");
}

/// The second signal agrees in the reading of the decision. The incident has the earlier ones.
#[test]
fn how_often_must_the_second_signal_agree() {
    let with = |agree: (u32, u32), readings: &[bool]| {
        decided(|world| {
            world.plan.agree = Agreement { needed: agree.0, of: agree.1 };
            let readings = readings.iter().enumerate().map(|(minute, agrees)| SignalReading {
                at: at(&format!("10:{minute:02}:00")),
                agrees: *agrees,
                by: minute.to_string(),
            });
            world.incident().readings = readings.collect();
        })
    };
    insta::assert_snapshot!([
        with((1, 1), &[]),
        with((3, 3), &[true]),
        with((3, 3), &[true, true]),
        with((3, 3), &[true, true, true]),
        with((3, 3), &[true, false, true]),
        with((2, 3), &[true, false, true]),
    ].join("\n"), @r"
    start 2
    hold second-signal-unconfirmed
    hold second-signal-unconfirmed
    start 2
    hold second-signal-unconfirmed
    start 2
    ");
    let quiet = decided(|world| {
        world.plan.agree = Agreement::DEFAULT;
        world.facts.signals.probe = Some(ProbeResult::Answered(200));
    });
    assert_eq!(
        quiet, "hold second-signal-quiet",
        "the count of a signal that disagrees is no interlock of its own"
    );
}

#[test]
fn which_earlier_starts_block_a_recovery() {
    let before =
        |time| Some(LatchedStart { incident: "shop-20260302T090000Z-00000000".to_owned(), at: at(time) });
    insta::assert_snapshot!([
        decided(|world| world.known.latch.recovery = before("05:00:00")),
        decided(|world| world.known.latch.recovered = before("09:30:00")),
        decided(|world| world.known.latch.recovered = before("09:00:20")),
        decided(|world| world.known.latch.drill = before("09:59:00")),
        decided(|world| {
            world.known.latch.drill = before("09:59:00");
            world.incident().mode = Mode::Drill;
            world.known.latch.open = None;
        }),
        decided(|world| {
            let own = LatchedStart { incident: world.id(), at: at("10:00:20") };
            world.known.latch.recovery = Some(own.clone());
            world.known.latch.recovered = Some(own);
        }),
    ].join("\n"), @r"
    hold latched
    hold cooling-down
    start 2
    start 2
    hold cooling-down
    start 2
    ");
}

#[test]
fn which_executions_and_jobs_are_adopted_or_block_a_recovery() {
    insta::assert_snapshot!([
        decided(|world| world.facts.executions = Ok(vec![running(Mode::Recovery, Some(&world.id()))])),
        decided(|world| world.facts.executions = Ok(vec![running(Mode::Drill, Some(&world.id()))])),
        decided(|world| world.facts.executions = Ok(vec![running(Mode::Recovery, None)])),
        decided(|world| world.facts.executions = Ok(vec![FoundExecution { mode: None, ..running(Mode::Drill, None) }])),
        decided(|world| world.facts.executions = Ok(vec![FoundExecution { status: "TIMED_OUT".to_owned(), ..running(Mode::Recovery, None) }])),
        decided(|world| world.facts.executions = Err(error("InternalServerException"))),
        decided(|world| world.jobs(JobKind::Recovery)),
        decided(|world| world.jobs(JobKind::Drill)),
        decided(|world| world.jobs(JobKind::Other("TERMINATE".to_owned()))),
    ].join("\n"), @r"
    adopt IN_PROGRESS
    hold drill-running
    hold recovery-running
    hold recovery-running
    start 2
    hold executions-unreadable
    hold recovery-running
    hold drill-running
    hold job-running
    ");
}

/// DRS deletes what it launched for a server before it launches it again.
#[test]
fn do_recovered_servers_block_a_recovery_and_drilled_ones_not() {
    insta::assert_snapshot!([
        decided(|world| world.instance(false)),
        decided(|world| world.instance(true)),
        decided(|world| {
            world.instance(false);
            world.incident().mode = Mode::Drill;
            world.known.latch.open = None;
        }),
        decided(|world| world.facts.recoverable.instances = Err(error("AccessDenied"))),
        // A person started it with the command of the mail, which has the incident's tag.
        decided(|world| {
            world.plan.mode = PlanMode::Notify;
            world.facts.executions = Ok(vec![running(Mode::Recovery, Some(&world.id()))]);
        }),
    ].join("\n"), @r"
    hold recovered-already
    start 2 although drill-instances
    hold recovered-already
    hold instances-unreadable
    adopt IN_PROGRESS
    ");
}

/// DRS checks all servers of a plan before it launches one, whatever their impact level.
#[test]
fn which_snapshots_block_a_recovery() {
    let optional = |world: &mut Quiet| world.servers()[1].critical = false;
    insta::assert_snapshot!([
        decided(|world| world.servers()[0].snapshot = Ok(None)),
        decided(|world| {
            optional(world);
            world.servers()[1].snapshot = Ok(None);
        }),
        decided(|world| world.servers()[0] = server("db", "09:44:59")),
        decided(|world| world.servers()[0] = server("db", "09:45:00")),
        decided(|world| world.servers()[0] = server("db", "10:00:10")),
        decided(|world| {
            world.servers()[1] = server("web", "09:00:00");
            optional(world);
        }),
        decided(|world| world.servers()[0].snapshot = Err(error("AccessDenied"))),
        decided(|world| {
            optional(world);
            world.servers()[1].snapshot = Err(error("AccessDenied"));
        }),
        decided(|world| world.servers()[0].replication = Some("DISCONNECTED".to_owned())),
        decided(|world| world.servers().clear()),
    ].join("\n"), @r"
    hold no-snapshot
    hold no-snapshot
    hold over-rpo
    start 2
    start 2
    start 2 although over-rpo
    hold snapshots-unreadable
    start 1 although snapshots-unreadable
    start 2 although put-away
    hold plan-empty
    ");
}

#[test]
fn which_alarms_block_a_recovery() {
    insta::assert_snapshot!([
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.late_seconds = 900)),
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.late_seconds = 901)),
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| {
            alarm.late_seconds = -301;
            alarm.since = at("10:05:01");
        })),
        // Its time has come.
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.late_seconds = -301)),
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.state = AlarmState::InsufficientData)),
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.suppressed_by = Some(Suppression::Alarm))),
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| {
            alarm.suppressed_by = Some(Suppression::MuteRule { rule: "deployment".to_owned(), until: None });
            alarm.suppressed_until = Some(at("10:00:20"));
        })),
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.missing = vec![MissingDetail::PreviousState])),
        decided(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.missing = vec![MissingDetail::Other])),
        decided(|world| world.time_is_made_up = true),
        decided(|world| world.incident().drs_plan.as_mut().unwrap().region = "eu-west-1".to_owned()),
    ].join("\n"), @r"
    start 2
    hold stale
    hold from-the-future
    start 2
    hold alarm-unknown
    hold suppressed
    start 2
    hold alarm-unclear
    hold alarm-unclear
    hold time-is-made-up
    hold plan-elsewhere
    ");
}

/// Whatever DRS refuses, it is asked again after 1, 2, 4, 8 and then each 16 minutes, with another token.
#[test]
fn when_is_drs_asked_again_after_a_refusal() {
    let mut world = Quiet::world();
    let mut waits = Vec::new();
    for _ in 0..7 {
        let refused = world.now;
        world.refuse(refused);
        while !matches!(world.decided(), StartDecision::Start(_)) {
            world.now += jiff::SignedDuration::from_secs(30);
        }
        waits.push(world.now.duration_since(refused).as_mins());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 16, 16]);
    world.refuse(at("12:00:00"));
    world.now = at("12:01:00");
    insta::assert_snapshot!(world.line(), @"hold start-refused");
}
