//! Items of the table: those of format 1 are still read, and no sentence decides the form of format 2.

use dr_failover::incident::{EntryKind, FORMAT, Incident, IncidentEnd, IncidentPhase, RefusalCause};
use dr_failover::interlock::{Interlock, InterlockCode};
use dr_failover::latch::Latch;
use dr_failover::reported::ReportedState;
use dr_failover::store::incident_of_item;
use serde_json::{Value, json};

/// An item as the function wrote it with format 1, in DynamoDB's JSON.
fn item(name: &str) -> Value {
    let file = format!("{}/tests/items/format-1-{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).expect("the item exists")).expect("it is JSON")
}

fn incident(name: &str) -> Incident {
    let incident = incident_of_item(item(&format!("{name}-incident"))).expect("format 1 is read");
    assert_eq!(incident.format, FORMAT);
    assert!(!matches!(incident.reported, Some(ReportedState::Unknown(_))), "{:?}", incident.reported);
    incident
}

fn codes(incident: &Incident) -> Vec<&'static str> {
    incident.holds.iter().map(|hold| hold.interlock.code().name()).collect()
}

#[test]
fn are_the_interlocks_of_format_1_still_known() {
    let held = incident("held");
    assert_eq!((held.phase, held.is_open()), (IncidentPhase::Held, true));
    assert_eq!(codes(&held), ["stale", "kill-switch-off", "second-signal-quiet"]);
    let passes: Vec<bool> = held.holds.iter().map(|hold| hold.interlock.passes()).collect();
    assert_eq!(passes, [false, false, true]);
    // The state that was reported is the state of the interlocks: no second email is sent.
    assert_eq!(ReportedState::unreported(&held), None);
    assert_eq!(codes(&incident("held-unclear"))[0], "alarm-unclear");
}

#[test]
fn is_the_start_of_format_1_asked_for_again_with_its_token() {
    let starting = incident("starting");
    let attempt = starting.current().expect("the start was decided");
    let start = attempt.start.as_ref().expect("the function decided it");
    assert_eq!(Value::from(start.token.as_str()), item("starting-incident")["attempt"]["M"]["token"]["S"]);
    assert_eq!((starting.decided_count, starting.attempts.len(), start.snapshots.len()), (1, 1, 1));
    assert!(attempt.unanswered.is_some() && attempt.execution.is_none());
}

#[test]
fn are_the_executions_of_format_1_followed() {
    let running = incident("running");
    assert!(running.is_open());
    assert!(running.execution().is_some_and(|execution| execution.adopted));
    assert!(running.start().is_some() && !running.servers.is_empty());
    let recovered = incident("recovered");
    assert_eq!((recovered.phase, recovered.is_open()), (IncidentPhase::Recovered, false));
    assert!(matches!(recovered.end, Some(IncidentEnd::Earlier { .. })));
}

#[test]
fn do_the_refusals_of_format_1_still_delay_the_next_start() {
    for (name, has_execution) in [("start-refused", false), ("launched-nothing", true)] {
        let incident = incident(name);
        let (attempt, refusal) = incident.last_refused().expect("DRS refused the start");
        assert!(matches!(refusal.cause, RefusalCause::Earlier { .. }));
        assert_eq!(attempt.execution.is_some(), has_execution);
        assert_eq!(incident.void_until().is_some(), has_execution);
        assert!(incident.waits_until().is_some() && incident.current().is_none());
    }
    assert_eq!(incident("refused").phase, IncidentPhase::Refused);
}

#[test]
fn are_the_latches_of_format_1_read() {
    for name in ["held", "held-unclear", "recovered", "refused", "running", "starting"] {
        let item: serde_dynamo::Item =
            serde_json::from_value(item(&format!("{name}-latch"))).expect("it is an item");
        let latch: Latch = serde_dynamo::from_item(item).expect("format 1 is read");
        assert!(!latch.seen.is_empty(), "{name}");
    }
}

#[test]
fn is_an_item_read_back_as_it_was_written() {
    for name in ["held", "starting", "running", "recovered", "refused", "start-refused", "launched-nothing"] {
        let incident = incident(name);
        let item: serde_dynamo::Item = serde_dynamo::to_item(&incident).expect("it is an item");
        assert_eq!(
            serde_dynamo::from_item::<_, Incident>(item).expect("format 2 is read"),
            incident,
            "{name}"
        );
        assert_eq!(
            serde_json::from_value::<Incident>(json!(incident)).expect("it is JSON"),
            incident,
            "{name}"
        );
    }
}

/// A reworded interlock changes emails, and neither the item nor the reported state.
#[test]
fn does_a_reworded_interlock_leave_the_item_as_it_is() {
    let interlock = Interlock::Stale {
        alarm: "shop-down".to_owned(),
        late: jiff::SignedDuration::from_mins(80),
        most: jiff::SignedDuration::from_mins(15),
    };
    let stored = json!(interlock);
    assert_eq!(stored, json!({"kind": "stale", "alarm": "shop-down", "late": "PT1H20M", "most": "PT15M"}));
    for text in [interlock.to_string(), interlock.headline(), interlock.advice().to_owned()] {
        assert!(!stored.to_string().contains(&text), "the item holds the sentence `{text}`");
    }
    assert_eq!(serde_json::from_value::<Interlock>(stored).expect("it is read"), interlock);
    assert_eq!(interlock.code(), InterlockCode::Stale);
}

/// Items hold the names that these values had first.
#[test]
fn does_a_renamed_value_keep_its_name_in_items() {
    let stopped = Interlock::ReplicationStopped { servers: vec!["s-1".to_owned()] };
    let stored = json!({"kind": "put-away", "servers": ["s-1"]});
    assert_eq!(json!(stopped), stored);
    assert_eq!(serde_json::from_value::<Interlock>(stored).expect("it is read"), stopped);
    assert_eq!(
        (stopped.code().name(), "put-away".parse()),
        ("put-away", Ok(InterlockCode::ReplicationStopped))
    );
    assert_eq!(json!(InterlockCode::ReplicationStopped), "put-away");
    assert_eq!(json!([EntryKind::Operator, EntryKind::NotEmailed]), json!(["person", "not-mailed"]));
}

/// The next feature keeps a recovery open after its launch: the phase alone does not close an incident.
#[test]
fn can_an_incident_stay_open_after_a_launch() {
    let mut launched = incident("recovered");
    launched.closed = None;
    let read: Incident = serde_json::from_value(json!(launched)).expect("it is read");
    assert!(read.is_open());
    assert_eq!(read.phase, IncidentPhase::Recovered);
    let mut several = incident("start-refused");
    several.attempts.extend(incident("running").attempts);
    assert_eq!((several.attempts.len(), several.refused_attempts().count()), (2, 1));
    assert!(several.execution().is_some());
}
