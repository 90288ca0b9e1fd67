//! The decision, asked as an operator would ask it: every status of a stack, wanted and not, and what is done about it.

use aws_sdk_cloudformation::types::StackStatus;
use branch_stacks::because::Because;
use branch_stacks::decide::{BETWEEN_DELETIONS, Decided, Step, decide};
use branch_stacks::facts::{Event, Facts, Found, Head, Tip, Unread};
use branch_stacks::identity::{COMMIT, DIGEST, Subject};
use branch_stacks::question::Question;
use branch_stacks::rules::{self, Rules};
use branch_stacks::stack::{Foreign, NotOursBecause, Stack};
use jiff::{SignedDuration, Timestamp};
use shared::config::Document;
use shared::decision::{Explain as _, Verdict};
use tempfile::TempDir;

const COMMIT_A: &str = "1111111111111111111111111111111111111111";
const COMMIT_B: &str = "2222222222222222222222222222222222222222";
const RULE: &str = "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"main\", \"feature/**\", \"!feature/wip\"]\n\
    template = \"stack.yaml\"\nprotected = [\"main\"]\nparameters = { Branch = \"{branch}\" }\n";

/// A branch with a stack that is as the rules want it.
struct World {
    rules: Rules,
    subject: Subject,
    facts: Facts,
    now: Timestamp,
    alive: Option<Timestamp>,
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

fn quiet(branch: &str, more: &str) -> World {
    let rules = rules(&format!("{RULE}{more}\n"));
    let subject = Subject { repository: "shop".into(), branch: branch.into() };
    let digest =
        rules.covering(&subject).map(|rule| rule.wanted(&subject, COMMIT_A).digest).unwrap_or_default();
    let mut tags = subject.tags("branch");
    tags.extend([(COMMIT.to_owned(), COMMIT_A.to_owned()), (DIGEST.to_owned(), digest)]);
    let stack = Stack {
        id: "arn:aws:cloudformation:eu-west-1:111122223333:stack/branch-x/1".into(),
        status: StackStatus::CreateComplete,
        tags,
        created: Some(day(100)),
        updated: None,
        deleted: None,
        protected: branch == "main",
    };
    let facts = Facts {
        head: Head::At(Tip { commit: COMMIT_A.into(), committed: None }),
        stack: Found::Ours(stack),
        last_event: None,
        stacks_of_rule: None,
        remarks: Vec::new(),
    };
    World { rules, subject, facts, now: day(110), alive: None }
}

impl World {
    fn stack(&mut self) -> &mut Stack {
        match &mut self.facts.stack {
            Found::Ours(stack) => stack,
            other => panic!("{other:?}"),
        }
    }

    fn status(mut self, status: &str) -> Self {
        self.stack().status = StackStatus::from(status);
        self
    }

    fn gone(mut self) -> Self {
        self.facts.head = Head::Gone;
        self
    }

    fn changed(mut self) -> Self {
        self.stack().tags.retain(|(key, _)| key != DIGEST);
        self
    }

    fn moved(mut self) -> Self {
        self.facts.head = Head::At(Tip { commit: COMMIT_B.into(), committed: None });
        self
    }

    fn decide(&self) -> Decided {
        let question = Question {
            subject: &self.subject,
            rules: &self.rules,
            prefix: "branch",
            now: self.now,
            alive: self.alive,
            event: "2026-03-02T10:00:00Z",
        };
        decide(&question, &self.facts)
    }

