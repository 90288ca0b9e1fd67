//! Gives a branch its CloudFormation stack, keeps it current, and takes it away again.
//!
//! Whatever the event says, it only says where to look: `parse` the event, then for each branch `gather` the facts,
//! `decide` (pure), and `act` ([`one`]). A stack event also mails what failed ([`change`]); reconcile looks at every
//! branch and every stack ([`reconcile`]).

pub mod act;
pub mod aws;
pub mod because;
pub mod change;
pub mod decide;
pub mod event;
pub mod facts;
pub mod gather;
pub mod identity;
pub mod mail;
pub mod one;
pub mod question;
pub mod reconcile;
pub mod remark;
pub mod report;
pub mod rules;
pub mod run;
pub mod settings;
pub mod stack;
pub mod step;
pub mod survey;

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::lambda::{Failure, Invocation};
use shared::push::Change;

use crate::aws::Clients;
use crate::because::Because;
use crate::change::changed;
use crate::event::{Event, Parsed, parse};
use crate::one::{Outcome, one_branch};
use crate::reconcile::reconcile;
use crate::report::report;
use crate::rules::Rules;
use crate::run::Run;
use crate::settings::Settings;

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
            let outcome = Outcome::of(Verdict::Skip, "event", &Because::NotOurs(why));
            return Ok(report("an event about no branch and no stack", vec![outcome], &invocation));
        }
    };
    let now = invocation.now.to_string();
    let time = |time: &str| if time.is_empty() { now.clone() } else { time.to_owned() };
    let run = Run { rules, settings, aws, invocation: invocation.clone(), alive: None, event: now.clone() };
    let outcomes = match &event {
        Event::Branch(subject, push) => {
            let alive = push.moment().filter(|_| push.change != Change::Deleted);
            let run = Run { alive, event: time(&push.time), ..run };
            vec![one_branch(&run.question(subject), aws, None, &invocation).await]
        }
        Event::Stack(change) => changed(&Run { event: time(&change.time), ..run }, change).await,
        Event::Reconcile => reconcile(&run).await,
    };
    Ok(report(&event.to_string(), outcomes, &invocation))
}
