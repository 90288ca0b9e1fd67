//! What is decided of an incident, from a quiet world in which one thing is other: each interlock both ways.

use dr_failover::alarm::{Alarm, Form, State};
use dr_failover::decide::{Decision, Question, decide};
use dr_failover::facts::{
    DrsPlan, Facts, Instance, Job, JobKind, Probed, Recoverable, Running, SecondAlarm, ServerSeen, Snapshot,
    Switch,
};
use dr_failover::incident::{Incident, Refusal};
use dr_failover::latch::{Latch, Started};
use dr_failover::rules::{Mode, Plan, read};
use dr_failover::transition::{Known, apply};
use jiff::Timestamp;
use shared::config::Document;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";
const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside", probe = "https://www.example.com/healthz" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
mode = "recovery"
rpo = "15m"
"#;

/// A plan whose alarm went off 20 seconds ago, and nothing holds it.
struct Quiet {
    plan: Plan,
    known: Known,
    facts: Facts,
    now: Timestamp,
}

fn at(time: &str) -> Timestamp {
    format!("2026-03-02T{time}Z").parse().expect("it is a time")
}

fn alarm(state: State, since: &str) -> Alarm {
    Alarm {
        form: Form::EventBridge,
        arn: Some(ARN.to_owned()),
        name: "shop-down".to_owned(),
        account: None,
        state,
        previous: Some(State::Ok),
        at: Some(at(since)),
        suppressed_by: None,
        suppressed_until: None,
        was_suppressed: false,
        reason: None,
    }
}

fn server(id: &str, taken: &str) -> ServerSeen {
    let snapshot = Snapshot { id: format!("pit-{id}"), taken: at(taken) };
    ServerSeen {
        id: id.to_owned(),
        step: "all".to_owned(),
        critical: true,
        snapshot: Ok(Some(snapshot)),
        hostname: None,
        replication: Some("STALLED".to_owned()),
    }
}

