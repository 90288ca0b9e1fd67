//! What a person can do about a stack that failed, after what was decided about it.

use shared::decision::{Reason, Verdict};

/// Sentences, and commands with what each is for. A command is what follows `aws cloudformation`, without the stack.
#[derive(Debug, Default)]
pub(super) struct Advice {
    pub(super) sentences: Vec<&'static str>,
    pub(super) commands: Vec<(&'static str, &'static str)>,
}

const UNPROTECT: (&str, &str) = (
    "To take its termination protection off",
    "update-termination-protection --no-enable-termination-protection",
);
const TRY_AGAIN: (&str, &str) = ("To have it tried again as it is", "delete-stack");

/// The advice after `next` was decided. `status` is what the stack failed with; `protected` says whether it has
/// termination protection.
pub(super) fn advice(next: &Reason, status: &str, protected: bool) -> Advice {
    let only = |sentence| Advice { sentences: vec![sentence], ..Advice::default() };
    match next.because.code.as_str() {
        "creation-failed" => Advice {
            sentences: vec![
                "Mend the template, a parameter or the service role's rights, and deploy the rules again; or push to the branch. It is then tried again by itself.",
                "If the cause is outside of them, delete the stack as below: when it is gone, it is made anew.",
            ],
            commands: if protected { vec![UNPROTECT, TRY_AGAIN] } else { vec![TRY_AGAIN] },
        },
        "failed-and-protected" => Advice {
            sentences: vec![
                "See what is left of the stack. Then take its termination protection off and delete it: when it is gone, it is made anew.",
            ],
            commands: vec![UNPROTECT, TRY_AGAIN],
        },
        "update-failed" => only(
            "The stack works as it did before. Mend the template or a parameter and deploy the rules again: it is then tried again by itself. If the cause is outside of them, change anything in the rule, such as a tag, and deploy.",
        ),
        "update-stuck" if status == "UPDATE_ROLLBACK_FAILED" => Advice {
            sentences: vec![
                "Remove what keeps the rollback from going on, then continue it. Until then the stack is left alone.",
            ],
            commands: vec![("To continue the rollback", "continue-update-rollback")],
        },
        "update-stuck" => Advice {
            sentences: vec![
                "The stack stopped where it failed. Bring it back to what it was; until then it is left alone.",
            ],
            commands: if status == "UPDATE_FAILED" {
                vec![("To roll it back", "rollback-stack")]
            } else {
                Vec::new()
            },
        },
        "deletion-failed" | "half-deleted" => Advice {
            sentences: vec![
                "Remove what keeps the resources from being deleted: objects in a bucket (keep a copy of what matters), images in a repository, something made by hand in a network.",
                match next.because.code.as_str() {
                    "deletion-failed" => {
                        "Deleting is then tried again once a day; with the command below, at once."
                    }
                    _ => "Then end the deletion as below: when the stack is gone, it is made anew.",
                },
            ],
            commands: vec![("To delete it now", "delete-stack")],
        },
        _ => only(match next.verdict {
            Verdict::Delete | Verdict::Update | Verdict::Create => {
                "Nothing: it goes on by itself. If that fails, too, there is a mail of its own."
            }
            Verdict::Fail => {
                "Nothing yet: it is tried again, and then the event is in the failed queue. The log says more."
            }
            _ => "Nothing, as things are.",
        }),
    }
}
