//! Answers one request: reads it, applies a fault, performs it, records it, and sends the answer.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::error_answer::ErrorAnswer;
use crate::fault::{Fault, FaultAnswer};
use crate::ids;
use crate::journal::{Journal, JournaledAnswer, JournaledCall};
use crate::protocol::{self, Wire};
use crate::server::{Handler, Reply, Request, respond};
use crate::service::Context;
use crate::services;
use crate::web;
use crate::world::AwsWorld;

/// The world while it is served, and the record of the calls.
#[derive(Debug)]
pub(crate) struct AwsEndpoint {
    pub(crate) world: AwsWorld,
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
}

/// The answer to a call, and the delay before it is sent.
struct EndpointAnswer {
    reply: Reply,
    delay: Duration,
}

impl Handler for AwsEndpoint {
    async fn handle(self: Arc<Self>, request: Request) -> Reply {
        // git runs on another thread, so that concurrent calls run concurrently.
        let done = tokio::task::spawn_blocking(move || self.answer(&request)).await;
        // A panic in an operation: it has been printed, and the caller sees a dead connection.
        let Ok(done) = done else { return Reply::Cut };
        tokio::time::sleep(done.delay).await;
        done.reply
    }
}

impl AwsEndpoint {
    pub(crate) fn new(world: AwsWorld) -> AwsEndpoint {
        let clock = Clock::starting_at(world.now());
        AwsEndpoint { world, clock, journal: Journal::default() }
    }

    fn answer(&self, request: &Request) -> EndpointAnswer {
        let place = self.journal.arrive();
        if let Some(url) = web::asked(&request.parts) {
            return self.elsewhere(place, request, url);
        }
        let wire = protocol::read(request);
        let fault = self.world.faults.strike(&wire.service, &wire.operation, self.clock.now());
        let fault = fault.as_ref();
        let effect = carried_out(fault).then(|| self.perform(&wire));
        let took_effect = effect.as_ref().is_some_and(Result::is_ok);
        let injected = fault.and_then(|fault| fault.answer.as_ref());
        let outcome = match injected {
            None => Some(effect.expect("without an injected answer the operation is carried out")),
            Some(FaultAnswer::Error(refusal)) => Some(Err(refusal.clone())),
            Some(FaultAnswer::Cut) => None,
        };
        let reply = reply(&wire, outcome.as_ref(), place);
        let delay = fault.map_or(Duration::ZERO, |fault| fault.delay);
        self.journal.record(place, self.call(wire, outcome.as_ref(), injected.is_some(), took_effect));
        EndpointAnswer { reply, delay }
    }

    /// A request to the web beyond AWS.
    fn elsewhere(&self, place: usize, request: &Request, url: String) -> EndpointAnswer {
        let status = self.world.web.status(&url).and_then(|status| StatusCode::from_u16(status).ok());
        let answer = status
            .map_or(JournaledAnswer::Cut, |status| JournaledAnswer::Ok(json!({"status": status.as_u16()})));
        let call = JournaledCall {
            service: "http".to_owned(),
            operation: request.parts.method.to_string(),
            input: json!({"url": url}),
            answer,
            injected: false,
            took_effect: status.is_some(),
            at: self.clock.now(),
        };
        self.journal.record(place, call);
        let reply = status.map_or(Reply::Cut, |status| Reply::Answer(respond(status, "text/plain", "")));
        EndpointAnswer { reply, delay: Duration::ZERO }
    }

    fn perform(&self, wire: &Wire) -> Result<Value, ErrorAnswer> {
        let now = self.clock.now();
        self.world.catch_up(now);
        let caller = self.world.caller(&wire.access_key);
        let context = Context { world: &self.world, region: &wire.region, caller, now };
        services::perform(wire, &context)
    }

    fn call(
        &self,
        wire: Wire,
        outcome: Option<&Result<Value, ErrorAnswer>>,
        injected: bool,
        took_effect: bool,
    ) -> JournaledCall {
        JournaledCall {
            service: wire.service,
            operation: wire.operation,
            input: wire.input.unwrap_or(Value::Null),
            answer: seen(outcome),
            injected,
            took_effect,
            at: self.clock.now(),
        }
    }
}

/// An answer that is injected before the effect replaces it.
fn carried_out(fault: Option<&Fault>) -> bool {
    fault.is_none_or(|fault| fault.answer.is_none() || fault.after_effect)
}

fn seen(outcome: Option<&Result<Value, ErrorAnswer>>) -> JournaledAnswer {
    match outcome {
        None => JournaledAnswer::Cut,
        Some(Ok(output)) => JournaledAnswer::Ok(output.clone()),
        Some(Err(ErrorAnswer { code, message, status, .. })) => {
            JournaledAnswer::Error { code: code.clone(), message: message.clone(), status: *status }
        }
    }
}

fn reply(wire: &Wire, outcome: Option<&Result<Value, ErrorAnswer>>, place: usize) -> Reply {
    let request_id = ids::uuid(&["request", &place.to_string()]);
    outcome.map_or(Reply::Cut, |outcome| Reply::Answer(protocol::write(wire, outcome, &request_id)))
}
