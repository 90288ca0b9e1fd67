//! The brake of branch-stacks over many runs: a wrong rule deletes nothing, also not bit by bit; a confirmed list is deleted; an
//! idle branch has a day after the warning.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use shared::decision::Decision;

use crate::account::Account;

const TEMPLATE: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";
const HOUR: Duration = Duration::from_secs(3_600);

fn rules(branches: &str, more: &str) -> String {
    format!(
        "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [{branches}]\ntemplate = \"stack.yaml\"\n\
         parameters = {{ Branch = \"{{branch}}\" }}\n{more}\n"
    )
}

/// A repository with this many branches at a commit of the first of January, each with its stack. It is the first of January.
fn account_with(branches: usize, world: &str) -> Account {
    let mut text = format!(
        "now = \"2026-01-01T10:00:00Z\"\n{world}\n[[repository]]\nname = \"shop\"\n[[repository.commit]]\nlabel = \"one\"\n\
         [[repository.commit]]\nlabel = \"two\"\n[repository.branches]\nmain = \"one\"\n"
    );
    for nth in 0..branches {
        let _ = writeln!(text, "\"feature/{nth:03}\" = \"one\"");
    }
    let account = Account::new(&text, &rules("\"feature/**\"", ""), TEMPLATE);
    account.reconcile();
    wait(&account);
    assert_eq!(account.aws.stacks().len(), branches);
    account
}

fn account(branches: usize) -> Account {
    account_with(branches, "")
}

/// Completes every operation of CloudFormation; its events are lost.
fn wait(account: &Account) {
    while account.aws.advance_to_next().is_some() {}
    account.aws.take_events();
}

fn stacks(account: &Account) -> usize {
    wait(account);
    account.aws.stacks().len()
}

