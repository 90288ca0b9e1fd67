//! The findings of the table in AWS Security Finding Format, for Security Hub: which of them are to be imported. Pure.
//!
//! Security Hub has one finding for each class and grantee of an image or a snapshot. A call with ten thousand grantees would
//! be ten thousand findings, so the grantees after the first [`OWN_FINDINGS`] share one.

pub mod remark;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::home::Home;
use shared::text::{count, printable, shortened};
use shared::token::client_token;

use crate::email::mask::masked_text;
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::memory::update::{MemoryChange, MemoryUpdate};
use crate::memory::{FindingClass, ImportedFinding, Moment, Proof, RememberedFinding, ResourceMemory};
use crate::rules::Trusted;
use crate::severity::Severity;

/// The grantees of one image or snapshot that have findings of their own.
pub const OWN_FINDINGS: usize = 50;

/// The most findings of one call (BatchImportFindings, AWS Security Hub API Reference).
pub const BATCH: usize = 100;

/// The name of the finding of all further grantees.
const OTHERS: &str = "others";

/// Security Hub deletes an active finding 90 days after its last update, so an open finding is imported again before that.
const REFRESH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The most characters of a title, a description and a product field (AwsSecurityFinding, AWS Security Hub API Reference).
const TITLE: usize = 256;
const DESCRIPTION: usize = 1_024;
const FIELD: usize = 2_048;

/// The most grantees that the finding of further grantees names.
const NAMED: usize = 20;

/// A finding to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubFinding {
    /// Its id: account, region, resource, class and grantee.
    pub id: String,
    /// The image or snapshot.
    pub resource: String,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Its type in the taxonomy of ASFF.
    pub kind: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// Whether it is archived: it ended.
    pub is_archived: bool,
    /// The time at which it first opened.
    pub created: Timestamp,
    /// The last time at which a record or a look-up showed it.
    pub observed: Timestamp,
    /// Further facts.
    pub fields: BTreeMap<&'static str, String>,
}

/// Findings that one call imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingsImport {
    /// The region of the resources.
    pub region: String,
    /// The findings.
    pub findings: Vec<HubFinding>,
}

/// The findings of an image or a snapshot that Security Hub does not have in their present form.
pub fn due(
    memory: &ResourceMemory,
    resource: &str,
    region: &str,
    home: &Home,
    now: Timestamp,
) -> Vec<HubFinding> {
    let prefix = format!("{}/{region}/{resource}", home.account);
    let imported: BTreeMap<&str, &ImportedFinding> =
        memory.imported.iter().map(|finding| (finding.id.as_str(), finding)).collect();
    let findings = grouped(memory, &prefix, &imported).into_iter().map(|(id, findings)| {
        let shown = Shown { findings, resource, region, home };
        shown.finding(id)
    });
    let is_due = |finding: &HubFinding| match imported.get(finding.id.as_str()) {
        // What ended before it was imported is no news: the email reported it.
        None => !finding.is_archived,
        Some(known) => known.form != finding.form() || (!finding.is_archived && now >= known.at + REFRESH),
    };
    findings.filter(is_due).collect()
}

/// The findings of each id, the latest of a grantee only. An id that was imported stays the id of its grantee.
fn grouped<'m>(
    memory: &'m ResourceMemory,
    prefix: &str,
    imported: &BTreeMap<&str, &ImportedFinding>,
) -> BTreeMap<String, Vec<&'m RememberedFinding>> {
    let mut latest: Vec<&RememberedFinding> = Vec::new();
    let mut places: BTreeMap<(FindingClass, &Grantee), usize> = BTreeMap::new();
    for finding in &memory.findings {
        if finding.class == FindingClass::Expected || finding.history.opened.is_none() {
            continue;
        }
        match places.get(&(finding.class, &finding.grantee)) {
            Some(at) if !latest[*at].is_open() => latest[*at] = finding,
            Some(_) => {}
            None => {
                places.insert((finding.class, &finding.grantee), latest.len());
                latest.push(finding);
            }
        }
    }
    let own = |finding: &RememberedFinding| id(prefix, finding.class, &finding.grantee.name());
    // The public first: its finding must not be one of the others.
    latest.sort_by_key(|finding| {
        (!imported.contains_key(own(finding).as_str()), finding.grantee != Grantee::Everyone)
    });
    let mut groups: BTreeMap<String, Vec<&RememberedFinding>> = BTreeMap::new();
    for (at, finding) in latest.into_iter().enumerate() {
        let has_own = at < OWN_FINDINGS || imported.contains_key(own(finding).as_str());
        let id = if has_own { own(finding) } else { id(prefix, finding.class, OTHERS) };
        groups.entry(id).or_default().push(finding);
    }
    groups
}

/// An id of ASFF has at most 512 characters. A longer one ends with its digest.
fn id(prefix: &str, class: FindingClass, grantee: &str) -> String {
    let whole = format!("{prefix}/{}/{}", class_name(class), printable(grantee));
    match whole.chars().count() {
        0..=512 => whole,
        _ => format!("{}#{}", whole.chars().take(440).collect::<String>(), client_token([whole.as_str()])),
    }
}

