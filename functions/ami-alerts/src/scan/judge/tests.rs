//! The judgement against a model: look-ups, trusted grantees and failing emails in random order.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

const TRUSTED: &str = "777788889999";

fn trusted() -> Trusted {
    Trusted { accounts: BTreeSet::from([TRUSTED.to_owned()]), ..Trusted::default() }
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn judged<'a>(
    memory: &'a ResourceMemory,
    grantees: Option<&'a [Grantee]>,
    trusted: &'a Trusted,
    minutes: i64,
) -> JudgedResource<'a> {
    JudgedResource {
        memory: Some(memory),
        grantees,
        is_partial: false,
        is_gone: false,
        own: "111122223333",
        rule: None,
        trusted,
        is_uncertain: false,
        at: at(minutes),
    }
}

/// Judges and remembers, as a scan whose email is sent.
fn scan(memory: &mut ResourceMemory, grantees: &[&str], minutes: i64) -> ResourceJudgement {
    let grantees: Vec<Grantee> = grantees.iter().map(|name| Grantee::of(name)).collect();
    let judgement = judged(memory, Some(&grantees), &trusted(), minutes).judge();
    let changes = judgement.changes.iter().chain(&judgement.after_email);
    changes.for_each(|change| memory.apply(change));
    judgement
}

#[test]
fn does_an_email_state_everything_that_is_open() {
    let mut memory = ResourceMemory::default();
    scan(&mut memory, &["all"], 0);
    let judgement = scan(&mut memory, &["all", "444455556666"], 60);
    let news: Vec<(Severity, News)> = judgement.open.iter().map(|open| (open.severity, open.news)).collect();
    assert_eq!(news, [(Severity::Critical, News::Reminder), (Severity::High, News::New)]);
}

#[test]
fn is_lost_access_found_only_15_minutes_after_the_last_proof() {
    let mut memory = ResourceMemory::default();
    scan(&mut memory, &[TRUSTED], 0);
    assert_eq!(scan(&mut memory, &[], 14).open, []);
    let lost = scan(&mut memory, &[], 15).open;
    assert_eq!((lost.len(), lost[0].class), (1, FindingClass::Lost));
    assert_eq!(scan(&mut memory, &[TRUSTED], 100).ended.len(), 1);
}

#[test]
fn is_lost_access_that_a_record_shows_emailed_as_the_record_has_it() {
    let mut memory = ResourceMemory::default();
    scan(&mut memory, &[TRUSTED], 0);
    let moment = ProvenTime::recorded(at(5), Some("e-1"), "alice");
    let grantees = vec![Grantee::of(TRUSTED)];
    memory.apply(&MemoryChange::Removed { grantees, are_trusted: true, moment: moment.clone() });
    let judgement = scan(&mut memory, &[], 100);
    let opened: Vec<_> = judgement.open.iter().map(|open| (open.class, open.opened.clone())).collect();
    assert_eq!(opened, [(FindingClass::Lost, Some(moment))]);
}

#[test]
fn is_an_end_reported_although_the_finding_opened_again() {
    let mut memory = ResourceMemory::default();
    scan(&mut memory, &["all"], 0);
    let record = |minutes, event| ProvenTime::recorded(at(minutes), Some(event), "bob");
    let grantees = vec![Grantee::Everyone];
    let (removed, granted) = (record(60, "e-1"), record(120, "e-2"));
    memory.apply(&MemoryChange::Removed { grantees: grantees.clone(), are_trusted: false, moment: removed });
    memory.apply(&MemoryChange::Granted { grantees, class: Some(FindingClass::Exposed), moment: granted });
    let judgement = scan(&mut memory, &["all"], 1_000);
    assert_eq!((judgement.ended.len(), judgement.open.len()), (1, 1));
    assert_eq!(memory.open().count(), 1, "{memory:#?}");
    assert_eq!(scan(&mut memory, &["all"], 1_001).ended, []);
}

#[test]
fn does_a_look_up_of_a_part_close_nothing() {
    let mut memory = ResourceMemory::default();
    scan(&mut memory, &["all", "444455556666"], 0);
    let (everyone, trusted) = ([Grantee::Everyone], trusted());
    let partial = JudgedResource { is_partial: true, ..judged(&memory, Some(&everyone), &trusted, 1_000) };
    let unread = judged(&memory, None, &trusted, 1_000);
    let unremembered = JudgedResource { memory: None, ..judged(&memory, Some(&everyone), &trusted, 1_000) };
    for judged in [partial, unread, unremembered] {
        let judgement = judged.judge();
        assert_eq!((judgement.ended.len(), judgement.ended_silently.len()), (0, 0), "{judged:?}");
    }
}

#[test]
fn does_an_unknown_membership_neither_end_nor_lose_anything() {
    let mut memory = ResourceMemory::default();
    scan(&mut memory, &[TRUSTED], 0);
    scan(&mut memory, &[], 60);
    let unproven = Trusted { unproven: BTreeSet::from([TRUSTED.to_owned()]), ..Trusted::default() };
    let judgement = judged(&memory, Some(&[]), &unproven, 1_000).judge();
    assert_eq!((judgement.ended.len(), judgement.open.len()), (0, 1));
}

