//! Runs a function's binary: starts it with a clean environment, and delivers the event as often as the case
//! requires.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use local_aws::{AwsWorld, InvocationOutcome, JournaledCall, LocalAws, RuntimeApi};
use serde_json::Value;
use shared::config::deployed::VARIABLE;
use shared::decision::Decision;
use shared::text::printable;
use tempfile::NamedTempFile;

use super::Case;
use crate::template::{DeployedFunction, REGION};
use crate::workspace;

/// The invocations of one function.
#[derive(Debug)]
pub struct FunctionRun {
    /// In their order.
    pub invocations: Vec<Invoked>,
}

/// The headings of the repeated invocations of an event.
const DELIVERED_AGAIN: &str = "delivered again";
const TRIED_AGAIN: &str = "tried again";

impl Invoked {
    /// Whether it is a repeated invocation of the previous event.
    fn is_the_same_event(&self) -> bool {
        matches!(self.what.as_deref(), Some(DELIVERED_AGAIN | TRIED_AGAIN))
    }

    pub(super) fn failed(&self) -> bool {
        self.error.is_some() || self.batch_failures.as_ref().is_some_and(|ids| !ids.is_empty())
    }

    /// Changes of the world that no invocation came after.
    pub(super) fn changes_only(changes: Vec<String>) -> Self {
        Self {
            what: None,
            at: None,
            changes,
            repeat: None,
            message: None,
            decisions: Vec::new(),
            calls: Vec::new(),
            error: None,
            batch_failures: None,
            logged_failures: Vec::new(),
        }
    }
}

impl FunctionRun {
    /// Whether the last invocation of any event failed. An event that a queue redelivers is judged by its last delivery.
    pub fn failed(&self) -> bool {
        let invoked: Vec<&Invoked> = self.invocations.iter().filter(|invoked| invoked.at.is_some()).collect();
        let mut of_events = invoked.chunk_by(|_, next| next.is_the_same_event());
        let is_last = |one: &Invoked| {
            let of_message = invoked.iter().rev().find(|other| other.message == one.message);
            one.message.is_none() || of_message.is_some_and(|last| std::ptr::eq(*last, one))
        };
        let ends_badly = |last: &&Invoked| last.failed() && is_last(last);
        invoked.is_empty() || of_events.any(|of_event| of_event.last().is_some_and(ends_badly))
    }
}

/// One invocation.
#[derive(Debug)]
pub struct Invoked {
    /// The heading: `delivered again`, `tried again`, or the followed event; `None` for the first invocation.
    pub what: Option<String>,
    /// The time of the invocation; `None` for the entry of the changes after the last one.
    pub at: Option<Timestamp>,
    /// The changes of the world by the timeline before the invocation.
    pub changes: Vec<String>,
    /// What it repeats, if the timeline or a queue repeats the event.
    pub repeat: Option<RepeatedEvent>,
    /// The id of the queue's message that holds the event.
    pub message: Option<String>,
    /// The decisions; several for a batch of redriven messages.
    pub decisions: Vec<Decision>,
    /// The calls of the invocation.
    pub calls: Vec<JournaledCall>,
    /// The error of the invocation.
    pub error: Option<InvocationError>,
    /// For a batch: the messages that failed.
    pub batch_failures: Option<Vec<String>>,
    /// The logged errors of events without a decision.
    pub logged_failures: Vec<InvocationError>,
}

/// A repeated event. Consecutive ones with the same result are printed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatedEvent {
    /// Its source, as it is printed: `reconcile`, a queue.
    pub source: String,
    /// The time of day.
    pub time: String,
}

/// The error of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationError {
    /// Lambda's `errorType`.
    pub kind: String,
    /// Lambda's `errorMessage`.
    pub message: String,
}

/// The environment of the functions: the account, the case, and the number of deliveries.
pub(super) struct Stage<'c> {
    pub(super) aws: LocalAws,
    case: &'c Case,
    root: &'c Path,
    deliveries: u32,
    retries: u32,
    /// The number of delivered events.
    delivered: Cell<u64>,
    /// The world sets the time.
    has_own_time: bool,
    dry_run: bool,
}

