//! Branches are created, moved and deleted while stacks are created and deleted; events are duplicated, late, reordered and
//! lost; stacks fail. In the end, each branch that should have a stack has one, and no other branch has one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use branch_stacks::identity::BranchId;
use local_aws::StackNow;
use proptest::prelude::*;
use serde_json::Value;
use shared::decision::{ActionResult, Decision};

use crate::account::Account;

const RULES: &str = r#"
[[branch-stack]]
repositories = ["shop"]
branches = ["main", "feature/*", "feature-a"]
template = "stack.yaml"
parameters = { Branch = "{branch}" }
protected = ["main"]
"#;

const TEMPLATE: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";
const OTHER_TEMPLATE: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}, More: {Type: AWS::SQS::Queue}}\n";

/// Two that differ in a character that no stack's name has, one with characters that no tag has, one that no rule covers, the
/// protected one, and one whose stack's name a foreign stack has.
const BRANCHES: [&str; 6] = ["feature/a", "feature-a", "feature/🚂#1", "wip", "main", "feature/taken"];
const COMMITS: [&str; 3] = ["one", "two", "three"];

fn branch_id(branch: &str) -> BranchId {
    BranchId { repository: "shop".into(), name: branch.into() }
}

fn world() -> String {
    let taken = branch_id("feature/taken").stack_name("branch");
    let nested = branch_id("feature/nested").stack_name("branch");
    format!(
        r#"
now = "2026-03-02T10:00:00Z"
[[repository]]
name = "shop"
[[repository.commit]]
label = "one"
[[repository.commit]]
label = "two"
[[repository.commit]]
label = "three"
[[stack]]
name = "{taken}"
tags = {{ "pointsman:owner" = "another", "pointsman:repository" = "shop", "pointsman:branch" = "feature/taken" }}
[[stack]]
name = "branch-of-others"
tags = {{ team = "others" }}
[[stack]]
name = "{nested}"
parent = "arn:aws:cloudformation:us-east-1:111122223333:stack/x/1"
tags = {{ "pointsman:owner" = "branch", "pointsman:repository" = "shop", "pointsman:branch" = "feature/nested" }}
"#
    )
}

/// One step. A number chooses among the events that wait at that moment.
#[derive(Debug, Clone)]
enum PlayStep {
    Push(usize, usize),
    Delete(usize),
    Deliver(usize),
    DeliverAndKeep(usize),
    Lose(usize),
    Wait,
    /// Every waiting event is delivered, and every event that follows from it.
    Settle,
    /// The stack of this branch fails, once or until `Fix`.
    Fail(usize, &'static str, bool),
    Fix,
    Reconcile,
    ChangeTemplate(bool),
}

fn step() -> impl Strategy<Value = PlayStep> {
    let branch = 0..BRANCHES.len();
    prop_oneof![
        4 => (branch.clone(), 0..COMMITS.len()).prop_map(|(branch, commit)| PlayStep::Push(branch, commit)),
        2 => branch.clone().prop_map(PlayStep::Delete),
        6 => any::<usize>().prop_map(PlayStep::Deliver),
        2 => any::<usize>().prop_map(PlayStep::DeliverAndKeep),
        2 => any::<usize>().prop_map(PlayStep::Lose),
        3 => Just(PlayStep::Wait),
        3 => Just(PlayStep::Settle),
        3 => (branch, prop_oneof![Just("create"), Just("update"), Just("delete"), Just("rollback")], any::<bool>())
            .prop_map(|(branch, on, once)| PlayStep::Fail(branch, on, once)),
        1 => Just(PlayStep::Fix),
        1 => Just(PlayStep::Reconcile),
        2 => any::<bool>().prop_map(PlayStep::ChangeTemplate),
    ]
}

/// The account, the waiting events, and the calls so far.
struct Play {
    account: Account,
    waiting: Vec<Value>,
    creations: usize,
    /// The stack of the protected branch, once it was complete.
    main_was_complete: Option<String>,
}

impl Play {
    fn new() -> Self {
        Self {
            account: Account::new(&world(), RULES, TEMPLATE),
            waiting: Vec::new(),
            creations: 0,
            main_was_complete: None,
        }
    }

