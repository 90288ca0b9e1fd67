//! A stack's status changed: its branch is re-evaluated, a failure is reported by email, a ready stack as its rule asks.

use aws_sdk_cloudformation::types::StackStatus;
use shared::act::Performed;
use shared::call_error::CallError;
use shared::decision::Verdict;
use shared::report::Report;

use crate::act::{Enacted, perform};
use crate::because::Because;
use crate::converge;
use crate::effect::Effect;
use crate::email::{StackFailure, decide_email, left_behind::message as left_behind_message};
use crate::event::StackChange;
use crate::facts::OperationEvent;
use crate::gather::{events, stack_of};
use crate::identity::BranchId;
use crate::left_behind::left_behind;
use crate::missing::StackPresence;
use crate::notify::{comment_on_pull_requests, report_ready};
use crate::remark::Remark;
use crate::report_missing::report_missing;
use crate::report_once::{DueReport, REMIND_AFTER, report_once};
use crate::reports::{ReportKey, Reports};
use crate::run::Run;
use crate::stack::{BranchStack, Ownership, StackPhase, stack_name};

/// The events of the operation that ended, newest first, where they are needed.
type OperationEvents = Result<Vec<OperationEvent>, CallError>;

/// Handles the change of a stack's status.
pub async fn stack_changed(run: &Run<'_>, change: &StackChange) -> Report {
    let report = |verdict, because| Report::of(verdict, stack_name(&change.stack), &because);
    match stack_of(&change.stack.to_string(), &run.settings.prefix, run.aws).await {
        Ok(Some(Ownership::Ours(branch, stack))) => branch_stack_changed(run, change, &branch, &stack).await,
        Ok(Some(Ownership::Foreign(foreign))) => report(Verdict::Skip, Because::NotOurStack(foreign)),
        Ok(None) => report(Verdict::Skip, Because::StackForgotten),
        Err(error) => report(Verdict::Fail, Because::StackUnreadable { error }),
    }
}

async fn branch_stack_changed(
    run: &Run<'_>,
    change: &StackChange,
    branch: &BranchId,
    stack: &BranchStack,
) -> Report {
    let failed = StackPhase::of(&change.status).is_failure();
    // Read before any effect, because an effect adds events of its own.
    let events = match failed || change.status == StackStatus::UpdateComplete {
        true => events(&change.stack.to_string(), change.token.as_deref(), run.aws).await,
        false => Ok(Vec::new()),
    };
    // The creation of a stack that was deleted to be created again still shows that the branch was in use.
    let active_at = stack.created.filter(|_| stack.phase() == StackPhase::Gone);
    let run = &Run { active_at, ..run.clone() };
    let enacted = converge(&run.input(branch), run, None).await;
    let outcome = enacted.outcome(branch);
    let mut report = enacted.report(branch);
    if failed {
        let failure = StackFailure { branch, change, events: &events, protected: stack.protected };
        report.add(report_failure(run, &failure, &enacted).await);
    } else {
        report.add(report_left_behind(run, branch, change, &events).await);
        report.add(report_missing(run, std::slice::from_ref(&outcome), &Reports::new()).await);
    }
    if let Some(stack) = &outcome.stack {
        report.add(report_ready(run, branch, stack, &outcome.decision).await);
    }
    report.add(comment_on_pull_requests(run, &outcome, None).await);
    report
}

/// Emails a failure. One that leaves the branch without a stack that works is what reconcile would report later, so it is
/// remembered under the same key: it is emailed once, and again while it lasts.
async fn report_failure(run: &Run<'_>, failure: &StackFailure<'_>, enacted: &Enacted) -> Report {
    let mut report = Report::default();
    let (remarks, email) = decide_email(failure, &enacted.decision, run.settings.topic.as_deref());
    remarks.iter().for_each(|remark| report.note(&remark.subject(), remark));
    let Some(email) = email else { return report };
    let subject = failure.branch.to_string();
    let outcome = enacted.outcome(failure.branch);
    let is_current = outcome
        .stack
        .as_ref()
        .is_some_and(|stack| stack.id == failure.change.stack && stack.status == failure.change.status);
    if let (StackPresence::Missing(missing), Effect::Publish { message, .. }, true) =
        (outcome.presence(&run.settings.prefix), &email, is_current)
    {
        let (key, message) = (missing.key, message.clone());
        let due = DueReport { key, subject: subject.clone(), message, remind_after: Some(REMIND_AFTER) };
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
        report.reason(Verdict::Fail, &subject, &Because::EmailFailed { error });
    }
    report
}

/// Emails the resources that a complete update left behind, once.
async fn report_left_behind(
    run: &Run<'_>,
    branch: &BranchId,
    change: &StackChange,
    events: &OperationEvents,
) -> Report {
    let mut report = Report::default();
    let left = match events {
        Ok(events) => left_behind(events),
        // The branch was evaluated, and the retry of the invocation reads the events again.
        Err(error) => {
            let because = Because::StackUnreadable { error: error.clone() };
            report.reason(Verdict::Fail, &branch.to_string(), &because);
            return report;
        }
    };
    let Some(first) = left.first() else { return report };
    let stack = stack_name(&change.stack).to_owned();
    let remark = Remark::LeftBehind { stack: stack.clone(), first: first.clone(), count: left.len() };
    report.note(&remark.subject(), &remark);
    let key = ReportKey::of_stack(
        &stack,
        &format!("left-behind {}", change.token.as_ref().unwrap_or(&change.time)),
    );
    let message = left_behind_message(branch, change, &left);
    let due = DueReport { key, subject: branch.to_string(), message, remind_after: None };
    report.add(report_once(run, &due).await);
    report
}
