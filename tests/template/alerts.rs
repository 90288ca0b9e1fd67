//! The part of template.yaml that is about ami-alerts: what it hears of, what it may, and what its topic and table are.

use std::collections::BTreeSet;

use ami_alerts::aws::{CALLS, On};
use ami_alerts::change::UNDERSTOOD;
use pointsman::template::{ACCOUNT, PARTITION, REGION, SamTemplate, StatementEffect, document};
use serde_json::{Value, json};

use super::{function, properties, template};
use crate::repository::root;

fn with(parameters: &[(&str, &str)]) -> SamTemplate {
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    SamTemplate::read(&root().join("template.yaml"), &parameters).expect("the template is right")
}

/// The template with what rules that revert need.
pub(super) fn template_that_reverts() -> SamTemplate {
    with(&[("RevertShares", "enabled")])
}

fn call(source: &str, name: &str) -> Value {
    json!({"source": format!("aws.{}", source.trim_end_matches(".amazonaws.com")),
        "detail-type": "AWS API Call via CloudTrail", "detail": {"eventSource": source, "eventName": name}})
}

#[test]
fn ami_alerts_hears_of_each_call_that_it_understands_and_of_no_other() {
    let template = template();
    let function = function(&template, "ami-alerts");
    let delivered =
        |event: &Value| function.rules.iter().any(|rule| rule.enabled && rule.pattern.matches(event));
    for name in UNDERSTOOD {
        assert!(delivered(&call("ec2.amazonaws.com", name)), "{name}");
    }
    for (source, name) in [
        ("ec2.amazonaws.com", "RunInstances"),
        ("ec2.amazonaws.com", "DescribeImages"),
        ("iam.amazonaws.com", "CreateUser"),
        ("evil.amazonaws.com", "ModifyImageAttribute"),
    ] {
        assert!(!delivered(&call(source, name)), "{name} of {source}");
    }
    assert_eq!(function.schedules.len(), 1);
    assert_eq!(function.schedules[0].expression, "rate(1 day)");
    let reconcile = json!({"source": "pointsman", "detail-type": "reconcile"});
    assert_eq!(function.schedules[0].input, Some(reconcile));
}

#[test]
fn calls_that_the_parameters_name_are_delivered_too() {
    let both = [("ApiAlertSources", "iam.amazonaws.com"), ("ApiAlertEvents", "CreateUser,CreateAccessKey")];
    let delivered = |template: &SamTemplate, name: &str| {
        let rules = &function(template, "ami-alerts").rules;
        rules.iter().any(|rule| rule.pattern.matches(&call("iam.amazonaws.com", name)))
    };
    assert!(delivered(&with(&both), "CreateUser") && delivered(&with(&both), "CreateAccessKey"));
    assert!(!delivered(&with(&both), "DeleteUser"));
    for one in both {
        assert!(!delivered(&with(&[one]), "CreateUser"), "without the other, {one:?} is no rule");
    }
}

#[test]
fn the_policy_of_ami_alerts_allows_each_call_and_modifies_images_only_where_that_is_wanted() {
    let template = template_that_reverts();
    let allowed: BTreeSet<&str> = function(&template, "ami-alerts")
        .statements
        .iter()
        .filter(|statement| statement.effect == StatementEffect::Allow)
        .flat_map(|statement| &statement.actions)
        .map(String::as_str)
        .filter(|action| {
            !["kms:", "logs:", "sqs:", "xray:"].iter().any(|service| action.starts_with(service))
        })
        .collect();
    let wanted = CALLS.iter().filter(|(_, on)| *on != On::Nothing).map(|(call, _)| *call).collect();
    assert_eq!(allowed, wanted);
    let image = format!("arn:{PARTITION}:ec2:{REGION}::image/ami-0123456789abcdef0");
    let reverts =
        |template: &SamTemplate| function(template, "ami-alerts").allows("ec2:ModifyImageAttribute", &image);
    assert!(reverts(&template) && !reverts(&super::template()));
    let instance = format!("arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}:instance/i-1");
    assert!(!function(&template, "ami-alerts").allows("ec2:ModifyImageAttribute", &instance));
}

#[test]
fn the_table_forgets_by_itself_and_can_be_restored() {
    let table = properties("AmiAlertsTable");
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires", "Enabled": true}));
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], json!(true));
    let keys = table["KeySchema"].as_array().expect("it has a key");
    let keys: Vec<&Value> = keys.iter().map(|key| &key["AttributeName"]).collect();
    assert_eq!(keys, ["pk", "sk"]);
}

#[test]
fn services_and_the_function_can_publish_through_the_topics_encryption() {
    assert_eq!(
        properties("AmiAlertsTopic")["KmsMasterKeyId"],
        json!({"Fn::GetAtt": ["AmiAlertsKey", "Arn"]})
    );
    let services = json!({"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]});
    for (resource, document) in [("AmiAlertsKey", "KeyPolicy"), ("AmiAlertsTopicPolicy", "PolicyDocument")] {
        let statements = properties(resource)[document]["Statement"].clone();
        let mut statements = statements.as_array().expect("it has statements").iter();
        let of_services = statements.find(|statement| statement["Principal"] == services);
        let condition = &of_services.expect("they may")["Condition"]["StringEquals"];
        assert_eq!(condition["aws:SourceAccount"], json!({"Ref": "AWS::AccountId"}), "{resource}");
    }
    assert_eq!(properties("AmiAlertsKey")["EnableKeyRotation"], json!(true));
}

#[test]
fn what_is_forwarded_from_other_regions_is_what_is_heard_of_here() {
    let here = properties("AmiAlertsFunction")["Events"]["Changes"]["Properties"]["Pattern"].clone();
    let forwarded = document(&root().join("templates/forward-alerts.yaml")).expect("the template is right");
    assert_eq!(forwarded["Resources"]["Changes"]["Properties"]["EventPattern"], here);
}
