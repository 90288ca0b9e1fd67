//! The move of traffic: which facts move an address, and which facts prevent it.

use std::collections::BTreeMap;

use dr_failover::alarm::AlarmState;
use dr_failover::facts::{
    AssociationFailure, Facts, FoundAddress, FoundAssociation, FoundInstance, KillSwitch, LaterFacts,
    RecoveredInstance, TrafficFacts,
};
use dr_failover::incident::{Incident, IncidentPhase};
use dr_failover::rules::Mode;
use dr_failover::rules::{RecoveryPlan, read};
use dr_failover::settings::Settings;
use dr_failover::step::{AssociationAnswer, Effect, Input, KnownPlan, MissingFact, Step, StepContext, step};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::act::Performed;
use shared::call_error::CallError;
use shared::config::Document;
use shared::home::Home;

const SERVER: &str = "s-000000000000web01";
const ALLOCATION: &str = "eipalloc-0a1b2c3d";
const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
mode = "recovery"
rpo = "15m"
addresses = { "s-000000000000web01" = "eipalloc-0a1b2c3d" }
"#;

/// A recovered incident, and facts with which its address is moved.
struct World {
    plan: RecoveryPlan,
    settings: Settings,
    home: Home,
    known: KnownPlan,
    facts: TrafficFacts,
}

fn incident(change: impl FnOnce(&mut Value)) -> Incident {
    let mut item = json!({
        "id": "shop-20260302T100000Z-00000000", "version": 3, "plan": "shop", "opened": "2026-03-02T10:00:00Z",
        "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1", "mode": "RECOVERY",
        "phase": "recovered", "finished": "2026-03-02T10:10:00Z", "told": "recovered",
        "alarms": {"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down": {
            "name": "shop-down", "state": "ALARM", "since": "2026-03-02T10:00:00Z", "late-seconds": 0,
            "heard": "2026-03-02T10:00:00Z", "began": "2026-03-02T10:00:00Z",
        }},
        "servers": {SERVER: {
            "critical": true, "step": "all", "status": "LAUNCHED", "instance": "i-1", "since": "2026-03-02T10:10:00Z",
        }},
    });
    change(&mut item);
    serde_json::from_value(item).expect("it is an incident")
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
        let recovered = RecoveredInstance {
            server: SERVER.to_owned(),
            recovery: "i-1".to_owned(),
            id: "i-1".to_owned(),
            is_drill: false,
        };
        let instance = FoundInstance {
            state: "running".to_owned(),
            interface: Some("eni-1".to_owned()),
            elastic_ip: None,
        };
        let address = FoundAddress { ip: "203.0.113.10".to_owned(), association: None };
        let facts = TrafficFacts {
            kill_switch: Ok(KillSwitch::Enabled),
            recovered: Ok(vec![recovered]),
            instances: Ok([("i-1".to_owned(), instance)].into()),
            addresses: Ok([(ALLOCATION.to_owned(), address)].into()),
        };
        let home = Home::of("arn:aws:lambda:us-east-1:111122223333:function:dr-failover");
        let mut known = KnownPlan { incident: Some(incident(|_| {})), ..KnownPlan::default() };
        known.latch.open = known.incident.as_ref().map(|incident| incident.id.clone());
        Self { plan, settings, home, known, facts }
    }

    fn context(&self) -> StepContext<'_> {
        let now: Timestamp = "2026-03-02T10:11:00Z".parse().expect("it is a time");
        StepContext {
            plan: &self.plan,
            settings: &self.settings,
            home: &self.home,
            request: "request",
            ends: now,
            now,
        }
    }

    fn step(&self) -> Step {
        let later = LaterFacts {
            progress: None,
            executions: Ok(Vec::new()),
            jobs: Ok(Vec::new()),
            instances: Ok(Vec::new()),
        };
        let facts = Facts { traffic: Some(self.facts.clone()), later: Some(later), ..Facts::default() };
        step(&self.known, Input::Reconcile(Mode::Recovery), &facts, &self.context())
            .expect("the facts are there")
    }

    /// The code of the address's status after a step, and whether EC2 is asked.
    fn outcome(&self) -> (&'static str, bool) {
        let step = self.step();
        let asks = step.effects.iter().any(|effect| matches!(effect, Effect::Associate(_)));
        let incident = step.known.incident.expect("it is open");
        (incident.traffic.get(SERVER).map_or("none", |moved| moved.status.code()), asks)
    }

    fn instance(&mut self) -> &mut FoundInstance {
        self.facts.instances.as_mut().expect("it is read").get_mut("i-1").expect("it is there")
    }

    fn associate(&mut self, instance: Option<&str>, interface: &str) {
        let association = FoundAssociation {
            id: Some("eipassoc-1".to_owned()),
            instance: instance.map(str::to_owned),
            interface: Some(interface.to_owned()),
        };
        let addresses = self.facts.addresses.as_mut().expect("it is read");
        addresses.get_mut(ALLOCATION).expect("it is there").association = Some(association);
    }
}

