//! Changes of an alarm that come twice, late and in any order: what is known in the end is what the newest of them says.

use dr_failover::alarm::{Alarm, Form, State};
use dr_failover::latch::Latch;
use dr_failover::rules::{Plan, read};
use dr_failover::transition::{Known, apply};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use shared::config::Document;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";
const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
rpo = "15m"
"#;

fn plan() -> Plan {
    read(&Document::new("pointsman.toml", RULES), &mut Vec::new()).plans.remove(0)
}

fn minute(minute: usize) -> Timestamp {
    let midnight: Timestamp = "2026-03-02T00:00:00Z".parse().expect("it is a time");
    midnight + SignedDuration::from_mins(i64::try_from(minute).expect("it is small"))
}

/// The alarm's changes, one a minute: each state is another than the one before.
fn changes(states: &[State]) -> Vec<Alarm> {
    let mut previous = State::Ok;
    let mut changes = Vec::new();
    for (index, state) in states.iter().enumerate() {
        if *state == previous {
            continue;
        }
        changes.push(Alarm {
            form: Form::EventBridge,
            arn: Some(ARN.to_owned()),
            name: "shop-down".to_owned(),
            account: None,
            state: *state,
            previous: Some(previous),
            at: Some(minute(index)),
            suppressed_by: None,
            suppressed_until: None,
            was_suppressed: false,
            reason: None,
        });
        previous = *state;
    }
    changes
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![Just(State::Ok), Just(State::Alarm), Just(State::InsufficientData)]
}

/// Some changes, and an order in which they are heard, some of them again.
fn heard() -> impl Strategy<Value = (Vec<Alarm>, Vec<usize>)> {
    proptest::collection::vec(state(), 1..8)
        .prop_map(|states| changes(&states))
        .prop_filter("something changes", |changes| !changes.is_empty())
        .prop_flat_map(|changes| {
            let twice: Vec<usize> = (0..changes.len()).chain(0..changes.len()).collect();
            (Just(changes), Just(twice).prop_shuffle())
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_newest_change_is_what_is_known(case in heard()) {
        let (changes, order) = case;
        let plan = plan();
        let mut known = Known { latch: Latch::default(), incident: None };
        for index in order {
            // The function ends an incident whose alarms are all OK.
            apply(&mut known, &plan, &changes[index], ARN, minute(60));
            if known.incident.as_ref().is_some_and(|incident| incident.is_over()) {
                known.incident = None;
                known.latch.open = None;
            }
        }
        let newest = changes.last().expect("something changes");
        let seen = &known.latch.seen[ARN];
        prop_assert_eq!((seen.state, Some(seen.at)), (newest.state, newest.at));
        let alarm = known.incident.as_ref().map(|incident| incident.alarms[ARN].state);
        match newest.state {
            State::Ok => prop_assert_eq!(alarm, None),
            State::Alarm => prop_assert_eq!(alarm, Some(State::Alarm)),
            // Whether an incident is open depends on what was heard before.
            State::InsufficientData => prop_assert!(matches!(alarm, None | Some(State::InsufficientData))),
        }
    }
}
