//! The decision about every status of a stack, for branches that should have a stack and branches that should not.

use aws_sdk_cloudformation::types::StackStatus;
use branch_stacks::because::Because;
use branch_stacks::brake::DeletionPolicy;
use branch_stacks::decide::{BETWEEN_DELETIONS, StackDecision, decide};
use branch_stacks::effect::{Effect, StackInput};
use branch_stacks::facts::{
    BranchTip, Facts, FailedAttempt, FoundStack, History, HistoryUnreadable, OperationEvent, Tip,
};
use branch_stacks::identity::{BranchId, COMMIT, DIGEST};
use branch_stacks::passing::RETRY_AFTER;
use branch_stacks::roll_out::RollOutId;
use branch_stacks::rules::{self, Deployment, Rules};
use branch_stacks::run::BranchInput;
use branch_stacks::stack::{BranchStack, ForeignBecause, ForeignStack};
use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;
use shared::config::Document;
use shared::decision::{Explain as _, Verdict};
use shared::table_error::TableError;
use tempfile::TempDir;

const COMMIT_A: &str = "1111111111111111111111111111111111111111";
const COMMIT_B: &str = "2222222222222222222222222222222222222222";
const RULE: &str = "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"main\", \"feature/**\", \"!feature/wip\"]\n\
    template = \"stack.yaml\"\nprotected = [\"main\"]\nparameters = { Branch = \"{branch}\" }\n";

/// A branch and its stack, which is up to date at first.
struct Situation {
    rules: Rules,
    branch: BranchId,
    facts: Facts,
    now: Timestamp,
    active_at: Option<Timestamp>,
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).expect("a day near 1970")
}

fn rules(text: &str) -> Rules {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("stack.yaml"), "Resources: {}\n").expect("the folder is ours");
    let mut problems = Vec::new();
    let rules =
        rules::read(&Document::new("pointsman.toml", text), &[folder.path().to_owned()], &mut problems);
    assert_eq!(problems, []);
    rules
}

fn quiet(branch: &str, more: &str) -> Situation {
    let rules = rules(&format!("{RULE}{more}\n"));
    let id = BranchId { repository: "shop".into(), name: branch.into() };
    let digest = rules.covering(&id).map(|rule| rule.spec(&id, COMMIT_A).digest).unwrap_or_default();
    let mut tags = id.tags("branch");
    tags.extend([(COMMIT.to_owned(), COMMIT_A.to_owned()), (DIGEST.to_owned(), digest)]);
    let stack = BranchStack {
        id: "arn:aws:cloudformation:eu-west-1:111122223333:stack/branch-x/1".parse().expect("an ARN"),
        status: StackStatus::CreateComplete,
        tags,
        created: Some(day(100)),
        updated: None,
        deleted: None,
        protected: branch == "main",
        outputs: Vec::new(),
        previous: Box::default(),
    };
    let facts = Facts {
        head: BranchTip::At(Tip { commit: COMMIT_A.into(), committed: None }),
        stack: FoundStack::Ours(stack),
        last_event: None,
        stacks_of_rule: None,
        history: Ok(History::default()),
    };
    Situation { rules, branch: id, facts, now: day(110), active_at: None }
}

impl Situation {
    fn stack(&mut self) -> &mut BranchStack {
        match &mut self.facts.stack {
            FoundStack::Ours(stack) => stack,
            other => panic!("{other:?}"),
        }
    }

    fn status(mut self, status: &str) -> Self {
        self.stack().status = StackStatus::from(status);
        self
    }

    fn gone(mut self) -> Self {
        self.facts.head = BranchTip::Gone;
        self
    }

    fn changed(mut self) -> Self {
        self.stack().tags.retain(|(key, _)| key != DIGEST);
        self
    }

    fn moved(mut self) -> Self {
        self.facts.head = BranchTip::At(Tip { commit: COMMIT_B.into(), committed: None });
        self
    }

    fn decide(&self) -> StackDecision {
        let input = BranchInput {
            branch: &self.branch,
            rules: &self.rules,
            prefix: "branch",
            now: self.now,
            active_at: self.active_at,
            event_time: "2026-03-02T10:00:00Z",
            deletions: DeletionPolicy::Count,
        };
        decide(&input, &self.facts)
    }

