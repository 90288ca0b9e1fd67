//! Changes of an alarm that come twice, late and in any order: the known state is that of the newest change.

use dr_failover::alarm::{AlarmEvent, AlarmForm, AlarmState};
use dr_failover::rules::{RecoveryPlan, read};
use dr_failover::step::KnownPlan;
use dr_failover::step::alarm::apply;
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

fn plan() -> RecoveryPlan {
    read(&Document::new("pointsman.toml", RULES), &mut Vec::new()).plans.remove(0)
}

fn minute(minute: usize) -> Timestamp {
    let midnight: Timestamp = "2026-03-02T00:00:00Z".parse().expect("it is a time");
    midnight + SignedDuration::from_mins(i64::try_from(minute).expect("it is small"))
}

/// The alarm's changes, one a minute: each state is another than the one before.
fn changes(states: &[AlarmState]) -> Vec<AlarmEvent> {
    let mut previous = AlarmState::Ok;
    let mut changes = Vec::new();
    for (index, state) in states.iter().enumerate() {
        if *state == previous {
            continue;
        }
        changes.push(AlarmEvent {
            form: AlarmForm::EventBridge,
            arn: Some(ARN.to_owned()),
            name: "shop-down".to_owned(),
            account: None,
            state: *state,
            previous: Some(previous),
            at: Some(minute(index)),
            suppressed_by: None,
            suppressed_until: None,
            was_suppressed: false,
            after_mute: None,
            reason: None,
        });
        previous = *state;
    }
    changes
}

fn state() -> impl Strategy<Value = AlarmState> {
    prop_oneof![Just(AlarmState::Ok), Just(AlarmState::Alarm), Just(AlarmState::InsufficientData)]
}

/// Changes between OK and ALARM alone: no metric is missing.
fn measured() -> impl Strategy<Value = (Vec<AlarmEvent>, Vec<usize>)> {
    heard_of(prop_oneof![Just(AlarmState::Ok), Just(AlarmState::Alarm)].boxed())
}

fn heard() -> impl Strategy<Value = (Vec<AlarmEvent>, Vec<usize>)> {
    heard_of(state().boxed())
}

/// Some changes, and an order in which they are heard, some of them again.
fn heard_of(state: BoxedStrategy<AlarmState>) -> impl Strategy<Value = (Vec<AlarmEvent>, Vec<usize>)> {
    proptest::collection::vec(state, 1..8)
        .prop_map(|states| changes(&states))
        .prop_filter("something changes", |changes| !changes.is_empty())
        .prop_flat_map(|changes| {
            let twice: Vec<usize> = (0..changes.len()).chain(0..changes.len()).collect();
            (Just(changes), Just(twice).prop_shuffle())
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The outage begins with the newest ALARM in every order, also if the events about OK come late.
    #[test]
    fn does_the_newest_alarm_date_the_outage(case in measured()) {
        let (changes, order) = case;
        let (plan, arn) = (plan(), ARN.parse().expect("it is an ARN"));
        let mut known = KnownPlan::default();
        for index in order {
            apply(&mut known, &plan, &changes[index], &arn, minute(10));
            if known.incident.as_ref().is_some_and(|incident| incident.is_over()) {
                known.incident = None;
                known.latch.open = None;
            }
        }
        let newest = changes.last().expect("something changes");
        let incident = known.incident.as_ref();
        match newest.state {
            AlarmState::Ok => prop_assert_eq!(incident.map(|incident| &incident.id), None),
            _ => prop_assert_eq!(incident.and_then(|incident| incident.began), newest.at),
        }
    }

    #[test]
    fn is_the_newest_change_the_known_state(case in heard()) {
        let (changes, order) = case;
        let (plan, arn) = (plan(), ARN.parse().expect("it is an ARN"));
        let mut known = KnownPlan::default();
        for index in order {
            // The function ends an incident whose alarms are all OK.
            apply(&mut known, &plan, &changes[index], &arn, minute(60));
            if known.incident.as_ref().is_some_and(|incident| incident.is_over()) {
                known.incident = None;
                known.latch.open = None;
            }
        }
        let newest = changes.last().expect("something changes");
        let seen = &known.latch.seen[&arn];
        prop_assert_eq!((seen.state, Some(seen.at)), (newest.state, newest.at));
        let alarm = known.incident.as_ref().map(|incident| incident.alarms[&arn].state);
        match newest.state {
            AlarmState::Ok => prop_assert_eq!(alarm, None),
            AlarmState::Alarm => prop_assert_eq!(alarm, Some(AlarmState::Alarm)),
            // Whether an incident is open depends on what was heard before.
            AlarmState::InsufficientData => prop_assert!(matches!(alarm, None | Some(AlarmState::InsufficientData))),
        }
    }
}
