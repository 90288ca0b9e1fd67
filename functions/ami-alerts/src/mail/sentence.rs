//! The first lines of a mail: what is true now, for somebody who was woken up.

use super::headline::{capital, name};
use super::{MOST, Reverted, Story, listed, plain};
use crate::change::{Change, Kind};
use crate::decide::{Finding, What};
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::outcome::Outcome;

/// What is true now, sentence by sentence.
pub(super) fn sentences(story: &Story<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    match &story.record.outcome {
        Outcome::Succeeded => {}
        Outcome::Denied(refused) => {
            sentences.push(format!("Nothing changed: AWS denied the call ({}).", plain(&refused.to_string())));
        }
        Outcome::DryRun(_) => sentences.push(
            "Nothing changed: the call was a dry run, which asks AWS whether it would be allowed. It would have been."
                .to_owned(),
        ),
        Outcome::Failed(refused) => {
            sentences.push(format!("Nothing changed: the call failed ({}).", plain(&refused.to_string())));
        }
    }
    match story.reverted {
        Reverted::NotWanted => {}
        Reverted::Done(grantees) => {
            sentences.push(format!("It was undone. Shut out again: {}.", people(grantees)));
        }
        Reverted::Failed(grantees, error) => sentences.push(format!(
            "It was to be undone, and was NOT: {} could not be shut out ({}). Do it by hand.",
            people(grantees),
            plain(error)
        )),
        Reverted::Held(why) => sentences.push(format!("A rule asks to undo this. It was not undone: {why}.")),
    }
    let findings = &story.judgement.findings;
    if story.record.outcome.succeeded() {
        sentences.extend(findings.iter().flat_map(|finding| done(story, finding)));
    } else {
        sentences.extend(findings.iter().filter_map(|finding| asked(story, finding)));
    }
    sentences.iter().map(|sentence| capital(sentence)).collect()
}

