//! A stack's status changed: its branch is re-evaluated, a failure is reported by email, a ready stack as its rule asks.

use aws_sdk_cloudformation::types::StackStatus;
use shared::call_error::CallError;
use shared::decision::Verdict;
use shared::report::Report;

use crate::because::Because;
use crate::converge;
use crate::email::left_behind::message as left_behind_message;
use crate::event::StackChange;
use crate::facts::OperationEvent;
use crate::gather::{Known, events, stack_of};
use crate::identity::BranchId;
use crate::left_behind::left_behind;
use crate::missing::{BranchOutcome, StackPresence};
use crate::notify::{comment_on_pull_requests, report_ready};
use crate::remark::Remark;
use crate::report_failure::{FailedOperation, causes, report_failure};
use crate::report_missing::report_missing;
use crate::report_once::{DueReport, report_once};
use crate::reports::{ReportKey, Reports};
use crate::run::Run;
use crate::stack::{BranchStack, Ownership, StackPhase, stack_name};

/// The events of the operation that ended, newest first, if they are needed.
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
    let causes = if failed { Some(causes(run, change).await) } else { None };
    let ended = match change.status == StackStatus::UpdateComplete {
        true => events(&change.stack.to_string(), change.token.as_deref(), run.aws).await,
        false => Ok(Vec::new()),
    };
    // The creation of a stack that was deleted to be created again still shows that the branch was in use.
    let active_at = stack.created.filter(|_| stack.phase() == StackPhase::Gone);
    let run = &Run { active_at, ..run.clone() };
    let enacted = converge(&run.input(branch), run, Known::default()).await;
    let outcome = enacted.outcome(branch);
    let mut report = enacted.report(branch);
    if let Some(causes) = &causes {
        let (next, missing) = (&outcome.decision, missing(run, &outcome, change));
        let failed = FailedOperation { branch, stack, change, causes, next, missing };
        report.add(report_failure(run, &failed).await);
    } else {
        report.add(report_left_behind(run, branch, change, &ended).await);
        report.add(report_missing(run, std::slice::from_ref(&outcome), &Reports::new()).await);
    }
    if let Some(stack) = &outcome.stack {
        report.add(report_ready(run, branch, stack, &outcome.decision).await);
    }
    report.add(comment_on_pull_requests(run, &outcome, None).await);
    report
}

/// The report that the branch has no stack that works, if the failed operation left it so.
fn missing(run: &Run<'_>, outcome: &BranchOutcome, change: &StackChange) -> Option<ReportKey> {
    let current = outcome.stack.as_ref().filter(|stack| stack.id == change.stack)?;
    match outcome.presence(&run.settings.prefix) {
        StackPresence::Missing(missing) if current.status == change.status => Some(missing.key),
        _ => None,
    }
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
