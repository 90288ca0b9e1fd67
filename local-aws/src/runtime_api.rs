//! Serves the Lambda Runtime API (version 2018-06-01) to a function's binary: "Using the Lambda runtime API for custom
//! runtimes" in AWS's Lambda developer guide.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::ids;
use crate::server::{Handler, HttpServer, Reply, Request, StartError, respond};
use crate::service::ACCOUNT;

const VERSION: &str = "/2018-06-01/runtime/";

/// Lambda's limit for a synchronous answer: 6 MB ("Lambda quotas", invocation payload) plus 100 bytes.
const RESPONSE_LIMIT: usize = 6 * 1024 * 1024 + 100;

/// The outcome of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum InvocationOutcome {
    /// The function answered.
    Response(Value),
    /// The function reported an error, or sent an answer that Lambda refuses.
    Error { error_type: String, message: String },
    /// The function reported that it could not start.
    InitError { error_type: String, message: String },
}

/// The partition of a region ("Amazon Resource Names (ARNs)", IAM User Guide).
fn partition_of(region: &str) -> &'static str {
    let partitions = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")];
    partitions.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
}

/// A Runtime API for one function. Dropping it stops the server, and every receiver it gave out disconnects.
#[derive(Debug)]
pub struct RuntimeApi {
    server: HttpServer,
    work: Arc<Work>,
}

impl RuntimeApi {
    /// Listens on a free port of 127.0.0.1.
    pub fn start() -> Result<RuntimeApi, StartError> {
        Self::start_in(ACCOUNT, "us-east-1")
    }

    /// The same, for a function that runs in another account or region: its ARN names them.
    pub fn start_in(account: &str, region: &str) -> Result<RuntimeApi, StartError> {
        let function_arn = format!("arn:{}:lambda:{region}:{account}:function:local", partition_of(region));
        let work = Arc::new(Work { function_arn, queue: Mutex::default(), arrived: Notify::new() });
        let server = HttpServer::start(0, Arc::clone(&work))?;
        Ok(RuntimeApi { server, work })
    }

    /// The value for `AWS_LAMBDA_RUNTIME_API`: `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Queues an event for the function's next poll. `timeout` becomes the deadline that the function receives.
    ///
    /// The function may not be running yet. No outcome is sent if the function dies or exceeds its deadline: wait
    /// with `recv_timeout`, and watch the process.
    pub fn invoke(&self, event: &Value, timeout: Duration) -> Receiver<InvocationOutcome> {
        let number = self.work.queue().count + 1;
        self.invoke_as(&number.to_string(), event, timeout)
    }

    /// The same, with a request id that follows from this name: Lambda retries an event with the id of its first invocation.
    pub fn invoke_as(&self, request: &str, event: &Value, timeout: Duration) -> Receiver<InvocationOutcome> {
        let (outcome, receiver) = mpsc::channel();
        let mut queue = self.work.queue();
        if let Some(failed) = queue.init_error.take() {
            // The receiver may be dropped already; the same applies below.
            let _ = outcome.send(failed);
            return receiver;
        }
        queue.count += 1;
        let id = ids::uuid(&["invocation", request]);
        queue.waiting.push_back(QueuedInvocation { id, event: event.to_string(), timeout, outcome });
        self.work.arrived.notify_one();
        receiver
    }
}

#[derive(Debug)]
struct QueuedInvocation {
    id: String,
    event: String,
    timeout: Duration,
    outcome: Sender<InvocationOutcome>,
}

#[derive(Debug, Default)]
struct Queue {
    count: u64,
    waiting: VecDeque<QueuedInvocation>,
    running: HashMap<String, Sender<InvocationOutcome>>,
    /// Of a function that failed to start while nothing was waiting.
    init_error: Option<InvocationOutcome>,
}

#[derive(Debug)]
struct Work {
    function_arn: String,
    queue: Mutex<Queue>,
    arrived: Notify,
}