fn running(mode: Mode, incident: Option<&str>) -> Running {
    Running {
        arn: "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1".to_owned(),
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
        let mut known = Known { latch: Latch::default(), incident: None };
        let now = at("10:00:20");
        assert_eq!(apply(&mut known, &plan, &alarm(State::Alarm, "10:00:00"), ARN, now), None);
        let second = SecondAlarm::Is { state: Some(State::Alarm), since: None, suppressed_by: None };
        let servers = vec![server("db", "09:58:00"), server("web", "09:58:00")];
        let facts = Facts {
            switch: Ok(Switch::Enabled),
            second_alarm: Some(Ok(second)),
            probe: Some(Probed::Answered(503)),
            executions: Ok(Vec::new()),
            recoverable: Some(Recoverable {
                plan: Ok(DrsPlan { status: "ACTIVE".to_owned(), servers }),
                jobs: Ok(Vec::new()),
                instances: Ok(Vec::new()),
            }),
            time_is_made_up: false,
        };
        Self { plan, known, facts, now }
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

    fn servers(&mut self) -> &mut Vec<ServerSeen> {
        &mut self.facts.recoverable.as_mut().expect("it is there").plan.as_mut().expect("it was read").servers
    }

    fn jobs(&mut self, kind: JobKind) {
        let job = Job { id: "drsjob-1".to_owned(), kind, servers: vec!["db".to_owned()] };
        self.facts.recoverable.as_mut().expect("it is there").jobs = Ok(vec![job]);
    }

    fn instance(&mut self, is_drill: bool) {
        let instance = Instance { server: "db".to_owned(), id: "i-1".to_owned(), is_drill };
        self.facts.recoverable.as_mut().expect("it is there").instances = Ok(vec![instance]);
    }

    fn decided(&self) -> Decision {
        let question = Question {
            plan: &self.plan,
            incident: self.known.incident.as_ref().expect("the alarm opened one"),
            latch: &self.known.latch,
            parameter: "/kill-switch",
            region: "us-east-1",
            now: self.now,
        };
        decide(&question, &self.facts)
    }

    /// The decision in a line: what holds it, or what starts despite what.
    fn told(&self) -> String {
        match self.decided() {
            Decision::Start(attempt) if attempt.despite.is_empty() => {
                format!("start {}", attempt.snapshots.len())
            }
            Decision::Start(attempt) => {
                format!("start {} although {}", attempt.snapshots.len(), attempt.despite.join("; "))
            }
            Decision::Hold(holds) => {
                let holds = holds.iter().map(|interlock| format!("{}: {interlock}", interlock.code()));
                format!("hold {}", holds.collect::<Vec<_>>().join("; "))
            }
            Decision::Adopt(execution) => format!("adopt {}", execution.status),
            Decision::LookFurther => "look further".to_owned(),
        }
    }
}

fn told(change: impl FnOnce(&mut Quiet)) -> String {
    Quiet::but(change).told()
}

#[test]
fn with_nothing_in_its_way_it_starts_with_the_newest_snapshots() {
    assert_eq!(Quiet::world().told(), "start 2");
    let Decision::Start(attempt) = Quiet::world().decided() else { panic!("it starts") };
    let again = Quiet::but(|world| world.now = at("10:00:50")).decided();
    let Decision::Start(again) = again else { panic!("it starts") };
    assert_eq!(attempt.token, again.token, "the same incident has the same token, whenever it is decided");
    assert!(attempt.token.len() <= 64);
    assert_eq!(told(|world| world.facts.recoverable = None), "look further");
}

#[test]
fn the_kill_switch_holds_whatever_else_it_says_than_enabled() {
    insta::assert_snapshot!([
        told(|world| world.facts.switch = Ok(Switch::Disabled)),
        told(|world| world.facts.switch = Ok(Switch::Absent)),
        told(|world| world.facts.switch = Ok(Switch::Other("off".to_owned()))),
        told(|world| world.facts.switch = Err("AccessDenied".to_owned())),
    ].join("\n"), @r"
    hold kill-switch-off: the kill switch /kill-switch says that no recovery may start
    hold kill-switch-unclear: the kill switch /kill-switch is not there, so nothing is started
    hold kill-switch-unclear: the kill switch /kill-switch is `off`, neither enabled nor disabled, so nothing is started
    hold kill-switch-unclear: the kill switch /kill-switch cannot be read (AccessDenied), so nothing is started
    ");
}

#[test]
fn each_second_signal_must_agree() {
    let second = |state| SecondAlarm::Is { state, since: None, suppressed_by: None };
    insta::assert_snapshot!([
        told(|world| world.facts.second_alarm = Some(Ok(second(Some(State::Ok))))),
        told(|world| world.facts.second_alarm = Some(Ok(second(Some(State::InsufficientData))))),
        told(|world| world.facts.second_alarm = Some(Ok(second(None)))),
        told(|world| world.facts.second_alarm = Some(Ok(SecondAlarm::Absent))),
        told(|world| world.facts.second_alarm = Some(Err("Throttling".to_owned()))),
        told(|world| world.facts.second_alarm = Some(Ok(SecondAlarm::Is {
            state: Some(State::Alarm), since: None, suppressed_by: Some("Alarm".to_owned()),
        }))),
        told(|world| world.facts.probe = Some(Probed::Answered(200))),
        told(|world| world.facts.probe = Some(Probed::Answered(301))),
        told(|world| world.facts.probe = Some(Probed::Answered(404))),
        told(|world| world.facts.probe = Some(Probed::Silent("timed out".to_owned()))),
        told(|world| world.facts.probe = Some(Probed::NotAsked("no resolver".to_owned()))),
    ].join("\n"), @r"
    hold second-signal-quiet: the second signal does not agree: the alarm from-outside is OK
    hold second-signal-unreadable: the second signal cannot be read: the alarm from-outside has no data
    hold second-signal-unreadable: the second signal cannot be read: the alarm from-outside has a state that is not known here
    hold second-signal-unreadable: the second signal cannot be read: the alarm from-outside is not there
    hold second-signal-unreadable: the second signal cannot be read: the alarm from-outside could not be looked up (Throttling)
    hold second-signal-suppressed: the second signal, the alarm from-outside, is suppressed (Alarm)
    hold second-signal-quiet: the second signal does not agree: https://www.example.com/healthz answered with status 200
    hold second-signal-quiet: the second signal does not agree: https://www.example.com/healthz answered with status 301
    start 2
    start 2
    hold second-signal-unreadable: the second signal cannot be read: https://www.example.com/healthz could not be asked (no resolver)
    ");
}

#[test]
fn a_recovery_is_latched_and_cools_down_and_a_drill_is_no_recovery() {
    let before = |time| Some(Started { incident: "shop-20260302T090000Z-00000000".to_owned(), at: at(time) });
    insta::assert_snapshot!([
        told(|world| world.known.latch.recovery = before("05:00:00")),
        told(|world| world.known.latch.recovered = before("09:30:00")),
        told(|world| world.known.latch.recovered = before("09:00:20")),
        told(|world| world.known.latch.drill = before("09:59:00")),
        told(|world| {
            world.known.latch.drill = before("09:59:00");
            world.plan.mode = Mode::Drill;
        }),
        told(|world| {
            let own = Started { incident: world.id(), at: at("10:00:20") };
            world.known.latch.recovery = Some(own.clone());
            world.known.latch.recovered = Some(own);
        }),
    ].join("\n"), @r"
    hold latched: a recovery was started at 2026-03-02T05:00:00Z (shop-20260302T090000Z-00000000), and nobody has cleared the latch since
    hold cooling-down: a recovery was started at 2026-03-02T09:30:00Z, and no new one starts before 2026-03-02T10:30:00Z
    start 2
    start 2
    hold cooling-down: a drill was started at 2026-03-02T09:59:00Z, and no new one starts before 2026-03-02T10:59:00Z
    start 2
    ");
}

#[test]
fn what_runs_already_is_adopted_or_named() {
    insta::assert_snapshot!([
        told(|world| world.facts.executions = Ok(vec![running(Mode::Recovery, Some(&world.id()))])),
        told(|world| world.facts.executions = Ok(vec![running(Mode::Drill, Some(&world.id()))])),
        told(|world| world.facts.executions = Ok(vec![running(Mode::Recovery, None)])),
        told(|world| world.facts.executions = Ok(vec![Running { mode: None, ..running(Mode::Drill, None) }])),
        told(|world| world.facts.executions = Ok(vec![Running { status: "TIMED_OUT".to_owned(), ..running(Mode::Recovery, None) }])),
        told(|world| world.facts.executions = Err("InternalServerException".to_owned())),
        told(|world| world.jobs(JobKind::Recovery)),
        told(|world| world.jobs(JobKind::Drill)),
        told(|world| world.jobs(JobKind::Other("TERMINATE".to_owned()))),
    ].join("\n"), @r"
    adopt IN_PROGRESS
    hold drill-running: a drill is IN_PROGRESS since 2026-03-02T09:59:00Z (arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1)
    hold recovery-running: a recovery that this incident did not start is IN_PROGRESS since 2026-03-02T09:59:00Z (arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1)
    hold recovery-running: a recovery that this incident did not start is IN_PROGRESS since 2026-03-02T09:59:00Z (arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1)
    start 2
    hold executions-unreadable: DRS does not say whether a recovery is running already (InternalServerException)
    hold recovery-running: the recovery job drsjob-1 is launching db
    hold drill-running: the drill job drsjob-1 is launching db
    hold job-running: the TERMINATE job drsjob-1 has db
    ");
}

/// DRS deletes what it launched for a server before it launches it again.
#[test]
fn what_was_recovered_already_is_not_launched_again() {
    insta::assert_snapshot!([
        told(|world| world.instance(false)),
        told(|world| world.instance(true)),
        told(|world| {
            world.instance(false);
            world.plan.mode = Mode::Drill;
        }),
        told(|world| world.facts.recoverable.as_mut().expect("it is there").instances = Err("AccessDenied".to_owned())),
        // A person started it with the command of the mail, which has the incident's tag.
        told(|world| {
            world.plan.mode = Mode::Drill;
            world.facts.executions = Ok(vec![running(Mode::Recovery, Some(&world.id()))]);
        }),
    ].join("\n"), @r"
    hold recovered-already: servers are recovered already: db (i-1)
    start 2 although a drill launched instances, which DRS deletes first: db (i-1)
    hold recovered-already: servers are recovered already: db (i-1)
    hold instances-unreadable: DRS does not say whether the servers are recovered already (AccessDenied)
    adopt IN_PROGRESS
    ");
}

/// DRS checks all servers of a plan before it launches one, whatever their impact level.
#[test]
fn a_snapshot_is_needed_of_every_server_and_its_age_matters_of_critical_ones() {
    let optional = |world: &mut Quiet| world.servers()[1].critical = false;
    insta::assert_snapshot!([
        told(|world| world.servers()[0].snapshot = Ok(None)),
        told(|world| {
            optional(world);
            world.servers()[1].snapshot = Ok(None);
        }),
        told(|world| world.servers()[0] = server("db", "09:44:59")),
        told(|world| world.servers()[0] = server("db", "09:45:00")),
        told(|world| world.servers()[0] = server("db", "10:00:10")),
        told(|world| {
            world.servers()[1] = server("web", "09:00:00");
            optional(world);
        }),
        told(|world| world.servers()[0].snapshot = Err("AccessDenied".to_owned())),
        told(|world| {
            optional(world);
            world.servers()[1].snapshot = Err("AccessDenied".to_owned());
        }),
        told(|world| world.servers()[0].replication = Some("DISCONNECTED".to_owned())),
        told(|world| world.servers().clear()),
    ].join("\n"), @r"
    hold no-snapshot: there is no usable recovery snapshot of db
    hold no-snapshot: there is no usable recovery snapshot of web
    hold over-rpo: the newest recovery snapshot of db was 15m 1s old when the alarm began, and the RPO is 15m
    start 2
    start 2
    start 2 although the newest recovery snapshot of web was 1h old when the alarm began, and the RPO is 15m
    hold snapshots-unreadable: the recovery snapshots of db cannot be read (AccessDenied)
    start 1 although the recovery snapshots of web cannot be read (AccessDenied)
    start 2 although DRS replicates these servers no more (disconnected or stopped): db
    hold plan-empty: the DRS recovery plan launches no server
    ");
}

#[test]
fn an_alarm_counts_if_it_is_one_and_in_time() {
    insta::assert_snapshot!([
        told(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.late_seconds = 900)),
        told(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.late_seconds = 901)),
        told(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.late_seconds = -301)),
        told(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.state = State::InsufficientData)),
        told(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.suppressed_by = Some("Alarm".to_owned()))),
        told(|world| world.incident().alarms.values_mut().for_each(|alarm| {
            alarm.suppressed_by = Some("mute rule deployment".to_owned());
            alarm.suppressed_until = Some(at("10:00:20"));
        })),
        told(|world| world.incident().alarms.values_mut().for_each(|alarm| alarm.unsaid = vec!["the state it was in before".to_owned()])),
        told(|world| world.facts.time_is_made_up = true),
        told(|world| world.incident().drs_plan = world.plan.drs_plan.replace("us-east-1", "eu-west-1")),
    ].join("\n"), @r"
    start 2
    hold stale: the alarm shop-down reached us 15m 1s late, more than 15m: the site may be up again
    hold from-the-future: the alarm shop-down began 5m 1s after it reached us: a clock is wrong
    hold alarm-unknown: the alarm shop-down has no data (INSUFFICIENT_DATA), and no other alarm is in ALARM
    hold suppressed: the actions of the alarm shop-down are suppressed (Alarm)
    start 2
    hold alarm-unclear: the event of the alarm shop-down does not say the state it was in before
    hold time-is-made-up: the function's time is set by hand (POINTSMAN_NOW)
    hold plan-elsewhere: the DRS recovery plan is in eu-west-1, and this function in us-east-1
    ");
}

/// Whatever DRS refuses, it is asked again after 1, 2, 4, 8 and then each 16 minutes, with another token.
#[test]
fn what_drs_refuses_is_asked_for_less_and_less_often() {
    let mut world = Quiet::world();
    let mut waits = Vec::new();
    for _ in 0..7 {
        let refused = world.now;
        world.incident().refused(Refusal {
            at: refused,
            error: "Max concurrent jobs".to_owned(),
            execution: None,
        });
        while !matches!(world.decided(), Decision::Start(_)) {
            world.now += jiff::SignedDuration::from_secs(30);
        }
        waits.push(world.now.duration_since(refused).as_mins());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 16, 16]);
    world.incident().refused(Refusal {
        at: at("12:00:00"),
        error: "Max concurrent jobs".to_owned(),
        execution: None,
    });
    world.now = at("12:01:00");
    insta::assert_snapshot!(world.told(), @"hold start-refused: DRS refused to start the plan (Max concurrent jobs), and is asked again at 2026-03-02T12:16:00Z");
}
