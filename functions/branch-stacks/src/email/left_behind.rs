//! The email about resources that an update left behind. Pure.

use shared::email::Message;

use super::layout::{fields, items_at_most};
use crate::event::StackChange;
use crate::identity::BranchId;
use crate::left_behind::ResourceLeft;
use crate::stack::stack_name;

/// The most resources that are listed; an update can replace 500.
const MOST_RESOURCES: usize = 100;

/// The email.
pub(crate) fn message(branch: &BranchId, change: &StackChange, left: &[ResourceLeft]) -> Message {
    let fields = fields(&[
        ("Repository", branch.repository.as_str()),
        ("Branch", &branch.name),
        ("Stack", stack_name(&change.stack)),
        ("Status", change.status.as_str()),
        ("Time", &change.time),
    ]);
    let paragraphs = [
        "An update of a stack is complete, but CloudFormation could not delete resources that the stack no longer needs.".to_owned(),
        fields,
        "Left behind".to_owned(),
        list(left),
        "What you can do".to_owned(),
        "- Delete each resource by hand. No stack contains it any more: neither CloudFormation nor this function deletes it, and \
         AWS bills it."
            .to_owned(),
    ];
    Message::plain(&format!("Resources left behind: {branch}"), &(paragraphs.join("\n\n") + "\n"))
}

/// The resources, one a line.
pub(crate) fn list(left: &[ResourceLeft]) -> String {
    items_at_most(left, MOST_RESOURCES, "; the stack's events name them")
}
