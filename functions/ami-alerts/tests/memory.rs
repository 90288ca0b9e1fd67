//! The memory of an image: which findings follow from records in any order, from look-ups and from emails, and its item's size.

use ami_alerts::grantee::Grantee;
use ami_alerts::memory::update::MemoryChange;
use ami_alerts::memory::{FindingClass, Proof, ProvenTime, ResourceMemory, SETTLING, SeenGrantees};
use ami_alerts::severity::Severity;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const BEGIN: &str = "2026-03-02T10:00:00Z";

fn at(seconds: i64) -> Timestamp {
    BEGIN.parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(seconds)
}

fn minutes(minutes: i64) -> Timestamp {
    at(minutes * 60)
}

fn record(at: Timestamp, id: &str) -> ProvenTime {
    ProvenTime::recorded(at, Some(id), "alice")
}

fn granted(moment: ProvenTime) -> MemoryChange {
    MemoryChange::Granted { grantees: everyone(), class: Some(FindingClass::Exposed), moment }
}

fn removed(moment: ProvenTime) -> MemoryChange {
    MemoryChange::Removed { grantees: everyone(), are_trusted: false, moment }
}

fn opened(at: Timestamp) -> MemoryChange {
    MemoryChange::Opened {
        class: FindingClass::Exposed,
        grantees: everyone(),
        moment: ProvenTime::looked_up(at),
    }
}

fn ended(at: Timestamp) -> MemoryChange {
    MemoryChange::Ended {
        class: FindingClass::Exposed,
        grantees: everyone(),
        moment: ProvenTime::looked_up(at),
    }
}

fn reported(severity: Severity, at: Timestamp) -> MemoryChange {
    MemoryChange::Reported { class: FindingClass::Exposed, grantees: everyone(), severity, at }
}

fn everyone() -> Vec<Grantee> {
    vec![Grantee::Everyone]
}

fn after(changes: &[MemoryChange]) -> ResourceMemory {
    let mut memory = ResourceMemory::default();
    changes.iter().for_each(|change| memory.apply(change));
    memory
}

/// The findings as spans of minutes: `0-47 open`.
fn spans(memory: &ResourceMemory) -> Vec<String> {
    let mut spans: Vec<String> = memory.findings.iter().map(span).collect();
    spans.sort();
    spans
}

fn span(finding: &ami_alerts::memory::RememberedFinding) -> String {
    let minute = |moment: &Option<ProvenTime>| {
        moment
            .as_ref()
            .map_or(String::new(), |moment| (moment.at.duration_since(minutes(0)).as_secs() / 60).to_string())
    };
    format!("{:?} {}-{}", finding.class, minute(&finding.history.opened), minute(&finding.history.closed))
}

#[test]
fn does_a_late_record_have_its_place_in_time() {
    let (grant, removal) = (granted(record(minutes(0), "e-1")), removed(record(minutes(47), "e-2")));
    for changes in [[grant.clone(), removal.clone()], [removal.clone(), grant.clone()]] {
        let memory = after(&changes);
        assert_eq!(spans(&memory), ["Exposed 0-47"]);
        assert_eq!(memory.findings[0].history.records, ["e-1", "e-2"]);
    }
    // The removal of the first grant arrives after the second grant.
    let again = granted(record(minutes(60), "e-3"));
    assert_eq!(spans(&after(&[grant, again, removal])), ["Exposed 0-47", "Exposed 60-"]);
}

#[test]
fn does_a_repeated_record_change_nothing() {
    let changes = [
        granted(record(minutes(0), "e-1")),
        removed(record(minutes(47), "e-2")),
        granted(record(minutes(60), "e-3")),
    ];
    let memory = after(&changes);
    for change in &changes {
        let mut again = memory.clone();
        again.apply(change);
        assert_eq!(again, memory);
    }
}

