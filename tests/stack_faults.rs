//! A fault at every call that branch-stacks makes, before and after its effect: no stack is created or updated twice, none
//! is forgotten, none of an existing branch is deleted, and every failure is reported.

use std::collections::{BTreeMap, BTreeSet};

use local_aws::JournaledCall;
use pointsman::replay::FunctionRun;

use crate::faults::{at_once, calls, replay_in_a_folder, text};

const RULES: &str = r#"
[[branch-stack]]
repositories = ["shop"]
branches = ["feature/*"]
template = "stack.yaml"
parameters = { Branch = "{branch}" }
ttl = "30d"
max-stacks = 9
"#;

const TEMPLATE: &str = "Parameters: {Branch: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";

const WORLD: &str = r#"
now = "2026-01-10T10:00:05Z"
[[repository]]
name = "shop"
[[repository.commit]]
label = "one"
[lambda]
deliveries = DELIVERIES
retries = 2
"#;

const BRANCH: &str = "[repository.branches]\n\"feature/a\" = \"one\"\n";

/// A stack of `feature/a` that is out of date.
fn stack(status: &str) -> String {
    let branch = branch_stacks::identity::BranchId { repository: "shop".into(), name: "feature/a".into() };
    format!(
        "[[stack]]\nname = \"{}\"\nstatus = \"{status}\"\ncreated = \"2026-01-09T10:00:00Z\"\n\
         tags = {{ \"pointsman:owner\" = \"branch\", \"pointsman:repository\" = \"shop\", \"pointsman:branch\" = \"feature/a\", \
         \"pointsman:commit\" = \"1111111111111111111111111111111111111111\", \"pointsman:digest\" = \"another\" }}\n",
        branch.stack_name("branch")
    )
}

fn push(event: &str) -> String {
    format!(
        r#"{{"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change", "time": "2026-01-10T10:00:00Z",
        "detail": {{"event": "{event}", "repositoryName": "shop", "referenceType": "branch", "referenceName": "feature/a",
        "referenceFullName": "refs/heads/feature/a", "commitId": "COMMIT", "oldCommitId": "COMMIT"}}}}"#
    )
}

/// An event of a branch, and the only call that must have its effect once.
struct Scenario {
    world: String,
    event: String,
    call: &'static str,
}

fn scenarios() -> Vec<Scenario> {
    let world = |branch: &str, stack: &str| {
        let (repository, lambda) = WORLD.split_once("[lambda]").expect("it has both");
        format!("{repository}{branch}[lambda]{}{stack}", lambda.replace("DELIVERIES", "2"))
    };
    let scenario = |world, event: &str, call| Scenario { world, event: event.to_owned(), call };
    let reconcile = r#"{"source": "pointsman", "detail-type": "reconcile"}"#;
    vec![
        scenario(world(BRANCH, ""), &push("referenceCreated"), "CreateStack"),
        scenario(world(BRANCH, ""), reconcile, "CreateStack"),
        scenario(world(BRANCH, &stack("CREATE_COMPLETE")), &push("referenceUpdated"), "UpdateStack"),
        scenario(world(BRANCH, &stack("UPDATE_ROLLBACK_COMPLETE")), reconcile, "UpdateStack"),
        scenario(world(BRANCH, &stack("ROLLBACK_COMPLETE")), &push("referenceUpdated"), "DeleteStack"),
        scenario(world("", &stack("CREATE_COMPLETE")), &push("referenceDeleted"), "DeleteStack"),
        scenario(world("", &stack("CREATE_COMPLETE")), reconcile, "DeleteStack"),
    ]
}

fn run(scenario: &Scenario, fault: &str) -> FunctionRun {
    let world = format!("{}\n{fault}", scenario.world);
    let files = [("pointsman.toml", RULES), ("stack.yaml", TEMPLATE)];
    replay_in_a_folder("branch-stacks", &world, &scenario.event, &files)
}

/// The calls that changed something, as (operation, token): AWS lets one token have one effect.
fn effects(run: &FunctionRun) -> BTreeSet<(String, String)> {
    let changing = ["CreateStack", "UpdateStack", "DeleteStack"];
    let effective = calls(run).filter(|call| changing.contains(&call.operation.as_str()) && call.took_effect);
    effective.map(|call: &JournaledCall| (call.operation.clone(), text(call, "ClientRequestToken"))).collect()
}

fn quiet_calls(scenario: &Scenario) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls(&run(scenario, "")) {
        *counts.entry(call.operation.clone()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn without_faults_each_has_its_effect_once_for_two_deliveries() {
    for scenario in scenarios() {
        let run = run(&scenario, "");
        let operations: Vec<String> = effects(&run).into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(operations, [scenario.call], "{}{run:#?}", scenario.world);
        assert!(!run.failed());
    }
}

#[test]
fn one_fault_at_any_call_does_not_change_the_result() {
    let answers = [
        ("Throttling", false),
        ("InternalFailure", false),
        ("AccessDenied", false),
        ("cut", false),
        ("cut", true),
        ("InternalFailure", true),
    ];
    let scenarios = scenarios();
    let faults = scenarios.iter().flat_map(|scenario| {
        let each_call = quiet_calls(scenario).into_iter();
        let each_call = each_call.flat_map(|(operation, count)| (1..=count).map(move |call| (operation.clone(), call)));
        each_call.flat_map(move |(operation, call)| {
            answers.map(|(answer, after)| {
                let fault = format!(
                    "[[fault]]\noperation = \"{operation}\"\ncall = {call}\nanswer = \"{answer}\"\nafter-effect = {after}\n"
                );
                (scenario, fault)
            })
        })
    });
    at_once(faults.collect(), |(scenario, fault)| {
        let run = run(scenario, fault);
        assert!(calls(&run).any(|call| call.injected), "the fault happened: {fault}");
        let operations: Vec<String> = effects(&run).into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(operations, [scenario.call], "{}{fault}{run:#?}", scenario.world);
        assert!(!run.failed(), "Lambda's retries are enough for one fault: {fault}{run:#?}");
    });
}

#[test]
fn an_operation_that_always_fails_is_reported_and_deletes_nothing() {
    let scenarios = scenarios();
    let faults = scenarios
        .iter()
        .flat_map(|scenario| quiet_calls(scenario).into_keys().map(move |operation| (scenario, operation)));
    at_once(faults.collect(), |(scenario, operation)| {
        let run =
            run(scenario, &format!("[[fault]]\noperation = \"{operation}\"\nanswer = \"AccessDenied\"\n"));
        let reported = format!(
            "{:?}",
            run.invocations.iter().map(|run| (&run.decisions, &run.error)).collect::<Vec<_>>()
        );
        assert!(reported.contains("AccessDenied"), "{operation}: {reported}");
        // The date of the head's commit matters for idle branches only: without it, no stack is deleted, and only a push
        // creates one.
        let optional = operation == "GetCommit"
            && (scenario.call != "CreateStack" || scenario.event.contains("referenceCreated"));
        // The table of reports matters for the deletions of existing branches' stacks only.
        let apart = operation == "Query";
        assert_eq!(run.failed(), !optional, "{operation}: {reported}");
        let effects: Vec<String> = effects(&run).into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(
            effects,
            if optional || apart { vec![scenario.call.to_owned()] } else { vec![] },
            "{operation}: {reported}"
        );
    });
}
