//! The role with which EventBridge Scheduler invokes pipeline-trigger when a window opens.

use serde_json::{Value, json};

use super::properties;

#[test]
fn only_the_schedules_of_the_group_assume_the_role() {
    let role = properties("PipelineTriggerScheduleRole");
    let statements = role["AssumeRolePolicyDocument"]["Statement"].as_array().cloned().unwrap_or_default();
    assert_eq!(statements.len(), 1);
    let condition = json!({"StringEquals": {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
        "aws:SourceArn": {"Fn::GetAtt": ["PipelineTriggerSchedules", "Arn"]},
    }});
    assert_eq!(statements[0]["Principal"], json!({"Service": "scheduler.amazonaws.com"}));
    assert_eq!(statements[0]["Condition"], condition);
}

#[test]
fn the_function_passes_this_role_to_scheduler_alone() {
    let policies = properties("PipelineTriggerRole")["Policies"].clone();
    let documents = policies.as_array().cloned().unwrap_or_default().into_iter();
    let statements = documents
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().cloned().unwrap_or_default());
    let passing: Vec<Value> = statements.filter(|one| one.to_string().contains("iam:PassRole")).collect();
    assert_eq!(passing.len(), 1);
    assert_eq!(passing[0]["Action"], json!("iam:PassRole"));
    assert_eq!(passing[0]["Resource"], json!({"Fn::GetAtt": ["PipelineTriggerScheduleRole", "Arn"]}));
    let condition = json!({"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}});
    assert_eq!(passing[0]["Condition"], condition);
}