#[test]
fn does_a_grant_count_as_later_than_a_removal_of_the_same_second() {
    let (grant, removal) = (granted(record(minutes(5), "e-1")), removed(record(minutes(5), "e-2")));
    for changes in [[grant.clone(), removal.clone()], [removal, grant]] {
        assert_eq!(spans(&after(&changes)), ["Exposed 5-"]);
    }
}

#[test]
fn does_an_own_revert_follow_the_grant_of_the_same_second() {
    let own = ProvenTime { at: minutes(0), proof: Proof::OwnCall { event: Some("e-1".into()) } };
    assert_eq!(spans(&after(&[granted(record(minutes(0), "e-1")), removed(own)])), ["Exposed 0-0"]);
}

#[test]
fn does_a_look_up_end_only_what_it_can_know() {
    let settling = SETTLING.as_secs() / 60;
    let grant = granted(record(minutes(0), "e-1"));
    assert_eq!(spans(&after(&[grant.clone(), ended(minutes(settling))])), ["Exposed 0-15"]);
    assert_eq!(spans(&after(&[grant.clone(), ended(minutes(settling - 1))])), ["Exposed 0-"]);
    // The grant of minute 14 arrives after the look-up of minute 15, which may not have shown it.
    let late = granted(record(minutes(settling - 1), "e-2"));
    assert_eq!(spans(&after(&[grant, ended(minutes(settling)), late])), ["Exposed 0-"]);
}

#[test]
fn does_a_record_prove_the_time_that_a_look_up_only_bounds() {
    let (grant, removal) = (granted(record(minutes(0), "e-1")), removed(record(minutes(47), "e-2")));
    let memory = after(&[
        opened(minutes(30)),
        reported(Severity::Critical, minutes(30)),
        grant,
        ended(minutes(90)),
        removal,
    ]);
    assert_eq!(spans(&memory), ["Exposed 0-47"]);
    let history = &memory.findings[0].history;
    assert!(history.reported.is_some_and(|reported| reported.severity == Severity::Critical));
    assert_eq!(history.closed, Some(record(minutes(47), "e-2")));
}

#[test]
fn is_a_trusted_grantee_lost_until_it_is_granted_access_again() {
    let trusted = vec![Grantee::of("444455556666")];
    let removal = MemoryChange::Removed {
        grantees: trusted.clone(),
        are_trusted: true,
        moment: record(minutes(3), "e-1"),
    };
    let grant =
        MemoryChange::Granted { grantees: trusted.clone(), class: None, moment: record(minutes(9), "e-2") };
    for changes in [[removal.clone(), grant.clone()], [grant.clone(), removal.clone()]] {
        assert_eq!(spans(&after(&changes)), ["Lost 3-9"]);
    }
    assert_eq!(spans(&after(&[removal])), ["Lost 3-"]);
}

#[test]
fn does_a_reset_end_what_was_granted_before_it_whenever_that_is_known() {
    let reset = MemoryChange::Reset { moment: record(minutes(20), "e-9") };
    let grant = granted(record(minutes(0), "e-1"));
    let later = granted(record(minutes(30), "e-3"));
    let memory = after(&[grant.clone(), reset.clone(), later.clone()]);
    assert_eq!(spans(&memory), ["Exposed 0-20", "Exposed 30-"]);
    assert_eq!(spans(&after(&[reset, later, grant])), spans(&memory));
}

#[test]
fn is_what_was_reported_kept_with_each_part_of_a_finding() {
    let grant = granted(record(minutes(0), "e-1"));
    let again = granted(record(minutes(60), "e-3"));
    let removal = removed(record(minutes(47), "e-2"));
    let memory = after(&[grant, again, reported(Severity::Critical, minutes(61)), removal]);
    assert!(memory.findings.iter().all(|finding| finding.history.reported.is_some()), "{memory:?}");
    // A low email after a critical one lowers nothing.
    let mut memory = memory;
    memory.apply(&reported(Severity::Low, minutes(70)));
    let open = memory.open().next().unwrap().history.reported.unwrap();
    assert_eq!((open.severity, open.emails), (Severity::Critical, 2));
}

