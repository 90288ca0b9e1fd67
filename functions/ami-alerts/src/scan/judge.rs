//! Compares an image or a snapshot, as the scan read it, with what the table remembers of it: which findings are open, which
//! ended, what is emailed and what is remembered.

mod ended;
mod lost;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::open_findings::{News, OpenFindings};
use super::reminder::is_due;
use crate::exposure::{Exposure, by_exposure};
use crate::grantee::Grantee;
use crate::history::EndedFinding;
use crate::memory::update::MemoryChange;
use crate::memory::{
    EmailedReports, FindingClass, FindingHistory, Proof, ProvenTime, RememberedFinding, ResourceMemory,
    SETTLING, SeenGrantees,
};
use crate::rules::{ImageRule, Reminder, Trusted};
use crate::severity::Severity;

/// How old a look-up may become before the same grantees are remembered again.
const REFRESH: SignedDuration = SignedDuration::from_hours(24 * 7);

/// An image or a snapshot, as the scan read it, with all that decides about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct JudgedResource<'a> {
    /// What the table remembers; `None` where it could not be read. Nothing is closed then.
    pub(super) memory: Option<&'a ResourceMemory>,
    /// The grantees that the look-up saw; `None` where there was none.
    pub(super) grantees: Option<&'a [Grantee]>,
    /// The look-up saw only some of the grantees. Nothing is closed then.
    pub(super) is_partial: bool,
    /// A complete list does not contain it.
    pub(super) is_gone: bool,
    /// The account that owns it.
    pub(super) own: &'a str,
    /// The rule that covers it.
    pub(super) rule: Option<&'a ImageRule>,
    /// The trusted grantees.
    pub(super) trusted: &'a Trusted,
    /// Another rule may cover it, and its tags could not be read.
    pub(super) is_uncertain: bool,
    /// The time of the scan.
    pub(super) at: Timestamp,
}

/// The result.
#[derive(Debug, Clone, Default)]
pub(super) struct ResourceJudgement {
    /// Open findings.
    pub(super) open: Vec<OpenFindings>,
    /// Findings that ended, and whose end is emailed.
    pub(super) ended: Vec<EndedFinding>,
    /// Findings that ended without an email: no email reported them.
    pub(super) ended_silently: Vec<EndedFinding>,
    /// Grantees that the look-up did not see, too soon after the last proof that they have access.
    pub(super) settling: Vec<Grantee>,
    /// What is remembered, emailed or not.
    pub(super) changes: Vec<MemoryChange>,
    /// What is remembered once the email is sent.
    pub(super) after_email: Vec<MemoryChange>,
}

/// What findings of a group have in common.
type GroupKey = (FindingClass, Exposure, Option<ProvenTime>, Option<EmailedReports>);

impl<'a> JudgedResource<'a> {
    /// Compares.
    pub(super) fn judge(&self) -> ResourceJudgement {
        let mut judgement = ResourceJudgement::default();
        let now: BTreeSet<&Grantee> = self.grantees.into_iter().flatten().collect();
        if self.grantees.is_some() {
            self.exposed(&mut judgement);
            self.lost(&now, &mut judgement);
        }
        self.ended(&now, &mut judgement);
        self.email_with_the_others(&mut judgement);
        judgement.changes.extend(self.seen(&now, &judgement));
        self.remember_email(&mut judgement);
        judgement
    }