impl<'c> Stage<'c> {
    pub(super) fn open(case: &'c Case, root: &'c Path, world: AwsWorld, dry_run: bool) -> Result<Self> {
        let (deliveries, retries, has_own_time) =
            (world.deliveries(), world.retries(), world.now().is_some());
        let delivered = Cell::new(0);
        Ok(Self {
            aws: LocalAws::start(world)?,
            case,
            root,
            deliveries,
            retries,
            delivered,
            has_own_time,
            dry_run,
        })
    }

    /// Starts the function's binary, at the time it is now, and invokes it.
    pub(super) fn deliver(
        &self,
        function: &DeployedFunction,
        event: &Value,
        heading: Option<&str>,
    ) -> Result<Vec<Invoked>> {
        self.invoke(function, event, heading, (self.deliveries, self.retries))
    }

    /// The number of Lambda's retries of a failed invocation.
    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// Starts the function's binary, and invokes it once with a message of a queue.
    pub(super) fn deliver_message(
        &self,
        function: &DeployedFunction,
        batch: &Value,
        heading: &str,
    ) -> Result<Vec<Invoked>> {
        self.invoke(function, batch, Some(heading), (1, 0))
    }

    fn invoke(
        &self,
        function: &DeployedFunction,
        event: &Value,
        heading: Option<&str>,
        (deliveries, retries): (u32, u32),
    ) -> Result<Vec<Invoked>> {
        let binary = workspace::build(self.root, &function.package)?;
        let home = self.case.home();
        let api = RuntimeApi::start_in(&home.account, &home.region)?;
        let seen = self.aws.journal().len();
        let mut process = Process::start(&binary, &self.environment(function, &api)?, seen)?;
        let mut invocations = Vec::new();
        for delivery in 0..deliveries {
            self.delivered.set(self.delivered.get() + 1);
            // Lambda retries an event with its request id.
            process.request = self.delivered.get().to_string();
            for attempt in 0..=retries {
                let what = match (delivery, attempt) {
                    (0, 0) => heading.map(str::to_owned),
                    (_, 0) => Some(DELIVERED_AGAIN.to_owned()),
                    (_, _) => Some(TRIED_AGAIN.to_owned()),
                };
                let invoked = process.invoke(&api, &self.aws, function, event, what)?;
                let failed = invoked.error.is_some();
                invocations.push(invoked);
                if !failed {
                    break;
                }
            }
        }
        Ok(invocations)
    }

    /// The rules: those of the world that the template's parameters or `--config` name, else the file of the case.
    fn config(&self, function: &DeployedFunction) -> Result<String> {
        let is_elsewhere = |config: &&str| config.contains("://");
        let case = self.case.config.to_string_lossy();
        let deployed = function.environment.get(VARIABLE).map(String::as_str);
        if let Some(elsewhere) = [Some(&*case), deployed].into_iter().flatten().find(is_elsewhere) {
            return Ok(elsewhere.to_owned());
        }
        Ok(std::path::absolute(&self.case.config)?.to_string_lossy().into_owned())
    }

    /// The variables of Lambda ("Defined runtime environment variables", AWS Lambda Developer Guide), those of the
    /// template, and the endpoints. The environment of this command is not passed on.
    fn environment(&self, function: &DeployedFunction, api: &RuntimeApi) -> Result<Vec<(String, String)>> {
        let config = self.config(function)?;
        let memory = function.memory_mb.to_string();
        let set = [
            ("AWS_LAMBDA_RUNTIME_API", api.address()),
            ("AWS_ENDPOINT_URL", self.aws.endpoint()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.package.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.package)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "replay".to_owned()),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "replay".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "replay".to_owned()),
            // Requests to the web outside AWS are answered here, too; requests to AWS do not use the proxy.
            ("http_proxy", self.aws.endpoint()),
            ("https_proxy", self.aws.endpoint()),
            ("no_proxy", "127.0.0.1".to_owned()),
            ("POINTSMAN_CONFIG", config),
            ("POINTSMAN_TEMPLATES", self.root.join("templates").to_string_lossy().into_owned()),
        ];
        let mut variables: Vec<(String, String)> =
            function.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        variables.extend(set.map(|(name, value)| (name.to_owned(), value)));
        let now = match self.has_own_time {
            true => Some(self.aws.now().to_string()),
            false => std::env::var(shared::clock::VARIABLE).ok(),
        };
        variables.extend(now.map(|now| (shared::clock::VARIABLE.to_owned(), now)));
        if self.dry_run {
            variables.push((shared::lambda::DRY_RUN.to_owned(), "true".to_owned()));
        }
        Ok(variables)
    }
}