fn error() -> CallError {
    CallError::without_answer("ec2:DescribeAddresses", "the connection was closed")
}

#[test]
fn is_the_address_written_down_before_ec2_is_asked() {
    let world = World::new();
    let missing = step(&world.known, Input::Reconcile(Mode::Recovery), &Facts::default(), &world.context());
    assert!(matches!(missing, Err(MissingFact::Later(_) | MissingFact::Traffic(_))));
    let effects = world.step().effects;
    assert!(
        matches!(&effects[..], [Effect::Write, Effect::Associate(those)] if those[0].interface == "eni-1")
    );
}

#[test]
fn does_each_obstacle_prevent_the_move() {
    let mut cases: Vec<(&str, World)> = Vec::new();
    let mut case = |code, change: &dyn Fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        cases.push((code, world));
    };
    case("address-missing", &|world| world.facts.addresses = Ok(BTreeMap::new()));
    case("address-unreadable", &|world| world.facts.addresses = Err(error()));
    case("address-unreadable", &|world| world.facts.recovered = Err(error()));
    case("address-unreadable", &|world| world.facts.instances = Err(error()));
    case("address-unreadable", &|world| world.facts.kill_switch = Err(error()));
    case("address-in-use", &|world| world.associate(Some("i-2"), "eni-2"));
    case("address-in-use", &|world| world.associate(None, "eni-2"));
    case("traffic-switched-off", &|world| world.facts.kill_switch = Ok(KillSwitch::Disabled));
    case("traffic-switched-off", &|world| world.facts.kill_switch = Ok(KillSwitch::Absent));
    case("instance-missing", &|world| world.facts.recovered = Ok(Vec::new()));
    case("instance-missing", &|world| world.facts.instances = Ok(BTreeMap::new()));
    case("instance-missing", &|world| world.instance().interface = None);
    case("instance-not-running", &|world| world.instance().state = "pending".to_owned());
    case("instance-not-running", &|world| world.instance().state = "shutting-down".to_owned());
    case("instance-has-address", &|world| world.instance().elastic_ip = Some("203.0.113.99".to_owned()));
    // The instance of a drill, and of another launch of the server.
    case("instance-missing", &|world| world.facts.recovered.as_mut().expect("read")[0].is_drill = true);
    case("instance-missing", &|world| {
        let one = &mut world.facts.recovered.as_mut().expect("read")[0];
        (one.recovery, one.id) = ("i-9".to_owned(), "i-9".to_owned());
    });
    for (code, world) in cases {
        assert_eq!(world.outcome(), (code, false));
    }
}

#[test]
fn is_an_address_that_is_there_already_found() {
    for interface in ["eni-1", "eni-9"] {
        let mut world = World::new();
        world.associate(Some("i-1"), interface);
        assert_eq!(world.outcome(), ("traffic-moved", false));
    }
    let mut world = World::new();
    world.associate(None, "eni-1");
    assert_eq!(world.outcome(), ("traffic-moved", false));
}

#[test]
fn is_nothing_moved_before_or_without_a_recovery() {
    let mut phases = vec![("failed", false), ("cancelled", false), ("drilled", false)];
    phases.extend([("recovered", true), ("recovered-in-part", true)]);
    for (phase, moves) in phases {
        let mut world = World::new();
        world.known.incident = Some(incident(|item| item["phase"] = json!(phase)));
        assert_eq!(world.outcome().1, moves, "{phase}");
    }
    // A drill, by its own mode or by that of its execution.
    let mut drill = World::new();
    drill.known.incident = Some(incident(|item| item["mode"] = json!("DRILL")));
    assert_eq!(drill.outcome(), ("none", false));
    drill.known.incident = Some(incident(|item| {
        item["starts"] = json!([{"execution": {"arn": "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1",
            "mode": "DRILL", "status": "COMPLETED", "started": "2026-03-02T10:00:00Z"}}]);
    }));
    assert_eq!(drill.outcome(), ("none", false));
    // A critical server is not launched, although the phase says that the plan recovered.
    let mut partial = World::new();
    partial.known.incident = Some(incident(|item| {
        item["servers"]["s-1"] =
            json!({"critical": true, "step": "all", "status": "FAILED", "since": "2026-03-02T10:10:00Z"});
    }));
    assert_eq!(partial.outcome(), ("none", false));
    // The server of the address itself is optional, and not launched.
    partial.known.incident = Some(incident(|item| {
        item["servers"][SERVER] =
            json!({"critical": false, "step": "all", "status": "FAILED", "since": "2026-03-02T10:10:00Z"});
    }));
    assert_eq!(partial.outcome(), ("server-not-launched", false));
    let mut made_up = World::new();
    made_up.settings.time_is_made_up = true;
    assert_eq!(made_up.outcome(), ("none", false));
}

