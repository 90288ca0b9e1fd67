//! What the operator can do: sentences, then commands and links for copying.

use super::command::{self, Edit};
use super::{CallAlert, named};
use crate::call_outcome::CallOutcome;
use crate::change::{SharedResource, SharingChange};
use crate::finding::FindingKind;
use crate::grantee::Grantee;
use crate::revert_plan::RevertOutcome;

/// What the operator can do.
#[derive(Debug, Default)]
pub(super) struct Instructions {
    pub(super) sentences: Vec<String>,
    /// The purpose of each, and the command or the link.
    pub(super) commands: Vec<(&'static str, String)>,
}

const REMOVE_ALL: &str = "To revoke all access, also that of trusted grantees";

impl Instructions {
    fn say(&mut self, sentence: &str) {
        self.sentences.push(sentence.to_owned());
    }

    fn offer(&mut self, purpose: &'static str, command: Option<String>) {
        self.commands.extend(command.map(|command| (purpose, command)));
    }
}

pub(super) fn instructions(alert: &CallAlert<'_>) -> Instructions {
    let mut instructions = Instructions::default();
    let named = named::instructions(alert.call.record);
    match &alert.call.record.outcome {
        _ if !named.is_empty() => named.iter().for_each(|sentence| instructions.say(sentence)),
        CallOutcome::Succeeded => after_success(alert, &mut instructions),
        CallOutcome::Denied(_) => {
            instructions.say("Ask the caller about this attempt.");
            instructions.say("If the owner of these credentials did not make the call, the credentials may be stolen: disable them, and check in CloudTrail which other calls they made.");
        }
        CallOutcome::DryRun(_) => {
            instructions.say("Ask the caller about this dry run: the real call may follow.");
            instructions.say("If the owner of these credentials did not make the call, the credentials may be stolen: disable them.");
        }
        CallOutcome::Failed(_) => {
            instructions.say("Nothing, if you expected this call. Otherwise, ask the caller about it.");
        }
    }
    if alert.call.change().is_some() {
        instructions.offer("In the console", command::console(alert.resource(), alert.region(), alert.home));
    }
    let event = command::event(alert.call.record.id.as_deref(), alert.region(), alert.home);
    instructions.offer("The event in CloudTrail", event);
    instructions
}

fn after_success(alert: &CallAlert<'_>, instructions: &mut Instructions) {
    match alert.call.change() {
        None => instructions.say("Nothing, if you expected this call. Otherwise, ask the caller about it."),
        Some(SharingChange::PublicAccessBlock { on: true, .. }) => instructions.say("Nothing."),
        Some(SharingChange::PublicAccessBlock { on: false, .. }) => {
            instructions.say("If this was not intended, enable block public access with the command below. It takes up to 10 minutes to have effect.");
            instructions.say(
                "Then check for images that were made public in the meantime: each has an email of its own.",
            );
            instructions.offer("To enable block public access", command::block(alert.region()));
        }
        Some(_) => {
            if let Some(resource) = alert.resource() {
                after_permission_change(alert, resource, instructions);
            }
        }
    }
}

fn after_permission_change(
    alert: &CallAlert<'_>,
    resource: &SharedResource,
    instructions: &mut Instructions,
) {
    let region = alert.region();
    let is_unread = alert.facts.permissions.found().is_none();
    let untrusted = untrusted_grantees(alert);
    if matches!(alert.revert, RevertOutcome::Revoked(_) | RevertOutcome::RevokedBefore(..)) {
        instructions.say("Ask the caller about this share. If it was intended, add the grantees to the image's rule as trusted (pointsman.toml), deploy, and share the image again.");
    }
    if alert.facts.image_is_gone() {
        instructions.say("Check that the image was deleted. If it was, there is nothing to revert.");
    } else if !untrusted.is_empty() {
        after_untrusted_share(&untrusted, resource, region, instructions);
    } else if is_unread && is_unknown_change(alert) {
        instructions.say("List the current permissions with the command below, and revoke the access that was not intended.");
        instructions.offer(REMOVE_ALL, command::reset(resource, region));
    } else if instructions.sentences.is_empty() {
        instructions.say("Nothing, if you expected this change. Otherwise, ask the caller about it.");
    }
    let grant = command::modify(Edit::Grant, resource, region, &removed_grantees(alert));
    instructions.offer("To grant the removed access again", grant);
    if is_unread {
        instructions.offer("To list the current permissions", command::describe(resource, region));
    }
}

fn after_untrusted_share(
    untrusted: &[Grantee],
    resource: &SharedResource,
    region: &str,
    instructions: &mut Instructions,
) {
    instructions.say("If this was not intended, revoke the access now with the command below, and ask the caller about it.");
    instructions.say(match untrusted.contains(&Grantee::Everyone) {
        true => "If this was intended, give the image a rule with `public = true` (pointsman.toml). The same change then has the severity info.",
        false => "If this was intended, add the grantees to the image's rule as trusted (pointsman.toml). The same change then has the severity info.",
    });
    match command::modify(Edit::Revoke, resource, region, untrusted) {
        Some(command) => instructions.offer("To revoke the access", Some(command)),
        None => instructions.offer(REMOVE_ALL, command::reset(resource, region)),
    }
}

fn is_unknown_change(alert: &CallAlert<'_>) -> bool {
    alert.assessment.findings.iter().any(|finding| matches!(finding.kind, FindingKind::UnknownChange(_)))
}

/// The untrusted grantees that gained access by the call and still have it, as far as that is known.
fn untrusted_grantees(alert: &CallAlert<'_>) -> Vec<Grantee> {
    let mut untrusted = Vec::new();
    for finding in &alert.assessment.findings {
        match &finding.kind {
            FindingKind::Shared(exposure, grantees) if exposure.is_untrusted() => {
                untrusted.extend(grantees.clone());
            }
            FindingKind::UnknownChange(Some(now)) => {
                let shares = now.iter().filter(|(exposure, _)| exposure.is_untrusted());
                untrusted.extend(shares.flat_map(|(_, grantees)| grantees.clone()));
            }
            _ => {}
        }
    }
    if let Some(now) = alert.facts.permissions.found() {
        untrusted.retain(|grantee| now.contains(grantee));
    }
    untrusted
}

/// The grantees that lost access by the call. An email offers no command that makes an image public.
fn removed_grantees(alert: &CallAlert<'_>) -> Vec<Grantee> {
    let removed = alert.assessment.findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::Unshared(grantees) => Some(grantees),
        _ => None,
    });
    removed.flatten().filter(|grantee| **grantee != Grantee::Everyone).cloned().collect()
}
