//! Emails the failure of an operation. The failures of one roll-out are emailed together: with the last update that is in
//! progress or, when the roll-out stops, in one email about the stop.

use std::collections::BTreeSet;

use shared::act::Performed;
use shared::decision::Verdict;
use shared::report::Report;
use shared::table_error::TableError;

use crate::act::perform;
use crate::because::Because;
use crate::decide::StackDecision;
use crate::effect::Effect;
use crate::email::{FailureCauses, StackFailure, decide_email, roll_out};
use crate::event::StackChange;
use crate::gather::{StackListing, all_stacks, events, failed_validations, may_have_failed_validation};
use crate::identity::BranchId;
use crate::remark::Remark;
use crate::report_once::{DueReport, REMIND_AFTER, record, report_once, table_failure};
use crate::reports::{ReportKey, Reports};
use crate::roll_out::{ENOUGH_FAILURES, RollOutId, RollOutStacks};
use crate::run::Run;
use crate::stack::{BranchStack, StackPhase, stack_name};

/// Why the operation failed, as far as it can be read.
pub async fn causes(run: &Run<'_>, change: &StackChange) -> FailureCauses {
    let stack = change.stack.to_string();
    let events = events(&stack, change.token.as_deref(), run.aws).await;
    let validations = match &events {
        // CloudFormation validates creations and updates only.
        Ok(events) if StackPhase::of(&change.status) != StackPhase::DeletionFailed => {
            match may_have_failed_validation(events) {
                true => failed_validations(&stack, events, run.aws).await,
                false => Ok(Vec::new()),
            }
        }
        Ok(_) | Err(_) => Ok(Vec::new()),
    };
    FailureCauses { events, validations }
}

/// A failed operation, and what was decided about the branch after it.
#[derive(Debug, Clone)]
pub struct FailedOperation<'a> {
    /// The branch.
    pub branch: &'a BranchId,
    /// The stack.
    pub stack: &'a BranchStack,
    /// The status change that reports the failure.
    pub change: &'a StackChange,
    /// Why it failed.
    pub causes: &'a FailureCauses,
    /// The decision after it.
    pub next: &'a StackDecision,
    /// The report that the branch has no stack that works, which reconcile would make; none if the branch has one.
    pub missing: Option<ReportKey>,
}

impl FailedOperation<'_> {
    fn failure<'f>(&'f self, others: &'f [String]) -> StackFailure<'f> {
        let Self { branch, change, causes, stack, .. } = self;
        StackFailure { branch, change, causes, protected: stack.protected, others }
    }

    /// The roll-out that failed: an update has it in its token, and a creation is one of the branch's rule.
    fn roll_out(&self, run: &Run<'_>) -> Option<RollOutId> {
        match StackPhase::of(&self.change.status) {
            StackPhase::UpdateUndone | StackPhase::UpdateStuck => {
                let events = self.causes.events.as_deref().unwrap_or_default();
                let read = events.iter().find_map(|event| event.token.as_deref());
                self.change.token.as_deref().or(read).and_then(RollOutId::of_token)
            }
            StackPhase::CreationFailed => {
                let rule = run.rules.covering(self.branch)?;
                let current = RollOutId::of_update(rule, self.branch, self.stack).is_none();
                current.then(|| RollOutId::of_rule(rule))
            }
            _ => None,
        }
    }

    fn name(&self) -> &str {
        stack_name(&self.change.stack)
    }

    fn is_creation(&self) -> bool {
        StackPhase::of(&self.change.status) == StackPhase::CreationFailed
    }
}

/// Reports a failed operation.
pub async fn report_failure(run: &Run<'_>, failed: &FailedOperation<'_>) -> Report {
    let Some(id) = failed.roll_out(run) else { return email(run, failed).await };
    match recorded(run, failed, &id).await {
        Ok(reports) => report_roll_out(run, failed, &id, &reports).await,
        Err(error) => {
            let report = email(run, failed).await;
            joined(report, table_failure(&failed.branch.to_string(), error))
        }
    }
}

/// Records the failure, and reads the reports of the roll-out.
async fn recorded(
    run: &Run<'_>,
    failed: &FailedOperation<'_>,
    id: &RollOutId,
) -> Result<Reports, TableError> {
    let key = id.failure(failed.name());
    record(run, &key).await?;
    let mut reports = run.table().all().await?;
    reports.insert(key, run.invocation.now);
    Ok(reports)
}

async fn report_roll_out(
    run: &Run<'_>,
    failed: &FailedOperation<'_>,
    id: &RollOutId,
    reports: &Reports,
) -> Report {
    let recorded = id.failed_stacks(reports);
    // Without the list, the failures count as they are recorded, and no email waits.
    let listing = match failed.is_creation() && recorded.len() < ENOUGH_FAILURES {
        true => StackListing::default(),
        false => all_stacks(&run.settings.prefix, run.aws).await.unwrap_or_default(),
    };
    let stacks = RollOutStacks { id, rules: run.rules, listing: &listing };
    let names = stacks.still_failed(recorded);
    let stops = names.len() >= ENOUGH_FAILURES && !(failed.is_creation() && stacks.is_proven());
    // An operator has to act on a stuck stack, whatever becomes of the roll-out.
    let is_stuck = StackPhase::of(&failed.change.status) == StackPhase::UpdateStuck;
    let own = if is_stuck { email(run, failed).await } else { Report::default() };
    match stops {
        true if reports.contains_key(&id.stop()) && is_stuck => own,
        true => {
            // The email about the stop does not name a stack that fails after it: reconcile reports it, if its branch has no stack
            // that works then, together with all others.
            if reports.contains_key(&id.stop()) {
                return noted(failed, Remark::InStopEmail { stack: failed.name().to_owned() });
            }
            let stop = stop(run, failed, id, &names).await;
            match stop.reasons.is_empty() {
                true => joined(joined(own, stop), reported_missing(run, failed).await),
                false => joined(own, stop),
            }
        }
        false if is_stuck => own,
        false if failed.is_creation() => email(run, failed).await,
        false if stacks.others_may_fail(failed.stack, &names) => {
            noted(failed, Remark::EmailWaits { stack: failed.name().to_owned() })
        }
        false => email_once(run, failed, id, reports).await,
    }
}