fn rules(text: &str) -> crate::rules::Rules {
    crate::rules::read(&shared::config::Document::new("pointsman.toml", text), &mut Vec::new())
}

#[test]
fn is_an_expected_share_a_finding_once_its_actor_is_not_trusted() {
    let mut memory = ResourceMemory::default();
    let by = |name: &str| {
        ProvenTime::recorded(at(0), Some("e-1"), name).expected_as(Some(&format!("role/{name}")))
    };
    let grantees = vec![Grantee::of("444455556666")];
    let (class, moment) = (Some(FindingClass::Expected), by("Sharer"));
    memory.apply(&MemoryChange::Granted { grantees: grantees.clone(), class, moment: moment.clone() });
    let no_one = Trusted::default();
    let judge = |memory: &ResourceMemory, text: &str| {
        let rules = rules(text);
        JudgedResource { rule: rules.images.first(), ..judged(memory, Some(&grantees), &no_one, 100) }.judge()
    };
    let trusted = "[[image-alert]]\ntrusted-actors = [\"role/Sharer\"]\n";
    let open = judge(&memory, trusted).open;
    assert_eq!((open[0].class, open[0].news), (FindingClass::Expected, News::Expected));
    for text in ["", "[[image-alert]]\n", "[[image-alert]]\ntrusted-actors = [\"role/Other\"]\n"] {
        let mut memory = memory.clone();
        let judgement = judge(&memory, text);
        let open = &judgement.open[0];
        assert_eq!(
            (open.class, open.news, open.opened.as_ref()),
            (FindingClass::Exposed, News::New, Some(&moment))
        );
        let changes = judgement.changes.iter().chain(&judgement.after_email);
        changes.for_each(|change| memory.apply(change));
        let again = judge(&memory, text).open;
        assert_eq!((again[0].class, again[0].news), (FindingClass::Exposed, News::Reported), "{memory:#?}");
    }
}

const NAMES: [&str; 4] = ["all", "444455556666", "999988887777", TRUSTED];

/// A step: which grantees have access, the minutes since the step before, whether the email is sent, what is read.
fn step() -> impl Strategy<Value = (BTreeSet<usize>, i64, bool, u8)> {
    (proptest::collection::btree_set(0..NAMES.len(), 0..=NAMES.len()), 1..3_000i64, any::<bool>(), 0..6u8)
}

proptest! {
    #[test]
    fn is_nothing_critical_unsaid_and_no_end_false(steps in proptest::collection::vec(step(), 1..20)) {
        let (mut memory, trusted, mut now) = (ResourceMemory::default(), trusted(), 0);
        for (names, minutes, is_sent, read) in steps {
            now += minutes;
            let grantees: Vec<Grantee> = names.iter().map(|at| Grantee::of(NAMES[*at])).collect();
            let everything = read > 1;
            let seen = match read {
                0 => None,
                1 => Some(&grantees[..grantees.len().min(1)]),
                _ => Some(&grantees[..]),
            };
            let judged = JudgedResource { is_partial: read == 1, ..judged(&memory, seen, &trusted, now) };
            let judgement = judged.judge();
            for ended in judgement.ended.iter().chain(&judgement.ended_silently) {
                let is_access = ended.class == FindingClass::Exposed;
                for grantee in ended.grantees.iter().filter(|_| ended.closed.at == at(now)) {
                    prop_assert_eq!(grantees.contains(grantee), !is_access, "{:?}", ended);
                }
            }
            let after = judgement.after_email.iter().filter(|_| is_sent);
            let changes: Vec<MemoryChange> = judgement.changes.iter().chain(after).cloned().collect();
            changes.iter().for_each(|change| memory.apply(change));
            if !everything || !is_sent {
                continue;
            }
            for grantee in grantees.iter().filter(|grantee| !trusted.includes(grantee)) {
                let is_known = |finding: &&RememberedFinding| {
                    let severity = Exposure::of(grantee, None, &trusted).severity();
                    finding.grantee == *grantee && finding.history.reported.is_some_and(|told| told.severity >= severity)
                };
                prop_assert!(memory.open().any(|finding| is_known(&finding)), "{grantee}: {memory:#?}");
            }
            for finding in &memory.findings {
                let history = &finding.history;
                let is_settling = history.confirmed.is_some_and(|last| at(now).duration_since(last) < SETTLING);
                let is_access = finding.class == FindingClass::Exposed;
                let is_true = grantees.contains(&finding.grantee) == is_access;
                prop_assert!(!finding.is_open() || is_true || is_settling, "{finding:#?}");
                let is_said = history.is_end_reported || history.reported.is_none();
                prop_assert!(finding.is_open() || is_said, "{finding:#?}");
            }
        }
    }
}
