//! The reasons and notes of the daily scan about one region.

use shared::decision::Verdict;

use super::because::ScanBecause;
use super::decide::ScanDecision;
use super::judge::ResourceJudgement;
use super::open_findings::{News, OpenFindings};
use super::{ResourceDescription, ScannedResource};
use crate::because::Because;
use crate::call_outcome::CallOutcome;
use crate::change::ResourceKind;
use crate::facts::{FactName, LookUp};
use crate::finding::{Finding, FindingKind, FindingReason};
use crate::memory::FindingClass;
use crate::remark::Remark;
use crate::rules::ImageRule;

impl ScanDecision<'_> {
    pub(super) fn reason(&mut self, verdict: Verdict, subject: &str, because: &ScanBecause) {
        self.decided.report.reason(verdict, subject, because);
    }

    pub(super) fn note_memories(&mut self) {
        match &self.scan.memories {
            Err(error) => {
                let subject = format!("findings of {}", self.scan.region);
                let remark = Remark::NotRemembered { error: error.clone() };
                self.decided.report.note(&subject, &remark);
            }
            Ok(memories) => {
                for (resource, error) in &memories.unreadable {
                    let remark = Remark::NotRemembered { error: error.clone().into() };
                    self.decided.report.note(resource, &remark);
                }
            }
        }
    }

    /// One note stands for all accounts whose organization is unknown.
    pub(super) fn note_memberships(&mut self, scanned: &ScannedResource) {
        let Some(error) =
            scanned.memberships.values().find_map(LookUp::error).filter(|_| !self.noted_memberships)
        else {
            return;
        };
        self.noted_memberships = true;
        let remark = Remark::NotFound { fact: FactName::Membership, error: error.clone() };
        self.decided.report.note(scanned.description.id(), &remark);
    }

    pub(super) fn report(
        &mut self,
        description: &ResourceDescription,
        is_read: bool,
        judgement: &ResourceJudgement,
        rule: Option<&ImageRule>,
    ) {
        let id = description.id();
        judgement.open.iter().for_each(|open| self.report_open(id, open, rule));
        for (all, is_emailed) in [(&judgement.ended, true), (&judgement.ended_silently, false)] {
            let verdict = if is_emailed { Verdict::Alert } else { Verdict::Skip };
            for ended in all {
                self.reason(verdict, id, &ScanBecause::FindingEnded { ended: ended.clone(), is_emailed });
            }
        }
        if !judgement.settling.is_empty() {
            let grantees = judgement.settling.clone();
            self.reason(Verdict::Skip, id, &ScanBecause::Settling { grantees });
        }
        let has_reasons = !(judgement.open.is_empty()
            && judgement.ended.is_empty()
            && judgement.ended_silently.is_empty()
            && judgement.settling.is_empty());
        match description.kind() {
            _ if has_reasons || !is_read => {}
            ResourceKind::Image => {
                self.reason(Verdict::Skip, id, &ScanBecause::OnlyTrusted { snapshots: None })
            }
            // An account may have 100,000 snapshots.
            ResourceKind::Snapshot => self.private_snapshots += 1,
        }
    }

    fn report_open(&mut self, id: &str, open: &OpenFindings, rule: Option<&ImageRule>) {
        let grantees = open.grantees.clone();
        match open.news {
            News::New | News::Worse => self.finding(Verdict::Alert, id, open, rule),
            News::Reminder => {
                self.reason(Verdict::Alert, id, &ScanBecause::Reminder { findings: open.clone() });
            }
            News::Reported => self.reason(Verdict::Skip, id, &ScanBecause::ReportedBefore { grantees }),
            News::Expected => self.reason(Verdict::Skip, id, &ScanBecause::ExpectedShare { grantees }),
            News::Muted => {
                self.finding(Verdict::Skip, id, open, rule);
                if let Some(rule) = rule {
                    let (from, place) = (rule.mute_below, rule.place.clone());
                    let muted = Because::Muted { severity: open.severity, from, rule: place };
                    self.decided.report.reason(Verdict::Skip, id, &muted);
                }
            }
        }
    }

    fn finding(&mut self, verdict: Verdict, id: &str, open: &OpenFindings, rule: Option<&ImageRule>) {
        let kind = match open.class {
            FindingClass::Lost => FindingKind::Lost(open.grantees.clone()),
            _ => FindingKind::Shared(open.exposure, open.grantees.clone()),
        };
        let finding = Finding { kind, severity: open.severity };
        let rule = rule.map(|rule| rule.place.clone());
        let reason = FindingReason { finding, outcome: CallOutcome::Succeeded, rule };
        self.decided.report.reason(verdict, id, &reason);
    }
}