fn joined(mut report: Report, other: Report) -> Report {
    report.add(other);
    report
}

/// The email that the roll-out stopped.
async fn stop(
    run: &Run<'_>,
    failed: &FailedOperation<'_>,
    id: &RollOutId,
    names: &BTreeSet<String>,
) -> Report {
    let names: Vec<String> = names.iter().cloned().collect();
    let message = roll_out::stopped(&failed.failure(&[]), failed.next, &names);
    let subject = failed.branch.to_string();
    let due = DueReport { key: id.stop(), subject, message, remind_after: None };
    let mut report = noted(failed, Remark::InStopEmail { stack: failed.name().to_owned() });
    report.add(report_once(run, &due).await);
    report
}

/// Sends the emails that waited for other updates of their roll-out and were not sent with them.
pub async fn report_waiting(run: &Run<'_>, stacks: &StackListing, reports: &Reports) -> Report {
    let mut report = Report::default();
    for (branch, stack) in &stacks.ours {
        let Some(rule) = run.rules.covering(branch) else { continue };
        let id = RollOutId::of_rule(rule);
        let is_known = |key: &ReportKey| reports.contains_key(key);
        let waits = is_known(&id.failure(stack.name())) && !is_known(&id.email(stack.name()));
        if stack.phase() == StackPhase::UpdateUndone && waits && !is_known(&id.stop()) {
            let (status, time) = (stack.status.clone(), run.event_time.clone());
            let change =
                StackChange { stack: stack.id.clone(), status, reason: String::new(), time, token: None };
            let next = StackDecision {
                verdict: Verdict::Hold,
                because: Because::UpdateFailed,
                rule: Some(rule.place.clone()),
                effects: Vec::new(),
                remarks: Vec::new(),
                wants_stack: true,
            };
            let (causes, missing) = (&causes(run, &change).await, None);
            let failed = FailedOperation { branch, stack, change: &change, causes, next: &next, missing };
            report.add(email_once(run, &failed, &id, reports).await);
        }
    }
    report
}

/// The email about this failure and those that waited for it.
async fn email_once(
    run: &Run<'_>,
    failed: &FailedOperation<'_>,
    id: &RollOutId,
    reports: &Reports,
) -> Report {
    let names = id.failed_stacks(reports).into_iter();
    let waiting = names.filter(|name| name != failed.name() && !reports.contains_key(&id.email(name)));
    let others: Vec<String> = waiting.collect();
    let failure = failed.failure(&others);
    let (remarks, effect) = decide_email(&failure, failed.next, run.settings.topic.as_deref());
    let mut report = Report::default();
    remarks.iter().for_each(|remark| report.note(&remark.subject(), remark));
    let Some(message) = effect.and_then(|effect| effect.message()) else { return report };
    let subject = failed.branch.to_string();
    let due = DueReport { key: id.email(failed.name()), subject, message, remind_after: None };
    report.add(report_once(run, &due).await);
    for other in &others {
        if let Err(error) = record(run, &id.email(other)).await {
            report.add(table_failure(&failed.branch.to_string(), error));
        }
    }
    report
}

/// Records that the email about the roll-out reports the branch, so that reconcile does not report it again.
async fn reported_missing(run: &Run<'_>, failed: &FailedOperation<'_>) -> Report {
    let Some(key) = &failed.missing else { return Report::default() };
    match record(run, key).await {
        Err(error) => table_failure(&failed.branch.to_string(), error),
        Ok(()) => Report::default(),
    }
}

/// An email of its own. One about a branch without a stack that works is sent once, and again while that lasts; any other is
/// sent for each delivery of the event.
async fn email(run: &Run<'_>, failed: &FailedOperation<'_>) -> Report {
    let mut report = Report::default();
    let topic = run.settings.topic.as_deref();
    let (remarks, email) = decide_email(&failed.failure(&[]), failed.next, topic);
    remarks.iter().for_each(|remark| report.note(&remark.subject(), remark));
    let Some(email) = email else { return report };
    if let (Some(key), Effect::Publish { message, .. }) = (&failed.missing, &email) {
        let (key, subject, message) = (key.clone(), failed.branch.to_string(), message.clone());
        let due = DueReport { key, subject, message, remind_after: Some(REMIND_AFTER) };
        let once = report_once(run, &due).await;
        let prevented = once.actions.is_empty() && !once.reasons.is_empty();
        report.add(once);
        // A table that does not answer must not hide a failure: the email may then be sent again.
        if !prevented {
            return report;
        }
    }
    let (action, performed) = perform(&email, run.aws, run.invocation.executor).await;
    report.actions.push(action);
    if let Performed::Failed(error) = performed {
        report.reason(Verdict::Fail, &failed.branch.to_string(), &Because::EmailFailed { error });
    }
    report
}

/// The failure as a note, with the reason for which there is no email of its own.
fn noted(failed: &FailedOperation<'_>, remark: Remark) -> Report {
    let (remarks, _) = decide_email(&failed.failure(&[]), failed.next, Some(""));
    let mut report = Report::default();
    remarks.iter().chain([&remark]).for_each(|remark| report.note(&remark.subject(), remark));
    report
}
