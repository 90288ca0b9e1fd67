//! The windows of due starts: a start whose window is closed is held with a schedule, as that of a push is.

use futures::StreamExt as _;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::decision::Verdict;
use shared::home::Home;
use shared::lambda::Invocation;
use shared::report::Report;
use shared::token::client_token;

use super::due::{DueStart, about};
use super::survey::{Survey, verdict_of};
use super::{RUN, SETTLE, at_a_time};
use crate::act::act;
use crate::because::Because;
use crate::decide::StartPlan;
use crate::event::{Push, Reference, short};
use crate::reader::{Lookup, Reader as _};
use crate::report::report;
use crate::rules::Pin;
use crate::settings::Settings;
use crate::unread::ReadError;
use crate::window::coalesce::HELD_SINCE_TIME;
use crate::window::hold::{HeldKind, HeldSource, KnownSchedule, schedule};
use crate::window::holding::{Holding, send_email, windows_of};
use crate::window::judge::{CommitAbout, CommitFacts, HeldStart, asks_for_the_commit, judge};
use crate::window::schedule::{OLDEST, name};
use crate::window::{Opening, Window};

/// A member of the event that reconcile holds: its opening has the token of reconcile.
const RECONCILED: &str = "reconciled";

/// A due start, and which of it a closed window holds.
struct WindowedStart {
    plan: StartPlan,
    held: Vec<HeldStart>,
    /// The event that an earlier try of this invocation held.
    event: Option<Value>,
}

/// A start that this run holds, and no run and no push before.
#[derive(Debug)]
pub(super) struct NewHold {
    push: String,
    start: HeldStart,
}

impl Survey<'_> {
    /// The due starts that no schedule holds, and a report about the others.
    pub(super) async fn unheld<'r>(
        &self,
        due: Vec<DueStart<'r>>,
        settings: &Settings,
        invocation: &Invocation,
    ) -> (Vec<DueStart<'r>>, Report) {
        let at_a_time = at_a_time(due.len());
        let windowed = stream::iter(due).map(async |due: DueStart<'r>| {
            let windowed = self.windowed(&due, settings, &invocation.request_id).await;
            (due, windowed.err())
        });
        let (mut unheld, mut report) = (Vec::new(), Report::default());
        for (due, settled) in windowed.buffered(at_a_time).collect::<Vec<_>>().await {
            match settled {
                Some((verdict, because)) => report.reason(verdict, &due.watched.subject(), &because),
                None => unheld.push(due),
            }
        }
        (unheld, report)
    }

    /// What the window of a due start makes of it, or why reconcile changes nothing.
    async fn windowed(
        &self,
        due: &DueStart<'_>,
        settings: &Settings,
        request: &str,
    ) -> Result<WindowedStart, (Verdict, Because)> {
        let mut plan = due.plan.clone();
        let windows = windows_of(&due.watched.rules);
        let Some(window) = window_of(&plan, &windows) else {
            return Ok(WindowedStart { plan, held: Vec::new(), event: None });
        };
        let unread = |error| (verdict_of(&error), Because::ReconcileUnread { error });
        let commit = self.commit_facts(due, &plan, &windows).await.map_err(unread)?;
        let reference = Reference::Branch(due.watched.branch.clone());
        let held = judge(&mut plan, &windows, Some(&reference), &commit, self.now);
        let is_closed = window.calendar.closed(self.now).is_some();
        if is_closed && held.is_empty() {
            // An exception starts the pipeline, or the window never opens.
            return Ok(WindowedStart { plan, held, event: None });
        }
        let known = self.schedule_of(due, settings).await.map_err(unread)?;
        let of_head = known.and_then(|known| self.of_head(known, &due.head));
        let is_own = of_head.as_ref().is_some_and(|(_, by, _)| by == request);
        match of_head {
            // A retry of the run that created the schedule sends its email.
            Some((_, _, event)) if is_own && is_closed => {
                Ok(WindowedStart { plan, held, event: Some(event) })
            }
            Some((at, _, _)) => {
                let until = Opening { at, zone: window.calendar.zone.clone() };
                Err((Verdict::Hold, Because::HeldBySchedule { commit: due.head.clone(), until }))
            }
            // The schedule is over, and the function that it invoked may be about to start the pipeline.
            None if !is_closed && window.calendar.closed(self.now - SETTLE).is_some() => {
                Err((Verdict::Hold, Because::WindowJustOpened { window: window.name.clone() }))
            }
            None => Ok(WindowedStart { plan, held, event: None }),
        }
    }

    /// The author and the message of the head, if an exception of a closed window asks for them.
    async fn commit_facts(
        &self,
        due: &DueStart<'_>,
        plan: &StartPlan,
        windows: &[Option<&Window>],
    ) -> Result<CommitFacts, ReadError> {
        if !asks_for_the_commit(plan, windows, self.now) {
            return Ok(CommitFacts::NotAsked);
        }
        match self.read(self.reader(due.watched.repository).commit_about(&due.head)).await? {
            Lookup::Found(about) => Ok(CommitFacts::Known(about)),
            Lookup::Missing | Lookup::NotAsked => Ok(CommitFacts::Known(CommitAbout::default())),
        }
    }

    async fn schedule_of(
        &self,
        due: &DueStart<'_>,
        settings: &Settings,
    ) -> Result<Option<KnownSchedule>, ReadError> {
        let Some(settings) = &settings.schedules else { return Ok(None) };
        let name = name(&due.watched.pipeline, due.watched.repository, &due.reference());
        self.read(schedule(&name, &settings.group, self.aws)).await
    }

    /// When a schedule that holds `head` invokes the function, the request that created it, and its event. One that
    /// EventBridge Scheduler has given up does not hold anything.
    fn of_head(&self, known: KnownSchedule, head: &str) -> Option<(Timestamp, String, Value)> {
        let lasts = SignedDuration::from_secs(i64::from(OLDEST));
        let at = known.at.filter(|at| self.now.duration_since(*at) <= lasts)?;
        let held = known.held.filter(|held| held.event["detail"]["commitId"] == head)?;
        Some((at, held.request, held.event))
    }
}

