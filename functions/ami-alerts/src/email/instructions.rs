//! What the operator can do: sentences, then commands, lines for the rules and links for copying.

use shared::text::verb;

use super::command::{self, Edit};
use super::credentials::credentials;
use super::trusted_lines::{trusted_actor_line, trusted_lines};
use super::{CallAlert, named};
use crate::call_outcome::CallOutcome;
use crate::change::{SharedResource, SharingChange};
use crate::finding::FindingKind;
use crate::grantee::Grantee;
use crate::severity::Severity;

/// What the operator can do.
#[derive(Debug, Default)]
pub(super) struct Instructions {
    pub(super) sentences: Vec<String>,
    /// The purpose of each, and the commands, the lines or the link.
    pub(super) commands: Vec<(String, String)>,
}

const REMOVE_ALL: &str = "To revoke all access, also that of trusted grantees";

impl Instructions {
    fn say(&mut self, sentence: &str) {
        self.sentences.push(sentence.to_owned());
    }

    fn offer(&mut self, purpose: &str, command: Option<String>) {
        self.commands.extend(command.map(|command| (purpose.to_owned(), command)));
    }
}

pub(super) fn instructions(alert: &CallAlert<'_>) -> Instructions {
    let mut instructions = Instructions::default();
    let is_named = alert.call.change().is_none();
    let named = if is_named { named::instructions(alert.call.record) } else { Vec::new() };
    match &alert.call.record.outcome {
        _ if !named.is_empty() => named.iter().for_each(|sentence| instructions.say(sentence)),
        CallOutcome::Succeeded => after_success(alert, &mut instructions),
        outcome => without_success(alert, outcome, &mut instructions),
    }
    if is_suspicious(alert) {
        about_credentials(alert, &mut instructions);
    }
    let console = match alert.call.change() {
        Some(SharingChange::PublicAccessBlock { of, .. }) => {
            command::console_of_all(*of, alert.region(), alert.home)
        }
        change => change.and_then(|_| command::console(alert.resource(), alert.region(), alert.home)),
    };
    instructions.offer("In the console", console);
    let event = command::event(alert.call.record.id.as_deref(), alert.region(), alert.home);
    instructions.offer("The event in CloudTrail", event);
    instructions
}

fn after_success(alert: &CallAlert<'_>, instructions: &mut Instructions) {
    match alert.call.change() {
        None => instructions.say("Nothing, if you expected this call. Otherwise, ask the caller about it."),
        Some(SharingChange::PublicAccessBlock { on: true, .. }) => {
            instructions.say("Nothing, if you expected this call. Otherwise, ask the caller about it.");
        }
        Some(SharingChange::PublicAccessBlock { of, on: false, .. }) => {
            let kind = of.name();
            instructions.say("If this was not intended, enable block public access with the command below. It takes up to 10 minutes to have effect.");
            instructions.say(&format!(
                "Then check for {kind}s that were made public in the meantime: each has an email of its own."
            ));
            instructions.offer("To enable block public access", command::block(*of, alert.region()));
        }
        Some(_) => {
            if let Some(resource) = alert.resource() {
                after_permission_change(alert, resource, instructions);
            }
        }
    }
}

/// What exists already can be revoked although the call changed nothing.
fn without_success(alert: &CallAlert<'_>, outcome: &CallOutcome, instructions: &mut Instructions) {
    let untrusted = untrusted_grantees(alert);
    if let Some(resource) = alert.resource().filter(|_| !untrusted.is_empty()) {
        instructions
            .say("Revoke the access that exists already with the command below, unless it is intended.");
        offer_revoke(&untrusted, resource, alert.region(), instructions);
    }
    instructions.say(match outcome {
        CallOutcome::Denied(_) => "Ask the caller about this attempt.",
        CallOutcome::DryRun(_) => "Ask the caller about this dry run: the real call may follow.",
        _ => "Nothing, if you expected this call. Otherwise, ask the caller about it.",
    });
}

