//! Rules change at random while branches are pushed and time passes: no stack of an existing branch is deleted without the limit,
//! a warning or a confirmation, and a second reconcile at the same moment sends no email.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use shared::decision::{Decision, Verdict};

use crate::account::Account;

const BRANCHES: usize = 12;
const TEMPLATE: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The branches and the further keys of each rule.
const RULES: [(&str, &str); 6] = [
    ("\"feature/**\"", ""),
    ("\"featur/**\"", ""),
    ("\"feature/**\", \"!feature/00\"", "ttl = \"5d\""),
    ("\"feature/**\", \"!feature/0[0-3]\"", ""),
    ("\"feature/**\"", "ttl = \"5d\""),
    ("\"feature/**\"", "ttl = \"1d\""),
];

#[derive(Debug, Clone)]
enum RuleStep {
    Deploy(usize),
    Push(usize, &'static str),
    Delete(usize),
    Advance(u64),
    Reconcile,
    /// Confirms the list that was held last.
    Confirm,
    /// A reconcile that ends after this many calls.
    Cut(u64, bool),
}

fn step() -> impl Strategy<Value = RuleStep> {
    prop_oneof![
        4 => (0..RULES.len()).prop_map(RuleStep::Deploy),
        3 => (0..BRANCHES, prop_oneof![Just("one"), Just("two")]).prop_map(|(nth, to)| RuleStep::Push(nth, to)),
        1 => (0..BRANCHES).prop_map(RuleStep::Delete),
        5 => (1_u64..40).prop_map(RuleStep::Advance),
        6 => Just(RuleStep::Reconcile),
        3 => Just(RuleStep::Confirm),
        1 => (3_u64..40, any::<bool>()).prop_map(|(calls, after)| RuleStep::Cut(calls, after)),
    ]
}

fn branch(nth: usize) -> String {
    format!("feature/{nth:02}")
}

fn rules((branches, more): (&str, &str)) -> String {
    format!(
        "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [{branches}]\ntemplate = \"stack.yaml\"\n\
         parameters = {{ Branch = \"{{branch}}\" }}\n{more}\n"
    )
}

struct Play {
    account: Account,
    /// The digest that was held last, and its branches.
    held: Option<(String, BTreeSet<String>)>,
    /// The branches whose deletion is confirmed, and since when.
    confirmed: BTreeMap<String, Timestamp>,
    /// The times of the deletions that nothing but the limit allows.
    within_limit: Vec<Timestamp>,
}

impl Play {
    fn new() -> Self {
        let mut world = "now = \"2026-01-01T10:00:00Z\"\n[[repository]]\nname = \"shop\"\n[[repository.commit]]\nlabel = \"one\"\n\
                         [[repository.commit]]\nlabel = \"two\"\n[repository.branches]\n"
            .to_owned();
        for nth in 0..BRANCHES {
            let _ = writeln!(world, "\"{}\" = \"one\"", branch(nth));
        }
        let account = Account::new(&world, &rules(RULES[0]), TEMPLATE);
        account.reconcile();
        account.settle();
        Self { account, held: None, confirmed: BTreeMap::new(), within_limit: Vec::new() }
    }

    fn emails(&self) -> usize {
        self.account.aws.emails().len()
    }

    /// Whether the warning about a branch was sent a day ago or earlier.
    fn warned(&self, branch: &str) -> bool {
        let subject = format!("Stack will be deleted: {branch}");
        let now = self.account.aws.now();
        let mut emails = self.account.aws.emails().into_iter();
        emails.any(|email| email.subject == subject && now.duration_since(email.at) >= DAY)
    }

    /// Checks every deletion of a decision, and remembers what it shows.
    fn saw(&mut self, decision: &Decision, stacks: usize) {
        let now = self.account.aws.now();
        let mut held = BTreeSet::new();
        let mut digest = None;
        for reason in &decision.reasons {
            let (subject, code) = (reason.subject.clone(), reason.because.code.as_str());
            match (reason.verdict, code) {
                (Verdict::Delete, "idle") => {
                    assert!(self.warned(&subject), "{subject} was not warned: {decision:#?}");
                }
                (Verdict::Delete, "not-covered") => match self.confirmed.get(&subject) {
                    Some(since) => assert!(now.duration_since(*since) <= DAY * 3, "{subject}: {decision:#?}"),
                    None => self.within_limit.push(now),
                },
                (_, "too-many-deletions") => {
                    held.insert(subject.clone());
                    let rest = reason.because.sentence.split("the list ").nth(1).expect("the list");
                    digest = rest.split(' ').next().map(str::to_owned);
                }
                (_, "up-to-date" | "no-stack-yet") => drop(self.confirmed.remove(&subject)),
                _ => {}
            }
        }
        let recent = self.within_limit.iter().filter(|at| now.duration_since(**at) < DAY).count();
        let most = (stacks / 10).clamp(1, 3);
        let deletes = self.within_limit.last() == Some(&now);
        assert!(
            !deletes || recent <= most,
            "{recent} deletions within a day, of {stacks} stacks: {decision:#?}"
        );
        if let Some(digest) = digest {
            self.held = Some((digest, held));
        }
    }

    fn reconcile(&mut self) {
        let stacks = self.account.aws.stacks().len();
        let decision = self.account.reconcile();
        self.saw(&decision, stacks);
    }

    fn settle(&mut self) {
        for decision in self.account.settle() {
            let deleted = decision.reasons.iter().filter(|reason| reason.verdict == Verdict::Delete);
            let codes: Vec<&str> = deleted.map(|reason| reason.because.code.as_str()).collect();
            assert!(codes.iter().all(|code| *code == "branch-gone"), "an event deletes: {decision:#?}");
        }
    }

    fn step(&mut self, step: &RuleStep) {
        match step {
            RuleStep::Deploy(which) => self.account.deploy(&rules(RULES[*which])),
            RuleStep::Push(nth, to) => {
                self.account.aws.push("shop", &branch(*nth), Some(to)).expect("a legal name");
            }
            RuleStep::Delete(nth) => {
                self.account.aws.push("shop", &branch(*nth), None).expect("a legal name");
            }
            RuleStep::Advance(hours) => self.account.aws.advance(Duration::from_secs(hours * 3_600)),
            RuleStep::Reconcile => {
                self.reconcile();
                self.settle();
                self.reconcile();
                let before = self.emails();
                self.reconcile();
                assert_eq!(self.emails(), before, "{:#?}", self.account.aws.emails());
            }
            RuleStep::Confirm => {
                let Some((digest, branches)) = self.held.clone() else { return };
                let stacks = self.account.aws.stacks().len();
                let now = self.account.aws.now();
                let before = self.confirmed.clone();
                self.confirmed.extend(branches.into_iter().map(|one| (one, now)));
                let decision = self.account.reconcile_confirming(&digest);
                if decision.reasons.iter().any(|reason| reason.because.code == "confirmation-differs") {
                    self.confirmed = before;
                }
                self.saw(&decision, stacks);
            }
            RuleStep::Cut(calls, after_effect) => {
                let stacks = self.account.aws.stacks().len();
                self.account.aws.cut_off_after(*calls, *after_effect);
                let decision = self.account.reconcile();
                self.account.aws.answer_again();
                self.saw(&decision, stacks);
            }
        }
        self.settle();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_deletes_the_stacks_of_existing_branches_unasked(steps in prop::collection::vec(step(), 1..25)) {
        let mut play = Play::new();
        for step in &steps {
            play.step(step);
        }
    }
}

/// How many plays: PROPTEST_CASES, or as many as take some seconds.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(8)
}