#[test]
fn is_the_end_that_an_email_reported_known_by_its_moment() {
    let end = record(minutes(47), "e-2");
    let changes = |closed| {
        [
            granted(record(minutes(0), "e-1")),
            removed(end.clone()),
            MemoryChange::EndReported { class: FindingClass::Exposed, grantees: everyone(), closed },
        ]
    };
    assert!(after(&changes(Some(end.clone()))).findings[0].history.is_end_reported);
    assert!(!after(&changes(Some(record(minutes(40), "e-4")))).findings[0].history.is_end_reported);
    assert!(after(&changes(None)).findings[0].history.is_end_reported);
}

#[test]
fn is_each_use_of_a_snapshot_a_finding_and_the_same_record_none() {
    let used = |id: &str| MemoryChange::Opened {
        class: FindingClass::Used,
        grantees: vec![Grantee::of("444455556666")],
        moment: record(minutes(1), id),
    };
    assert_eq!(after(&[used("e-1"), used("e-2"), used("e-1")]).findings.len(), 2);
}

#[test]
fn who_had_access_before_a_time() {
    let account = |id: u64| Grantee::of(&id.to_string());
    let (one, two, three) = (account(111111111111), account(222222222222), account(333333333333));
    let seen = MemoryChange::Seen(SeenGrantees { at: minutes(60), grantees: vec![one.clone(), two.clone()] });
    let change = |grantee: &Grantee, is_grant, minute, id| {
        let (grantees, moment) = (vec![grantee.clone()], record(minutes(minute), id));
        match is_grant {
            true => MemoryChange::Granted { grantees, class: None, moment },
            false => MemoryChange::Removed { grantees, are_trusted: true, moment },
        }
    };
    // The look-up may not have shown the removal of minute 55, and the grant of minute 5 is older than it.
    let memory = after(&[seen, change(&two, false, 55, "e-1"), change(&three, true, 5, "e-2")]);
    assert_eq!(memory.access_before(minutes(70)), [one].into());
    // Before the look-up only records count.
    assert_eq!(memory.access_before(minutes(50)), [three].into());
}

/// The size of an item, as DynamoDB counts it ("DynamoDB item sizes and formats", Amazon DynamoDB Developer Guide): names and
/// strings in UTF-8, numbers by their digits, a byte for each value of a list or map and three for the list or map.
fn dynamodb_bytes(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.to_string().len() / 2 + 2,
        Value::String(text) => text.len(),
        Value::Array(items) => 3 + items.iter().map(|item| 1 + dynamodb_bytes(item)).sum::<usize>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| 1 + name.len() + dynamodb_bytes(value);
            3 + members.iter().map(member).sum::<usize>()
        }
    }
}

#[test]
fn do_ten_thousand_grantees_fit_into_an_item() {
    let grantees: Vec<Grantee> =
        (0..10_000u64).map(|n| Grantee::of(&format!("{}", 400_000_000_000 + n * 7))).collect();
    let mut memory = ResourceMemory::default();
    for turn in 0..6 {
        let (begin, end) = (record(minutes(turn * 60), &format!("grant-{turn}")), minutes(turn * 60 + 20));
        let (class, at) = (FindingClass::Exposed, end);
        memory.apply(&MemoryChange::Granted {
            grantees: grantees.clone(),
            class: Some(class),
            moment: begin,
        });
        let severity = Severity::High;
        memory.apply(&MemoryChange::Reported { class, grantees: grantees.clone(), severity, at });
        memory.apply(&MemoryChange::Seen(SeenGrantees { at, grantees: grantees.clone() }));
        if turn < 5 {
            let moment = record(end, &format!("removal-{turn}"));
            memory.apply(&MemoryChange::Removed { grantees: grantees.clone(), are_trusted: false, moment });
        }
        memory.fit();
        let bytes = dynamodb_bytes(&serde_json::to_value(&memory).unwrap());
        assert!(bytes < 400_000, "turn {turn}: {bytes} bytes");
    }
    assert_eq!(memory.open().count(), 10_000);
}

