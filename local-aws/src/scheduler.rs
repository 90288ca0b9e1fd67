//! EventBridge Scheduler: one-time schedules, which invoke their target when the clock reaches them.
//!
//! Shapes and errors follow the service's model. Every schedule group exists. Recurring schedules are not served.

mod request;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::LocalAws;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context, Service};
use request::{ScheduleRequest, not_found, schedule_id};

pub(crate) const SERVICE: Service = Service {
    name: "scheduler",
    // Requests do not name one.
    api: "",
    operations: &[
        ("CreateSchedule", create_schedule),
        ("DeleteSchedule", delete_schedule),
        ("GetSchedule", get_schedule),
        ("UpdateSchedule", update_schedule),
    ],
};

/// The group and the name of a schedule.
type ScheduleId = (String, String);

/// The schedules of the account, and the invocations that are due.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    state: Mutex<SchedulerState>,
}

#[derive(Debug, Default)]
struct SchedulerState {
    schedules: BTreeMap<ScheduleId, ScheduleRecord>,
    waiting: Vec<ScheduledInvocation>,
}

#[derive(Debug, Clone)]
struct ScheduleRecord {
    request: ScheduleRequest,
    /// The token of the call that created it.
    token: Option<String>,
    created: Timestamp,
    changed: Timestamp,
    /// It has invoked its target.
    over: bool,
}

/// An invocation of a schedule's target.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduledInvocation {
    /// The name of the schedule.
    pub schedule: String,
    /// The ARN of the target.
    pub target: String,
    /// What the target is invoked with.
    pub input: Value,
    pub at: Timestamp,
}

/// A schedule, as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleNow {
    pub group: String,
    pub name: String,
    /// When it invokes its target.
    pub at: Timestamp,
    pub input: Value,
}

impl Scheduler {
    fn lock(&self) -> MutexGuard<'_, SchedulerState> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// When the next schedule invokes its target.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let state = self.lock();
        state.schedules.values().filter(|schedule| !schedule.over).map(|schedule| schedule.request.at).min()
    }

    /// Invokes the target of one schedule that is due by `now`. Returns whether there was one.
    pub(crate) fn step(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        let due = state.schedules.iter().filter(|(_, schedule)| !schedule.over && schedule.request.at <= now);
        let Some((id, at)) = due.map(|(id, one)| (id.clone(), one.request.at)).min_by_key(|(_, at)| *at)
        else {
            return false;
        };
        let schedule = state.schedules.get_mut(&id).expect("it was just found");
        schedule.over = true;
        let ScheduleRequest { target, input, deletes, .. } = schedule.request.clone();
        let input = serde_json::from_str(&input).unwrap_or(Value::String(input));
        if deletes {
            state.schedules.remove(&id);
        }
        state.waiting.push(ScheduledInvocation { schedule: id.1, target, input, at });
        true
    }
}

impl LocalAws {
    /// The invocations that schedules made since the last call of this function, in order.
    pub fn take_invocations(&self) -> Vec<ScheduledInvocation> {
        std::mem::take(&mut self.endpoint.world.scheduler.lock().waiting)
    }

    /// Every schedule, by group and name.
    pub fn schedules(&self) -> Vec<ScheduleNow> {
        let state = self.endpoint.world.scheduler.lock();
        let now = state.schedules.iter().map(|((group, name), schedule)| ScheduleNow {
            group: group.clone(),
            name: name.clone(),
            at: schedule.request.at,
            input: serde_json::from_str(&schedule.request.input).unwrap_or(Value::Null),
        });
        now.collect()
    }
}

fn create_schedule(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = schedule_id(&mut input)?;
    let token = request::token(&mut input)?;
    let request = ScheduleRequest::read(input, context.now)?;
    let mut state = context.world.scheduler.lock();
    if let Some(known) = state.schedules.get(&id) {
        let is_repeated = token.is_some() && known.token == token && known.request == request;
        if !is_repeated {
            let message = format!("Schedule {} already exists.", id.1);
            return Err(ErrorAnswer::new("ConflictException", message));
        }
        return Ok(json!({"ScheduleArn": arn(context, &id)}));
    }
    let (created, changed) = (context.now, context.now);
    state.schedules.insert(id.clone(), ScheduleRecord { request, token, created, changed, over: false });
    Ok(json!({"ScheduleArn": arn(context, &id)}))
}

fn update_schedule(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = schedule_id(&mut input)?;
    request::token(&mut input)?;
    let request = ScheduleRequest::read(input, context.now)?;
    let mut state = context.world.scheduler.lock();
    let known = state.schedules.get_mut(&id).ok_or_else(|| not_found(&id.1))?;
    (known.request, known.changed, known.over) = (request, context.now, false);
    Ok(json!({"ScheduleArn": arn(context, &id)}))
}

fn delete_schedule(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = schedule_id(&mut input)?;
    request::token(&mut input)?;
    input.finish()?;
    context.world.scheduler.lock().schedules.remove(&id).ok_or_else(|| not_found(&id.1))?;
    Ok(json!({}))
}

fn get_schedule(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = schedule_id(&mut input)?;
    input.finish()?;
    let state = context.world.scheduler.lock();
    let known = state.schedules.get(&id).ok_or_else(|| not_found(&id.1))?;
    let mut answer = known.request.shown();
    let times = [("CreationDate", known.created), ("LastModificationDate", known.changed)];
    for (name, time) in times {
        answer[name] = crate::clock::epoch_seconds(time);
    }
    answer["Arn"] = json!(arn(context, &id));
    (answer["GroupName"], answer["Name"]) = (json!(id.0), json!(id.1));
    Ok(answer)
}

fn arn(context: &Context<'_>, (group, name): &ScheduleId) -> String {
    format!("arn:aws:scheduler:{}:{ACCOUNT}:schedule/{group}/{name}", context.region)
}
