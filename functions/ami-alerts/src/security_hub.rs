//! The findings of the table in AWS Security Finding Format, for Security Hub: which of them are to be imported. Pure.
//!
//! Security Hub has one finding for each class and grantee of an image or a snapshot. A call with ten thousand grantees would
//! be ten thousand findings, so the grantees after the first [`OWN_FINDINGS`] share one.

pub mod remark;
mod shown;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::home::Home;
use shared::text::printable;
use shared::token::client_token;

use crate::email::mask::masked_text;
use crate::grantee::Grantee;
use crate::memory::update::{MemoryChange, MemoryUpdate};
use crate::memory::{
    FindingClass, ImportedFinding, ProvenTime, RememberedFinding, ResourceMemory, USES_ARE_KEPT,
};
use crate::severity::Severity;
use shown::Shown;

/// The grantees of one image or snapshot that have findings of their own.
pub const OWN_FINDINGS: usize = 50;

/// The most findings of one call (BatchImportFindings, AWS Security Hub API Reference).
pub const BATCH: usize = 100;

/// The name of the finding of all further grantees.
const OTHERS: &str = "others";

/// Security Hub deletes an active finding 90 days after its last update, so an open finding is imported again before that.
const REFRESH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long after its end a finding that was never imported is imported as archived: what a revert ended within the invocation.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

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
    /// The time of its end.
    pub closed: Option<Timestamp>,
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
    let findings = grouped(memory, &prefix, &imported, now).into_iter().map(|(id, findings)| {
        let shown = Shown { findings, resource, region, home };
        shown.finding(id)
    });
    let is_due = |finding: &HubFinding| match imported.get(finding.id.as_str()) {
        None => finding.closed.is_none_or(|closed| now < closed + RECENT),
        Some(known) => known.form != finding.form() || (!finding.is_archived && now >= known.at + REFRESH),
    };
    findings.filter(is_due).collect()
}

/// The findings of each id, the latest of a grantee only. An id that was imported stays the id of its grantee.
fn grouped<'m>(
    memory: &'m ResourceMemory,
    prefix: &str,
    imported: &BTreeMap<&str, &ImportedFinding>,
    now: Timestamp,
) -> BTreeMap<String, Vec<&'m RememberedFinding>> {
    let mut latest: Vec<&RememberedFinding> = Vec::new();
    let mut places: BTreeMap<(FindingClass, &Grantee), usize> = BTreeMap::new();
    for finding in &memory.findings {
        // Security Hub deletes a finding that is not updated, so that an old use is refreshed for a limited time.
        let is_old =
            |opened: &ProvenTime| finding.class == FindingClass::Used && now >= opened.at + USES_ARE_KEPT;
        if finding.class == FindingClass::Expected || finding.history.opened.as_ref().is_none_or(is_old) {
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

/// An id of ASFF has at most 512 characters. One that is longer, or that holds a key, ends with its digest.
fn id(prefix: &str, class: FindingClass, grantee: &str) -> String {
    let shown = printable(&masked_text(grantee));
    let whole = format!("{prefix}/{}/{shown}", class.name());
    match whole.chars().count() {
        0..=512 if shown == grantee => whole,
        _ => format!("{}#{}", whole.chars().take(440).collect::<String>(), client_token([grantee])),
    }
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

#[cfg(test)]
mod tests;
