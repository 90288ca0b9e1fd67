//! The email about resources that an update left behind. Pure.

use shared::email::Message;

use super::items;
use crate::event::StackChange;
use crate::identity::BranchId;
use crate::left_behind::ResourceLeft;
use crate::stack::stack_name;
use shared::text::printable;

/// The most resources that are listed; an update can replace 500.
const MOST_RESOURCES: usize = 100;

/// The email.
pub(crate) fn message(branch: &BranchId, change: &StackChange, left: &[ResourceLeft]) -> Message {
    let fields = [
        ("Repository", branch.repository.as_str()),
        ("Branch", &branch.name),
        ("Stack", stack_name(&change.stack)),
        ("Status", change.status.as_str()),
        ("Time", &change.time),
    ];
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name:<11}{}", printable(value))).collect();
    let paragraphs = [
        "An update of a stack is complete, but CloudFormation could not delete resources that the stack no longer needs.".to_owned(),
        fields.join("\n"),
        "Left behind".to_owned(),
        list(left),
        "What you can do".to_owned(),
        "- Delete each of them by hand. They belong to no stack any more: neither CloudFormation nor this function deletes them, \
         and AWS bills them."
            .to_owned(),
    ];
    Message::plain(&format!("Resources left behind: {branch}"), &(paragraphs.join("\n\n") + "\n"))
}

/// The resources, one a line.
pub(crate) fn list(left: &[ResourceLeft]) -> String {
    let more = left.len().saturating_sub(MOST_RESOURCES);
    let shown = items(&left[..left.len().min(MOST_RESOURCES)], "nothing");
    if more == 0 { shown } else { format!("{shown}\n- and {more} more") }
}