#[test]
fn does_a_memory_that_is_too_large_keep_what_is_open() {
    let mut memory = ResourceMemory::default();
    for n in 0..1_500u64 {
        let grantees = vec![Grantee::of(&format!("{}", 400_000_000_000 + n))];
        let moment = record(at(n as i64 * 100), &format!("00000000-0000-4000-8000-{n:012}"));
        memory.apply(&MemoryChange::Granted {
            grantees: grantees.clone(),
            class: Some(FindingClass::Exposed),
            moment,
        });
        if n % 2 == 0 {
            let moment = record(at(n as i64 * 100 + 50), &format!("10000000-0000-4000-8000-{n:012}"));
            memory.apply(&MemoryChange::Removed { grantees, are_trusted: false, moment });
        }
    }
    let open = memory.open().count();
    memory.fit();
    assert_eq!(memory.open().count(), open);
    assert!(dynamodb_bytes(&serde_json::to_value(&memory).unwrap()) < 400_000);
}

#[test]
fn do_ten_thousand_calls_fit_into_an_item_and_is_the_public_finding_kept() {
    let mut memory = after(&[granted(record(at(0), "first"))]);
    let (class, user) = (FindingClass::Used, Grantee::Account("444455556666".to_owned()));
    for n in 0..5_000 {
        let moment = record(at(n), &format!("20000000-0000-4000-8000-{n:012}"));
        memory.apply(&MemoryChange::Opened { class, grantees: vec![user.clone()], moment });
    }
    memory.fit();
    for n in 0..5_000u64 {
        let grantees = vec![Grantee::Account(format!("{}", 500_000_000_000 + n))];
        let moment = record(at(6_000 + n as i64), &format!("00000000-0000-4000-8000-{n:012}"));
        memory.apply(&MemoryChange::Granted { grantees, class: Some(FindingClass::Exposed), moment });
        if n % 1_000 == 999 {
            memory.fit();
            assert!(dynamodb_bytes(&serde_json::to_value(&memory).unwrap()) < 400_000, "{n}");
        }
    }
    let opened = |grantee: &Grantee| {
        memory
            .open()
            .find(|finding| finding.grantee == *grantee)
            .map(|finding| finding.history.opened.clone())
    };
    assert_eq!(opened(&Grantee::Everyone), Some(Some(record(at(0), "first"))));
    assert!(opened(&Grantee::Account("500000004999".to_owned())).is_some());
}

/// What happens to one grantee: grants and removals in time, most of them seconds to minutes apart.
fn truth() -> impl Strategy<Value = Vec<(i64, bool)>> {
    prop::collection::vec((0..2_000i64, any::<bool>()), 1..12).prop_map(|steps| {
        let mut now = 0;
        steps
            .into_iter()
            .map(|(step, is_grant)| {
                now += if step < 400 { 0 } else { step };
                (now, is_grant)
            })
            .collect()
    })
}

fn changes_of(truth: &[(i64, bool)]) -> Vec<MemoryChange> {
    let change = |(n, (seconds, is_grant)): (usize, &(i64, bool))| {
        let moment = record(at(*seconds), &format!("e-{n}"));
        if *is_grant { granted(moment) } else { removed(moment) }
    };
    truth.iter().enumerate().map(change).collect()
}

/// Whether the grantee may have access in the end: of changes in the same second, any can be the last.
fn may_have_access(truth: &[(i64, bool)]) -> bool {
    let last = truth.last().map(|(seconds, _)| *seconds);
    truth.iter().any(|(seconds, is_grant)| Some(*seconds) == last && *is_grant)
}

