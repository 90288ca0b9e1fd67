//! Which branches count as without a stack that works, what is remembered about each, and when that is over.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types::StackStatus;
use branch_stacks::because::{Because, Unwanted};
use branch_stacks::decide::StackDecision;
use branch_stacks::description::FUNCTION;
use branch_stacks::identity::BranchId;
use branch_stacks::missing::{BranchOutcome, StackPresence, over};
use branch_stacks::reports::{ReportKey, Reports};
use branch_stacks::stack::{BranchStack, ForeignBecause, ForeignStack};
use jiff::Timestamp;
use shared::call_error::CallError;
use shared::decision::Verdict;

fn branch(name: &str) -> BranchId {
    BranchId { repository: "shop".into(), name: name.into() }
}

fn outcome(name: &str, verdict: Verdict, because: Because) -> BranchOutcome {
    let stack = BranchStack {
        id: "arn:aws:cloudformation:eu-west-1:111122223333:stack/branch-x/1".parse().expect("an ARN"),
        status: StackStatus::RollbackComplete,
        tags: Vec::new(),
        created: Some(Timestamp::UNIX_EPOCH),
        updated: None,
        deleted: None,
        protected: false,
        previous: Box::default(),
        outputs: Vec::new(),
    };
    let decision = StackDecision {
        verdict,
        because,
        rule: None,
        effects: Vec::new(),
        remarks: Vec::new(),
        wants_stack: true,
    };
    BranchOutcome { branch: branch(name), decision, stack: Some(stack) }
}

fn refused(operation: &'static str, code: Option<&str>) -> Because {
    let mut error = CallError::without_answer(operation, "no");
    error.code = code.map(str::to_owned);
    Because::CallFailed { error }
}

