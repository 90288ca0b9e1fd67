//! CloudFormation: the operations and the stacks they work on.
//!
//! Shapes and errors follow the service's API reference, limits "Understand CloudFormation quotas" of its user guide.
//! The virtual clock moves a stack from status to status. The effects of its resources on other services are in
//! `effects`.

mod body;
mod capabilities;
mod create;
mod delete;
mod deployment;
mod describe;
mod document;
mod effects;
mod events;
mod failures;
mod operation_events;
mod parameters;
mod protection;
mod request;
mod resources;
mod stack;
mod tokens;
pub(crate) mod transitions;
mod update;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

pub(crate) use body::is_s3;
pub(crate) use failures::{ArrangedFailure, ArrangedValidation, StackOperation};
use stack::Moment;
pub(crate) use stack::{Goal, STATUSES, StackEvent, StackRecord, ends_by_itself, known_status};
use tokens::Tokens;

use crate::error_answer::ErrorAnswer;
use crate::service::Service;

pub(crate) const SERVICE: Service = Service {
    name: "cloudformation",
    api: "2010-05-15",
    operations: &[
        ("CreateStack", create::create_stack),
        ("DeleteStack", delete::delete_stack),
        ("DescribeEvents", operation_events::describe_events),
        ("DescribeStackEvents", events::describe_stack_events),
        ("DescribeStacks", describe::describe_stacks),
        ("UpdateStack", update::update_stack),
        ("UpdateTerminationProtection", protection::update_termination_protection),
    ],
};

/// Every stack of the account.
#[derive(Debug)]
pub(crate) struct CloudFormation {
    state: Mutex<StackStore>,
    /// The time that a stack stays in a status that ends by itself.
    pub(crate) step: SignedDuration,
    /// Of DescribeStacks, DescribeStackEvents and DescribeEvents; AWS documents no number (1 MB for stacks).
    pub(crate) page_size: usize,
    /// "Stacks: Maximum number of AWS CloudFormation stacks that you can create": 2000.
    pub(crate) max_stacks: usize,
    /// The templates behind TemplateURLs, by URL.
    pub(crate) templates: BTreeMap<String, String>,
    /// The results of Fn::ImportValue, besides the exports of the stacks.
    pub(crate) exports: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct StackStore {
    /// Oldest first; deleted ones stay, as AWS keeps them for 90 days.
    stacks: Vec<StackRecord>,
    tokens: Tokens,
    failing: Vec<ArrangedFailure>,
}

impl Default for CloudFormation {
    fn default() -> CloudFormation {
        CloudFormation {
            state: Mutex::default(),
            step: SignedDuration::from_secs(60),
            page_size: 100,
            max_stacks: 2000,
            templates: BTreeMap::new(),
            exports: BTreeMap::new(),
        }
    }
}

impl CloudFormation {
    /// Puts a stack in the account, with the resources and outputs that its status implies.
    pub(crate) fn seed(&self, mut stack: StackRecord) {
        if !matches!(
            stack.status,
            "CREATE_IN_PROGRESS" | "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE" | "ROLLBACK_COMPLETE"
        ) {
            stack.made = resources::wanted(&stack, &self.exports).unwrap_or_default();
            stack.outputs = resources::outputs(&stack, &self.exports);
        }
        if stack.status.starts_with("UPDATE_ROLLBACK") || stack.status == "UPDATE_IN_PROGRESS" {
            stack.before = Some((stack.goal.clone(), stack.made.clone()));
        }
        self.lock().stacks.push(stack);
    }

    pub(crate) fn fail(&self, failing: ArrangedFailure) {
        self.lock().failing.push(failing);
    }

    /// Ends every arranged failure.
    pub(crate) fn end_failures(&self) {
        self.lock().failing.clear();
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().stacks.iter().any(|stack| stack.name == name && stack.is_living())
    }

    /// A copy of every stack, deleted ones too, oldest first.
    pub(crate) fn stacks(&self) -> Vec<StackRecord> {
        self.lock().stacks.clone()
    }

    /// When the next stack changes its status by itself.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.lock().stacks.iter().filter_map(|stack| stack.ends).min()
    }

    fn lock(&self) -> MutexGuard<'_, StackStore> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl StackStore {
    /// The stack that a name or an id means: a deleted one by its id only.
    fn find(&self, region: &str, name: &str) -> Option<usize> {
        self.stacks.iter().position(|stack| {
            stack.region == region && (stack.id == name || (stack.name == name && stack.is_living()))
        })
    }
}

/// The error for whatever has no error of its own: CloudFormation's models do not have it.
fn invalid(message: impl Into<String>) -> ErrorAnswer {
    ErrorAnswer::new("ValidationError", message)
}

/// The template in its long form, for a stack of the world's file; otherwise the problem with it.
pub(crate) fn read_template(text: &str) -> Result<serde_json::Value, String> {
    document::read(text, &["CAPABILITY_AUTO_EXPAND".to_owned()]).map_err(|refusal| refusal.message)
}
