//! What a person can do: sentences, then commands and links that can be used as they are.

use super::command::{self, Do};
use super::{Reverted, Story};
use crate::change::Change;
use crate::decide::What;
use crate::grantee::Grantee;
use crate::outcome::Outcome;

/// What a person can do.
#[derive(Debug, Default)]
pub(super) struct Advice {
    pub(super) sentences: Vec<String>,
    /// What each is for, and the command or the link.
    pub(super) commands: Vec<(&'static str, String)>,
}

impl Advice {
    fn say(&mut self, sentence: &str) {
        self.sentences.push(sentence.to_owned());
    }

    fn offer(&mut self, what_for: &'static str, command: Option<String>) {
        self.commands.extend(command.map(|command| (what_for, command)));
    }
}

pub(super) fn advice(story: &Story<'_>) -> Advice {
    let mut advice = Advice::default();
    match &story.record.outcome {
        Outcome::Succeeded => done(story, &mut advice),
        Outcome::Denied(_) => {
            advice.say("Ask whoever it was what they wanted. If nobody knows of it, their credentials may be in other hands: see what else they did, and disable them.");
        }
        Outcome::DryRun(_) => {
            advice.say("Ask whoever it was what they are about to do: they may do it for real. If nobody knows of it, disable their credentials.");
        }
        Outcome::Failed(_) => advice.say("Nothing, unless you did not expect it."),
    }
    if story.change.is_some() {
        advice.offer("In the console", command::console(story.resource(), story.region(), story.home));
    }
    advice.offer(
        "The event in CloudTrail",
        command::event(story.record.id.as_deref(), story.region(), story.home),
    );
    advice
}

fn done(story: &Story<'_>, advice: &mut Advice) {
    match story.change {
        None => advice.say("Nothing, if you expected it."),
        Some(Change::PublicAccessBlock { on: true }) => advice.say("Nothing."),
        Some(Change::PublicAccessBlock { on: false }) => {
            advice.say("If it was not meant to be, switch it on again as below. It takes up to 10 minutes to have effect.");
            advice.say(
                "Then see whether an image was made public meanwhile: there is a mail of its own for each.",
            );
            advice.offer("To switch it on again", command::block(story.region()));
        }
        Some(_) => shared(story, advice),
    }
}

/// Those who are still in, as far as that is known, out of those whom the call let in against the rules.
fn to_shut_out(story: &Story<'_>) -> Vec<Grantee> {
    let mut offenders = Vec::new();
    for finding in &story.judgement.findings {
        match &finding.what {
            What::Given(exposure, grantees) if exposure.offends() => offenders.extend(grantees.clone()),
            What::Unsaid(Some(now)) => {
                offenders.extend(
                    now.iter().filter(|(exposure, _)| exposure.offends()).flat_map(|(_, who)| who.clone()),
                );
            }
            _ => {}
        }
    }
    if let Some(now) = story.facts.permissions.seen() {
        offenders.retain(|grantee| now.contains(grantee));
    }
    offenders
}

fn shared(story: &Story<'_>, advice: &mut Advice) {
    let Some(resource) = story.resource() else { return };
    let region = story.region();
    let offenders = to_shut_out(story);
    let is_unsaid = story.judgement.findings.iter().any(|finding| matches!(finding.what, What::Unsaid(_)));
    if matches!(story.reverted, Reverted::Done(_)) {
        advice.say("Ask whoever it was why. If it was right, name them as trusted in its rule (pointsman.toml), deploy, and let them in again.");
    }
    if story.facts.image_is_gone() {
        advice.say("See whether the image is really gone. Then there is nothing to undo.");
    } else if !offenders.is_empty() {
        advice.say("If it was not meant to be, undo it now as below, and ask whoever it was.");
        let trusted = match offenders.contains(&Grantee::Everyone) {
            true => {
                "If it was right, give the image a rule with `public = true` (pointsman.toml), so that the next time is no alarm."
            }
            false => {
                "If it was right, name them as trusted in its rule (pointsman.toml), so that the next time is no alarm."
            }
        };
        advice.say(trusted);
        match command::modify(Do::Remove, resource, region, &offenders) {
            Some(command) => advice.offer("To undo it", Some(command)),
            None => advice.offer(
                "To shut everybody but the owner out, trusted ones too",
                command::reset(resource, region),
            ),
        }
    } else if is_unsaid && story.facts.permissions.seen().is_none() {
        advice.say("See who may use it now, as below. If that is not right, shut them out.");
        advice
            .offer("To shut everybody but the owner out, trusted ones too", command::reset(resource, region));
    } else if advice.sentences.is_empty() {
        advice.say("Nothing, if you expected it.");
    }
    let taken = story.judgement.findings.iter().filter_map(|finding| match &finding.what {
        What::Taken(grantees) => Some(grantees),
        _ => None,
    });
    // To make it public again is nothing that a mail should offer.
    let taken: Vec<Grantee> =
        taken.flatten().filter(|grantee| **grantee != Grantee::Everyone).cloned().collect();
    advice
        .offer("To let them in again, if they should be", command::modify(Do::Add, resource, region, &taken));
    if story.facts.permissions.seen().is_none() {
        advice.offer("To see who may use it now", command::describe(resource, region));
    }
}
