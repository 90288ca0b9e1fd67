//! Findings in AWS Security Finding Format: limits, ids, and what is imported when.

use super::*;
use crate::memory::{FindingHistory, ProvenTime};

const IMAGE: &str = "ami-0123456789abcdef0";

fn home() -> Home {
    Home { partition: "aws".into(), region: "us-east-1".into(), account: "111122223333".into() }
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn record(day: i64, actor: &str) -> ProvenTime {
    ProvenTime::recorded(at(day), Some("5b1d"), actor)
}

fn finding(class: FindingClass, grantee: &str, actor: &str) -> RememberedFinding {
    let history = FindingHistory {
        opened: Some(record(100, actor)),
        confirmed: Some(at(100)),
        ..FindingHistory::default()
    };
    RememberedFinding { class, grantee: Grantee::of(grantee), history }
}

fn memory(findings: Vec<RememberedFinding>) -> ResourceMemory {
    ResourceMemory { findings, ..ResourceMemory::default() }
}

fn due_on(memory: &ResourceMemory, day: i64) -> Vec<HubFinding> {
    due(memory, IMAGE, "us-east-1", &home(), at(day))
}

/// Imports what is due, as the function does it.
fn import(memory: &mut ResourceMemory, day: i64) -> Vec<HubFinding> {
    let findings = due_on(memory, day);
    for batch in FindingsImport::batches("us-east-1", findings.clone()) {
        for update in batch.updates(&[], &home(), at(day)) {
            update.changes.iter().for_each(|change| memory.apply(change));
        }
    }
    findings
}

fn accounts(number: usize) -> Vec<RememberedFinding> {
    let of = |nth: usize| finding(FindingClass::Exposed, &format!("{nth:012}"), "alice");
    (0..number).map(of).collect()
}

#[test]
fn a_finding_names_its_resource_grantee_record_and_actor() {
    let found = due_on(&memory(vec![finding(FindingClass::Exposed, "all", "alice")]), 100);
    let [only] = &found[..] else { panic!("{found:?}") };
    assert_eq!(only.id, format!("111122223333/us-east-1/{IMAGE}/exposed/all"));
    assert_eq!(only.title, format!("AMI {IMAGE} is public"));
    assert_eq!((only.severity, only.is_archived), (Severity::Critical, false));
    assert!(only.description.contains("by alice (CloudTrail event 5b1d)"), "{}", only.description);
    assert_eq!(only.fields["pointsman/opened-event-id"], "5b1d");
    assert_eq!(only.fields["pointsman/opened-by"], "alice");
}

#[test]
fn no_text_of_an_event_breaks_a_limit_or_shows_a_key() {
    let hostile = format!("AKIAIOSFODNN7EXAMPLE\u{202e}\n\0{}", "\u{1f600}x".repeat(5_000));
    let mut long = finding(FindingClass::Exposed, &hostile, &hostile);
    long.history.closed = Some(record(101, &hostile));
    let mut memory = memory(vec![finding(FindingClass::Lost, &hostile, &hostile), long]);
    for finding in import(&mut memory, 101) {
        let HubFinding { id, title, description, fields, .. } = &finding;
        assert!(id.chars().count() <= 512 && title.chars().count() <= 256, "{finding:?}");
        assert!(description.chars().count() <= 1_024, "{finding:?}");
        assert!(fields.iter().all(|(name, value)| name.len() <= 128 && value.chars().count() <= 2_048));
        for text in [id, title, description].into_iter().chain(fields.values()) {
            assert!(!text.contains(['\u{202e}', '\n', '\0']), "{text}");
            assert!(!text.contains("AKIAIOSFODNN7EXAMPLE"), "{text}");
        }
    }
    assert!(import(&mut memory, 102).is_empty(), "the ids of long names are the same each time");
}

#[test]
fn ten_thousand_grantees_are_fifty_findings_and_one_of_the_others() {
    let mut findings = accounts(10_000);
    findings.push(finding(FindingClass::Exposed, "all", "alice"));
    let mut memory = memory(findings);
    let found = import(&mut memory, 100);
    assert_eq!(found.len(), OWN_FINDINGS + 1);
    let others = found.iter().find(|finding| finding.id.ends_with("/exposed/others")).unwrap();
    assert!(others.title.contains("9951 further grantees"), "{}", others.title);
    assert!(found.iter().any(|finding| finding.id.ends_with("/exposed/all")), "the public has its own");
    assert!(FindingsImport::batches("us-east-1", found).iter().all(|batch| batch.findings.len() <= BATCH));
    assert!(import(&mut memory, 101).is_empty());
}

#[test]
fn a_grantee_keeps_its_id_when_others_come_and_go() {
    let mut memory = memory(accounts(60));
    let of_first = |found: &[HubFinding]| found.iter().any(|finding| finding.id.ends_with("/000000000010"));
    assert!(of_first(&import(&mut memory, 100)));
    memory.findings.drain(..10);
    memory.findings.iter_mut().for_each(|finding| finding.history.closed = Some(record(102, "bob")));
    let closed = import(&mut memory, 102);
    assert!(of_first(&closed) && closed.iter().all(|finding| finding.is_archived), "{closed:?}");
}

#[test]
fn a_finding_is_archived_at_its_end_and_active_again_when_it_opens_again() {
    let mut memory = memory(vec![finding(FindingClass::Exposed, "all", "alice")]);
    import(&mut memory, 100);
    memory.findings[0].history.closed = Some(record(101, "bob"));
    let [closed] = &import(&mut memory, 101)[..] else { panic!("it has ended") };
    assert!(closed.is_archived && closed.title.contains("was public"), "{closed:?}");
    assert!(closed.description.contains("by bob"), "{}", closed.description);
    let mut again = finding(FindingClass::Exposed, "all", "carol");
    again.history.opened = Some(record(110, "carol"));
    memory.findings.push(again);
    let [opened] = &import(&mut memory, 110)[..] else { panic!("it is open again") };
    assert_eq!((opened.is_archived, &opened.id), (false, &closed.id));
}

#[test]
fn an_open_finding_is_imported_again_before_security_hub_deletes_it() {
    let mut memory = memory(vec![finding(FindingClass::Exposed, "all", "alice")]);
    import(&mut memory, 100);
    assert!(due_on(&memory, 129).is_empty());
    assert_eq!(due_on(&memory, 130).len(), 1);
}

#[test]
fn what_ended_long_ago_and_what_a_trusted_actor_shared_is_not_imported() {
    let mut ended = finding(FindingClass::Exposed, "all", "alice");
    ended.history.closed = Some(record(100, "bob"));
    let memory = memory(vec![ended, finding(FindingClass::Expected, "444455556666", "alice")]);
    assert_eq!(due_on(&memory, 100).len(), 1, "a revert ended it within the invocation");
    assert!(due_on(&memory, 101).is_empty());
}

#[test]
fn a_finding_that_security_hub_refused_is_due_again() {
    let memory = memory(accounts(2));
    let mut after = memory.clone();
    let found = due_on(&memory, 100);
    let refused = found[0].id.clone();
    for batch in FindingsImport::batches("us-east-1", found) {
        for update in batch.updates(&[&refused], &home(), at(100)) {
            update.changes.iter().for_each(|change| after.apply(change));
        }
    }
    let again: Vec<String> = due_on(&after, 101).into_iter().map(|finding| finding.id).collect();
    assert_eq!(again, [refused]);
}
