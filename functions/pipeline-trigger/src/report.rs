//! From a plan and the results of its starts to the report. Pure.

use std::collections::HashMap;

use shared::act::{Effect as _, Performed};
use shared::decision::{Reason, Verdict};
use shared::report::Report;

use crate::act::{NotStarted, StartResult};
use crate::because::Because;
use crate::decide::{RuleVerdict, Start, StartPlan};
use crate::remark::Remark;

/// The report. `remarks` are those of the facts, `results` those of the plan's starts, in their order.
pub fn report(plan: StartPlan, remarks: &[Remark], results: &[StartResult]) -> Report {
    let StartPlan { verdicts, starts, remarks: of_starts } = plan;
    let failed: HashMap<&str, (Verdict, Because)> = starts
        .iter()
        .zip(results)
        .filter_map(|(start, result)| Some((start.pipeline.as_str(), failed(start, result)?)))
        .collect();
    let reasons = verdicts
        .into_iter()
        .map(|of_rule| match failed.get(of_rule.subject.as_str()) {
            Some((verdict, because)) if of_rule.verdict == Verdict::Start => {
                reason(RuleVerdict { verdict: *verdict, because: because.clone(), ..of_rule })
            }
            _ => reason(of_rule),
        })
        .collect();
    let mut report = Report { reasons, ..Report::default() };
    remarks.iter().chain(&of_starts).for_each(|remark| report.note(remark.subject(), remark));
    let actions = starts.iter().zip(results);
    report.actions = actions.map(|(start, result)| start.action(result.result(String::clone))).collect();
    report
}

fn reason(of_rule: RuleVerdict) -> Reason {
    let RuleVerdict { verdict, subject, because, rule } = of_rule;
    let mut reason = Reason::new(verdict, subject, &because);
    // A reason without a pattern of its own still points at the rule.
    reason.because.config = reason.because.config.or(rule.map(|place| place.to_string()));
    reason
}

/// The verdict and the reason of a rule whose start did not succeed.
fn failed(start: &Start, result: &StartResult) -> Option<(Verdict, Because)> {
    match result {
        Performed::Done(_) | Performed::NotCalled => None,
        Performed::Failed(NotStarted::NoPipeline) if start.templated => {
            Some((Verdict::Skip, Because::NotCreatedYet))
        }
        Performed::Failed(NotStarted::NoPipeline) => Some((Verdict::Fail, Because::PipelineNotFound)),
        Performed::Failed(error) => Some((Verdict::Fail, Because::StartFailed { error: error.clone() })),
    }
}