/// `launch this image`.
fn verb(story: &Story<'_>) -> &'static str {
    match story.resource().map(|resource| resource.kind) {
        Some(Kind::Snapshot) => "use this snapshot",
        _ => "launch this image",
    }
}

fn people(grantees: &[Grantee]) -> String {
    let names: Vec<String> = grantees.iter().map(name).collect();
    listed(&names, 5)
}

fn done(story: &Story<'_>, finding: &Finding) -> Vec<String> {
    let verb = verb(story);
    match &finding.what {
        What::Given(exposure, grantees) => given(story, *exposure, grantees),
        What::Taken(grantees) => vec![taken(story, grantees)],
        What::Reset => vec![match story.facts.permissions.seen() {
            Some(now) if now.is_empty() => format!("Good news: nobody but its owner can {verb} any more."),
            Some(now) => {
                format!("Everybody but its owner was shut out; since then {} was let in.", people(now))
            }
            None => {
                "Good news: everybody but its owner was shut out. Who is in now could not be read.".to_owned()
            }
        }],
        What::BlockOn => vec![format!(
            "Good news: images of {} cannot be made public any more. Those that are public stay so.",
            plain(story.region())
        )],
        What::BlockOff => match story.facts.block.seen().map(String::as_str) {
            Some("block-new-sharing") => vec![format!(
                "Images of {} could be made public for a time. Since then it was switched on again.",
                plain(story.region())
            )],
            _ => vec![format!(
                "Images of {} can be made public from now on. None was by this call.",
                plain(story.region())
            )],
        },
        What::Unsaid(_) => {
            let omitted = match story.record.request() {
                Some(request) if request.contains_key("omitted") => {
                    "CloudTrail leaves out what is larger than 100 KB"
                }
                _ => "CloudTrail's record lacks it",
            };
            let unsaid = format!("Who was let in or shut out is not known: {omitted}.");
            // What matters most comes first.
            let public = story.facts.permissions.seen().is_some_and(|now| now.contains(&Grantee::Everyone));
            let public = public.then(|| format!("Everybody can {verb} now."));
            public.into_iter().chain([unsaid]).collect()
        }
        What::Call => vec!["A rule asks to be told of this call. It succeeded.".to_owned()],
    }
}

fn given(story: &Story<'_>, exposure: Exposure, grantees: &[Grantee]) -> Vec<String> {
    let verb = verb(story);
    let who = |grantees: &[Grantee]| match grantees.contains(&Grantee::Everyone) {
        true => "Everybody".to_owned(),
        false => people(grantees),
    };
    let trust = match exposure {
        Exposure::Public => "",
        Exposure::Trusted => ", whom a rule trusts with it,",
        Exposure::Own => " itself",
        Exposure::Unknown => ", of a kind that is unknown here,",
        Exposure::Account | Exposure::Organization | Exposure::Unit => ", trusted by no rule,",
    };
    let undone = match story.reverted {
        Reverted::Done(undone) => undone.as_slice(),
        _ => &[],
    };
    // What was undone is said already.
    let left: Vec<Grantee> = grantees.iter().filter(|grantee| !undone.contains(grantee)).cloned().collect();
    let mut told = Vec::new();
    match story.facts.permissions.seen() {
        _ if left.is_empty() => {}
        None if story.facts.image_is_gone() => told.push(format!(
            "{}{trust} was let in. There is no such image any more, or none that this account can see.",
            who(&left)
        )),
        None => told.push(format!(
            "{}{trust} can {verb}, unless that was undone since: who can now could not be read.",
            who(&left)
        )),
        Some(now) => {
            let (still, gone): (Vec<Grantee>, Vec<Grantee>) =
                left.into_iter().partition(|grantee| exposure == Exposure::Own || now.contains(grantee));
            if !still.is_empty() {
                told.push(format!("{}{trust} can {verb} now.", who(&still)));
            }
            if !gone.is_empty() {
                let nothing = if still.is_empty() { ": nothing is left to undo" } else { "" };
                told.push(format!("{}{trust} was let in, and is shut out again since{nothing}.", who(&gone)));
            }
        }
    }
    let is_shared_key = story.facts.image().is_some_and(|image| {
        matches!(image.encrypted, Some(crate::facts::Encrypted::Yes | crate::facts::Encrypted::Partly))
    });
    if is_shared_key && exposure != Exposure::Own {
        told.push(
            "Its disks are encrypted: without a key that is shared, too, they cannot be read.".to_owned(),
        );
    }
    told
}

/// Whom the call shut out, and whether they really are.
fn taken(story: &Story<'_>, grantees: &[Grantee]) -> String {
    let (who, verb) = (people(grantees), verb(story));
    let Some(now) = story.facts.permissions.seen() else {
        return format!("Good news: {who} was shut out. Who is in now could not be read.");
    };
    let again: Vec<Grantee> = grantees.iter().filter(|gone| now.contains(gone)).cloned().collect();
    let through = |grantee: &Grantee| matches!(grantee, Grantee::Organization { .. } | Grantee::Unit { .. });
    if !again.is_empty() {
        return format!("{who} was shut out, and {} was let in again since.", people(&again));
    }
    if now.contains(&Grantee::Everyone) {
        return format!("{who} was shut out by name, but everybody can {verb} all the same.");
    }
    match grantees {
        [Grantee::Everyone] => "Good news: it is not public any more.".to_owned(),
        grantees if grantees.contains(&Grantee::Everyone) => {
            format!("Good news: it is not public any more. Shut out: {who}.")
        }
        _ if now.iter().any(through) => {
            format!(
                "Good news: {who} was shut out, unless an organization or a unit that is in lets them in."
            )
        }
        _ => format!("Good news: {who} cannot {verb} any more."),
    }
}

/// What would have been.
fn asked(story: &Story<'_>, finding: &Finding) -> Option<String> {
    let verb = verb(story);
    match &finding.what {
        What::Given(_, grantees) if grantees.contains(&Grantee::Everyone) => {
            Some(format!("Everybody could {verb} if it had succeeded."))
        }
        What::Given(_, grantees) => Some(format!("{} could {verb} if it had succeeded.", people(grantees))),
        What::Unsaid(_) => Some("What was asked for is not in CloudTrail's record.".to_owned()),
        What::Taken(_) | What::Reset | What::BlockOn | What::BlockOff | What::Call => None,
    }
}

/// Who may use it now, line by line; nothing where it has no part in the event.
pub(super) fn now(story: &Story<'_>) -> Option<Vec<String>> {
    if !matches!(story.change, Some(Change::Permissions(_))) {
        return None;
    }
    let now = match (story.facts.permissions.seen(), story.facts.permissions.unseen()) {
        (Some(now), _) => now,
        (None, Some(why)) => return Some(vec![format!("- could not be read ({})", plain(why))]),
        (None, None) => return None,
    };
    let trusted = story.judgement.rule.map(|rule| rule.trusted.clone()).unwrap_or_default();
    let sorted = crate::exposure::sorted(now, story.record.account.as_deref(), &trusted);
    let lines = sorted.iter().flat_map(|(exposure, grantees)| {
        grantees.iter().map(move |grantee| match (grantee, exposure) {
            (Grantee::Everyone, Exposure::Public) => "- EVERYBODY".to_owned(),
            (Grantee::Everyone, _) => "- everybody: trusted".to_owned(),
            (grantee, exposure) => format!("- {}: {}", name(grantee), exposure.told()),
        })
    });
    let mut lines: Vec<String> = lines.collect();
    let more = lines.len().saturating_sub(MOST);
    if more > 0 {
        lines.truncate(MOST);
        lines.push(format!("- and {more} more"));
    }
    if lines.is_empty() {
        lines.push("- its owner only".to_owned());
    }
    Some(lines)
}
