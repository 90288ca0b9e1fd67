//! Usage reports of shared images: which accounts have instances or launch templates of an image, and when a report is due. Pure.
//!
//! A report counts what exists when it is created. Instances of the 24 hours before it, and launch templates of the last few
//! days, may be missing ("View your AMI usage", Amazon EC2 User Guide). So the first report is requested with the alert, a
//! further one every few days while the image is shared, and the last one a few days after the share ended.

pub mod reason;
pub mod settle;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::act::Performed;
use shared::token::client_token;

use crate::exposure::Exposure;
use crate::facts::{ImageDescription, LookUp, LookupError};
use crate::memory::{FindingClass, RememberedFinding, ResourceMemory, UsageStage};
use crate::rules::Memberships;

/// The time between two reports, and from the end of a share to its last report.
pub const FOLLOW_UP: SignedDuration = SignedDuration::from_hours(24 * 3);

/// How long a report may be pending before an email says that the usage is not known.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 3);

/// EC2 deletes a report 30 days after its creation ("View your AMI usage", Amazon EC2 User Guide).
const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 30);

/// An image whose usage is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageCase {
    /// The id of the image.
    pub image: String,
    /// What the table remembers of it.
    pub memory: ResourceMemory,
    /// The step that is due.
    pub step: UsageStep,
}

/// The step that is due for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageStep {
    /// A report is requested.
    Request,
    /// The report with this id, which was requested at this time, is read.
    Read {
        /// Its id.
        id: String,
        /// The time of the request.
        at: Timestamp,
    },
}

/// A step with its result.
#[derive(Debug, Clone)]
pub enum UsageAnswer {
    /// A report was requested; its id.
    Requested(Performed<String>),
    /// A report was read.
    Read(UsageReading),
}

/// A report and its image, as EC2 returned them.
#[derive(Debug, Clone)]
pub struct UsageReading {
    /// The image, for its name and for the rule that covers it.
    pub image: LookUp<Option<ImageDescription>>,
    /// The report.
    pub report: Result<UsageReport, LookupError>,
    /// The organizations of its accounts, if a rule trusts an organization.
    pub memberships: Memberships,
}

/// A usage report, as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageReport {
    /// EC2 is creating it.
    Pending,
    /// EC2 could not create it, and says why.
    Failed(String),
    /// EC2 has no such report.
    Gone,
    /// It is complete.
    Available(Vec<UsageEntry>),
}

/// An entry of a report: the resources of one type in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEntry {
    /// The account.
    pub account: String,
    /// The type, as EC2 names it: `ec2:Instance`, `ec2:LaunchTemplate`.
    pub resource_type: String,
    /// The number of resources.
    pub count: i64,
}

/// The use of an image by one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUse {
    /// The account.
    pub account: String,
    /// Its distance from the owner of the image.
    pub exposure: Exposure,
    /// The number of resources, by their type as EC2 names it.
    pub resources: BTreeMap<String, i64>,
}

/// The time during which an image was shared with untrusted grantees, as far as emails reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExposureSpan {
    /// The last opening of a finding.
    latest: Timestamp,
    /// The end; `None` while a finding is open.
    end: Option<Timestamp>,
}

/// The images whose usage is to be asked for. Snapshots have no usage reports.
pub fn cases(memories: BTreeMap<String, ResourceMemory>, now: Timestamp) -> Vec<UsageCase> {
    let images = memories.into_iter().filter(|(resource, _)| resource.starts_with("ami-"));
    let cases = images.filter_map(|(image, memory)| {
        let step = next_step(&memory, now)?;
        Some(UsageCase { image, memory, step })
    });
    cases.collect()
}

fn next_step(memory: &ResourceMemory, now: Timestamp) -> Option<UsageStep> {
    let span = ExposureSpan::of(memory)?;
    let Some(report) = &memory.usage_report else {
        return span.end.is_none_or(|end| now < end + LIFETIME).then_some(UsageStep::Request);
    };
    let is_due = match report.stage {
        UsageStage::Requested if now < report.at + LIFETIME => {
            return Some(UsageStep::Read { id: report.id.clone(), at: report.at });
        }
        UsageStage::Requested => true,
        UsageStage::Read => now >= span.end.unwrap_or(report.at) + FOLLOW_UP,
        UsageStage::Concluded => span.latest > report.at,
    };
    is_due.then_some(UsageStep::Request)
}

/// The exposures of an image that an email reported: a report about any other would be news of nothing.
pub fn reported_exposures(memory: &ResourceMemory) -> impl Iterator<Item = &RememberedFinding> {
    memory.findings.iter().filter(|finding| {
        let history = &finding.history;
        finding.class == FindingClass::Exposed
            && history.opened.is_some()
            && (history.reported.is_some() || history.is_end_reported)
    })
}

impl ExposureSpan {
    fn of(memory: &ResourceMemory) -> Option<Self> {
        let histories = || reported_exposures(memory).map(|finding| &finding.history);
        let latest = histories().filter_map(|history| Some(history.opened.as_ref()?.at)).max()?;
        let ends: Option<Vec<Timestamp>> =
            histories().map(|history| history.closed.as_ref().map(|closed| closed.at)).collect();
        Some(Self { latest, end: ends.and_then(|ends| ends.into_iter().max()) })
    }

    /// Whether a report of this time is the last one that the share needs.
    fn is_concluded_by(self, at: Timestamp) -> bool {
        self.end.is_some_and(|end| at >= end + FOLLOW_UP)
    }
}

impl UsageCase {
    /// The token of the request: equal until the request is remembered, so that a lost answer starts no second report.
    pub fn token(&self, account: &str, region: &str) -> String {
        let last = self.memory.usage_report.as_ref().map(|report| report.at.to_string());
        let openings = reported_exposures(&self.memory).filter_map(|finding| finding.history.opened.as_ref());
        let opening = openings.map(|opened| opened.at).max().map(|at| at.to_string());
        let parts = [account, region, &self.image, &last.unwrap_or_default(), &opening.unwrap_or_default()];
        client_token(parts)
    }

    /// Whether a report that was requested at `at` is the last one.
    pub fn is_concluded_by(&self, at: Timestamp) -> bool {
        ExposureSpan::of(&self.memory).is_some_and(|span| span.is_concluded_by(at))
    }

    /// Whether an email reported that this account uses the image.
    pub fn is_known_user(&self, account: &str) -> bool {
        let mut used = self.memory.findings.iter().filter(|finding| finding.class == FindingClass::Used);
        used.any(|finding| finding.grantee.name() == account)
    }
}

/// The entries of a report by account, those of untrusted accounts first. `exposure` is the distance of an account.
pub fn by_account(entries: &[UsageEntry], exposure: impl Fn(&str) -> Exposure) -> Vec<AccountUse> {
    let mut accounts: BTreeMap<&str, BTreeMap<String, i64>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.count > 0) {
        *accounts.entry(&entry.account).or_default().entry(entry.resource_type.clone()).or_default() +=
            entry.count;
    }
    let mut uses: Vec<AccountUse> = accounts
        .into_iter()
        .map(|(account, resources)| AccountUse {
            account: account.to_owned(),
            exposure: exposure(account),
            resources,
        })
        .collect();
    uses.sort_by(|one, other| (one.exposure, &one.account).cmp(&(other.exposure, &other.account)));
    uses
}

#[cfg(test)]
mod tests;
