//! A finding for Security Hub in words: title, description, severity and fields, within the limits of ASFF.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::home::Home;
use shared::text::{count, printable, shortened};

use super::HubFinding;
use crate::email::mask::masked_text;
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::memory::{FindingClass, Proof, ProvenTime, RememberedFinding};
use crate::rules::Trusted;
use crate::severity::Severity;

/// The most characters of a title, a description and a product field (AwsSecurityFinding, AWS Security Hub API Reference).
const TITLE: usize = 256;
const DESCRIPTION: usize = 1_024;
const FIELD: usize = 2_048;

/// The most grantees that the finding of further grantees names.
const NAMED: usize = 20;

/// The findings of one id, to be shown.
pub(super) struct Shown<'a> {
    /// Never empty.
    pub(super) findings: Vec<&'a RememberedFinding>,
    pub(super) resource: &'a str,
    pub(super) region: &'a str,
    pub(super) home: &'a Home,
}

impl Shown<'_> {
    pub(super) fn finding(&self, id: String) -> HubFinding {
        let openings = || self.findings.iter().filter_map(|finding| finding.history.opened.as_ref());
        let created = openings().map(|opened| opened.at).min().unwrap_or_default();
        let confirmed = self.findings.iter().filter_map(|finding| finding.history.confirmed).max();
        HubFinding {
            id,
            resource: self.resource.to_owned(),
            title: limited(&self.title(), TITLE),
            description: limited(&self.description(), DESCRIPTION),
            kind: match self.class() {
                FindingClass::Exposed | FindingClass::Expected => "Effects/Data Exposure",
                FindingClass::Lost => "Effects/Denial of Service",
                FindingClass::Used => "Effects/Data Exfiltration",
            },
            severity: self.severity(),
            is_archived: self.open().next().is_none(),
            closed: self.closed(),
            created,
            observed: confirmed.unwrap_or(created).max(created),
            fields: self.fields(),
        }
    }

    fn class(&self) -> FindingClass {
        self.findings.first().map_or(FindingClass::Exposed, |finding| finding.class)
    }

    fn open(&self) -> impl Iterator<Item = &&RememberedFinding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    /// The last end, if none is open.
    fn closed(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> =
            self.findings.iter().map(|finding| Some(finding.history.closed.as_ref()?.at)).collect();
        ends?.into_iter().max()
    }

    /// The findings that the sentences are about: those that are open, or all if none is.
    fn current(&self) -> Vec<&RememberedFinding> {
        let open: Vec<&RememberedFinding> = self.open().copied().collect();
        if open.is_empty() { self.findings.clone() } else { open }
    }

    fn severity(&self) -> Severity {
        let of_grantee = |finding: &&RememberedFinding| match finding.class {
            FindingClass::Used => Severity::Critical,
            FindingClass::Lost => Severity::Medium,
            FindingClass::Exposed | FindingClass::Expected => {
                let owner = Some(self.home.account.as_str());
                Exposure::of(&finding.grantee, owner, &Trusted::default()).severity()
            }
        };
        let severity = |finding: &&RememberedFinding| {
            let reported = finding.history.reported.map(|reported| reported.severity);
            reported.map_or(of_grantee(finding), |reported| reported.max(of_grantee(finding)))
        };
        self.current().iter().map(severity).max().unwrap_or(Severity::Info)
    }

    fn kind(&self) -> &'static str {
        if self.resource.starts_with("snap-") { "Snapshot" } else { "AMI" }
    }

    fn title(&self) -> String {
        let (kind, resource) = (self.kind(), safe(self.resource));
        let current = self.current();
        let names = match current[..] {
            [only] => safe(&only.grantee.to_string()),
            _ => count(current.len(), "further grantee"),
        };
        let is_public = matches!(current[..], [only] if only.grantee == Grantee::Everyone);
        match (self.class(), self.open().next().is_some()) {
            (FindingClass::Lost, true) => {
                format!("{kind} {resource} is no longer shared with {names}, which a rule trusts")
            }
            (FindingClass::Lost, false) => {
                format!("{kind} {resource} is shared again with {names}, which a rule trusts")
            }
            (FindingClass::Used, _) => format!("{kind} {resource} is used by {names}, which no rule trusts"),
            (_, true) if is_public => format!("{kind} {resource} is public"),
            (_, false) if is_public => format!("{kind} {resource} was public"),
            (_, true) => format!("{kind} {resource} is shared with {names}, which no rule trusts"),
            (_, false) => format!("{kind} {resource} was shared with {names}, which no rule trusts"),
        }
    }

    fn description(&self) -> String {
        let current = self.current();
        let mut sentences = vec![format!("{} ({}).", self.title(), self.region)];
        if let Some(only) = current.first().filter(|_| current.len() == 1) {
            let history = &only.history;
            sentences.extend(history.opened.as_ref().map(|opened| sentence("Opened", opened)));
            sentences.extend(history.closed.as_ref().map(|closed| sentence("Closed", closed)));
        } else {
            let names: Vec<String> =
                current.iter().take(NAMED).map(|finding| safe(&finding.grantee.name())).collect();
            sentences.push(format!("The first of them: {}.", names.join(", ")));
        }
        sentences.join(" ")
    }

    fn fields(&self) -> BTreeMap<&'static str, String> {
        let current = self.current();
        let mut fields = BTreeMap::from([
            ("pointsman/class", self.class().name().to_owned()),
            ("pointsman/grantees", current.len().to_string()),
        ]);
        if let Some(only) = current.first().filter(|_| current.len() == 1) {
            fields.insert("pointsman/grantee", only.grantee.name().into_owned());
            if let Some(opened) = &only.history.opened {
                fields.insert("pointsman/opened", opened.at.to_string());
                moment_fields(&mut fields, opened, "pointsman/opened-by", "pointsman/opened-event-id");
            }
            if let Some(closed) = &only.history.closed {
                fields.insert("pointsman/closed", closed.at.to_string());
                moment_fields(&mut fields, closed, "pointsman/closed-by", "pointsman/closed-event-id");
            }
        }
        fields.into_iter().map(|(name, value)| (name, limited(&safe(&value), FIELD))).collect()
    }
}

