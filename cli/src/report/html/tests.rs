use dr_failover::incident::Incident;
use serde_json::{Value, json};

use super::html;
use crate::report::text;

/// A drill that was cleaned up.
fn drill() -> Value {
    json!({
        "id": "shop-20260302T100020Z-934d414a", "version": 9, "format": 2, "plan": "shop",
        "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-0a1b2c3d4e5f60718",
        "opened": "2026-03-02T10:00:20Z", "ended": "2026-03-02T10:41:00Z", "finished": "2026-03-02T10:10:50Z",
        "drilled-by": "Ana", "phase": "drilled", "mode": "DRILL", "alarms": {},
        "end": {"kind": "completed", "launched": 2, "servers": 2},
        "starts": [{
            "start": {
                "token": "t", "at": "2026-03-02T10:02:20Z", "mode": "DRILL", "servers": 2,
                "snapshots": [
                    {"server": "s-0000000000000db01", "snapshot": "pit-1", "taken": "2026-03-02T09:58:00Z"},
                    {"server": "s-000000000000web01", "snapshot": "pit-2", "taken": "2026-03-02T09:55:00Z"},
                ],
            },
        }],
        "attempts": 1,
        "servers": {
            "s-0000000000000db01": {
                "critical": true, "step": "databases", "job": "drsjob-1", "status": "LAUNCHED",
                "instance": "i-0000000000db00001", "since": "2026-03-02T10:06:20Z",
            },
            "s-000000000000web01": {
                "critical": false, "step": "web servers", "job": "drsjob-2", "status": "LAUNCHED",
                "instance": "i-0000000000eb00002", "since": "2026-03-02T10:10:50Z",
            },
        },
        "hostnames": {"s-0000000000000db01": "db-1", "s-000000000000web01": "web-1"},
        "clean-up": {
            "by": "Ana", "round": 1, "proved": "2026-03-02T10:41:00Z",
            "found": [
                {"server": "s-0000000000000db01", "id": "i-0000000000db00001", "is-drill": true},
                {"server": "s-000000000000web01", "id": "i-0000000000eb00002", "is-drill": true},
            ],
        },
        "record": [
            {"at": "2026-03-02T10:00:20Z", "kind": "person", "what": "Ana asks for a drill"},
            {"at": "2026-03-02T10:00:20Z", "kind": "held", "what": "blocked: the TERMINATE job drsjob-0 is in progress for db-1"},
            {"at": "2026-03-02T10:02:20Z", "kind": "decided", "what": "no interlock blocks the recovery"},
            {"at": "2026-03-02T10:02:21Z", "kind": "started", "what": "the function started the execution"},
            {"at": "2026-03-02T10:10:50Z", "kind": "mail", "what": "email sent: DRILL PASSED: shop: 2 of 2 servers launched"},
            {"at": "2026-03-02T10:40:00Z", "kind": "person", "what": "Ana asks for the clean-up"},
            {"at": "2026-03-02T10:41:00Z", "kind": "ended", "what": "no instance of the drill remains"},
        ],
    })
}

fn incident(value: Value) -> Incident {
    serde_json::from_value(value).unwrap()
}

/// A recovery in two waves, which an operator approved, skipped a server of, and closed.
fn recovery() -> Value {
    serde_json::from_str(include_str!("recovery.json")).unwrap()
}

#[test]
fn what_does_the_page_of_a_recovery_show() {
    insta::assert_snapshot!(html(&incident(recovery())));
}

/// Who approved, each block with its duration, the readings, the waves, and what followed the launch.
#[test]
fn what_does_the_text_of_a_recovery_say() {
    insta::assert_snapshot!(text(&incident(recovery())));
}

#[test]
fn what_does_the_page_of_a_drill_show() {
    insta::assert_snapshot!(html(&incident(drill())));
}

#[test]
fn what_does_the_text_of_a_drill_say() {
    insta::assert_snapshot!(text(&incident(drill())));
}

#[test]
fn is_hostile_text_escaped() {
    const HOSTILE: &str = "</td><script>alert(1)</script>\"'&\u{202e}";
    let mut drill = drill();
    drill["hostnames"]["s-0000000000000db01"] = json!(HOSTILE);
    drill["id"] = json!(HOSTILE);
    drill["plan"] = json!(HOSTILE);
    drill["servers"]["s-0000000000000db01"]["instance"] = json!(HOSTILE);
    drill["servers"]["s-0000000000000db01"]["status"] = json!(HOSTILE);
    drill["clean-up"]["proved"] = json!(null);
    drill["clean-up"]["remaining"] =
        json!([{"server": "s-0000000000000db01", "id": HOSTILE, "is-drill": true}]);
    drill["end"] = json!({"kind": "earlier", "text": HOSTILE});
    drill["drilled-by"] = json!(HOSTILE);
    drill["approved-by"] = json!({"by": HOSTILE, "at": "2026-03-02T10:00:00Z", "version": 1});
    drill["closed-by"] = json!(HOSTILE);
    drill["waves"] = json!({"skipped": {HOSTILE: HOSTILE}, "waves": [{"name": HOSTILE, "within": "PT10M", "begun": null}]});
    for entry in drill["record"].as_array_mut().unwrap() {
        entry["what"] = json!(HOSTILE);
    }
    let page = html(&incident(drill));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
    // Each `<` of the page opens a tag or a declaration that the page itself has.
    let tags: std::collections::BTreeSet<&str> =
        page.split('<').skip(1).map(|rest| rest.split([' ', '>']).next().unwrap_or_default()).collect();
    assert!(!tags.contains("/script") && tags.contains("/svg"), "{tags:?}");
}

#[test]
fn does_a_drill_that_did_not_start_have_a_page() {
    let mut drill = drill();
    for member in ["starts", "servers", "clean-up", "record", "finished"] {
        drill.as_object_mut().unwrap().remove(member);
    }
    drill["phase"] = json!("aged-out");
    drill["end"] = json!({"kind": "drill-blocked"});
    let page = html(&incident(drill));
    assert!(page.contains("The drill did not start: an interlock blocks it"), "{page}");
    assert!(page.contains("No server was launched."), "{page}");
}
