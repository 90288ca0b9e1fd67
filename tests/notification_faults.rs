//! A fault at every call of branch-stacks that reports something, before and after its effect: a report is made at least once, a
//! comment exists once and has the last state, and nothing is reported twice without a fault.

use std::collections::BTreeSet;

use local_aws::JournaledCall;
use pointsman::replay::FunctionRun;

use crate::faults::{at_once, calls, replay_in_a_folder, text};

const RULES: &str = r#"
[[branch-stack]]
repositories = ["shop"]
branches = ["a"]
template = "stack.yaml"
notify = ["ready", "event", "pull-request"]

[[branch-stack]]
repositories = ["shop"]
branches = ["b*"]
template = "stack.yaml"
max-stacks = 1
"#;

const TEMPLATE: &str =
    "Resources: {Topic: {Type: AWS::SNS::Topic}}\nOutputs: {Name: {Value: !GetAtt Topic.TopicName}}\n";

const WORLD: &str = r#"
now = "2026-01-10T10:00:05Z"
[lambda]
deliveries = 2
retries = 2
[[repository]]
name = "shop"
[[repository.commit]]
label = "zero"
[[repository.commit]]
label = "one"
[repository.branches]
main = "zero"
a = "one"
b1 = "one"
b2 = "one"
[[repository.pull-request]]
source = "a"
"#;

fn stack(branch: &str) -> String {
    let id = branch_stacks::identity::BranchId { repository: "shop".into(), name: branch.into() };
    let digest = shared::token::client_token([TEMPLATE, "", "0", "0", "0"]);
    let name = id.stack_name("branch");
    format!(
        "[[stack]]\nname = \"{name}\"\nid = \"arn:aws:cloudformation:us-east-1:111122223333:stack/{name}/1\"\n\
         template-file = \"stack.yaml\"\ncreated = \"2026-01-10T10:00:00Z\"\n\
         tags = {{ \"pointsman:owner\" = \"branch\", \"pointsman:repository\" = \"shop\", \"pointsman:branch\" = \"{branch}\", \
         \"pointsman:commit\" = \"1111111111111111111111111111111111111111\", \"pointsman:digest\" = \"{digest}\" }}\n"
    )
}

fn ready_event() -> String {
    let id = branch_stacks::identity::BranchId { repository: "shop".into(), name: "a".into() };
    let name = id.stack_name("branch");
    format!(
        r#"{{"source": "aws.cloudformation", "detail-type": "CloudFormation Stack Status Change",
        "time": "2026-01-10T10:00:00Z", "detail": {{
            "stack-id": "arn:aws:cloudformation:us-east-1:111122223333:stack/{name}/1",
            "status-details": {{"status": "CREATE_COMPLETE", "status-reason": ""}}}}}}"#
    )
}

/// An event, and how often each operation must have an effect for its two deliveries.
struct ReportScenario {
    event: String,
    effects: [(&'static str, usize); 3],
}

fn scenarios() -> Vec<ReportScenario> {
    let reconcile = r#"{"source": "pointsman", "detail-type": "reconcile"}"#.to_owned();
    vec![
        ReportScenario {
            event: ready_event(),
            effects: [("Publish", 1), ("PutEvents", 1), ("PostCommentForPullRequest", 1)],
        },
        // The email about `b2`, which has no stack, and the lost event of `a`.
        ReportScenario {
            event: reconcile,
            effects: [("Publish", 2), ("PutEvents", 1), ("PostCommentForPullRequest", 0)],
        },
    ]
}

fn run(scenario: &ReportScenario, fault: &str) -> FunctionRun {
    let world = format!("{WORLD}{}{}\n{fault}", stack("a"), stack("b1"));
    let files = [("pointsman.toml", RULES), ("stack.yaml", TEMPLATE)];
    replay_in_a_folder("branch-stacks", &world, &scenario.event, &files)
}

fn effective<'r>(run: &'r FunctionRun, operation: &'r str) -> impl Iterator<Item = &'r JournaledCall> {
    calls(run).filter(move |call| call.operation == operation && call.took_effect)
}

/// The comments: a token posts one comment only.
fn comments(run: &FunctionRun) -> BTreeSet<String> {
    effective(run, "PostCommentForPullRequest").map(|call| text(call, "clientRequestToken")).collect()
}

#[test]
fn without_faults_each_report_is_made_once_for_two_deliveries() {
    for scenario in scenarios() {
        let run = run(&scenario, "");
        for (operation, times) in scenario.effects {
            assert_eq!(effective(&run, operation).count(), times, "{operation}{run:#?}");
        }
        assert!(!run.failed());
    }
}

#[test]
fn one_fault_at_any_call_loses_no_report_and_makes_no_second_comment() {
    let answers = [
        ("Throttling", false),
        ("AccessDenied", false),
        ("cut", false),
        ("cut", true),
        ("AccessDenied", true),
    ];
    let scenarios = scenarios();
    let mut faults = Vec::new();
    for scenario in &scenarios {
        let quiet = run(scenario, "");
        let operations: BTreeSet<String> = calls(&quiet).map(|call| call.operation.clone()).collect();
        for operation in operations {
            let count = calls(&quiet).filter(|call| call.operation == operation).count();
            for (call, (answer, after)) in (1..=count).flat_map(|call| answers.map(|answer| (call, answer))) {
                let fault = format!(
                    "[[fault]]\noperation = \"{operation}\"\ncall = {call}\nanswer = \"{answer}\"\nafter-effect = {after}\n"
                );
                // Lambda's retry has the request id of the first attempt, and so owns the claim that was written before the
                // error. Here each attempt has an id of its own, and reconcile makes the report when the claim has ended.
                if (operation.as_str(), answer, after) != ("UpdateItem", "AccessDenied", true) {
                    faults.push((scenario, fault));
                }
            }
        }
    }
    at_once(faults, |(scenario, fault)| {
        let run = run(scenario, fault);
        assert!(calls(&run).any(|call| call.injected), "the fault happened: {fault}");
        for (operation, times) in scenario.effects {
            assert!(effective(&run, operation).count() >= times, "{operation}: {fault}{run:#?}");
        }
        assert!(comments(&run).len() <= 1, "{fault}{run:#?}");
        assert!(!run.failed(), "Lambda's retries are enough for one fault: {fault}{run:#?}");
    });
}
