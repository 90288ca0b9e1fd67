//! Emails a report once, and again while its cause remains: claims the report in the table, publishes it and confirms it.
//!
//! A table that does not answer before the email prevents the email, and the run fails: the next run tries again. A confirmation
//! that is lost repeats the email when the claim has ended. Nothing is written in a dry run.

use jiff::SignedDuration;
use notification::{Ledger as _, Publication, publish_claimed};
use shared::act::Performed;
use shared::decision::Verdict;
use shared::email::Message;
use shared::report::Report;
use shared::table_error::TableError;

use crate::because::Because;
use crate::remark::Remark;
use crate::reports::{ClaimedReport, ReportAnswer, ReportKey};
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

/// Makes a report, unless it was made. Without a topic, the report is made by its note alone.
pub async fn report_once(run: &Run<'_>, due: &DueReport) -> Report {
    let executor = run.invocation.executor;
    let now = run.invocation.now;
    let claim = run.claim(&due.key);
    let table = run.table();
    let claimed = table.claim(&due.key, &claim, now, due.remind_after);
    match executor.perform(claimed).await {
        Performed::Done(ReportAnswer::AlreadyReported { .. } | ReportAnswer::ClaimedByAnother) => {
            return Report::default();
        }
        Performed::Failed(error) => return table_failure(due, error),
        Performed::Done(ReportAnswer::Ours) | Performed::NotCalled => {}
    }
    let mut ledger = ClaimedReport { table, key: &due.key, by: &claim.by, now };
    let mut report = Report::default();
    let unrecorded = match &run.settings.topic {
        Some(topic) => {
            let publication = Publication { topic, message: &due.message };
            let reported = publish_claimed(publication, &mut ledger, executor, &run.aws.sns).await;
            report.actions.push(reported.published.action);
            if let Performed::Failed(error) = reported.published.outcome {
                report.reason(Verdict::Fail, &due.subject, &Because::EmailFailed { error });
            }
            reported.unrecorded
        }
        None => {
            let remark = Remark::NoTopic { stack: due.subject.clone() };
            report.note(&due.subject, &remark);
            match executor.perform(ledger.confirm("")).await {
                Performed::Failed(error) => Some(error),
                Performed::Done(()) | Performed::NotCalled => None,
            }
        }
    };
    if let Some(error) = unrecorded {
        report.add(table_failure(due, error));
    }
    report
}

fn table_failure(due: &DueReport, error: TableError) -> Report {
    Report::of(Verdict::Fail, &due.subject, &Because::ReportsUnavailable { error })
}