/// What is remembered about the branch; `settled` or `unknown` where nothing is.
fn what(outcome: &BranchOutcome) -> String {
    match outcome.presence("branch") {
        StackPresence::Missing(missing) => {
            missing.key.what().split(' ').take(2).collect::<Vec<_>>().join(" ")
        }
        StackPresence::Settled => "settled".to_owned(),
        StackPresence::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn each_reason_for_a_missing_stack_is_remembered_by_its_code() {
    const CREATE: &str = "cloudformation:CreateStack";
    let foreign = || ForeignStack { name: "branch-x".into(), because: ForeignBecause::Tags };
    let failed = StackStatus::RollbackComplete;
    let since = Timestamp::UNIX_EPOCH;
    for (verdict, because, expected) in [
        (Verdict::Hold, Because::TooManyStacks { most: 1 }, "too-many-stacks"),
        (Verdict::Hold, Because::ForeignStack(foreign()), "foreign-stack"),
        (Verdict::Skip, Because::ForeignStack(foreign()), "settled"),
        (Verdict::Fail, Because::AccountFull, "account-full"),
        (Verdict::Fail, refused(CREATE, Some("AccessDenied")), "call-failed AccessDenied"),
        (Verdict::Fail, refused(CREATE, Some("Throttling")), "unknown"),
        (Verdict::Fail, refused(CREATE, Some("InternalFailure")), "unknown"),
        (Verdict::Fail, refused(CREATE, None), "unknown"),
        (Verdict::Fail, refused("cloudformation:UpdateStack", Some("AccessDenied")), "unknown"),
        (Verdict::Hold, Because::NoTimeLeft, "unknown"),
        (Verdict::Hold, Because::Working { status: failed.clone() }, "settled"),
        (Verdict::Hold, Because::UpdateFailed, "settled"),
        (Verdict::Skip, Because::UpToDate, "settled"),
        (Verdict::Hold, Because::InReview, "in-review"),
    ] {
        let text = because.to_string();
        assert_eq!(what(&outcome("a", verdict, because)), expected, "{text}");
    }
    for because in [
        Because::CreationFailed { status: failed.clone() },
        Because::UpdateStuck { status: failed.clone() },
        Because::NeverEnds { status: failed, since },
        Because::HalfDeleted,
        Because::DeletionFailed { next: since },
    ] {
        let text = because.to_string();
        let what = what(&outcome("a", Verdict::Hold, because));
        let (code, moment) = what.split_once(' ').expect("a stack that failed is reported for each moment");
        assert!(FUNCTION.reason_codes().contains(&code) && moment.len() == 16, "{text}: {what}");
    }
}

#[test]
fn a_branch_that_the_rules_do_not_want_a_stack_for_is_not_missing_one() {
    let mut unwanted = outcome("a", Verdict::Hold, Because::DeletionFailed { next: Timestamp::UNIX_EPOCH });
    unwanted.decision.wants_stack = false;
    assert_eq!(what(&unwanted), "settled");
    unwanted.decision.because = Because::TooManyStacks { most: 1 };
    assert_eq!(what(&unwanted), "unknown", "a branch that may be idle was not read");
}

#[test]
fn the_reason_of_other_branches_stands_for_the_branchs_own() {
    let because = Box::new(refused("cloudformation:CreateStack", Some("AccessDenied")));
    let other = Because::RefusedForOthers { times: 3, because };
    assert_eq!(what(&outcome("a", Verdict::Hold, other)), "call-failed AccessDenied");
}

#[test]
fn a_report_is_over_when_its_branch_has_a_stack_another_reason_or_is_gone() {
    let name = |branch_name: &str| branch(branch_name).stack_name("branch");
    let key = |branch: &str, what: &str| ReportKey::of_stack(&name(branch), what);
    let known: Reports = [
        key("still", "too-many-stacks"),
        key("other", "account-full"),
        key("fine", "too-many-stacks"),
        key("fine", "ready 0123456789abcdef"),
        key("unknown", "too-many-stacks"),
        key("not-evaluated", "too-many-stacks"),
        key("gone", "foreign-stack"),
        ReportKey::of_deployment("too-many-deletions 0a1b"),
    ]
    .into_iter()
    .map(|key| (key, Timestamp::UNIX_EPOCH))
    .collect();
    let outcomes = [
        outcome("still", Verdict::Hold, Because::TooManyStacks { most: 1 }),
        outcome("other", Verdict::Hold, Because::TooManyStacks { most: 1 }),
        outcome("fine", Verdict::Skip, Because::UpToDate),
        outcome("unknown", Verdict::Hold, Because::NoTimeLeft),
        outcome("deleted", Verdict::Delete, Because::Unwanted { why: Unwanted::BranchGone, stack: true }),
    ];
    let names: BTreeSet<String> = ["still", "other", "fine", "unknown", "not-evaluated"].map(name).into();
    let over_with = |names| -> BTreeSet<ReportKey> {
        over(&known, &outcomes, "branch", names).into_iter().cloned().collect()
    };
    let evaluated = [key("other", "account-full"), key("fine", "too-many-stacks")];
    let all: BTreeSet<ReportKey> = evaluated.iter().cloned().chain([key("gone", "foreign-stack")]).collect();
    assert_eq!(over_with(Some(&names)), all);
    assert_eq!(over_with(None), evaluated.into(), "without a complete list, no branch is gone");
}

#[test]
fn one_failed_attempt_is_one_reason_whether_or_not_its_cause_could_be_read() {
    let status = || StackStatus::RollbackComplete;
    let failed = outcome("a", Verdict::Hold, Because::CreationFailed { status: status() });
    let next = Timestamp::UNIX_EPOCH;
    let waits = outcome("a", Verdict::Hold, Because::CreationWaits { status: status(), next });
    let key = |outcome: &BranchOutcome| match outcome.presence("branch") {
        StackPresence::Missing(missing) => missing.key,
        other => panic!("{other:?}"),
    };
    assert_eq!(key(&failed), key(&waits));
}

#[test]
fn the_refusal_of_another_call_for_other_branches_says_nothing_about_a_missing_stack() {
    let others = |because| Because::RefusedForOthers { times: 3, because: Box::new(because) };
    for (because, expected) in [
        (refused("cloudformation:UpdateStack", Some("AccessDenied")), "unknown"),
        (refused("cloudformation:CreateStack", Some("InternalFailure")), "unknown"),
        (refused("cloudformation:CreateStack", Some("AccessDenied")), "call-failed AccessDenied"),
    ] {
        assert_eq!(what(&outcome("a", Verdict::Hold, others(because))), expected);
    }
}

#[test]
fn a_stopped_roll_out_leaves_only_a_branch_without_a_stack_without_one() {
    let stopped = outcome("a", Verdict::Hold, Because::RollOutStopped { failures: 3 });
    assert_eq!(what(&stopped), "settled");
    assert_eq!(what(&BranchOutcome { stack: None, ..stopped }), "roll-out-stopped");
}