fn subjects(account: &Account) -> Vec<String> {
    account.aws.emails().into_iter().map(|email| email.subject).collect()
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

/// The digest that the held deletions of a decision name.
pub(crate) fn digest(decision: &Decision) -> String {
    let held = decision.reasons.iter().find(|reason| reason.because.code == "too-many-deletions");
    let sentence = &held.expect("deletions are held").because.sentence;
    let digest = sentence.split("the list ").nth(1).expect("the sentence names the list");
    digest.split(' ').next().expect("a word").to_owned()
}

const TYPO: &str = "\"featur/**\"";

#[test]
fn a_typo_in_the_rules_deletes_nothing_and_is_emailed_once_a_week() {
    let mut account = account(31);
    account.deploy(&rules(TYPO, ""));
    for _ in 0..3 {
        let decision = account.reconcile();
        assert_eq!(counted(&decision), counts([("hold too-many-deletions", 31)]));
        account.aws.advance(HOUR / 2);
    }
    assert_eq!(subjects(&account), ["31 branch stacks held: too many deletions"]);
    account.aws.advance(HOUR * 24 * 7);
    account.reconcile();
    account.reconcile();
    assert_eq!(subjects(&account).len(), 2, "a reminder after a week");
    account.deploy(&rules("\"feature/**\"", ""));
    assert_eq!(counted(&account.reconcile()), counts([("skip up-to-date", 31)]));
    account.deploy(&rules(TYPO, ""));
    account.reconcile();
    assert_eq!(subjects(&account).len(), 3, "the same mistake is reported again");
    assert_eq!(stacks(&account), 31);
}

#[test]
fn deletions_within_the_limit_are_carried_out_and_are_counted_over_a_day() {
    let mut account = account(40);
    let without = |last: usize| {
        let excluded: String = (0..=last).map(|nth| format!(", \"!feature/{nth:03}\"")).collect();
        rules(&format!("\"feature/**\"{excluded}"), "")
    };
    account.deploy(&without(2));
    assert_eq!(counted(&account.reconcile())["delete not-covered"], 3);
    assert_eq!(stacks(&account), 37);
    account.deploy(&without(3));
    account.aws.advance(HOUR * 22);
    let second = account.reconcile();
    assert_eq!(counted(&second)["hold too-many-deletions"], 1, "{second:#?}");
    account.aws.advance(HOUR * 2);
    assert_eq!(counted(&account.reconcile())["delete not-covered"], 1);
    assert_eq!(stacks(&account), 36);
}

#[test]
fn the_confirmed_list_is_deleted_and_no_other() {
    let mut account = account(31);
    account.deploy(&rules(TYPO, ""));
    let list = digest(&account.reconcile());
    let wrong = account.reconcile_confirming("0123456789abcdef");
    assert_eq!(counted(&wrong), counts([("hold confirmation-differs", 32)]));
    assert_eq!(stacks(&account), 31);
    let confirmed = account.reconcile_confirming(&list);
    assert_eq!(counted(&confirmed), counts([("delete not-covered", 31)]));
    let again = account.reconcile_confirming(&list);
    assert_eq!(counted(&again), counts([("skip being-deleted", 31)]), "{again:#?}");
    assert_eq!(stacks(&account), 0);
    let late = account.reconcile_confirming("0123456789abcdef");
    assert_eq!(counted(&late), counts([("hold confirmation-differs", 1)]));
}

#[test]
fn a_list_that_has_changed_is_not_the_confirmed_one() {
    let mut account = account(31);
    account.deploy(&rules(TYPO, ""));
    let list = digest(&account.reconcile());
    account.aws.push("shop", "feature/000", None).expect("a legal name");
    let confirmed = account.reconcile_confirming(&list);
    let expected = [("delete branch-gone", 1), ("hold confirmation-differs", 31)];
    assert_eq!(counted(&confirmed), counts(expected));
    assert_eq!(stacks(&account), 30);
}

#[test]
fn stacks_of_branches_that_do_not_exist_are_neither_counted_nor_held() {
    let mut account = account(31);
    account.deploy(&rules(TYPO, ""));
    for nth in 0..10 {
        account.aws.push("shop", &format!("feature/{nth:03}"), None).expect("a legal name");
    }
    let decision = account.reconcile();
    let expected = [("delete branch-gone", 10), ("hold too-many-deletions", 21)];
    assert_eq!(counted(&decision), counts(expected));
    assert_eq!(stacks(&account), 21);
}

#[test]
fn a_confirmed_run_that_is_interrupted_is_continued_by_the_next() {
    // The eleventh deletion is throttled in each of its tries, so the run stops.
    let fault = "[[fault]]\noperation = \"DeleteStack\"\ncalls = [11, 12, 13, 14, 15]\nanswer = \"ThrottlingException\"";
    let mut account = account_with(31, fault);
    account.deploy(&rules(TYPO, ""));
    let list = digest(&account.reconcile());
    let confirmed = account.reconcile_confirming(&list);
    assert_eq!(counted(&confirmed)["delete not-covered"], 10, "{:?}", counted(&confirmed));
    assert_eq!(stacks(&account), 21);
    assert_eq!(counted(&account.reconcile()), counts([("delete not-covered", 21)]));
    assert_eq!(stacks(&account), 0);
}

#[test]
fn a_single_event_deletes_no_stack_of_an_existing_branch() {
    let mut account = account(31);
    account.deploy(&rules(TYPO, ""));
    for nth in 0..31 {
        account.aws.push("shop", &format!("feature/{nth:03}"), Some("two")).expect("a legal name");
    }
    let decisions = account.settle();
    let held = decisions.iter().filter(|one| one.function == "branch-stacks");
    assert!(held.flat_map(|one| &one.reasons).all(|reason| reason.because.code == "awaits-reconcile"));
    assert_eq!(stacks(&account), 31);
}

#[test]
fn without_the_table_no_stack_of_an_existing_branch_is_deleted() {
    let fault = "[[fault]]\noperation = \"Query\"\nanswer = \"ResourceNotFoundException\"";
    let mut account = account_with(40, fault);
    account.aws.push("shop", "feature/001", None).expect("a legal name");
    account.deploy(&rules("\"feature/**\", \"!feature/000\"", ""));
    let decision = account.reconcile();
    let expected = [
        ("delete branch-gone", 1),
        ("fail reports-unavailable", 1),
        ("hold deletions-uncounted", 1),
        ("skip up-to-date", 38),
    ];
    assert_eq!(counted(&decision), counts(expected));
}

#[test]
fn a_deletion_that_cannot_be_recorded_is_not_made() {
    let fault = "[[fault]]\noperation = \"UpdateItem\"\nanswer = \"ResourceNotFoundException\"";
    let mut account = account_with(40, fault);
    account.deploy(&rules("\"feature/**\", \"!feature/000\"", ""));
    let decision = account.reconcile();
    assert_eq!(counted(&decision), counts([("fail reports-unavailable", 1), ("skip up-to-date", 39)]));
    assert_eq!(stacks(&account), 40);
}

#[test]
fn the_stacks_of_an_unreadable_repository_count_as_existing() {
    let fault = "[[fault]]\noperation = \"ListBranches\"\nanswer = \"EncryptionKeyUnavailableException\"";
    let mut account = account(4);
    account.deploy(&rules(TYPO, ""));
    assert_eq!(counted(&account.reconcile())["hold too-many-deletions"], 4);
    let mut account = account_with(0, fault);
    account.deploy(&rules(TYPO, ""));
    assert_eq!(counted(&account.reconcile())["fail listing-failed"], 1);
}

#[test]
fn a_dry_run_shows_the_list_and_writes_nothing() {
    let mut account = account(31);
    account.deploy(&rules(TYPO, ""));
    let dry = account.reconcile_dry();
    assert_eq!(counted(&dry), counts([("hold too-many-deletions", 31)]));
    assert_eq!(dry.actions.len(), 1, "the email that would be sent");
    assert!(subjects(&account).is_empty() && account.aws.items("reports").expect("a table").is_empty());
    assert_eq!(digest(&dry), digest(&account.reconcile()));
}

#[test]
fn an_idle_branch_has_a_day_after_its_warning() {
    let mut account = account(4);
    account.deploy(&rules("\"feature/**\"", "ttl = \"5d\""));
    account.aws.push("shop", "feature/000", Some("two")).expect("a legal name");
    for nth in 1..4 {
        account.aws.push("shop", &format!("feature/{nth:03}"), None).expect("a legal name");
    }
    account.settle();
    // A minute after the commit, the ttl ends; the next reconcile finds it.
    account.aws.advance(HOUR * 24 * 5);
    assert_eq!(counted(&account.reconcile()), counts([("hold idle-warned", 1)]));
    assert_eq!(subjects(&account), ["Stack will be deleted: shop feature/000"]);
    account.aws.advance(HOUR * 23);
    assert_eq!(counted(&account.reconcile()), counts([("hold idle-warned", 1)]));
    account.aws.advance(HOUR);
    assert_eq!(counted(&account.reconcile()), counts([("delete idle", 1)]));
    assert_eq!((subjects(&account).len(), stacks(&account)), (1, 0));
}

#[test]
fn a_warning_that_comes_late_still_gives_a_day() {
    let mut account = account(1);
    account.deploy(&rules("\"feature/**\"", "ttl = \"5d\""));
    account.aws.advance(HOUR * 24 * 30);
    assert_eq!(counted(&account.reconcile()), counts([("hold idle-warned", 1)]));
    account.aws.advance(HOUR * 24 * 30);
    assert_eq!(counted(&account.reconcile()), counts([("delete idle", 1)]));
}

#[test]
fn a_warning_that_was_not_sent_is_sent_by_the_next_run() {
    let fault = "[[fault]]\noperation = \"Publish\"\ncall = 1\nanswer = \"AuthorizationError\"";
    let mut account = account_with(1, fault);
    account.deploy(&rules("\"feature/**\"", "ttl = \"5d\""));
    account.aws.advance(HOUR * 24 * 5);
    assert_eq!(counted(&account.reconcile()), counts([("fail mail-failed", 1), ("hold idle-warned", 1)]));
    account.aws.advance(HOUR * 24);
    assert_eq!(counted(&account.reconcile()), counts([("hold idle-warned", 1)]), "the day begins now");
    assert_eq!(subjects(&account).len(), 1);
}

#[test]
fn without_a_topic_the_day_begins_with_the_log_line() {
    let mut account = account(1);
    account.without_topic();
    account.deploy(&rules("\"feature/**\"", "ttl = \"5d\""));
    account.aws.advance(HOUR * 24 * 5);
    let first = account.reconcile();
    assert_eq!(counted(&first), counts([("hold idle-warned", 1)]));
    assert_eq!(first.notes.iter().map(|note| note.because.code.as_str()).collect::<Vec<_>>(), ["no-topic"]);
    account.aws.advance(HOUR * 24);
    assert_eq!(counted(&account.reconcile()), counts([("delete idle", 1)]));
}

#[test]
fn a_longer_ttl_in_between_cancels_the_warning() {
    let mut account = account(1);
    let short = rules("\"feature/**\"", "ttl = \"5d\"");
    account.deploy(&short);
    account.aws.advance(HOUR * 24 * 5);
    account.reconcile();
    account.deploy(&rules("\"feature/**\"", "ttl = \"90d\""));
    assert_eq!(counted(&account.reconcile()), counts([("skip up-to-date", 1)]));
    account.deploy(&short);
    account.aws.advance(HOUR * 48);
    assert_eq!(counted(&account.reconcile()), counts([("hold idle-warned", 1)]), "a new warning, a new day");
    assert_eq!(subjects(&account).len(), 2);
}

#[test]
fn a_shorter_ttl_that_makes_many_branches_idle_is_held_and_a_confirmed_one_still_warns() {
    let mut account = account(31);
    account.aws.advance(HOUR * 24 * 10);
    account.deploy(&rules("\"feature/**\"", "ttl = \"1d\""));
    let held = account.reconcile();
    assert_eq!(counted(&held), counts([("hold too-many-deletions", 31)]));
    assert_eq!(subjects(&account), ["31 branch stacks held: too many deletions"]);
    let confirmed = account.reconcile_confirming(&digest(&held));
    assert_eq!(counted(&confirmed), counts([("hold idle-warned", 31)]));
    assert_eq!(subjects(&account).len(), 32);
    account.aws.advance(HOUR * 24);
    assert_eq!(counted(&account.reconcile()), counts([("delete idle", 31)]));
    assert_eq!(stacks(&account), 0);
}

#[test]
fn branches_that_become_idle_by_themselves_are_not_counted() {
    let mut account = account(31);
    account.deploy(&rules("\"feature/**\"", "ttl = \"5d\""));
    account.aws.advance(HOUR * 24 * 5);
    assert_eq!(counted(&account.reconcile()), counts([("hold idle-warned", 31)]));
    account.aws.advance(HOUR * 24);
    assert_eq!(counted(&account.reconcile()), counts([("delete idle", 31)]));
}

#[test]
fn the_number_of_the_rules_replaces_the_default() {
    let mut account = account(4);
    account.deploy(&format!(
        "[branch-stacks]\nmost-deletions = 0\n{}",
        rules("\"feature/**\", \"!feature/000\"", "")
    ));
    assert_eq!(counted(&account.reconcile())["hold too-many-deletions"], 1);
    account.deploy(&format!("[branch-stacks]\nmost-deletions = 4\n{}", rules(TYPO, "")));
    assert_eq!(counted(&account.reconcile()), counts([("delete not-covered", 4)]));
}

#[test]
fn an_interruption_at_any_call_neither_loses_the_warning_nor_shortens_the_day() {
    // The claim, the email and the confirmation are the sixth to the eighth call.
    let cuts = [(2, false), (5, false), (5, true), (6, false), (6, true), (7, false), (7, true), (8, true)];
    for (calls, after_effect) in cuts {
        let mut account = account(1);
        account.deploy(&rules("\"feature/**\"", "ttl = \"5d\""));
        account.aws.advance(HOUR * 24 * 5);
        account.aws.cut_off_after(calls, after_effect);
        account.reconcile();
        account.aws.answer_again();
        let mut warned = None;
        let deleted = (0..60).find(|hour| {
            warned = warned.or((!subjects(&account).is_empty()).then_some(*hour));
            account.aws.advance(HOUR);
            account.reconcile();
            stacks(&account) == 0
        });
        let (warned, deleted) = (warned.expect("a warning was sent"), deleted.expect("the stack is deleted"));
        assert!(deleted + 1 - warned >= 24, "cut after {calls}: warned at {warned}, deleted at {deleted}");
        assert!(subjects(&account).len() <= 2, "cut after {calls}: {:?}", subjects(&account));
    }
}

#[test]
fn an_interruption_of_a_confirmed_run_deletes_nothing_that_was_not_confirmed() {
    for calls in [1, 3, 4, 5, 6, 7, 8, 10] {
        let mut account = account(4);
        account.deploy(&rules(TYPO, ""));
        let list = digest(&account.reconcile());
        account.aws.cut_off_after(calls, true);
        account.reconcile_confirming(&list);
        account.aws.answer_again();
        let later = account.reconcile();
        let left = stacks(&account);
        let held = later.reasons.iter().filter(|reason| reason.because.code == "too-many-deletions").count();
        assert!(held == left || left <= 1, "cut after {calls}: {left} stacks are left: {later:#?}");
        if held > 0 {
            account.reconcile_confirming(&digest(&later));
        }
        account.reconcile();
        assert_eq!(stacks(&account), 0, "cut after {calls}");
    }
}

#[test]
fn a_confirmation_ends_when_the_rules_are_fixed() {
    // The deletion after the tenth is throttled in each of its tries, so the confirmed run stops.
    let fault = "[[fault]]\noperation = \"DeleteStack\"\ncalls = [11, 12, 13, 14, 15]\nanswer = \"ThrottlingException\"";
    let mut account = account_with(31, fault);
    account.deploy(&rules(TYPO, ""));
    let list = digest(&account.reconcile());
    account.reconcile_confirming(&list);
    assert_eq!(stacks(&account), 21);
    account.deploy(&rules("\"feature/**\"", ""));
    account.reconcile();
    assert_eq!(stacks(&account), 31);
    account.deploy(&rules(TYPO, ""));
    assert_eq!(counted(&account.reconcile()), counts([("hold too-many-deletions", 31)]));
}

#[test]
fn a_failed_read_neither_repeats_a_warning_nor_begins_another_day() {
    for (operation, call) in [("GetCommit", 2), ("GetBranch", 3), ("ListBranches", 3)] {
        let fault = format!(
            "[[fault]]\noperation = \"{operation}\"\ncalls = [{call}]\nanswer = \"EncryptionKeyUnavailableException\""
        );
        let mut account = account_with(1, &fault);
        account.deploy(&rules("\"feature/**\"", "ttl = \"5d\""));
        account.aws.advance(HOUR * 24 * 5);
        assert_eq!(counted(&account.reconcile()), counts([("hold idle-warned", 1)]), "{operation}");
        account.aws.advance(HOUR * 23);
        assert_eq!(counted(&account.reconcile()).get("hold idle-warned"), None, "{operation} fails");
        account.aws.advance(HOUR);
        assert_eq!(counted(&account.reconcile()), counts([("delete idle", 1)]), "{operation}");
        assert_eq!(subjects(&account).len(), 1, "{operation}");
    }
}

#[test]
fn a_list_that_was_emailed_is_not_emailed_again_after_a_failed_read() {
    let fault = "[[fault]]\noperation = \"ListBranches\"\ncalls = [3]\nanswer = \"EncryptionKeyUnavailableException\"";
    let mut account = account_with(5, fault);
    account.aws.advance(HOUR * 24 * 10);
    account.deploy(&rules("\"feature/**\"", "ttl = \"1d\""));
    assert_eq!(counted(&account.reconcile()), counts([("hold too-many-deletions", 5)]));
    assert_eq!(counted(&account.reconcile())["fail listing-failed"], 1);
    assert_eq!(counted(&account.reconcile()), counts([("hold too-many-deletions", 5)]));
    assert_eq!(subjects(&account).len(), 1);
}
