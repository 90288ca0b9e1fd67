//! What follows the emails of an invocation, from what the table remembers by then: usage reports, and findings for Security Hub.
//! No failure here fails an invocation, and the next daily scan does what is missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shared::act::Performed;
use shared::report::Report;
use shared::table_error::TableError;

use crate::act::act;
use crate::act::security_hub::import_findings;
use crate::act::usage::request_report;
use crate::decide::{Decided, after_reporting};
use crate::effect::Effect;
use crate::gather::{account_alias, usage_reading};
use crate::memory::ResourceMemory;
use crate::recorded_call::RecordedCall;
use crate::remark::Remark;
use crate::run::Run;
use crate::security_hub::remark::HubRemark;
use crate::security_hub::{FindingsImport, due};
use crate::usage::settle::{Occasion, UsageScene, settle};
use crate::usage::{UsageAnswer, UsageStep, cases};

/// The time that a step may take, with what it remembers: a call with all its retries.
const TIME_OF_A_STEP: Duration = Duration::from_secs(45);

/// The images and snapshots that an invocation was about.
#[derive(Debug, Clone, Copy)]
enum Subjects<'a> {
    /// One.
    One(&'a str),
    /// All of the region.
    All,
}

/// What follows a recorded call, if it is about an image or a snapshot of this account.
pub async fn after_call(run: &Run<'_>, call: &RecordedCall<'_>) -> Report {
    let is_own = call.record.account.as_deref() == Some(&run.home.account);
    let resource = call.resource().and_then(|resource| resource.legal_id());
    match resource.filter(|_| is_own) {
        Some(resource) => {
            let until = run.invocation.deadline;
            follow_up(run, call.region(&run.home), Subjects::One(resource), Occasion::Event, until).await
        }
        None => Report::default(),
    }
}

/// What follows the scan of a region, until `until`.
pub async fn after_scan(run: &Run<'_>, region: &str, until: Instant) -> Report {
    follow_up(run, region, Subjects::All, Occasion::Scan, until).await
}

async fn follow_up(
    run: &Run<'_>,
    region: &str,
    subjects: Subjects<'_>,
    occasion: Occasion,
    until: Instant,
) -> Report {
    let mut report = Report::default();
    if run.settings.optional.usage_reports {
        let left = until.saturating_duration_since(Instant::now());
        let until = if run.settings.optional.security_hub { until - left / 2 } else { until };
        match memories(run, region, subjects).await {
            Ok(memories) => report.add(usage(run, region, memories, occasion, until).await),
            Err(error) => note_unread(&mut report, region, error),
        }
    }
    // Read again: accounts that use an image are findings, too.
    if run.settings.optional.security_hub {
        match memories(run, region, subjects).await {
            Ok(memories) => report.add(security_hub(run, region, &memories, until).await),
            Err(error) => note_unread(&mut report, region, error),
        }
    }
    report
}

fn note_unread(report: &mut Report, region: &str, error: TableError) {
    report.note(&format!("findings of {region}"), &Remark::NotRemembered { error: error.into() });
}

async fn memories(
    run: &Run<'_>,
    region: &str,
    subjects: Subjects<'_>,
) -> Result<BTreeMap<String, ResourceMemory>, TableError> {
    let Some(table) = run.memories() else { return Ok(BTreeMap::new()) };
    match subjects {
        // The scan reports an item that cannot be read.
        Subjects::All => Ok(table.read_region(&run.home.account, region).await?.known),
        Subjects::One(resource) => {
            let memory = table.read(&run.home.account, region, resource).await?;
            Ok([(resource.to_owned(), memory)].into())
        }
    }
}

/// Whether a step may begin: the share of the time is not over, and the step ends before the invocation.
fn has_time(run: &Run<'_>, until: Instant) -> bool {
    Instant::now() < until && Instant::now() + TIME_OF_A_STEP < run.invocation.deadline
}

/// Requests and reads usage reports, and emails what they say. What there is no time for is due in the next scan.
async fn usage(
    run: &Run<'_>,
    region: &str,
    memories: BTreeMap<String, ResourceMemory>,
    occasion: Occasion,
    until: Instant,
) -> Report {
    let now = run.invocation.now;
    let ec2 = run.aws.ec2(region);
    let (mut answers, mut report) = (Vec::new(), Report::default());
    for case in cases(memories, now) {
        if !has_time(run, until) {
            break;
        }
        let answer = match &case.step {
            UsageStep::Request => {
                UsageAnswer::Requested(request_report(run, region, &case, &mut report.actions).await)
            }
            UsageStep::Read { id, .. } => UsageAnswer::Read(usage_reading(run, &case.image, id, &ec2).await),
        };
        answers.push((case, answer));
    }
    if answers.is_empty() {
        return report;
    }
    let alias = account_alias(run).await;
    let (rules, home, limit) = (run.rules, &run.home, run.settings.limit);
    let scene = UsageScene { rules, home, region, alias: alias.as_deref(), occasion, now, limit };
    let decided = settle(&answers, &scene);
    report.add(act(run, decided, async |acted| after_reporting(acted)).await);
    report
}

/// Imports the findings that Security Hub does not have, until a call fails.
async fn security_hub(
    run: &Run<'_>,
    region: &str,
    memories: &BTreeMap<String, ResourceMemory>,
    until: Instant,
) -> Report {
    let now = run.invocation.now;
    let findings =
        memories.iter().flat_map(|(resource, memory)| due(memory, resource, region, &run.home, now));
    let mut report = Report::default();
    for import in FindingsImport::batches(region, findings.collect()) {
        if !has_time(run, until) {
            break;
        }
        let subject = format!("findings of {region}");
        let refused = match import_findings(run, &import, &mut report.actions).await {
            Performed::Done(refused) => refused,
            Performed::NotCalled => continue,
            Performed::Failed(error) => {
                report.note(&subject, &HubRemark::NotImported { findings: import.findings.len(), error });
                break;
            }
        };
        if let Some(first) = refused.first() {
            let remark = HubRemark::ImportRefused { findings: refused.len(), why: first.why.clone() };
            report.note(&subject, &remark);
        }
        let ids: Vec<&str> = refused.iter().map(|refused| refused.id.as_str()).collect();
        let updates = import.updates(&ids, &run.home, now).into_iter().map(Effect::Update);
        let decided = Decided { effects: updates.collect(), ..Decided::default() };
        report.add(act(run, decided, async |acted| after_reporting(acted)).await);
    }
    report
}
