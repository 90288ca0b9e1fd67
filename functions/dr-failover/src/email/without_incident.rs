//! The emails that are not about a known incident: an unreadable event, a table that does not answer, a cleared latch.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::email::{LARGEST_MESSAGE, Message, attributes, shortened, within};
use shared::home::Home;
use shared::text::{count, printable, verb};

use super::readable::in_utc;
use super::{VERSION, commands};
use crate::alarm::{AlarmEvent, DeletedAlarm};
use crate::latch::Clearance;
use crate::rules::{Mode, RecoveryPlan};
use crate::step::{KnownPlan, StartAnswer, StartFailure};
use crate::text::{capitalized, utc};
use shared::table_error::TableError;

/// The most plans with commands in an email.
const MOST_PLANS: usize = 10;

/// What of an event cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// The event.
    Event,
    /// Events of a list, whose other events were handled.
    OfAList {
        /// The number of events that cannot be read.
        unread: usize,
        /// The number of all events.
        of: usize,
    },
}

impl Unread {
    fn headline(self) -> String {
        match self {
            Self::Event => "CANNOT BE READ: an event that may be an alarm; nothing was started".to_owned(),
            Self::OfAList { unread, of } => {
                let of = count(of, "event");
                format!(
                    "CANNOT BE READ: {unread} of {of}, which may be alarms; nothing was started for {}",
                    them(unread)
                )
            }
        }
    }

    fn lead(self) -> String {
        match self {
            Self::Event => "The recovery function received an event that it cannot read and that may be an alarm. The function decided \
                            nothing and started nothing."
                .to_owned(),
            Self::OfAList { unread, of } => {
                let handled = match of - unread {
                    0 => String::new(),
                    rest => format!(" It handled the other {}: other emails report what it started.", count(rest, "event")),
                };
                format!(
                    "The recovery function received a list of {}. It cannot read {unread} of them, which may be alarms, and started nothing \
                     for {}.{handled}",
                    count(of, "event"),
                    them(unread)
                )
            }
        }
    }
}

fn them(number: usize) -> &'static str {
    verb(number, "it", "them")
}

/// The email about an event that may be an alarm and cannot be read.
pub fn not_understood(
    event: &Value,
    (unread, why): (Unread, &str),
    plans: &[RecoveryPlan],
    home: &Home,
    now: Timestamp,
) -> Message {
    let attributes = attributes([("severity", Some("critical".to_owned()))]);
    within(LARGEST_MESSAGE, unread.headline(), attributes, |detail| {
        let shown = shortened(event, detail);
        let mut actions = vec![
            "- Check whether a CloudWatch alarm is in ALARM, and whether the site is down.".to_owned(),
            "- If the site is down, check whether a recovery is in progress. If there is none, start one by hand:".to_owned(),
        ];
        actions.extend(by_hand(plans, home));
        actions.push(
            "- Then fix the sender of the event: a rule with an input transformer, or another publisher to the topic.".to_owned(),
        );
        let mut text = format!(
            "{}\n\nWhy: {}\nWhen: {}\n\nWhat happens next\nNothing, until the next event of an alarm.\n\nWhat you can do\n{}\n\nThe \
             event\n",
            unread.lead(),
            printable(why),
            utc(now),
            commands::after_a_switch(home, actions).join("\n")
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
fn by_hand(plans: &[RecoveryPlan], home: &Home) -> Vec<String> {
    let commands = plans.iter().take(MOST_PLANS).flat_map(|plan| {
        let (list, starts) = commands::without_incident(plan, home);
        let name = format!("  {}:", plan.name);
        [name, format!("  {list}")].into_iter().chain(starts.into_iter().map(|start| format!("  {start}")))
    });
    commands.collect()
}

/// The email about a start whose answer could not be recorded.
pub fn unrecorded(
    plan: &RecoveryPlan,
    answer: &Result<StartAnswer, StartFailure>,
    error: &TableError,
    home: &Home,
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
    let (next, actions) = after_unrecorded(plan, home, answer);
    let actions = commands::after_a_switch(home, actions).join("\n");
    within(LARGEST_MESSAGE, headline, critical(plan), |_| {
        let text = format!(
            "{lead} The function could not record that, because its table does not answer.\n\nWhy: {}\nWhen: {}\n\nWhat happens \
             next\n{next}\n\nWhat you can do\n{actions}\n",
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
    home: &Home,
    answer: &Result<StartAnswer, StartFailure>,
) -> (&'static str, Vec<String>) {
    let (list, starts) = commands::without_incident(plan, home);
    match answer {
        Err(StartFailure::Refused(_)) => (
            "Once the table answers, the function searches DRS for a launch with the incident's tag. If there is none, it asks DRS again.",
            [
                "- Fix the cause that DRS names.".to_owned(),
                format!("- Check that no launch is in progress:\n  {list}"),
                "- If there is none and you cannot wait, start the recovery with the permissions of your own role:".to_owned(),
            ]
            .into_iter()
            .chain(starts.into_iter().map(|start| format!("  {start}")))
            .collect(),
        ),
        Ok(_) | Err(StartFailure::Unknown(_)) => (
            "Once the table answers, the function finds the launch in DRS by its tag and follows it.",
            vec![
                "- Do not start the recovery by hand.".to_owned(),
                format!("- Check whether it is in progress:\n  {list}"),
            ],
        ),
    }
}

/// The email about an alarm that arrives while the table does not answer.
pub fn undecided(
    plan: &RecoveryPlan,
    alarm: &AlarmEvent,
    error: &TableError,
    home: &Home,
    now: Timestamp,
) -> Message {
    let headline = format!("NOT DECIDED: {} of {}: the table does not answer", Mode::Recovery, plan.name);
    let (list, starts) = commands::without_incident(plan, home);
    let mut actions = vec![
        format!("- Check whether a recovery is in progress or has ended:\n  {list}"),
        "- If there is none and the site is down, start the recovery by hand, for real:".to_owned(),
    ];
    actions.extend(starts.into_iter().map(|start| format!("  {start}")));
    within(LARGEST_MESSAGE, headline, critical(plan), |_| {
        let text = format!(
            "{}. The function started nothing, because the function's table does not answer. An earlier recovery of the plan {} may still \
             be in progress, or may have ended.\n\nWhy: {}\nWhen: {}\n\nWhat happens next\nThe event is kept, and the function tries it \
             again and again, also when the alarm is stale: Lambda twice, and then a queue every few minutes. This email comes once at \
             first, and then once for every twelve deliveries of the queue. A last queue with an alarm holds an event that was never \
             decided.\n\nWhat you can do\n{}\n",
            in_utc(&capitalized(&printable(&alarm.to_string()))),
            plan.name,
            printable(&error.to_string()),
            utc(now),
            commands::after_a_switch(home, actions.clone()).join("\n")
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
            "The {what} {name} of {} was deleted. It can no longer {effect}.\n\nWhen: {}\nAlarm: {}\n\nWhat happens next\n{next}\n\nWhat you can do\n{}- Create the alarm again, or name another one in the rules and \
             deploy them.\n",
            plan.name,
            utc(alarm.at.unwrap_or(now)),
            printable(alarm.arn.as_deref().unwrap_or(&alarm.name)),
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
