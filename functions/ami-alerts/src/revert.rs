//! Decides about the revert of a recorded call: from the plan and from what an earlier try of the event did. Pure.

use shared::act::Performed;
use shared::decision::Verdict;
use shared::report::Report;

use crate::because::Because;
use crate::change::{ResourceKind, SharingChange};
use crate::claim::AlertTableError;
use crate::decide::{AssessedCall, Decided};
use crate::effect::{Effect, Revocation};
use crate::facts::Facts;
use crate::grantee::Grantee;
use crate::remark::Remark;
use crate::revert_plan::{FailedRevert, RecordedRevert, RevertOutcome, RevertPlan};

/// What an earlier try of the same event did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct EarlierTry {
    /// The revert that it made.
    pub(crate) reverted: Option<RecordedRevert>,
    /// Whether it emailed that the revert failed.
    pub(crate) failure_was_reported: bool,
}

impl AssessedCall<'_> {
    /// Whether this invocation is to revoke access.
    pub(crate) fn reverts(&self) -> bool {
        matches!(self.assessment.revert, RevertPlan::Revoke(_))
    }

    /// Whether an earlier try may have reverted the call although this one plans no revert: the record does not name the
    /// grantees, and a reverted share no longer shows in the current permissions.
    pub(crate) fn may_be_reverted(&self) -> bool {
        let asks_for_revert = self.assessment.rule.is_some_and(|rule| rule.revert.is_some());
        let is_unnamed = matches!(self.call.change(), Some(SharingChange::Permissions(permissions)) if !permissions.is_known);
        asks_for_revert && is_unnamed && self.call.record.outcome.succeeded()
    }

    /// The revocation, or the email if nothing is to be revoked. What an earlier try revoked is not revoked again: access
    /// that a later call granted has an event of its own.
    pub(crate) fn revert_or_email(&self, facts: &Facts, earlier: EarlierTry, report: &mut Report) -> Effect {
        self.report_held(report);
        let planned = self.assessment.revert.revocable();
        let Some(reverted) = earlier.reverted else {
            return match (planned, self.blocked()) {
                ([], None) => self.email(facts, RevertOutcome::NotPlanned),
                ([], Some(blocked)) => self.email(facts, blocked),
                (planned, _) => self.revocation(planned.to_vec(), Vec::new(), earlier.failure_was_reported),
            };
        };
        let RecordedRevert { grantees: before, at } = reverted;
        let left: Vec<Grantee> =
            planned.iter().filter(|grantee| !before.contains(grantee)).cloned().collect();
        if !left.is_empty() {
            return self.revocation(left, before, earlier.failure_was_reported);
        }
        let because = Because::RevertedBefore { grantees: before.clone(), at };
        report.reason(Verdict::Revert, &self.call.subject(), &because);
        self.email(facts, RevertOutcome::RevokedBefore(before, at))
    }

    /// Reports what blocks the revert, of the whole call or of some grantees.
    fn report_held(&self, report: &mut Report) {
        let subject = self.call.subject();
        if let RevertPlan::Blocked(block) = self.assessment.revert {
            let because = Because::RevertBlocked { block, grantees: Vec::new() };
            report.reason(Verdict::Hold, &subject, &because);
        }
        for held in self.assessment.revert.held() {
            let because = Because::RevertBlocked { block: held.block, grantees: held.grantees.clone() };
            report.reason(Verdict::Hold, &subject, &because);
        }
    }

    /// The outcome of a revert that is blocked for every grantee.
    fn blocked(&self) -> Option<RevertOutcome> {
        match &self.assessment.revert {
            RevertPlan::Blocked(block) => Some(RevertOutcome::Blocked(*block)),
            RevertPlan::Held(held) => held.first().map(|held| RevertOutcome::Blocked(held.block)),
            RevertPlan::Nothing | RevertPlan::Revoke(_) => None,
        }
    }

    fn revocation(
        &self,
        grantees: Vec<Grantee>,
        revoked_before: Vec<Grantee>,
        is_second_try: bool,
    ) -> Effect {
        let resource = self.call.resource();
        Effect::Revoke(Revocation {
            event: self.call.key(),
            account: self.call.record.account.clone(),
            region: self.call.region(self.home).to_owned(),
            kind: resource.map_or(ResourceKind::Image, |resource| resource.kind),
            id: resource.and_then(|resource| resource.legal_id()).unwrap_or_default().to_owned(),
            grantees,
            revoked_before,
            failure_was_reported: is_second_try,
        })
    }
}

/// The decision that follows a revocation.
pub(crate) fn after_revocation(
    assessed: &AssessedCall<'_>,
    facts: &Facts,
    revocation: Revocation,
    result: Performed<(), FailedRevert>,
    unrecorded: Option<AlertTableError>,
) -> Decided {
    let mut report = Report::default();
    let subject = assessed.call.subject();
    let rule = assessed.assessment.rule.map(|rule| rule.place.clone());
    let reverted = |grantees: &[Grantee]| Because::Reverted { grantees: grantees.to_vec(), rule };
    let all = |grantees: &[Grantee]| [&revocation.revoked_before[..], grantees].concat();
    let outcome = match result {
        Performed::Done(()) | Performed::NotCalled => {
            report.reason(Verdict::Revert, &subject, &reverted(&revocation.grantees));
            RevertOutcome::Revoked(all(&revocation.grantees))
        }
        Performed::Failed(failed) => {
            if !failed.revoked.is_empty() {
                report.reason(Verdict::Revert, &subject, &reverted(&failed.revoked));
            }
            let FailedRevert { revoked, left, error } = failed;
            let because = Because::RevertFailed { grantees: left.clone(), error: error.clone() };
            report.reason(Verdict::Fail, &subject, &because);
            RevertOutcome::Failed(FailedRevert { revoked: all(&revoked), left, error })
        }
    };
    if let Some(error) = unrecorded {
        report.note(&subject, &Remark::RevertNotRecorded { error });
    }
    let is_repeat = revocation.failure_was_reported && matches!(outcome, RevertOutcome::Failed(..));
    let effects = match is_repeat {
        true => assessed.remember(facts, &outcome),
        false => vec![assessed.email(facts, outcome)],
    };
    Decided { report, effects }
}
