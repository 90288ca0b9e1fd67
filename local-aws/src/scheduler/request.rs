//! Reads and checks the members of a schedule (CreateSchedule and Target, EventBridge Scheduler API Reference).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ScheduleId;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// "Minimum length of 1. Maximum length of 64. Pattern: [0-9a-zA-Z-_.]+"
const LONGEST_NAME: usize = 64;
/// The largest input: that of an asynchronous invocation of Lambda, 256 KB ("Lambda quotas").
const LARGEST_INPUT: usize = 262_144;
const LONGEST_DESCRIPTION: usize = 512;

/// What a schedule is created with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ScheduleRequest {
    pub(super) at: Timestamp,
    expression: String,
    pub(super) target: String,
    role: String,
    pub(super) input: String,
    queue: Option<String>,
    retries: Option<(i64, i64)>,
    description: Option<String>,
    /// ActionAfterCompletion is DELETE.
    pub(super) deletes: bool,
}

impl ScheduleRequest {
    pub(super) fn read(mut input: Members, now: Timestamp) -> Result<Self, ErrorAnswer> {
        let expression = required(&mut input, "ScheduleExpression")?;
        let zone = input.string("ScheduleExpressionTimezone")?.unwrap_or_else(|| "UTC".to_owned());
        if zone != "UTC" {
            return Err(ErrorAnswer::not_served("a schedule in another time zone than UTC"));
        }
        let at = at(&expression)?;
        // AWS does not document what a time that is over does. A function that counts on either fails here.
        if at <= now {
            return Err(invalid("ScheduleExpression", "a time that is not over"));
        }
        let mut window = structure(&mut input, "FlexibleTimeWindow")?;
        if required(&mut window, "Mode")? != "OFF" {
            return Err(ErrorAnswer::not_served("a flexible time window"));
        }
        window.finish()?;
        let deletes = match input.string("ActionAfterCompletion")?.as_deref() {
            Some("DELETE") => true,
            Some("NONE") | None => false,
            Some(_) => return Err(invalid("ActionAfterCompletion", "NONE or DELETE")),
        };
        let description = input.string("Description")?;
        if description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            return Err(invalid("Description", "at most 512 characters"));
        }
        let target = structure(&mut input, "Target")?;
        input.finish()?;
        Self { at, expression, description, deletes, ..Self::of_target(target)? }.checked()
    }

    fn of_target(mut target: Members) -> Result<Self, ErrorAnswer> {
        let queue = match target.structure("DeadLetterConfig")? {
            Some(mut queue) => {
                let arn = queue.string("Arn")?;
                queue.finish()?;
                arn
            }
            None => None,
        };
        let retries = match target.structure("RetryPolicy")? {
            Some(mut policy) => {
                let age = policy.integer("MaximumEventAgeInSeconds")?.unwrap_or(86_400);
                let attempts = policy.integer("MaximumRetryAttempts")?.unwrap_or(185);
                policy.finish()?;
                Some((age, attempts))
            }
            None => None,
        };
        let (arn, role) = (required(&mut target, "Arn")?, required(&mut target, "RoleArn")?);
        let input = target.string("Input")?.unwrap_or_default();
        target.finish()?;
        let (at, expression) = (Timestamp::UNIX_EPOCH, String::new());
        Ok(Self {
            at,
            expression,
            target: arn,
            role,
            input,
            queue,
            retries,
            description: None,
            deletes: false,
        })
    }

    fn checked(self) -> Result<Self, ErrorAnswer> {
        if self.input.len() > LARGEST_INPUT {
            return Err(invalid("Input", "at most 262144 bytes"));
        }
        if !self.target.starts_with("arn:") || !self.target.contains(":lambda:") {
            return Err(ErrorAnswer::not_served("a schedule whose target is not a Lambda function"));
        }
        if !self.role.starts_with("arn:") || !self.role.contains(":role/") {
            return Err(invalid("RoleArn", "the ARN of a role"));
        }
        if self.queue.as_ref().is_some_and(|queue| !queue.contains(":sqs:")) {
            return Err(invalid("DeadLetterConfig.Arn", "the ARN of a queue"));
        }
        match self.retries {
            Some((age, attempts)) if !(60..=86_400).contains(&age) || !(0..=185).contains(&attempts) => {
                Err(invalid("RetryPolicy", "60 to 86400 seconds and 0 to 185 attempts"))
            }
            _ => Ok(self),
        }
    }

    /// As GetSchedule answers it.
    pub(super) fn shown(&self) -> Value {
        let mut target = json!({"Arn": self.target, "RoleArn": self.role, "Input": self.input});
        if let Some(queue) = &self.queue {
            target["DeadLetterConfig"] = json!({"Arn": queue});
        }
        if let Some((age, attempts)) = self.retries {
            target["RetryPolicy"] =
                json!({"MaximumEventAgeInSeconds": age, "MaximumRetryAttempts": attempts});
        }
        let mut shown = json!({
            "ScheduleExpression": self.expression,
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": target,
            "ActionAfterCompletion": if self.deletes { "DELETE" } else { "NONE" },
        });
        if let Some(description) = &self.description {
            shown["Description"] = json!(description);
        }
        shown
    }
}

/// The group and the name that a request is about.
pub(super) fn schedule_id(input: &mut Members) -> Result<ScheduleId, ErrorAnswer> {
    let name = required(input, "Name")?;
    let group = input.string("GroupName")?.unwrap_or_else(|| "default".to_owned());
    for (member, value) in [("name", &name), ("groupName", &group)] {
        let is_legal = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if value.is_empty() || value.len() > LONGEST_NAME || !value.chars().all(is_legal) {
            return Err(invalid(member, "1 to 64 of [0-9a-zA-Z-_.]"));
        }
    }
    Ok((group, name))
}

/// The client token, 1 to 64 of `[a-zA-Z0-9-_]`.
pub(super) fn token(input: &mut Members) -> Result<Option<String>, ErrorAnswer> {
    let token = input.string("ClientToken")?;
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    match &token {
        Some(text) if text.is_empty() || text.len() > 64 || !text.chars().all(is_legal) => {
            Err(invalid("clientToken", "1 to 64 of [a-zA-Z0-9-_]"))
        }
        _ => Ok(token),
    }
}

fn at(expression: &str) -> Result<Timestamp, ErrorAnswer> {
    let Some(text) = expression.strip_prefix("at(").and_then(|text| text.strip_suffix(')')) else {
        return Err(ErrorAnswer::not_served("a schedule that recurs"));
    };
    let is_whole = text.len() == "2026-12-07T08:00:00".len();
    let at = format!("{text}Z").parse().ok().filter(|_| is_whole);
    at.ok_or_else(|| {
        ErrorAnswer::new("ValidationException", format!("Invalid Schedule Expression {expression}."))
    })
}

fn structure(input: &mut Members, member: &str) -> Result<Members, ErrorAnswer> {
    input.structure(member)?.ok_or_else(|| invalid(member, "not null"))
}

fn required(input: &mut Members, member: &str) -> Result<String, ErrorAnswer> {
    input.string(member)?.filter(|text| !text.is_empty()).ok_or_else(|| invalid(member, "not null"))
}

fn invalid(member: &str, constraint: &str) -> ErrorAnswer {
    let message = format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must be {constraint}"
    );
    ErrorAnswer::new("ValidationException", message)
}

pub(super) fn not_found(name: &str) -> ErrorAnswer {
    ErrorAnswer::new("ResourceNotFoundException", format!("Schedule {name} does not exist."))
}
