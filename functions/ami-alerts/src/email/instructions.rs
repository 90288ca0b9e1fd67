//! What the operator can do: sentences, then commands, lines for the rules and links for copying.

use std::collections::BTreeSet;

use shared::home::is_account;
use shared::text::verb;

use super::command::{self, Edit};
use super::credentials::credentials;
use super::trusted_lines::{trusted_actor_line, trusted_lines};
use super::{CallAlert, named};
use crate::call_outcome::CallOutcome;
use crate::change::{SharedResource, SharingChange};
use crate::exposure::Exposure;
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

const REVOKE_NOW: &str = "If this was not intended, revoke the access now with the command below.";

const REVOKE_EXISTING: &str =
    "Revoke the access that exists already with the command below, unless it is intended.";

const REVOKE_REST: &str = "Revoke the access that remains with the command below, unless it is intended.";

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
    let named = named_instructions(alert);
    match &alert.call.record.outcome {
        _ if !named.is_empty() => named.iter().for_each(|sentence| instructions.say(sentence)),
        CallOutcome::Succeeded => after_success(alert, &mut instructions),
        outcome => without_success(alert, outcome, &mut instructions),
    }
    if is_suspicious(alert) {
        about_credentials(alert, named.is_empty(), &mut instructions);
    }
    if let Some(account) = other_account(alert).filter(|_| !instructions.commands.is_empty()) {
        instructions.say(&format!("The commands below need credentials of account {account}."));
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

/// The steps after a sign-in or an event of a service that a rule names.
fn named_instructions(alert: &CallAlert<'_>) -> Vec<&'static str> {
    match alert.call.change() {
        Some(_) => Vec::new(),
        None => named::instructions(alert.call.record),
    }
}

/// After a call that may be expected. A suspicious call has steps of its own.
fn if_expected(alert: &CallAlert<'_>, noun: &str) -> String {
    let otherwise = if is_suspicious(alert) { "" } else { " Otherwise, ask the caller about it." };
    format!("Nothing, if you expected this {noun}.{otherwise}")
}

fn after_success(alert: &CallAlert<'_>, instructions: &mut Instructions) {
    match alert.call.change() {
        None | Some(SharingChange::PublicAccessBlock { on: true, .. }) => {
            instructions.say(&if_expected(alert, "call"));
        }
        Some(SharingChange::PublicAccessBlock { of, on: false, .. }) => {
            let kind = of.name();
            instructions.say("If this was not intended, enable block public access with the command below. It takes up to 10 minutes to have effect.");
            instructions.say(&format!("Then list the {kind}s that are public with the command below."));
            instructions.offer("To enable block public access", command::block(*of, alert.region()));
            instructions.offer(
                &format!("To list the public {kind}s of the account"),
                command::list_public(*of, alert.region()),
            );
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
        offer_revoke(REVOKE_EXISTING, &untrusted, resource, alert.region(), instructions);
    }
    instructions.say(&match outcome {
        CallOutcome::Denied(_) => "Ask the caller about this attempt.".to_owned(),
        CallOutcome::DryRun(_) => "Ask the caller about this dry run: the real call may follow.".to_owned(),
        _ if untrusted.is_empty() => if_expected(alert, "call"),
        _ => "Ask the caller about this call.".to_owned(),
    });
}

fn after_permission_change(
    alert: &CallAlert<'_>,
    resource: &SharedResource,
    instructions: &mut Instructions,
) {
    let kind = resource.kind.name();
    let untrusted = untrusted_grantees(alert);
    let lines = trusted_lines(resource, alert.assessment.rule, &expectable_grantees(alert, &untrusted));
    let has_reverted = !alert.revert.revoked().is_empty();
    if has_reverted {
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
    } else if !untrusted.is_empty() {
        about_untrusted(alert, resource, &untrusted, lines.is_some(), instructions);
    } else if has_unread_grantee(alert) {
        about_unread_grantees(alert, resource, instructions);
    } else if alert.facts.permissions.found().is_none() && alert.is_unknown_change() {
        about_unread_permissions(alert, resource, instructions);
    }
    restore(alert, resource, instructions);
    if has_made_public(alert) && alert.facts.block.found().is_some_and(|state| state == "unblocked") {
        instructions.offer(
            &format!("To prevent that further {kind}s of the region are made public"),
            command::block(resource.kind, alert.region()),
        );
    }
    about_public_access(alert, resource, instructions);
    if instructions.sentences.is_empty() {
        instructions.say(&if_expected(alert, "change"));
    }
    offer_lines(alert, resource, &untrusted, lines, instructions);
}

/// The access of untrusted grantees: that of the call, what remains of it after a revert, or what existed before the call.
fn about_untrusted(
    alert: &CallAlert<'_>,
    resource: &SharedResource,
    untrusted: &[Grantee],
    has_lines: bool,
    instructions: &mut Instructions,
) {
    let is_expected = is_expected(alert, untrusted);
    let is_new = is_of_call(alert, untrusted) && alert.revert.revoked().is_empty();
    let revoke = match is_new {
        true if is_expected => {
            "Nothing, if you expected this share. Otherwise, revoke the access with the command below."
        }
        true => REVOKE_NOW,
        false if is_of_call(alert, untrusted) => REVOKE_REST,
        false => REVOKE_EXISTING,
    };
    offer_revoke(revoke, untrusted, resource, alert.region(), instructions);
    if has_unread_grantee(alert) {
        instructions
            .say("Read the event below, too: the command does not cover the part that could not be read.");
    } else if is_new && !is_expected {
        instructions.say(match has_lines {
            true => "If this was intended, add the lines below to pointsman.toml and deploy. The same share then has the severity info.",
            false => "If this was intended, let a rule in pointsman.toml trust the grantees. The same share then has the severity info.",
        });
    }
}

fn about_unread_grantees(alert: &CallAlert<'_>, resource: &SharedResource, instructions: &mut Instructions) {
    instructions
        .say("Read the event below: this function has no command against a grantee that it could not read.");
    let Some(reset) = command::reset(resource, alert.region()) else { return };
    instructions.say("If the change was not intended, revoke all access with the command below.");
    instructions.offer(REMOVE_ALL, Some(reset));
    let describe = command::describe(resource, alert.region());
    let is_read = alert.facts.permissions.found().is_some();
    instructions.offer("To list the current permissions", describe.filter(|_| is_read));
}

fn about_unread_permissions(
    alert: &CallAlert<'_>,
    resource: &SharedResource,
    instructions: &mut Instructions,
) {
    let Some(reset) = command::reset(resource, alert.region()) else {
        let kind = resource.kind.name();
        let ask = "Ask the caller about this call.";
        instructions.say(&format!("The record names no {kind} that a command could change. {ask}"));
        return;
    };
    instructions.say(
        "List the current permissions with the command below, and revoke the access that was not intended.",
    );
    instructions.offer(REMOVE_ALL, Some(reset));
}

/// Public access that a rule allows, and access that has ended.
fn about_public_access(alert: &CallAlert<'_>, resource: &SharedResource, instructions: &mut Instructions) {
    let kind = resource.kind.name();
    if is_expected_public(alert) {
        instructions.say(&format!(
            "A rule allows public access to this {kind}. If that is wrong, revoke the access with the command below."
        ));
        instructions.offer(
            "To revoke the public access",
            command::modify(Edit::Revoke, resource, alert.region(), &[Grantee::Everyone]),
        );
    }
    if has_lost_public_access(alert) {
        instructions.say(&format!(
            "If this was not intended, make the {kind} public again. An email contains no command for that."
        ));
    }
    if instructions.sentences.is_empty() && has_ended_share(alert) {
        instructions.say(&format!(
            "If this was not intended, replace the secrets that the {kind} contains. The access has ended."
        ));
    }
}

/// The lines that make the access expected, and the command that lists permissions that could not be read.
fn offer_lines(
    alert: &CallAlert<'_>,
    resource: &SharedResource,
    untrusted: &[Grantee],
    lines: Option<String>,
    instructions: &mut Instructions,
) {
    let (is_gone, has_reverted) = (alert.facts.image_is_gone(), !alert.revert.revoked().is_empty());
    let is_needed = !is_gone && !is_expected(alert, untrusted) && !untrusted.is_empty() || has_reverted;
    let is_of_call = has_reverted || is_of_call(alert, untrusted);
    let what = if is_of_call { "share" } else { "access" };
    instructions.offer(
        &format!("To expect this {what}, in pointsman.toml before the other [[image-alert]] tables"),
        lines.filter(|_| is_needed),
    );
    // Public access is never expected because of its actor.
    let is_expectable = is_needed && is_of_call && !added(alert).contains(&Grantee::Everyone);
    let is_new = is_expectable && !alert.assessment.is_trusted_actor;
    let by_actor = trusted_actor_line(alert).filter(|_| is_new);
    instructions.offer("To expect every share by this actor, in the table of the image", by_actor);
    if alert.facts.permissions.found().is_none() && !is_gone && !has_reverted {
        instructions.offer("To list the current permissions", command::describe(resource, alert.region()));
    }
}

/// The access of the account that used the snapshot, and of other untrusted grantees.
fn after_use(alert: &CallAlert<'_>, resource: &SharedResource, instructions: &mut Instructions) {
    let untrusted = untrusted_grantees(alert);
    if alert.assessment.severity < Severity::Medium {
        return;
    }
    offer_revoke(REVOKE_NOW, &untrusted, resource, alert.region(), instructions);
    instructions.say("If this was not intended, change the passwords and keys that the snapshot contains.");
}

/// The sentence and the commands; without a command, the sentence does not promise one.
fn offer_revoke(
    sentence: &str,
    untrusted: &[Grantee],
    resource: &SharedResource,
    region: &str,
    instructions: &mut Instructions,
) {
    if untrusted.is_empty() {
        return;
    }
    let commands = command::modify_all(Edit::Revoke, resource, region, untrusted);
    let reset = command::reset(resource, region).filter(|_| commands.is_empty());
    instructions.say(&match (commands.len(), &reset) {
        (0, None) => sentence.replace(" with the command below", ""),
        (0 | 1, _) => sentence.to_owned(),
        _ => sentence.replace("the command below", "the commands below"),
    });
    instructions.offer(REMOVE_ALL, reset);
    instructions.offer("To revoke the access", (!commands.is_empty()).then(|| commands.join("\n\n")));
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

/// The steps against stolen credentials. A sign-in and an event of a service have other steps.
fn about_credentials(alert: &CallAlert<'_>, has_sentence: bool, instructions: &mut Instructions) {
    let credentials = credentials(alert);
    if has_sentence && credentials.disable.is_some() {
        instructions.say("If you did not expect this call, its credentials may be stolen: disable them with the command below, then read which other calls they made.");
    } else if let Some(advice) = credentials.advice.filter(|_| has_sentence) {
        instructions.say(&format!("If you did not expect this call, {advice}"));
    }
    // A sign-in that failed proves no identity.
    let is_proven = has_sentence || alert.call.record.outcome.succeeded();
    if let Some((purpose, command)) = credentials.disable.filter(|_| is_proven) {
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
    // An event of a service has no caller, and CloudTrail hides a name that no user has.
    let record = alert.call.record;
    let has_no_caller = named::is_service_event(record) || named::names_no_user(record);
    !is_used(alert) && !has_no_caller && (is_severe || is_attempt || is_expected_public(alert))
}

/// The account of the event, if it is another one than the function's.
fn other_account<'a>(alert: &'a CallAlert<'_>) -> Option<&'a str> {
    let account = alert.call.record.account.as_deref();
    account.filter(|account| is_account(account) && *account != alert.home.account)
}

fn is_used(alert: &CallAlert<'_>) -> bool {
    matches!(alert.call.change(), Some(SharingChange::SnapshotUsed { .. }))
}

/// Whether a trusted actor gave all the untrusted access that there is, and none that is expected of no actor.
fn is_expected(alert: &CallAlert<'_>, untrusted: &[Grantee]) -> bool {
    let added = added(alert);
    let may_be = |grantee: &Grantee| *grantee != Grantee::Everyone && added.contains(grantee);
    let is_read = !has_unread_grantee(alert) && !alert.is_unknown_change();
    alert.assessment.is_trusted_actor && is_read && !untrusted.is_empty() && untrusted.iter().all(may_be)
}

/// Whether the call made something public, a rule allows that, and no later call has ended it.
fn is_expected_public(alert: &CallAlert<'_>) -> bool {
    let mut kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
    let is_allowed = kinds.any(|kind| {
        matches!(kind, FindingKind::Shared(Exposure::Trusted, grantees) if grantees.contains(&Grantee::Everyone))
    });
    is_allowed && alert.call.record.outcome.succeeded() && !has_ended(alert, &Grantee::Everyone)
}

/// Whether the call made something public that no rule allows to be.
fn has_made_public(alert: &CallAlert<'_>) -> bool {
    alert.call.record.outcome.succeeded() && untrusted_of_call(alert).contains(&Grantee::Everyone)
}

/// Whether the call removed public access that a rule allows.
fn has_lost_public_access(alert: &CallAlert<'_>) -> bool {
    let mut kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
    kinds.any(|kind| matches!(kind, FindingKind::Lost(lost) if lost.contains(&Grantee::Everyone)))
}

/// Whether a later call removed access that this call granted to an untrusted grantee.
fn has_ended_share(alert: &CallAlert<'_>) -> bool {
    untrusted_of_call(alert).iter().any(|grantee| has_ended(alert, grantee))
}

/// Whether this function or a later call removed the access of a grantee.
fn has_ended(alert: &CallAlert<'_>, grantee: &Grantee) -> bool {
    let since = &alert.assessment.history.removed_since;
    alert.revert.revoked().contains(grantee) || since.iter().any(|(ended, _)| ended == grantee)
}

/// Whether the call granted some of these grantees their access, or may have.
fn is_of_call(alert: &CallAlert<'_>, grantees: &[Grantee]) -> bool {
    let added = added(alert);
    alert.is_unknown_change() || grantees.iter().any(|grantee| added.contains(grantee))
}

/// The grantees that lines for the rules can make expected: those of the call, or else those with access. No rule can name a
/// grantee that could not be read.
fn expectable_grantees(alert: &CallAlert<'_>, untrusted: &[Grantee]) -> Vec<Grantee> {
    let of_call = untrusted_of_call(alert);
    match has_unread_grantee(alert) {
        true => Vec::new(),
        false if of_call.is_empty() => untrusted.to_vec(),
        false => of_call,
    }
}

/// The untrusted grantees that the call added, as its record names them.
fn untrusted_of_call(alert: &CallAlert<'_>) -> Vec<Grantee> {
    let findings = alert.assessment.findings.iter();
    let shared = findings.filter_map(|finding| match &finding.kind {
        FindingKind::Shared(exposure, grantees) if exposure.is_untrusted() => Some(grantees),
        _ => None,
    });
    shared.flatten().cloned().collect()
}

/// Whether the call added a grantee that could not be read.
fn has_unread_grantee(alert: &CallAlert<'_>) -> bool {
    added(alert).iter().any(|grantee| matches!(grantee, Grantee::Other(_)))
}

/// The grantees that the call added.
fn added(alert: &CallAlert<'_>) -> Vec<Grantee> {
    match alert.call.change() {
        Some(SharingChange::Permissions(permissions)) => permissions.added.clone(),
        _ => Vec::new(),
    }
}

/// The untrusted grantees that have access, or may have it. This function removed the access of the others, or a later record
/// did and EC2 does not list them.
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
    let is_over = |grantee: &Grantee| {
        let is_listed = !alert.listed(std::slice::from_ref(grantee)).is_empty();
        alert.revert.revoked().contains(grantee) || (alert.has_ended(grantee) && !is_listed)
    };
    untrusted.retain(|grantee| !is_over(grantee) && !matches!(grantee, Grantee::Other(_)));
    let mut known = BTreeSet::new();
    untrusted.retain(|grantee| known.insert(grantee.clone()));
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
