//! A stack's status changed: its branch is brought to its wanted state, and a failure is mailed with what comes next.

use aws_sdk_cloudformation::types::StackStatus;
use shared::decision::{Action, ActionResult, DRY_RUN, Verdict};

use crate::because::Because;
use crate::event::{StackChange, stack_name};
use crate::gather::{events, stack_of};
use crate::identity::Subject;
use crate::mail::{Mail, mail};
use crate::one::{Outcome, note, one_branch};
use crate::remark::Remark;
use crate::run::Run;
use crate::stack::{Owned, Phase};

/// What comes of the change.
pub async fn changed(run: &Run<'_>, change: &StackChange) -> Vec<Outcome> {
    let name = stack_name(&change.stack);
    let (subject, stack) = match stack_of(&change.stack, &run.settings.prefix, run.aws).await {
        Ok(Some(Owned::Ours(subject, stack))) => (subject, stack),
        Ok(Some(Owned::Foreign(foreign))) => {
            return vec![Outcome::of(Verdict::Skip, name, &Because::NotOurStack(foreign))];
        }
        Ok(None) => return vec![Outcome::of(Verdict::Skip, name, &Because::StackForgotten)],
        Err(why) => return vec![Outcome::of(Verdict::Fail, name, &Because::StackUnreadable { why })],
    };
    let failed = Phase::of(&StackStatus::from(change.status.as_str())).is_failure();
    // Read before anything is done: what is done adds events of its own.
    let events = match failed {
        true => events(&change.stack, change.token.as_deref(), run.aws).await,
        false => Ok(Vec::new()),
    };
    // A stack that is gone so that it can be made anew counts as the sign of life that it was.
    let alive = stack.created.filter(|_| stack.phase() == Phase::Gone);
    let run = &Run { alive, ..run.clone() };
    let mut outcome = one_branch(&run.question(&subject), run.aws, None, &run.invocation).await;
    if !failed {
        return vec![outcome];
    }
    let mail = mail(&subject, change, &events, &outcome.reason, stack.protected);
    outcome.notes.push(note(&Remark::StackFailed { stack: name.to_owned(), what: mail.what.clone() }));
    match &run.settings.topic {
        Some(topic) => {
            let (action, failed) = send(run, topic, &mail, &subject).await;
            outcome.actions.push(action);
            [Some(outcome), failed].into_iter().flatten().collect()
        }
        None => {
            outcome.notes.push(note(&Remark::NoTopic { stack: name.to_owned() }));
            vec![outcome]
        }
    }
}

async fn send(run: &Run<'_>, topic: &str, mail: &Mail, subject: &Subject) -> (Action, Option<Outcome>) {
    let input = serde_json::json!({"TopicArn": topic, "Subject": mail.subject, "Message": mail.body});
    let action =
        |result| Action { call: "sns:Publish".to_owned(), subject: mail.subject.clone(), input, result };
    if run.invocation.dry_run {
        return (action(ActionResult::NotCalled(DRY_RUN.to_owned())), None);
    }
    let call = run.aws.sns.publish().topic_arn(topic).subject(&mail.subject).message(&mail.body);
    match call.send().await {
        Ok(output) => (action(ActionResult::Done(output.message_id.unwrap_or_default())), None),
        Err(error) => {
            let error = shared::aws::told(&error);
            let because = Because::MailFailed { error: error.clone() };
            let outcome = Outcome::of(Verdict::Fail, subject.to_string(), &because);
            (action(ActionResult::Failed(error)), Some(outcome))
        }
    }
}
