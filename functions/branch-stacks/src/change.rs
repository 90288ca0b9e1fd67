//! A stack's status changed: its branch is re-evaluated, and a failure is reported by email.

use shared::decision::Verdict;
use shared::report::Report;

use crate::because::Because;
use crate::converge;
use crate::event::StackChange;
use crate::gather::{Known, stack_of};
use crate::identity::BranchId;
use crate::report_failure::{FailedOperation, causes, report_failure};
use crate::run::Run;
use crate::stack::{BranchStack, Ownership, StackPhase, stack_name};

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
    // The creation of a stack that was deleted to be created again still shows that the branch was in use.
    let active_at = stack.created.filter(|_| stack.phase() == StackPhase::Gone);
    let run = &Run { active_at, ..run.clone() };
    let enacted = converge(&run.input(branch), run, Known::default()).await;
    let mut report = enacted.report(branch);
    if let Some(causes) = &causes {
        let failed = FailedOperation { branch, stack, change, causes, next: &enacted.decision };
        report.add(report_failure(run, &failed).await);
    }
    report
}