    fn saw(&mut self, decisions: impl IntoIterator<Item = Decision>) -> usize {
        let mut done = 0;
        for action in decisions.into_iter().flat_map(|decision| decision.actions) {
            if !matches!(action.result, ActionResult::Done(_)) {
                continue;
            }
            match action.call.as_str() {
                "cloudformation:CreateStack" => self.creations += 1,
                "sns:Publish" => continue,
                _ => {}
            }
            done += 1;
        }
        done
    }

    fn step(&mut self, step: &PlayStep) {
        let aws = &self.account.aws;
        let at = |nth: usize, waiting: &[Value]| nth % waiting.len().max(1);
        match step {
            PlayStep::Push(branch, commit) => {
                aws.push("shop", BRANCHES[*branch], Some(COMMITS[*commit])).expect("a legal name");
            }
            PlayStep::Delete(branch) => aws.push("shop", BRANCHES[*branch], None).expect("a legal name"),
            PlayStep::Deliver(_) | PlayStep::DeliverAndKeep(_) | PlayStep::Lose(_)
                if self.waiting.is_empty() => {}
            PlayStep::Deliver(nth) => {
                let event = self.waiting.remove(at(*nth, &self.waiting));
                let decisions = self.account.deliver(&event);
                self.saw(decisions);
            }
            PlayStep::DeliverAndKeep(nth) => {
                let decisions = self.account.deliver(&self.waiting[at(*nth, &self.waiting)]);
                self.saw(decisions);
            }
            PlayStep::Lose(nth) => drop(self.waiting.remove(at(*nth, &self.waiting))),
            PlayStep::Wait => drop(aws.advance_to_next()),
            PlayStep::Settle => {
                let mut waiting = std::mem::take(&mut self.waiting);
                for _ in 0..200 {
                    let decisions: Vec<Decision> =
                        waiting.iter().flat_map(|event| self.account.deliver(event)).collect();
                    self.saw(decisions);
                    waiting = self.account.aws.take_events();
                    if waiting.is_empty() && self.account.aws.advance_to_next().is_none() {
                        return;
                    }
                    waiting.extend(self.account.aws.take_events());
                }
                panic!("events never end: {:#?}", self.account.aws.stacks());
            }
            PlayStep::Fail(branch, on, once) => {
                let stack = branch_id(BRANCHES[*branch]).stack_name("branch");
                aws.fail(&stack, "Topic", on, "arranged", once.then_some(1));
            }
            PlayStep::Fix => aws.end_failures(),
            PlayStep::Reconcile => {
                let decision = self.account.reconcile();
                self.saw([decision]);
            }
            PlayStep::ChangeTemplate(other) => {
                let template = if *other { OTHER_TEMPLATE } else { TEMPLATE };
                self.account.deploy_template(template, RULES);
            }
        }
        self.waiting.extend(self.account.aws.take_events());
        let main = self.account.aws.stack(&branch_id("main").stack_name("branch"));
        let whole =
            main.filter(|stack| ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&stack.status.as_str()));
        self.main_was_complete = whole.map(|stack| stack.id).or(self.main_was_complete.take());
    }

    /// Loses every waiting event, and reconciles every `hours` hours until a run has no effect.
    fn reconcile_until_quiet(&mut self, hours: u64) -> Decision {
        for _ in 0..12 {
            while self.account.aws.advance_to_next().is_some() {}
            self.account.aws.advance(Duration::from_secs(hours * 3600));
            let decision = self.account.reconcile();
            if self.saw([decision.clone()]) == 0 {
                return decision;
            }
        }
        panic!("reconcile never ends: {:#?}", self.account.aws.stacks());
    }
}

