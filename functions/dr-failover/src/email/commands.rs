//! Commands that a person can run as they are, with version 2 of the AWS CLI. What is put into one has been checked: names and ARNs of
//! the rules, ids that are made here, and what DRS gave.

use serde_json::json;

use super::Story;
use crate::incident::{INCIDENT_TAG, Incident};

/// Starts a DRS plan for real.
pub(super) fn start(drs_plan: &str) -> String {
    let region = region(drs_plan);
    format!(
        "aws drs start-recovery-plan-execution --region {region} --recovery-plan-arn {drs_plan} --mode RECOVERY"
    )
}

/// The same, as this incident's: the function finds it by its tag, follows it, and starts none beside it.
pub(super) fn start_for(incident: &Incident) -> String {
    let tags = json!({INCIDENT_TAG: incident.id});
    format!("{} --tags '{tags}'", start(&incident.drs_plan))
}

/// Starts single servers for real.
pub(super) fn start_servers(drs_plan: &str, servers: &[&str]) -> String {
    let region = region(drs_plan);
    let servers: Vec<String> = servers.iter().map(|server| format!("sourceServerID={server}")).collect();
    format!("aws drs start-recovery --region {region} --source-servers {}", servers.join(" "))
}

/// Lists what the plan was started for, the newest first.
pub(super) fn executions(drs_plan: &str) -> String {
    let region = region(drs_plan);
    format!("aws drs list-recovery-plan-executions --region {region} --recovery-plan-arn {drs_plan}")
}

/// Cancels an execution.
pub(super) fn cancel(execution: &str) -> Option<String> {
    let region = region(execution);
    is_plain(execution).then(|| {
        format!("aws drs cancel-recovery-plan-execution --region {region} --recovery-plan-execution-arn {execution}")
    })
}

/// Shows the steps of an execution.
pub(super) fn steps(execution: &str) -> Option<String> {
    let region = region(execution);
    is_plain(execution).then(|| {
        format!("aws drs list-recovery-plan-execution-steps --region {region} --recovery-plan-execution-arn {execution}")
    })
}

/// Tries a failed step again.
pub(super) fn retry(drs_plan: &str) -> String {
    let region = region(drs_plan);
    format!(
        "aws drs retry-recovery-plan-execution-step --region {region} --recovery-plan-execution-step-arn STEP_ARN"
    )
}

/// Terminates what was launched.
pub(super) fn terminate(incident: &Incident) -> Option<String> {
    let launched = incident.servers.values().filter_map(|server| server.instance.as_deref());
    let launched: Vec<&str> = launched.filter(|id| is_plain(id)).collect();
    let region = region(&incident.drs_plan);
    (!launched.is_empty()).then(|| {
        format!(
            "aws drs terminate-recovery-instances --region {region} --recovery-instance-ids {}",
            launched.join(" ")
        )
    })
}

/// Shows the kill switch.
pub(super) fn read_switch(story: &Story<'_>) -> String {
    format!("aws ssm get-parameter --region {} --name {}", story.home.region, story.settings.kill_switch)
}

/// Sets the kill switch.
pub(super) fn switch(story: &Story<'_>, value: &str) -> String {
    format!(
        "aws ssm put-parameter --region {} --name {} --value {value} --type String --overwrite",
        story.home.region, story.settings.kill_switch
    )
}

/// Refuses the incident.
pub(super) fn refuse(story: &Story<'_>) -> String {
    invoke(story, "refuse", json!({"incident": story.incident.id, "by": "YOUR NAME"}))
}

/// Clears the latch.
pub(super) fn clear(story: &Story<'_>) -> String {
    invoke(story, "clear-latch", json!({"plan": story.incident.plan, "by": "YOUR NAME"}))
}

fn invoke(story: &Story<'_>, what: &str, detail: serde_json::Value) -> String {
    let payload = json!({"source": "pointsman", "detail-type": what, "detail": detail});
    let function = story.function.split(':').nth(6).unwrap_or("dr-failover");
    format!(
        "aws lambda invoke --region {} --function-name {function} --cli-binary-format raw-in-base64-out --payload '{payload}' \
         /dev/stdout",
        story.home.region
    )
}

fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// Nothing in it that a shell reads.
fn is_plain(arn: &str) -> bool {
    arn.chars().all(|c| c.is_ascii_alphanumeric() || "_/.-:".contains(c))
}
