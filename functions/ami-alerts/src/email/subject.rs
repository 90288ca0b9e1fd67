//! The subject of an email: severity, region, change, image, account and actor, in under 100 characters.
//!
//! The severity, the region and the id of the image or snapshot are always whole. If the subject is too long, the image's name
//! is cut first, then the account's alias, then the detail of the change. A role's session is then named as `ROLE/SESSION`, and a
//! revert without its change. Only an actor that still does not fit is cut.

use shared::arn::Arn;
use shared::text::LONGEST_SUBJECT;

use super::headline::{ChangeWords, change, lower};
use super::{CallAlert, named, plain};
use crate::change::SharedResource;
use crate::revert_plan::{FailedRevert, RevertOutcome};

/// The fewest characters of a name or an alias that are of use; a name that would be shorter is left out.
const SHORTEST: usize = 8;

/// The words of a revert after which some grantees keep their access.
const IN_PART: &str = "REVERTED IN PART";

/// The parts of a subject.
struct Subject {
    severity: String,
    change: String,
    name: Option<String>,
    /// The id, whole: an id of another form than AWS's is cut, since no command could use it.
    id: Option<String>,
    account: Option<String>,
    /// `by` or `as`.
    by: &'static str,
    actor: String,
}

/// Shorter forms of parts, in the order in which they are used.
struct Shorter {
    /// The change without its detail.
    change: String,
    /// The actor as `ROLE/SESSION`.
    actor: Option<String>,
    /// The result of the revert without the change.
    revert: Option<String>,
}

/// The subject.
pub(super) fn subject(alert: &CallAlert<'_>) -> String {
    let id = alert.resource().and_then(|resource| resource.id.as_deref()).map(plain);
    let legal = alert.resource().and_then(SharedResource::legal_id);
    let id = id.map(|id| if legal.is_some() { id } else { cut(&id, 30) });
    let change = change(alert);
    let parts = Subject {
        severity: severity(alert),
        change: headline(alert, &change, false),
        name: alert.name().map(plain),
        id,
        account: Some(alert.account()),
        by: named::preposition(alert.call.record),
        actor: alert.actor_name(),
    };
    let shorter = Shorter {
        change: headline(alert, &change, true),
        actor: role_and_session(alert),
        revert: revert_words(alert).map(str::to_owned),
    };
    parts.fitted(shorter)
}

/// The role and the session of the actor, as its ARN has them: `ROLE/SESSION`.
fn role_and_session(alert: &CallAlert<'_>) -> Option<String> {
    let arn: Arn = alert.call.actor.arn.as_deref()?.parse().ok()?;
    arn.resource_of("assumed-role").map(plain)
}

fn severity(alert: &CallAlert<'_>) -> String {
    let severity = alert.assessment.severity.to_string().to_uppercase();
    format!("[{severity} {}]", cut(&plain(alert.region()), 25))
}

/// The revert and the change.
fn headline(alert: &CallAlert<'_>, change: &ChangeWords, is_short: bool) -> String {
    let change = if is_short { change.short() } else { change.full() };
    match revert_words(alert) {
        Some(revert) => format!("{revert}: {}", lower(&change)),
        None => change,
    }
}

/// The result of the revert, if one was made or tried.
fn revert_words(alert: &CallAlert<'_>) -> Option<&'static str> {
    match alert.revert {
        RevertOutcome::Failed(failed) => Some(failed_revert(failed)),
        RevertOutcome::Revoked(_) | RevertOutcome::RevokedBefore(..) => {
            let is_whole = alert.assessment.revert.held().is_empty();
            Some(if is_whole { "Reverted" } else { IN_PART })
        }
        RevertOutcome::NotPlanned | RevertOutcome::Blocked(_) => None,
    }
}

/// A revert that failed in part, for certain, or perhaps.
fn failed_revert(failed: &FailedRevert) -> &'static str {
    match (failed.revoked.is_empty(), failed.may_have_had_effect()) {
        (false, _) => IN_PART,
        (true, false) => "NOT REVERTED",
        (true, true) => "REVERT FAILED",
    }
}

impl Subject {
    fn text(&self) -> String {
        let resource = match (&self.name, &self.id) {
            (Some(name), Some(id)) => format!(": {name} ({id})"),
            (None, Some(id)) => format!(": {id}"),
            (_, None) => String::new(),
        };
        let account = self.account.as_ref().map(|account| format!(", {account}")).unwrap_or_default();
        format!("{} {}{resource}{account}, {} {}", self.severity, self.change, self.by, self.actor)
    }

    fn excess(&self) -> usize {
        self.text().chars().count().saturating_sub(LONGEST_SUBJECT)
    }

    fn fitted(mut self, shorter_parts: Shorter) -> String {
        let (name, account) = (self.name.take(), self.account.take());
        // Without a name and an account: what must be whole decides about the detail of the change.
        if self.excess() > 0 {
            self.change = shorter_parts.change;
        }
        if self.excess() > 0 {
            self.actor = shorter_parts.actor.unwrap_or(self.actor);
        }
        if self.excess() > 0 {
            self.change = shorter_parts.revert.unwrap_or(self.change);
        }
        let excess = self.excess();
        if excess > 0 {
            let length = self.actor.chars().count();
            self.actor = cut(&self.actor, length.saturating_sub(excess).max(1));
        }
        self.account = account.and_then(|account| shorter(account, |account| self.with_account(account)));
        self.name = name.and_then(|name| shorter(name, |name| self.with_name(name)));
        self.text()
    }

    /// The excess with this name.
    fn with_name(&self, name: Option<&str>) -> usize {
        Self { name: name.map(str::to_owned), ..self.copy() }.excess()
    }

    fn with_account(&self, account: Option<&str>) -> usize {
        Self { account: account.map(str::to_owned), ..self.copy() }.excess()
    }

    fn copy(&self) -> Self {
        Self {
            severity: self.severity.clone(),
            change: self.change.clone(),
            name: self.name.clone(),
            id: self.id.clone(),
            account: self.account.clone(),
            by: self.by,
            actor: self.actor.clone(),
        }
    }
}

/// A part that is cut until nothing is too long, or left out.
fn shorter(part: String, excess: impl Fn(Option<&str>) -> usize) -> Option<String> {
    let too_long = excess(Some(&part));
    let length = part.chars().count();
    match length.checked_sub(too_long) {
        _ if too_long == 0 => Some(part),
        Some(left) if left >= SHORTEST => Some(cut(&part, left)),
        _ => None,
    }
}

/// A text with at most `most` characters; a cut one ends with `…`.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
