//! From an event to what was decided and done about it.

use serde_json::Value;
use shared::decision::{ActionResult, Decision, Verdict};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};

use crate::aws::Clients;
use crate::because::Because;
use crate::drive::{Input, drive};
use crate::event::{Event, Parsed, parse};
use crate::incident::Incident;
use crate::mail;
use crate::report::{Outcome, report};
use crate::rules::Rules;
use crate::run::Run;
use crate::settings::Settings;

/// From an event to what was decided and done about it.
///
/// # Errors
/// When a person's word lacks what it takes. What fails later is in the decision.
pub async fn handle(
    event: Value,
    invocation: Invocation,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let home = Home::of(&invocation.function_arn);
    let run = Run { rules, settings, aws, invocation: invocation.clone(), home };
    let parsed = parse(&event).map_err(|error| Failure::new("MalformedEvent", &error))?;
    let (line, outcome) = match parsed {
        Parsed::Ours(ours) => (ours.to_string(), decided(&run, &ours).await),
        Parsed::NotOurs(why) => (
            "an event about no alarm".to_owned(),
            Outcome::of(Verdict::Skip, "event", &Because::NotOurs(why)),
        ),
        Parsed::NotUnderstood(why) => {
            ("an event that cannot be read".to_owned(), page(&run, &event, &why).await)
        }
    };
    Ok(report(&line, outcome, &invocation))
}

async fn decided(run: &Run<'_>, event: &Event) -> Outcome {
    let mut outcome = Outcome::default();
    match event {
        Event::Alarms(alarms) => {
            for alarm in alarms {
                let named = run
                    .rules
                    .plans
                    .iter()
                    .filter_map(|plan| Some((plan, plan.alarms.iter().find(|arn| alarm.is(arn))?)));
                let mut is_named = false;
                for (plan, arn) in named {
                    is_named = true;
                    outcome.add(drive(run, plan, Input::Alarm(alarm, arn)).await);
                }
                if !is_named {
                    let subject = alarm.arn.as_deref().unwrap_or(&alarm.name);
                    outcome.because(Verdict::Skip, subject, &Because::NoPlan);
                }
            }
        }
        Event::Launch(_) | Event::Reconcile => {
            for plan in &run.rules.plans {
                outcome.add(drive(run, plan, Input::Look).await);
            }
        }
        Event::Refuse { incident, by } => {
            let plan = Incident::plan_of(incident).and_then(|name| run.rules.plan(name));
            match plan {
                Some(plan) => outcome.add(drive(run, plan, Input::Refuse { incident, by }).await),
                None => nothing(&mut outcome, "plan of the incident", incident),
            }
        }
        Event::ClearLatch { plan: name, by } => match run.rules.plan(name) {
            Some(plan) => outcome.add(drive(run, plan, Input::ClearLatch { by }).await),
            None => nothing(&mut outcome, "recovery plan", name),
        },
    }
    outcome
}

fn nothing(outcome: &mut Outcome, what: &'static str, name: &str) {
    outcome.because(Verdict::Fail, name, &Because::NothingOfThatName { what, name: name.to_owned() });
}

/// Pages a person about an event that may be an alarm and cannot be read.
async fn page(run: &Run<'_>, event: &Value, why: &str) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.because(Verdict::Alert, "event", &Because::NotUnderstood { why: why.to_owned() });
    let action = run.publish(&run.settings.topic, &mail::not_understood(event, why, run.now())).await;
    if let ActionResult::Failed(error) = &action.result {
        outcome.because(Verdict::Fail, "event", &Because::MailFailed { error: error.clone() });
    }
    outcome.actions.push(action);
    outcome
}
