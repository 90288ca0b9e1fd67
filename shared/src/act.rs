//! Carries effects out. This is the only place that knows whether an invocation is a dry run.

use std::future::Future;

use serde_json::Value;

use crate::call_error::CallError;
use crate::decision::{Action, ActionResult};

/// Why a dry run made no call, as a decision reports it.
const DRY_RUN: &str = "dry run";

/// A call that changes something for others, as a decision shows it.
pub trait Effect {
    /// The call, as IAM names it: `codepipeline:StartPipelineExecution`.
    fn call(&self) -> &'static str;

    /// The resource that the call acts on.
    fn subject(&self) -> String;

    /// The input of the call.
    fn input(&self) -> Value;

    /// The action that a decision reports when the call went as `result` says.
    fn action(&self, result: ActionResult) -> Action {
        Action { call: self.call().to_owned(), subject: self.subject(), input: self.input(), result }
    }
}

/// Makes the calls of effects; in a dry run, makes none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executor {
    dry_run: bool,
}

/// How an effect went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed<T, E = CallError> {
    /// The call succeeded with this output.
    Done(T),
    /// The call failed after the SDK's retries.
    Failed(E),
    /// A dry run: the call was not made.
    NotCalled,
}

impl Executor {
    /// An executor that makes every call.
    pub fn live() -> Self {
        Self { dry_run: false }
    }

    /// An executor that makes no call where `dry_run` is set.
    pub fn new(dry_run: bool) -> Self {
        Self { dry_run }
    }

    /// Awaits `call`. In a dry run `call` is dropped instead, and an SDK's future sends nothing before it is awaited.
    pub async fn perform<T, E>(self, call: impl Future<Output = Result<T, E>>) -> Performed<T, E> {
        if self.dry_run {
            return Performed::NotCalled;
        }
        match call.await {
            Ok(output) => Performed::Done(output),
            Err(error) => Performed::Failed(error),
        }
    }

    /// Whether calls are left out; only for the decision's own `dryRun` field.
    pub(crate) fn is_dry_run(self) -> bool {
        self.dry_run
    }
}

impl<T, E: std::fmt::Display> Performed<T, E> {
    /// The result that a decision reports; `id` gives AWS's id of what the call made or changed.
    pub fn result(&self, id: impl FnOnce(&T) -> String) -> ActionResult {
        match self {
            Self::Done(output) => ActionResult::Done(id(output)),
            Self::Failed(error) => ActionResult::Failed(error.to_string()),
            Self::NotCalled => ActionResult::NotCalled(DRY_RUN.to_owned()),
        }
    }
}

impl<T, E> Performed<T, E> {
    /// Whether the call succeeded, or would have been made outside a dry run.
    pub fn did_not_fail(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dry_run_makes_no_call() {
        let called = std::cell::Cell::new(false);
        let call = || async {
            called.set(true);
            Ok::<_, std::fmt::Error>("id")
        };
        assert_eq!(Executor::new(true).perform(call()).await, Performed::NotCalled);
        assert!(!called.get());
        assert_eq!(Executor::live().perform(call()).await, Performed::Done("id"));
        assert!(called.get());
    }
}
