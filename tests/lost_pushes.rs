//! Reconcile of pipeline-trigger: a lost push starts its pipeline once, whatever fails, and whatever happens at the same time.

use std::time::{Duration, Instant};

use local_aws::{AwsWorld, LocalAws};
use pipeline_trigger::aws::Clients;
use pipeline_trigger::rules::{self, Rules};
use serde_json::{Value, json};
use shared::config::{Document, has_errors};
use shared::decision::Decision;
use shared::lambda::{Invocation, PassingTime};
use tempfile::TempDir;

use crate::account::config;
use crate::faults::{ANSWERS, at_once, calls, replay_in_a_folder, text};

const RULES: &str = r#"
[[pipeline]]
name = "web"
repository = "shop"
paths = ["services/web/**"]

[[pipeline]]
name = "api"
repository = "shop"
paths = ["services/api/**"]
"#;

/// Two pipelines that ran the first commit. The event of the second one, which changes the web service, was lost.
const WORLD: &str = r#"
now = "2026-01-01T01:00:00Z"
[[repository]]
name = "shop"
[[repository.commit]]
label = "base"
files = { "services/web/a" = "1\n" }
[[repository.commit]]
label = "later"
files = { "services/web/a" = "3\n" }
[[repository.commit]]
label = "work"
parents = ["base"]
files = { "services/web/a" = "2\n" }
[repository.branches]
main = "work"
[[pipeline]]
name = "web"
repository = "shop"
[[pipeline.execution]]
commit = "base"
started = "2026-01-01T00:00:30Z"
[[pipeline]]
name = "api"
repository = "shop"
[[pipeline.execution]]
commit = "base"
started = "2026-01-01T00:00:30Z"
"#;

const RECONCILE: &str = r#"{"source": "pointsman", "detail-type": "reconcile"}"#;

#[test]
fn a_fault_at_any_call_of_reconcile_starts_nothing_twice_and_the_next_run_starts_it() {
    let replay = |deliveries: usize, faults: &str| {
        let world = format!("[lambda]\ndeliveries = {deliveries}\nretries = 2\n{faults}");
        let world = WORLD.replace("[[repository]]", &format!("{world}\n[[repository]]"));
        replay_in_a_folder("pipeline-trigger", &world, RECONCILE, &[("pointsman.toml", RULES)])
    };
    let quiet = replay(1, "");
    let mut faults: Vec<(String, usize, &str, bool)> = Vec::new();
    for call in calls(&quiet) {
        let nth =
            faults.iter().filter(|(operation, ..)| *operation == call.operation).count() / ANSWERS.len() + 1;
        faults.extend(ANSWERS.map(|(answer, after)| (call.operation.clone(), nth, answer, after)));
    }
    at_once(faults, |(operation, nth, answer, after)| {
        let fault = format!(
            "[[fault]]\noperation = \"{operation}\"\ncall = {nth}\nanswer = \"{answer}\"\nafter-effect = {after}\n"
        );
        let run = replay(2, &fault);
        assert!(calls(&run).any(|call| call.injected), "the fault happened: {fault}");
        let started = |pipeline: &str| {
            let starts =
                calls(&run).filter(|call| call.operation == "StartPipelineExecution" && call.took_effect);
            let mut tokens: Vec<String> = starts
                .filter(|call| text(call, "name") == pipeline)
                .map(|call| text(call, "clientRequestToken"))
                .collect();
            tokens.sort_unstable();
            tokens.dedup();
            tokens.len()
        };
        assert_eq!((started("web"), started("api")), (1, 0), "{fault}{run:#?}");
    });
}

/// An account whose calls wait where a fault delays them.
struct DelayedAccount {
    aws: LocalAws,
    _folder: TempDir,
}

