//! Emails a report once, and again while its cause remains: claims the report in the table, publishes it and confirms it.
//!
//! A table that does not answer before the email prevents the email, and the run fails: the next run tries again. A confirmation
//! that is lost repeats the email when the claim has ended. Nothing is written in a dry run.

use jiff::SignedDuration;
use notification::{Ledger, Publication, publish_claimed};
use shared::act::Performed;
use shared::decision::Verdict;
use shared::email::Message;
use shared::report::Report;
use shared::table_error::TableError;

use crate::because::Because;
use crate::remark::Remark;
use crate::reports::{ReportAnswer, ReportKey};
use crate::run::Run;

/// The time after which a report whose cause remains is repeated.
pub const REMIND_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A report that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueReport {
    /// What is reported.
    pub key: ReportKey,
    /// The branch, or another subject, that a failure names.
    pub subject: String,
    /// The email.
    pub message: Message,
    /// The time after which it is repeated; without one, it is made once.
    pub remind_after: Option<SignedDuration>,
}

/// Makes a report, unless it was made.
pub async fn report_once(run: &Run<'_>, due: &DueReport) -> Report {
    match may_report(run, &due.key, due.remind_after).await {
        Ok(true) => publish_report(run, &mut run.claimed(&due.key), &due.subject, &due.message).await,
        Ok(false) => Report::default(),
        Err(error) => table_failure(&due.subject, error),
    }
}

/// Claims a report; whether this invocation may make it. A dry run claims nothing, and may.
///
/// # Errors
/// When the table did not answer.
pub async fn may_report(
    run: &Run<'_>,
    key: &ReportKey,
    remind_after: Option<SignedDuration>,
) -> Result<bool, TableError> {
    let (table, claim) = (run.table(), run.claim(key));
    let claimed = table.claim(key, &claim, run.invocation.now, remind_after);
    match run.invocation.executor.perform(claimed).await {
        Performed::Done(ReportAnswer::AlreadyReported { .. } | ReportAnswer::ClaimedByAnother) => Ok(false),
        Performed::Failed(error) => Err(error),
        Performed::Done(ReportAnswer::Ours) | Performed::NotCalled => Ok(true),
    }
}

/// Publishes the email of reports that this invocation has claimed. Without a topic, the note alone is the report.
pub async fn publish_report(
    run: &Run<'_>,
    claims: &mut impl Ledger<Error = TableError>,
    subject: &str,
    message: &Message,
) -> Report {
    let executor = run.invocation.executor;
    let mut report = Report::default();
    let unrecorded = if let Some(topic) = &run.settings.topic {
        let publication = Publication { topic, message };
        let reported = publish_claimed(publication, claims, executor, &run.aws.sns).await;
        report.actions.push(reported.published.action);
        if let Performed::Failed(error) = reported.published.outcome {
            report.reason(Verdict::Fail, subject, &Because::EmailFailed { error });
        }
        reported.unrecorded
    } else {
        report.note(subject, &Remark::NoTopic { stack: subject.to_owned() });
        match executor.perform(claims.confirm("")).await {
            Performed::Failed(error) => Some(error),
            Performed::Done(()) | Performed::NotCalled => None,
        }
    };
    if let Some(error) = unrecorded {
        report.add(table_failure(subject, error));
    }
    report
}

/// Records a report that needs no claim; a dry run records nothing.
///
/// # Errors
/// When the table did not answer.
pub async fn record(run: &Run<'_>, key: &ReportKey) -> Result<(), TableError> {
    match run.invocation.executor.perform(run.table().record(key, run.invocation.now)).await {
        Performed::Failed(error) => Err(error),
        Performed::Done(()) | Performed::NotCalled => Ok(()),
    }
}

/// Forgets a report, so that it is made again when its cause returns; a dry run forgets nothing.
///
/// # Errors
/// When the table did not answer.
pub async fn forget(run: &Run<'_>, key: &ReportKey) -> Result<(), TableError> {
    match run.invocation.executor.perform(run.table().forget(key)).await {
        Performed::Failed(error) => Err(error),
        Performed::Done(()) | Performed::NotCalled => Ok(()),
    }
}

/// The report that the table did not answer.
pub fn table_failure(subject: &str, error: TableError) -> Report {
    Report::of(Verdict::Fail, subject, &Because::ReportsUnavailable { error })
}
