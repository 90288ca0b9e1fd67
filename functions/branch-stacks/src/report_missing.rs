//! Reports branches without a stack that works by one email for a run: once for each reason, and again while it lasts.

use std::collections::BTreeSet;

use notification::Ledger;
use shared::report::Report;
use shared::table_error::TableError;

use crate::email::missing::message;
use crate::missing::{BranchOutcome, MissingStack, StackPresence, over};
use crate::report_once::{REMIND_AFTER, forget, may_report, publish_report, table_failure};
use crate::reports::{ClaimedReport, Reports};
use crate::run::Run;

/// The most branches of one email. Each needs two writes, and a run has to end; the next run reports the rest.
const MOST_AT_ONCE: usize = 200;

/// The claims of all branches of one email.
struct ClaimedList<'a>(Vec<ClaimedReport<'a>>);

impl Ledger for ClaimedList<'_> {
    type Error = TableError;

    async fn confirm(&mut self, message_id: &str) -> Result<(), TableError> {
        let mut failed = Ok(());
        for claim in &mut self.0 {
            failed = failed.and(claim.confirm(message_id).await);
        }
        failed
    }

    async fn release(&mut self) -> Result<(), TableError> {
        let mut failed = Ok(());
        for claim in &mut self.0 {
            failed = failed.and(claim.release().await);
        }
        failed
    }
}

/// Reports the branches of a run that have no stack that works. `known` are the reports that were made, if they were read:
/// a branch whose report is not due again is then not claimed.
pub async fn report_missing(run: &Run<'_>, outcomes: &[BranchOutcome], known: &Reports) -> Report {
    let now = run.invocation.now;
    let is_due = |missing: &MissingStack<'_>| {
        known.get(&missing.key).is_none_or(|at| now.duration_since(*at) >= REMIND_AFTER)
    };
    let missing = outcomes.iter().filter_map(|outcome| match outcome.presence(&run.settings.prefix) {
        StackPresence::Missing(missing) => Some(*missing).filter(is_due),
        StackPresence::Settled | StackPresence::Unknown => None,
    });
    let mut missing: Vec<MissingStack<'_>> = missing.collect();
    missing.sort_by_key(|one| one.branch);
    missing.truncate(MOST_AT_ONCE);
    let mut report = Report::default();
    let claimed = claim(run, missing, &mut report).await;
    if !claimed.is_empty() {
        report.add(publish(run, &claimed, known).await);
    }
    report
}

/// The branches whose report this invocation may make.
async fn claim<'m>(
    run: &Run<'_>,
    missing: Vec<MissingStack<'m>>,
    report: &mut Report,
) -> Vec<MissingStack<'m>> {
    let mut claimed = Vec::new();
    for one in missing {
        match may_report(run, &one.key, Some(REMIND_AFTER)).await {
            Ok(true) => claimed.push(one),
            Ok(false) => {}
            Err(error) => {
                // The table does not answer, so no other claim of this run would succeed either.
                report.add(table_failure(&one.branch.to_string(), error));
                break;
            }
        }
    }
    claimed
}

async fn publish(run: &Run<'_>, missing: &[MissingStack<'_>], known: &Reports) -> Report {
    let mut claims = ClaimedList(missing.iter().map(|one| run.claimed(&one.key)).collect());
    let subject = missing[0].branch.to_string();
    publish_report(run, &mut claims, &subject, &message(missing, known)).await
}

/// Forgets the reports whose reason is over, so that the same reason is reported again when it returns. `names` are the names
/// of the stacks of all covered branches; none where a list is incomplete.
pub async fn forget_over(
    run: &Run<'_>,
    outcomes: &[BranchOutcome],
    known: &Reports,
    names: Option<&BTreeSet<String>>,
) -> Report {
    let mut report = Report::default();
    for key in over(known, outcomes, &run.settings.prefix, names) {
        if let Err(error) = forget(run, key).await {
            report.add(table_failure(key.about(), error));
            break;
        }
    }
    report
}
