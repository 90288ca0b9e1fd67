//! Publish has no token. How many calls and emails one email takes, for each kind of fault, although the SDK's retries are on.

use dr_failover::aws::Clients;
use local_aws::{AwsWorld, LocalAws};
use notification::{Publication, is_unanswered, publish};
use shared::act::{Executor, Performed};
use shared::email::Message;
use tempfile::TempDir;

use crate::account::config;

/// Publishes one email in a world with these faults. Returns its outcome, the number of calls, and the number of delivered emails.
fn published(faults: &str) -> (Performed<String>, usize, usize) {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("world.toml");
    std::fs::write(&file, format!("now = \"2026-03-02T10:00:00Z\"\n{faults}")).expect("the folder is ours");
    let aws = LocalAws::start(AwsWorld::read(&file).expect("the world is right")).expect("a port is free");
    let clients = Clients::new(&config(&aws.endpoint()));
    let message = Message::plain("STARTED: recovery of shop", "The recovery of shop is started.");
    let topic = "arn:aws:sns:us-east-1:111122223333:on-call";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let publication = Publication { topic, message: &message };
    let published = runtime.block_on(publish(publication, Executor::live(), &clients.sns));
    let calls = aws.journal().iter().filter(|call| call.operation == "Publish").count();
    (published.outcome, calls, aws.emails().len())
}

fn fault(answer: &str, after_effect: bool, calls: &str) -> String {
    format!(
        "[[fault]]\noperation = \"Publish\"\nanswer = \"{answer}\"\nafter-effect = {after_effect}\n{calls}\n"
    )
}

#[test]
fn an_email_whose_answer_is_lost_is_sent_once_by_an_invocation() {
    for (answer, after_effect) in [
        ("cut", false),
        ("cut", true),
        ("InternalError", false),
        ("InternalError", true),
        ("InternalFailure", true),
    ] {
        let (outcome, calls, emails) = published(&fault(answer, after_effect, ""));
        let Performed::Failed(error) = outcome else { panic!("{answer}: {outcome:?}") };
        assert!(is_unanswered(&error), "{answer}: {error}");
        assert_eq!(
            (calls, emails),
            (1, usize::from(after_effect)),
            "{answer}, after its effect: {after_effect}"
        );
    }
}

#[test]
fn an_email_that_sns_does_not_accept_for_now_is_tried_five_times() {
    for answer in ["Throttling", "ThrottledException", "Throttled", "KMSThrottling", "ServiceUnavailable"] {
        let (outcome, calls, emails) = published(&fault(answer, false, "calls = [1, 2]"));
        assert!(matches!(outcome, Performed::Done(_)), "{answer}: {outcome:?}");
        assert_eq!((calls, emails), (3, 1), "{answer}");
    }
    let (outcome, calls, emails) = published(&fault("Throttling", false, ""));
    let Performed::Failed(error) = outcome else { panic!("{outcome:?}") };
    assert!(!is_unanswered(&error), "{error}");
    assert_eq!((calls, emails), (5, 0));
}

#[test]
fn an_email_that_sns_refuses_is_not_tried_again() {
    for answer in ["AuthorizationError", "NotFound", "KMSAccessDenied"] {
        let (outcome, calls, emails) = published(&fault(answer, false, ""));
        let Performed::Failed(error) = outcome else { panic!("{answer}: {outcome:?}") };
        assert!(!is_unanswered(&error), "{answer}: {error}");
        assert_eq!((calls, emails), (1, 0), "{answer}");
    }
}
