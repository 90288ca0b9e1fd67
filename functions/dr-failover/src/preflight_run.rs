//! Runs the preflight of each plan: reads its facts, emails what is not ready, and prints its metrics.

use futures::join;
use notification::{Publication, publish};
use shared::act::Performed;
use shared::call_error::CallError;
use shared::decision::{Note, Verdict};
use shared::home::Home;
use shared::report::Report;

use crate::because::Because;
use crate::email;
use crate::facts::Read;
use crate::gather;
use crate::preflight::{PreflightFacts, Readiness, Subscriptions, evaluate, metrics};
use crate::rules::RecoveryPlan;
use crate::run::Run;
use crate::step::Input;

/// The calls of a start of a DRS plan. A role without one of them cannot recover anything.
const OF_A_START: [&str; 3] =
    ["drs:StartRecoveryPlanExecution", "drs:GetRecoveryPlanExecution", "drs:DescribeRecoverySnapshots"];

/// The calls of a start of waves.
const OF_A_WAVE: [&str; 3] = ["drs:StartRecovery", "drs:TagResource", "drs:DescribeRecoverySnapshots"];

/// The preflight of a plan.
pub(crate) async fn preflight(run: &Run<'_>, plan: &RecoveryPlan) -> Report {
    let facts = facts(run, plan).await;
    let now = run.invocation.now;
    let readiness = evaluate(plan, run.settings, &run.home.region, &facts, now);
    println!("{}", metrics(&plan.name, &readiness, now));
    let mut report = Report::default();
    let verdict = if readiness.blocks.is_empty() { Verdict::Skip } else { Verdict::Alert };
    report.reason(verdict, &plan.name, &readiness.result());
    for finding in &readiness.blocks {
        report.reason(Verdict::Alert, &plan.name, finding);
    }
    for finding in readiness.unknown.iter().chain(&readiness.remarks) {
        report.notes.push(Note { subject: plan.name.clone(), because: finding.into() });
    }
    if !readiness.blocks.is_empty() {
        send(run, plan, &readiness, &mut report).await;
    }
    report
}

async fn send(run: &Run<'_>, plan: &RecoveryPlan, readiness: &Readiness, report: &mut Report) {
    let message = email::not_ready(plan, readiness, &run.home, run.invocation.now);
    let topic = run.topic(plan);
    let publication = Publication { topic: &topic, message: &message };
    let published = publish(publication, run.invocation.executor, &run.aws.sns).await;
    report.actions.push(published.action);
    if let Performed::Failed(error) = published.outcome {
        report.reason(Verdict::Fail, &plan.name, &Because::MailFailed { error });
    }
}

async fn facts(run: &Run<'_>, plan: &RecoveryPlan) -> PreflightFacts {
    let store = run.store();
    let topic = run.topic(plan);
    let (known, of_gather, subscriptions, denied) = join!(
        store.known(&plan.name, Input::Reconcile(crate::rules::Mode::Recovery)),
        gather::standing(run, plan),
        subscriptions(&run.aws.sns, &topic),
        denied(&run.aws.iam, &run.settings.role, plan, &run.home),
    );
    let (signals, executions, recoverable) = of_gather;
    let latch = known.map(|known| known.latch);
    PreflightFacts {
        latch: latch.map_err(|error| CallError::without_answer("dynamodb:GetItem", error.to_string())),
        signals,
        executions,
        recoverable,
        subscriptions,
        denied,
    }
}

/// Counts the topic's subscriptions, over every page.
async fn subscriptions(sns: &aws_sdk_sns::Client, topic: &str) -> Read<Subscriptions> {
    let mut pages = sns.list_subscriptions_by_topic().topic_arn(topic).into_paginator().send();
    let mut found = Subscriptions { confirmed: 0, pending: 0 };
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("sns:ListSubscriptionsByTopic", error))?;
        for subscription in page.subscriptions() {
            // The ARN of a subscription that is not confirmed is the text "PendingConfirmation" ("Subscription", Amazon SNS API
            // Reference).
            match subscription.subscription_arn().is_some_and(|arn| arn.starts_with("arn:")) {
                true => found.confirmed += 1,
                false => found.pending += 1,
            }
        }
    }
    Ok(found)
}

/// The calls of a start that the role's policies deny. Service control policies count as IAM reports them.
async fn denied(
    iam: &aws_sdk_iam::Client,
    role: &str,
    plan: &RecoveryPlan,
    home: &Home,
) -> Read<Vec<String>> {
    let of = |kind: &str| format!("arn:{}:drs:{}:{}:{kind}/*", home.partition, home.region, home.account);
    let (calls, resources) = match &plan.drs_plan {
        Some(arn) => (OF_A_START, vec![arn.to_string(), of("recovery-plan-execution"), of("source-server")]),
        // Without a resource, IAM would simulate `*`, which the role's policy does not name.
        None => (OF_A_WAVE, vec![of("source-server"), of("job")]),
    };
    let call = iam.simulate_principal_policy().policy_source_arn(role);
    let call = call.set_action_names(Some(calls.map(str::to_owned).to_vec()));
    let output = call.set_resource_arns(Some(resources)).send().await;
    let output = output.map_err(|error| CallError::new("iam:SimulatePrincipalPolicy", error))?;
    let is_allowed = |name: &str| {
        let of_call = output.evaluation_results().iter().filter(|result| result.eval_action_name() == name);
        of_call.into_iter().any(|result| result.eval_decision().as_str() == "allowed")
    };
    Ok(calls.iter().filter(|name| !is_allowed(name)).map(|name| (*name).to_owned()).collect())
}
