//! A fault at every call of a held start, before and after its effect: the push is scheduled once, emailed, and started once.

use std::collections::BTreeMap;

use pointsman::replay::FunctionRun;

use crate::faults::{ANSWERS, at_once, calls, replay_in_a_folder, text};

const RULES: &str = r#"
[[window]]
name = "office"
time-zone = "Europe/Berlin"
days = ["mon", "tue", "wed", "thu", "fri"]
hours = "09:00-17:00"
except-marker = "[deploy now]"

[[pipeline]]
name = "web"
repository = "shop"
window = "office"
"#;

/// A push on a Saturday. Lambda retries, and the schedule invokes the function on Monday.
const WORLD: &str = r#"
now = "2026-12-05T10:00:05Z"
[events]
schedules = true
[lambda]
retries = 2
[[repository]]
name = "shop"
[[repository.commit]]
label = "base"
files = { "a" = "1\n" }
[[repository.commit]]
label = "next"
files = { "a" = "2\n" }
[repository.branches]
main = "next"
[[pipeline]]
name = "web"
repository = "shop"
"#;

const EVENT: &str = r#"{"version": "0", "source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
"time": "2026-12-05T10:00:00Z", "detail": {"event": "referenceUpdated", "repositoryName": "shop",
"referenceType": "branch", "referenceName": "main", "referenceFullName": "refs/heads/main", "commitId": "COMMIT"}}"#;

/// A lost push on a Saturday, and the next run of reconcile an hour later.
const RECONCILE: &str = r#"{"source": "pointsman", "detail-type": "reconcile"}"#;

fn run(faults: &str) -> FunctionRun {
    let world = format!("{WORLD}\n{faults}");
    replay_in_a_folder("pipeline-trigger", &world, EVENT, &[("pointsman.toml", RULES)])
}

fn run_reconcile(faults: &str) -> FunctionRun {
    run_reconcile_of(RULES, faults)
}

fn run_reconcile_of(rules: &str, faults: &str) -> FunctionRun {
    let next = "[[timeline]]\nafter = 3600\nreconcile = true\n";
    let world = format!("{}\n{next}{faults}", WORLD.replace("2026-12-05", "2026-01-03"));
    replay_in_a_folder("pipeline-trigger", &world, RECONCILE, &[("pointsman.toml", rules)])
}

/// A fault before and after the effect of each call of a run.
fn each_fault(quiet: &FunctionRun) -> Vec<(String, &'static str, bool, String)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in calls(quiet) {
        *counts.entry(call.operation.clone()).or_default() += 1;
    }
    let each = counts
        .into_iter()
        .flat_map(|(operation, count)| (1..=count).map(move |call| (operation.clone(), call)));
    let faults = each.flat_map(|(operation, call)| {
        ANSWERS.map(|(answer, after)| {
            let fault = format!(
                "[[fault]]\noperation = \"{operation}\"\ncall = {call}\nanswer = \"{answer}\"\nafter-effect = {after}\n"
            );
            (operation.clone(), answer, after, fault)
        })
    });
    faults.collect()
}

fn count(run: &FunctionRun, operation: &str) -> usize {
    calls(run).filter(|call| call.operation == operation && call.took_effect).count()
}

/// The executions, by their tokens.
fn started(run: &FunctionRun) -> usize {
    tokens(run).len()
}

fn tokens(run: &FunctionRun) -> std::collections::BTreeSet<String> {
    let starts = calls(run).filter(|call| call.operation == "StartPipelineExecution" && call.took_effect);
    starts.map(|call| text(call, "clientRequestToken")).collect()
}

#[test]
fn a_held_start_is_scheduled_emailed_and_started_once() {
    let run = run("");
    let counts = ["CreateSchedule", "UpdateSchedule", "Publish"].map(|operation| count(&run, operation));
    assert_eq!((counts, started(&run)), ([1, 0, 1], 1), "{run:#?}");
    assert!(!run.failed());
}

#[test]
fn one_fault_at_any_call_of_a_held_start_loses_nothing() {
    at_once(each_fault(&run("")), |(operation, answer, after, fault)| {
        let run = run(fault);
        assert!(calls(&run).any(|call| call.injected), "the fault happened: {fault}");
        assert_eq!(started(&run), 1, "{fault}{run:#?}");
        assert_eq!(count(&run, "UpdateSchedule"), 0, "the push is one: {fault}{run:#?}");
        let emails = count(&run, "Publish");
        // SNS has no token: an email whose answer was lost is sent again.
        let most = if operation == "Publish" && *after { 2 } else { 1 };
        assert!((1..=most).contains(&emails), "{emails} emails: {answer} {fault}{run:#?}");
        assert!(!run.failed(), "Lambda's retries are enough for one fault: {fault}{run:#?}");
    });
}

#[test]
fn a_call_of_a_held_start_that_never_works_is_not_silent() {
    for operation in ["GetSchedule", "CreateSchedule", "Publish"] {
        let run =
            run(&format!("[[fault]]\noperation = \"{operation}\"\nanswer = \"AccessDeniedException\"\n"));
        assert!(run.invocations[0].error.is_some(), "{operation}: {run:#?}");
        // The email is not the start: the schedule runs without it.
        assert_eq!(started(&run), usize::from(operation == "Publish"), "{operation}: {run:#?}");
    }
}

#[test]
fn one_fault_at_any_call_of_a_start_that_reconcile_holds_loses_nothing() {
    let quiet = run_reconcile("");
    let counts = ["CreateSchedule", "UpdateSchedule", "Publish"].map(|operation| count(&quiet, operation));
    assert_eq!((counts, started(&quiet)), ([1, 0, 1], 1), "{quiet:#?}");
    at_once(each_fault(&quiet), |(operation, answer, after, fault)| {
        let run = run_reconcile(fault);
        assert!(calls(&run).any(|call| call.injected), "the fault happened: {fault}");
        assert_eq!(started(&run), 1, "{fault}{run:#?}");
        assert_eq!(count(&run, "UpdateSchedule"), 0, "the push is one: {fault}{run:#?}");
        let emails = count(&run, "Publish");
        // SNS has no token: an email whose answer was lost is sent again.
        let most = if operation == "Publish" && *after { 2 } else { 1 };
        assert!((1..=most).contains(&emails), "{emails} emails: {answer} {fault}{run:#?}");
    });
}

#[test]
fn the_opening_of_a_start_that_reconcile_held_has_the_token_of_reconcile() {
    for pin in ["head", "commit"] {
        let rules = format!("{RULES}pin = \"{pin}\"\n");
        let at_once = tokens(&run_reconcile_of(&rules.replace("window = \"office\"\n", ""), ""));
        assert_eq!(at_once.len(), 1);
        assert_eq!(tokens(&run_reconcile_of(&rules, "")), at_once, "{pin}");
    }
}