fn after_permission_change(
    alert: &CallAlert<'_>,
    resource: &SharedResource,
    instructions: &mut Instructions,
) {
    let (region, kind) = (alert.region(), resource.kind.name());
    let is_unread = alert.facts.permissions.found().is_none();
    let untrusted = untrusted_grantees(alert);
    let shared = if is_unknown_change(alert) { untrusted.clone() } else { added(alert) };
    let lines = trusted_lines(alert, &shared);
    if !alert.revert.revoked().is_empty() {
        let steps = if lines.is_some() {
            "add the lines below to pointsman.toml"
        } else {
            "let a rule in pointsman.toml trust the grantees"
        };
        instructions.say(&format!(
            "Ask the caller about this share. If it was intended, {steps}, deploy, and share the {kind} again."
        ));
    }
    if is_used(alert) {
        after_use(alert, resource, instructions);
    } else if alert.facts.image_is_gone() {
        instructions
            .say(&format!("Check that the {kind} was deleted. If it was, there is nothing to revert."));
    } else if alert.assessment.is_trusted_actor && !untrusted.contains(&Grantee::Everyone) {
        instructions
            .say("Nothing, if you expected this share. Otherwise, revoke the access with the command below.");
        offer_revoke(&untrusted, resource, region, instructions);
    } else if !untrusted.is_empty() {
        instructions.say("If this was not intended, revoke the access now with the command below.");
        if has_unread_grantee(alert) {
            instructions.say(
                "Read the event below, too: the command does not cover the part that could not be read.",
            );
        }
        if alert.revert.revoked().is_empty() {
            instructions.say(match &lines {
                Some(_) => "If this was intended, add the lines below to pointsman.toml and deploy. The same change then has the severity info.",
                None => "If this was intended, let a rule in pointsman.toml trust the grantees. The same change then has the severity info.",
            });
        }
        offer_revoke(&untrusted, resource, region, instructions);
    } else if has_unread_grantee(alert) {
        instructions.say("Read the event below: this function has no command against a grantee that it could not read. Revoke all access with the command below if it was not intended.");
        instructions.offer(REMOVE_ALL, command::reset(resource, region));
        instructions.offer(
            "To list the current permissions",
            command::describe(resource, region).filter(|_| !is_unread),
        );
    } else if is_unread && is_unknown_change(alert) {
        instructions.say("List the current permissions with the command below, and revoke the access that was not intended.");
        instructions.offer(REMOVE_ALL, command::reset(resource, region));
    }
    restore(alert, resource, instructions);
    if is_expected_public(alert) {
        instructions.say(&format!(
            "A rule allows public access to this {kind}. If that is wrong, revoke the access with the command below."
        ));
        instructions.offer(
            "To revoke the public access",
            command::modify(Edit::Revoke, resource, region, &[Grantee::Everyone]),
        );
    }
    if instructions.sentences.is_empty() {
        instructions.say("Nothing, if you expected this change. Otherwise, ask the caller about it.");
    }
    let is_gone = alert.facts.image_is_gone();
    let is_needed = !is_gone && !alert.assessment.is_trusted_actor && !untrusted.is_empty()
        || !alert.revert.revoked().is_empty();
    instructions.offer(
        "To expect this share, in pointsman.toml before the other [[image-alert]] tables",
        lines.filter(|_| is_needed),
    );
    // Public access is never expected because of its actor.
    let is_expectable = is_needed && !is_used(alert) && !added(alert).contains(&Grantee::Everyone);
    let by_actor = trusted_actor_line(alert).filter(|_| is_expectable);
    instructions.offer("To expect every share by this actor, in the table of the image", by_actor);
    if is_unread && !is_gone && alert.revert.revoked().is_empty() {
        instructions.offer("To list the current permissions", command::describe(resource, region));
    }
}

/// The access of the account that used the snapshot, and of other untrusted grantees.
fn after_use(alert: &CallAlert<'_>, resource: &SharedResource, instructions: &mut Instructions) {
    let untrusted = untrusted_grantees(alert);
    if alert.assessment.severity < Severity::Medium {
        return;
    }
    instructions.say("If this was not intended, change the passwords and keys that the snapshot contains.");
    if !untrusted.is_empty() {
        instructions.say("Revoke the access with the command below.");
        offer_revoke(&untrusted, resource, alert.region(), instructions);
    }
}

fn offer_revoke(
    untrusted: &[Grantee],
    resource: &SharedResource,
    region: &str,
    instructions: &mut Instructions,
) {
    if untrusted.is_empty() {
        return;
    }
    match command::modify_all(Edit::Revoke, resource, region, untrusted).as_slice() {
        [] => instructions.offer(REMOVE_ALL, command::reset(resource, region)),
        commands => instructions.offer("To revoke the access", Some(commands.join("\n\n"))),
    }
}

/// The commands that restore what the call removed: first exactly the grantees that a rule trusts. An email offers no command
/// that makes an image public.
fn restore(alert: &CallAlert<'_>, resource: &SharedResource, instructions: &mut Instructions) {
    let lost = lost_grantees(alert);
    let others: Vec<Grantee> =
        removed_grantees(alert).into_iter().filter(|grantee| !lost.contains(grantee)).collect();
    let commands = |grantees: &[Grantee]| {
        let commands = command::modify_all(Edit::Grant, resource, alert.region(), grantees);
        (!commands.is_empty()).then(|| commands.join("\n\n"))
    };
    if !lost.is_empty() {
        let them = verb(lost.len(), "the grantee that a rule trusts", "the grantees that a rule trusts");
        match commands(&lost) {
            Some(commands) => {
                let number = commands.lines().filter(|line| !line.is_empty()).count();
                let them = verb(number, "command", "commands");
                instructions.say(&format!("If this was not intended, restore the trusted access with the {them} below."));
            }
            None => instructions.say(
                "If this was not intended, restore the trusted access. The grantees do not fit into a command: the event names them.",
            ),
        }
        instructions.offer(&format!("To restore the access of {them}"), commands(&lost));
    }
    instructions
        .offer("To grant the other removed access again", commands(&others).filter(|_| !lost.is_empty()));
    instructions.offer("To grant the removed access again", commands(&others).filter(|_| lost.is_empty()));
}

