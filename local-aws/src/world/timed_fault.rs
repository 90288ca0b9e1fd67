//! The entry `fault` of `[[timeline]]`: calls go wrong from a time on.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use toml::Spanned;

use super::WorldError;
use super::file::{WorldFile, fault_answer, fault_operation};
use super::raw::RawTimed;
use crate::fault::Fault;
use crate::timeline::TimelineFault;

pub(super) fn read(file: &WorldFile<'_>, raw: &RawTimed, at: Timestamp) -> Result<TimelineFault, WorldError> {
    let operation = raw.fault.as_ref().expect("it is there");
    let (service, name) = fault_operation(file, operation)?;
    let text = |key: &Option<Spanned<String>>| key.as_ref().map(|key| key.get_ref().clone());
    let answer =
        fault_answer(text(&raw.answer), text(&raw.message), raw.status.as_ref().map(|key| *key.get_ref()));
    let answer = answer.map_err(|message| file.invalid(operation, message))?;
    let Some(answer) = answer else {
        return Err(file.invalid(operation, "`fault` needs `answer`"));
    };
    let lasting = raw.lasting.as_ref().map(|lasting| SignedDuration::from_secs((*lasting.get_ref()).into()));
    let how_long = lasting.map(|lasting| format!(" for {} s", lasting.as_secs())).unwrap_or_default();
    let description =
        format!("{} fails with {}{how_long}", operation.get_ref(), text(&raw.answer).unwrap_or_default());
    let after_effect = raw.after_effect.as_ref().is_some_and(|after| *after.get_ref());
    let fault = Fault {
        service,
        operation: name,
        calls: Vec::new(),
        answer: Some(answer),
        after_effect,
        delay: Duration::ZERO,
        until: None,
    };
    Ok(TimelineFault { fault, until: lasting.map(|lasting| at + lasting), description })
}