#[test]
fn does_the_original_site_keep_its_traffic_while_it_may_work() {
    let mut world = World::new();
    let set = |world: &mut World, state| {
        let incident = world.known.incident.as_mut().expect("it is open");
        incident.alarms.values_mut().for_each(|alarm| alarm.state = state);
    };
    set(&mut world, AlarmState::InsufficientData);
    assert_eq!(world.outcome(), ("traffic-alarm-unknown", false));
    set(&mut world, AlarmState::Ok);
    assert_eq!(world.outcome(), ("traffic-stays", false));
    // The site took writes meanwhile, which the recovered server lacks: an operator decides.
    world.known = world.step().known;
    set(&mut world, AlarmState::Alarm);
    assert_eq!(world.outcome(), ("traffic-stays", false));
}

#[test]
fn is_a_moved_address_left_alone_until_the_server_is_launched_again() {
    let mut world = World::new();
    let known = world.step().known;
    let answers = [AssociationAnswer {
        server: SERVER.to_owned(),
        performed: Performed::Done("eipassoc-1".to_owned()),
    }];
    let moved = step(&known, Input::Associated(&answers), &Facts::default(), &world.context());
    world.known = moved.expect("it lacks nothing").known;
    // An operator disassociated the address: the reverse step.
    assert_eq!(world.outcome(), ("traffic-moved", false));
    let incident = world.known.incident.as_mut().expect("it is open");
    incident.servers.get_mut(SERVER).expect("it is there").instance = Some("i-2".to_owned());
    let one = &mut world.facts.recovered.as_mut().expect("read")[0];
    (one.recovery, one.id) = ("i-2".to_owned(), "i-2".to_owned());
    let instance = world.instance().clone();
    world.facts.instances = Ok([("i-2".to_owned(), instance)].into());
    assert_eq!(world.outcome(), ("traffic-moves", true));
}

/// Its visitors are there, and an alarm that is OK may be the recovered server's own doing.
#[test]
fn does_an_address_return_to_a_server_that_is_launched_again_although_the_alarm_is_ok() {
    let mut world = World::new();
    world.known.incident = Some(incident(|item| {
        for (_, alarm) in item["alarms"].as_object_mut().expect("there is an alarm") {
            alarm["state"] = json!("OK");
        }
        item["traffic"] = json!({SERVER: {
            "allocation": ALLOCATION, "launched": "i-0", "instance": "i-0", "status": {"kind": "traffic-moved"},
            "since": "2026-03-02T10:05:00Z",
        }});
    }));
    assert_eq!(world.outcome(), ("traffic-moves", true));
    world.instance().state = "pending".to_owned();
    world.known = world.step().known;
    assert_eq!(world.outcome(), ("instance-not-running", false));
    world.instance().state = "running".to_owned();
    assert_eq!(world.outcome(), ("traffic-moves", true));
}

/// An order of ARC Region switch needs no alarm.
#[test]
fn does_an_order_move_traffic_without_an_alarm() {
    let mut world = World::new();
    world.known.incident = Some(incident(|item| {
        item["alarms"] = json!({});
        item["order"] = json!({
            "switch-plan": "arn:aws:arc-region-switch::111122223333:plan/shop:a1b2c3", "execution": "1",
            "step": "recover-shop", "at": "2026-03-02T10:00:00Z",
        });
    }));
    assert_eq!(world.outcome(), ("traffic-moves", true));
}

#[test]
fn is_a_refusal_reported_once_while_ec2_is_asked_again() {
    for (failure, code) in [
        (AssociationFailure::Refused(error()), "association-refused"),
        (AssociationFailure::Unknown(error()), "association-unknown"),
    ] {
        let mut world = World::new();
        let answers =
            [AssociationAnswer { server: SERVER.to_owned(), performed: Performed::Failed(failure) }];
        let mut entries = Vec::new();
        for _ in 0..3 {
            let asked = world.step();
            assert!(asked.effects.iter().any(|effect| matches!(effect, Effect::Associate(_))), "{code}");
            let next = step(&asked.known, Input::Associated(&answers), &Facts::default(), &world.context());
            world.known = next.expect("it lacks nothing").known;
            let incident = world.known.incident.as_ref().expect("it is open");
            assert_eq!(incident.traffic[SERVER].status.code(), code);
            entries.push(incident.record.len());
        }
        assert_eq!(entries, [2, 2, 2], "{code}");
    }
}

#[test]
fn is_a_status_of_a_later_version_looked_up_again() {
    let mut world = World::new();
    world.known.incident = Some(incident(|item| {
        item["traffic"] = json!({SERVER: {"allocation": ALLOCATION, "status": {"kind": "anycast"},
            "since": "2026-03-02T10:10:00Z"}});
    }));
    let known = world.known.incident.as_ref().expect("it is read");
    assert!(known.traffic.is_empty() && known.phase == IncidentPhase::Recovered);
    assert_eq!(world.outcome(), ("traffic-moves", true));
}
