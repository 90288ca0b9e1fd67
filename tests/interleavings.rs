//! Branches created, moved and deleted while stacks are made and deleted, events duplicated, late, reordered and lost,
//! stacks failing: in the end each branch that is wanted has its stack, and nothing else has one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use branch_stacks::identity::Subject;
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

/// Two that differ in a letter that no stack's name has, one with letters that no tag has, one that no rule covers, the
/// protected one, and one whose stack's name somebody else has taken.
const BRANCHES: [&str; 6] = ["feature/a", "feature-a", "feature/🚂#1", "wip", "main", "feature/taken"];
const COMMITS: [&str; 3] = ["one", "two", "three"];

fn subject(branch: &str) -> Subject {
    Subject { repository: "shop".into(), branch: branch.into() }
}

fn world() -> String {
    let taken = subject("feature/taken").stack_name("branch");
    let nested = subject("feature/nested").stack_name("branch");
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
name = "branch-of-somebody"
tags = {{ team = "others" }}
[[stack]]
name = "{nested}"
parent = "arn:aws:cloudformation:us-east-1:111122223333:stack/x/1"
tags = {{ "pointsman:owner" = "branch", "pointsman:repository" = "shop", "pointsman:branch" = "feature/nested" }}
"#
    )
}

/// One thing that happens. Numbers choose among what there is at that moment.
#[derive(Debug, Clone)]
enum Step {
    Push(usize, usize),
    Delete(usize),
    Deliver(usize),
    DeliverAndKeep(usize),
    Lose(usize),
    Wait,
    /// Everything that waits is delivered, and what follows from it.
    Settle,
    /// For this branch's stack, once or until it is mended.
    Fail(usize, &'static str, bool),
    Mend,
    Reconcile,
    ChangeTemplate(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let branch = 0..BRANCHES.len();
    prop_oneof![
        4 => (branch.clone(), 0..COMMITS.len()).prop_map(|(branch, commit)| Step::Push(branch, commit)),
        2 => branch.clone().prop_map(Step::Delete),
        6 => any::<usize>().prop_map(Step::Deliver),
        2 => any::<usize>().prop_map(Step::DeliverAndKeep),
        2 => any::<usize>().prop_map(Step::Lose),
        3 => Just(Step::Wait),
        3 => Just(Step::Settle),
        3 => (branch, prop_oneof![Just("create"), Just("update"), Just("delete"), Just("rollback")], any::<bool>())
            .prop_map(|(branch, on, once)| Step::Fail(branch, on, once)),
        1 => Just(Step::Mend),
        1 => Just(Step::Reconcile),
        2 => any::<bool>().prop_map(Step::ChangeTemplate),
    ]
}

/// The account, the events that wait, and what was called.
struct Play {
    account: Account,
    waiting: Vec<Value>,
    creations: usize,
    /// The stack of the protected branch, once it was whole.
    main_was_whole: Option<String>,
}

impl Play {
    fn new() -> Self {
        Self {
            account: Account::new(&world(), RULES, TEMPLATE),
            waiting: Vec::new(),
            creations: 0,
            main_was_whole: None,
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

    fn step(&mut self, step: &Step) {
        let aws = &self.account.aws;
        let at = |nth: usize, waiting: &[Value]| nth % waiting.len().max(1);
        match step {
            Step::Push(branch, commit) => {
                aws.push("shop", BRANCHES[*branch], Some(COMMITS[*commit])).expect("a legal name");
            }
            Step::Delete(branch) => aws.push("shop", BRANCHES[*branch], None).expect("a legal name"),
            Step::Deliver(_) | Step::DeliverAndKeep(_) | Step::Lose(_) if self.waiting.is_empty() => {}
            Step::Deliver(nth) => {
                let event = self.waiting.remove(at(*nth, &self.waiting));
                let decisions = self.account.deliver(&event);
                self.saw(decisions);
            }
            Step::DeliverAndKeep(nth) => {
                let decisions = self.account.deliver(&self.waiting[at(*nth, &self.waiting)]);
                self.saw(decisions);
            }
            Step::Lose(nth) => drop(self.waiting.remove(at(*nth, &self.waiting))),
            Step::Wait => drop(aws.advance_to_next()),
            Step::Settle => {
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
                panic!("there is no end to it: {:#?}", self.account.aws.stacks());
            }
            Step::Fail(branch, on, once) => {
                let stack = subject(BRANCHES[*branch]).stack_name("branch");
                aws.fail(&stack, "Topic", on, "arranged", once.then_some(1));
            }
            Step::Mend => aws.end_failures(),
            Step::Reconcile => {
                let decision = self.account.reconcile();
                self.saw([decision]);
            }
            Step::ChangeTemplate(other) => {
                let template = if *other { OTHER_TEMPLATE } else { TEMPLATE };
                self.account.deploy_template(template, RULES);
            }
        }
        self.waiting.extend(self.account.aws.take_events());
        let main = self.account.aws.stack(&subject("main").stack_name("branch"));
        let whole =
            main.filter(|stack| ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&stack.status.as_str()));
        self.main_was_whole = whole.map(|stack| stack.id).or(self.main_was_whole.take());
    }

    /// Loses every event that waits, and reconciles every so many hours until a run does nothing.
    fn reconcile_until_quiet(&mut self, hours: u64) -> Decision {
        for _ in 0..12 {
            while self.account.aws.advance_to_next().is_some() {}
            self.account.aws.advance(Duration::from_secs(hours * 3600));
            let decision = self.account.reconcile();
            if self.saw([decision.clone()]) == 0 {
                return decision;
            }
        }
        panic!("reconcile is never done: {:#?}", self.account.aws.stacks());
    }
}

/// Whether the stack of a wanted branch is as the rules want it.
fn is_current(play: &Play, branch: &str, stack: &StackNow) -> bool {
    let rules = &play.account.rules.stacks;
    let head = play.account.aws.head("shop", branch).expect("the branch is there");
    let wanted = rules.covering(&subject(branch)).expect("a rule covers it").wanted(&subject(branch), &head);
    let whole =
        ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"].contains(&stack.status.as_str());
    whole && stack.tags.iter().any(|(key, value)| key == "pointsman:digest" && *value == wanted.digest)
}

/// Whether a stack is what is left of an attempt that failed, and remembers it.
fn remembers(stack: &StackNow) -> bool {
    ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"]
        .contains(&stack.status.as_str())
}

/// Whether a stack is somebody else's, or nested.
fn is_foreign(stack: &StackNow) -> bool {
    let tag = |key: &str, value: &str| stack.tags.iter().any(|(k, v)| k == key && v == value);
    tag("pointsman:branch", "feature/nested") || tag("team", "others") || tag("pointsman:owner", "another")
}

proptest! {
    // Each case makes some hundred calls over the wire.
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_each_wanted_branch_has_its_stack_and_nothing_else_has_one(
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
        // Also while everything that was arranged to fail goes on failing; a deletion that failed waits for a day.
        let before_quiet = play.creations;
        play.reconcile_until_quiet(1);
        play.account.aws.end_failures();
        let decision = play.reconcile_until_quiet(25);

        let stacks: BTreeMap<String, StackNow> = play.account.aws.stacks().into_iter()
            .filter(|stack| !is_foreign(stack)).map(|stack| (stack.name.clone(), stack)).collect();
        let mut expected = BTreeSet::new();
        for (index, branch) in BRANCHES.into_iter().enumerate() {
            let name = subject(branch).stack_name("branch");
            let (there, stack) = (play.account.aws.head("shop", branch).is_some(), stacks.get(&name));
            let failed = steps.iter().any(|step| matches!(step, Step::Fail(which, ..) if *which == index));
            let told = || format!("{branch}: {stack:#?} {decision:#?}");
            match branch {
                // No rule covers the one, and the other's stack is somebody else's.
                "wip" | "feature/taken" => prop_assert!(stack.is_none(), "{}", told()),
                // Protected: it stays when the branch goes.
                "main" if !there => {}
                _ if !there => prop_assert!(stack.is_none(), "{}", told()),
                _ => {
                    prop_assert!(stack.is_some(), "{}", told());
                    let Some(stack) = stack else { continue };
                    let current = is_current(&play, branch, stack);
                    let left = failed && (remembers(stack) || branch == "main");
                    prop_assert!(current || left, "{}", told());
                    prop_assert!(branch != "main" || !current || stack.protected, "{}", told());
                }
            }
            expected.extend(stack.map(|_| name));
        }
        prop_assert_eq!(stacks.keys().cloned().collect::<BTreeSet<_>>(), expected);
        if let Some(main) = &play.main_was_whole {
            prop_assert!(stacks.values().any(|stack| stack.id == *main), "the protected stack is gone: {:#?}", stacks);
        }
        prop_assert_eq!(foreign(&play), before);
        // No loop: once nothing more happens, a stack is made because it was missing, because what was left of a failure
        // is gone, or because the failure was mended.
        let made = play.creations - before_quiet;
        prop_assert!(made <= 3 * BRANCHES.len(), "{} creations after the last step", made);
    }
}

/// How many interleavings: PROPTEST_CASES, or as many as take some seconds.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}
