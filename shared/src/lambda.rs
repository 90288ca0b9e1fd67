//! The Lambda handler that every function has: opens the envelope, lets the function decide, logs, answers.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lambda_events::sqs::SqsBatchResponse;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::act::Executor;
use crate::clock;
use crate::decision::{Decision, LARGEST};
use crate::envelope::{self, Envelope, Redriven, UnreadableBody};
use crate::telemetry::{self, Trace};
use crate::text::{chain, shortened};

/// The variable of a dry run, in which a function decides and reports but does not act: `true` or `false` (the default).
pub const DRY_RUN: &str = "POINTSMAN_DRY_RUN";

/// The kind of failure when the rules have problems; its message is the problems, on lines of their own.
pub const BAD_RULES: &str = "BadRules";

/// The most characters of a failure's message, which the log and the failed queue hold.
const LONGEST_MESSAGE: usize = 50_000;

/// With less time left than this, a redriven message is not begun; it stays in its queue for the next batch.
const TIME_FOR_A_MESSAGE: Duration = Duration::from_secs(30);

/// The invocation that a function decides in.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The time that counts as now.
    pub now: Timestamp,
    /// When Lambda ends the invocation.
    pub deadline: Instant,
    /// The time until the deadline, at `now`.
    pub time_left: Duration,
    /// Makes the calls that change something, unless this is a dry run.
    pub executor: Executor,
    /// Lambda's id of the request. Its retries of an asynchronous invocation carry the same one.
    pub request_id: String,
    /// The ARN of the function as it was invoked: its partition, region and account are those it runs in.
    pub function_arn: String,
    /// How time passes while the function waits.
    pub time: PassingTime,
    /// How often the event was delivered before, if a failure queue delivers it; none if it is not in a queue.
    pub earlier: Option<u32>,
}

/// How time passes while a function waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassingTime {
    /// It passes by itself.
    Real,
    /// Now is set, so it passes only by the pauses of the function, which take no time.
    Set,
}

impl Invocation {
    /// The time at which the invocation has certainly ended.
    pub fn ends(&self) -> Timestamp {
        // Measured at the start: `now` does not move on, and the time until the deadline does.
        let left = SignedDuration::try_from(self.time_left).unwrap_or(SignedDuration::from_mins(15));
        self.now + left + SignedDuration::from_secs(1)
    }

    /// The invocation after a pause.
    pub async fn after(&self, pause: Duration) -> Self {
        let pause = match self.time {
            PassingTime::Set => pause,
            PassingTime::Real => {
                tokio::time::sleep(pause).await;
                let left = self.deadline.saturating_duration_since(Instant::now());
                self.time_left.saturating_sub(left)
            }
        };
        let time_left = self.time_left.saturating_sub(pause);
        let deadline = match self.time {
            PassingTime::Set => self.deadline.checked_sub(pause).unwrap_or(self.deadline),
            PassingTime::Real => self.deadline,
        };
        let now = self.now + SignedDuration::try_from(pause).unwrap_or_default();
        Self { now, time_left, deadline, ..self.clone() }
    }

    /// An invocation outside Lambda: now, with an hour until its deadline.
    pub fn by_hand(dry_run: bool) -> Self {
        let time_left = Duration::from_secs(3_600);
        Self {
            now: Timestamp::now(),
            deadline: Instant::now() + time_left,
            time_left,
            executor: Executor::new(dry_run),
            request_id: String::new(),
            function_arn: String::new(),
            time: PassingTime::Real,
            earlier: None,
        }
    }
}

/// Why an invocation fails. Lambda retries the event, and then sends it to the on-failure queue.
#[derive(Clone)]
pub struct Failure {
    /// Stable, for filters: `MalformedEvent`, `ActionsFailed`.
    pub kind: &'static str,
    /// The whole chain of causes.
    pub message: String,
}

impl Failure {
    /// A failure of `kind` with the error and all its causes, each once.
    pub fn new(kind: &'static str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self { kind, message: chain(error) }
    }

    /// The same failure, with the id of the redriven message that it is about.
    fn of_message(self, message_id: &str) -> Self {
        Self { message: format!("message {message_id}: {}", self.message), ..self }
    }
}

/// The runtime logs a failure in this form, so it is written for a reader.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.kind.to_owned(), error_message: failure.message }
    }
}