impl DueStart<'_> {
    /// Starts the pipeline, or holds it if its window is closed.
    pub(super) async fn carry_out(
        self,
        survey: &Survey<'_>,
        settings: &Settings,
        invocation: &Invocation,
    ) -> (Report, Vec<NewHold>) {
        let windowed = survey.windowed(&self, settings, &invocation.request_id).await;
        let WindowedStart { mut plan, held, event } = match windowed {
            Ok(windowed) => windowed,
            Err((verdict, because)) => {
                return (Report::of(verdict, &self.watched.subject(), &because), Vec::new());
            }
        };
        let event = event.unwrap_or_else(|| self.event(invocation));
        let (repository, reference) = (self.watched.repository, self.reference());
        let source = HeldSource {
            kind: HeldKind::Push,
            source: repository,
            reference: &reference,
            event: &event,
            from_schedule: false,
        };
        let holding = Holding { source, settings, aws: survey.aws, invocation };
        let (of_holds, new) = holding.hold_each(&mut plan, &held).await;
        let results = act(&plan.starts, survey.aws, invocation).await;
        let may_hold = self.watched.rules.iter();
        let may_hold = may_hold.map(|rule| rule.window.is_some() && rule.pin == Pin::Commit);
        let of_releases = holding.release_all(&plan, &may_hold.collect::<Vec<_>>(), &results).await;
        let mut report = report(plan, &self.remarks, &results);
        report.add(of_holds);
        report.add(of_releases);
        let push = format!("{repository} {reference} at {}, found by reconcile", short(&self.head));
        let new = new.into_iter().map(|start| NewHold { push: push.clone(), start: start.clone() });
        (about(&self.watched, report), new.collect())
    }

    fn reference(&self) -> String {
        Reference::Branch(self.watched.branch.clone()).full_name()
    }

    /// The event of the push as CodeCommit would have sent it. Its time is that of this run, because executions before
    /// did not have the head. The base counts, whatever late event of an earlier push joins it.
    fn event(&self, invocation: &Invocation) -> Value {
        let Home { partition, region, account } = Home::of(&invocation.function_arn);
        let repository = self.watched.repository;
        let time = Timestamp::from_second(invocation.now.as_second()).unwrap_or(invocation.now);
        let mut event = json!({
            "version": "0",
            "detail-type": "CodeCommit Repository State Change",
            "source": "aws.codecommit",
            "account": account,
            "time": time.to_string(),
            "region": region,
            "resources": [format!("arn:{partition}:codecommit:{region}:{account}:{repository}")],
            "detail": {
                "event": if self.base.is_some() { "referenceUpdated" } else { "referenceCreated" },
                "repositoryName": repository,
                "referenceType": "branch",
                "referenceName": self.watched.branch,
                "referenceFullName": self.reference(),
                "commitId": self.head,
                RECONCILED: true,
                HELD_SINCE_TIME: Timestamp::UNIX_EPOCH.to_string(),
            },
        });
        if let Some(base) = &self.base {
            event["detail"]["oldCommitId"] = json!(base);
        }
        event
    }
}

/// Sends one email for each push whose starts this run holds.
pub(super) async fn send_emails(
    new: Vec<NewHold>,
    settings: &Settings,
    survey: &Survey<'_>,
    invocation: &Invocation,
    report: &mut Report,
) {
    let mut left = new.as_slice();
    while let Some(first) = left.first() {
        let of_push = left.iter().take_while(|one| one.push == first.push).count();
        let (of_push, others) = left.split_at(of_push);
        let starts: Vec<&HeldStart> = of_push.iter().map(|one| &one.start).collect();
        send_email(settings, survey.aws, invocation, (HeldKind::Push, &starts, &first.push), report).await;
        left = others;
    }
}

/// Gives the starts of a push that reconcile held the token of reconcile. A run at the moment at which the window opens
/// then starts nothing a second time.
pub fn keep_tokens(plan: &mut StartPlan, push: &Push, event: &Value) {
    let Some(branch) = push.reference.branch().filter(|_| event["detail"][RECONCILED] == true) else {
        return;
    };
    for start in &mut plan.starts {
        let pinned = start.revisions.first().map(|revision| revision.value.as_str());
        let built = pinned.or(push.commit()).unwrap_or_default();
        start.token = token(&push.repository, branch, built, &start.pipeline);
    }
}

/// The same token in every run: reconcile starts a pipeline once for a head of a branch, as long as CodePipeline remembers it.
pub(super) fn token(repository: &str, branch: &str, head: &str, pipeline: &str) -> String {
    client_token([RUN, repository, branch, head, pipeline])
}

/// The window of the rule that starts the pipeline.
fn window_of<'w>(plan: &StartPlan, windows: &[Option<&'w Window>]) -> Option<&'w Window> {
    let mut verdicts = plan.verdicts.iter().zip(windows);
    verdicts.find(|(of_rule, _)| of_rule.verdict == Verdict::Start).and_then(|(_, window)| *window)
}
