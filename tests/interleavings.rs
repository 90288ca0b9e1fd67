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
        1 => (branch, prop_oneof![Just("create"), Just("update"), Just("delete"), Just("rollback")], any::<bool>())
            .prop_map(|(branch, on, once)| Step::Fail(branch, on, once)),
        1 => Just(Step::Mend),
        1 => Just(Step::Reconcile),
        1 => any::<bool>().prop_map(Step::ChangeTemplate),
    ]
}

/// The account, the events that wait, and what was called.
struct Play {
    account: Account,
    waiting: Vec<Value>,
    deleted: Vec<String>,
    creations: usize,
}

impl Play {
    fn new() -> Self {
        Self {
            account: Account::new(&world(), RULES, TEMPLATE),
            waiting: Vec::new(),
            deleted: Vec::new(),
            creations: 0,
        }
    }

    fn saw(&mut self, decisions: impl IntoIterator<Item = Decision>) -> usize {
        let mut done = 0;
        for action in decisions.into_iter().flat_map(|decision| decision.actions) {
            if !matches!(action.result, ActionResult::Done(_)) {
                continue;
            }
            match action.call.as_str() {
                "cloudformation:DeleteStack" => self.deleted.push(action.subject),
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
            Step::Mend => aws.mend(),
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

/// The stacks there are in the end, by the branch they are for, with their statuses; none of a foreign one.
fn stacks(play: &Play) -> BTreeMap<String, String> {
    let by_name: BTreeMap<String, &str> =
        BRANCHES.iter().map(|branch| (subject(branch).stack_name("branch"), *branch)).collect();
    let ours = play.account.aws.stacks().into_iter().filter(|stack| !is_foreign(stack));
    ours.filter_map(|stack| Some(((*by_name.get(&stack.name)?).to_owned(), stack.status))).collect()
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
        play.reconcile_until_quiet(1);
        play.account.aws.mend();
        let decision = play.reconcile_until_quiet(25);

        let there: BTreeSet<&str> =
            BRANCHES.into_iter().filter(|branch| play.account.aws.head("shop", branch).is_some()).collect();
        let stacks = stacks(&play);
        let failing = steps.iter().any(|step| matches!(step, Step::Fail(..)));
        for branch in BRANCHES {
            let status = stacks.get(branch).map(String::as_str);
            match branch {
                "wip" | "feature/taken" => prop_assert_eq!(status, None, "{}", branch),
                // Protected: it stays when the branch goes. A failed creation of it is not one that stays.
                "main" if !there.contains("main") => prop_assert_ne!(status, Some("ROLLBACK_IN_PROGRESS")),
                _ if !there.contains(branch) => prop_assert_eq!(status, None, "{}: {:#?}", branch, decision),
                _ => {
                    let good = matches!(status, Some("CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE"));
                    let remembered = status.is_some_and(|status| status.contains("ROLLBACK") || status.contains("FAILED"));
                    prop_assert!(good || (failing && remembered), "{}: {:?} {:#?}", branch, status, decision);
                }
            }
        }
        prop_assert_eq!(foreign(&play), before);
        let protected = play.account.aws.stack(&subject("main").stack_name("branch"));
        if let Some(protected) = protected.filter(|stack| stack.status == "CREATE_COMPLETE") {
            prop_assert!(protected.protected);
        }
        // No loop: a stack is made only for a push, a change of the template, or after somebody deleted the branch.
        prop_assert!(play.creations <= 2 * steps.len(), "{} creations in {} steps", play.creations, steps.len());
    }
}

/// How many interleavings: PROPTEST_CASES, or as many as take some seconds.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}
