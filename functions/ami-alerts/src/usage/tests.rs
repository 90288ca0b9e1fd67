//! When a usage report is due, its token, and its entries by account.

use super::*;
use crate::grantee::Grantee;
use crate::memory::{EmailedReports, FindingHistory, Proof, ProvenTime, UsageReportRequest};
use crate::severity::Severity;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn memory(opened: i64, closed: Option<i64>, report: Option<(i64, UsageStage)>) -> ResourceMemory {
    let moment = |day| ProvenTime { at: at(day), proof: Proof::LookUp };
    let history = FindingHistory {
        opened: Some(moment(opened)),
        closed: closed.map(moment),
        reported: Some(EmailedReports {
            severity: Severity::Critical,
            first: at(opened),
            last: at(opened),
            emails: 1,
        }),
        ..FindingHistory::default()
    };
    let finding = RememberedFinding { class: FindingClass::Exposed, grantee: Grantee::Everyone, history };
    let request =
        |(day, stage)| UsageReportRequest { id: "r".into(), at: at(day), stage, is_unknown_reported: false };
    ResourceMemory { findings: vec![finding], usage_report: report.map(request), ..ResourceMemory::default() }
}

#[test]
fn when_is_a_report_requested() {
    let requests = |memory, day| next_step(&memory, at(day)) == Some(UsageStep::Request);
    assert!(requests(memory(100, None, None), 100));
    assert!(requests(memory(100, Some(101), None), 101));
    assert!(!requests(memory(100, Some(101), None), 131), "the share ended 30 days ago");
    let read = |day| Some((day, UsageStage::Read));
    assert!(!requests(memory(100, None, read(100)), 102));
    assert!(requests(memory(100, None, read(100)), 103));
    assert!(!requests(memory(100, Some(105), read(103)), 107));
    assert!(requests(memory(100, Some(105), read(103)), 108));
    let concluded = |day| Some((day, UsageStage::Concluded));
    assert!(!requests(memory(100, Some(105), concluded(108)), 200));
    assert!(requests(memory(110, None, concluded(108)), 110), "shared again");
    assert_eq!(next_step(&ResourceMemory::default(), at(100)), None);
}

#[test]
fn an_exposure_that_no_email_reported_has_no_report() {
    let mut memory = memory(100, None, None);
    memory.findings[0].history.reported = None;
    assert_eq!(next_step(&memory, at(100)), None);
    memory.findings[0].history.is_end_reported = true;
    assert_eq!(next_step(&memory, at(100)), Some(UsageStep::Request));
}

#[test]
fn a_report_that_ec2_has_deleted_is_requested_again() {
    let requested = |day| memory(100, None, Some((day, UsageStage::Requested)));
    assert_eq!(next_step(&requested(100), at(129)), Some(UsageStep::Read { id: "r".into(), at: at(100) }));
    assert_eq!(next_step(&requested(100), at(130)), Some(UsageStep::Request));
}

#[test]
fn the_token_changes_only_after_a_report_is_remembered() {
    let token = |memory: ResourceMemory| {
        UsageCase { image: "ami-1".into(), memory, step: UsageStep::Request }
            .token("111122223333", "us-east-1")
    };
    assert_eq!(token(memory(100, None, None)), token(memory(100, None, None)));
    let read = memory(100, None, Some((100, UsageStage::Read)));
    assert_ne!(token(read), token(memory(100, None, None)));
    assert!(token(memory(100, None, None)).len() <= 64);
}

#[test]
fn the_entries_of_an_account_are_added_up_and_untrusted_accounts_come_first() {
    let entry = |account: &str, resource_type: &str, count| UsageEntry {
        account: account.into(),
        resource_type: resource_type.into(),
        count,
    };
    let entries = [
        entry("111122223333", "ec2:Instance", 2),
        entry("444455556666", "ec2:Instance", 1),
        entry("444455556666", "ec2:Instance", 2),
        entry("444455556666", "ec2:LaunchTemplate", 1),
        entry("777788889999", "ec2:Instance", 0),
    ];
    let own = |account: &str| {
        if account == "111122223333" { Exposure::Own } else { Exposure::Account }
    };
    let uses = by_account(&entries, own);
    let accounts: Vec<&str> = uses.iter().map(|one| one.account.as_str()).collect();
    assert_eq!(accounts, ["444455556666", "111122223333"]);
    assert_eq!(uses[0].resources["ec2:Instance"], 3);
}
