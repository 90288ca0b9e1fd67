//! The emails that are not about a known incident: an unreadable event, a table that does not answer, a cleared latch.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::email::{LARGEST_MESSAGE, Message, attributes, shortened, within};
use shared::text::printable;

use super::commands::ByHand;
use super::{VERSION, commands};
use crate::alarm::{AlarmEvent, DeletedAlarm};
use crate::latch::Clearance;
use crate::rules::{Mode, RecoveryPlan};
use crate::step::{KnownPlan, StartAnswer, StartFailure};
use crate::text::{capitalized, utc};
use shared::table_error::TableError;

/// The most plans with commands in an email.
const MOST_PLANS: usize = 10;

/// The email about an event that may be an alarm and cannot be read.
pub fn not_understood(
    event: &Value,
    why: &str,
    plans: &[RecoveryPlan],
    region: &str,
    now: Timestamp,
) -> Message {
    let headline = "CANNOT BE READ: an event that may be an alarm; nothing was started".to_owned();
    let attributes = attributes([("severity", Some("critical".to_owned()))]);
    within(LARGEST_MESSAGE, headline, attributes, |detail| {
        let shown = shortened(event, detail);
        let mut text = format!(
            "The recovery function received an event that it cannot read and that may be an alarm. The function decided nothing and \
             started nothing.\n\nWhy: {}\nWhen: {}\n\nWhat happens next\nNothing, until the next event of an alarm.\n\nWhat you can \
             do\n- Check whether a CloudWatch alarm is in ALARM, and whether the site is down.\n- If the site is down, check \
             whether a recovery is in progress. If there is none, start one by hand:\n{}- Then fix the sender of the event: a rule \
             with an input transformer, or another publisher to the topic.\n\nThe event\n",
            printable(why),
            utc(now),
            by_hand(plans, region)
        );
        let pretty = shown.as_ref().and_then(|shown| serde_json::to_string_pretty(shown).ok());
        let lines =
            pretty.as_deref().unwrap_or("The event does not fit into an email.").lines().map(printable);
        text.push_str(&lines.collect::<Vec<_>>().join("\n"));
        text.push('\n');
        (text, json!({"version": VERSION, "severity": "critical", "why": why, "event": shown}))
    })
}

/// For each plan, the commands that show and start its recovery.
fn by_hand(plans: &[RecoveryPlan], region: &str) -> String {
    let commands = plans.iter().take(MOST_PLANS).map(|plan| {
        let ByHand { list, start, order } = commands::by_hand(plan, region);
        format!("  {}{order}:\n  {list}\n  {start}\n", plan.name)
    });
    commands.collect()
}

/// The email about a start whose answer could not be recorded.
pub fn unrecorded(
    plan: &RecoveryPlan,
    answer: &Result<StartAnswer, StartFailure>,
    error: &TableError,
    region: &str,
    now: Timestamp,
) -> Message {
    let (headline, lead) = match answer {
        Ok(StartAnswer(execution)) => (
            "STARTED",
            format!("DRS has started the {} of {}: {}.", Mode::Recovery, plan.name, execution.arn),
        ),
        Err(StartFailure::Refused(error)) => (
            "REFUSED",
            format!(
                "DRS refused to start the {} of {} and launched nothing: {}.",
                Mode::Recovery,
                plan.name,
                printable(&error.to_string())
            ),
        ),
        Err(failure @ StartFailure::Unknown(_)) => {
            let failure = printable(&failure.to_string());
            (
                "UNCERTAIN",
                format!(
                    "DRS was asked to start the {} of {} and answered: {failure}.",
                    Mode::Recovery,
                    plan.name
                ),
            )
        }
    };
    let headline =
        format!("{headline}, not recorded: {} of {}: the table does not answer", Mode::Recovery, plan.name);
    let (next, actions) = after_unrecorded(plan, answer, region);
    within(LARGEST_MESSAGE, headline, critical(plan), |_| {
        let text = format!(
            "{lead} The function could not record that, because its table does not answer.\n\nWhy: {}\nWhen: {}\n\nWhat happens \
             next\n{next}\n\nWhat you can do\n{actions}",
            printable(&error.to_string()),
            utc(now),
        );
        let form = json!({
            "version": VERSION, "severity": "critical", "plan": plan.name, "error": error.to_string(),
        });
        (text, form)
    })
}

/// What happens next after such a start, and what the operator can do.
fn after_unrecorded(
    plan: &RecoveryPlan,
    answer: &Result<StartAnswer, StartFailure>,
    region: &str,
) -> (String, String) {
    let ByHand { list, start, order } = commands::by_hand(plan, region);
    let (what, an) = if plan.waves.is_empty() { ("execution", "an") } else { ("job", "a") };
    match answer {
        Err(StartFailure::Refused(_)) => (
            format!(
                "Once the table answers, the function searches DRS for {an} {what} with the incident's tag. If there is none, it asks \
                 DRS again."
            ),
            format!(
                "- Fix the cause that DRS names.\n- Check that no {what} is in progress:\n  {list}\n- If there is none and you \
                 cannot wait, start the recovery with your own rights{order}:\n  {start}\n"
            ),
        ),
        Ok(_) | Err(StartFailure::Unknown(_)) => (
            format!(
                "Once the table answers, the function finds the {what} in DRS by its tag and follows it."
            ),
            format!("- Do not start the recovery by hand.\n- Check whether it is in progress:\n  {list}\n"),
        ),
    }
}

