//! Publishes an email to an SNS topic, once: within SNS's limits, and under a claim where several invocations may have the event.
//!
//! Only a call that SNS certainly did not accept is made again in the same invocation ([`call`]).
//!
//! A function claims a report ([`shared::claim::Claim`]), publishes it with [`publish_claimed`], and the claim's [`Ledger`] is
//! confirmed, or released when SNS did not take the email. Only a lost answer or a lost confirmation sends an email twice, and no
//! failure loses one.

mod call;

use aws_sdk_sns::Client;
use serde_json::Value;
use shared::act::{Effect, Executor, Performed};
use shared::decision::Action;
use shared::email::Message;

pub use call::is_unanswered;

/// The call that publishes, as IAM names it.
pub const PUBLISH: &str = "sns:Publish";

/// An email to be published to a topic.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// The ARN of the topic.
    pub topic: &'a str,
    /// The email.
    pub message: &'a Message,
}

impl Effect for Publication<'_> {
    fn call(&self) -> &'static str {
        PUBLISH
    }

    fn subject(&self) -> String {
        self.message.subject.clone()
    }

    fn input(&self) -> Value {
        self.message.input(self.topic)
    }
}

/// How a publication went.
#[derive(Debug, Clone)]
pub struct Published {
    /// The action that the decision reports.
    pub action: Action,
    /// SNS's message id, or why SNS did not take the email.
    pub outcome: Performed<String>,
}

/// Publishes an email, unless this is a dry run.
pub async fn publish(publication: Publication<'_>, executor: Executor, sns: &Client) -> Published {
    let outcome = executor.perform(call::publish(publication, sns)).await;
    Published { action: publication.action(outcome.result(String::clone)), outcome }
}

/// Where a claim is kept.
pub trait Ledger {
    /// Why the ledger could not be written.
    type Error;

    /// Records that SNS took the email under this message id.
    fn confirm(&mut self, message_id: &str) -> impl Future<Output = Result<(), Self::Error>>;

    /// Releases the claim, so that the next invocation need not wait for its end.
    fn release(&mut self) -> impl Future<Output = Result<(), Self::Error>>;

    /// Records that it is unknown whether SNS took the email. By default the claim is released, so that a later invocation
    /// sends the email again.
    fn unanswered(&mut self) -> impl Future<Output = Result<(), Self::Error>> {
        self.release()
    }
}

/// How a claimed publication went.
#[derive(Debug, Clone)]
pub struct Reported<E> {
    /// The publication itself.
    pub published: Published,
    /// Why the claim could not be confirmed or released. A claim that is not confirmed sends the email once more.
    pub unrecorded: Option<E>,
}

/// Publishes an email whose report this invocation has claimed, and records how it went. A dry run records nothing.
pub async fn publish_claimed<L: Ledger>(
    publication: Publication<'_>,
    ledger: &mut L,
    executor: Executor,
    sns: &Client,
) -> Reported<L::Error> {
    let published = publish(publication, executor, sns).await;
    let recorded = match &published.outcome {
        Performed::Done(message_id) => ledger.confirm(message_id).await,
        Performed::Failed(error) if is_unanswered(error) => ledger.unanswered().await,
        Performed::Failed(_) => ledger.release().await,
        Performed::NotCalled => Ok(()),
    };
    Reported { published, unrecorded: recorded.err() }
}
