//! Turns `world.toml` into a world.

use std::path::Path;
use std::time::Duration;

use toml::Spanned;

use super::raw::{RawFault, RawWorld};
use super::{
    AwsWorld, WorldError, account, addresses, buckets, drs, images, pipelines, repositories, signals, stacks,
    tables, timeline,
};
use crate::error_answer::{ErrorAnswer, status_of};
use crate::fault::{Fault, FaultAnswer};
use crate::services;
use crate::sns;

/// The world's file, for the places in error messages.
pub(super) struct WorldFile<'a> {
    path: &'a Path,
    text: String,
}

impl WorldFile<'_> {
    /// An error at the line of `at`.
    pub(super) fn invalid<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> WorldError {
        self.invalid_at(at.span().start, message)
    }

    /// The text of a file that the world's file names, by a path beside it.
    pub(super) fn beside(&self, name: &str) -> Result<String, WorldError> {
        let path = self.path.parent().unwrap_or(Path::new("")).join(name);
        text_of(&path)
    }

    /// The bytes of a file beside the world's file.
    pub(super) fn bytes_beside(&self, name: &str) -> Result<Vec<u8>, WorldError> {
        let path = self.path.parent().unwrap_or(Path::new("")).join(name);
        std::fs::read(&path).map_err(|source| WorldError::Read { path, source })
    }

    /// The one of `allowed` that a text is.
    pub(super) fn one_of(
        &self,
        at: &Spanned<String>,
        key: &str,
        allowed: &[&'static str],
    ) -> Result<&'static str, WorldError> {
        let found = allowed.iter().find(|word| *word == at.get_ref());
        found.copied().ok_or_else(|| {
            let message = format!("`{key}` is one of {}, not `{}`", allowed.join(", "), at.get_ref());
            self.invalid(at, message)
        })
    }

    fn invalid_at(&self, offset: usize, message: impl Into<String>) -> WorldError {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        WorldError::Invalid { path: self.path.to_owned(), line, message: message.into() }
    }
}

/// A file's text, without a byte order mark.
fn text_of(path: &Path) -> Result<String, WorldError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| WorldError::Read { path: path.to_owned(), source })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

pub(super) fn read(path: &Path) -> Result<AwsWorld, WorldError> {
    let file = WorldFile { path, text: text_of(path)? };
    let raw: RawWorld = toml::from_str(&file.text)
        .map_err(|error| file.invalid_at(error.span().map_or(0, |span| span.start), error.message()))?;
    let mut world = AwsWorld::empty();
    world.now = raw.now;
    world.deliveries = raw.lambda.deliveries.map_or(1, Into::into);
    world.retries = raw.lambda.retries;
    world.parameters_of_template = raw.lambda.parameters;
    if let Some(size) = raw.codecommit.page_size {
        world.codecommit.page_size = size.into();
    }
    if let Some(size) = raw.codecommit.list_page_size {
        world.codecommit.list_page_size = size.into();
    }
    if let Some(at) = raw.events.schedules.filter(|schedules| *schedules.get_ref()) {
        if world.now.is_none() {
            return Err(file.invalid(&at, "`schedules` moves the clock, so the world needs `now`"));
        }
        world.runs_schedules = true;
    }
    if let Some(at) = raw.events.follow.filter(|follow| *follow.get_ref()) {
        if world.now.is_none() {
            return Err(file.invalid(&at, "`follow` moves the clock, so the world needs `now`"));
        }
        world.follows_events = true;
    }
    world.region = raw.region.unwrap_or(world.region);
    world.iam.denied = raw.iam.denied;
    world.sns.topics = raw.sns.topics;
    if let Some(subscriptions) = raw.sns.subscriptions {
        let is_confirmed = |status: Spanned<String>| match status.get_ref().as_str() {
            "confirmed" => Ok(true),
            "pending" => Ok(false),
            _ => Err(file.invalid(&status, "a subscription is `confirmed` or `pending`")),
        };
        world.sns.subscriptions =
            Some(subscriptions.into_iter().map(is_confirmed).collect::<Result<_, _>>()?);
    }
    if let Some(size) = raw.sns.maximum_message_size {
        if !sns::SIZES.contains(size.get_ref()) {
            let message = format!("`maximum-message-size` is {} to {}", sns::SIZES.start(), sns::SIZES.end());
            return Err(file.invalid(&size, message));
        }
        world.sns.most_bytes = Some(size.into_inner());
    }
    for repository in raw.repository {
        repositories::add(&mut world, &file, repository)?;
    }
    for pipeline in raw.pipeline {
        pipelines::add(&mut world, &file, pipeline)?;
    }
    stacks::settings(&mut world, &file, raw.cloudformation)?;
    for stack in raw.stack {
        stacks::add(&world, &file, stack)?;
    }
    account::account(&mut world, &file, raw.account)?;
    for role in raw.role {
        account::role(&mut world, &file, role)?;
    }
    images::settings(&mut world, raw.ec2);
    for snapshot in raw.snapshot {
        images::snapshot(&world, &file, snapshot)?;
    }
    for image in raw.image {
        images::image(&world, &file, image)?;
    }
    for table in raw.table {
        tables::add(&world, &file, table)?;
    }
    for alarm in raw.alarm {
        signals::alarm(&world, &file, alarm)?;
    }
    for parameter in raw.parameter {
        signals::parameter(&mut world, &file, parameter)?;
    }
    for endpoint in raw.endpoint {
        signals::endpoint(&world, &file, endpoint)?;
    }
    drs::settings(&mut world, raw.drs);
    for server in raw.source_server {
        drs::server(&world, &file, server)?;
    }
    for plan in raw.recovery_plan {
        drs::plan(&world, &file, plan)?;
    }
    for job in raw.recovery_job {
        drs::job(&world, &file, job)?;
    }
    for instance in raw.recovery_instance {
        drs::instance(&world, &file, instance)?;
    }
    for instance in raw.instance {
        addresses::instance(&world, &file, instance)?;
    }
    for address in raw.address {
        addresses::address(&world, &file, address)?;
    }
    buckets::settings(&mut world, raw.s3);
    for bucket in raw.bucket {
        buckets::add(&world, &file, bucket)?;
    }
    for fault in raw.fault {
        world.faults.add(checked(&file, fault)?);
    }
    timeline::add(&mut world, &file, raw.timeline)?;
    Ok(world)
}