/// Whether a branch's stack is up to date.
fn is_current(play: &Play, branch: &str, stack: &StackNow) -> bool {
    let rules = &play.account.rules.stacks;
    let head = play.account.aws.head("shop", branch).expect("the branch exists");
    let spec = rules.covering(&branch_id(branch)).expect("a rule covers it").spec(&branch_id(branch), &head);
    let whole =
        ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"].contains(&stack.status.as_str());
    whole && stack.tags.iter().any(|(key, value)| key == "pointsman:digest" && *value == spec.digest)
}

/// Whether a stack is left from a failed attempt and records it.
fn records_failure(stack: &StackNow) -> bool {
    ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"]
        .contains(&stack.status.as_str())
}

/// Whether a stack is foreign or nested.
fn is_foreign(stack: &StackNow) -> bool {
    let tag = |key: &str, value: &str| stack.tags.iter().any(|(k, v)| k == key && v == value);
    tag("pointsman:branch", "feature/nested") || tag("team", "others") || tag("pointsman:owner", "another")
}

proptest! {
    // Each case makes some hundred HTTP calls.
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_exactly_the_branches_that_should_have_a_stack_have_one(
        steps in prop::collection::vec(step(), 1..50)
    ) {
        let mut play = Play::new();
        let foreign = |play: &Play| -> Vec<_> {
            play.account.aws.stacks().into_iter().filter(is_foreign).collect()
        };
        let before = foreign(&play);
        prop_assert_eq!(before.len(), 3);
        for step in &steps {
            play.step(step);
        }
        // This also holds while the arranged failures continue; a failed deletion waits for a day.
        let before_quiet = play.creations;
        play.reconcile_until_quiet(1);
        play.account.aws.end_failures();
        let decision = play.reconcile_until_quiet(25);

        let stacks: BTreeMap<String, StackNow> = play.account.aws.stacks().into_iter()
            .filter(|stack| !is_foreign(stack)).map(|stack| (stack.name.clone(), stack)).collect();
        let mut expected = BTreeSet::new();
        for (index, branch) in BRANCHES.into_iter().enumerate() {
            let name = branch_id(branch).stack_name("branch");
            let (exists, stack) = (play.account.aws.head("shop", branch).is_some(), stacks.get(&name));
            let failed = steps.iter().any(|step| matches!(step, PlayStep::Fail(which, ..) if *which == index));
            let state = || format!("{branch}: {stack:#?} {decision:#?}");
            match branch {
                // No rule covers the first; the second's stack is foreign.
                "wip" | "feature/taken" => prop_assert!(stack.is_none(), "{}", state()),
                // Protected: the stack is kept when the branch is deleted.
                "main" if !exists => {}
                _ if !exists => prop_assert!(stack.is_none(), "{}", state()),
                _ => {
                    prop_assert!(stack.is_some(), "{}", state());
                    let Some(stack) = stack else { continue };
                    let current = is_current(&play, branch, stack);
                    let left = failed && (records_failure(stack) || branch == "main");
                    prop_assert!(current || left, "{}", state());
                    prop_assert!(branch != "main" || !current || stack.protected, "{}", state());
                }
            }
            expected.extend(stack.map(|_| name));
        }
        prop_assert_eq!(stacks.keys().cloned().collect::<BTreeSet<_>>(), expected);
        if let Some(main) = &play.main_was_complete {
            prop_assert!(stacks.values().any(|stack| stack.id == *main), "the protected stack was deleted: {:#?}", stacks);
        }
        prop_assert_eq!(foreign(&play), before);
        // No loop: after the last step, a stack is created because it was missing, because a failed stack was deleted, or
        // because the failure was fixed.
        let made = play.creations - before_quiet;
        prop_assert!(made <= 3 * BRANCHES.len(), "{} creations after the last step", made);
    }
}

/// How many interleavings: PROPTEST_CASES, or as many as take some seconds.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}
