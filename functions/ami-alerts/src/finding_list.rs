//! The findings that the table remembers, as a list: those that are open, and those that ended lately. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::memory::region::RegionMemories;
use crate::memory::{FindingClass, FindingHistory, ProvenTime, RememberedFinding, USES_ARE_KEPT, finding_id};
use crate::rules::Trusted;
use crate::severity::Severity;

/// How long an ended finding is listed.
const LISTED: SignedDuration = USES_ARE_KEPT;

/// The most grantees of a row that are named.
const MOST: usize = 100;

/// The findings of some regions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingList {
    /// The time of the list.
    pub now: Timestamp,
    /// The findings, open ones first, worst first.
    pub findings: Vec<FindingRow>,
    /// The number of open findings by severity; each grantee counts.
    pub open: BTreeMap<Severity, usize>,
    /// The accounts and regions that were asked for, as `ACCOUNT/REGION`.
    pub scope: Vec<String>,
    /// The items of the table that could not be read.
    pub unreadable: Vec<UnreadableItem>,
    /// Whether everything could be read.
    pub complete: bool,
}

/// Findings of one image or snapshot with the same history.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingRow {
    /// Their severity.
    pub severity: Severity,
    /// The account that owns the image or snapshot.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its id.
    pub resource: String,
    /// Their class.
    pub class: FindingClass,
    /// The number of grantees.
    pub count: usize,
    /// The first grantees with the ids of their findings.
    pub grantees: Vec<ListedGrantee>,
    /// When they opened and ended, what was emailed, and the records about them.
    pub history: FindingHistory,
}

/// A grantee with the id of its finding.
#[derive(Debug, Clone, Serialize)]
pub struct ListedGrantee {
    /// The grantee.
    pub grantee: Grantee,
    /// `<account>/<region>/<resource>/<class>/<grantee>`.
    pub id: String,
}

/// An item of the table that could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct UnreadableItem {
    /// The region.
    pub region: String,
    /// The image or snapshot; `None` for the whole region.
    pub resource: Option<String>,
    /// Why.
    pub error: String,
}

/// The partition of a region's memories.
#[derive(Debug, Clone)]
pub struct ListedRegion {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What the table remembers, or why it could not be read.
    pub memories: Result<RegionMemories, String>,
}

impl FindingList {
    /// The open findings, uses of the last 90 days, and with `all` the findings that ended in the last 90 days.
    pub fn of(regions: &[ListedRegion], all: bool, now: Timestamp) -> Self {
        let mut findings: Vec<FindingRow> = regions.iter().flat_map(rows).collect();
        let is_recent = |moment: &ProvenTime| now.duration_since(moment.at) <= LISTED;
        findings.retain(|row| match &row.history.closed {
            // A use has no end.
            None if row.class == FindingClass::Used => row.history.opened.iter().all(is_recent),
            None => true,
            Some(closed) => all && is_recent(closed),
        });
        findings.sort_by_key(|row| (row.history.closed.is_some(), Reverse(row.severity)));
        let mut open = BTreeMap::new();
        for row in findings.iter().filter(|row| row.history.closed.is_none()) {
            *open.entry(row.severity).or_default() += row.count;
        }
        let unreadable: Vec<UnreadableItem> = regions.iter().flat_map(unreadable).collect();
        let scope = regions.iter().map(|region| format!("{}/{}", region.account, region.region)).collect();
        Self { now, findings, open, scope, complete: unreadable.is_empty(), unreadable }
    }
}

fn rows(region: &ListedRegion) -> Vec<FindingRow> {
    let known = region.memories.iter().flat_map(|memories| &memories.known);
    let mut rows = Vec::new();
    for (resource, memory) in known {
        let mut groups: BTreeMap<(FindingClass, Severity, &FindingHistory), Vec<&Grantee>> = BTreeMap::new();
        for finding in &memory.findings {
            let key = (finding.class, severity(finding, &region.account), &finding.history);
            groups.entry(key).or_default().push(&finding.grantee);
        }
        rows.extend(groups.into_iter().map(|((class, severity, history), grantees)| FindingRow {
            severity,
            account: region.account.clone(),
            region: region.region.clone(),
            resource: resource.clone(),
            class,
            count: grantees.len(),
            grantees: listed(region, resource, class, &grantees),
            history: history.clone(),
        }));
    }
    rows
}

