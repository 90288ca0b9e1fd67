//! The email about branches without a stack that works: which, why, and what an operator can do. Pure.

use shared::email::Message;
use shared::text::{count, printable};

use super::advice::{StackAdvice, advice};
use super::layout::{HISTORY, commands, items, items_at_most};
use crate::because::Because;
use crate::missing::MissingStack;
use crate::reports::Reports;
use crate::stack::stack_name;

/// The most branches that are listed under one reason.
const MOST_BRANCHES: usize = 50;

const CREATED_LATER: &str = "The first reconcile run after that creates the stack.";

/// Branches that have the same reason.
struct SameReason<'a, 'm> {
    because: &'m Because,
    sentence: String,
    branches: Vec<&'a MissingStack<'m>>,
}

/// The email about these branches; there is at least one. `known` are the earlier reports.
pub(crate) fn message(missing: &[MissingStack<'_>], known: &Reports) -> Message {
    let headline = match missing {
        [one] => format!("No working stack: {}", one.branch),
        several => format!("No working stack for {}", count(several.len(), "branch")),
    };
    let mut paragraphs = vec![match missing {
        [_] => "The rules require a stack for a branch, and the branch has none that works.".to_owned(),
        _ => {
            "The rules require a stack for each of these branches, and they have none that works.".to_owned()
        }
    }];
    for group in grouped(missing) {
        paragraphs.extend(group.paragraphs(known));
    }
    paragraphs.push(
        "This email is sent once for each reason, and again after 7 days while the reason remains."
            .to_owned(),
    );
    Message::plain(&headline, &(paragraphs.join("\n\n") + "\n"))
}

/// The branches by reason, in the order of their first branches.
fn grouped<'a, 'm>(missing: &'a [MissingStack<'m>]) -> Vec<SameReason<'a, 'm>> {
    let mut groups: Vec<SameReason<'a, 'm>> = Vec::new();
    for one in missing {
        let sentence = printable(&one.because.to_string());
        match groups.iter_mut().find(|group| group.sentence == sentence) {
            Some(group) => group.branches.push(one),
            None => groups.push(SameReason { because: one.because, sentence, branches: vec![one] }),
        }
    }
    groups
}

impl SameReason<'_, '_> {
    fn paragraphs(&self, known: &Reports) -> Vec<String> {
        let advice = self.advice();
        let branches: Vec<String> = self.branches.iter().map(|one| listed(one, known)).collect();
        let mut paragraphs = vec![
            format!("Why: {}.", self.sentence),
            items_at_most(&branches, MOST_BRANCHES, "; `pointsman stacks` lists all of them"),
            "What you can do".to_owned(),
            items(&advice.sentences, "nothing"),
        ];
        // A command is about one stack; with several, the list of commands would hide the list of branches.
        if let [MissingStack { stack: Some(stack), .. }] = self.branches.as_slice() {
            paragraphs.extend(commands(&stack.id, [HISTORY].into_iter().chain(advice.commands)));
        }
        paragraphs
    }

    fn advice(&self) -> StackAdvice {
        let only =
            |sentences: &[&'static str]| StackAdvice { sentences: sentences.to_vec(), commands: Vec::new() };
        match (self.because, self.branches.first()) {
            (Because::TooManyStacks { .. }, _) => only(&[
                "Delete branches that need no stack any more, or raise max-stacks in the rule and deploy the rules again.",
                CREATED_LATER,
            ]),
            (Because::ForeignStack(_), _) => only(&[
                "Delete the other stack, or deploy branch-stacks with another prefix (the parameter StackPrefix).",
                CREATED_LATER,
            ]),
            (Because::AccountFull, _) => only(&[
                "Delete stacks, or request a higher quota for CloudFormation stacks in this account and region.",
                CREATED_LATER,
            ]),
            (Because::InsufficientCapabilities { .. }, _) => only(&[
                "Add the capability to `capabilities` in the rule, and deploy the rules again.",
                CREATED_LATER,
            ]),
            (Because::CallFailed { .. }, _) => only(&[
                "Fix what CloudFormation refuses: the rule, its template, or the permissions of the function.",
                "The next reconcile run tries the creation again.",
            ]),
            (Because::NeverEnds { .. }, _) => StackAdvice {
                sentences: vec![
                    "Find the resource that is in progress in the stack's events, and fix what it waits for.",
                    "An update can be cancelled with the command below. If the operation still does not end, contact AWS Support.",
                ],
                commands: vec![("To cancel an update", "cancel-update-stack")],
            },
            (Because::RollOutStopped { .. }, _) => only(&[
                "Read the email that the roll-out stopped: it names the stacks that failed, and why. Fix the template or the rule, \
                 and deploy the rules again.",
                "A push to the branch creates its stack in any case.",
            ]),
            (Because::InReview, _) => only(&["Execute the change set, or delete the stack that holds it."]),
            (Because::UnknownStatus { .. }, _) => {
                only(&["Read the stack's status in CloudFormation. Deploy a newer version of pointsman."])
            }
            (_, Some(MissingStack { decision, stack: Some(stack), .. })) => {
                advice(decision, &stack.status, stack.protected)
            }
            _ => only(&["Read the log of branch-stacks."]),
        }
    }
}

/// A branch in a line: its stack, its rule, and the time of the earlier report.
fn listed(one: &MissingStack<'_>, known: &Reports) -> String {
    let stack = one.stack.map_or(one.key.about(), |stack| stack_name(&stack.id));
    let rule = one.decision.rule.as_ref().map(|place| format!(", rule {place}")).unwrap_or_default();
    let before = known.get(&one.key).map(|at| format!(", reported before at {at}")).unwrap_or_default();
    printable(&format!("{} (stack {stack}{rule}{before})", one.branch))
}