/// The running binary and its output. The output goes to files and not through pipes: everything that the binary
/// wrote before its answer can then be read after the answer.
struct Process {
    child: Child,
    log: BufReader<File>,
    errors: File,
    /// The number of calls in the journal that belong to earlier invocations.
    seen: usize,
    /// The name from which the request id follows.
    request: String,
}

impl Process {
    fn start(binary: &Path, environment: &[(String, String)], seen: usize) -> Result<Self> {
        let (log, errors) = (NamedTempFile::new()?, NamedTempFile::new()?);
        let child = Command::new(binary)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.reopen()?)
            .stderr(errors.reopen()?)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self {
            child,
            log: BufReader::new(log.into_file()),
            errors: errors.into_file(),
            seen,
            request: String::new(),
        })
    }

    fn invoke(
        &mut self,
        api: &RuntimeApi,
        aws: &LocalAws,
        function: &DeployedFunction,
        event: &Value,
        what: Option<String>,
    ) -> Result<Invoked> {
        let outcome = self.outcome(api, function, event)?;
        let calls = aws.journal().split_off(self.seen);
        self.seen += calls.len();
        let (decisions, logged_failures) = self.logged()?;
        let mut invoked = Invoked {
            what,
            at: Some(aws.now()),
            changes: Vec::new(),
            repeat: None,
            message: None,
            decisions,
            calls,
            error: None,
            batch_failures: None,
            logged_failures,
        };
        match outcome {
            InvocationOutcome::Response(response) => {
                match response.get("batchItemFailures").and_then(Value::as_array) {
                    Some(failures) => {
                        invoked.batch_failures = Some(failures.iter().filter_map(identifier).collect())
                    }
                    None => {
                        invoked.decisions =
                            vec![serde_json::from_value(response).context("the answer is no decision")?];
                    }
                }
            }
            InvocationOutcome::Error { error_type, message }
            | InvocationOutcome::InitError { error_type, message } => {
                invoked.error = Some(InvocationError { kind: error_type, message });
            }
        }
        Ok(invoked)
    }

    /// The decisions and the failures that were logged since the last invocation.
    fn logged(&mut self) -> Result<(Vec<Decision>, Vec<InvocationError>)> {
        let (mut decisions, mut failures) = (Vec::new(), Vec::new());
        let mut line = String::new();
        while self.log.read_line(&mut line).context("cannot read the function's log")? > 0 {
            let logged: Value = serde_json::from_str(&line).unwrap_or_default();
            decisions
                .extend(logged.get("decision").and_then(|value| serde_json::from_value(value.clone()).ok()));
            failures.extend(logged["errorType"].as_str().map(|kind| InvocationError {
                kind: kind.to_owned(),
                message: logged["message"].as_str().unwrap_or_default().to_owned(),
            }));
            line.clear();
        }
        Ok((decisions, failures))
    }

    fn outcome(
        &mut self,
        api: &RuntimeApi,
        function: &DeployedFunction,
        event: &Value,
    ) -> Result<InvocationOutcome> {
        let waiting = api.invoke_as(&self.request, event, function.timeout);
        let end = Instant::now() + function.timeout;
        loop {
            match waiting.recv_timeout(Duration::from_millis(20)) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => bail!("the Runtime API stopped"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                let mut said = String::new();
                self.errors.read_to_string(&mut said).context("cannot read what the function said")?;
                bail!("the function ended ({status}): {}", printable(said.trim()));
            }
            if Instant::now() > end {
                bail!("the function did not answer within its timeout of {} s", function.timeout.as_secs());
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The function waits for its next event, as in Lambda. An error here has no consequence.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn identifier(failure: &Value) -> Option<String> {
    failure["itemIdentifier"].as_str().map(str::to_owned)
}
