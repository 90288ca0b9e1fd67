//! The comment on a pull request and the event about a ready stack: their sizes, and untrusted text in them.

use aws_sdk_cloudformation::types::StackStatus;
use branch_stacks::because::Because;
use branch_stacks::decide::StackDecision;
use branch_stacks::identity::BranchId;
use branch_stacks::missing::BranchOutcome;
use branch_stacks::notify::comment::{content, has_marker, marker};
use branch_stacks::notify::ready::event;
use branch_stacks::stack::BranchStack;
use jiff::Timestamp;
use shared::call_error::CallError;
use shared::decision::Verdict;

fn ready(branch: &str, outputs: Vec<(String, String)>) -> BranchOutcome {
    let stack = BranchStack {
        id: "arn:aws:cloudformation:eu-west-1:111122223333:stack/branch-x/1".parse().expect("an ARN"),
        status: StackStatus::CreateComplete,
        tags: Vec::new(),
        created: Some(Timestamp::UNIX_EPOCH),
        updated: None,
        deleted: None,
        protected: false,
        previous: Box::default(),
        outputs,
    };
    let decision = StackDecision {
        verdict: Verdict::Skip,
        because: Because::UpToDate,
        rule: None,
        effects: Vec::new(),
        remarks: Vec::new(),
        wants_stack: true,
    };
    let branch = BranchId { repository: "shop".into(), name: branch.into() };
    BranchOutcome { branch, decision, stack: Some(stack) }
}

#[test]
fn a_comment_fits_and_ends_with_the_line_that_finds_it_again() {
    let output = |nth: usize| (format!("Output{nth}"), "é".repeat(1_024));
    for count in [0, 1, 9, 200] {
        let outcome = ready(&"é".repeat(256), (0..count).map(output).collect());
        let content = content(&outcome, "branch").expect("the state is known");
        assert!(content.chars().count() <= 10_240, "{count}: {}", content.chars().count());
        assert!(has_marker(&content, &outcome.branch.stack_name("branch")), "{content}");
        assert_eq!(content.contains("more outputs"), count > 9, "{count}");
    }
}

#[test]
fn untrusted_text_stays_inline_code() {
    let name = "x`](https://evil.example.com)<img>";
    let outputs = vec![("Key`".to_owned(), "``` **bold**\n# heading".to_owned())];
    let outcome = ready(name, outputs);
    let content = content(&outcome, "branch").expect("the state is known");
    assert!(content.contains("- Branch: ``x`](https://evil.example.com)<img>``\n"), "{content}");
    assert!(
        content
            .contains("- `` Key` ``: ````` ``` **bold**\\n# heading `````".replace("`````", "````").as_str()),
        "{content}"
    );
    let other = BranchId { repository: "shop".into(), name: "y".into() };
    assert!(!has_marker(&content, &other.stack_name("branch")), "each branch has its own line");
    let quoted = format!("> {}\n\nI agree.", marker(&outcome.branch.stack_name("branch")));
    assert!(!has_marker(&quoted, &outcome.branch.stack_name("branch")), "only the last line counts");
}

#[test]
fn a_comment_does_not_show_the_error_of_a_refused_call() {
    let mut error = CallError::without_answer(
        "cloudformation:CreateStack",
        "arn:aws:sts::111122223333:assumed-role/secret is not authorized",
    );
    error.code = Some("AccessDenied".into());
    let mut outcome = ready("a", Vec::new());
    outcome.decision.verdict = Verdict::Fail;
    outcome.decision.because = Because::CallFailed { error };
    let content = content(&outcome, "branch").expect("the state is known");
    assert!(content.contains("`AccessDenied`") && !content.contains("secret"), "{content}");
}

#[test]
fn a_comment_says_that_a_failed_creation_is_repeated() {
    let mut outcome = ready("a", Vec::new());
    outcome.decision.verdict = Verdict::Delete;
    outcome.decision.because = Because::CreationRepeated { since: jiff::Timestamp::UNIX_EPOCH };
    let content = content(&outcome, "branch").expect("the state is known");
    assert!(
        content.starts_with("**The stack of this branch is being deleted, and is then created again.**"),
        "{content}"
    );
}

#[test]
fn an_event_fits_and_counts_the_outputs_that_do_not() {
    let outputs: Vec<(String, String)> =
        (0..200).map(|nth| (format!("Output{nth:03}"), "\u{1}".repeat(1_024))).collect();
    let outcome = ready("a", outputs);
    let stack = outcome.stack.as_ref().expect("it has one");
    let detail = event(&outcome.branch, stack).detail;
    assert!(detail.to_string().len() < 256 * 1_024);
    let shown = detail["outputs"].as_object().map_or(0, |outputs| outputs.len());
    assert!(shown > 0);
    assert_eq!(detail["outputsLeftOut"], 200 - shown);
    let small = ready("a", vec![("Url".into(), "https://a.example.com".into())]);
    let detail = event(&small.branch, small.stack.as_ref().expect("it has one")).detail;
    assert_eq!(detail.get("outputsLeftOut"), None);
    assert_eq!(detail["outputs"]["Url"], "https://a.example.com");
}