    /// Verdict, reason and calls in a line.
    fn line(&self) -> String {
        let decision = self.decide();
        let effects: Vec<&str> = decision
            .effects
            .iter()
            .map(|effect| match effect {
                Effect::Create { .. } => "CreateStack",
                Effect::Update { .. } => "UpdateStack",
                Effect::Delete { .. } => "DeleteStack",
                Effect::Protect { enabled: true, .. } => "protect",
                Effect::Protect { enabled: false, .. } => "unprotect",
                Effect::PutEvent(_) | Effect::PostComment { .. } | Effect::UpdateComment { .. } => "notify",
                Effect::Publish { .. } => "Publish",
            })
            .collect();
        format!("{} {} [{}]", decision.verdict, decision.because.code(), effects.join(", "))
    }
}

fn denied() -> CallError {
    CallError::without_answer("codecommit:GetBranch", "denied")
}

/// The last event of a stack.
fn event(token: Option<String>, time: Option<Timestamp>) -> OperationEvent {
    let (resource, kind) = ("branch-x".to_owned(), "AWS::CloudFormation::Stack".to_owned());
    OperationEvent {
        resource,
        physical: String::new(),
        kind,
        status: String::new(),
        reason: String::new(),
        of_stack: true,
        token,
        operation: None,
        time,
    }
}

fn branch() -> Situation {
    quiet("feature/a", "")
}

#[test]
fn each_status_of_a_stack_whose_branch_should_have_one() {
    let mut table = String::new();
    for status in StackStatus::values() {
        let (same, changed, moved) =
            (branch().status(status), branch().status(status).changed(), branch().status(status).moved());
        table += &format!(
            "{status}\n  same: {}\n  changed: {}\n  moved: {}\n",
            same.line(),
            changed.line(),
            moved.line()
        );
    }
    insta::assert_snapshot!(table);
}

