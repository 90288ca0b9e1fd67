//! A start that is due: read again, and then carried out or held.

use std::sync::Arc;

use jiff::Timestamp;
use shared::decision::{Reason, Verdict};
use shared::lambda::Invocation;
use shared::report::Report;

use super::hold::NewHold;
use super::seen::{PipelineHistory, execution_of, unclear};
use super::survey::{Survey, verdict_of};
use super::watched::WatchedBranch;
use crate::because::Because;
use crate::decide::StartPlan;
use crate::reader::Lookup;
use crate::remark::Remark;
use crate::report::report;
use crate::settings::Settings;

/// A decided push whose event was lost.
#[derive(Debug)]
pub(super) struct DueStart<'r> {
    pub(super) watched: WatchedBranch<'r>,
    /// The branch's head, and when it was committed.
    pub(super) head: String,
    pub(super) committed: Timestamp,
    /// The commit that its files are compared with.
    pub(super) base: Option<String>,
    pub(super) source_actions: Vec<String>,
    pub(super) plan: StartPlan,
    pub(super) remarks: Arc<Vec<Remark>>,
}

impl DueStart<'_> {
    /// Reads the branch and the executions once more, and starts or holds the pipeline if nothing has changed.
    pub(super) async fn start(
        self,
        survey: &Survey<'_>,
        settings: &Settings,
        invocation: &Invocation,
    ) -> (Report, Vec<NewHold>) {
        if let Some((verdict, because)) = self.settled_meanwhile(survey).await {
            return (Report::of(verdict, &self.watched.subject(), &because), Vec::new());
        }
        self.carry_out(survey, settings, invocation).await
    }

    /// Why nothing is to be started any more.
    async fn settled_meanwhile(&self, survey: &Survey<'_>) -> Option<(Verdict, Because)> {
        match survey.head(self.watched.repository, &self.watched.branch).await {
            Ok(Lookup::Found(head)) if head == self.head => {}
            Ok(Lookup::Found(head)) => return Some((Verdict::Hold, Because::HeadMoved { head })),
            Ok(_) => {
                return Some((Verdict::Hold, Because::BranchGone { branch: self.watched.branch.clone() }));
            }
            Err(error) => return Some((verdict_of(&error), Because::ReconcileUnread { error })),
        }
        match survey.history(&self.watched.pipeline).await {
            PipelineHistory::Read(executions) => {
                if let Some(execution) = execution_of(&executions, &self.head) {
                    let execution = execution.id.clone().unwrap_or_default();
                    let commit = self.head.clone();
                    return Some((Verdict::Skip, Because::AlreadyStarted { commit, execution }));
                }
                let unclear = unclear(&executions, &self.source_actions, self.committed)?;
                let execution = unclear.id.clone().unwrap_or_default();
                Some((Verdict::Hold, Because::ExecutionWithoutCommit { execution }))
            }
            PipelineHistory::Missing => Some((Verdict::Hold, Because::PipelineNotFound)),
            PipelineHistory::Unread(error) => Some((verdict_of(&error), Because::ReconcileUnread { error })),
        }
    }

    /// The report about a start that this run has no time for.
    pub(super) fn hold(self, because: &Because) -> Report {
        Report::of(Verdict::Hold, &self.watched.subject(), because)
    }

    /// The report about a start that is held with others: its own reasons, and no action.
    pub(super) fn would_start(self) -> Report {
        let mut plan = StartPlan { starts: Vec::new(), ..self.plan };
        for of_rule in &mut plan.verdicts {
            if of_rule.verdict == Verdict::Start {
                of_rule.verdict = Verdict::Hold;
            }
        }
        about(&self.watched, report(plan, &self.remarks, &[]))
    }
}

/// The report of a push, with the branch in the subjects of its reasons.
pub(super) fn about(watched: &WatchedBranch<'_>, mut report: Report) -> Report {
    for Reason { subject, .. } in
        report.reasons.iter_mut().filter(|reason| reason.subject == watched.pipeline)
    {
        *subject = watched.subject();
    }
    report
}
