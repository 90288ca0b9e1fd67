//! A fault at every call, before and after its effect: no push is lost, no pipeline starts twice, no fault is silent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use local_aws::JournaledCall;
use pointsman::arguments::ReplayArguments;
use pointsman::replay::{Case, FunctionRun, replay};
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
fn run(faults: &str) -> FunctionRun {
    replay_in_a_folder("pipeline-trigger", &format!("{WORLD}\n{faults}"), EVENT, &[("pointsman.toml", RULES)])
}

/// Replays `event`, in which COMMIT is the last commit of the repository `shop`, in a world and with files beside it.
pub(crate) fn replay_in_a_folder(
    function: &str,
    world: &str,
    event: &str,
    files: &[(&str, &str)],
) -> FunctionRun {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("the folder is writable");
    };
    write("world.toml", world);
    files.iter().for_each(|(name, text)| write(name, text));
    let world = local_aws::AwsWorld::read(&folder.path().join("world.toml")).expect("the world is right");
    let commit = world.commit_ids("shop").pop().expect("it has commits").1;
    write("event.json", &event.replace("COMMIT", &commit));
    let arguments = ReplayArguments { function: Some(function.to_owned()), ..ReplayArguments::default() };
    let case = Case::read(folder.path(), &arguments, &root()).expect("the case is right");
    let mut replays = replay(&case, &arguments, &root()).expect("it can be replayed");
    assert_eq!(replays.len(), 1, "one function is about pushes");
    replays.remove(0).run
}

/// The executions there are in the end, as (pipeline, token): AWS gives one token one execution.
fn executions(run: &FunctionRun) -> BTreeSet<(String, String)> {
    let started = calls(run).filter(|call| call.operation == "StartPipelineExecution" && call.took_effect);
    started.map(|call| (text(call, "name"), text(call, "clientRequestToken"))).collect()
}

pub(crate) fn calls(run: &FunctionRun) -> impl Iterator<Item = &JournaledCall> {
    run.invocations.iter().flat_map(|invoked| &invoked.calls)
}

pub(crate) fn text(call: &JournaledCall, member: &str) -> String {
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
    let calls_of = quiet_calls().into_iter();
    let each_call =
        calls_of.flat_map(|(operation, count)| (1..=count).map(move |call| (operation.clone(), call)));
    let faults = each_call.flat_map(|(operation, call)| {
        ANSWERS.map(|(answer, after)| {
            format!("[[fault]]\noperation = \"{operation}\"\ncall = {call}\nanswer = \"{answer}\"\nafter-effect = {after}\n")
        })
    });
    at_once(faults.collect(), |fault| {
        let run = run(fault);
        assert!(calls(&run).any(|call| call.injected), "the fault happened: {fault}");
        assert_eq!(started(&run, "web"), 1, "{fault}{run:#?}");
        // Where the changed files are unknown the other pipeline starts too, with that reason; never twice.
        assert!(started(&run, "api") <= 1, "{fault}{run:#?}");
        assert!(!run.failed(), "Lambda's retries are enough for one fault: {fault}{run:#?}");
    });
}

#[test]
fn an_operation_that_never_works_is_reported_and_starts_nothing_twice() {
    let faults = quiet_calls().into_keys().flat_map(|operation| {
        [("AccessDeniedException", false), ("cut", true)]
            .map(|(answer, after)| (operation.clone(), answer, after))
    });
    at_once(faults.collect(), |(operation, answer, after)| {
        let run = run(&format!(
            "[[fault]]\noperation = \"{operation}\"\nanswer = \"{answer}\"\nafter-effect = {after}\n"
        ));
        let reported: String =
            run.invocations.iter().map(|run| format!("{:?}{:?}", run.decisions, run.error)).collect();
        assert!(
            ["unknown", "could not", "not applied"].iter().any(|words| reported.contains(words)),
            "{operation} {answer}: {reported}"
        );
        match operation.as_str() {
            // A pipeline that cannot be pinned is not started, and a start that failed is not reported as done: the event
            // goes to the queue. A start that took effect without an answer is found when Lambda retries.
            "GetPipeline" => assert!(run.failed() && started(&run, "web") == 0, "{answer}: {reported}"),
            "StartPipelineExecution" => {
                assert!(run.invocations[0].error.is_some(), "{answer}: {reported}");
                assert_eq!(
                    (run.failed(), started(&run, "web")),
                    (!after, usize::from(*after)),
                    "{answer}: {reported}"
                );
            }
            _ => assert_eq!(
                (run.failed(), started(&run, "web")),
                (false, 1),
                "{operation} {answer}: {reported}"
            ),
        }
    });
}

/// How many executions of a pipeline there are in the end.
fn started(run: &FunctionRun, pipeline: &str) -> usize {
    executions(run).iter().filter(|(name, _)| name == pipeline).count()
}

/// The ways in which a call fails, and whether that is after its effect.
pub(crate) const ANSWERS: [(&str, bool); 6] = [
    ("ThrottlingException", false),
    ("InternalFailure", false),
    ("AccessDeniedException", false),
    ("cut", false),
    ("cut", true),
    ("InternalFailure", true),
];

/// Checks all of `faults`, several at a time: most of the time is the SDK's pause between retries.
pub(crate) fn at_once<F: Sync>(faults: Vec<F>, check: impl Fn(&F) + Sync) {
    assert!(!faults.is_empty());
    let (faults, next) = (&faults, &AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(fault);
                }
            });
        }
    });
}
