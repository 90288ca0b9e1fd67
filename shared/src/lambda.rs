//! The Lambda handler that every function has: opens the envelope, lets the function decide, logs, answers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lambda_events::sqs::SqsBatchResponse;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::clock;
use crate::decision::{Decision, LARGEST};
use crate::envelope::{self, Envelope, Redriven};
use crate::telemetry::{self, Trace};

/// The variable that makes a function decide and report without acting: `true` or `false` (the default).
pub const DRY_RUN: &str = "POINTSMAN_DRY_RUN";

/// What a function needs to know of the invocation it decides in.
#[derive(Debug, Clone, Copy)]
pub struct Invocation {
    /// The moment to decide as of.
    pub now: Timestamp,
    /// When Lambda ends the invocation.
    pub deadline: Instant,
    /// Whether to leave the actions out.
    pub dry_run: bool,
}

/// Why an invocation fails. Lambda tries it again, and then it lands in the on-failure queue.
#[derive(Debug)]
pub struct Failure {
    /// Stable, for filters: `MalformedEvent`, `ActionsFailed`.
    pub kind: &'static str,
    /// The whole chain of causes.
    pub message: String,
}

impl Failure {
    /// A failure of `kind` with the error and all its causes, told once.
    pub fn new(kind: &'static str, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { kind, message }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.kind.to_owned(), error_message: failure.message }
    }
}

/// Runs a function until Lambda stops it. `handle` makes one event a decision, and acts on it unless it is a dry run.
///
/// # Errors
/// When the Lambda Runtime API cannot be reached.
pub async fn run<H, F>(handle: H) -> Result<(), lambda_runtime::Error>
where
    H: Fn(Value, Invocation) -> F,
    F: Future<Output = Result<Decision, Failure>>,
{
    lambda_runtime::tracing::init_default_subscriber();
    let handle = &handle;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| respond(handle, event).await)).await
}

async fn respond<H, F>(handle: &H, event: LambdaEvent<Value>) -> Result<Value, Failure>
where
    H: Fn(Value, Invocation) -> F,
    F: Future<Output = Result<Decision, Failure>>,
{
    let trace =
        Trace { request_id: event.context.request_id.clone(), trace_id: event.context.xray_trace_id.clone() };
    let answer = async {
        let invocation = invocation(event.context.deadline)?;
        match envelope::open(event.payload).map_err(|error| Failure::new("MalformedEvent", &error))? {
            Envelope::Event(event) => decided(handle(event, invocation).await?, &trace),
            Envelope::Redrive(messages) => Ok(redrive(handle, messages, invocation, &trace).await),
        }
    };
    answer.await.inspect_err(|failure| telemetry::log_failure(&trace, failure.kind, &failure.message))
}

/// Logs the decision and answers with it, or fails when something in it did.
fn decided(decision: Decision, trace: &Trace) -> Result<Value, Failure> {
    let decision = decision.within(LARGEST);
    telemetry::log_decision(trace, &decision);
    let failures: Vec<String> = decision
        .failures()
        .map(|reason| format!("{}: {}", reason.subject, reason.because.sentence))
        .collect();
    if failures.is_empty() {
        Ok(json!(decision))
    } else {
        Err(Failure { kind: "ActionsFailed", message: failures.join("; ") })
    }
}

/// Decides about each message by itself. The answer names those that failed, which then stay in their queue.
async fn redrive<H, F>(handle: &H, messages: Vec<Redriven>, invocation: Invocation, trace: &Trace) -> Value
where
    H: Fn(Value, Invocation) -> F,
    F: Future<Output = Result<Decision, Failure>>,
{
    let mut response = SqsBatchResponse::default();
    for message in messages {
        let outcome = match message.event {
            Ok(event) => handle(event, invocation).await.and_then(|decision| decided(decision, trace)),
            Err(problem) => Err(Failure { kind: "MalformedEvent", message: problem }),
        };
        if let Err(failure) = outcome {
            let told = format!("message {}: {}", message.message_id, failure.message);
            telemetry::log_failure(trace, failure.kind, &told);
            response.add_failure(message.message_id);
        }
    }
    json!(response)
}

fn invocation(deadline: u64) -> Result<Invocation, Failure> {
    let now = clock::now().map_err(|error| Failure::new("BadSetting", &error))?;
    Ok(Invocation { now, deadline: instant(deadline), dry_run: dry_run()? })
}

/// Lambda's deadline (milliseconds since 1970 on the system's clock) as an instant of the clock that never jumps.
fn instant(deadline: u64) -> Instant {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::now() + Duration::from_millis(deadline).saturating_sub(passed)
}

fn dry_run() -> Result<bool, Failure> {
    match std::env::var(DRY_RUN).unwrap_or_default().as_str() {
        "true" | "1" => Ok(true),
        "" | "false" | "0" => Ok(false),
        other => {
            let message = format!("{DRY_RUN} is `{other}`; it takes true or false");
            Err(Failure { kind: "BadSetting", message })
        }
    }
}
