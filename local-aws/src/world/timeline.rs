//! `[[timeline]]`: each entry is one thing that happens at one time, or the reconcile event every so often.

use jiff::{SignedDuration, Timestamp};
use toml::Spanned;

use super::file::WorldFile;
use super::raw::{RawImagePush, RawObject, RawTimed};
use super::signals::status_of;
use super::{AwsWorld, WorldError, buckets, image_changes, timed_fault};
use crate::cloudwatch::{STATES, SUPPRESSED_BY};
use crate::drs::DrsOperatorAction;
use crate::ecr::NewImage;
use crate::ids;
use crate::timeline::{TimelineAction, TimelineEntry, WorldChange};

pub(super) fn add(
    world: &mut AwsWorld,
    file: &WorldFile<'_>,
    raw: Vec<Spanned<RawTimed>>,
) -> Result<(), WorldError> {
    let Some(first) = raw.first() else { return Ok(()) };
    let Some(now) = world.now else {
        return Err(file.invalid(first, "a timeline moves the clock, so the world needs `now`"));
    };
    let mut last = now;
    for entry in raw {
        last = one(world, file, last, &entry)?;
    }
    Ok(())
}

/// The minutes of a week: a larger number is a mistake.
const MOST_TIMES: i64 = 7 * 24 * 60;

/// Adds an entry, and returns the time at which it ends.
fn one(
    world: &mut AwsWorld,
    file: &WorldFile<'_>,
    last: Timestamp,
    entry: &Spanned<RawTimed>,
) -> Result<Timestamp, WorldError> {
    let raw = entry.get_ref();
    let at = match (&raw.at, &raw.after) {
        (Some(at), None) if *at.get_ref() >= last => *at.get_ref(),
        (Some(at), None) => {
            return Err(file.invalid(
                at,
                format!("the previous entry is at {last}, and entries must be in order of time"),
            ));
        }
        (None, Some(after)) => last + SignedDuration::from_secs((*after.get_ref()).into()),
        _ => return Err(file.invalid(entry, "an entry needs `at` or `after`")),
    };
    let what = what(world, file, entry, at)?;
    let Some(every) = &raw.every else {
        if raw.times.is_some() || raw.until.is_some() {
            return Err(file.invalid(entry, "`times` and `until` need `every`"));
        }
        world.timeline.push(TimelineEntry { at, action: what });
        return Ok(at);
    };
    if !matches!(what, TimelineAction::Reconcile) {
        return Err(file.invalid(every, "only `reconcile` can have `every`"));
    }
    let step = SignedDuration::from_secs(every.get_ref().get().into());
    let count: i64 = match (raw.times, raw.until) {
        (Some(times), None) => i64::from(times.get()),
        (None, Some(until)) if until >= at => until.duration_since(at).as_secs() / step.as_secs() + 1,
        _ => return Err(file.invalid(every, "`every` needs `times`, or an `until` that is not in the past")),
    };
    if count > MOST_TIMES {
        return Err(
            file.invalid(every, format!("this would happen {count} times; the maximum is {MOST_TIMES}"))
        );
    }
    let mut next = at;
    for _ in 0..count {
        world.timeline.push(TimelineEntry { at: next, action: TimelineAction::Reconcile });
        next += step;
    }
    Ok(raw.until.unwrap_or(next - step))
}

fn what(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    entry: &Spanned<RawTimed>,
    at: Timestamp,
) -> Result<TimelineAction, WorldError> {
    let raw = entry.get_ref();
    let named: Vec<&'static str> = [
        ("reconcile", raw.reconcile.is_some()),
        ("event", raw.event.is_some()),
        ("alarm", raw.alarm.is_some()),
        ("parameter", raw.parameter.is_some()),
        ("endpoint", raw.endpoint.is_some()),
        ("launch", raw.launch.is_some()),
        ("snapshot", raw.snapshot.is_some()),
        ("drs", raw.drs.is_some()),
        ("fault", raw.fault.is_some()),
        ("image", raw.image.is_some()),
        ("ebs-snapshot", raw.ebs_snapshot.is_some()),
        ("block-public-access", raw.block_public_access.is_some()),
        ("address", raw.address.is_some()),
        ("object", raw.object.is_some()),
        ("image-push", raw.image_push.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| is_there.then_some(name))
    .collect();
    let &[named] = &named[..] else {
        let message = "an entry needs exactly one of reconcile, event, alarm, parameter, endpoint, launch, snapshot, drs, fault, \
                       image, ebs-snapshot, block-public-access, address, object and image-push";
        return Err(file.invalid(entry, message));
    };
    belongs(file, raw, named)?;
    Ok(match named {
        "reconcile" => match raw.reconcile.as_ref().is_some_and(|wanted| *wanted.get_ref()) {
            true => TimelineAction::Reconcile,
            false => return Err(file.invalid(entry, "write `reconcile = true`")),
        },
        "event" => event(file, raw.event.as_ref().expect("it is there"))?,
        _ => TimelineAction::Change(change(world, file, entry, named, at)?),
    })
}

