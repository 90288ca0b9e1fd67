//! Brings one branch to its wanted state: gather, decide, act. Whatever the event was, it ends here.

use shared::decision::{Action, ActionResult, DRY_RUN, Explanation, Note, Reason, Verdict};
use shared::lambda::Invocation;

use crate::act::{Acted, act, shown};
use crate::aws::Clients;
use crate::because::Because;
use crate::decide::{Decided, Step, decide};
use crate::gather::gather;
use crate::question::Question;
use crate::remark::Remark;

/// What came of one branch.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Why, as it is told.
    pub reason: Reason,
    /// What a person should know besides.
    pub notes: Vec<Note>,
    /// The calls that were made, or would have been.
    pub actions: Vec<Action>,
    /// Whether AWS wants fewer calls.
    pub throttled: bool,
}

/// Reads, decides and acts. `known` is how many stacks the branch's rule has, if that was counted already.
pub async fn one_branch(
    question: &Question<'_>,
    aws: &Clients,
    known: Option<usize>,
    invocation: &Invocation,
) -> Outcome {
    let facts = gather(question, aws, known).await;
    let decided = decide(question, &facts);
    let mut outcome = carried_out(question, decided, aws, invocation).await;
    outcome.notes.extend(facts.remarks.iter().map(note));
    outcome
}

async fn carried_out(
    question: &Question<'_>,
    decided: Decided,
    aws: &Clients,
    invocation: &Invocation,
) -> Outcome {
    let Decided { mut verdict, mut because, rule, steps } = decided;
    let mut actions = Vec::new();
    let mut stopped = invocation.dry_run.then_some(DRY_RUN);
    for step in &steps {
        let result = match stopped {
            Some(why) => ActionResult::NotCalled(why.to_owned()),
            None => match act(step, aws).await {
                Acted::Done(shown) => ActionResult::Done(shown),
                Acted::Overtaken(why, error) => {
                    let made = why == Because::MadeMeanwhile;
                    (verdict, because) = (if made { Verdict::Skip } else { Verdict::Hold }, why);
                    stopped = Some("the call before it was overtaken");
                    ActionResult::Failed(error)
                }
                Acted::Failed(why, error) => {
                    (verdict, because) = (Verdict::Fail, why);
                    stopped = Some("the call before it failed");
                    ActionResult::Failed(error)
                }
            },
        };
        actions.push(action(step, result));
    }
    let throttled = because.is_throttling();
    let mut reason = Reason::new(verdict, question.subject.to_string(), &because);
    reason.because.config = reason.because.config.or(rule.map(|place| place.to_string()));
    Outcome { reason, notes: Vec::new(), actions, throttled }
}

fn action(step: &Step, result: ActionResult) -> Action {
    let (call, subject, input) = shown(step);
    Action { call: call.to_owned(), subject: subject.to_owned(), input, result }
}

/// A remark as it is told.
pub fn note(remark: &Remark) -> Note {
    Note { subject: remark.subject().to_owned(), because: Explanation::from(remark) }
}

impl Outcome {
    /// An outcome that no call was made for.
    pub fn of(verdict: Verdict, subject: impl Into<String>, because: &Because) -> Self {
        let reason = Reason::new(verdict, subject, because);
        Self { reason, notes: Vec::new(), actions: Vec::new(), throttled: false }
    }

    /// Whether a call of this name succeeded; in a dry run, whether it would have been made.
    pub fn did(&self, call: &str) -> bool {
        let counts = |result: &ActionResult| match result {
            ActionResult::Done(_) => true,
            ActionResult::NotCalled(why) => why == DRY_RUN,
            ActionResult::Failed(_) => false,
        };
        self.actions.iter().any(|action| action.call == call && counts(&action.result))
    }
}
