//! Answers one request: read it, let a fault strike, carry it out, record it, send the answer.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::fault::{Fault, FaultAnswer};
use crate::ids;
use crate::journal::{Answer, Call, Journal};
use crate::protocol::{self, Wire};
use crate::refusal::Refusal;
use crate::server::{Handler, Reply, Request, respond};
use crate::service::Context;
use crate::services;
use crate::web;
use crate::world::World;

/// The world while it is being served, and the record of what was asked of it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
}

/// How a call ended, and when the caller may know.
struct Done {
    reply: Reply,
    delay: Duration,
}

impl Handler for Endpoint {
    async fn handle(self: Arc<Self>, request: Request) -> Reply {
        // Git is waited for on another thread, so that calls made at the same time run at the same time.
        let done = tokio::task::spawn_blocking(move || self.answer(&request)).await;
        // A panic in an operation: it has been printed, and the caller sees a dead connection.
        let Ok(done) = done else { return Reply::Cut };
        tokio::time::sleep(done.delay).await;
        done.reply
    }
}

impl Endpoint {
    pub(crate) fn new(world: World) -> Endpoint {
        let clock = Clock::starting_at(world.now());
        Endpoint { world, clock, journal: Journal::default() }
    }

    fn answer(&self, request: &Request) -> Done {
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
        Done { reply, delay }
    }

    /// A request to the web beyond AWS.
    fn elsewhere(&self, place: usize, request: &Request, url: String) -> Done {
        let status = self.world.web.status(&url).and_then(|status| StatusCode::from_u16(status).ok());
        let answer = status.map_or(Answer::Cut, |status| Answer::Ok(json!({"status": status.as_u16()})));
        let call = Call {
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
        Done { reply, delay: Duration::ZERO }
    }

    fn perform(&self, wire: &Wire) -> Result<Value, Refusal> {
        let now = self.clock.now();
        self.world.catch_up(now);
        let context = Context { world: &self.world, region: &wire.region, now };
        services::perform(wire, &context)
    }

    fn call(
        &self,
        wire: Wire,
        outcome: Option<&Result<Value, Refusal>>,
        injected: bool,
        took_effect: bool,
    ) -> Call {
        Call {
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

fn seen(outcome: Option<&Result<Value, Refusal>>) -> Answer {
    match outcome {
        None => Answer::Cut,
        Some(Ok(output)) => Answer::Ok(output.clone()),
        Some(Err(Refusal { code, message, status, .. })) => {
            Answer::Error { code: code.clone(), message: message.clone(), status: *status }
        }
    }
}

fn reply(wire: &Wire, outcome: Option<&Result<Value, Refusal>>, place: usize) -> Reply {
    let request_id = ids::uuid(&["request", &place.to_string()]);
    outcome.map_or(Reply::Cut, |outcome| Reply::Answer(protocol::write(wire, outcome, &request_id)))
}
