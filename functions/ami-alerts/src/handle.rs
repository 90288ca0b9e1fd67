//! From an event to its decision: parse, gather, decide, act, for a recorded call and for the daily scan.

use std::time::{Duration, Instant};

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::foreign_event::{AcceptedRegions, ForeignEvent};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};
use shared::report::Report;
use shared::text::count;

use crate::FUNCTION;
use crate::act::act;
use crate::aws::Clients;
use crate::because::Because;
use crate::claim::ClaimAnswer;
use crate::decide::{AssessedCall, decide, decide_after};
use crate::effect::Acted;
use crate::event::{Delivery, Event, Parsed, Record, delivery, parse, parse_record};
use crate::facts::LookUp;
use crate::follow_up;
use crate::gather::{AccountAccess, account_access, current_permissions, gather, gather_scan};
use crate::recorded_call::RecordedCall;
use crate::records::{handle_records, recorded_call};
use crate::rules::Rules;
use crate::run::Run;
use crate::scan::{after_scan, decide_scan};
use crate::settings::Settings;

/// The time that the daily scan keeps for its emails and its writes to the table.
const TIME_FOR_EMAILS: Duration = Duration::from_secs(60);

/// The time that the daily scan keeps for usage reports and Security Hub, if the deployment has them.
const TIME_FOR_FOLLOW_UP: Duration = Duration::from_secs(180);

/// Handles an event, and returns the decision with everything that was done.
///
/// # Errors
/// When the event is malformed. Later failures are part of the decision.
pub async fn handle(
    event: Value,
    invocation: Invocation,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let home = Home::of(&invocation.function_arn);
    let regions = AcceptedRegions::OwnAnd(&settings.regions);
    if let Some(foreign) = ForeignEvent::of(&event, &home, &settings.accounts, regions) {
        let report = Report::of(Verdict::Skip, "event", &foreign);
        return Ok(report.decision(FUNCTION.name, "an event of another account or region", &invocation));
    }
    let run = Run { rules, settings, aws, invocation: invocation.clone(), home, access: AccountAccess::Own };
    let parsed = match delivery(event) {
        Delivery::One(event) => parse(&event),
        Delivery::Nothing(unrelated) => Ok(Parsed::NotOurs(unrelated)),
        Delivery::Records(records) if records.len() == 1 => parse_record(&records[0]),
        Delivery::Records(records) => {
            let report = Box::pin(handle_records(&run, &records)).await;
            let event = count(records.len(), "CloudTrail record");
            return Ok(report.decision(FUNCTION.name, &event, &invocation));
        }
    };
    let event = match parsed.map_err(|error| Failure::new("MalformedEvent", &error))? {
        Parsed::Ours(event) => event,
        Parsed::NotOurs(unrelated) => {
            let report = Report::of(Verdict::Skip, "event", &Because::NotOurs(unrelated));
            return Ok(report.decision(FUNCTION.name, "an event that is not an API call", &invocation));
        }
    };
    let report = match &event {
        Event::Call(record) => Box::pin(recorded_call(&run, record)).await,
        Event::Reconcile => daily_scan(&run).await,
    };
    Ok(report.decision(FUNCTION.name, &event.to_string(), &invocation))
}

/// Handles a recorded call. Sets `is_held` if another invocation has claimed it.
pub(crate) async fn attempt(run: &Run<'_>, record: &Record, is_held: &mut bool) -> Report {
    let call = match RecordedCall::of(record, run.rules) {
        Ok(call) => call,
        Err(skipped) => return skipped.report(),
    };
    let access = account_access(record, run).await;
    let aws = match &access {
        AccountAccess::Role(assumed) => &assumed.clients,
        AccountAccess::Own | AccountAccess::None(_) => run.aws,
    };
    let run = &Run { aws, access: access.clone(), ..run.clone() };
    let mut facts = gather(&call, run).await;
    let (limit, now) = (run.settings.limit, run.invocation.now);
    let assessed = AssessedCall::of(&call, &facts, run.rules, &run.home, limit, now);
    let decided = decide(&assessed, &facts);
    let mut report = act(run, decided, async |acted| {
        *is_held |= matches!(acted, Acted::Claimed(ClaimAnswer::ByAnother));
        // The email reports the permissions after the revert.
        if acted.changed_permissions() {
            facts.permissions = current_permissions(&call, run).await;
            // Our own call proves more than a look-up: EC2 is eventually consistent.
            if let LookUp::Found(now) = &mut facts.permissions {
                now.retain(|grantee| !acted.revoked().contains(grantee));
            }
        }
        decide_after(&assessed, &facts, acted)
    })
    .await;
    report.add(follow_up::after_call(run, &call).await);
    report
}

/// Scans all images and snapshots, region by region. The findings of a region are emailed before the next region is read, and
/// nothing that is optional takes the time of a region.
async fn daily_scan(run: &Run<'_>) -> Report {
    let mut report = Report::default();
    let further = run.settings.regions.iter().filter(|region| **region != run.home.region);
    let regions: Vec<&String> = std::iter::once(&run.home.region).chain(further).collect();
    let optional = run.settings.optional;
    let is_followed_up = optional.usage_reports || optional.security_hub;
    let kept = TIME_FOR_EMAILS + if is_followed_up { TIME_FOR_FOLLOW_UP } else { Duration::ZERO };
    for (at, region) in regions.iter().enumerate() {
        let until = end_of_share(run, kept, regions.len() - at);
        let scan = gather_scan(run, region, until).await;
        let decided = decide_scan(&scan, run.rules, &run.home, run.settings.limit);
        report.add(act(run, decided, async |acted| after_scan(acted)).await);
    }
    for (at, region) in regions.iter().enumerate() {
        let until = end_of_share(run, Duration::ZERO, regions.len() - at);
        report.add(follow_up::after_scan(run, region, until).await);
    }
    report
}

/// The end of an equal share of the time that remains for `regions`, beside what is `kept`.
fn end_of_share(run: &Run<'_>, kept: Duration, regions: usize) -> Instant {
    let left = run.invocation.deadline.saturating_duration_since(Instant::now() + kept);
    Instant::now() + left / regions as u32
}