    /// Verdict, reason and calls in a line.
    fn told(&self) -> String {
        let decided = self.decide();
        let steps: Vec<&str> = decided
            .steps
            .iter()
            .map(|step| match step {
                Step::Create(_) => "CreateStack",
                Step::Update(_) => "UpdateStack",
                Step::Delete { .. } => "DeleteStack",
                Step::Protect { on: true, .. } => "protect",
                Step::Protect { on: false, .. } => "unprotect",
            })
            .collect();
        format!("{} {} [{}]", decided.verdict, decided.because.code(), steps.join(", "))
    }
}

fn denied() -> Unread {
    Unread { error: "denied".into(), throttled: false }
}

/// The last thing that happened to a stack.
fn event(token: Option<String>, time: Option<Timestamp>) -> Event {
    let (resource, kind) = ("branch-x".to_owned(), "AWS::CloudFormation::Stack".to_owned());
    Event { resource, kind, status: String::new(), reason: String::new(), of_stack: true, token, time }
}

fn branch() -> World {
    quiet("feature/a", "")
}

#[test]
fn what_is_done_about_a_stack_in_each_status_whose_branch_is_to_have_one() {
    let mut table = String::new();
    for status in StackStatus::values() {
        let (same, changed, moved) =
            (branch().status(status), branch().status(status).changed(), branch().status(status).moved());
        table += &format!(
            "{status}\n  same: {}\n  changed: {}\n  moved: {}\n",
            same.told(),
            changed.told(),
            moved.told()
        );
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_is_done_about_a_stack_in_each_status_whose_branch_is_gone() {
    let mut table = String::new();
    for status in StackStatus::values() {
        table += &format!("{status}: {}\n", branch().status(status).gone().told());
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_status_of_next_year_is_left_alone() {
    assert_eq!(branch().status("FROZEN").told(), "hold unknown-status []");
    assert_eq!(branch().status("FROZEN").gone().told(), "hold unknown-status []");
}

#[test]
fn a_branch_without_a_stack_gets_one_and_nothing_else_does() {
    let mut world = branch();
    world.facts.stack = Found::None;
    assert_eq!(world.told(), "create no-stack-yet [CreateStack]");
    assert_eq!(world.gone().told(), "skip branch-gone []");
    let mut excluded = quiet("feature/wip", "");
    excluded.facts.stack = Found::None;
    assert_eq!(excluded.told(), "skip not-covered []");
    assert_eq!(excluded.decide().because.evidence().pattern.as_deref(), Some("!feature/wip"));
}

#[test]
fn a_stack_that_no_rule_covers_any_more_goes_but_not_when_there_are_no_rules() {
    let mut world = quiet("feature/wip", "");
    assert_eq!(world.told(), "delete not-covered [DeleteStack]");
    world.rules = Rules::default();
    assert_eq!(world.told(), "hold no-rules []");
}

#[test]
fn a_protected_stack_is_never_deleted() {
    assert_eq!(quiet("main", "").gone().told(), "skip protected []");
    for status in StackStatus::values() {
        let told = quiet("main", "").status(status).gone().told();
        assert!(told.ends_with("[]"), "{status}: {told}");
    }
    let mut by_hand = branch().gone();
    by_hand.stack().protected = true;
    assert_eq!(by_hand.told(), "hold termination-protected []");
}

#[test]
fn a_branch_that_another_rule_protects_is_protected() {
    let more = "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"release\"]\ntemplate = \"stack.yaml\"\n\
        protected = [\"feature/a\"]\n";
    let mut world = quiet("feature/a", more);
    assert_eq!(world.told(), "update not-protected-yet [protect]");
    world.facts.stack = Found::None;
    let Some(Step::Create(making)) = world.decide().steps.pop() else { panic!("no creation") };
    assert!(making.protected);
}

#[test]
fn a_protected_branch_whose_stack_could_be_deleted_gets_its_protection() {
    let mut world = quiet("main", "");
    world.stack().protected = false;
    assert_eq!(world.told(), "update not-protected-yet [protect]");
    assert_eq!(world.changed().told(), "update changed [protect, UpdateStack]");
}

#[test]
fn a_protected_creation_that_failed_is_unprotected_only_when_nothing_is_in_it() {
    assert_eq!(
        quiet("main", "").status("ROLLBACK_COMPLETE").moved().told(),
        "delete creation-retried [unprotect, DeleteStack]"
    );
    assert_eq!(quiet("main", "").status("ROLLBACK_FAILED").moved().told(), "hold failed-and-protected []");
}

#[test]
fn a_foreign_stack_is_never_touched() {
    for why in [NotOursBecause::Tags, NotOursBecause::Owner, NotOursBecause::Nested, NotOursBecause::Name] {
        let mut world = branch();
        world.facts.stack = Found::Foreign(Foreign { id: "arn".into(), name: "branch-x".into(), why });
        assert_eq!(world.told(), "hold foreign-stack []");
        assert_eq!(world.gone().told(), "skip foreign-stack []");
    }
}

#[test]
fn what_cannot_be_read_is_not_acted_on() {
    let mut world = branch();
    world.facts.head = Head::Unreadable(denied());
    assert_eq!(world.told(), "fail branch-unreadable []");
    world.facts.stack = Found::Unreadable(denied());
    assert_eq!(world.told(), "fail stack-unreadable []");
}

#[test]
fn an_update_that_failed_is_not_tried_again_until_something_changes() {
    let mut world = branch().status("UPDATE_ROLLBACK_COMPLETE").changed();
    let Some(Step::Update(making)) = world.decide().steps.pop() else { panic!("no update") };
    world.stack().updated = Some(day(109));
    world.facts.last_event = Some(event(Some(making.token), None));
    assert_eq!(world.told(), "hold update-failed []");
    world.rules = rules(&format!("{RULE}tags = {{ team = \"b\" }}\n"));
    assert_eq!(world.told(), "update changed [UpdateStack]");
    world.facts.last_event = Some(event(Some("Console-UpdateStack-7f59".into()), None));
    assert_eq!(world.told(), "update changed [UpdateStack]");
}

#[test]
fn a_deletion_that_failed_is_tried_again_a_day_later_with_a_token_of_its_own() {
    let mut world = branch().status("DELETE_FAILED").gone();
    world.stack().deleted = Some(day(109) + SignedDuration::from_secs(1));
    assert_eq!(world.told(), "hold deletion-failed []");
    world.now = day(109) + SignedDuration::from_secs(1) + BETWEEN_DELETIONS;
    assert_eq!(world.told(), "delete deletion-retried [DeleteStack]");
    let first = world.decide().steps;
    world.facts.last_event = Some(event(None, Some(world.now)));
    assert_eq!(
        world.told(),
        "hold deletion-failed []",
        "the last event is newer than what DescribeStacks says"
    );
    world.facts.last_event = None;
    world.stack().deleted = Some(world.now);
    world.now += BETWEEN_DELETIONS;
    assert_ne!(world.decide().steps, first);
}

#[test]
fn a_deletion_that_failed_nobody_knows_when_is_not_tried_again_at_once() {
    assert_eq!(branch().status("DELETE_FAILED").gone().told(), "hold deletion-failed []");
}

#[test]
fn a_protected_stack_that_somebody_half_deleted_is_left_to_a_person() {
    let mut world = quiet("main", "").status("DELETE_FAILED");
    world.stack().protected = false;
    assert_eq!(world.told(), "hold half-deleted []");
}

#[test]
fn protection_does_not_wait_for_an_update_that_keeps_failing() {
    let mut world = quiet("main", "").status("UPDATE_ROLLBACK_COMPLETE").changed();
    world.stack().protected = false;
    let Some(Step::Update(making)) = world.decide().steps.pop() else { panic!("no update") };
    world.facts.last_event = Some(event(Some(making.token), None));
    assert_eq!(world.told(), "update not-protected-yet [protect]");
    world.stack().protected = true;
    assert_eq!(world.told(), "hold update-failed []");
}

#[test]
fn a_branch_is_idle_when_head_stack_and_push_are_older_than_the_ttl() {
    let mut world = quiet("feature/a", "ttl = \"5d\"");
    let committed = |day| Head::At(Tip { commit: COMMIT_A.into(), committed: Some(Ok(day)) });
    world.facts.head = committed(day(101));
    assert_eq!(world.told(), "delete idle [DeleteStack]");
    world.facts.head = committed(day(105));
    assert_eq!(world.told(), "skip up-to-date []", "exactly as old as the ttl");
    world.facts.head = committed(day(101));
    world.stack().created = Some(day(106));
    assert_eq!(world.told(), "skip up-to-date []", "a young stack");
    world.stack().created = Some(day(100));
    world.facts.head = committed(day(999));
    assert_eq!(world.told(), "skip up-to-date []", "a date after now counts as now: clocks differ");
    world.stack().created = None;
    world.facts.head = committed(day(101));
    assert_eq!(world.told(), "skip up-to-date []", "a stack that does not say when it was made");
}

#[test]
fn a_date_that_cannot_be_read_deletes_nothing_and_makes_nothing() {
    let mut world = quiet("feature/a", "ttl = \"5d\"");
    world.facts.head = Head::At(Tip { commit: COMMIT_A.into(), committed: Some(Err(denied())) });
    assert_eq!(world.told(), "skip up-to-date []");
    world.facts.stack = Found::None;
    assert_eq!(world.told(), "fail branch-unreadable []");
    world.alive = Some(day(109));
    assert_eq!(world.told(), "create no-stack-yet [CreateStack]", "it was pushed, which is enough");
}

#[test]
fn a_new_branch_at_an_old_commit_gets_a_stack_because_it_was_pushed() {
    let mut world = quiet("feature/a", "ttl = \"5d\"");
    world.facts.stack = Found::None;
    world.facts.head = Head::At(Tip { commit: COMMIT_A.into(), committed: Some(Ok(day(1))) });
    assert_eq!(world.told(), "skip idle []");
    world.alive = Some(day(110));
    assert_eq!(world.told(), "create no-stack-yet [CreateStack]");
    world.alive = Some(day(90));
    assert_eq!(world.told(), "skip idle []", "an event that was redriven weeks later");
}

#[test]
fn a_pinned_branch_is_never_idle() {
    let mut world = quiet("feature/a", "ttl = \"5d\"\npinned = [\"feature/a\"]");
    world.facts.head = Head::At(Tip { commit: COMMIT_A.into(), committed: Some(Ok(day(1))) });
    assert_eq!(world.told(), "skip up-to-date []");
}

#[test]
fn a_rule_has_no_more_stacks_than_it_may() {
    let mut world = quiet("feature/a", "max-stacks = 2");
    world.facts.stack = Found::None;
    world.facts.stacks_of_rule = Some(1);
    assert_eq!(world.told(), "create no-stack-yet [CreateStack]");
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
    let Some(Step::Update(making)) = world.decide().steps.pop() else { panic!("no update") };
    let keys: Vec<&str> = making.tags.iter().map(|(key, _)| key.as_str()).collect();
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
fn tokens_are_the_same_for_the_same_and_legal() {
    let token = |world: &World| match world.decide().steps.pop() {
        Some(Step::Create(making) | Step::Update(making)) => making.token,
        Some(Step::Delete { token, .. }) => token,
        other => panic!("{other:?}"),
    };
    let mut none = branch();
    none.facts.stack = Found::None;
    for world in [none, branch().changed(), branch().gone()] {
        let first = token(&world);
        assert_eq!(first, token(&world));
        assert!(first.len() <= 128 && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
    let mut later = branch().changed();
    later.stack().updated = Some(day(105));
    assert_ne!(token(&branch().changed()), token(&later));
}
