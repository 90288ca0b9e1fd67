//! Carries the holds out: reads the schedule of each held start, and creates or moves it.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use jiff::Timestamp;
use serde_json::Value;
use shared::act::{Effect as _, Performed};
use shared::call_error::CallError;
use shared::decision::Action;
use shared::lambda::Invocation;

use super::coalesce::{HeldEvent, joined};
use super::judge::HeldStart;
use super::schedule::{
    CREATE, DELETE, GET, HoldSchedule, OLDEST, RETRIES, ScheduleChange, UPDATE, due, name,
};
use crate::aws::Clients;
use crate::settings::{ScheduleSettings, Settings};

/// How often a hold is tried while other invocations change its schedule.
const TRIES: usize = 4;

/// What an event is about that a window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldKind {
    /// A push to CodeCommit.
    Push,
    /// An image of ECR.
    Image,
    /// A version of an object of S3.
    Object,
}

impl HeldKind {
    /// What one event is, in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Image => "image",
            Self::Object => "version",
        }
    }

    /// What its pipelines build of several events.
    pub fn newest(self) -> &'static str {
        match self {
            Self::Push => "the newest commit, and the files of both pushes count",
            Self::Image => "the newest image",
            Self::Object => "the newest version",
        }
    }
}

/// The event that is held, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct HeldSource<'a> {
    /// What the event is about.
    pub kind: HeldKind,
    /// The repository, or whatever the pipeline's source is.
    pub source: &'a str,
    /// The branch or tag with `refs/`, or whatever else of the source the event is about.
    pub reference: &'a str,
    /// The event as EventBridge delivered it.
    pub event: &'a Value,
    /// Whether a schedule invoked the function, so that this start is held once more.
    pub from_schedule: bool,
}

/// Why a start could not be held. The invocation fails, so that Lambda retries it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    /// The deployment has no group or role.
    #[error("{} and {} are not set", crate::settings::GROUP, crate::settings::ROLE)]
    NoSettings,
    /// The call failed, after all retries.
    #[error("{operation} failed: {0}", operation = .0.operation)]
    Call(CallError),
    /// Other invocations changed the schedule again and again.
    #[error("other invocations change the schedule at the same time")]
    Contended,
}

/// How a hold went.
#[derive(Debug, Clone)]
pub struct Held {
    /// The change that was made, or would be in a dry run; none if the schedule already was as it should be.
    pub action: Option<Action>,
    /// What became of it.
    pub outcome: Result<HoldOutcome, NotHeld>,
}

/// What became of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldOutcome {
    /// The schedule is new. A retry finds it as its first try left it, which may not have sent the email.
    Created,
    /// An earlier push was held; the schedule now has this one, too.
    Moved,
    /// The schedule has this push already.
    Kept,
}

/// Holds a start until its window opens.
pub async fn hold(
    held: &HeldStart,
    source: &HeldSource<'_>,
    settings: &Settings,
    aws: &Clients,
    invocation: &Invocation,
) -> Held {
    let Some(settings) = &settings.schedules else {
        return Held { action: None, outcome: Err(NotHeld::NoSettings) };
    };
    for _ in 0..TRIES {
        let name = name(&held.start.pipeline, source.source, source.reference);
        let earlier = match schedule(&name, &settings.group, aws).await {
            Ok(earlier) => earlier,
            Err(error) => return Held { action: None, outcome: Err(NotHeld::Call(error)) },
        };
        let (wanted, outcome) = wanted(held, source, settings, invocation, name, earlier.as_ref());
        let change = match (&earlier, outcome) {
            (None, _) => ScheduleChange::Create(wanted),
            (Some(_), HoldOutcome::Moved) => ScheduleChange::Move(wanted),
            // Nothing is to be changed. A retry of the invocation that created it sends its email.
            (Some(_), _) => return Held { action: None, outcome: Ok(outcome) },
        };
        let performed = invocation.executor.perform(carried_out(&change, aws)).await;
        if let Performed::Failed(error) = &performed
            && was_overtaken(error)
        {
            continue;
        }
        let action = Some(change.action(performed.result(String::clone)));
        let outcome = match performed {
            Performed::Failed(error) => Err(NotHeld::Call(error)),
            Performed::Done(_) | Performed::NotCalled => Ok(outcome),
        };
        return Held { action, outcome };
    }
    Held { action: None, outcome: Err(NotHeld::Contended) }
}

/// Deletes the schedule of a pipeline that an exception, or an open window, has started: it holds an older commit. Only
/// pipelines that build the pushed commit need it: others find the execution of the branch's head, and start nothing.
pub async fn release(
    pipeline: &str,
    source: &HeldSource<'_>,
    settings: &Settings,
    aws: &Clients,
    invocation: &Invocation,
) -> Option<Held> {
    let settings = settings.schedules.as_ref()?;
    let name = name(pipeline, source.source, source.reference);
    match schedule(&name, &settings.group, aws).await {
        Ok(None) => return None,
        Ok(Some(_)) => {}
        Err(error) => return Some(Held { action: None, outcome: Err(NotHeld::Call(error)) }),
    }
    let change = ScheduleChange::Delete { name, group: settings.group.clone() };
    let performed = match invocation.executor.perform(carried_out(&change, aws)).await {
        // It ran, or another invocation deleted it.
        Performed::Failed(error) if was_overtaken(&error) => return None,
        performed => performed,
    };
    let action = Some(change.action(performed.result(String::clone)));
    let outcome = match performed {
        Performed::Failed(error) => Err(NotHeld::Call(error)),
        _ => Ok(HoldOutcome::Kept),
    };
    Some(Held { action, outcome })
}