impl Handler for Work {
    async fn handle(self: Arc<Self>, request: Request) -> Reply {
        let path = request.parts.uri.path().strip_prefix(VERSION).unwrap_or_default().to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        Reply::Answer(match (&request.parts.method, &*parts) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => self.finish(id, response(&request.body)),
            (&Method::POST, ["invocation", id, "error"]) => self.finish(id, reported(&request)),
            (&Method::POST, ["init", "error"]) => self.init_error(&request),
            (method, _) => not_served(method, request.parts.uri.path()),
        })
    }
}

impl Work {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no holder of this lock panics")
    }

    /// Delays the answer until there is an event, as Lambda does.
    async fn next(&self) -> Response<Full<Bytes>> {
        loop {
            let arrived = self.arrived.notified();
            if let Some(invocation) = self.take() {
                return invocation;
            }
            arrived.await;
        }
    }

    fn take(&self) -> Option<Response<Full<Bytes>>> {
        let mut queue = self.queue();
        let invocation = queue.waiting.pop_front()?;
        let response = handed_out(&invocation, &self.function_arn);
        queue.running.insert(invocation.id, invocation.outcome);
        Some(response)
    }

    fn finish(&self, id: &str, outcome: InvocationOutcome) -> Response<Full<Bytes>> {
        match self.queue().running.remove(id) {
            Some(waiting) => {
                let _ = waiting.send(outcome);
                respond(StatusCode::ACCEPTED, "application/json", r#"{"status":"OK"}"#)
            }
            None => {
                error(StatusCode::BAD_REQUEST, "InvalidRequestID", &format!("no invocation {id} is running"))
            }
        }
    }

    fn init_error(&self, request: &Request) -> Response<Full<Bytes>> {
        let (error_type, message) = error_of(request);
        let outcome = InvocationOutcome::InitError { error_type, message };
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue.init_error = Some(outcome.clone());
        }
        for invocation in queue.waiting.drain(..) {
            let _ = invocation.outcome.send(outcome.clone());
        }
        respond(StatusCode::ACCEPTED, "application/json", r#"{"status":"OK"}"#)
    }
}

fn handed_out(invocation: &QueuedInvocation, function_arn: &str) -> Response<Full<Bytes>> {
    let deadline = SystemTime::now() + invocation.timeout;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", &invocation.id)
        .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", function_arn)
        .header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0");
    let body = Full::new(Bytes::from(invocation.event.clone()));
    response.body(body).expect("these headers are plain text")
}

fn response(body: &Bytes) -> InvocationOutcome {
    let refused = |error_type: &str, message: String| InvocationOutcome::Error {
        error_type: error_type.to_owned(),
        message,
    };
    if body.len() > RESPONSE_LIMIT {
        let message =
            format!("the response has {} bytes, and Lambda's limit is {RESPONSE_LIMIT}", body.len());
        return refused("Function.ResponseSizeTooLarge", message);
    }
    match serde_json::from_slice(body) {
        Ok(value) => InvocationOutcome::Response(value),
        Err(error) => refused("Runtime.InvalidResponse", format!("the response is not JSON: {error}")),
    }
}

fn reported(request: &Request) -> InvocationOutcome {
    let (error_type, message) = error_of(request);
    InvocationOutcome::Error { error_type, message }
}

/// The type is in a header or in the body; the message is in the body.
fn error_of(request: &Request) -> (String, String) {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let header = request.parts.headers.get("Lambda-Runtime-Function-Error-Type");
    let header = header.and_then(|value| value.to_str().ok());
    let error_type = body["errorType"].as_str().or(header).unwrap_or("Unknown");
    let unread = String::from_utf8_lossy(&request.body);
    (error_type.to_owned(), body["errorMessage"].as_str().unwrap_or(&unread).to_owned())
}

fn not_served(method: &Method, path: &str) -> Response<Full<Bytes>> {
    let message = format!("the local Runtime API does not serve {method} {path}");
    error(StatusCode::NOT_IMPLEMENTED, crate::NOT_SERVED, &message)
}

fn error(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    let body = json!({"errorType": error_type, "errorMessage": message});
    respond(status, "application/json", body.to_string())
}