fn class_name(class: FindingClass) -> &'static str {
    match class {
        FindingClass::Exposed => "exposed",
        FindingClass::Expected => "expected",
        FindingClass::Lost => "lost",
        FindingClass::Used => "used",
    }
}

/// The findings of one id, to be shown.
struct Shown<'a> {
    /// Never empty.
    findings: Vec<&'a RememberedFinding>,
    resource: &'a str,
    region: &'a str,
    home: &'a Home,
}

impl Shown<'_> {
    fn finding(&self, id: String) -> HubFinding {
        let openings = || self.findings.iter().filter_map(|finding| finding.history.opened.as_ref());
        let created = openings().map(|opened| opened.at).min().unwrap_or_default();
        let confirmed = self.findings.iter().filter_map(|finding| finding.history.confirmed).max();
        HubFinding {
            id,
            resource: self.resource.to_owned(),
            title: shortened(&self.title(), TITLE),
            description: shortened(&self.description(), DESCRIPTION),
            kind: match self.class() {
                FindingClass::Exposed | FindingClass::Expected => "Effects/Data Exposure",
                FindingClass::Lost => "Effects/Denial of Service",
                FindingClass::Used => "Effects/Data Exfiltration",
            },
            severity: self.severity(),
            is_archived: self.open().next().is_none(),
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
            ("pointsman/class", class_name(self.class()).to_owned()),
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
        fields.into_iter().map(|(name, value)| (name, shortened(&safe(&value), FIELD))).collect()
    }
}

fn moment_fields(
    fields: &mut BTreeMap<&'static str, String>,
    moment: &Moment,
    by: &'static str,
    event_id: &'static str,
) {
    let (actor, event) = match &moment.proof {
        Proof::Record { event, actor } => (Some(actor.clone()), event.clone()),
        Proof::OwnCall { event } => (Some("ami-alerts".to_owned()), event.clone()),
        Proof::LookUp | Proof::Rule { .. } | Proof::Gone => (None, None),
    };
    fields.extend(actor.filter(|actor| !actor.is_empty()).map(|actor| (by, actor)));
    fields.extend(event.filter(|event| !event.is_empty()).map(|event| (event_id, event)));
}

/// `Opened at 2026-03-02T10:04:12Z by alice (CloudTrail event 5b1d...).`
fn sentence(what: &str, moment: &Moment) -> String {
    let at = moment.at;
    let of_event = |event: &Option<String>| {
        event.as_deref().map(|event| format!(" (CloudTrail event {})", safe(event))).unwrap_or_default()
    };
    match &moment.proof {
        Proof::Record { event, actor } => format!("{what} at {at} by {}{}.", safe(actor), of_event(event)),
        Proof::OwnCall { event } => format!("{what} at {at} by ami-alerts{}.", of_event(event)),
        Proof::LookUp => format!("{what} at {at} or earlier, as a scan saw."),
        Proof::Rule { place } => format!("{what} at {at}, because a rule allows it ({}).", safe(place)),
        Proof::Gone => format!("{what} at {at}, because the resource no longer exists."),
    }
}

/// A text from an event, without keys and without characters that a console does not show.
fn safe(text: &str) -> String {
    shortened(&printable(&masked_text(text)), 300)
}

impl HubFinding {
    /// The digest of everything that an operator sees, but not of the time of the last look-up.
    pub fn form(&self) -> String {
        let fields = self.fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let severity = self.severity.to_string();
        let archived = self.is_archived.to_string();
        let mut digest = client_token(
            [&self.title, &self.description, &severity, &archived, &fields.join("\n")].map(String::as_str),
        );
        digest.truncate(16);
        digest
    }
}

impl FindingsImport {
    /// The imports of findings, a hundred a call.
    pub fn batches(region: &str, findings: Vec<HubFinding>) -> Vec<Self> {
        let batches = findings.chunks(BATCH);
        batches.map(|findings| Self { region: region.to_owned(), findings: findings.to_vec() }).collect()
    }

    /// What is remembered once Security Hub has imported all but the findings with the ids of `refused`.
    pub fn updates(&self, refused: &[&str], home: &Home, now: Timestamp) -> Vec<MemoryUpdate> {
        let mut of_resources: BTreeMap<&str, Vec<ImportedFinding>> = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| !refused.contains(&finding.id.as_str())) {
            of_resources.entry(&finding.resource).or_default().push(ImportedFinding {
                id: finding.id.clone(),
                form: finding.form(),
                at: now,
                is_archived: finding.is_archived,
            });
        }
        let update = |(resource, findings): (&str, Vec<ImportedFinding>)| MemoryUpdate {
            account: home.account.clone(),
            region: self.region.clone(),
            resource: resource.to_owned(),
            changes: vec![MemoryChange::Imported(findings)],
        };
        of_resources.into_iter().map(update).collect()
    }
}
