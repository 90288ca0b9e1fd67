//! From a plan and what became of it to the decision that everybody reads.

use std::collections::BTreeMap;

use shared::decision::{
    Action, ActionResult, Decision, Explanation, LONGEST_SENTENCE, Note, Reason, Verdict,
};
use shared::lambda::Invocation;
use shared::text::shortened;

use crate::act::{self, Started};
use crate::because::Because;
use crate::decide::{Decided, Plan, Start};
use crate::remark::Remark;

/// This function's name, as its folder and binary have it.
pub const FUNCTION: &str = "pipeline-trigger";

/// What became of a plan.
#[derive(Debug, Clone)]
pub enum Acted {
    /// Every start was tried, with these results.
    Tried(Vec<Started>),
    /// Nothing was called, because of this.
    Not(&'static str),
}

/// The decision. `event` is the event in a line.
pub fn report(
    event: String,
    plan: Plan,
    remarks: &[Remark],
    acted: &Acted,
    invocation: &Invocation,
) -> Decision {
    let Plan { reasons, starts, remarks: of_starts } = plan;
    let results: Vec<ActionResult> = (0..starts.len()).map(|index| result(acted, index)).collect();
    let mut outcomes: BTreeMap<&str, Option<(Verdict, Because)>> = BTreeMap::new();
    for (index, start) in starts.iter().enumerate() {
        outcomes.insert(&start.pipeline, changed(start, acted, index));
    }
    let reasons = reasons.into_iter().map(|decided| {
        let changed = outcomes.get(decided.subject.as_str()).cloned().flatten();
        told(decided, changed)
    });
    let reasons = reasons.collect();
    let actions = starts.iter().zip(results).map(|(start, result)| action(start, result)).collect();
    Decision {
        function: FUNCTION.to_owned(),
        event: shortened(&event, LONGEST_SENTENCE),
        now: invocation.now,
        dry_run: invocation.dry_run,
        reasons,
        reason_counts: BTreeMap::new(),
        notes: remarks.iter().chain(&of_starts).map(note).collect(),
        actions,
        action_counts: BTreeMap::new(),
    }
}

fn told(decided: Decided, changed: Option<(Verdict, Because)>) -> Reason {
    let Decided { verdict, subject, because, rule } = decided;
    let (verdict, because) = match changed {
        Some(changed) if verdict == Verdict::Start => changed,
        _ => (verdict, because),
    };
    let mut reason = Reason::new(verdict, subject, &because);
    // A reason without a pattern of its own still points at the rule.
    reason.because.config = reason.because.config.or(rule.map(|place| place.to_string()));
    reason
}

/// What a start that did not succeed makes of its reason.
fn changed(start: &Start, acted: &Acted, index: usize) -> Option<(Verdict, Because)> {
    let Acted::Tried(results) = acted else { return None };
    match &results[index] {
        Started::Execution(_) => None,
        Started::NoPipeline if start.templated => Some((Verdict::Skip, Because::NotCreatedYet)),
        Started::NoPipeline => Some((Verdict::Fail, Because::PipelineNotFound)),
        Started::Failed(error) => Some((Verdict::Fail, Because::StartFailed { error: error.clone() })),
    }
}

fn result(acted: &Acted, index: usize) -> ActionResult {
    match acted {
        Acted::Not(why) => ActionResult::NotCalled((*why).to_owned()),
        Acted::Tried(results) => match &results[index] {
            Started::Execution(id) => ActionResult::Done(id.clone()),
            Started::NoPipeline => ActionResult::Failed("PipelineNotFoundException".to_owned()),
            Started::Failed(error) => ActionResult::Failed(error.clone()),
        },
    }
}

fn action(start: &Start, result: ActionResult) -> Action {
    Action {
        call: "codepipeline:StartPipelineExecution".to_owned(),
        subject: start.pipeline.clone(),
        input: act::input(start),
        result,
    }
}

fn note(remark: &Remark) -> Note {
    Note { subject: remark.subject().to_owned(), because: Explanation::from(remark) }
}
