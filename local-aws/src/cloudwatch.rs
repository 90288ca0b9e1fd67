//! CloudWatch: DescribeAlarms, and alarms whose states the world or a caller sets.
//!
//! Shapes follow the service's model. No metric is measured.

use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging::page;
use crate::service::{ACCOUNT, Context, Service};

pub(crate) const SERVICE: Service = Service {
    name: "monitoring",
    api: "GraniteServiceVersion20100801",
    operations: &[("DescribeAlarms", describe_alarms)],
};

pub(crate) const STATES: [&str; 3] = ["OK", "ALARM", "INSUFFICIENT_DATA"];
pub(crate) const SUPPRESSED_BY: [&str; 3] = ["Alarm", "WaitPeriod", "ExtensionPeriod"];

/// The allowed values of MaxRecords; the default is 50 (DescribeAlarms, API reference: "the maximum number of alarm
/// descriptions").
const PAGE: std::ops::RangeInclusive<i64> = 1..=100;
const DEFAULT_PAGE: usize = 50;

#[derive(Debug, Default)]
pub(crate) struct CloudWatch {
    alarms: Mutex<Vec<AlarmRecord>>,
}

#[derive(Debug, Clone)]
pub(crate) struct AlarmRecord {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) composite: bool,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) since: Timestamp,
    pub(crate) suppressed_by: Option<String>,
}

impl CloudWatch {
    /// Adds an alarm, and returns whether it is new.
    pub(crate) fn add(&self, alarm: AlarmRecord) -> bool {
        let mut alarms = self.lock();
        let is_new = alarms.iter().all(|other| (&other.name, &other.region) != (&alarm.name, &alarm.region));
        alarms.extend(is_new.then_some(alarm));
        is_new
    }

    /// Whether an alarm of that name exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().iter().any(|alarm| alarm.name == name)
    }

    /// Sets the state of the alarms of that name, and returns whether there are any.
    pub(crate) fn set(&self, name: &str, state: &str, suppressed_by: Option<&str>, now: Timestamp) -> bool {
        let mut alarms = self.lock();
        let mut found = false;
        for alarm in alarms.iter_mut().filter(|alarm| alarm.name == name) {
            if alarm.state != state {
                alarm.since = now;
            }
            state.clone_into(&mut alarm.state);
            alarm.suppressed_by = suppressed_by.map(str::to_owned);
            found = true;
        }
        found
    }

    fn lock(&self) -> MutexGuard<'_, Vec<AlarmRecord>> {
        self.alarms.lock().expect("no holder of this lock panics")
    }
}

/// The answer has composite alarms only if the request asks for them.
fn describe_alarms(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let names = input.strings("AlarmNames")?;
    let prefix = input.string("AlarmNamePrefix")?;
    let types = input.strings("AlarmTypes")?;
    let state = input.string("StateValue")?;
    let size = input.integer("MaxRecords")?;
    let token = input.string("NextToken")?;
    input.finish()?;
    if names.len() > 100 {
        return Err(invalid(
            "1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100",
        ));
    }
    if !names.is_empty() && prefix.is_some() {
        return Err(ErrorAnswer::not_served("AlarmNames and AlarmNamePrefix at once"));
    }
    if size.is_some_and(|size| !PAGE.contains(&size)) {
        return Err(invalid(
            "1 validation error detected: Value at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and 100",
        ));
    }
    let asked = |composite: bool| match composite {
        true => types.iter().any(|kind| kind == "CompositeAlarm"),
        false => types.is_empty() || types.iter().any(|kind| kind == "MetricAlarm"),
    };
    let mut alarms: Vec<AlarmRecord> = context.world.cloudwatch.lock().clone();
    alarms.retain(|alarm| {
        alarm.region == context.region
            && asked(alarm.composite)
            && (names.is_empty() || names.contains(&alarm.name))
            && prefix.as_ref().is_none_or(|prefix| alarm.name.starts_with(prefix))
            && state.as_ref().is_none_or(|state| alarm.state == *state)
    });
    alarms.sort_by(|left, right| left.name.cmp(&right.name));
    let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(DEFAULT_PAGE);
    let found = page(&alarms, size, token.as_deref(), &[&request])
        .map_err(|_| ErrorAnswer::new("InvalidNextToken", "The next token is invalid"))?;
    let of_kind = |composite: bool| -> Vec<Value> {
        let these = found.items.iter().filter(|alarm| alarm.composite == composite);
        these.map(shown).collect()
    };
    let mut output = json!({"MetricAlarms": of_kind(false), "CompositeAlarms": of_kind(true)});
    if let Some(next) = found.next {
        output["NextToken"] = next.into();
    }
    Ok(output)
}

fn shown(alarm: &AlarmRecord) -> Value {
    let mut shown = json!({
        "AlarmName": alarm.name,
        "AlarmArn": format!("arn:aws:cloudwatch:{}:{ACCOUNT}:alarm:{}", alarm.region, alarm.name),
        "ActionsEnabled": true,
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": epoch_seconds(alarm.since),
        "StateTransitionedTimestamp": epoch_seconds(alarm.since),
    });
    if alarm.composite {
        shown["AlarmRule"] = "FALSE".into();
        if let Some(by) = &alarm.suppressed_by {
            shown["ActionsSuppressedBy"] = by.as_str().into();
            shown["ActionsSuppressedReason"] = format!("Actions suppressed by {by}").into();
        }
    }
    shown
}

fn invalid(message: &str) -> ErrorAnswer {
    ErrorAnswer::new("ValidationError", message)
}