/// The steps against stolen credentials.
fn about_credentials(alert: &CallAlert<'_>, instructions: &mut Instructions) {
    let credentials = credentials(alert);
    if credentials.disable.is_some() {
        instructions.say("If you did not expect this call, its credentials may be stolen: disable them with the command below, then read which other calls they made.");
    } else if let Some(advice) = &credentials.advice {
        instructions.say(&format!("If you did not expect this call: {}", super::headline::lower(advice)));
    }
    if let Some((purpose, command)) = credentials.disable {
        instructions.offer(&purpose, Some(command));
    }
    instructions.offer(
        "The calls of the caller since the day before (IAM records its own calls in us-east-1)",
        credentials.history,
    );
}

/// Whether the call may be an attacker's: it was severe or not allowed, or something is public, even if a rule expects that. The
/// record of a used snapshot names no credentials of this account.
fn is_suspicious(alert: &CallAlert<'_>) -> bool {
    let outcome = &alert.call.record.outcome;
    let is_attempt = matches!(outcome, CallOutcome::Denied(_) | CallOutcome::DryRun(_));
    let is_severe = alert.assessment.severity >= Severity::Medium;
    // A sign-in that fails does not prove the identity that it names, and an event of a service has no caller.
    let record = alert.call.record;
    let is_unproven = named::is_service_event(record) || named::is_sign_in(record) && !outcome.succeeded();
    !is_used(alert) && !is_unproven && (is_severe || is_attempt || is_expected_public(alert))
}

fn is_used(alert: &CallAlert<'_>) -> bool {
    matches!(alert.call.change(), Some(SharingChange::SnapshotUsed { .. }))
}

/// Whether the call made something public, and a rule expects that.
fn is_expected_public(alert: &CallAlert<'_>) -> bool {
    let has_everyone = added(alert).contains(&Grantee::Everyone);
    has_everyone
        && alert.call.record.outcome.succeeded()
        && !untrusted_grantees(alert).contains(&Grantee::Everyone)
        && !alert.revert.revoked().contains(&Grantee::Everyone)
}

/// Whether the call added a grantee that could not be read.
fn has_unread_grantee(alert: &CallAlert<'_>) -> bool {
    added(alert).iter().any(|grantee| matches!(grantee, Grantee::Other(_)))
}

fn is_unknown_change(alert: &CallAlert<'_>) -> bool {
    alert.assessment.findings.iter().any(|finding| matches!(finding.kind, FindingKind::UnknownChange(_)))
}

/// The grantees that the call added.
fn added(alert: &CallAlert<'_>) -> Vec<Grantee> {
    match alert.call.change() {
        Some(SharingChange::Permissions(permissions)) => permissions.added.clone(),
        _ => Vec::new(),
    }
}

/// The untrusted grantees that have access, or may have it, and whose access neither this function nor a later record removed.
fn untrusted_grantees(alert: &CallAlert<'_>) -> Vec<Grantee> {
    let succeeded = alert.call.record.outcome.succeeded();
    let mut untrusted = Vec::new();
    for finding in &alert.assessment.findings {
        match &finding.kind {
            FindingKind::Shared(exposure, grantees) if exposure.is_untrusted() && succeeded => {
                untrusted.extend(grantees.clone());
            }
            FindingKind::ExposedNow(exposure, grantees) if exposure.is_untrusted() => {
                untrusted.extend(grantees.clone());
            }
            FindingKind::UnknownChange(Some(now)) => {
                let shares = now.iter().filter(|(exposure, _)| exposure.is_untrusted());
                untrusted.extend(shares.flat_map(|(_, grantees)| grantees.clone()));
            }
            _ => {}
        }
    }
    let has_ended = |grantee: &Grantee| {
        let since = &alert.assessment.history.removed_since;
        alert.revert.revoked().contains(grantee) || since.iter().any(|(ended, _)| ended == grantee)
    };
    untrusted.retain(|grantee| !has_ended(grantee) && !matches!(grantee, Grantee::Other(_)));
    untrusted
}

fn lost_grantees(alert: &CallAlert<'_>) -> Vec<Grantee> {
    let lost = alert.assessment.findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::Lost(grantees) => Some(grantees),
        _ => None,
    });
    lost.flatten().filter(|grantee| **grantee != Grantee::Everyone).cloned().collect()
}

/// The grantees that lost access by the call, as its record names them, or for a reset as they were seen before.
fn removed_grantees(alert: &CallAlert<'_>) -> Vec<Grantee> {
    let Some(SharingChange::Permissions(permissions)) = alert.call.change() else { return Vec::new() };
    let removed = match (&alert.assessment.history.seen_before, permissions.reset) {
        (Some(before), true) => &before.grantees,
        _ => &permissions.removed,
    };
    removed.iter().filter(|grantee| **grantee != Grantee::Everyone).cloned().collect()
}
