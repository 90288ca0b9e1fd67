//! EventBridge: PutEvents on the default event bus, and lists of its rules.
//!
//! Shapes and errors follow the service's API reference. An entry with an error does not fail the others.

mod rules;

use serde_json::{Value, json};

pub(crate) use rules::{EventRuleRecord, STATES};

use crate::bus::CustomEvent;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{Context, Service};

pub(crate) const SERVICE: Service = Service {
    name: "events",
    api: "AWSEvents",
    operations: &[
        ("ListRuleNamesByTarget", rules::list_rule_names_by_target),
        ("ListRules", rules::list_rules),
        ("ListTargetsByRule", rules::list_targets_by_rule),
        ("PutEvents", put_events),
    ],
};

/// "Array Members: Minimum number of 1 item. Maximum number of 10 items"; "the total entry size must be less than 1MB";
/// "free-form string, with a maximum of 128 characters" (PutEvents and PutEventsRequestEntry, EventBridge API Reference).
const MOST_ENTRIES: usize = 10;
const LARGEST: usize = 1_048_576;
const LONGEST_DETAIL_TYPE: usize = 128;

fn put_events(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let entries = input.structures("Entries")?;
    input.finish()?;
    if !(1..=MOST_ENTRIES).contains(&entries.len()) {
        let message = format!("1 validation error detected: `entries` has 1 to {MOST_ENTRIES} items");
        return Err(ErrorAnswer::new("ValidationException", message));
    }
    let read: Vec<Entry> = entries.into_iter().map(entry).collect::<Result<_, _>>()?;
    if read.iter().map(Entry::size).sum::<usize>() >= LARGEST {
        let message = "Total size of the entries in the request is over the limit.";
        return Err(ErrorAnswer::new("ValidationException", message));
    }
    let results: Vec<Value> = read.into_iter().map(|entry| entry.put(context)).collect();
    let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    Ok(json!({"FailedEntryCount": failed, "Entries": results}))
}

/// One event, as the request has it.
struct Entry {
    source: String,
    detail_type: String,
    detail: String,
    resources: Vec<String>,
}

/// `Time`, `TraceHeader` and another bus than the default one are not served.
fn entry(mut entry: Members) -> Result<Entry, ErrorAnswer> {
    let bus = entry.string("EventBusName")?;
    if bus.is_some_and(|bus| bus != "default") {
        return Err(ErrorAnswer::not_served("an event bus other than `default`"));
    }
    let mut text = |name: &str| entry.string(name).map(Option::unwrap_or_default);
    let (source, detail_type, detail) = (text("Source")?, text("DetailType")?, text("Detail")?);
    let resources = entry.strings("Resources")?;
    entry.finish()?;
    Ok(Entry { source, detail_type, detail, resources })
}

impl Entry {
    /// "Calculating PutEvents event entry size", EventBridge User Guide: without a `Time`.
    fn size(&self) -> usize {
        let resources = self.resources.iter().map(String::len).sum::<usize>();
        self.source.len() + self.detail_type.len() + self.detail.len() + resources
    }

    fn put(self, context: &Context<'_>) -> Value {
        let refused = |code: &str, message: String| json!({"ErrorCode": code, "ErrorMessage": message});
        let required =
            [("Source", &self.source), ("DetailType", &self.detail_type), ("Detail", &self.detail)];
        if let Some((name, _)) = required.into_iter().find(|(_, value)| value.is_empty()) {
            let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            return refused("InvalidArgument", message);
        }
        if self.detail_type.chars().count() > LONGEST_DETAIL_TYPE {
            let message = format!("DetailType has at most {LONGEST_DETAIL_TYPE} characters.");
            return refused("InvalidArgument", message);
        }
        if self.source.starts_with("aws.") {
            let message = format!("Not authorized for the source {}.", self.source);
            return refused("NotAuthorizedForSourceException", message);
        }
        let Ok(detail @ Value::Object(_)) = serde_json::from_str(&self.detail) else {
            return refused("MalformedDetail", "Detail is malformed.".to_owned());
        };
        let Self { source, detail_type, resources, .. } = self;
        let (region, at) = (context.region, context.now);
        let id =
            context.world.bus.put_custom(CustomEvent { source, detail_type, region, at, resources, detail });
        json!({"EventId": id})
    }
}