impl DelayedAccount {
    /// The answer to the last call of the survey, about the pipeline that is due, comes five seconds late.
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("world.toml");
        let fault = "[[fault]]\noperation = \"ListPipelineExecutions\"\ncall = 3\ndelay = 5000\n";
        std::fs::write(&path, format!("{WORLD}{fault}")).expect("it is ours");
        let aws =
            LocalAws::start(AwsWorld::read(&path).expect("the world is right")).expect("a port is free");
        Self { aws, _folder: folder }
    }

    fn invoke(&self, event: &Value) -> Decision {
        self.invoke_with(event, RULES)
    }

    /// Of a deployment without a schedule group.
    fn invoke_with(&self, event: &Value, rules: &str) -> Decision {
        let clients = Clients::new(&config(&self.aws.endpoint()));
        let invocation = Invocation {
            now: self.aws.now(),
            deadline: Instant::now() + Duration::from_secs(300),
            time: PassingTime::Set,
            ..Invocation::by_hand(false)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let rules = read_rules(rules);
        let settings = pipeline_trigger::settings::Settings::default();
        let handled =
            Box::pin(pipeline_trigger::handle(event.clone(), invocation, &rules, &settings, &clients));
        runtime.block_on(handled).expect("the event is well formed")
    }

    /// Runs reconcile, and `meanwhile` between its survey and its second reading.
    fn reconcile_while(&self, meanwhile: impl FnOnce()) -> Decision {
        std::thread::scope(|scope| {
            let reconcile =
                scope.spawn(|| self.invoke(&serde_json::from_str(RECONCILE).expect("it is JSON")));
            let until = Instant::now() + Duration::from_secs(30);
            while self.called("ListPipelineExecutions") < 3 {
                assert!(Instant::now() < until, "the survey ends");
                std::thread::sleep(Duration::from_millis(5));
            }
            meanwhile();
            reconcile.join().expect("it decides")
        })
    }

    fn called(&self, operation: &str) -> usize {
        self.aws.journal().iter().filter(|call| call.operation == operation).count()
    }

    fn executions(&self) -> usize {
        self.aws.executions("web").len()
    }
}

fn read_rules(rules: &str) -> Rules {
    let mut problems = Vec::new();
    let rules = rules::read(&Document::new("pointsman.toml", rules), &mut problems);
    assert!(!has_errors(&problems), "{problems:?}");
    rules
}

fn code_of(decision: &Decision, subject: &str) -> String {
    let found = decision.reasons.iter().find(|reason| reason.subject.starts_with(subject));
    let reason = found.unwrap_or_else(|| panic!("no reason about {subject}: {decision:#?}"));
    format!("{} {}", reason.verdict, reason.because.code)
}

fn commit(label: &str) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("world.toml"), WORLD).expect("it is ours");
    let world = AwsWorld::read(&folder.path().join("world.toml")).expect("the world is right");
    let ids = world.commit_ids("shop");
    ids.into_iter().find(|(known, _)| known == label).expect("it is a commit of the world").1
}

#[test]
fn an_event_that_is_handled_during_the_run_starts_the_pipeline_once() {
    let account = DelayedAccount::new();
    let push = json!({"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
        "time": "2026-01-01T00:59:59Z", "detail": {"event": "referenceUpdated", "repositoryName": "shop",
        "referenceFullName": "refs/heads/main", "commitId": commit("work"), "oldCommitId": commit("base")}});
    let decision =
        account.reconcile_while(|| assert_eq!(code_of(&account.invoke(&push), "web"), "start path-matches"));
    assert_eq!(code_of(&decision, "web"), "skip already-started", "{decision:#?}");
    assert_eq!(account.executions(), 2);
}

#[test]
fn a_branch_that_moves_during_the_run_is_left_to_its_event() {
    let account = DelayedAccount::new();
    let decision = account.reconcile_while(|| {
        account.aws.push("shop", "main", Some("later")).expect("the branch moves");
    });
    assert_eq!(code_of(&decision, "web"), "hold head-moved", "{decision:#?}");
    assert_eq!(account.executions(), 1);
}

#[test]
fn after_a_start_the_next_run_finds_the_execution() {
    let account = DelayedAccount::new();
    let reconcile: Value = serde_json::from_str(RECONCILE).expect("it is JSON");
    assert_eq!(code_of(&account.invoke(&reconcile), "web"), "start path-matches");
    let again = account.invoke(&reconcile);
    assert!(
        again.reasons.iter().all(|reason| reason.verdict == shared::decision::Verdict::Skip),
        "{again:#?}"
    );
    assert_eq!(account.executions(), 2);
}

#[test]
fn a_closed_window_of_a_deployment_without_schedules_starts_nothing_and_fails() {
    let account = DelayedAccount::new();
    let window =
        "[[window]]\nname = \"office\"\ntime-zone = \"UTC\"\ndays = [\"mon\"]\nhours = \"09:00-17:00\"\n";
    let rules = RULES.replace("repository = ", "window = \"office\"\nrepository = ");
    let event = serde_json::from_str(RECONCILE).expect("it is JSON");
    let decision = account.invoke_with(&event, &format!("{window}{rules}"));
    assert_eq!(code_of(&decision, "web"), "fail hold-failed", "{decision:#?}");
    assert_eq!((account.executions(), account.called("StartPipelineExecution")), (1, 0));
}