#[test]
fn each_status_of_a_stack_whose_branch_is_gone() {
    let mut table = String::new();
    for status in StackStatus::values() {
        table += &format!("{status}: {}\n", branch().status(status).gone().line());
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_stack_in_an_unknown_status_is_left_unchanged() {
    assert_eq!(branch().status("FROZEN").line(), "hold unknown-status []");
    assert_eq!(branch().status("FROZEN").gone().line(), "hold unknown-status []");
}

#[test]
fn a_branch_without_a_stack_gets_one_and_nothing_else_does() {
    let mut world = branch();
    world.facts.stack = FoundStack::None;
    assert_eq!(world.line(), "create no-stack-yet [CreateStack]");
    assert_eq!(world.gone().line(), "skip branch-gone []");
    let mut excluded = quiet("feature/wip", "");
    excluded.facts.stack = FoundStack::None;
    assert_eq!(excluded.line(), "skip not-covered []");
    assert_eq!(excluded.decide().because.evidence().pattern.as_deref(), Some("!feature/wip"));
}

#[test]
fn a_stack_that_no_rule_covers_is_deleted_unless_there_are_no_rules() {
    let mut world = quiet("feature/wip", "");
    assert_eq!(world.line(), "delete not-covered [DeleteStack]");
    world.rules = Rules::default();
    assert_eq!(world.line(), "hold no-rules []");
}

#[test]
fn a_protected_stack_is_never_deleted() {
    assert_eq!(quiet("main", "").gone().line(), "skip protected []");
    for status in StackStatus::values() {
        let line = quiet("main", "").status(status).gone().line();
        assert!(line.ends_with("[]"), "{status}: {line}");
    }
    let mut by_hand = branch().gone();
    by_hand.stack().protected = true;
    assert_eq!(by_hand.line(), "hold termination-protected []");
}

#[test]
fn a_branch_that_another_rule_protects_is_protected() {
    let more = "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"release\"]\ntemplate = \"stack.yaml\"\n\
        protected = [\"feature/a\"]\n";
    let mut world = quiet("feature/a", more);
    assert_eq!(world.line(), "update not-protected-yet [protect]");
    world.facts.stack = FoundStack::None;
    let Some(Effect::Create { protected, .. }) = world.decide().effects.pop() else { panic!("no creation") };
    assert!(protected);
}

#[test]
fn a_protected_branch_whose_stack_could_be_deleted_gets_its_protection() {
    let mut world = quiet("main", "");
    world.stack().protected = false;
    assert_eq!(world.line(), "update not-protected-yet [protect]");
    assert_eq!(world.changed().line(), "update changed [protect, UpdateStack]");
}

#[test]
fn a_protected_creation_that_failed_is_unprotected_only_when_nothing_is_in_it() {
    assert_eq!(
        quiet("main", "").status("ROLLBACK_COMPLETE").moved().line(),
        "delete creation-retried [unprotect, DeleteStack]"
    );
    assert_eq!(quiet("main", "").status("ROLLBACK_FAILED").moved().line(), "hold failed-and-protected []");
}

#[test]
fn a_foreign_stack_is_never_touched() {
    for because in [ForeignBecause::Tags, ForeignBecause::Owner, ForeignBecause::Nested, ForeignBecause::Name]
    {
        let mut world = branch();
        world.facts.stack = FoundStack::Foreign(ForeignStack { name: "branch-x".into(), because });
        assert_eq!(world.line(), "hold foreign-stack []");
        assert_eq!(world.gone().line(), "skip foreign-stack []");
    }
}

#[test]
fn a_failed_read_has_no_effect() {
    let mut world = branch();
    world.facts.head = BranchTip::Unreadable(denied());
    assert_eq!(world.line(), "fail branch-unreadable []");
    world.facts.stack = FoundStack::Unreadable(denied());
    assert_eq!(world.line(), "fail stack-unreadable []");
}

#[test]
fn a_failed_update_is_not_retried_without_a_change() {
    let mut world = branch().status("UPDATE_ROLLBACK_COMPLETE").changed();
    let Some(Effect::Update { input: StackInput { token, .. }, .. }) = world.decide().effects.pop() else {
        panic!("no update")
    };
    world.stack().updated = Some(day(109));
    world.facts.last_event = Some(event(Some(token), None));
    assert_eq!(world.line(), "hold update-failed []");
    world.rules = rules(&format!("{RULE}tags = {{ team = \"b\" }}\n"));
    assert_eq!(world.line(), "update changed [UpdateStack]");
    world.facts.last_event = Some(event(Some("Console-UpdateStack-7f59".into()), None));
    assert_eq!(world.line(), "update changed [UpdateStack]");
}

#[test]
fn a_failed_deletion_is_retried_a_day_later_with_a_new_token() {
    let mut world = branch().status("DELETE_FAILED").gone();
    world.stack().deleted = Some(day(109) + SignedDuration::from_secs(1));
    assert_eq!(world.line(), "hold deletion-failed []");
    world.now = day(109) + SignedDuration::from_secs(1) + BETWEEN_DELETIONS;
    assert_eq!(world.line(), "delete deletion-retried [DeleteStack]");
    let first = world.decide().effects;
    world.facts.last_event = Some(event(None, Some(world.now)));
    assert_eq!(
        world.line(),
        "hold deletion-failed []",
        "the last event is newer than what DescribeStacks says"
    );
    world.facts.last_event = None;
    world.stack().deleted = Some(world.now);
    world.now += BETWEEN_DELETIONS;
    assert_ne!(world.decide().effects, first);
}

#[test]
fn a_deletion_that_failed_at_an_unknown_time_is_not_retried_at_once() {
    assert_eq!(branch().status("DELETE_FAILED").gone().line(), "hold deletion-failed []");
}

#[test]
fn a_protected_stack_whose_deletion_failed_is_left_to_an_operator() {
    let mut world = quiet("main", "").status("DELETE_FAILED");
    world.stack().protected = false;
    assert_eq!(world.line(), "hold half-deleted []");
}

#[test]
fn protection_does_not_wait_for_an_update_that_keeps_failing() {
    let mut world = quiet("main", "").status("UPDATE_ROLLBACK_COMPLETE").changed();
    world.stack().protected = false;
    let Some(Effect::Update { input: StackInput { token, .. }, .. }) = world.decide().effects.pop() else {
        panic!("no update")
    };
    world.facts.last_event = Some(event(Some(token), None));
    assert_eq!(world.line(), "update not-protected-yet [protect]");
    world.stack().protected = true;
    assert_eq!(world.line(), "hold update-failed []");
}

#[test]
fn a_branch_is_idle_when_head_stack_and_push_are_older_than_the_ttl() {
    let mut world = quiet("feature/a", "ttl = \"5d\"");
    let committed = |day| BranchTip::At(Tip { commit: COMMIT_A.into(), committed: Some(Ok(day)) });
    world.facts.head = committed(day(101));
    assert_eq!(world.line(), "delete idle [DeleteStack]");
    world.facts.head = committed(day(105));
    assert_eq!(world.line(), "skip up-to-date []", "exactly as old as the ttl");
    world.facts.head = committed(day(101));
    world.stack().created = Some(day(106));
    assert_eq!(world.line(), "skip up-to-date []", "a young stack");
    world.stack().created = Some(day(100));
    world.facts.head = committed(day(999));
    assert_eq!(world.line(), "skip up-to-date []", "a date after now counts as now: clocks differ");
    world.stack().created = None;
    world.facts.head = committed(day(101));
    assert_eq!(world.line(), "skip up-to-date []", "a stack without a creation time");
}

#[test]
fn without_a_date_no_stack_is_deleted_and_none_is_created() {
    let mut world = quiet("feature/a", "ttl = \"5d\"");
    world.facts.head = BranchTip::At(Tip { commit: COMMIT_A.into(), committed: Some(Err(denied())) });
    assert_eq!(world.line(), "skip up-to-date []");
    world.facts.stack = FoundStack::None;
    assert_eq!(world.line(), "fail branch-unreadable []");
    world.active_at = Some(day(109));
    assert_eq!(world.line(), "create no-stack-yet [CreateStack]", "a push is enough");
}

#[test]
fn a_new_branch_at_an_old_commit_gets_a_stack_because_it_was_pushed() {
    let mut world = quiet("feature/a", "ttl = \"5d\"");
    world.facts.stack = FoundStack::None;
    world.facts.head = BranchTip::At(Tip { commit: COMMIT_A.into(), committed: Some(Ok(day(1))) });
    assert_eq!(world.line(), "skip idle []");
    world.active_at = Some(day(110));
    assert_eq!(world.line(), "create no-stack-yet [CreateStack]");
    world.active_at = Some(day(90));
    assert_eq!(world.line(), "skip idle []", "an event that was redriven weeks later");
}

#[test]
fn a_pinned_branch_is_never_idle() {
    let mut world = quiet("feature/a", "ttl = \"5d\"\npinned = [\"feature/a\"]");
    world.facts.head = BranchTip::At(Tip { commit: COMMIT_A.into(), committed: Some(Ok(day(1))) });
    assert_eq!(world.line(), "skip up-to-date []");
}

#[test]
fn a_rule_has_no_more_stacks_than_its_limit() {
    let mut world = quiet("feature/a", "max-stacks = 2");
    world.facts.stack = FoundStack::None;
    world.facts.stacks_of_rule = Some(1);
    assert_eq!(world.line(), "create no-stack-yet [CreateStack]");
    world.facts.stacks_of_rule = Some(2);
    assert_eq!(world.decide().because, Because::TooManyStacks { most: 2 });
    assert_eq!(world.decide().verdict, Verdict::Hold);
}

#[test]
fn an_update_keeps_the_tags_of_others_and_no_old_one_of_ours() {
    let mut world = branch().changed();
    world.stack().tags.extend([
        ("cost-centre".to_owned(), "7".to_owned()),
        ("aws:servicecatalog:x".to_owned(), "y".to_owned()),
        ("pointsman:branch.2".to_owned(), "stale".to_owned()),
    ]);
    let Some(Effect::Update { input: StackInput { tags, .. }, .. }) = world.decide().effects.pop() else {
        panic!("no update")
    };
    let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "pointsman:owner",
            "pointsman:repository",
            "pointsman:branch",
            "pointsman:commit",
            "pointsman:digest",
            "cost-centre"
        ]
    );
}

