//! `[cloudformation]` and `[[stack]]`: the settings of CloudFormation, and the existing stacks.

use jiff::{SignedDuration, Timestamp};
use toml::Spanned;

use super::file::WorldFile;
use super::raw::{RawCloudFormation, RawFailing, RawStack, RawStackEvent, RawTemplate};
use super::{AwsWorld, WorldError};
use crate::cloudformation::{
    self, ArrangedFailure, ArrangedValidation, Goal, STATUSES, StackEvent, StackOperation, StackRecord,
};
use crate::ids;

/// The template of a stack without one.
const SOMETHING: &str = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;

pub(super) fn settings(
    world: &mut AwsWorld,
    file: &WorldFile<'_>,
    raw: RawCloudFormation,
) -> Result<(), WorldError> {
    let cloudformation = &mut world.cloudformation;
    if let Some(seconds) = raw.seconds {
        cloudformation.step = SignedDuration::from_secs(seconds.into());
    }
    if let Some(size) = raw.page_size {
        cloudformation.page_size = size.into();
    }
    cloudformation.max_stacks = raw.max_stacks.unwrap_or(cloudformation.max_stacks);
    cloudformation.exports = raw.exports;
    for template in raw.template {
        let (url, body) = behind_url(file, template)?;
        cloudformation.templates.insert(url, body);
    }
    for failing in raw.failing {
        cloudformation.fail(checked(file, failing)?);
    }
    Ok(())
}

fn behind_url(file: &WorldFile<'_>, raw: RawTemplate) -> Result<(String, String), WorldError> {
    if !cloudformation::is_s3(raw.url.get_ref()) {
        return Err(file.invalid(&raw.url, "a template's `url` is an https URL of S3"));
    }
    let body = match (raw.body, raw.file) {
        (Some(body), None) => body,
        (None, Some(name)) => file.beside(&name)?,
        _ => return Err(file.invalid(&raw.url, "a template has a `body` or a `file`")),
    };
    Ok((raw.url.into_inner(), body))
}

fn checked(file: &WorldFile<'_>, raw: RawFailing) -> Result<ArrangedFailure, WorldError> {
    let on = StackOperation::named(raw.on.get_ref());
    let on =
        on.ok_or_else(|| file.invalid(&raw.on, "`on` is create, update, delete, rollback or cleanup"))?;
    let validation = validation(file, &raw, on)?;
    let reason = raw.reason.unwrap_or_else(|| "arranged by the world".to_owned());
    Ok(ArrangedFailure { resource: raw.resource, stack: raw.stack, on, reason, validation, times: raw.times })
}

/// CloudFormation validates creations and updates only.
fn validation(
    file: &WorldFile<'_>,
    raw: &RawFailing,
    on: StackOperation,
) -> Result<Option<ArrangedValidation>, WorldError> {
    let Some(name) = &raw.validation else { return Ok(None) };
    if !matches!(on, StackOperation::Create | StackOperation::Update) {
        return Err(file.invalid(name, "`validation` belongs to create or update"));
    }
    let path = || format!("/Resources/{}/Properties", raw.resource);
    Ok(Some(ArrangedValidation { name: name.get_ref().clone(), path: raw.path.clone().unwrap_or_else(path) }))
}

pub(super) fn add(world: &AwsWorld, file: &WorldFile<'_>, raw: RawStack) -> Result<(), WorldError> {
    let name = raw.name.get_ref().clone();
    let status = status(file, raw.status.as_ref())?;
    if world.cloudformation.has(&name) && status != "DELETE_COMPLETE" {
        return Err(file.invalid(&raw.name, format!("stack `{name}` is listed twice")));
    }
    let now = world.now.unwrap_or_else(Timestamp::now);
    let created = raw.created.unwrap_or(now);
    let earlier = world.cloudformation.stacks();
    let nth = earlier.iter().filter(|stack| stack.name == name).count();
    let template = template(file, &raw)?;
    let mut stack = StackRecord::new(&name, &world.region, nth, created);
    stack.id = raw.id.unwrap_or(stack.id);
    stack.status = status;
    stack.reason = raw.status_reason;
    stack.ends = cloudformation::ends_by_itself(status).then(|| now + world.cloudformation.step);
    stack.updated = raw.updated;
    stack.deleted = raw.deleted.or_else(|| status.starts_with("DELETE_").then_some(now));
    stack.goal = Goal {
        template,
        parameters: raw.parameters.into_iter().collect(),
        tags: raw.tags.into_iter().collect(),
        role: raw.role,
        capabilities: raw.capabilities,
    };
    stack.protected = raw.protected;
    stack.parent = raw.parent;
    stack.token = raw.token;
    stack.begin(operation_type(status));
    for event in raw.event {
        let event = recorded_event(&stack, now, event);
        stack.events.push(event);
    }
    world.cloudformation.seed(stack);
    Ok(())
}

/// The operation that led to a status.
fn operation_type(status: &str) -> &'static str {
    match status {
        status if status.contains("ROLLBACK") => "ROLLBACK",
        status if status.starts_with("DELETE") => "DELETE_STACK",
        status if status.starts_with("UPDATE") => "UPDATE_STACK",
        _ => "CREATE_STACK",
    }
}

fn status(file: &WorldFile<'_>, status: Option<&Spanned<String>>) -> Result<&'static str, WorldError> {
    let Some(named) = status else { return Ok("CREATE_COMPLETE") };
    cloudformation::known_status(named.get_ref()).ok_or_else(|| {
        file.invalid(named, format!("`{}` is not one of {}", named.get_ref(), STATUSES.join(", ")))
    })
}

fn template(file: &WorldFile<'_>, raw: &RawStack) -> Result<serde_json::Value, WorldError> {
    let (at, text) = match (&raw.template, &raw.template_file) {
        (None, None) => (&raw.name, SOMETHING.to_owned()),
        (Some(body), None) => (body, body.get_ref().clone()),
        (None, Some(name)) => (name, file.beside(name.get_ref())?),
        (Some(body), Some(_)) => {
            return Err(file.invalid(body, "a stack has a `template` or a `template-file`, not both"));
        }
    };
    cloudformation::read_template(&text).map_err(|message| file.invalid(at, message))
}

/// An event of the stack, or of one of its resources.
fn recorded_event(stack: &StackRecord, now: Timestamp, raw: RawStackEvent) -> StackEvent {
    let count = stack.events.len().to_string();
    let physical = match &raw.resource {
        None => stack.id.clone(),
        Some(logical) => format!("{}-{logical}", stack.name),
    };
    let kind = if raw.resource.is_some() { "AWS::SNS::Topic" } else { "AWS::CloudFormation::Stack" };
    StackEvent {
        id: ids::uuid(&["stack event", &stack.id, &count]),
        logical: raw.resource.unwrap_or_else(|| stack.name.clone()),
        physical,
        kind: raw.kind.unwrap_or_else(|| kind.to_owned()),
        status: raw.status,
        reason: raw.reason,
        token: raw.token,
        operation: stack.operation.clone(),
        validation: None,
        at: raw.time.unwrap_or(now),
    }
}
