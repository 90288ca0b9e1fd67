//! The schedule of a held start: its name, its time, its input, and the calls that create, move and delete it. Pure.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::act::Effect;
use shared::token::client_token;

use super::coalesce::HeldEvent;
use crate::settings::ScheduleSettings;

/// The calls, as IAM names them.
pub const CREATE: &str = "scheduler:CreateSchedule";
/// Reads a schedule.
pub const GET: &str = "scheduler:GetSchedule";
/// Moves a schedule.
pub const UPDATE: &str = "scheduler:UpdateSchedule";
/// Deletes a schedule.
pub const DELETE: &str = "scheduler:DeleteSchedule";

/// The most seconds for which EventBridge Scheduler retries an invocation, a day: the largest value there is
/// (RetryPolicy, EventBridge Scheduler API Reference).
pub const OLDEST: i32 = 86_400;
/// The most retries, the largest value there is.
pub const RETRIES: i32 = 185;

/// A schedule is at least so far ahead, so that it is in the future when EventBridge Scheduler reads it.
const LEAST_AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// The most characters of a name ("CreateSchedule", EventBridge Scheduler API Reference), and those of its hash.
const LONGEST_NAME: usize = 64;
const HASH: usize = 16;

/// The schedule of a held start, as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSchedule {
    /// The same for every push of a reference that one pipeline builds.
    pub name: String,
    /// The group and the role.
    pub settings: ScheduleSettings,
    /// When it invokes the function, in whole seconds.
    pub at: Timestamp,
    /// What it invokes the function with.
    pub input: Value,
    /// The ARN of the function.
    pub function: String,
}

/// A call that changes a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleChange {
    /// CreateSchedule.
    Create(HoldSchedule),
    /// UpdateSchedule.
    Move(HoldSchedule),
    /// DeleteSchedule.
    Delete {
        /// Its name.
        name: String,
        /// Its group.
        group: String,
    },
}

/// The name of the schedule of a pipeline and a reference of its source: what a reader recognises, and a hash.
pub fn name(pipeline: &str, source: &str, reference: &str) -> String {
    let hash = client_token([pipeline, source, reference]);
    let allowed = |letter: char| match letter {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_' | '.' => letter,
        _ => '-',
    };
    let readable: String = pipeline.chars().map(allowed).take(LONGEST_NAME - HASH - 1).collect();
    format!("{readable}-{}", &hash[..HASH])
}

/// When a schedule for an opening invokes the function.
pub fn due(opening: Timestamp, now: Timestamp) -> Timestamp {
    let whole = |at: Timestamp| match at.subsec_nanosecond() {
        0 => at,
        _ => Timestamp::from_second(at.as_second() + 1).unwrap_or(at),
    };
    whole(opening.max(now.checked_add(LEAST_AHEAD).unwrap_or(now)))
}

impl HoldSchedule {
    /// `at(2026-12-07T08:00:00)`, in UTC.
    pub fn expression(&self) -> String {
        format!("at({})", self.at.strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// The same for every delivery of an event that leads to this schedule.
    pub fn token(&self) -> String {
        client_token([self.name.as_str(), &self.expression(), &self.input.to_string()])
    }

    /// The description that the console shows.
    pub fn description(&self) -> String {
        let held = HeldEvent::of_input(&self.input);
        let (pipeline, window) = held.map(|held| (held.pipeline, held.window)).unwrap_or_default();
        shared::text::shortened(&format!("Starts {pipeline} when the window {window} opens"), 500)
    }
}

impl Effect for ScheduleChange {
    fn call(&self) -> &'static str {
        match self {
            Self::Create(_) => CREATE,
            Self::Move(_) => UPDATE,
            Self::Delete { .. } => DELETE,
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Create(schedule) | Self::Move(schedule) => schedule.name.clone(),
            Self::Delete { name, .. } => name.clone(),
        }
    }

    fn input(&self) -> Value {
        match self {
            Self::Create(schedule) | Self::Move(schedule) => json!({
                "Name": schedule.name,
                "GroupName": schedule.settings.group,
                "ScheduleExpression": schedule.expression(),
                "Input": schedule.input,
            }),
            Self::Delete { name, group } => json!({"Name": name, "GroupName": group}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_the_service_takes() {
        for pipeline in ["web", &"x@".repeat(50), "a.b_c-d"] {
            let name = name(pipeline, "shop", "refs/heads/main");
            assert!(name.len() <= LONGEST_NAME, "{name}");
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)),
                "{name}"
            );
        }
        assert_ne!(name("a@b", "shop", "refs/heads/main"), name("a-b", "shop", "refs/heads/main"));
        assert_ne!(name("web", "shop", "refs/heads/main"), name("web", "shop", "refs/tags/main"));
    }

    #[test]
    fn a_schedule_is_in_the_future_and_in_whole_seconds() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(due(at("2026-12-07T08:00:00Z"), at("2026-12-05T08:00:00Z")), at("2026-12-07T08:00:00Z"));
        assert_eq!(due(at("2026-12-07T08:00:00Z"), at("2026-12-07T07:59:59.5Z")), at("2026-12-07T08:01:00Z"));
    }
}
