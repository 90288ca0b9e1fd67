//! The mail about an incident: what is true, what holds it, what happens next, and what a person who was woken up can do.

mod commands;
mod subject;
mod text;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::decision::ActionResult;
use shared::email::{Detail, Message, attributes, shortened, within};
use shared::home::Home;
use shared::text::printable;

use crate::alarm::Alarm;
use crate::incident::{Incident, Phase};
use crate::latch::{Cleared, Latch};
use crate::rules::Plan;
use crate::settings::Settings;

/// The size of a message that every topic takes ("Publishing large messages with Amazon SNS", Amazon SNS Developer Guide).
const LIMIT: usize = 262_144;

/// The version of the form for machines. A member that is added does not change it.
const VERSION: u32 = 1;

/// Everything that a mail about an incident tells.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The incident.
    pub incident: &'a Incident,
    /// The plan's latch.
    pub latch: &'a Latch,
    /// The deployment's settings.
    pub settings: &'a Settings,
    /// Where the function runs.
    pub home: &'a Home,
    /// The function's ARN.
    pub function: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// The mail.
pub fn message(story: &Story<'_>) -> Message {
    let incident = story.incident;
    let attributes = attributes([
        ("severity", Some(severity(incident).to_owned())),
        ("plan", Some(incident.plan.clone())),
        ("incident", Some(incident.id.clone())),
        ("phase", Some(incident.phase.name().to_owned())),
        ("mode", Some(incident.mode.name().to_owned())),
    ]);
    within(LIMIT, subject::subject(incident), attributes, |detail| {
        (text::text(story, detail), form(incident, detail))
    })
}

/// How much of a reason to get up it is.
pub fn severity(incident: &Incident) -> &'static str {
    match incident.phase {
        // What DRS refuses today it refuses tomorrow.
        Phase::OkAgain if incident.refusals.is_empty() => "info",
        Phase::Drilled | Phase::Refused if !incident.is_alarming() => "info",
        Phase::OkAgain | Phase::Drilled | Phase::Refused | Phase::Recovered => "high",
        _ => "critical",
    }
}

fn form(incident: &Incident, detail: Detail) -> Value {
    let whole = json!(incident);
    let told = shortened(&whole, detail);
    json!({
        "version": VERSION,
        "subject": shared::text::subject(&subject::subject(incident)),
        "severity": severity(incident),
        "isShortened": told.as_ref() != Some(&whole),
        "incident": told,
    })
}

/// The mail about an event that may be an alarm and cannot be read.
pub fn not_understood(event: &Value, why: &str, plans: &[Plan], now: Timestamp) -> Message {
    let headline = "CANNOT BE READ: an event that may be an alarm; nothing was started".to_owned();
    let attributes = attributes([("severity", Some("critical".to_owned()))]);
    within(LIMIT, headline, attributes, |detail| {
        let told = shortened(event, detail);
        let mut text = format!(
            "An event reached the recovery function that it cannot read, and it may be an alarm. Nothing was decided and \
             nothing was started.\n\nWhy: {}\nWhen: {now}\n\nWhat you can do\n- Check whether an alarm of CloudWatch is in \
             ALARM, and whether the site is down.\n- If it is, see whether a recovery runs, and else start it by hand:\n{}- Then \
             look at what sent the event: a rule with an input transformer, a topic that others publish to.\n\nThe event\n",
            printable(why),
            by_hand(plans)
        );
        let pretty = told.as_ref().and_then(|told| serde_json::to_string_pretty(told).ok());
        let lines = pretty.as_deref().unwrap_or("It does not fit into a mail.").lines().map(printable);
        text.push_str(&lines.collect::<Vec<_>>().join("\n"));
        text.push('\n');
        (text, json!({"version": VERSION, "severity": "critical", "why": why, "event": told}))
    })
}

/// For each plan, how to see and to start its recovery.
fn by_hand(plans: &[Plan]) -> String {
    const MOST: usize = 10;
    let told = plans.iter().take(MOST).map(|plan| {
        let (seen, start) = (commands::executions(&plan.drs_plan), commands::start(&plan.drs_plan));
        format!("  {}:\n  {seen}\n  {start}\n", plan.name)
    });
    told.collect()
}

/// The mail about a start whose answer could not be written down.
pub fn unwritten(plan: &Plan, result: &ActionResult, error: &str, now: Timestamp) -> Message {
    let (asked, what) = match result {
        ActionResult::Done(execution) => ("STARTED", format!("DRS has started it: {}", printable(execution))),
        ActionResult::Failed(why) | ActionResult::NotCalled(why) => {
            ("UNCERTAIN", format!("DRS was asked to start it, and said: {}", printable(why)))
        }
    };
    let headline =
        format!("{asked}, not recorded: {} of {}: the table does not answer", plan.mode, plan.name);
    let attributes =
        attributes([("severity", Some("critical".to_owned())), ("plan", Some(plan.name.clone()))]);
    within(LIMIT, headline, attributes, |_| {
        let text = format!(
            "{what}. We could not write that down, since our table does not answer. Do not start it by hand: once the table answers, \
             we find it in DRS by its tag, and follow it.\n\nWhy: {}\nWhen: {now}\n\nWhat you can do\n- See whether it runs:\n  {}\n",
            printable(error),
            commands::executions(&plan.drs_plan)
        );
        (text, json!({"version": VERSION, "severity": "critical", "plan": plan.name, "error": error}))
    })
}

/// The mail about a latch that was cleared.
pub fn cleared(plan: &Plan, cleared: &Cleared) -> Message {
    let by = printable(&cleared.by);
    let headline = format!("LATCH CLEARED: {}: by {by}", plan.name);
    let attributes = attributes([("severity", Some("high".to_owned())), ("plan", Some(plan.name.clone()))]);
    within(LIMIT, headline, attributes, |_| {
        let text = format!(
            "{by} cleared the latch of {} at {}: the next confirmed alarm starts a recovery again by itself. Instances of the earlier \
             recovery ({}) hold it as long as they are there: a new launch would delete them.\n\nIf that was not right, switch \
             recoveries off (the kill switch) and ask {by}.\n",
            plan.name, cleared.at, cleared.incident
        );
        (text, json!({"version": VERSION, "severity": "high", "plan": plan.name, "cleared": cleared}))
    })
}

/// The mail about an alarm that came while the table does not answer.
pub fn undecided(plan: &Plan, alarm: &Alarm, error: &str, now: Timestamp) -> Message {
    let headline = format!("NOT DECIDED: {} of {}: the table does not answer", plan.mode, plan.name);
    let attributes =
        attributes([("severity", Some("critical".to_owned())), ("plan", Some(plan.name.clone()))]);
    let alarm_told = printable(&alarm.to_string());
    within(LIMIT, headline, attributes, |_| {
        let text = format!(
            "We could not read our table, so we started nothing for {alarm_told}. A recovery of the plan {} that started earlier \
             may still be running, or have ended.\n\nWhy: {}\nWhen: {now}\n\nWhat you can do\n- See whether a recovery runs or \
             ran:\n  {}\n- If none did and the site is down, start the recovery by hand, for real:\n  {}\n- Lambda tries the \
             event again, and then keeps it in the queue of failed events; an alarm of that queue says so.\n",
            plan.name,
            printable(error),
            commands::executions(&plan.drs_plan),
            commands::start(&plan.drs_plan)
        );
        (
            text,
            json!({"version": VERSION, "severity": "critical", "plan": plan.name, "alarm": alarm.arn, "error": error}),
        )
    })
}
