//! Recorded calls, one or those of a log file: each is handled once its event is free of other invocations.

use std::time::{Duration, Instant};

use serde_json::Value;
use shared::decision::Verdict;
use shared::report::Report;

use crate::act::claim;
use crate::because::Because;
use crate::claim::ClaimAnswer;
use crate::event::{Event, Parsed, Record, UnrelatedEvent, parse_record};
use crate::handle::attempt;
use crate::recorded_call::RecordedCall;
use crate::remark::Remark;
use crate::run::Run;

/// The time that a recorded call needs: its look-ups, its revert and its email.
const TIME_FOR_A_CALL: Duration = Duration::from_secs(30);

/// The first and the longest pause between two claims of an event that another invocation has.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Handles a recorded call. If another invocation has claimed its event, this one waits: until an email is recorded, or until
/// the claim has ended and this invocation sends the email. A repeat of an event is then no failure.
pub(crate) async fn recorded_call(run: &Run<'_>, record: &Record) -> Report {
    let mut is_held = false;
    let report = Box::pin(attempt(run, record, &mut is_held)).await;
    let Ok(call) = RecordedCall::of(record, run.rules) else { return report };
    if !is_held {
        return report;
    }
    match free(run, &call.key()).await {
        // What was read before the pause may be out of date.
        Some(later) => {
            let mut report = Box::pin(attempt(&later, record, &mut is_held)).await;
            let waited = later.invocation.now.duration_since(run.invocation.now);
            report.note(&call.subject(), &Remark::Waited { seconds: waited.as_secs().unsigned_abs() });
            report
        }
        None => report,
    }
}

/// Waits until no other invocation has the claim of `key`, and returns the run at that time; `None` if this invocation has no
/// time left.
async fn free<'r>(run: &Run<'r>, key: &str) -> Option<Run<'r>> {
    let mut later = run.clone();
    let (mut pause, longest) = PAUSES;
    while has_time(&later, pause + TIME_FOR_A_CALL) {
        later.invocation = later.invocation.after(pause).await;
        if claim(&later, key.to_owned()).await != ClaimAnswer::ByAnother {
            return Some(later);
        }
        pause = (pause * 2).min(longest);
    }
    None
}

fn has_time(run: &Run<'_>, time: Duration) -> bool {
    run.invocation.deadline.saturating_duration_since(Instant::now()) > time
}

/// Handles the records of a log file one after the other. A record that cannot be read does not stop the others; records for
/// which there is no time are left to the retry.
pub(crate) async fn handle_records(run: &Run<'_>, records: &[Value]) -> Report {
    let mut report = Report::default();
    let mut run = run.clone();
    let mut unrelated = 0;
    for (at, record) in records.iter().enumerate() {
        let parsed = match parse_record(record) {
            Ok(parsed) => parsed,
            Err(error) => {
                report.reason(Verdict::Fail, "event", &Because::MalformedRecord { number: at + 1, error });
                continue;
            }
        };
        match parsed {
            Parsed::Ours(Event::Call(record)) if is_related(&record, &run) => {
                if !has_time(&run, TIME_FOR_A_CALL) {
                    let left = records.len() - at;
                    report.reason(Verdict::Fail, "event", &Because::RecordsLeft { left });
                    break;
                }
                report.add(Box::pin(recorded_call(&run, &record)).await);
                run.invocation = run.invocation.after(Duration::ZERO).await;
            }
            Parsed::Ours(_) | Parsed::NotOurs(_) => unrelated += 1,
        }
    }
    if unrelated > 0 {
        let unrelated = UnrelatedEvent::OtherRecords { number: unrelated, of: records.len() };
        report.reason(Verdict::Skip, "event", &Because::NotOurs(unrelated));
    }
    report
}

/// Whether a record changes access, or a rule names its call. All others of a log file are one reason together.
fn is_related(record: &Record, run: &Run<'_>) -> bool {
    RecordedCall::of(record, run.rules).err().is_none_or(|skipped| !skipped.is_unrelated())
}
