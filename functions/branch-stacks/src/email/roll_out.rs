//! The email that a roll-out stopped: which stacks failed, why, what happens to the others, what an operator can do. Pure.

use shared::email::Message;
use shared::text::count;

use super::layout::{HISTORY, commands, fields, items, items_at_most};
use super::{StackFailure, details};
use crate::decide::StackDecision;
use crate::stack::stack_name;

/// The most stacks that are named.
const MOST_STACKS: usize = 10;

const NEXT: &str = "The function updates no other stack to this state of the template and the rule. Stacks that failed are \
                    rolled back, and the others are left unchanged. Later failures of this roll-out have no email of their own; \
                    reconcile emails the branches that are left without a stack.";

const ADVICE: [&str; 2] = [
    "Fix the template or the rule and deploy the rules again: the change begins another roll-out, also for the stacks that failed.",
    "If the cause is elsewhere (a permission of the service role, a quota), fix it, change any value in the rule, such as a \
     tag, and deploy the rules again.",
];

/// The email. `failure` is the last failure, and `stacks` are the names of all stacks that failed.
pub fn stopped(failure: &StackFailure<'_>, next: &StackDecision, stacks: &[String]) -> Message {
    let rule = next.reason(failure.branch).because.config.unwrap_or_default();
    let place = if rule.is_empty() { String::new() } else { format!(" ({rule})") };
    let headline = format!("Roll-out stopped: {} failed{place}", count(stacks.len(), "stack"));
    let mut paragraphs = vec![
        format!(
            "{} failed with the same template and rule, so the roll-out has stopped.",
            count(stacks.len(), "stack")
        ),
        fields(&[("Rule", &rule), ("Time", &failure.change.time)]),
        "Which stacks failed".to_owned(),
        items_at_most(stacks, MOST_STACKS, ""),
        format!("Why {} failed", stack_name(&failure.change.stack)),
        items(&details(failure.causes), "the stack's events name no resource"),
        "What happens next".to_owned(),
        NEXT.to_owned(),
        "What you can do".to_owned(),
        items(&ADVICE, "nothing"),
    ];
    paragraphs.extend(commands(&failure.change.stack, [HISTORY]));
    Message::plain(&headline, &(paragraphs.join("\n\n") + "\n"))
}
