//! From an event to what was decided and done about it.

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::lambda::{Failure, Invocation};

use crate::alert::alert;
use crate::aws::Clients;
use crate::because::Because;
use crate::event::{Event, Parsed, parse};
use crate::reconcile::reconcile;
use crate::rules::Rules;
use crate::run::Run;
use crate::settings::Settings;
use shared::home::Home;
use shared::report::Report;

/// From an event to what was decided and done about it.
///
/// # Errors
/// When the event says what it is and is malformed. What fails later is in the decision.
pub async fn handle(
    event: Value,
    invocation: Invocation,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let event = match parse(&event).map_err(|error| Failure::new("MalformedEvent", &error))? {
        Parsed::Ours(event) => event,
        Parsed::NotOurs(why) => {
            let report = Report::of(Verdict::Skip, "event", &Because::NotOurs(why));
            return Ok(report.decision(crate::FUNCTION, "an event about no call", &invocation));
        }
    };
    let home = Home::of(&invocation.function_arn);
    let run = Run { rules, settings, aws, invocation: invocation.clone(), home };
    let report = match &event {
        Event::Call(record) => alert(&run, record).await,
        Event::Reconcile => reconcile(&run).await,
    };
    Ok(report.decision(crate::FUNCTION, &event.to_string(), &invocation))
}