fn moment_fields(
    fields: &mut BTreeMap<&'static str, String>,
    moment: &ProvenTime,
    by: &'static str,
    event_id: &'static str,
) {
    let (actor, event) = match &moment.proof {
        Proof::Record { event, actor, .. } => (Some(actor.clone()), event.clone()),
        Proof::OwnCall { event } => (Some("ami-alerts".to_owned()), event.clone()),
        Proof::LookUp | Proof::Rule { .. } | Proof::Gone => (None, None),
    };
    fields.extend(actor.filter(|actor| !actor.is_empty()).map(|actor| (by, actor)));
    fields.extend(event.filter(|event| !event.is_empty()).map(|event| (event_id, event)));
}

/// `Opened at 2026-03-02T10:04:12Z by alice (CloudTrail event 5b1d...).`
fn sentence(what: &str, moment: &ProvenTime) -> String {
    let at = moment.at;
    let of_event = |event: &Option<String>| {
        event.as_deref().map(|event| format!(" (CloudTrail event {})", safe(event))).unwrap_or_default()
    };
    match &moment.proof {
        Proof::Record { event, actor, .. } => {
            format!("{what} at {at} by {}{}.", safe(actor), of_event(event))
        }
        Proof::OwnCall { event } => format!("{what} at {at} by ami-alerts{}.", of_event(event)),
        Proof::LookUp => format!("{what} at {at} or earlier, as a scan saw."),
        Proof::Rule { place } => format!("{what} at {at}, because a rule allows it ({}).", safe(place)),
        Proof::Gone => format!("{what} at {at}, because the resource no longer exists."),
    }
}

/// A text of at most `most` characters. `shortened` adds how many characters it left out.
fn limited(text: &str, most: usize) -> String {
    match text.chars().count() {
        count if count <= most => text.to_owned(),
        _ => shortened(text, most - 50),
    }
}

/// A text from an event, without keys and without characters that a console does not show.
fn safe(text: &str) -> String {
    shortened(&printable(&masked_text(text)), 300)
}
