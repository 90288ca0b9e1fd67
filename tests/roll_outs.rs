//! Roll-outs of branch-stacks whose events are lost, that fail twice with the same digest, or that leave branches without a stack.

use std::fmt::Write as _;
use std::time::Duration;

use branch_stacks::identity::BranchId;
use shared::decision::{ActionResult, Decision};

use crate::account::Account;

const TEMPLATE: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";
const OTHER: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}, More: {Type: AWS::SQS::Queue}}\n";
const THIRD: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}, More: {Type: AWS::SNS::Topic}}\n";
const HALF_AN_HOUR: Duration = Duration::from_secs(1_800);

const RULES: &str = "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"feature/**\"]\ntemplate = \"stack.yaml\"\n\
                     parameters = { Branch = \"{branch}\" }\n";

fn name(nth: usize) -> String {
    BranchId { repository: "shop".into(), name: format!("feature/{nth:03}") }.stack_name("branch")
}

/// An account with this many branches and no stack.
fn account(branches: usize) -> Account {
    let mut world = "now = \"2026-01-01T10:00:00Z\"\n[[repository]]\nname = \"shop\"\n[[repository.commit]]\nlabel = \"one\"\n\
                     [repository.branches]\n"
        .to_owned();
    for nth in 0..branches {
        let _ = writeln!(world, "\"feature/{nth:03}\" = \"one\"");
    }
    Account::new(&world, RULES, TEMPLATE)
}

/// The same with a stack for each branch.
fn account_with_stacks(branches: usize) -> Account {
    let account = account(branches);
    account.reconcile();
    account.settle();
    assert_eq!(account.aws.stacks().len(), branches);
    account
}

fn fail_all(account: &Account, branches: usize, on: &str) {
    for nth in 0..branches {
        account.aws.fail(&name(nth), "Topic", on, "arranged", None);
        account.aws.fail(&name(nth), "More", on, "arranged", None);
    }
}

fn updates(decision: &Decision) -> usize {
    let updates = decision.actions.iter().filter(|action| action.call == "cloudformation:UpdateStack");
    updates.filter(|action| matches!(action.result, ActionResult::Done(_))).count()
}

fn subjects(account: &Account) -> Vec<String> {
    account.aws.emails().into_iter().map(|email| email.subject).collect()
}

#[test]
fn a_roll_out_stops_although_every_event_is_lost() {
    let mut account = account_with_stacks(30);
    account.deploy_template(OTHER, RULES);
    fail_all(&account, 30, "update");
    let mut all = 0;
    for _ in 0..10 {
        all += updates(&account.reconcile());
        while account.aws.advance_to_next().is_some() {}
        account.aws.take_events();
        account.aws.advance(HALF_AN_HOUR);
    }
    assert_eq!(all, 3);
    assert!((1..=2).contains(&subjects(&account).len()), "{:?}", subjects(&account));
}

#[test]
fn a_roll_out_that_fails_again_after_another_is_emailed_again() {
    let mut account = account_with_stacks(6);
    let mut stops = Vec::new();
    for _ in 0..2 {
        account.deploy_template(OTHER, RULES);
        fail_all(&account, 6, "update");
        account.reconcile();
        account.settle();
        stops.push(
            subjects(&account).iter().filter(|subject| subject.starts_with("Roll-out stopped")).count(),
        );
        if stops.len() == 2 {
            break;
        }
        account.aws.end_failures();
        account.deploy_template(THIRD, RULES);
        for _ in 0..6 {
            account.aws.advance(HALF_AN_HOUR);
            account.reconcile();
            account.settle();
        }
        let statuses: Vec<String> = account.aws.stacks().into_iter().map(|stack| stack.status).collect();
        assert_eq!(statuses, ["UPDATE_COMPLETE"; 6], "{:?}", subjects(&account));
    }
    assert_eq!(stops, [1, 2]);
}

#[test]
fn branches_that_a_stopped_roll_out_leaves_without_a_stack_share_one_email() {
    let account = account(12);
    fail_all(&account, 12, "create");
    account.reconcile();
    account.settle();
    account.aws.push("shop", "feature/new", Some("one")).expect("a legal name");
    account.aws.take_events();
    for _ in 0..3 {
        account.reconcile();
        account.aws.advance(HALF_AN_HOUR);
    }
    let subjects = subjects(&account);
    assert_eq!(subjects.len(), 4, "two failures, the stop, and the rest: {subjects:?}");
    assert_eq!(subjects[3], "No working stack for 10 branches");
}