fn listed(
    region: &ListedRegion,
    resource: &str,
    class: FindingClass,
    grantees: &[&Grantee],
) -> Vec<ListedGrantee> {
    let one = |grantee: &&Grantee| ListedGrantee {
        grantee: (*grantee).clone(),
        id: finding_id(&region.account, &region.region, resource, class, grantee),
    };
    grantees.iter().take(MOST).map(one).collect()
}

/// The severity of a remembered finding. The table holds no finding about trusted grantees, except that they lost access.
fn severity(finding: &RememberedFinding, own: &str) -> Severity {
    match finding.class {
        FindingClass::Exposed => Exposure::of(&finding.grantee, Some(own), &Trusted::default()).severity(),
        FindingClass::Expected => Severity::Info,
        FindingClass::Lost => Severity::Medium,
        FindingClass::Used => Severity::Critical,
    }
}

fn unreadable(region: &ListedRegion) -> Vec<UnreadableItem> {
    let item = |resource: Option<&String>, error: String| UnreadableItem {
        region: region.region.clone(),
        resource: resource.cloned(),
        error,
    };
    match &region.memories {
        Err(error) => vec![item(None, error.clone())],
        Ok(memories) => {
            let items = memories.unreadable.iter();
            items.map(|(resource, error)| item(Some(resource), error.to_string())).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::update::MemoryChange;
    use crate::memory::{Proof, ResourceMemory};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn region(memory: ResourceMemory) -> ListedRegion {
        let known = [("ami-0123456789abcdef0".to_owned(), memory)].into_iter().collect();
        let memories = RegionMemories { known, ..RegionMemories::default() };
        ListedRegion { account: "111122223333".into(), region: "us-east-1".into(), memories: Ok(memories) }
    }

    fn opened(memory: &mut ResourceMemory, grantees: Vec<Grantee>) {
        let moment = ProvenTime { at: NOW, proof: Proof::LookUp };
        memory.apply(&MemoryChange::Opened { class: FindingClass::Exposed, grantees, moment });
    }

    #[test]
    fn are_grantees_with_the_same_history_and_severity_one_row() {
        let mut memory = ResourceMemory::default();
        let accounts = (0..10_000u64).map(|n| Grantee::of(&(400_000_000_000 + n).to_string()));
        opened(&mut memory, accounts.chain([Grantee::Everyone]).collect());
        let list = FindingList::of(&[region(memory)], false, NOW);
        let rows: Vec<(Severity, usize, usize)> =
            list.findings.iter().map(|row| (row.severity, row.count, row.grantees.len())).collect();
        assert_eq!(rows, [(Severity::Critical, 1, 1), (Severity::High, 10_000, 100)]);
        assert_eq!(
            list.findings[0].grantees[0].id,
            "111122223333/us-east-1/ami-0123456789abcdef0/exposed/all"
        );
        assert_eq!(list.open, BTreeMap::from([(Severity::High, 10_000), (Severity::Critical, 1)]));
    }

    #[test]
    fn is_a_use_listed_for_90_days() {
        let mut memory = ResourceMemory::default();
        let (class, moment) = (FindingClass::Used, ProvenTime::recorded(NOW, Some("e-1"), "someone"));
        memory.apply(&MemoryChange::Opened { class, grantees: vec![Grantee::of("444455556666")], moment });
        let count = |all, days: i64| {
            let now = NOW + SignedDuration::from_hours(24 * days);
            FindingList::of(&[region(memory.clone())], all, now).findings.len()
        };
        assert_eq!([count(false, 90), count(false, 91), count(true, 91)], [1, 0, 0]);
        assert!(!memory.must_stay());
    }

    #[test]
    fn are_findings_that_ended_listed_on_request_for_90_days() {
        let mut memory = ResourceMemory::default();
        opened(&mut memory, vec![Grantee::Everyone]);
        memory.apply(&MemoryChange::Ended {
            class: FindingClass::Exposed,
            grantees: vec![Grantee::Everyone],
            moment: ProvenTime { at: NOW, proof: Proof::Gone },
        });
        let count = |all, days: i64| {
            let now = NOW + SignedDuration::from_hours(24 * days);
            FindingList::of(&[region(memory.clone())], all, now).findings.len()
        };
        assert_eq!([count(false, 0), count(true, 90), count(true, 91)], [0, 1, 0]);
    }
}