proptest! {
    #[test]
    fn do_records_in_any_order_give_the_same_findings(
        (truth, order) in truth().prop_flat_map(|truth| {
            let each: Vec<usize> = (0..truth.len()).chain(0..truth.len()).collect();
            (Just(truth), Just(each).prop_shuffle())
        }),
    ) {
        let changes = changes_of(&truth);
        let punctual = after(&changes);
        let shuffled: Vec<MemoryChange> = order.iter().map(|at| changes[*at].clone()).collect();
        prop_assert_eq!(spans(&after(&shuffled)), spans(&punctual));
        prop_assert_eq!(punctual.open().next().is_some(), may_have_access(&truth));
    }

    #[test]
    fn does_a_scan_after_lost_records_know_what_is_open(
        (truth, kept) in truth().prop_flat_map(|truth| {
            let count = truth.len();
            (Just(truth), prop::collection::vec(any::<bool>(), count))
        }),
    ) {
        let changes = changes_of(&truth).into_iter().zip(&kept).filter(|(_, kept)| **kept);
        let mut memory = after(&changes.map(|(change, _)| change).collect::<Vec<_>>());
        let (last, has_access) = truth.last().copied().unwrap();
        let scan = at(last) + SETTLING;
        memory.apply(&if has_access { opened(scan) } else { ended(scan) });
        prop_assert_eq!(memory.open().next().is_some(), has_access);
    }

    #[test]
    fn does_a_memory_survive_its_stored_form(
        steps in prop::collection::vec((0..6u8, 0..5u64, 0..100i64), 0..40),
    ) {
        let mut memory = ResourceMemory::default();
        for (n, (kind, who, minute)) in steps.into_iter().enumerate() {
            let grantees: Vec<Grantee> = (0..=who).map(|n| Grantee::of(&format!("{}", 100_000_000_000 + n))).collect();
            let (class, moment) = (FindingClass::Exposed, record(minutes(minute), &format!("e-{n}")));
            memory.apply(&match kind {
                0 => MemoryChange::Granted { grantees, class: Some(class), moment },
                1 => MemoryChange::Removed { grantees, are_trusted: true, moment },
                2 => MemoryChange::Reset { moment },
                3 => MemoryChange::Opened { class: FindingClass::Used, grantees, moment },
                4 => MemoryChange::Seen(SeenGrantees { at: minutes(minute), grantees }),
                _ => MemoryChange::Reported { class, grantees, severity: Severity::High, at: minutes(minute) },
            });
        }
        let json = serde_json::to_string(&memory).unwrap();
        let mut again: ResourceMemory = serde_json::from_str(&json).unwrap();
        let key = |finding: &ami_alerts::memory::RememberedFinding| format!("{finding:?}");
        again.findings.sort_by_key(key);
        memory.findings.sort_by_key(key);
        prop_assert_eq!(again, memory);
    }
}

#[test]
fn do_many_uses_of_a_snapshot_fit_into_an_item() {
    let mut memory = ResourceMemory::default();
    let used = |second: i64| {
        let moment = ProvenTime::recorded(at(second), Some(&format!("e-{second}")), "account 444455556666");
        let (class, grantees) = (FindingClass::Used, vec![Grantee::of("444455556666")]);
        MemoryChange::Opened { class, grantees, moment }
    };
    (0..2_000).rev().chain(0..2_000).for_each(|second| memory.apply(&used(second)));
    let last =
        memory.findings.iter().filter_map(|finding| finding.history.opened.as_ref()).map(|opened| opened.at);
    assert_eq!((memory.findings.len(), last.min()), (500, Some(at(1_500))));
}

#[test]
fn does_each_account_of_a_usage_report_have_a_finding() {
    let accounts: Vec<Grantee> = ["444455556666", "999988887777"].map(Grantee::of).into();
    let used = MemoryChange::Opened {
        class: FindingClass::Used,
        grantees: accounts,
        moment: ProvenTime::looked_up(at(0)),
    };
    assert_eq!(after(&[used.clone(), used]).findings.len(), 2);
}
