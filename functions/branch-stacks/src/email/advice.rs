//! What an operator can do about a failed stack, given the decision after the failure.

use aws_sdk_cloudformation::types::StackStatus;
use shared::decision::Verdict;

use crate::because::Because;
use crate::decide::StackDecision;

/// Sentences, and commands with their purposes. A command is what follows `aws cloudformation`, without the stack's name.
#[derive(Debug, Default)]
pub(super) struct StackAdvice {
    pub(super) sentences: Vec<&'static str>,
    pub(super) commands: Vec<(&'static str, &'static str)>,
}

const UNPROTECT: (&str, &str) = (
    "To disable the stack's termination protection",
    "update-termination-protection --no-enable-termination-protection",
);
const DELETE: (&str, &str) = ("To delete the stack now", "delete-stack");

/// The advice after the decision `next`. `status` is the status that reports the failure; `protected` says whether the stack
/// has termination protection.
pub(super) fn advice(next: &StackDecision, status: &StackStatus, protected: bool) -> StackAdvice {
    let (sentences, commands): (&[&str], &[_]) = match &next.because {
        Because::CreationFailed { .. } | Because::CreationWaits { .. } => (
            &[
                "Fix the template or the rule and deploy the rules again, or push to the branch: the stack is created again \
                 automatically.",
                "If the cause is elsewhere (a permission of the service role, a quota), fix it and delete the stack with the \
                 command below: when the deletion completes, the stack is created again.",
            ],
            if protected { &[UNPROTECT, DELETE] } else { &[DELETE] },
        ),
        Because::FailedAndProtected { .. } => (
            &[
                "Check which resources the stack still has. Then disable its termination protection and delete it: when the \
                 deletion completes, the stack is created again.",
            ],
            &[UNPROTECT, DELETE],
        ),
        Because::UpdateFailed => (
            &[
                "The stack works in its previous state. Fix the template or the rule and deploy the rules again: the update is \
                 then retried automatically.",
                "If the cause is elsewhere, fix it, change any value in the rule, such as a tag, and deploy the rules again.",
            ],
            &[],
        ),
        Because::UpdateStuck { .. } => stuck(status),
        Because::DeletionFailed { .. } => (
            &[BLOCKING, "The deletion is then retried once a day. To retry it now, run the command below."],
            &[DELETE],
        ),
        Because::HalfDeleted => (
            &[
                BLOCKING,
                "Then complete the deletion with the command below: when the deletion completes, the stack is created again.",
            ],
            &[DELETE],
        ),
        _ => (by_verdict(next.verdict), &[]),
    };
    StackAdvice { sentences: sentences.to_vec(), commands: commands.to_vec() }
}

const BLOCKING: &str = "Remove what blocks the deletion: objects in a bucket (keep a copy of the ones you need), images in an \
                        image repository, a resource created by hand in a network.";

type Parts = (&'static [&'static str], &'static [(&'static str, &'static str)]);

fn stuck(status: &StackStatus) -> Parts {
    const RESTORE: &[&str] = &[
        "The stack stopped where the operation failed. Restore its previous state; until then the stack is left unchanged.",
    ];
    match status {
        StackStatus::UpdateRollbackFailed => (
            &["Remove what blocks the rollback, then continue it; until then the stack is left unchanged."],
            &[("To continue the rollback", "continue-update-rollback")],
        ),
        StackStatus::UpdateFailed => (RESTORE, &[("To roll the stack back", "rollback-stack")]),
        _ => (RESTORE, &[]),
    }
}

fn by_verdict(verdict: Verdict) -> &'static [&'static str] {
    match verdict {
        Verdict::Delete | Verdict::Update | Verdict::Create => {
            &["Nothing: this operation runs automatically. If it fails too, another email reports it."]
        }
        Verdict::Fail => &[
            "Nothing yet: the invocation is retried. If every retry fails, the event is kept in the queue of failed events, and \
             the log has the details.",
        ],
        _ => &["Nothing: no action is needed now."],
    }
}