/// Runs a function until Lambda stops it. `handle` turns one event into a decision, and acts on it unless this is a dry run.
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
    let LambdaEvent { payload, context } = event;
    let (request_id, trace_id) = (context.request_id.clone(), context.xray_trace_id.clone());
    let trace = Trace { request_id, trace_id, message_id: None };
    let opened = invocation(&context).and_then(|invocation| {
        let envelope = envelope::open(payload).map_err(|error| Failure::new("MalformedEvent", &error))?;
        Ok((invocation, envelope))
    });
    match logged(opened, &trace)? {
        (invocation, Envelope::Event(event)) => decided(handle(event, invocation).await, &trace),
        (invocation, Envelope::Redrive { messages, from_queue }) => {
            let response = redrive(handle, messages, invocation, from_queue, &trace).await;
            answered(response, from_queue)
        }
    }
}

/// The answer to a batch. Without a queue that keeps the failed messages, a failed message fails the invocation.
fn answered(response: SqsBatchResponse, from_queue: bool) -> Result<Value, Failure> {
    let failed: Vec<&str> =
        response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    if from_queue || failed.is_empty() {
        return Ok(json!(response));
    }
    let message = format!("the function failed on the messages {}", failed.join(", "));
    Err(Failure { kind: "ActionsFailed", message: shortened(&message, LONGEST_MESSAGE) })
}

/// Handles each message separately. The response names the messages that failed; those stay in their queue.
async fn redrive<H, F>(
    handle: &H,
    messages: Vec<Redriven>,
    invocation: Invocation,
    from_queue: bool,
    trace: &Trace,
) -> SqsBatchResponse
where
    H: Fn(Value, Invocation) -> F,
    F: Future<Output = Result<Decision, Failure>>,
{
    let mut response = SqsBatchResponse::default();
    for Redriven { message_id, earlier, events } in messages {
        let invocation = Invocation { earlier: from_queue.then_some(earlier), ..invocation.clone() };
        let trace = Trace { message_id: Some(message_id.clone()), ..trace.clone() };
        let mut failed = false;
        for event in events {
            let decision = redriven(handle, event, &invocation).await;
            let decision = decision.map_err(|failure| failure.of_message(&message_id));
            failed |= decided(decision, &trace).is_err();
        }
        if failed {
            response.add_failure(message_id);
        }
    }
    response
}

/// Handles one event of a message, if there is time for it.
async fn redriven<H, F>(
    handle: &H,
    event: Result<Value, UnreadableBody>,
    invocation: &Invocation,
) -> Result<Decision, Failure>
where
    H: Fn(Value, Invocation) -> F,
    F: Future<Output = Result<Decision, Failure>>,
{
    if invocation.deadline.saturating_duration_since(Instant::now()) < TIME_FOR_A_MESSAGE {
        let message = "the function ran out of time before this message".to_owned();
        return Err(Failure { kind: "NoTime", message });
    }
    match event {
        Ok(event) => handle(event, invocation.clone()).await,
        Err(unreadable) => Err(Failure::new("MalformedEvent", &unreadable)),
    }
}

/// Logs the result for one event, once, and returns it; a decision with a failed reason is a failure.
fn decided(decision: Result<Decision, Failure>, trace: &Trace) -> Result<Value, Failure> {
    let decision = logged(decision, trace)?;
    let failures: Vec<String> = decision
        .failures()
        .map(|reason| format!("{}: {}", reason.subject, reason.because.sentence))
        .collect();
    let summary = decision.summary();
    let decision = decision.within(LARGEST);
    telemetry::log_decision(trace, &decision, &summary, !failures.is_empty());
    if failures.is_empty() {
        Ok(json!(decision))
    } else {
        Err(Failure { kind: "ActionsFailed", message: shortened(&failures.join("; "), LONGEST_MESSAGE) })
    }
}

fn logged<T>(result: Result<T, Failure>, trace: &Trace) -> Result<T, Failure> {
    let shorter =
        |failure: Failure| Failure { message: shortened(&failure.message, LONGEST_MESSAGE), ..failure };
    result
        .map_err(shorter)
        .inspect_err(|failure| telemetry::log_failure(trace, failure.kind, &failure.message))
}

fn invocation(context: &Context) -> Result<Invocation, Failure> {
    let now = clock::now().map_err(|error| Failure::new("BadSetting", &error))?;
    let deadline = instant(context.deadline);
    Ok(Invocation {
        now,
        deadline,
        time_left: deadline.saturating_duration_since(Instant::now()),
        executor: Executor::new(dry_run()?),
        request_id: context.request_id.clone(),
        function_arn: context.invoked_function_arn.clone(),
        time: if clock::is_set() { PassingTime::Set } else { PassingTime::Real },
        earlier: None,
    })
}

