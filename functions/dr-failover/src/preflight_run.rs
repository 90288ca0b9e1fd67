//! Runs the preflight of each plan: reads its facts, emails what is not ready, and prints its metrics.

use futures::future::OptionFuture;
use futures::join;
use notification::{Publication, publish};
use shared::act::Performed;
use shared::call_error::CallError;
use shared::decision::{Note, Verdict};
use shared::report::Report;

use crate::because::Because;
use crate::email;
use crate::facts::Read;
use crate::gather;
use crate::preflight::{PreflightFacts, Readiness, Subscriptions, evaluate, metrics, needs_answers};
use crate::rules::RecoveryPlan;
use crate::run::Run;
use crate::step::Input;

/// The calls of a start of a DRS plan. A role without one of them cannot recover anything.
const OF_A_START: [&str; 3] =
    ["drs:StartRecoveryPlanExecution", "drs:GetRecoveryPlanExecution", "drs:DescribeRecoverySnapshots"];

/// The same for a plan with waves of its own.
const OF_WAVES: [&str; 3] = ["drs:StartRecovery", "drs:TagResource", "drs:DescribeRecoverySnapshots"];

/// The call that moves an address.
const OF_TRAFFIC: &str = "ec2:AssociateAddress";

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
    let answers: OptionFuture<_> = needs_answers(plan, run.invocation.now)
        .then(|| gather::answers(&run.aws.ssm, &run.settings.approval))
        .into();
    let allocations: Vec<String> = plan.addresses.iter().map(|address| address.allocation.clone()).collect();
    let addresses: OptionFuture<_> =
        (!allocations.is_empty()).then(|| gather::addresses(run.aws, &allocations)).into();
    let (known, of_gather, subscriptions, denied, answers, addresses) = join!(
        store.known(&plan.name, Input::Reconcile(crate::rules::Mode::Recovery)),
        gather::standing(run, plan),
        subscriptions(&run.aws.sns, &topic),
        denied(run, plan),
        answers,
        addresses,
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
        answers: answers.map(|answers| answers.map(|answers| answers.len())),
        addresses,
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

/// The calls of a recovery that the role's policies deny.
async fn denied(run: &Run<'_>, plan: &RecoveryPlan) -> Read<Vec<String>> {
    let home = &run.home;
    let of = |service: &str, resource: &str| {
        format!("arn:{}:{service}:{}:{}:{resource}", home.partition, home.region, home.account)
    };
    let (calls, resources) = match &plan.drs_plan {
        Some(drs_plan) => {
            let of_drs = ["recovery-plan-execution/*", "source-server/*"].map(|resource| of("drs", resource));
            (OF_A_START, std::iter::once(drs_plan.to_string()).chain(of_drs).collect())
        }
        None => (OF_WAVES, vec![of("drs", "source-server/*"), of("drs", "job/*")]),
    };
    let allowed = allowed(run, &calls, resources).await?;
    let is_allowed = |call: &&&str| allowed.iter().any(|(name, _)| name == **call);
    let mut denied: Vec<String> =
        calls.iter().filter(|call| !is_allowed(call)).map(|call| (*call).to_owned()).collect();
    let addresses =
        plan.addresses.iter().map(|address| of("ec2", &format!("elastic-ip/{}", address.allocation)));
    let addresses: Vec<String> = addresses.collect();
    // A call of IAM has room for a few resources.
    for addresses in addresses.chunks(MOST_RESOURCES) {
        let movable = self::allowed(run, &[OF_TRAFFIC], addresses.to_vec()).await?;
        let is_movable = |arn: &&String| movable.iter().any(|(_, resource)| resource == *arn);
        denied.extend(
            addresses.iter().filter(|arn| !is_movable(arn)).map(|arn| format!("{OF_TRAFFIC} on {arn}")),
        );
    }
    Ok(denied)
}

/// The resources of one simulation, so that its answer has one page.
const MOST_RESOURCES: usize = 20;

/// The calls that the role's policies allow, with their resources. Service control policies count as IAM reports them.
async fn allowed(run: &Run<'_>, calls: &[&str], resources: Vec<String>) -> Read<Vec<(String, String)>> {
    let call = run.aws.iam.simulate_principal_policy().policy_source_arn(&run.settings.role);
    let call = call.set_action_names(Some(calls.iter().map(|call| (*call).to_owned()).collect()));
    let output = call.set_resource_arns(Some(resources)).send().await;
    let output = output.map_err(|error| CallError::new("iam:SimulatePrincipalPolicy", error))?;
    let allowed = output.evaluation_results().iter();
    let allowed = allowed.filter(|result| result.eval_decision().as_str() == "allowed");
    Ok(allowed
        .map(|result| {
            let resource = result.eval_resource_name().unwrap_or_default();
            (result.eval_action_name().to_owned(), resource.to_owned())
        })
        .collect())
}