    /// The open findings of a class.
    fn known_open(&self, classes: &[FindingClass]) -> impl Iterator<Item = &'a RememberedFinding> {
        let classes = classes.to_vec();
        let findings = self.memory.into_iter().flat_map(ResourceMemory::open);
        findings.filter(move |finding| classes.contains(&finding.class))
    }

    fn now(&self) -> ProvenTime {
        ProvenTime { at: self.at, proof: Proof::LookUp }
    }

    fn exposure(&self, grantee: &Grantee) -> Exposure {
        Exposure::of(grantee, Some(self.own), self.trusted)
    }

    /// The untrusted grantees that the look-up saw.
    fn exposed(&self, judgement: &mut ResourceJudgement) {
        let known: BTreeMap<&Grantee, &RememberedFinding> = self
            .known_open(&[FindingClass::Expected, FindingClass::Exposed])
            .map(|finding| (&finding.grantee, finding))
            .collect();
        let mut groups: BTreeMap<GroupKey, Vec<Grantee>> = BTreeMap::new();
        let (mut opened, mut unexpected) = (Vec::new(), Vec::new());
        let shares = by_exposure(self.grantees.unwrap_or_default(), Some(self.own), self.trusted);
        let untrusted = shares.into_iter().filter(|(exposure, _)| exposure.is_untrusted());
        let each =
            |(exposure, all): (Exposure, Vec<Grantee>)| all.into_iter().map(move |one| (exposure, one));
        for (exposure, grantee) in untrusted.flat_map(each) {
            let key = match known.get(&grantee) {
                Some(finding) => {
                    let FindingHistory { opened, reported, .. } = &finding.history;
                    let class = self.class_now(finding);
                    if class != finding.class {
                        unexpected.push(grantee.clone());
                    }
                    (class, exposure, opened.clone(), *reported)
                }
                None => {
                    opened.push(grantee.clone());
                    // Without the table, nothing is known about its beginning.
                    (FindingClass::Exposed, exposure, self.memory.map(|_| self.now()), None)
                }
            };
            groups.entry(key).or_default().push(grantee);
        }
        if !opened.is_empty() {
            let (class, moment) = (FindingClass::Exposed, self.now());
            judgement.changes.push(MemoryChange::Opened { class, grantees: opened, moment });
        }
        if !unexpected.is_empty() {
            // The finding keeps its beginning and is of the worse class from now on.
            let (class, moment) = (Some(FindingClass::Exposed), self.now());
            judgement.changes.push(MemoryChange::Granted { grantees: unexpected, class, moment });
        }
        judgement.open.extend(groups.into_iter().map(|(key, grantees)| self.open_group(key, grantees)));
    }

    /// What a trusted actor shared is expected as long as the rule trusts the actor.
    fn class_now(&self, finding: &RememberedFinding) -> FindingClass {
        let is_expected = || self.rule.is_some_and(|rule| rule.expects(&finding.history));
        match finding.class {
            FindingClass::Expected if !self.is_uncertain && !is_expected() => FindingClass::Exposed,
            class => class,
        }
    }

    fn open_group(
        &self,
        (class, exposure, opened, reported): GroupKey,
        grantees: Vec<Grantee>,
    ) -> OpenFindings {
        let severity = match class {
            FindingClass::Lost => Severity::Medium,
            _ => exposure.severity(),
        };
        let news = self.news(class, exposure, severity, reported.as_ref());
        OpenFindings { class, exposure, severity, grantees, opened, reported, news }
    }

    fn news(
        &self,
        class: FindingClass,
        exposure: Exposure,
        severity: Severity,
        reported: Option<&EmailedReports>,
    ) -> News {
        let remind = self.rule.map_or(Reminder::default(), |rule| rule.remind);
        match reported {
            _ if class == FindingClass::Expected => News::Expected,
            _ if self.rule.is_some_and(|rule| severity < rule.mute_below) => News::Muted,
            None => News::New,
            Some(reported) if reported.severity < severity => News::Worse,
            // Lost access is emailed once.
            Some(reported)
                if class == FindingClass::Exposed && is_due(remind, exposure, reported, self.at) =>
            {
                News::Reminder
            }
            Some(_) => News::Reported,
        }
    }

    /// An email about a resource states everything that is open, so that its severity is the worst that is true now.
    fn email_with_the_others(&self, judgement: &mut ResourceJudgement) {
        let is_emailed =
            !judgement.ended.is_empty() || judgement.open.iter().any(|open| open.news.is_emailed());
        if is_emailed {
            for open in judgement.open.iter_mut().filter(|open| open.news == News::Reported) {
                open.news = News::Reminder;
            }
        }
        let worst_first = |open: &OpenFindings| (std::cmp::Reverse(open.severity), open.class, open.exposure);
        judgement.open.sort_by_key(worst_first);
    }

    /// The grantees that the look-up saw, if they are worth a write: they differ, they are old, or an open finding of theirs is
    /// confirmed. Nothing where access may be lost, and the last look-up is too recent to say so: it would be forgotten.
    fn seen(&self, set: &BTreeSet<&Grantee>, judgement: &ResourceJudgement) -> Option<MemoryChange> {
        let memory = self.memory?;
        let known = memory.seen.as_ref();
        let now = match self.grantees {
            Some(grantees) if !self.is_partial => grantees,
            None if self.is_gone && known.is_some_and(|seen| !seen.grantees.is_empty()) => &[],
            _ => return None,
        };
        let before: BTreeSet<&Grantee> = known.into_iter().flat_map(|seen| &seen.grantees).collect();
        let differs = before != *set;
        let is_old = !now.is_empty() && known.is_some_and(|seen| self.at.duration_since(seen.at) >= REFRESH);
        let confirms = judgement.open.iter().any(|open| open.class == FindingClass::Exposed);
        let is_worth_it = (differs || is_old || confirms) && !self.may_be_lost_soon(set);
        let seen = SeenGrantees { at: self.at, grantees: now.to_vec() };
        is_worth_it.then_some(MemoryChange::Seen(seen))
    }

    /// Whether the last proof that a grantee has access is too recent for a look-up to deny it.
    fn is_settling(&self, grantee: &Grantee, last: Option<Timestamp>) -> bool {
        let granted = self.memory.and_then(|memory| memory.granted_after(grantee, Timestamp::MIN));
        let granted = granted.map(|moment| moment.at);
        last.max(granted).is_some_and(|last| self.at.duration_since(last) < SETTLING)
    }

    /// What is remembered once the email is sent.
    fn remember_email(&self, judgement: &mut ResourceJudgement) {
        for ended in &judgement.ended {
            let (class, grantees, moment) = (ended.class, ended.grantees.clone(), ended.closed.clone());
            // An earlier end is remembered, and the finding may have opened again since.
            if moment.at == self.at {
                let grantees = grantees.clone();
                judgement.after_email.push(MemoryChange::Ended { class, grantees, moment });
            }
            let closed = Some(ended.closed.clone());
            judgement.after_email.push(MemoryChange::EndReported { class, grantees, closed });
        }
        for open in judgement.open.iter().filter(|open| open.news.is_emailed()) {
            let (class, grantees) = (open.class, open.grantees.clone());
            let reported = MemoryChange::Reported { class, grantees, severity: open.severity, at: self.at };
            judgement.after_email.push(reported);
        }
    }
}

#[cfg(test)]
mod tests;
