//! Commands that a person can run as they are. What is put into one has been checked: names and ARNs of the rules, ids that are
//! made here, and what DRS gave.

use serde_json::json;

use super::Story;

/// Starts a DRS plan for real.
pub(super) fn start(drs_plan: &str) -> String {
    let region = region(drs_plan);
    format!(
        "aws drs start-recovery-plan-execution --region {region} --recovery-plan-arn {drs_plan} --mode RECOVERY"
    )
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