/// The email about an alarm that arrives while the table does not answer.
pub fn undecided(
    plan: &RecoveryPlan,
    alarm: &AlarmEvent,
    error: &TableError,
    region: &str,
    now: Timestamp,
) -> Message {
    let ByHand { list, start, order } = commands::by_hand(plan, region);
    let headline = format!("NOT DECIDED: {} of {}: the table does not answer", Mode::Recovery, plan.name);
    within(LARGEST_MESSAGE, headline, critical(plan), |_| {
        let text = format!(
            "{}. The function started nothing, because the function's table does not answer. An earlier recovery of the plan {} may still \
             be in progress, or may have ended.\n\nWhy: {}\nWhen: {}\n\nWhat happens next\nThe event is kept, and the function tries it again and again, also when \
             the alarm is stale: Lambda twice, and then a queue every few minutes. This email comes once at first, and then once for \
             every twelve deliveries of the queue. A last queue with an alarm holds an event that was never decided.\n\nWhat you can do\n- Check whether a recovery is in progress or has \
             ended:\n  {list}\n- If there is none and the site is down, start the recovery by hand, for real{order}:\n  {start}\n",
            capitalized(&printable(&alarm.to_string())),
            plan.name,
            printable(&error.to_string()),
            utc(now)
        );
        let form = json!({
            "version": VERSION, "severity": "critical", "plan": plan.name, "alarm": alarm.arn, "error": error.to_string(),
        });
        (text, form)
    })
}

/// The email about a cleared latch.
pub fn cleared(plan: &RecoveryPlan, cleared: &Clearance) -> Message {
    let by = printable(&cleared.by);
    let headline = format!("LATCH CLEARED: {}: by {by}", plan.name);
    let attributes = attributes([("severity", Some("high".to_owned())), ("plan", Some(plan.name.clone()))]);
    within(LARGEST_MESSAGE, headline, attributes, |_| {
        let text = format!(
            "{by} cleared the latch of {} at {}.\n\nWhat happens next\nThe next confirmed alarm may start a recovery by itself. \
             Instances of the earlier recovery ({}) block it while they exist, because a new launch would delete them.\n\nWhat you \
             can do\n- If the latch should not be cleared, set the kill switch to `disabled` and ask {by}.\n",
            plan.name,
            utc(cleared.at),
            cleared.incident
        );
        (text, json!({"version": VERSION, "severity": "high", "plan": plan.name, "cleared": cleared}))
    })
}

/// The email about a deleted alarm.
pub fn deleted(
    plan: &RecoveryPlan,
    alarm: &DeletedAlarm,
    is_second: bool,
    known: &KnownPlan,
    now: Timestamp,
) -> Message {
    let name = printable(&alarm.name);
    let (what, effect) = match is_second {
        true => ("second alarm", "confirm an outage"),
        false => ("alarm", "report an outage or its end"),
    };
    let headline = format!("ALARM DELETED: {}: {name} can no longer {effect}", plan.name);
    let attributes = attributes([("severity", Some("high".to_owned())), ("plan", Some(plan.name.clone()))]);
    let incident = known.incident.as_ref().filter(|incident| incident.is_open());
    let next = match is_second {
        true => "No recovery starts by itself until the alarm exists again.",
        false => "The other alarms and signals of the plan stay in effect.",
    };
    let open = incident.map(|incident| {
        let id = &incident.id;
        format!("- The incident {id} is open. Watch the site yourself, and refuse or close the incident when it is over.\n")
    });
    within(LARGEST_MESSAGE, headline, attributes, |_| {
        let text = format!(
            "The {what} {name} of {} was deleted. It can no longer {effect}.\n\nWhen: {}\n\nWhat happens next\n{next}\n\nWhat you can do\n{}- Create the alarm again, or name another one in the rules and \
             deploy them.\n",
            plan.name,
            utc(alarm.at.unwrap_or(now)),
            open.as_deref().unwrap_or_default(),
        );
        let form = json!({
            "version": VERSION, "severity": "high", "plan": plan.name, "alarm": alarm.arn, "deleted": alarm.at,
            "isSecondSignal": is_second, "incidentId": incident.map(|incident| &incident.id),
        });
        (text, form)
    })
}

fn critical(plan: &RecoveryPlan) -> Vec<shared::email::Attribute> {
    attributes([("severity", Some("critical".to_owned())), ("plan", Some(plan.name.clone()))])
}