/// A fault that can never apply is refused: its test would test nothing.
fn checked(file: &WorldFile<'_>, raw: RawFault) -> Result<Fault, WorldError> {
    let at = &raw.operation;
    let (service, operation) = fault_operation(file, at)?;
    if raw.call.is_some() && !raw.calls.is_empty() {
        return Err(file.invalid(at, "a fault has `call` or `calls`, not both"));
    }
    if raw.answer.is_none() && (raw.delay == 0 || raw.after_effect) {
        return Err(file.invalid(at, "a fault without an `answer` can only have a `delay`"));
    }
    let calls = raw.call.into_iter().chain(raw.calls).map(u64::from).collect();
    let answer =
        fault_answer(raw.answer, raw.message, raw.status).map_err(|message| file.invalid(at, message))?;
    let delay = Duration::from_millis(raw.delay);
    Ok(Fault { service, operation, calls, answer, after_effect: raw.after_effect, delay, until: None })
}

/// The operation of a fault, and its service if it is named.
pub(super) fn fault_operation(
    file: &WorldFile<'_>,
    at: &Spanned<String>,
) -> Result<(Option<String>, String), WorldError> {
    let (service, operation) = match at.get_ref().split_once(':') {
        Some((service, operation)) => (Some(service.to_owned()), operation.to_owned()),
        None => (None, at.get_ref().clone()),
    };
    match services::is_served(service.as_deref(), &operation) {
        true => Ok((service, operation)),
        false => Err(file.invalid(at, format!("no operation `{}` is served", at.get_ref()))),
    }
}

/// The answer of a fault; `None` for a fault that only delays the call.
pub(super) fn fault_answer(
    answer: Option<String>,
    message: Option<String>,
    status: Option<u16>,
) -> Result<Option<FaultAnswer>, &'static str> {
    let code = match answer.as_deref() {
        None | Some("cut") if message.is_some() || status.is_some() => {
            return Err("`message` and `status` belong to an `answer` that is an error code");
        }
        None => return Ok(None),
        Some("cut") => return Ok(Some(FaultAnswer::Cut)),
        Some(code) => code.to_owned(),
    };
    let status = status.unwrap_or_else(|| status_of(&code));
    if !(400..=599).contains(&status) {
        return Err("`status` is not an error: 400 to 599");
    }
    let message = message.unwrap_or_else(|| "injected by the world".to_owned());
    Ok(Some(FaultAnswer::Error(ErrorAnswer { status, ..ErrorAnswer::new(&code, message) })))
}