#[test]
fn a_deletion_is_express_only_if_the_stack_is_not_created_again() {
    let mode = |world: &Situation| match world.decide().effects.pop() {
        Some(Effect::Delete { deployment, .. }) => deployment,
        other => panic!("{other:?}"),
    };
    let express = || quiet("feature/a", "deployment = \"express\"");
    assert_eq!(mode(&express().gone()), Deployment::Express);
    assert_eq!(mode(&express().status("ROLLBACK_COMPLETE").moved()), Deployment::Standard);
    assert_eq!(mode(&branch().gone()), Deployment::Standard);
}

#[test]
fn the_deployment_is_no_part_of_the_digest() {
    let mut world = branch();
    world.rules = rules(&format!("{RULE}deployment = \"express\"\n"));
    assert_eq!(world.line(), "skip up-to-date []");
}

#[test]
fn tokens_are_the_same_for_the_same_and_legal() {
    let token = |world: &Situation| match world.decide().effects.pop() {
        Some(Effect::Create { input, .. } | Effect::Update { input, .. }) => input.token,
        Some(Effect::Delete { token, .. }) => token,
        other => panic!("{other:?}"),
    };
    let mut none = branch();
    none.facts.stack = FoundStack::None;
    for world in [none, branch().changed(), branch().gone()] {
        let first = token(&world);
        assert_eq!(first, token(&world));
        assert!(first.len() <= 128 && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
    let mut later = branch().changed();
    later.stack().updated = Some(day(105));
    assert_ne!(token(&branch().changed()), token(&later));
}

#[test]
fn a_creation_that_failed_for_a_reason_that_can_pass_is_tried_once_more_after_hours() {
    let attempt = |can_pass, is_second| {
        let mut world = branch().status("ROLLBACK_COMPLETE");
        let attempt = Some(FailedAttempt { can_pass, is_second });
        world.facts.history = Ok(History { attempt, ..History::default() });
        world
    };
    let mut world = attempt(true, false);
    world.now = day(100) + RETRY_AFTER - SignedDuration::from_secs(1);
    assert_eq!(world.line(), "hold creation-waits []");
    world.now = day(100) + RETRY_AFTER;
    assert_eq!(world.line(), "delete creation-repeated [DeleteStack]");
    assert_eq!(attempt(true, true).line(), "hold creation-failed []", "there is no third attempt");
    assert_eq!(attempt(false, false).line(), "hold creation-failed []");
    assert_eq!(attempt(true, true).changed().line(), "delete creation-retried [DeleteStack]");
    world.stack().created = None;
    assert_eq!(world.line(), "hold creation-failed []", "at an unknown time");
    let mut protected = quiet("main", "").status("ROLLBACK_FAILED");
    protected.facts.history = attempt(true, false).facts.history;
    assert_eq!(protected.line(), "hold failed-and-protected []");
}

#[test]
fn a_roll_out_stops_after_failures_for_other_stacks() {
    let mut world = branch().changed();
    world.facts.history = Ok(History { roll_out_failures: 2, ..History::default() });
    assert_eq!(world.line(), "update changed [UpdateStack]");
    world.facts.history = Ok(History { roll_out_failures: 3, ..History::default() });
    assert_eq!(world.line(), "hold roll-out-stopped []");
    let mut none = branch();
    none.facts.stack = FoundStack::None;
    none.facts.history = world.facts.history.clone();
    assert_eq!(none.line(), "hold roll-out-stopped []");
    let mut protected = quiet("main", "").changed();
    protected.stack().protected = false;
    protected.facts.history = world.facts.history;
    assert_eq!(protected.line(), "update not-protected-yet [protect]", "the protection does not wait");
}

#[test]
fn a_protected_branch_waits_for_the_others() {
    let mut world = quiet("main", "").changed();
    world.facts.history = Ok(History { others_first: true, ..History::default() });
    assert_eq!(world.line(), "hold protected-last []");
}

#[test]
fn an_unreadable_history_changes_nothing() {
    let mut world = branch().changed();
    world.facts.history = Err(HistoryUnreadable::Stack(denied()));
    assert_eq!(world.line(), "fail stack-unreadable []");
    let error = TableError::Call { key: "reports".into(), error: denied() };
    world.facts.history = Err(HistoryUnreadable::Reports(error));
    assert_eq!(world.line(), "fail reports-unavailable []");
}

#[test]
fn an_update_has_the_roll_out_in_its_token_unless_only_the_commit_changed() {
    let token = |world: &Situation| match world.decide().effects.pop() {
        Some(Effect::Update { input, .. }) => input.token,
        other => panic!("{other:?}"),
    };
    let rule = branch().rules.stacks[0].clone();
    assert_eq!(RollOutId::of_token(&token(&branch().changed())), Some(RollOutId::of_rule(&rule)));
    let mut main = quiet("main", "").changed();
    main.stack().protected = true;
    let same = RollOutId::of_token(&token(&main));
    assert_eq!(same, Some(RollOutId::of_rule(&rule)), "one roll-out for all branches of the rule");
    let commit = quiet("feature/a", "tags = { commit = \"{commit}\" }").moved();
    assert_eq!(RollOutId::of_token(&token(&commit)), None);
}

#[test]
fn an_operation_never_ends_only_if_the_last_event_proves_it() {
    let hours = |hours: i64| day(110) - SignedDuration::from_hours(hours);
    let line = |updated: i64, last: Option<i64>| {
        let mut situation = branch().status("UPDATE_IN_PROGRESS");
        situation.stack().updated = Some(hours(updated));
        situation.facts.last_event = last.map(|last| event(None, Some(hours(last))));
        situation.line()
    };
    assert_eq!(line(13, Some(13)), "hold never-ends []");
    assert_eq!(line(13, Some(11)), "hold working []", "the stack entered its status later");
    assert_eq!(line(13, None), "hold working []");
    assert_eq!(line(12, Some(12)), "hold working []");
    let mut unwanted = branch().status("UPDATE_IN_PROGRESS").gone();
    unwanted.facts.last_event = Some(event(None, Some(hours(50))));
    assert_eq!(unwanted.line(), "hold working []", "only a stack that the rules require is reported");
}

#[test]
fn an_update_keeps_the_operators_tag() {
    let mut situation = quiet("feature/a", "").changed();
    situation.stack().tags.push(("pointsman:keep".into(), "2026-12-24".into()));
    let decision = situation.decide();
    let Effect::Update { input: StackInput { tags, .. }, .. } = &decision.effects[0] else {
        panic!("{decision:?}")
    };
    assert!(tags.contains(&("pointsman:keep".into(), "2026-12-24".into())), "{tags:?}");
}

#[test]
fn a_single_event_deletes_the_stack_of_a_branch_that_is_gone_and_of_no_other() {
    let decide_alone = |situation: &Situation| {
        let input = BranchInput {
            branch: &situation.branch,
            rules: &situation.rules,
            prefix: "branch",
            now: situation.now,
            active_at: None,
            event_time: "",
            deletions: DeletionPolicy::Wait,
        };
        let decision = decide(&input, &situation.facts);
        (decision.verdict, decision.because.code(), decision.effects.len())
    };
    let gone = (Verdict::Delete, "branch-gone", 1);
    let waits = (Verdict::Hold, "awaits-reconcile", 0);
    assert_eq!(decide_alone(&quiet("feature/a", "").gone()), gone);
    assert_eq!(decide_alone(&quiet("other", "").gone()), gone, "no rule covers the branch, and it is gone");
    assert_eq!(decide_alone(&quiet("other", "")), waits);
    assert_eq!(decide_alone(&quiet("feature/wip", "")), waits, "a pattern excludes the branch");
    let mut idle = quiet("feature/a", "ttl = \"5d\"");
    idle.facts.head = BranchTip::At(Tip { commit: COMMIT_A.into(), committed: Some(Ok(day(1))) });
    assert_eq!(decide_alone(&idle), waits);
    idle.stack().tags.push(("pointsman:keep".into(), "true".into()));
    assert_eq!(decide_alone(&idle), (Verdict::Skip, "up-to-date", 0));
}
