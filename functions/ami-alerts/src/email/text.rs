//! The text of an email, for a phone: what can happen now, what to do, the facts, and the event.

use std::fmt::Write as _;

use serde_json::Value;
use shared::text::{list_at_most, printable};

use super::headline::{capitalized, name};
use super::instructions::instructions;
use super::mask::masked;
use super::rows::{self, rows};
use super::sentence::sentences;
use super::{CallAlert, MOST, plain};
use crate::change::{ResourceKind, SharingChange};
use crate::exposure::{Exposure, by_exposure};
use crate::facts::LookupError;
use crate::grantee::Grantee;
use shared::email::{Detail, shortened};

/// The text, with as much of the event as `detail` allows.
pub(super) fn text(alert: &CallAlert<'_>, detail: Detail) -> String {
    let mut out = String::new();
    for sentence in sentences(alert) {
        let _ = writeln!(out, "{sentence}");
    }
    let instructions = instructions(alert);
    let lines: Vec<String> = instructions.sentences.iter().map(|sentence| format!("- {sentence}")).collect();
    section(&mut out, "What to do", &lines);
    for (purpose, command) in instructions.commands {
        let _ = writeln!(out, "\n{purpose}:\n\n{command}");
    }
    if let Some(lines) = current_permissions(alert) {
        let at = alert.seen_at().map(|at| format!(" at {at}")).unwrap_or_default();
        section(&mut out, &format!("Permissions that EC2 listed{at}"), &lines);
    }
    let facts = rows(alert).into_iter().filter(|(_, value)| !value.is_empty());
    let facts: Vec<String> =
        facts.map(|(name, value)| format!("{:<15}{value}", format!("{name}:"))).collect();
    section(&mut out, "Facts", &facts);
    let unknown = unknown_facts(alert);
    if !unknown.is_empty() {
        section(&mut out, "What could not be read", &unknown);
    }
    let record = alert.call.record;
    event(&mut out, &record.event, record.id.as_deref(), detail);
    out
}

pub(super) fn section(out: &mut String, title: &str, lines: &[String]) {
    let _ = writeln!(out, "\n{}\n", title.to_uppercase());
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

/// The grantees that have access now, a line each; `None` if the call changed no permissions.
fn current_permissions(alert: &CallAlert<'_>) -> Option<Vec<String>> {
    let has_grantees = |change: &SharingChange| {
        matches!(change, SharingChange::Permissions(_) | SharingChange::SnapshotUsed { .. })
    };
    if !alert.call.change().is_some_and(has_grantees) {
        return None;
    }
    // What could not be read has a section of its own.
    let now = alert.facts.permissions.found()?;
    let sorted = by_exposure(now, alert.call.record.account.as_deref(), &alert.assessment.trusted);
    let lines = sorted.iter().flat_map(|(exposure, grantees)| {
        grantees.iter().map(move |grantee| match (grantee, exposure) {
            (grantee, _) if alert.revert.revoked().contains(grantee) => {
                format!(
                    "- {}: removed by this function; EC2 can list it for some time",
                    capitalized(&name(grantee))
                )
            }
            (Grantee::Everyone, Exposure::Trusted) => "- EVERYONE (public), as a rule allows".to_owned(),
            (Grantee::Everyone, _) => "- EVERYONE (public)".to_owned(),
            (grantee, exposure) => format!("- {}: {}", capitalized(&name(grantee)), exposure.status()),
        })
    });
    let mut lines: Vec<String> = lines.collect();
    let more = lines.len().saturating_sub(MOST);
    if more > 0 {
        lines.truncate(MOST);
        lines.push(format!("- and {more} more"));
    }
    if lines.is_empty() {
        lines.push("- only the owner has access".to_owned());
    }
    Some(lines)
}

fn unknown_facts(alert: &CallAlert<'_>) -> Vec<String> {
    // One cause can be behind all of them, such as a role that could not be assumed.
    let mut failed: Vec<(Vec<String>, &LookupError)> = Vec::new();
    for (fact, error) in alert.facts.failed_lookups() {
        match failed.iter_mut().find(|(_, same)| *same == error) {
            Some((facts, _)) => facts.push(fact.to_string()),
            None => failed.push((vec![fact.to_string()], error)),
        }
    }
    let line = |(facts, error): &(Vec<String>, &LookupError)| {
        format!("- {}: {}", list_at_most(facts, facts.len()), plain(&error.to_string()))
    };
    let mut lines: Vec<String> = failed.iter().map(line).collect();
    if alert.facts.image_is_gone() {
        let kind = alert.kind().name();
        lines.push(format!("- the {kind}: it no longer exists, or this account cannot see it"));
    }
    if alert.assessment.is_uncertain {
        lines.push(
            "- the rule: the tags or images that decide which rule covers it could not be read".to_owned(),
        );
    }
    lines
}

/// The meaning of a state of block public access for images.
pub(super) fn block_state(state: &str) -> String {
    rows::block_state(ResourceKind::Image, state)
}

/// The event, with access keys and tokens masked.
pub(super) fn event(out: &mut String, event: &Value, id: Option<&str>, detail: Detail) {
    let whole = masked(event);
    let bytes = whole.to_string().len();
    let found = id.map(|id| format!(" Its id in CloudTrail is {}.", plain(id))).unwrap_or_default();
    let title = "Event (access keys and tokens masked)";
    match shortened(&whole, detail) {
        None => {
            let line = format!("Left out: its {bytes} bytes do not fit into an email.{found}");
            section(out, title, &[line]);
        }
        Some(shown) => {
            let mut lines = Vec::new();
            if shown != whole {
                lines
                    .push(format!("Shortened, because its {bytes} bytes do not fit into an email.{found}\n"));
            }
            let pretty = serde_json::to_string_pretty(&shown).unwrap_or_default();
            lines.extend(pretty.lines().map(printable));
            section(out, title, &lines);
        }
    }
}
