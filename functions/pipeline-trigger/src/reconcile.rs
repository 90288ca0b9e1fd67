//! Reconcile: compares the heads of branches with the executions of their pipelines, and starts what no execution has seen.
//!
//! CodeCommit's events are best effort, so a push can start nothing. Reconcile keeps no state: the executions of a pipeline
//! are the record of what the pipeline has seen. In doubt it starts nothing, because the next run reads everything again.

mod brake;
mod due;
mod hold;
mod judge;
mod request;
mod seen;
mod survey;
mod tally;
mod watched;

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;
use jiff::SignedDuration;
use shared::decision::Verdict;
use shared::lambda::Invocation;
use shared::report::Report;

use crate::aws::Clients;
use crate::because::Because;
use crate::rules::Rules;
use crate::settings::Settings;
use due::DueStart;
use hold::send_emails;
use judge::JudgedPair;
use survey::Survey;
use tally::Tally;

pub use hold::keep_tokens;
pub use request::{ReconcileRequest, reconcile_request};

/// A head whose commit is younger is left to its event, which may be on its way, in Lambda's retries or in a handler.
pub const SETTLE: SignedDuration = SignedDuration::from_mins(15);

/// A head whose commit is older is not started. The first run after a deployment starts no old branch.
pub const OLDEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The most starts of one run without a confirmation.
pub const MOST_STARTS: usize = 20;

/// The time after which everything that is due is read again. A push of an older commit may have come just before the
/// survey, and its event is then being handled.
const SECOND_READING: Duration = Duration::from_secs(60);

/// The time that the survey leaves: for the second reading, the starts, and half a minute to report.
const AFTER_SURVEY: Duration = Duration::from_secs(150);

/// With less time than this before the end of the invocation, nothing more is read.
const TIME_TO_REPORT: Duration = Duration::from_secs(30);

/// With more pairs of a pipeline and a branch than this, several are read at a time, and each run begins elsewhere.
const LARGE: usize = 100;

/// The subject of a reason about the whole run.
const RUN: &str = "reconcile";

/// Reconciles. The report has a reason for each pair of a pipeline and a branch without an execution of the branch's head, and
/// a sum for the others of each repository.
pub async fn reconcile(
    request: &ReconcileRequest,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
    invocation: &Invocation,
) -> Report {
    let survey = Survey::new(aws, before(invocation.deadline, AFTER_SURVEY), invocation.now);
    let (watched, mut report) = survey.watched(rules).await;
    if watched.is_empty() && report.reasons.is_empty() {
        return Report::of(Verdict::Skip, RUN, &Because::NothingToReconcile);
    }
    let known = survey.known(&watched).await;
    let mut tally = Tally::default();
    let mut due = Vec::new();
    let judged = stream::iter(&watched).map(|watched| survey.judge(watched, &known));
    let judged = judged.buffered(at_a_time(watched.len()));
    for (judged, watched) in judged.collect::<Vec<_>>().await.into_iter().zip(&watched) {
        match judged {
            JudgedPair::Seen => tally.seen(watched),
            JudgedPair::TooOld => tally.too_old(watched),
            JudgedPair::NotCreated => tally.not_created(watched),
            JudgedPair::Settled(settled) => report.add(settled),
            JudgedPair::Due(start) => due.push(*start),
        }
    }
    report.add(tally.report());
    let (due, of_held) = survey.unheld(due, settings, invocation).await;
    report.add(of_held);
    report.add(start(request, due, settings, aws, invocation).await);
    report
}

/// Starts or holds what is due, unless that is too much for one run, or the second reading shows otherwise.
async fn start(
    request: &ReconcileRequest,
    due: Vec<DueStart<'_>>,
    settings: &Settings,
    aws: &Clients,
    invocation: &Invocation,
) -> Report {
    let digest = brake::digest(&due);
    if due.len() > MOST_STARTS && request.confirm.as_deref() != Some(digest.as_str()) {
        return brake::held(due, digest);
    }
    let left = invocation.deadline.saturating_duration_since(Instant::now());
    if left < SECOND_READING + 2 * TIME_TO_REPORT {
        return due.into_iter().fold(Report::default(), |mut report, due| {
            report.add(due.hold(&Because::NoTimeToStart));
            report
        });
    }
    if due.is_empty() {
        return Report::default();
    }
    let later = invocation.after(SECOND_READING).await;
    let survey = Survey::new(aws, before(later.deadline, TIME_TO_REPORT), later.now);
    let at_a_time = at_a_time(due.len());
    let started = stream::iter(due).map(|due| due.start(&survey, settings, &later)).buffered(at_a_time);
    let (mut report, mut held) = (Report::default(), Vec::new());
    for (of_one, of_holds) in started.collect::<Vec<_>>().await {
        report.add(of_one);
        held.extend(of_holds);
    }
    send_emails(held, settings, &survey, &later, &mut report).await;
    report
}

/// How many of so many pairs are read at a time. The calls about a few stay in one order.
fn at_a_time(pairs: usize) -> usize {
    if pairs > LARGE { 8 } else { 1 }
}

fn before(deadline: Instant, time: Duration) -> Instant {
    deadline.checked_sub(time).unwrap_or(deadline)
}
