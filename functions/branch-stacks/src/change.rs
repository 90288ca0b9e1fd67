//! A stack's status changed: its branch is re-evaluated, and a failure is reported by email.

use shared::act::Performed;
use shared::decision::Verdict;
use shared::report::Report;

use crate::act::perform;
use crate::because::Because;
use crate::converge;
use crate::email::{FailureCauses, StackFailure, decide_email};
use crate::event::StackChange;
use crate::gather::{events, failed_validations, may_have_failed_validation, stack_of};
use crate::identity::BranchId;
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
    let causes = match failed {
        true => causes(run, change).await,
        false => FailureCauses { events: Ok(Vec::new()), validations: Ok(Vec::new()) },
    };
    // The creation of a stack that was deleted to be created again still shows that the branch was in use.
    let active_at = stack.created.filter(|_| stack.phase() == StackPhase::Gone);
    let run = &Run { active_at, ..run.clone() };
    let enacted = converge(&run.input(branch), run, None).await;
    let mut report = enacted.report(branch);
    if failed {
        let failure = StackFailure { branch, change, causes: &causes, protected: stack.protected };
        let (remarks, email) = decide_email(&failure, &enacted.decision, run.settings.topic.as_deref());
        remarks.iter().for_each(|remark| report.note(&remark.subject(), remark));
        if let Some(email) = email {
            let (action, performed) = perform(&email, run.aws, run.invocation.executor).await;
            report.actions.push(action);
            if let Performed::Failed(error) = performed {
                report.reason(Verdict::Fail, &branch.to_string(), &Because::EmailFailed { error });
            }
        }
    }
    report
}

/// Why the operation failed, as far as it can be read.
async fn causes(run: &Run<'_>, change: &StackChange) -> FailureCauses {
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
