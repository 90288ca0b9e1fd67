//! What a recorded call writes into the memory of its image or snapshot: what happened, and what its email reported. Pure.

use jiff::Timestamp;
use shared::home::{Home, is_account, is_region};

use crate::access::CallAccess;
use crate::change::SharingChange;
use crate::exposure::{Exposure, by_exposure, untrusted};
use crate::facts::Facts;
use crate::finding::{Finding, FindingKind};
use crate::grantee::Grantee;
use crate::history::CallHistory;
use crate::memory::update::{MemoryChange, MemoryUpdate};
use crate::memory::{FindingClass, Proof, ProvenTime, SeenGrantees};
use crate::recorded_call::RecordedCall;
use crate::revert_plan::RevertOutcome;
use crate::rules::Trusted;

/// The key of an image or a snapshot in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceKey {
    /// The account that owns it.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its id.
    pub resource: String,
}

impl ResourceKey {
    /// The key of the image or snapshot of a call, if its names have AWS's form.
    pub fn of(call: &RecordedCall<'_>, home: &Home) -> Option<Self> {
        let account = call.record.account.as_deref().unwrap_or(&home.account);
        let (region, resource) = (call.region(home), call.resource()?.legal_id()?);
        (is_account(account) && is_region(region)).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
            resource: resource.to_owned(),
        })
    }

    /// The update with these changes; `None` without any.
    pub fn update(self, changes: Vec<MemoryChange>) -> Option<MemoryUpdate> {
        let Self { account, region, resource } = self;
        (!changes.is_empty()).then_some(MemoryUpdate { account, region, resource, changes })
    }
}

/// A recorded call with what decides about its memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RememberedCall<'a> {
    pub(crate) call: &'a RecordedCall<'a>,
    pub(crate) access: &'a CallAccess,
    pub(crate) trusted: &'a Trusted,
    pub(crate) is_expected: bool,
    pub(crate) now: Timestamp,
}

impl RememberedCall<'_> {
    /// What the record, this function's own revert and the look-up prove.
    pub(crate) fn happened(&self, facts: &Facts, revert: &RevertOutcome) -> Vec<MemoryChange> {
        let mut changes = Vec::new();
        if self.call.record.outcome.succeeded() {
            self.recorded(&mut changes);
            self.reverted(revert, &mut changes);
        }
        self.seen(facts, &mut changes);
        changes
    }

    fn owner(&self) -> Option<&str> {
        self.call.record.account.as_deref()
    }

    /// The class of the findings about access that the call gave.
    fn class(&self, exposure: Exposure) -> FindingClass {
        match self.is_expected && exposure.may_be_expected() {
            true => FindingClass::Expected,
            false => FindingClass::Exposed,
        }
    }

    fn recorded(&self, changes: &mut Vec<MemoryChange>) {
        let CallAccess { moment, added, removed, lost, reset, .. } = self.access;
        for (are_trusted, grantees) in [(false, removed), (true, lost)] {
            let (grantees, moment) = (grantees.clone(), moment.clone());
            changes.extend(some(grantees).map(|grantees| MemoryChange::Removed {
                grantees,
                are_trusted,
                moment,
            }));
        }
        changes.extend(reset.then(|| MemoryChange::Reset { moment: moment.clone() }));
        for (exposure, grantees) in by_exposure(added, self.owner(), self.trusted) {
            let class = exposure.is_untrusted().then(|| self.class(exposure));
            if exposure != Exposure::Own {
                changes.push(MemoryChange::Granted { grantees, class, moment: moment.clone() });
            }
        }
        if let Some(SharingChange::SnapshotUsed { by, .. }) = self.call.change() {
            let user = Grantee::user(by.as_deref());
            if Exposure::of(&user, self.owner(), self.trusted).is_untrusted() {
                let (class, grantees, moment) = (FindingClass::Used, vec![user], moment.clone());
                changes.push(MemoryChange::Opened { class, grantees, moment });
            }
        }
    }

    fn reverted(&self, revert: &RevertOutcome, changes: &mut Vec<MemoryChange>) {
        let at = revert.revoked_at(self.now);
        let event = self.access.moment.event().map(str::to_owned);
        let moment = ProvenTime { at, proof: Proof::OwnCall { event } };
        let removed = some(revert.revoked().to_vec());
        changes.extend(removed.map(|grantees| MemoryChange::Removed {
            grantees,
            are_trusted: false,
            moment,
        }));
    }

    /// The look-up. Access that it saw, and of which the record says nothing, is a finding that it opened.
    fn seen(&self, facts: &Facts, changes: &mut Vec<MemoryChange>) {
        let (Some(now), Some(at)) = (facts.permissions.found(), facts.permissions_at) else { return };
        let mut exposed = self.access.exposed_now.clone();
        let is_unknown = matches!(
            self.call.change(), Some(SharingChange::Permissions(permissions)) if !permissions.is_known);
        if is_unknown {
            exposed = untrusted(now, self.owner(), self.trusted);
        }
        let moment = ProvenTime::looked_up(at);
        let class = FindingClass::Exposed;
        changes.extend(some(exposed).map(|grantees| MemoryChange::Opened { class, grantees, moment }));
        changes.push(MemoryChange::Seen(SeenGrantees { at, grantees: now.clone() }));
    }

    /// What the email reported: each finding with the severity that it stated, and what ended.
    pub(crate) fn reported(&self, findings: &[Finding], history: &CallHistory) -> Vec<MemoryChange> {
        let mut changes = Vec::new();
        for finding in findings {
            self.finding_reported(finding, &mut changes);
        }
        changes.extend(history.ended.iter().map(|ended| MemoryChange::EndReported {
            class: ended.class,
            grantees: ended.grantees.clone(),
            closed: Some(ended.closed.clone()),
        }));
        changes
    }

    fn finding_reported(&self, finding: &Finding, changes: &mut Vec<MemoryChange>) {
        let (at, succeeded) = (self.now, self.call.record.outcome.succeeded());
        let mut report = |class, grantees: Vec<Grantee>, severity| {
            changes.push(MemoryChange::Reported { class, grantees, severity, at });
        };
        let severity = finding.severity;
        match &finding.kind {
            FindingKind::ExposedNow(_, grantees) => {
                report(FindingClass::Exposed, grantees.clone(), severity);
            }
            FindingKind::Shared(exposure, grantees) if succeeded && exposure.is_untrusted() => {
                report(self.class(*exposure), grantees.clone(), severity);
            }
            FindingKind::Lost(grantees) if succeeded => {
                report(FindingClass::Lost, grantees.clone(), severity)
            }
            FindingKind::SnapshotUsed(_, by, exposure) if succeeded && exposure.is_untrusted() => {
                report(FindingClass::Used, vec![Grantee::user(by.as_deref())], severity);
            }
            FindingKind::UnknownChange(Some(now)) if succeeded => {
                for (exposure, grantees) in now.iter().filter(|(exposure, _)| exposure.is_untrusted()) {
                    report(FindingClass::Exposed, grantees.clone(), exposure.severity());
                }
            }
            _ => {}
        }
    }
}

fn some(grantees: Vec<Grantee>) -> Option<Vec<Grantee>> {
    (!grantees.is_empty()).then_some(grantees)
}
