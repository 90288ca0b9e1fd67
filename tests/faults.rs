//! A fault at every call, before and after its effect: nothing is lost, nothing starts twice, nothing is silent.

use std::collections::{BTreeMap, BTreeSet};

use local_aws::Call;
use pointsman::arguments::ReplayArguments;
use pointsman::replay::{Case, Run, replay};
use tempfile::TempDir;

use crate::repository::root;

const RULES: &str = r#"
[[pipeline]]
name = "web"
repository = "shop"
paths = ["services/web/**"]
ignore-file = ".pipelineignore"

[[pipeline]]
name = "api"
repository = "shop"
paths = ["services/api/**"]
"#;

/// A new branch that touches the web service and not the API: every call there is, and one pipeline to start.
const WORLD: &str = r#"
now = "2026-03-02T10:00:05Z"
[lambda]
deliveries = 2
retries = 2
[[repository]]
name = "shop"
[[repository.commit]]
label = "base"
files = { "services/web/a" = "1\n", ".pipelineignore" = "*.md\n" }
[[repository.commit]]
label = "feature"
files = { "services/web/a" = "2\n" }
[repository.branches]
main = "base"
feature = "feature"
[[pipeline]]
name = "web"
repository = "shop"
[[pipeline]]
name = "api"
repository = "shop"
"#;

const EVENT: &str = r#"{"version": "0", "source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
"time": "2026-03-02T10:00:00Z", "detail": {"event": "referenceCreated", "repositoryName": "shop",
"referenceType": "branch", "referenceName": "feature", "referenceFullName": "refs/heads/feature", "commitId": "COMMIT"}}"#;

/// Replays the push with `faults` added to the world.
fn run(faults: &str) -> Run {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("the folder is ours");
    };
    write("world.toml", &format!("{WORLD}\n{faults}"));
    write("pointsman.toml", RULES);
    let world = local_aws::World::read(&folder.path().join("world.toml")).expect("the world is right");
    let commit = world.commit_ids("shop").pop().expect("it has commits").1;
    write("event.json", &EVENT.replace("COMMIT", &commit));
    let arguments = ReplayArguments::default();
    let case = Case::read(folder.path(), &arguments, &root()).expect("the case is right");
    let mut replays = replay(&case, &arguments, &root()).expect("it can be replayed");
    assert_eq!(replays.len(), 1, "one function is about pushes");
    replays.remove(0).run
}

/// The executions there are in the end, as (pipeline, token): AWS gives one token one execution.
fn executions(run: &Run) -> BTreeSet<(String, String)> {
    let started = calls(run).filter(|call| call.operation == "StartPipelineExecution" && call.took_effect);
    started.map(|call| (text(call, "name"), text(call, "clientRequestToken"))).collect()
}

fn calls(run: &Run) -> impl Iterator<Item = &Call> {
    run.invocations.iter().flat_map(|invoked| &invoked.calls)
}

fn text(call: &Call, member: &str) -> String {
    call.input[member].as_str().unwrap_or_default().to_owned()
}

/// How often each operation is called when nothing fails.
fn quiet_calls() -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls(&run("")) {
        *counts.entry(call.operation.clone()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn without_faults_the_web_pipeline_starts_once_for_two_deliveries() {
    let run = run("");
    let executions = executions(&run);
    assert_eq!(executions.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["web"]);
    assert!(!run.failed());
}

#[test]
fn one_fault_at_any_call_loses_nothing_and_starts_nothing_twice() {
    for (operation, count) in quiet_calls() {
        for call in 1..=count {
            for (answer, after) in [
                ("ThrottlingException", false),
                ("InternalFailure", false),
                ("AccessDeniedException", false),
                ("cut", false),
                ("cut", true),
                ("InternalFailure", true),
            ] {
                let fault = format!(
                    "[[fault]]\noperation = \"{operation}\"\ncall = {call}\nanswer = \"{answer}\"\nafter-effect = {after}\n"
                );
                let run = run(&fault);
                let started = executions(&run);
                let of_web = started.iter().filter(|(name, _)| name == "web").count();
                assert_eq!(of_web, 1, "{fault}{run:#?}");
                let what_is_started_is_told = calls(&run).any(|call| call.injected);
                assert!(what_is_started_is_told, "the fault happened: {fault}");
                // Where the changed files are not known, the other pipeline starts too, and says why; never twice.
                assert!(started.iter().filter(|(name, _)| name == "api").count() <= 1, "{fault}{run:#?}");
                assert!(!run.failed(), "Lambda's retries are enough for one fault: {fault}{run:#?}");
            }
        }
    }
}

#[test]
fn an_operation_that_never_works_is_said_and_starts_nothing_twice() {
    for operation in quiet_calls().into_keys() {
        for (answer, after) in [("AccessDeniedException", false), ("cut", true)] {
            let fault = format!(
                "[[fault]]\noperation = \"{operation}\"\nanswer = \"{answer}\"\nafter-effect = {after}\n"
            );
            let run = run(&fault);
            let started = executions(&run);
            let told = format!(
                "{:?}",
                run.invocations.iter().map(|run| (&run.decisions, &run.error)).collect::<Vec<_>>()
            );
            assert!(
                ["not known", "could not", "not honoured"].iter().any(|words| told.contains(words)),
                "{fault}{told}"
            );
            assert!(started.iter().filter(|(name, _)| name == "web").count() <= 1, "{fault}{told}");
            if operation == "StartPipelineExecution" {
                // Lambda tries again. What took its effect is then found started; what never can is for the queue.
                assert!(run.invocations[0].error.is_some(), "{fault}{told}");
                assert_eq!(run.failed(), !after, "{fault}{told}");
            } else {
                assert_eq!(started.iter().filter(|(name, _)| name == "web").count(), 1, "{fault}{told}");
            }
        }
    }
}
