//! Checks the parts that operations have in common: the account is initialized, ids are well formed, lists have
//! pages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Drs, DrsState};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging::page;
use crate::service::Context;

/// `s-` and 17 letters or digits.
pub(crate) fn is_server_id(id: &str) -> bool {
    has_form(id, "s-")
}

/// `pit-` and 17 letters or digits.
pub(crate) fn is_snapshot_id(id: &str) -> bool {
    has_form(id, "pit-")
}

fn has_form(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 17 && rest.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The model's StrictDRSARN.
pub(crate) fn is_plan_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "drs", _, account, rest]
        if account.len() == 12 && !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_/.-".contains(c)))
}

/// Refuses a request in a region in which the service is not initialized.
pub(super) fn drs<'c>(context: &Context<'c>) -> Result<&'c Drs, ErrorAnswer> {
    let drs = &context.world.drs;
    match drs.initialized && drs.region == context.region {
        true => Ok(drs),
        false => Err(ErrorAnswer::new(
            "UninitializedAccountException",
            "The account has not been initialized for AWS Elastic Disaster Recovery.",
        )),
    }
}

pub(super) fn not_found(kind: &str, id: &str) -> ErrorAnswer {
    let message = format!("{kind} {id} does not exist");
    ErrorAnswer::new("ResourceNotFoundException", message)
        .with("resourceId", id.into())
        .with("resourceType", kind.into())
}

pub(super) fn invalid(message: impl Into<String>) -> ErrorAnswer {
    ErrorAnswer::new("ValidationException", message).with("reason", "fieldValidationFailed".into())
}

/// A required ARN of this service.
pub(super) fn arn(input: &mut Members, member: &str) -> Result<String, ErrorAnswer> {
    let arn = input.string(member)?.unwrap_or_default();
    match is_plan_arn(&arn) {
        true => Ok(arn),
        false => Err(invalid(format!("{member} `{arn}` is no ARN of this service"))),
    }
}

/// The index of the execution of that ARN.
pub(super) fn execution(state: &DrsState, arn: &str) -> Result<usize, ErrorAnswer> {
    let found = state.executions.iter().position(|one| one.arn == arn);
    found.ok_or_else(|| not_found("RecoveryPlanExecution", arn))
}

/// The start and the size of a page.
pub(super) struct Paging {
    request: String,
    size: usize,
    token: Option<String>,
}

impl Paging {
    /// Takes it out of a request; before anything else is taken, so that a token is good for that request only.
    pub(super) fn take(context: &Context<'_>, input: &mut Members) -> Result<Paging, ErrorAnswer> {
        let size = input.integer("maxResults")?;
        let token = input.string("nextToken")?;
        let request = input.text();
        let default = context.world.drs.page_size;
        let size = match size {
            None => default,
            Some(size) => usize::try_from(size)
                .ok()
                .filter(|size| *size > 0)
                .ok_or_else(|| invalid("maxResults is less than 1"))?
                .min(default),
        };
        Ok(Paging { request, size, token })
    }

    /// The page, as `member`.
    pub(super) fn page(&self, member: &str, all: &[Value]) -> Result<Value, ErrorAnswer> {
        let page = page(all, self.size, self.token.as_deref(), &[&self.request])
            .map_err(|_| invalid("nextToken is not one of this request"))?;
        let mut output = json!({member: page.items});
        if let Some(next) = page.next {
            output["nextToken"] = next.into();
        }
        Ok(output)
    }
}

/// A moment as this service writes it.
pub(super) fn iso(at: Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

/// A moment of a filter.
pub(super) fn moment(input: &mut Members, member: &str) -> Result<Option<Timestamp>, ErrorAnswer> {
    let Some(text) = input.string(member)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| invalid(format!("{member} `{text}` is no time")))
}
