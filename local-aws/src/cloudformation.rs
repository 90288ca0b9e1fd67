//! CloudFormation: the operations and the stacks they work on.
//!
//! Shapes and errors follow the service's API reference, limits "Understand CloudFormation quotas" of its user guide. A
//! stack walks from status to status as the clock goes; what its resources do besides is in `effects`.

mod body;
mod capabilities;
mod create;
mod delete;
mod describe;
mod document;
mod effects;
mod events;
mod failing;
mod parameters;
mod protection;
mod request;
mod resources;
mod stack;
mod tokens;
mod update;
pub(crate) mod walk;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

pub(crate) use body::is_s3;
pub(crate) use failing::{Failing, On};
use stack::Moment;
pub(crate) use stack::{Goal, STATUSES, Stack, StackEvent, known_status, walks};
use tokens::Tokens;

use crate::refusal::Refusal;
use crate::service::Service;

pub(crate) const SERVICE: Service = Service {
    name: "cloudformation",
    api: "2010-05-15",
    operations: &[
        ("CreateStack", create::create_stack),
        ("DeleteStack", delete::delete_stack),
        ("DescribeStackEvents", events::describe_stack_events),
        ("DescribeStacks", describe::describe_stacks),
        ("UpdateStack", update::update_stack),
        ("UpdateTerminationProtection", protection::update_termination_protection),
    ],
};

/// Every stack of the account.
#[derive(Debug)]
pub(crate) struct CloudFormation {
    state: Mutex<State>,
    /// How long a stack stays in a status that ends by itself.
    pub(crate) step: SignedDuration,
    /// Of DescribeStacks and DescribeStackEvents; AWS documents no number (1 MB for stacks).
    pub(crate) page_size: usize,
    /// "Stacks: Maximum number of AWS CloudFormation stacks that you can create": 2000.
    pub(crate) max_stacks: usize,
    /// What a TemplateURL gives.
    pub(crate) templates: BTreeMap<String, String>,
    /// What Fn::ImportValue gives, beside what the stacks export.
    pub(crate) exports: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct State {
    /// Oldest first; deleted ones stay, as AWS keeps them for 90 days.
    stacks: Vec<Stack>,
    tokens: Tokens,
    failing: Vec<Failing>,
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
    /// Puts a stack in the account with the resources and outputs that its status says it has.
    pub(crate) fn seed(&self, mut stack: Stack) {
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

    pub(crate) fn fail(&self, failing: Failing) {
        self.lock().failing.push(failing);
    }

    /// Nothing fails any more.
    pub(crate) fn mend(&self) {
        self.lock().failing.clear();
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().stacks.iter().any(|stack| stack.name == name && stack.is_living())
    }

    /// A copy of every stack, deleted ones too, oldest first.
    pub(crate) fn stacks(&self) -> Vec<Stack> {
        self.lock().stacks.clone()
    }

    /// When the next stack changes its status by itself.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.lock().stacks.iter().filter_map(|stack| stack.ends).min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    /// The stack that a name or an id means: a deleted one by its id only.
    fn find(&self, region: &str, name: &str) -> Option<usize> {
        self.stacks.iter().position(|stack| {
            stack.region == region && (stack.id == name || (stack.name == name && stack.is_living()))
        })
    }
}

/// The error for whatever has no error of its own: CloudFormation's models do not have it.
fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

/// The template in its long form, for a stack of the world's file; else what is wrong with it.
pub(crate) fn read_template(text: &str) -> Result<serde_json::Value, String> {
    document::read(text, &["CAPABILITY_AUTO_EXPAND".to_owned()]).map_err(|refusal| refusal.message)
}
