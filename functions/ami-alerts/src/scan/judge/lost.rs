//! Trusted grantees that lost access, as records and look-ups show it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{GroupKey, JudgedResource, ResourceJudgement};
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::memory::update::MemoryChange;
use crate::memory::{FindingClass, SETTLING};

impl JudgedResource<'_> {
    /// Open findings about lost access, and those that this look-up opens.
    pub(super) fn lost(&self, now: &BTreeSet<&Grantee>, judgement: &mut ResourceJudgement) {
        let mut groups: BTreeMap<GroupKey, Vec<Grantee>> = BTreeMap::new();
        for finding in self.known_open(&[FindingClass::Lost]) {
            let may_be_trusted =
                matches!(self.exposure(&finding.grantee), Exposure::Trusted | Exposure::Unproven);
            let is_trusted = self.is_uncertain || may_be_trusted;
            if is_trusted && !now.contains(&finding.grantee) {
                let (opened, reported) = (finding.history.opened.clone(), finding.history.reported);
                let key = (FindingClass::Lost, Exposure::Trusted, opened, reported);
                groups.entry(key).or_default().push(finding.grantee.clone());
            }
        }
        let lost = self.newly_lost(now, |seen_at| self.at.duration_since(seen_at) >= SETTLING);
        if !lost.is_empty() {
            let moment = self.now();
            let key = (FindingClass::Lost, Exposure::Trusted, Some(moment.clone()), None);
            groups.entry(key).or_default().extend(lost.clone());
            let class = FindingClass::Lost;
            judgement.changes.push(MemoryChange::Opened { class, grantees: lost, moment });
        }
        judgement.open.extend(groups.into_iter().map(|(key, grantees)| self.open_group(key, grantees)));
    }

    /// Whether the last look-up is too recent to say that a trusted grantee lost access.
    pub(super) fn may_be_lost_soon(&self, now: &BTreeSet<&Grantee>) -> bool {
        !self.newly_lost(now, |seen_at| self.at.duration_since(seen_at) < SETTLING).is_empty()
    }

    /// The trusted grantees that the last look-up saw and this one did not, without a record that removed them.
    fn newly_lost(&self, now: &BTreeSet<&Grantee>, is_due: impl Fn(Timestamp) -> bool) -> Vec<Grantee> {
        let Some(memory) = self.memory.filter(|_| !self.is_partial && !self.is_uncertain) else {
            return Vec::new();
        };
        let Some(seen) = memory.seen.as_ref().filter(|seen| is_due(seen.at)) else { return Vec::new() };
        let known: BTreeSet<&Grantee> =
            self.known_open(&[FindingClass::Lost]).map(|finding| &finding.grantee).collect();
        let is_lost = |grantee: &&Grantee| {
            // A look-up may show the state before a removal, so that the removal can be older than the look-up.
            !now.contains(*grantee)
                && !known.contains(*grantee)
                && self.exposure(grantee) == Exposure::Trusted
                && memory.removed_after(grantee, seen.at - SETTLING).is_none()
                && !self.is_settling(grantee, None)
        };
        seen.grantees.iter().filter(is_lost).cloned().collect()
    }
}
