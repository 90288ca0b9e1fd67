//! The window step of an invocation: holds the starts that wait for a window, and reports how that went.

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use notification::{Publication, publish};
use shared::act::Performed;
use shared::decision::Verdict;
use shared::lambda::Invocation;
use shared::report::Report;

use super::Window;
use super::email::email;
use super::hold::{Held, HeldKind, HeldSource, HoldOutcome, NotHeld, hold, release};
use super::judge::{CommitAbout, CommitFacts, HeldStart, asks_for_the_commit};
use crate::act::StartResult;
use crate::aws::Clients;
use crate::because::Because;
use crate::decide::StartPlan;
use crate::event::Push;
use crate::reader::{Lookup, Reader};
use crate::remark::Remark;
use crate::rules::PipelineRule;
use crate::settings::Settings;

/// How many schedules are read and written at a time.
const AT_A_TIME: usize = 8;

/// What a hold needs.
#[derive(Debug, Clone, Copy)]
pub struct Holding<'a> {
    /// The event that is held.
    pub source: HeldSource<'a>,
    /// The settings of the deployment.
    pub settings: &'a Settings,
    /// The clients.
    pub aws: &'a Clients,
    /// The invocation.
    pub invocation: &'a Invocation,
}

/// The window of each rule.
pub fn windows_of<'r>(rules: &[&'r PipelineRule]) -> Vec<Option<&'r Window>> {
    rules.iter().map(|rule| rule.window.as_deref()).collect()
}

/// The author and the message of the pushed commit, if an exception of a closed window asks for them.
pub async fn commit_facts<R: Reader>(
    plan: &StartPlan,
    windows: &[Option<&Window>],
    push: &Push,
    reader: &R,
    now: Timestamp,
) -> CommitFacts {
    let commit = push.commit().filter(|_| asks_for_the_commit(plan, windows, now));
    let Some(commit) = commit else { return CommitFacts::NotAsked };
    match reader.commit_about(commit).await {
        Ok(Lookup::Found(about)) => CommitFacts::Known(about),
        Ok(Lookup::Missing | Lookup::NotAsked) => CommitFacts::Known(CommitAbout::default()),
        Err(error) => CommitFacts::Unknown(error),
    }
}

impl Holding<'_> {
    /// Holds every start of `held`, changes the verdict of each that could not be held, and sends one email about those
    /// that were not held before.
    pub async fn hold_all(&self, plan: &mut StartPlan, held: &[HeldStart], event: &str) -> Report {
        let (mut report, new) = self.hold_each(plan, held).await;
        send_email(self.settings, self.aws, self.invocation, (self.source.kind, &new, event), &mut report)
            .await;
        report
    }

    /// Holds every start of `held`, and changes the verdict of each that could not be held. Returns those that were not
    /// held before, which an email is to report.
    pub async fn hold_each<'h>(
        &self,
        plan: &mut StartPlan,
        held: &'h [HeldStart],
    ) -> (Report, Vec<&'h HeldStart>) {
        let mut report = Report::default();
        let all = stream::iter(held)
            .map(|one| hold(one, &self.source, self.settings, self.aws, self.invocation))
            .buffered(AT_A_TIME);
        let all: Vec<Held> = all.collect().await;
        let mut new = Vec::new();
        for (one, Held { action, outcome }) in held.iter().zip(all) {
            report.actions.extend(action);
            match outcome {
                Ok(outcome) => {
                    plan.remarks.extend(remark(one, self.source.kind, outcome));
                    let again = self.source.from_schedule && outcome == HoldOutcome::Moved;
                    new.extend((outcome == HoldOutcome::Created || again).then_some(one));
                }
                Err(error) => fail(plan, one, error),
            }
        }
        (report, new)
    }

    /// Deletes the schedules of pipelines that started and build the pushed commit: an older commit must not run last.
    /// `may_hold` is whether the rule of each verdict can have such a schedule.
    pub async fn release_all(&self, plan: &StartPlan, may_hold: &[bool], results: &[StartResult]) -> Report {
        let mut report = Report::default();
        for (start, result) in plan.starts.iter().zip(results) {
            let subjects = plan.verdicts.iter().zip(may_hold);
            let is_its = |verdict: &crate::decide::RuleVerdict| {
                verdict.verdict == Verdict::Start && verdict.subject == start.pipeline
            };
            let may_hold = subjects.filter(|(verdict, _)| is_its(verdict)).any(|(_, may_hold)| *may_hold);
            if !may_hold || self.source.from_schedule || !result.did_not_fail() {
                continue;
            }
            let released =
                release(&start.pipeline, &self.source, self.settings, self.aws, self.invocation).await;
            let Some(Held { action, outcome }) = released else { continue };
            report.actions.extend(action);
            match outcome {
                Ok(_) => {
                    let (pipeline, kind) = (start.pipeline.clone(), self.source.kind);
                    let remark = Remark::HoldDeleted { pipeline, kind };
                    report.note(&start.pipeline, &remark);
                }
                Err(error) => {
                    let because = Because::ReleaseFailed { error };
                    report.reason(Verdict::Fail, &start.pipeline, &because);
                }
            }
        }
        report
    }
}

/// Sends one email about the starts of an event that were not held before.
pub(crate) async fn send_email(
    settings: &Settings,
    aws: &Clients,
    invocation: &Invocation,
    (kind, new, event): (HeldKind, &[&HeldStart], &str),
    report: &mut Report,
) {
    let Some(topic) = settings.topic.as_deref().filter(|_| !new.is_empty()) else { return };
    let message = email(kind, event, new);
    let published = publish(Publication { topic, message: &message }, invocation.executor, aws.sns()).await;
    report.actions.push(published.action);
    if let Performed::Failed(error) = published.outcome {
        report.reason(Verdict::Fail, "email", &Because::HoldEmailFailed { error });
    }
}

fn remark(held: &HeldStart, kind: HeldKind, outcome: HoldOutcome) -> Option<Remark> {
    let pipeline = held.start.pipeline.clone();
    match outcome {
        HoldOutcome::Created => None,
        HoldOutcome::Moved => Some(Remark::HoldMoved { pipeline, kind }),
        HoldOutcome::Kept => Some(Remark::AlreadyHeld { pipeline, kind }),
    }
}

fn fail(plan: &mut StartPlan, held: &HeldStart, error: NotHeld) {
    let verdict = &mut plan.verdicts[held.verdict];
    verdict.verdict = Verdict::Fail;
    verdict.because = Because::HoldFailed { window: held.window.clone(), error };
}
