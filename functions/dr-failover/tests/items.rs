//! Items of the table: those of format 1 are still read, and no sentence decides the form of format 2.

use dr_failover::facts::DrsError;
use dr_failover::incident::{
    ChosenSnapshot, DecidedStart, EntryKind, ExecutionStep, FORMAT, Incident, IncidentEnd, IncidentPhase,
    MissingDetail, RefusalCause, StartRefusal,
};
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

/// DynamoDB's largest item has 400 KB: an incident that does not fit could never be written again.
#[test]
fn does_an_incident_with_many_refusals_fit_into_an_item() {
    let mut incident = incident("running");
    let (execution, server) = (incident.execution().cloned(), incident.servers.values().next().cloned());
    let (mut execution, server) = (execution.expect("it runs"), server.expect("it has a server"));
    let (at, long) = (incident.opened, "x".repeat(500));
    let names: Vec<String> = (0..200).map(|number| format!("s-{number:017}")).collect();
    let snapshot = |name: &String| ChosenSnapshot {
        server: name.clone(),
        snapshot: "pit-00000000000000001".to_owned(),
        taken: at,
    };
    let step = |name: &String| ExecutionStep {
        name: name.clone(),
        status: "FAILED".to_owned(),
        since: at,
        error: Some(DrsError { code: None, message: long.clone() }),
    };
    execution.steps = names.iter().take(20).map(step).collect();
    incident.attempts.clear();
    for number in 0..12 {
        let start = DecidedStart {
            token: number.to_string(),
            at,
            mode: incident.mode,
            servers: names.len(),
            snapshots: names.iter().map(snapshot).collect(),
            despite: vec![Interlock::ReplicationStopped { servers: names.clone() }],
            asked_until: None,
        };
        incident.decide(start, "the start is decided", at);
        incident.run(execution.clone(), at);
        if number < 11 {
            incident.refuse(StartRefusal { at, cause: RefusalCause::EndedBeforeAnyStep { error: None } });
        }
    }
    incident.servers = names.iter().map(|name| (name.clone(), server.clone())).collect();
    (0..500).for_each(|number| incident.note(at, EntryKind::Decided, format!("{number} {long}")));
    let size = json!(incident).to_string().len();
    assert!(size < 400_000, "{size}");
    assert_eq!((incident.refused_count, incident.refused_attempts().count()), (11, 10));
    let (refused, _) = incident.last_refused().expect("DRS refused eleven starts");
    assert!(
        refused.start.as_ref().is_some_and(|start| start.snapshots.is_empty() && start.despite.is_empty())
    );
    assert!(refused.execution.as_ref().is_some_and(|execution| execution.steps.is_empty()));
    assert!(incident.start().is_some_and(|start| start.snapshots.len() == 200));
}

/// The incident of an item in which a later version of the function changed a member.
fn changed(name: &str, pointer: &str, value: Value) -> Incident {
    let mut whole = json!(incident(name));
    *whole.pointer_mut(pointer).expect("the item has the member") = value;
    let item: serde_dynamo::Item = serde_dynamo::to_item(&whole).expect("it is an item");
    serde_dynamo::from_item(item).expect("an unknown value leaves the item readable")
}

#[test]
fn are_unknown_interlocks_dropped() {
    let since = "2026-03-02T10:00:00Z";
    let holds = json!([
        {"interlock": {"kind": "moon-phase", "phase": "full"}, "since": since},
        {"interlock": {"kind": "plan-empty"}, "since": since},
        {"interlock": {"kind": "kill-switch-unclear", "parameter": "p", "found": "comet"}, "since": since},
        "moon-phase",
    ]);
    assert_eq!(codes(&changed("held", "/holds", holds)), ["plan-empty"]);
    let mut start = json!(incident("starting"))["starts"][0]["start"].clone();
    start["despite"] = json!([{"kind": "moon-phase"}, {"kind": "plan-empty"}, 7]);
    let starting = changed("starting", "/starts/0/start", start);
    assert_eq!(starting.start().expect("the start stays").despite, [Interlock::PlanEmpty]);
}

#[test]
fn are_unknown_kinds_of_entries_and_details_kept_as_others() {
    let held = changed("held", "/record/0/kind", json!("comet"));
    assert_eq!(held.record[0].kind, EntryKind::Other);
    let mut alarms = json!(incident("held-unclear"))["alarms"].clone();
    for alarm in alarms.as_object_mut().expect("alarms have names").values_mut() {
        alarm["unsaid"] = json!(["previous-state", "colour"]);
    }
    let unclear = changed("held-unclear", "/alarms", alarms);
    let missing = unclear.alarms.values().next().map(|alarm| alarm.missing.clone());
    assert_eq!(missing, Some(vec![MissingDetail::PreviousState, MissingDetail::Other]));
}

#[test]
fn does_an_incident_with_an_unknown_end_or_refusal_keep_it() {
    for unknown in [json!({"kind": "comet", "size": 3}), json!("comet")] {
        let mut recovered = json!(incident("recovered"));
        recovered["end"] = unknown.clone();
        let read: Incident = serde_json::from_value(recovered).expect("it is read");
        assert!(matches!(read.end, Some(IncidentEnd::Earlier { .. })), "{:?}", read.end);
        let refused = changed("start-refused", "/starts/0/refusal/cause", unknown);
        let (_, refusal) = refused.last_refused().expect("the refusal stays");
        assert!(matches!(refusal.cause, RefusalCause::Earlier { .. }), "{:?}", refusal.cause);
        assert_eq!(refused.waits_until(), incident("start-refused").waits_until());
    }
    let named = changed("recovered", "/end", json!({"kind": "comet"}));
    assert!(named.end.expect("it is closed").to_string().contains("`comet`"));
}
