//! `[[alarm]]`, `[[parameter]]` and `[[endpoint]]`: the signals that a function checks before it acts.

use super::file::WorldFile;
use super::raw::{RawAlarm, RawEndpoint, RawParameter};
use super::{AwsWorld, WorldError};
use crate::cloudwatch::{self, AlarmRecord};
use crate::ssm::{self, ParameterWrite};
use crate::web::WebEndpoint;
use jiff::Timestamp;

pub(super) fn alarm(world: &AwsWorld, file: &WorldFile<'_>, raw: RawAlarm) -> Result<(), WorldError> {
    let composite = match &raw.kind {
        None => false,
        Some(kind) => file.one_of(kind, "type", &["metric", "composite"])? == "composite",
    };
    let state = match &raw.state {
        None => "OK",
        Some(state) => file.one_of(state, "state", &cloudwatch::STATES)?,
    };
    let suppressed_by = match &raw.suppressed_by {
        None => None,
        Some(by) if composite => {
            Some(file.one_of(by, "suppressed-by", &cloudwatch::SUPPRESSED_BY)?.to_owned())
        }
        Some(by) => return Err(file.invalid(by, "only a composite alarm can be suppressed")),
    };
    let alarm = AlarmRecord {
        name: raw.name.get_ref().clone(),
        region: raw.region.unwrap_or_else(|| world.region.clone()),
        composite,
        state: state.to_owned(),
        reason: raw.reason.unwrap_or_else(|| "set by the world".to_owned()),
        since: raw.since.or(world.now).unwrap_or_else(Timestamp::now),
        suppressed_by,
    };
    match world.cloudwatch.add(alarm) {
        true => Ok(()),
        false => Err(file.invalid(&raw.name, format!("alarm `{}` is listed twice", raw.name.get_ref()))),
    }
}

pub(super) fn parameter(
    world: &mut AwsWorld,
    file: &WorldFile<'_>,
    raw: RawParameter,
) -> Result<(), WorldError> {
    let kind = match &raw.kind {
        None => "String",
        Some(kind) => file.one_of(kind, "type", &ssm::TYPES)?,
    };
    if !ssm::is_qualified(raw.name.get_ref()) {
        return Err(file.invalid(&raw.name, "a parameter's name with a slash in it begins with a slash"));
    }
    let value = match (raw.value, raw.absent) {
        (Some(value), false) => value.into_inner(),
        (None, true) => {
            world.absent_parameters.push(raw.name.into_inner());
            return Ok(());
        }
        _ => return Err(file.invalid(&raw.name, "a parameter has a `value`, or is `absent = true`")),
    };
    let write = ParameterWrite {
        name: raw.name.get_ref(),
        region: raw.region.as_deref().unwrap_or(&world.region),
        kind,
        value: &value,
        user: raw.by.as_deref().unwrap_or(&world.account.caller),
        now: world.now.unwrap_or_else(Timestamp::now),
    };
    let versions = raw.versions.map_or(1, |versions| versions.get().into());
    match world.ssm.add(&write, versions) {
        true => Ok(()),
        false => Err(file.invalid(&raw.name, format!("parameter `{}` is listed twice", raw.name.get_ref()))),
    }
}

pub(super) fn endpoint(world: &AwsWorld, file: &WorldFile<'_>, raw: RawEndpoint) -> Result<(), WorldError> {
    let url = raw.url.get_ref();
    if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(file.invalid(&raw.url, "an endpoint's `url` begins with http:// or https://"));
    }
    let status = match (&raw.status, raw.answers.unwrap_or(true)) {
        (Some(status), false) => {
            return Err(file.invalid(status, "an endpoint that does not answer has no `status`"));
        }
        (_, false) => None,
        (status, true) => Some(status_of(file, status.as_ref())?),
    };
    match world.web.add(WebEndpoint { url: url.clone(), status }) {
        true => Ok(()),
        false => Err(file.invalid(&raw.url, format!("endpoint `{url}` is listed twice"))),
    }
}

/// The status of an answer; the default is 200.
pub(super) fn status_of(
    file: &WorldFile<'_>,
    status: Option<&toml::Spanned<u16>>,
) -> Result<u16, WorldError> {
    match status {
        None => Ok(200),
        Some(status) if (100..=599).contains(status.get_ref()) => Ok(*status.get_ref()),
        Some(status) => Err(file.invalid(status, "`status` is 100 to 599")),
    }
}
