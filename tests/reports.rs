//! The table of reports of branch-stacks: a report is made once, by one of several invocations, and again as a reminder.

use aws_sdk_dynamodb::Client;
use branch_stacks::reports::{ClaimedReport, ReportAnswer, ReportKey, ReportTable};
use jiff::{SignedDuration, Timestamp};
use local_aws::{AwsWorld, LocalAws};
use notification::Ledger as _;
use shared::claim::Claim;

use crate::account::config;

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn key() -> ReportKey {
    ReportKey::of_stack("branch-shop-main-1", "too-many-stacks")
}

fn run(test: impl AsyncFn(ReportTable<'_>)) {
    let mut world = AwsWorld::empty();
    world.ensure_table("reports", ("pk", "S"), Some(("sk", "S")));
    let aws = LocalAws::start(world).expect("a port is free");
    let client = Client::new(&config(&aws.endpoint()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test(ReportTable { client: &client, name: "reports" }));
}

/// The answer to an invocation that claims the report at `now`, for five minutes.
async fn claimed(
    table: ReportTable<'_>,
    by: &str,
    now: &str,
    remind: Option<SignedDuration>,
) -> ReportAnswer {
    let now = at(now);
    let claim =
        Claim { what: key().to_string(), by: by.to_owned(), until: now + SignedDuration::from_mins(5) };
    table.claim(&key(), &claim, now, remind).await.expect("the table answers")
}

async fn confirm(table: ReportTable<'_>, by: &str, now: &str) {
    let mut ledger = ClaimedReport { table, key: &key(), by, now: at(now) };
    ledger.confirm("message").await.expect("the table answers");
}

#[test]
fn of_two_invocations_one_makes_the_report() {
    run(async |table| {
        assert_eq!(claimed(table, "one", "2026-03-02T10:00:00Z", None).await, ReportAnswer::Ours);
        let another = claimed(table, "another", "2026-03-02T10:01:00Z", None).await;
        assert_eq!(another, ReportAnswer::ClaimedByAnother);
        let retry = claimed(table, "one", "2026-03-02T10:01:00Z", None).await;
        assert_eq!(retry, ReportAnswer::Ours, "Lambda's retry has the same id");
        let after = claimed(table, "another", "2026-03-02T10:06:00Z", None).await;
        assert_eq!(after, ReportAnswer::Ours, "the claim has ended");
    });
}

#[test]
fn a_report_that_was_made_is_made_again_only_as_a_reminder() {
    run(async |table| {
        claimed(table, "one", "2026-03-02T10:00:00Z", None).await;
        confirm(table, "one", "2026-03-02T10:00:05Z").await;
        let made = ReportAnswer::AlreadyReported { at: at("2026-03-02T10:00:05Z") };
        assert_eq!(claimed(table, "one", "2026-03-02T10:00:06Z", Some(WEEK)).await, made);
        assert_eq!(claimed(table, "another", "2026-03-09T10:00:04Z", Some(WEEK)).await, made);
        assert_eq!(claimed(table, "another", "2026-04-02T10:00:00Z", None).await, made);
        assert_eq!(claimed(table, "another", "2026-03-09T10:00:05Z", Some(WEEK)).await, ReportAnswer::Ours);
        let reports = table.all().await.expect("the table answers");
        let earlier = at("2026-03-02T10:00:05Z");
        assert_eq!(reports.get(&key()), Some(&earlier), "the claim keeps the time of the earlier report");
    });
}

#[test]
fn a_claim_that_is_released_is_free_and_is_no_report() {
    run(async |table| {
        claimed(table, "one", "2026-03-02T10:00:00Z", None).await;
        let key = key();
        let mut ledger = ClaimedReport { table, key: &key, by: "one", now: at("2026-03-02T10:00:10Z") };
        ledger.release().await.expect("the table answers");
        assert!(table.all().await.expect("the table answers").is_empty());
        assert_eq!(claimed(table, "another", "2026-03-02T10:00:10Z", None).await, ReportAnswer::Ours);
        let late = ledger.release().await;
        assert!(late.is_err(), "another invocation owns the claim now");
    });
}

#[test]
fn the_reports_of_a_stack_are_read_and_forgotten_apart_from_those_of_others() {
    run(async |table| {
        let now = at("2026-03-02T10:00:00Z");
        let longer = ReportKey::of_stack("branch-shop-main-12", "too-many-stacks");
        let deployment = ReportKey::of_deployment("too-many-deletions 0a1b");
        for key in [&key(), &longer, &deployment] {
            table.record(key, now).await.expect("the table answers");
        }
        let about = table.about("branch-shop-main-1").await.expect("the table answers");
        assert_eq!(about.into_keys().collect::<Vec<_>>(), [key()]);
        table.forget(&key()).await.expect("the table answers");
        table.forget(&key()).await.expect("an item that is not there is forgotten");
        let rest = table.all().await.expect("the table answers");
        assert_eq!(rest.into_keys().collect::<Vec<_>>(), [deployment, longer]);
    });
}
