//! Findings that ended: by a look-up, by a rule, with the image or snapshot, or by a record whose email was not sent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{JudgedResource, ResourceJudgement};
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::history::EndedFinding;
use crate::memory::update::MemoryChange;
use crate::memory::{FindingClass, Proof, ProvenTime, RememberedFinding, SETTLING};
use crate::severity::Severity;

/// What ended findings of a group have in common.
type EndKey = (FindingClass, Option<ProvenTime>, Option<Timestamp>, ProvenTime, Option<Severity>);

impl JudgedResource<'_> {
    /// The ends that are new, and those that no email reported.
    pub(super) fn ended(&self, now: &BTreeSet<&Grantee>, judgement: &mut ResourceJudgement) {
        let mut emailed: BTreeMap<EndKey, Vec<Grantee>> = BTreeMap::new();
        let mut silent: BTreeMap<EndKey, Vec<Grantee>> = BTreeMap::new();
        for finding in self.known_open(&[FindingClass::Exposed, FindingClass::Expected, FindingClass::Lost]) {
            let Some(closed) = self.end(finding, now, judgement) else { continue };
            let is_emailed = finding.history.reported.is_some() && finding.class != FindingClass::Expected;
            let groups = if is_emailed { &mut emailed } else { &mut silent };
            groups.entry(key(finding, closed)).or_default().push(finding.grantee.clone());
        }
        for finding in self.memory.into_iter().flat_map(|memory| &memory.findings) {
            if let Some(closed) = self.unreported_end(finding) {
                emailed.entry(key(finding, closed)).or_default().push(finding.grantee.clone());
            }
        }
        judgement.ended = emailed.into_iter().map(ended).collect();
        judgement.ended_silently = silent.into_iter().map(ended).collect();
        for ended in &judgement.ended_silently {
            let (class, grantees, moment) = (ended.class, ended.grantees.clone(), ended.closed.clone());
            judgement.changes.push(MemoryChange::Ended { class, grantees, moment });
        }
    }

    /// The end of an open finding, if this look-up or a rule ends it.
    fn end(
        &self,
        finding: &RememberedFinding,
        now: &BTreeSet<&Grantee>,
        judgement: &mut ResourceJudgement,
    ) -> Option<ProvenTime> {
        let grantee = &finding.grantee;
        let opened = finding.history.opened.as_ref().map(|opened| opened.at);
        let is_settling = self.is_settling(grantee, opened.max(finding.history.confirmed));
        let is_lost = finding.class == FindingClass::Lost;
        if self.is_gone {
            return (!is_settling).then_some(ProvenTime { at: self.at, proof: Proof::Gone });
        }
        self.grantees?;
        match (now.contains(grantee), is_lost) {
            (true, true) => Some(self.now()),
            (true, false) | (false, true) => self.end_by_rule(finding),
            // Only some of the grantees were read.
            (false, false) if self.is_partial => None,
            (false, false) if is_settling => {
                judgement.settling.push(grantee.clone());
                None
            }
            (false, false) => Some(self.now()),
        }
    }

    /// A rule now allows the access, or no longer expects it.
    fn end_by_rule(&self, finding: &RememberedFinding) -> Option<ProvenTime> {
        let is_lost = finding.class == FindingClass::Lost;
        let exposure = self.exposure(&finding.grantee);
        let is_known = !self.is_uncertain && exposure != Exposure::Unproven;
        if !is_known || (exposure == Exposure::Trusted) == is_lost {
            return None;
        }
        let place = self.rule.map(|rule| rule.place.to_string()).unwrap_or_default();
        Some(ProvenTime { at: self.at, proof: Proof::Rule { place } })
    }

    /// The end that is remembered and that no email reported. A record's own email may still come within a few minutes.
    fn unreported_end(&self, finding: &RememberedFinding) -> Option<ProvenTime> {
        let history = &finding.history;
        let is_emailed = matches!(finding.class, FindingClass::Exposed | FindingClass::Lost);
        let closed = history.closed.as_ref().filter(|_| is_emailed && !history.is_end_reported)?;
        history.reported.filter(|_| self.at.duration_since(closed.at) >= SETTLING).map(|_| closed.clone())
    }
}

fn key(finding: &RememberedFinding, closed: ProvenTime) -> EndKey {
    let history = &finding.history;
    let severity = history.reported.map(|reported| reported.severity);
    (finding.class, history.opened.clone(), history.confirmed, closed, severity)
}

fn ended(((class, opened, confirmed, closed, severity), grantees): (EndKey, Vec<Grantee>)) -> EndedFinding {
    EndedFinding { class, grantees, opened, confirmed, closed, severity }
}