/// A key, the entries it belongs to, and its place.
type Belonging = (&'static str, &'static [&'static str], Option<std::ops::Range<usize>>);

/// Refuses a key that does not belong to the entry.
fn belongs(file: &WorldFile<'_>, raw: &RawTimed, named: &str) -> Result<(), WorldError> {
    let keys: [Belonging; 17] = [
        ("of", &["drs"], raw.of.as_ref().map(Spanned::span)),
        ("state", &["alarm", "block-public-access"], raw.state.as_ref().map(Spanned::span)),
        ("suppressed-by", &["alarm"], raw.suppressed_by.as_ref().map(Spanned::span)),
        ("value", &["parameter"], raw.value.as_ref().map(Spanned::span)),
        ("by", &["parameter"], raw.by.as_ref().map(Spanned::span)),
        (
            "removed",
            &["parameter", "snapshot", "image", "ebs-snapshot"],
            raw.removed.as_ref().map(Spanned::span),
        ),
        ("answers", &["endpoint"], raw.answers.as_ref().map(Spanned::span)),
        ("result", &["launch"], raw.result.as_ref().map(Spanned::span)),
        ("status", &["endpoint", "fault"], raw.status.as_ref().map(Spanned::span)),
        ("answer", &["fault"], raw.answer.as_ref().map(Spanned::span)),
        ("message", &["fault"], raw.message.as_ref().map(Spanned::span)),
        ("add", &["image", "ebs-snapshot"], raw.add.as_ref().map(Spanned::span)),
        ("remove", &["image", "ebs-snapshot"], raw.remove.as_ref().map(Spanned::span)),
        ("region", &["image", "ebs-snapshot", "block-public-access"], raw.region.as_ref().map(Spanned::span)),
        ("account", &["block-public-access"], raw.account.as_ref().map(Spanned::span)),
        ("instance", &["address"], raw.instance.as_ref().map(Spanned::span)),
        ("for", &["fault"], raw.lasting.as_ref().map(Spanned::span)),
    ];
    for (key, of, span) in keys {
        if let Some(span) = span.filter(|_| !of.contains(&named)) {
            let message = format!("`{key}` does not belong to `{named}`");
            return Err(file.invalid(&Spanned::new(span, ()), message));
        }
    }
    match &raw.after_effect {
        Some(key) if named != "fault" => {
            Err(file.invalid(key, format!("`after-effect` does not belong to `{named}`")))
        }
        _ => Ok(()),
    }
}

fn event(file: &WorldFile<'_>, name: &Spanned<String>) -> Result<TimelineAction, WorldError> {
    let text = file.beside(name.get_ref());
    let text =
        text.map_err(|_| file.invalid(name, format!("cannot read {} beside this file", name.get_ref())))?;
    let event = serde_json::from_str(&text)
        .map_err(|error| file.invalid(name, format!("{} is not JSON: {error}", name.get_ref())))?;
    Ok(TimelineAction::Event { file: name.get_ref().clone(), event })
}

fn change(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    entry: &Spanned<RawTimed>,
    named: &str,
    at: Timestamp,
) -> Result<WorldChange, WorldError> {
    let raw = entry.get_ref();
    let text =
        |key: &Option<Spanned<String>>| key.as_ref().map(|key| key.get_ref().clone()).unwrap_or_default();
    let lacks = |key: &str| file.invalid(entry, format!("`{named}` needs `{key}`"));
    Ok(match named {
        "alarm" => {
            let name = raw.alarm.as_ref().expect("it is there");
            if !world.cloudwatch.has(name.get_ref()) {
                return Err(file.invalid(name, format!("there is no [[alarm]] `{}`", name.get_ref())));
            }
            let state = file.one_of(raw.state.as_ref().ok_or_else(|| lacks("state"))?, "state", &STATES)?;
            let suppressed_by = match &raw.suppressed_by {
                None => None,
                Some(by) => Some(file.one_of(by, "suppressed-by", &SUPPRESSED_BY)?.to_owned()),
            };
            WorldChange::Alarm { name: name.get_ref().clone(), state: state.to_owned(), suppressed_by }
        }
        "address" => {
            let allocation = raw.address.as_ref().expect("it is there");
            let id = allocation.get_ref();
            if world.ec2.addresses().iter().all(|one| one.allocation != *id) {
                return Err(file.invalid(allocation, format!("there is no [[address]] `{id}`")));
            }
            let instance = raw.instance.as_ref().map(|instance| instance.get_ref().clone());
            WorldChange::Address { allocation: id.clone(), instance }
        }
        "parameter" => {
            let removed = raw.removed.as_ref().is_some_and(|removed| *removed.get_ref());
            if removed == raw.value.is_some() {
                return Err(lacks("value` or `removed = true"));
            }
            WorldChange::Parameter {
                name: text(&raw.parameter),
                value: raw.value.as_ref().map(|value| value.get_ref().clone()),
                by: raw.by.as_ref().map(|by| by.get_ref().clone()),
            }
        }
        "endpoint" => {
            let answers = raw.answers.as_ref().is_none_or(|answers| *answers.get_ref());
            let status = match answers {
                true => Some(status_of(file, raw.status.as_ref())?),
                false => None,
            };
            WorldChange::Endpoint { url: text(&raw.endpoint), status }
        }
        "launch" | "snapshot" => {
            let server = if named == "launch" { &raw.launch } else { &raw.snapshot };
            let server = server.as_ref().expect("it is there");
            if !world.drs.lock().servers.iter().any(|one| one.id == *server.get_ref()) {
                let message = format!("there is no [[source-server]] `{}`", server.get_ref());
                return Err(file.invalid(server, message));
            }
            let server = server.get_ref().clone();
            if named == "snapshot" {
                let removed = raw.removed.as_ref().is_some_and(|removed| *removed.get_ref());
                return Ok(if removed {
                    WorldChange::NoSnapshots { server }
                } else {
                    WorldChange::Snapshot { server }
                });
            }
            let result = raw.result.as_ref().ok_or_else(|| lacks("result"))?;
            let result = file.one_of(result, "result", &["LAUNCHED", "FAILED"])?.to_owned();
            WorldChange::Launch { server, result }
        }
        "drs" => operator(world, file, raw, &lacks)?,
        "image" | "ebs-snapshot" | "block-public-access" => {
            WorldChange::Images(image_changes::read(world, file, entry, named)?)
        }
        "image-push" => image_push(raw.image_push.as_ref().expect("it is there").get_ref()),
        "object" => object(world, file, raw.object.as_ref().expect("it is there"))?,
        _ => WorldChange::Fault(timed_fault::read(file, raw, at)?),
    })
}

/// An image that is pushed to ECR.
fn image_push(raw: &RawImagePush) -> WorldChange {
    let tag = raw.tag.as_deref().unwrap_or_default();
    let derived = || format!("sha256:{}", ids::digest(&["image", &raw.repository, tag]));
    let digest = raw.digest.clone().unwrap_or_else(derived);
    WorldChange::ImagePush(NewImage { repository: raw.repository.clone(), tag: raw.tag.clone(), digest })
}

/// An object that is put into a bucket, or deleted.
fn object(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    at: &Spanned<RawObject>,
) -> Result<WorldChange, WorldError> {
    let bucket =
        at.get_ref().bucket.clone().ok_or_else(|| file.invalid(at, "an `object` here needs `bucket`"))?;
    if !world.s3.has(&bucket) {
        return Err(file.invalid(at, format!("there is no [[bucket]] `{bucket}`")));
    }
    if at.get_ref().modified.is_some() {
        return Err(file.invalid(at, "an `object` here is put at the entry's time: it has no `modified`"));
    }
    let object = buckets::new_object(file, at)?;
    Ok(WorldChange::Object {
        bucket,
        key: object.key,
        bytes: object.bytes.map(Into::into),
        version: object.version,
    })
}

/// An operator's action in DRS.
fn operator(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    raw: &RawTimed,
    lacks: &dyn Fn(&str) -> WorldError,
) -> Result<WorldChange, WorldError> {
    let named = raw.drs.as_ref().expect("it is there");
    let name = file.one_of(named, "drs", &DrsOperatorAction::NAMES)?.to_owned();
    let action = DrsOperatorAction::named(&name).expect("it is one of the names");
    let of = raw.of.as_ref().ok_or_else(|| lacks("of"))?;
    let state = world.drs.lock();
    let is_there = match action.is_of_plan() {
        true => state.plans.iter().any(|plan| plan.name == *of.get_ref()),
        false => state.servers.iter().any(|server| server.id == *of.get_ref()),
    };
    if !is_there {
        let what = if action.is_of_plan() { "[[recovery-plan]]" } else { "[[source-server]]" };
        return Err(file.invalid(of, format!("there is no {what} `{}`", of.get_ref())));
    }
    Ok(WorldChange::Drs { action, name, of: of.get_ref().clone() })
}
