//! Reports a ready stack: an email and an event, each once for each state of the stack.

use notification::Ledger as _;
use serde_json::{Map, Value, json};
use shared::act::Performed;
use shared::decision::Verdict;
use shared::email::Message;
use shared::report::Report;
use shared::text::{printable, shortened};

use super::{STACK_READY, is_ready};
use crate::act::perform;
use crate::because::Because;
use crate::decide::StackDecision;
use crate::effect::{Effect, OwnEvent};
use crate::email::layout::{fields, items};
use crate::identity::BranchId;
use crate::remark::Remark;
use crate::report_once::{DueReport, may_report, report_once, table_failure};
use crate::reports::ReportKey;
use crate::run::Run;
use crate::stack::{BranchStack, stack_name};

/// The most bytes of an event's detail: below the 256 KB that every EventBridge target takes.
const LARGEST_DETAIL: usize = 200_000;

/// The most characters of an output in the email.
const LONGEST_OUTPUT: usize = 4_096;

/// The reports of the state of a stack: what is remembered about the email and about the event.
pub fn keys(stack: &BranchStack) -> [ReportKey; 2] {
    let key =
        |what: &str| ReportKey::of_stack(stack_name(&stack.id), &format!("{what} {}", stack.moment_hash()));
    [key("ready"), key("ready-event")]
}

/// Reports a stack that is ready, as its rule asks; nothing for a stack that is not ready.
pub async fn report_ready(
    run: &Run<'_>,
    branch: &BranchId,
    stack: &BranchStack,
    decision: &StackDecision,
) -> Report {
    let mut report = Report::default();
    let Some(rule) = run.rules.covering(branch).filter(|_| is_ready(stack, decision)) else { return report };
    let [email, event] = keys(stack);
    if rule.notify.ready {
        let message = message(branch, stack);
        let due = DueReport { key: email, subject: branch.to_string(), message, remind_after: None };
        report.add(report_once(run, &due).await);
    }
    if rule.notify.event {
        report.add(event_once(run, branch, stack, &event).await);
    }
    if !report.actions.is_empty() {
        let remark = Remark::StackReady { branch: branch.clone() };
        report.note(&remark.subject(), &remark);
    }
    report
}

/// Puts the event on the bus, unless it was. A lost answer or confirmation repeats the event: PutEvents takes no token.
async fn event_once(run: &Run<'_>, branch: &BranchId, stack: &BranchStack, key: &ReportKey) -> Report {
    let subject = branch.to_string();
    match may_report(run, key, None).await {
        Ok(true) => {}
        Ok(false) => return Report::default(),
        Err(error) => return table_failure(&subject, error),
    }
    let mut report = Report::default();
    let effect = Effect::PutEvent(event(branch, stack));
    let (action, performed) = perform(&effect, run.aws, run.invocation.executor).await;
    report.actions.push(action);
    let mut claim = run.claimed(key);
    let recorded = match performed {
        Performed::Done(id) => claim.confirm(&id).await,
        Performed::NotCalled => Ok(()),
        Performed::Failed(error) => {
            report.reason(Verdict::Fail, &subject, &Because::EventFailed { error });
            claim.release().await
        }
    };
    if let Err(error) = recorded {
        report.add(table_failure(&subject, error));
    }
    report
}

/// The event about a ready stack. Outputs that do not fit are left out, and counted.
pub fn event(branch: &BranchId, stack: &BranchStack) -> OwnEvent {
    let mut outputs = Map::new();
    let mut bytes = 0;
    for (key, value) in &stack.outputs {
        bytes += key.len() + json!(value).to_string().len() + 4;
        if bytes > LARGEST_DETAIL {
            break;
        }
        outputs.insert(key.clone(), Value::from(value.as_str()));
    }
    let left_out = stack.outputs.len() - outputs.len();
    let mut detail = json!({
        "repository": branch.repository,
        "branch": branch.name,
        "commit": stack.commit(),
        "stackId": stack.id,
        "stackName": stack_name(&stack.id),
        "status": stack.status.as_str(),
        "outputs": outputs,
    });
    if left_out > 0 {
        detail["outputsLeftOut"] = json!(left_out);
    }
    OwnEvent { detail_type: STACK_READY, resource: stack.id.clone(), detail }
}

/// The email about a ready stack.
fn message(branch: &BranchId, stack: &BranchStack) -> Message {
    let fields = fields(&[
        ("Repository", branch.repository.as_str()),
        ("Branch", &branch.name),
        ("Commit", stack.commit()),
        ("Stack", stack_name(&stack.id)),
        ("Status", stack.status.as_str()),
    ]);
    let output = |(key, value): &(String, String)| {
        format!("{}: {}", printable(key), printable(&shortened(value, LONGEST_OUTPUT)))
    };
    let outputs: Vec<String> = stack.outputs.iter().map(output).collect();
    let outputs = items(&outputs, "the template has none");
    let paragraphs = ["The stack of a branch is ready.".to_owned(), fields, "Outputs".to_owned(), outputs];
    Message::plain(&format!("Stack ready: {branch}"), &(paragraphs.join("\n\n") + "\n"))
}
