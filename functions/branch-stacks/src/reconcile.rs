//! Looks at every branch and every stack, and does what is missing first, then orphans, then roll-outs, then what may
//! be idle.
//!
//! It keeps no cursor: what was done needs nothing at the next run, which so goes on where this one stopped.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_cloudformation::types::StackStatus;
use shared::decision::{Explain as _, Verdict};
use tokio::time::timeout_at;

use crate::because::Because;
use crate::identity::Subject;
use crate::one::{Outcome, one_branch};
use crate::run::Run;
use crate::stack::Stack;
use crate::survey::{Need, Survey, survey};

/// How long before the end of the invocation nothing more is begun.
const TIME_TO_TELL: Duration = Duration::from_secs(30);

/// How long before it what was begun is no longer waited for.
const TIME_TO_REPORT: Duration = Duration::from_secs(5);

/// How many stacks are being updated at a time: a change that fails, fails for these before it fails for all.
pub const AT_A_TIME: usize = 10;

/// How many stacks are being made at a time.
pub const MADE_AT_A_TIME: usize = 100;

/// After how many branches of a rule that were refused for the same reason the others are not tried in this run.
const ENOUGH_REFUSALS: usize = 3;

const CREATE: &str = "cloudformation:CreateStack";
const UPDATE: &str = "cloudformation:UpdateStack";

/// Reconciles; one outcome a branch or stack.
pub async fn reconcile(run: &Run<'_>) -> Vec<Outcome> {
    let until = before(run.invocation.deadline, TIME_TO_TELL);
    let survey = match timeout_at(until.into(), survey(run.rules, &run.settings.prefix, run.aws)).await {
        Ok(Ok(survey)) => survey,
        Ok(Err(because)) => return vec![Outcome::of(Verdict::Fail, "reconcile", &because)],
        Err(_) => return vec![Outcome::of(Verdict::Fail, "reconcile", &Because::NoTimeToList)],
    };
    // Stands for each of them; it is never decided about itself.
    let anybody = Subject { repository: String::new(), branch: String::new() };
    let (needs, mut outcomes) = survey.sorted(&run.question(&anybody));
    if needs.is_empty() && outcomes.is_empty() {
        return vec![Outcome::of(Verdict::Skip, "reconcile", &Because::NothingThere)];
    }
    let mut sweep =
        Sweep { updating: survey.updating(), survey, stopped: None, full: None, refused: BTreeMap::new() };
    for (need, subject) in &needs {
        outcomes.push(sweep.next(run, need, subject).await);
    }
    outcomes
}

fn before(deadline: Instant, time: Duration) -> Instant {
    deadline.checked_sub(time).unwrap_or(deadline)
}

/// A run through all that need something, and how far it may still go.
struct Sweep {
    survey: Survey,
    updating: usize,
    /// Why nothing more is begun.
    stopped: Option<Because>,
    /// Why no more stacks are made.
    full: Option<Because>,
    /// What was refused, by rule, and for how many branches.
    refused: BTreeMap<(String, String), usize>,
}

impl Sweep {
    async fn next(&mut self, run: &Run<'_>, need: &Need, subject: &Subject) -> Outcome {
        let left = run.invocation.deadline.saturating_duration_since(Instant::now());
        if self.stopped.is_none() && left < TIME_TO_TELL {
            self.stopped = Some(Because::NoTimeLeft);
        }
        if let Some(because) = self.stopped.clone().or_else(|| self.has_to_wait(run, need, subject)) {
            return Outcome::of(Verdict::Hold, subject.to_string(), &because);
        }
        let rule = run.rules.covering(subject);
        let most = rule.and_then(|rule| rule.max_stacks);
        let known = most.map(|_| self.survey.stacks.of_rule_of(subject, run.rules));
        // Known without a call.
        if let (Some(most), Some(known), Need::Missing | Need::MaybeIdle) = (most, known, need)
            && known >= most as usize
        {
            return Outcome::of(Verdict::Hold, subject.to_string(), &Because::TooManyStacks { most });
        }
        let question = run.question(subject);
        let one = one_branch(&question, run.aws, known, &run.invocation);
        let until = before(run.invocation.deadline, TIME_TO_REPORT);
        let Ok(outcome) = timeout_at(until.into(), one).await else {
            self.stopped = Some(Because::NoTimeLeft);
            return Outcome::of(Verdict::Hold, subject.to_string(), &Because::CutOff);
        };
        self.updating += usize::from(outcome.did(UPDATE));
        if outcome.did(CREATE) || outcome.reason.because.code == Because::MadeMeanwhile.code() {
            self.survey.stacks.ours.insert(subject.clone(), Stack::begun());
        }
        if outcome.reason.because.code == Because::AccountFull.code() {
            self.full = Some(Because::AccountFull);
        }
        let was_refused = outcome.reason.verdict == Verdict::Fail && !outcome.actions.is_empty();
        if let (true, Some(rule)) = (was_refused, &outcome.reason.because.config) {
            let refusal = (rule.clone(), outcome.reason.because.sentence.clone());
            *self.refused.entry(refusal).or_insert(0) += 1;
        }
        if outcome.throttled {
            self.stopped = Some(Because::Throttled);
        }
        outcome
    }

    /// Why a branch is not looked at in this run.
    fn has_to_wait(&self, run: &Run<'_>, need: &Need, subject: &Subject) -> Option<Because> {
        if *need == Need::Orphan {
            return None;
        }
        let rule = run.rules.covering(subject).map(|rule| rule.place.to_string());
        let refused = self
            .refused
            .iter()
            .find(|((of, _), times)| Some(of) == rule.as_ref() && **times >= ENOUGH_REFUSALS);
        if let Some(((_, error), times)) = refused {
            return Some(Because::RefusedForOthers { times: *times, error: error.clone() });
        }
        if !self.survey.stacks.ours.contains_key(subject) {
            let paced = (self.being_made() >= MADE_AT_A_TIME)
                .then_some(Because::CreationPaced { most: MADE_AT_A_TIME });
            return self.full.clone().or(paced);
        }
        (self.updating >= AT_A_TIME && self.is_settled(subject))
            .then_some(Because::RollOutPaced { most: AT_A_TIME })
    }

    fn being_made(&self) -> usize {
        let being_made = |stack: &&Stack| stack.status == StackStatus::CreateInProgress;
        self.survey.stacks.ours.values().filter(being_made).count()
    }

    /// Whether all that its stack can need is an update, or to go since its branch is idle; both can wait.
    fn is_settled(&self, subject: &Subject) -> bool {
        self.survey.stacks.ours.get(subject).is_some_and(|stack| stack.phase().is_whole())
    }
}
