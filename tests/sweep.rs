//! Reconcile over many branches: the order of its calls, how many it makes at a time, and when it stops trying.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use shared::decision::Decision;

use crate::account::Account;

const TEMPLATE: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";
const OTHER_TEMPLATE: &str =
    "Parameters: {Branch: {Type: String}}\nResources: {Queue: {Type: AWS::SQS::Queue}}\n";

fn rules(more: &str) -> String {
    format!(
        "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"feature/**\"]\ntemplate = \"stack.yaml\"\n{more}\n"
    )
}

const BRANCH: &str = "parameters = { Branch = \"{branch}\" }";

/// A repository with this many branches that should have a stack.
fn account(branches: usize, rules: &str) -> Account {
    let mut world = "now = \"2026-01-10T10:00:00Z\"\n[codecommit]\nlist-page-size = 7\n[cloudformation]\npage-size = 7\n\
        [[repository]]\nname = \"shop\"\n[[repository.commit]]\nlabel = \"one\"\n[repository.branches]\nmain = \"one\"\n"
        .to_owned();
    for nth in 0..branches {
        let _ = writeln!(world, "\"feature/{nth:03}\" = \"one\"");
    }
    Account::new(&world, rules, TEMPLATE)
}

/// The number of reasons of each verdict and code.
fn counted(decision: &Decision) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for reason in &decision.reasons {
        *counts.entry(format!("{} {}", reason.verdict, reason.because.code)).or_insert(0) += 1;
    }
    counts
}

fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(what, count)| (what.to_owned(), count)).collect()
}

/// Completes every operation of CloudFormation; its events are lost.
fn wait(account: &Account) {
    while account.aws.advance_to_next().is_some() {}
    account.aws.take_events();
}

#[test]
fn many_missing_stacks_are_created_a_hundred_at_a_time() {
    let account = account(120, &rules(BRANCH));
    let first = account.reconcile();
    assert_eq!(counted(&first), counts([("create no-stack-yet", 100), ("hold creation-paced", 20)]));
    let again = account.reconcile();
    assert_eq!(counted(&again), counts([("hold creation-paced", 20), ("hold working", 100)]));
    wait(&account);
    assert_eq!(
        counted(&account.reconcile()),
        counts([("create no-stack-yet", 20), ("skip up-to-date", 100)])
    );
    wait(&account);
    assert_eq!(counted(&account.reconcile()), counts([("skip up-to-date", 120)]));
}

#[test]
fn a_changed_template_is_rolled_out_to_three_stacks_then_ten_at_a_time() {
    let mut account = account(27, &rules(BRANCH));
    account.reconcile();
    wait(&account);
    account.deploy_template(OTHER_TEMPLATE, &rules(BRANCH));
    for (updated, left) in [(3, 24), (10, 14), (10, 4)] {
        let counted = counted(&account.reconcile());
        assert_eq!(
            (counted["update changed"], counted["hold roll-out-paced"]),
            (updated, left),
            "{counted:?}"
        );
        wait(&account);
    }
    assert_eq!(counted(&account.reconcile()), counts([("skip up-to-date", 23), ("update changed", 4)]));
    wait(&account);
    assert_eq!(counted(&account.reconcile()), counts([("skip up-to-date", 27)]));
}

#[test]
fn a_call_that_fails_is_tried_for_three_branches_of_a_rule_and_not_for_all() {
    let account = account(9, &rules("parameters = { Brunch = \"{branch}\" }"));
    let decision = account.reconcile();
    assert_eq!(counted(&decision), counts([("fail call-failed", 3), ("hold refused-for-others", 6)]));
    let calls: Vec<&str> = decision.actions.iter().map(|action| action.call.as_str()).collect();
    let create = "cloudformation:CreateStack";
    assert_eq!(calls, [create, create, create, "sns:Publish"], "one email has all nine branches");
    assert!(account.aws.emails()[0].subject.ends_with("9 branches"));
    assert!(account.aws.stacks().is_empty());
}

#[test]
fn the_limit_of_a_rule_holds_within_one_run() {
    let account = account(9, &rules(&format!("{BRANCH}\nmax-stacks = 4")));
    assert_eq!(
        counted(&account.reconcile()),
        counts([("create no-stack-yet", 4), ("hold too-many-stacks", 5)])
    );
    wait(&account);
    assert_eq!(counted(&account.reconcile()), counts([("hold too-many-stacks", 5), ("skip up-to-date", 4)]));
}

#[test]
fn missing_stacks_come_first_then_orphans_then_updates() {
    let mut account = account(3, &rules(BRANCH));
    account.reconcile();
    wait(&account);
    account.aws.push("shop", "feature/000", None).expect("the branch exists");
    account.aws.push("shop", "feature/new", Some("one")).expect("a legal name");
    account.aws.take_events();
    account.deploy_template(OTHER_TEMPLATE, &rules(BRANCH));
    let decision = account.reconcile();
    let calls: Vec<&str> = decision.actions.iter().map(|action| action.call.as_str()).collect();
    let [create, delete, update] =
        ["CreateStack", "DeleteStack", "UpdateStack"].map(|call| format!("cloudformation:{call}"));
    assert_eq!(calls, [create.as_str(), &delete, &update, &update]);
}

#[test]
fn stacks_of_deleted_branches_are_deleted_although_calls_for_their_rule_fail() {
    let mut account = account(3, &rules(BRANCH));
    account.reconcile();
    wait(&account);
    for branch in ["feature/000", "feature/001", "feature/002"] {
        account.aws.push("shop", branch, None).expect("the branch exists");
    }
    for nth in 0..4 {
        account.aws.push("shop", &format!("feature/a{nth}"), Some("one")).expect("a legal name");
    }
    account.aws.take_events();
    account.deploy(&rules("parameters = { Brunch = \"{branch}\" }"));
    let counted = counted(&account.reconcile());
    let expected = [("delete branch-gone", 3), ("fail call-failed", 3), ("hold refused-for-others", 1)];
    assert_eq!(counted, counts(expected));
}

#[test]
fn of_many_branches_whose_calls_fail_others_are_tried_in_the_next_run() {
    let account = account(30, &rules("parameters = { Brunch = \"{branch}\" }"));
    let tried = || -> Vec<String> {
        let actions = account.reconcile().actions.into_iter();
        let creations = actions.filter(|action| action.call == "cloudformation:CreateStack");
        creations.map(|action| action.subject).collect()
    };
    let first = tried();
    assert_eq!(first.len(), 3);
    account.aws.advance(std::time::Duration::from_secs(1800));
    let second = tried();
    assert!(second.len() == 3 && second.iter().all(|stack| !first.contains(stack)), "{first:?} {second:?}");
}
