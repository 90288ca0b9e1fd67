//! What branch-stacks reports, from a push to the end of a stack: one email for each reason, again after the reason was over,
//! none in a dry run; one comment for each pull request.

use local_aws::DeliveredEmail;

use crate::account::Account;

const WORLD: &str = r#"
now = "2026-01-10T10:00:05Z"
[[repository]]
name = "shop"
[[repository.commit]]
label = "zero"
[[repository.commit]]
label = "one"
[repository.branches]
main = "zero"
a = "one"
b = "one"
[[repository.pull-request]]
source = "b"
"#;

const RULES: &str = r#"
[[branch-stack]]
repositories = ["shop"]
branches = ["*", "!main"]
template = "stack.yaml"
max-stacks = 1
notify = ["event", "pull-request"]
"#;

const TEMPLATE: &str =
    "Resources: {Topic: {Type: AWS::SNS::Topic}}\nOutputs: {Site: {Value: https://shop.example.com/}}\n";

fn subjects(emails: &[DeliveredEmail]) -> Vec<&str> {
    emails.iter().map(|email| email.subject.as_str()).collect()
}

#[test]
fn a_reason_that_returns_is_emailed_again_and_one_that_lasts_is_not() {
    let account = Account::new(WORLD, RULES, TEMPLATE);
    let waiting = "No working stack: shop b";
    account.reconcile();
    account.settle();
    account.reconcile();
    assert_eq!(subjects(&account.aws.emails()), [waiting]);
    // The place of `a` becomes free, and the next reconcile gives it to `b`.
    account.aws.push("shop", "a", None).expect("the branch exists");
    account.settle();
    account.reconcile();
    account.settle();
    account.reconcile();
    assert_eq!(subjects(&account.aws.emails()), [waiting]);
    let comments = account.aws.comments("1");
    assert_eq!(comments.len(), 1, "{comments:#?}");
    assert!(
        comments[0].content.contains("ready") && comments[0].content.contains("<https://shop.example.com/>")
    );
    // `a` takes the place again, because `b` is deleted and created again after it.
    account.aws.push("shop", "b", None).expect("the branch exists");
    account.settle();
    assert!(account.aws.comments("1")[0].content.contains("This branch has no stack"));
    account.aws.push("shop", "a", Some("one")).expect("the commit exists");
    account.settle();
    account.aws.push("shop", "b", Some("one")).expect("the commit exists");
    account.settle();
    assert_eq!(subjects(&account.aws.emails()), [waiting, waiting]);
    let comments = account.aws.comments("1");
    assert_eq!(comments.len(), 1, "{comments:#?}");
    assert!(comments[0].content.contains("max-stacks = 1"), "{comments:#?}");
}

#[test]
fn the_own_event_starts_nothing() {
    let account = Account::new(WORLD, RULES, TEMPLATE);
    account.reconcile();
    let mut ready = Vec::new();
    for _ in 0..50 {
        let events = account.aws.take_events();
        let nothing_left = events.is_empty();
        for event in events {
            let decisions = account.deliver(&event);
            if event["source"] == "pointsman" {
                assert!(decisions.is_empty(), "no rule of the template matches {event}");
                ready.push(event);
            }
        }
        if account.aws.advance_to_next().is_none() && nothing_left {
            break;
        }
    }
    assert_eq!(ready.len(), 1);
    assert_eq!(ready[0]["detail-type"], "Branch Stack Ready");
    assert_eq!(ready[0]["detail"]["branch"], "a");
    assert_eq!(ready[0]["detail"]["outputs"]["Site"], "https://shop.example.com/");
}

#[test]
fn a_dry_run_reports_nothing_and_remembers_nothing() {
    let account = Account::new(WORLD, RULES, TEMPLATE);
    account.reconcile();
    account.settle();
    let emails = account.aws.emails().len();
    let items = account.aws.items("reports");
    let comments = account.aws.comments("1");
    account.aws.push("shop", "c", Some("one")).expect("the commit exists");
    let event = account.aws.take_events().pop().expect("the push is an event");
    let decision = account.dry_run(&event);
    let calls: Vec<&str> = decision.actions.iter().map(|action| action.call.as_str()).collect();
    assert_eq!(calls, ["sns:Publish"], "the decision shows the email that a real run would send");
    account.dry_run(&serde_json::json!({"source": "pointsman", "detail-type": "reconcile"}));
    assert_eq!((account.aws.emails().len(), account.aws.items("reports")), (emails, items));
    assert_eq!(account.aws.comments("1"), comments);
}
