//! Drills and their clean-up, killed at every call and run again.

use super::*;

fn drill() -> Value {
    json!({"source": "pointsman", "detail-type": "drill", "detail": {"plan": "shop", "by": "Ana"}})
}

fn clean_up(incident: &str) -> Value {
    json!({"source": "pointsman", "detail-type": "clean-up", "detail": {"incident": incident, "by": "Ana"}})
}

/// An account whose drill has passed.
fn drilled() -> (Failover, String) {
    let failover = Failover::new(WORLD);
    failover.invoke(&drill(), "one");
    failover.minutes(8);
    let id = failover.incidents()[0].id.clone();
    assert_eq!(failover.incidents()[0].phase, IncidentPhase::Drilled);
    (failover, id)
}

fn says(failover: &Failover, start: &str) -> usize {
    failover.subjects().iter().filter(|subject| subject.starts_with(start)).count()
}

/// An operator does not watch a drill that a queue starts hours later.
#[test]
fn a_command_without_a_time_from_a_queue_starts_no_drill() {
    let failover = Failover::new(WORLD);
    let invocation = Invocation { earlier: Some(3), ..failover.invocation("one", false) };
    let handled =
        dr_failover::handle(drill(), invocation, &failover.rules, &failover.settings, &failover.clients);
    let decision = runtime().block_on(async { Box::pin(handled).await }).expect("the event is well formed");
    assert_eq!(decision.reasons[0].because.code, "drill-too-late");
    assert_eq!(failover.started(), Vec::<String>::new());
}

/// Killed at each call, before and after its effect; then Lambda tries the command again, with the same request id.
#[test]
fn a_drill_that_is_killed_at_any_call_is_one_drill() {
    let calls = {
        let failover = Failover::new(WORLD);
        failover.invoke(&drill(), "one");
        failover.aws.journal().len() as u64
    };
    assert!(calls >= 12, "a drill takes {calls} calls");
    for call in 0..calls {
        for after_effect in [false, true] {
            let what = format!("call {call}, after its effect: {after_effect}");
            let failover = Failover::new(WORLD);
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&drill(), "one");
            assert!(failover.aws.answer_again(), "{what}");
            failover.aws.advance(Duration::from_secs(60));
            failover.invoke(&drill(), "one");
            failover.minutes(8);
            assert_eq!(failover.started(), ["DRILL"], "{what}");
            assert_eq!(failover.incidents().len(), 1, "{what}");
            assert!((1..=2).contains(&says(&failover, "DRILL PASSED")), "{what}: {:?}", failover.subjects());
        }
    }
}

/// The same for the clean-up: the instance is terminated, the drill is closed, and an email proves it.
#[test]
fn a_clean_up_that_is_killed_at_any_call_is_completed_and_proved() {
    let calls = {
        let (failover, id) = drilled();
        let before = failover.aws.journal().len();
        failover.invoke(&clean_up(&id), "clean");
        (failover.aws.journal().len() - before) as u64
    };
    assert!(calls >= 8, "a clean-up takes {calls} calls");
    for call in 0..calls {
        for after_effect in [false, true] {
            let what = format!("call {call}, after its effect: {after_effect}");
            let (failover, id) = drilled();
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&clean_up(&id), "clean");
            assert!(failover.aws.answer_again(), "{what}");
            failover.aws.advance(Duration::from_secs(60));
            failover.invoke(&clean_up(&id), "clean");
            failover.minutes(6);
            let closed = &failover.incidents()[0];
            assert!(closed.closed.is_some(), "{what}: {:?}", failover.subjects());
            let clean_up = closed.clean_up.as_ref().expect("it was asked for");
            assert!(clean_up.proved.is_some() && clean_up.remaining.is_empty(), "{what}");
            assert_eq!(clean_up.found.len(), 1, "{what}");
            assert!((1..=2).contains(&says(&failover, "CLEANED UP")), "{what}: {:?}", failover.subjects());
            let journal = failover.aws.journal();
            let jobs = journal
                .iter()
                .filter(|call| call.operation == "TerminateRecoveryInstances" && call.took_effect);
            assert_eq!(jobs.count(), 1, "{what}");
            // The next drill may start.
            failover.aws.advance(Duration::from_secs(3600));
            failover.invoke(&drill(), "next");
            assert_eq!(failover.started(), ["DRILL", "DRILL"], "{what}");
        }
    }
}