/// A schedule as it is.
pub(crate) struct KnownSchedule {
    /// When it invokes the function; none if it is no schedule of this function.
    pub(crate) at: Option<Timestamp>,
    /// What it holds.
    pub(crate) held: Option<HeldEvent>,
}

/// The schedule as it should be, and what becomes of the one that there is.
fn wanted(
    held: &HeldStart,
    source: &HeldSource<'_>,
    settings: &ScheduleSettings,
    invocation: &Invocation,
    name: String,
    known: Option<&KnownSchedule>,
) -> (HoldSchedule, HoldOutcome) {
    let earlier = known.and_then(|known| known.held.as_ref());
    let event = earlier.map_or_else(|| source.event.clone(), |earlier| joined(&earlier.event, source.event));
    let at = due(held.until.at, invocation.now);
    // A time that the margin before it moved is no other time.
    let is_due_then =
        known.and_then(|known| known.at).is_some_and(|known| known == at || known == held.until.at);
    // The schedule that invoked the function is over: whatever it holds is held again by this invocation.
    let holder = earlier.filter(|_| !source.from_schedule || is_due_then);
    let request = holder.map_or_else(|| invocation.request_id.clone(), |one| one.request.clone());
    let is_own = request == invocation.request_id;
    let new =
        HeldEvent { pipeline: held.start.pipeline.clone(), window: held.window.clone(), event, request };
    let is_same = earlier.is_some_and(|earlier| earlier.event == new.event && earlier.window == new.window);
    let outcome = match known {
        None => HoldOutcome::Created,
        Some(_) if is_same && is_due_then && is_own => HoldOutcome::Created,
        Some(_) if is_same && is_due_then => HoldOutcome::Kept,
        Some(_) => HoldOutcome::Moved,
    };
    let function = invocation.function_arn.clone();
    (HoldSchedule { name, settings: settings.clone(), at, input: new.to_input(), function }, outcome)
}

/// The schedule of this name, if there is one.
pub(crate) async fn schedule(
    name: &str,
    group: &str,
    aws: &Clients,
) -> Result<Option<KnownSchedule>, CallError> {
    let answer = aws.scheduler().get_schedule().name(name).group_name(group).send().await;
    let schedule = match answer.map_err(|error| CallError::new(GET, error)) {
        Ok(schedule) => schedule,
        Err(error) if error.has_code("ResourceNotFoundException") => return Ok(None),
        Err(error) => return Err(error),
    };
    let input = schedule.target().and_then(|target| target.input());
    let held =
        input.and_then(|text| serde_json::from_str(text).ok()).and_then(|input| HeldEvent::of_input(&input));
    let at = schedule.schedule_expression().and_then(|text| text.strip_prefix("at(")?.strip_suffix(')'));
    let at = at.and_then(|text| format!("{text}Z").parse().ok());
    Ok(Some(KnownSchedule { at, held }))
}

/// Whether another invocation created or deleted the schedule in between.
fn was_overtaken(error: &CallError) -> bool {
    match error.operation.as_ref() {
        CREATE => error.has_code("ConflictException"),
        UPDATE => error.has_code("ResourceNotFoundException") || error.has_code("ConflictException"),
        _ => error.has_code("ResourceNotFoundException"),
    }
}

async fn carried_out(change: &ScheduleChange, aws: &Clients) -> Result<String, CallError> {
    match change {
        ScheduleChange::Create(schedule) => create(schedule, aws).await,
        ScheduleChange::Move(schedule) => update(schedule, aws).await,
        ScheduleChange::Delete { name, group } => {
            let call = aws.scheduler().delete_schedule().name(name).group_name(group);
            let token = shared::token::client_token([name.as_str(), group.as_str(), "delete"]);
            let answer = call.client_token(token).send().await;
            answer.map(|_| name.clone()).map_err(|error| CallError::new(DELETE, error))
        }
    }
}

async fn create(schedule: &HoldSchedule, aws: &Clients) -> Result<String, CallError> {
    let call = aws.scheduler().create_schedule().name(&schedule.name).group_name(&schedule.settings.group);
    let call = call.schedule_expression(schedule.expression()).schedule_expression_timezone("UTC");
    let call =
        call.flexible_time_window(exact()).target(target(schedule)).description(schedule.description());
    let call = call.action_after_completion(ActionAfterCompletion::Delete).client_token(schedule.token());
    let answer = call.send().await.map_err(|error| CallError::new(CREATE, error))?;
    Ok(answer.schedule_arn)
}

/// UpdateSchedule sets every value that it does not name to its default, so it names all of them.
async fn update(schedule: &HoldSchedule, aws: &Clients) -> Result<String, CallError> {
    let call = aws.scheduler().update_schedule().name(&schedule.name).group_name(&schedule.settings.group);
    let call = call.schedule_expression(schedule.expression()).schedule_expression_timezone("UTC");
    let call =
        call.flexible_time_window(exact()).target(target(schedule)).description(schedule.description());
    let call = call.action_after_completion(ActionAfterCompletion::Delete).client_token(schedule.token());
    let answer = call.send().await.map_err(|error| CallError::new(UPDATE, error))?;
    Ok(answer.schedule_arn)
}

fn exact() -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().expect("the mode is set")
}

fn target(schedule: &HoldSchedule) -> Target {
    let queue = schedule.settings.queue.as_ref().map(|queue| DeadLetterConfig::builder().arn(queue).build());
    let retries = RetryPolicy::builder().maximum_event_age_in_seconds(OLDEST).maximum_retry_attempts(RETRIES);
    Target::builder()
        .arn(&schedule.function)
        .role_arn(&schedule.settings.role)
        .input(schedule.input.to_string())
        .set_dead_letter_config(queue)
        .retry_policy(retries.build())
        .build()
        .expect("function and role are set")
}