/// Lambda's deadline (milliseconds since 1970 on the system's clock) as an instant of the monotonic clock.
fn instant(deadline: u64) -> Instant {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::now() + Duration::from_millis(deadline).saturating_sub(passed)
}

fn dry_run() -> Result<bool, Failure> {
    match std::env::var(DRY_RUN).unwrap_or_default().as_str() {
        "true" | "1" => Ok(true),
        "" | "false" | "0" => Ok(false),
        other => {
            let message = format!("{DRY_RUN} is `{other}`; its value must be true or false");
            Err(Failure { kind: "BadSetting", message })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Explanation, Reason, Verdict};

    fn decision(verdicts: &[Verdict], sentence: &str) -> Decision {
        let because = Explanation {
            code: "x".into(),
            file: None,
            pattern: None,
            config: None,
            sentence: sentence.into(),
        };
        let reason = |verdict: &Verdict| Reason {
            verdict: *verdict,
            subject: "web-main".into(),
            because: because.clone(),
        };
        Decision {
            function: "f".into(),
            event: "a push".into(),
            now: Timestamp::UNIX_EPOCH,
            dry_run: false,
            reasons: verdicts.iter().map(reason).collect(),
            reason_counts: Default::default(),
            notes: Vec::new(),
            actions: Vec::new(),
            action_counts: Default::default(),
        }
    }

    fn message(id: &str) -> Redriven {
        Redriven { message_id: id.into(), earlier: 0, events: vec![Ok(json!({}))] }
    }

    async fn redriven(deadline: Instant) -> Value {
        let invocation = Invocation { now: Timestamp::UNIX_EPOCH, deadline, ..Invocation::by_hand(false) };
        let handle = async |_, _| Ok(decision(&[Verdict::Skip], "nothing"));
        let messages = vec![message("a"), message("b")];
        json!(redrive(&handle, messages, invocation, true, &Trace::default()).await)
    }

    #[test]
    fn a_failed_message_that_is_in_no_queue_fails_the_invocation() {
        let response = || {
            let mut response = SqsBatchResponse::default();
            response.add_failure("a");
            response
        };
        assert!(answered(response(), true).is_ok());
        let failure = answered(response(), false).expect_err("its answer would be lost");
        assert_eq!(failure.message, "the function failed on the messages a");
        assert!(answered(SqsBatchResponse::default(), false).is_ok());
    }

    #[tokio::test]
    async fn a_pause_moves_now_and_leaves_the_end() {
        let set = Invocation { time: PassingTime::Set, ..Invocation::by_hand(false) };
        let later = set.after(Duration::from_secs(600)).await;
        assert_eq!(later.now, set.now + SignedDuration::from_secs(600));
        assert_eq!(later.ends(), set.ends());
        assert_eq!(set.deadline - later.deadline, Duration::from_secs(600));
        let real = Invocation::by_hand(false);
        let later = real.after(Duration::from_millis(2)).await;
        assert!(later.now >= real.now + SignedDuration::from_millis(2));
        assert!((later.ends() - real.ends()).get_seconds() == 0, "the end is the same");
    }

    #[tokio::test]
    async fn one_failed_event_of_a_message_fails_the_message() {
        let unreadable = Err(UnreadableBody::NotJson("x".into()));
        let message =
            Redriven { message_id: "a".into(), earlier: 0, events: vec![unreadable, Ok(json!({}))] };
        let handle = async |_, _| Ok(decision(&[Verdict::Skip], "nothing"));
        let response =
            redrive(&handle, vec![message], Invocation::by_hand(false), true, &Trace::default()).await;
        assert_eq!(json!(response), json!({"batchItemFailures": [{"itemIdentifier": "a"}]}));
    }

    #[tokio::test]
    async fn a_message_without_time_left_stays_in_its_queue() {
        let failures =
            |ids: &[&str]| -> Vec<Value> { ids.iter().map(|id| json!({"itemIdentifier": id})).collect() };
        let hour = Duration::from_secs(3600);
        assert_eq!(redriven(Instant::now() + hour).await, json!({"batchItemFailures": failures(&[])}));
        assert_eq!(redriven(Instant::now()).await, json!({"batchItemFailures": failures(&["a", "b"])}));
    }

    #[test]
    fn a_failure_too_long_to_list_still_fails_the_invocation() {
        let huge = "x".repeat(LARGEST);
        let decided = decided(Ok(decision(&[Verdict::Skip, Verdict::Fail], &huge)), &Trace::default());
        assert_eq!(decided.expect_err("one reason failed").kind, "ActionsFailed");
    }
}
