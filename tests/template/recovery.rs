//! templates/recovery.yaml and templates/dr-alarm.yaml held against dr-failover.

use std::collections::BTreeSet;

use dr_failover::FUNCTION;
use pointsman::template::{
    ACCOUNT, PARTITION, REGION, SamTemplate, StatementEffect, document, overrides, template_file,
};
use serde_json::{Value, json};
use shared::function::{KeyDefault, Resource};

use super::function;
use crate::repository::root;

/// The dependent actions of drs:StartRecovery, as "Actions, resources, and condition keys for AWS Elastic Disaster Recovery"
/// (Service Authorization Reference) lists them.
const DEPENDENT_ACTIONS: [&str; 35] = [
    "drs:CreateRecoveryInstanceForDrs",
    "drs:ListTagsForResource",
    "ec2:AttachVolume",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateLaunchTemplate",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:CreateSnapshot",
    "ec2:CreateTags",
    "ec2:CreateVolume",
    "ec2:DeleteLaunchTemplateVersions",
    "ec2:DeleteSnapshot",
    "ec2:DeleteVolume",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSnapshots",
    "ec2:DescribeSubnets",
    "ec2:DescribeVolumes",
    "ec2:DetachVolume",
    "ec2:ModifyInstanceAttribute",
    "ec2:ModifyLaunchTemplate",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RunInstances",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
    "iam:PassRole",
];

/// What the infrastructure around the function asks of its role.
const AROUND: [&str; 10] = [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// The template with these parameters, and with the address that it requires.
fn template_with<const N: usize>(set: [(&str, &str); N]) -> SamTemplate {
    let set = set.into_iter().chain([("MailAddress", "on-call@example.com")]);
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    SamTemplate::read(&root().join("templates/recovery.yaml"), &set).expect("the template is right")
}

pub(super) fn template() -> SamTemplate {
    template_with([])
}

/// The template with every permission.
pub(super) fn template_with_an_address() -> SamTemplate {
    with_address(ADDRESS)
}

/// The template with an address that rules name.
fn with_address(arn: &str) -> SamTemplate {
    template_with([("RecoveryAddressArns", arn)])
}

const ADDRESS: &str = "arn:aws:ec2:us-east-1:111122223333:elastic-ip/eipalloc-0a1b2c3d4e5f60718";

#[test]
fn the_role_may_what_the_function_calls_what_drs_does_in_its_name_and_no_more() {
    let template = with_address(ADDRESS);
    let function = function(&template, "dr-failover");
    let allowed: BTreeSet<&str> = function
        .statements
        .iter()
        .filter(|statement| statement.effect == StatementEffect::Allow)
        .flat_map(|statement| &statement.actions)
        .map(String::as_str)
        .collect();
    let calls = FUNCTION.calls.iter().map(|call| call.action);
    let expected: BTreeSet<&str> = calls.chain(DEPENDENT_ACTIONS).chain(AROUND).collect();
    assert_eq!(allowed, expected);
}

#[test]
fn what_drs_needs_of_its_caller_only_drs_can_use() {
    let document = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    let role = &document["Resources"]["DrFailoverRole"]["Properties"]["Policies"][0]["PolicyDocument"];
    let statements = role["Statement"].as_array().expect("it has statements");
    let own: BTreeSet<&str> = FUNCTION.calls.iter().map(|call| call.action).collect();
    for statement in statements {
        let actions =
            statement["Action"].as_array().cloned().unwrap_or_else(|| vec![statement["Action"].clone()]);
        let for_drs = |action: &Value| {
            action.as_str().is_some_and(|action| DEPENDENT_ACTIONS.contains(&action) && !own.contains(action))
        };
        if actions.iter().any(for_drs) {
            let by_drs = json!({"ForAnyValue:StringEquals": {"aws:CalledVia": ["drs.amazonaws.com"]}});
            let to_ec2 = json!({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}});
            assert!([by_drs, to_ec2].contains(&statement["Condition"]), "{statement}");
        }
    }
}

#[test]
fn the_function_may_only_its_table_its_topic_and_its_kill_switch() {
    let template = template();
    let function = function(&template, "dr-failover");
    // DRS's resources are of another region, the others have another name.
    let another = |form: &str| {
        let region = if form.contains(":drs:") { "eu-west-1" } else { "us-east-1" };
        let form = form.replace("{partition}", "aws").replace("{account}", "111122223333");
        form.replace("{region}", region).replace('*', "another")
    };
    for call in FUNCTION.calls {
        if let Resource::Arn(form) = call.on {
            let other = another(form);
            assert!(!function.allows(call.action, &other), "{} on {other}", call.action);
        }
    }
    let own = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1";
    assert!(function.allows("drs:StartRecoveryPlanExecution", own));
    let switch = "arn:aws:ssm:us-east-1:111122223333:parameter/pointsman/pointsman/kill-switch";
    assert!(function.allows("ssm:GetParameter", switch));
    let approval = "arn:aws:ssm:us-east-1:111122223333:parameter/pointsman/pointsman/approval";
    assert!(function.allows("ssm:GetParameterHistory", approval));
    assert!(!function.allows("ssm:GetParameterHistory", switch));
    assert!(!function.allows("ssm:PutParameter", approval), "the function cannot approve its own request");
    assert_eq!(
        template.parameters(),
        [
            ("/pointsman/pointsman/kill-switch".to_owned(), "enabled".to_owned()),
            ("/pointsman/pointsman/approval".to_owned(), "none".to_owned()),
        ]
    );
}

#[test]
fn a_plans_own_topic_must_be_named() {
    let own = "arn:aws:sns:us-east-1:111122223333:shop-on-call";
    let template = template_with([("PlanTopicArns", own)]);
    assert!(function(&template, "dr-failover").allows("sns:Publish", own));
    assert!(!function(&self::template(), "dr-failover").allows("sns:Publish", own));
}

#[test]
fn only_a_named_address_can_be_moved_and_none_disassociated() {
    let template = with_address(ADDRESS);
    let named = function(&template, "dr-failover");
    let ec2 = "arn:aws:ec2:us-east-1:111122223333";
    let interface = format!("{ec2}:network-interface/eni-0a1b2c3d");
    for resource in [ADDRESS, &interface, &format!("{ec2}:instance/i-0a1b2c3d")] {
        assert!(named.allows("ec2:AssociateAddress", resource), "{resource}");
    }
    let another = format!("{ec2}:elastic-ip/eipalloc-0a1b2c3d4e5f60719");
    let elsewhere = ADDRESS.replace("us-east-1", "eu-west-1");
    for resource in [&another, &elsewhere, &interface.replace("us-east-1", "eu-west-1")] {
        assert!(!named.allows("ec2:AssociateAddress", resource), "{resource}");
    }
    for action in ["ec2:DisassociateAddress", "ec2:ReleaseAddress"] {
        assert!(!named.allows(action, ADDRESS), "{action}");
    }
    let template = self::template();
    let unnamed = function(&template, "dr-failover");
    for resource in [ADDRESS, &interface] {
        assert!(!unnamed.allows("ec2:AssociateAddress", resource), "{resource}");
    }
}

/// An outage may take a whole region with it, and us-east-1 with Route 53's API. A preflight alone asks IAM, which has one endpoint.
#[test]
fn no_call_is_to_route_53_and_each_is_in_the_functions_region() {
    for call in FUNCTION.calls.iter().filter(|call| call.action != "iam:SimulatePrincipalPolicy") {
        assert!(!["route53", "iam"].contains(&call.service()), "{}", call.action);
        if let Resource::Arn(form) = call.on {
            assert!(form.contains(":{region}:{account}:"), "{form}");
        }
    }
    let folder = root().join("functions/dr-failover/src");
    let sources = walkdir(&folder);
    assert!(sources.len() > 40, "{} files", sources.len());
    for (name, text) in sources {
        assert!(!text.contains("aws.iam") || name.ends_with("preflight_run.rs"), "{name} calls IAM");
        for elsewhere in [".region(", "Region::new", "endpoint_url(", "aws_sdk_route53"] {
            assert!(
                !text.contains(elsewhere),
                "{name} has {elsewhere}: each client is of the function's region"
            );
        }
    }
}

/// The Rust files of a folder and of the folders in it, with their texts.
fn walkdir(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            found.extend(walkdir(&path));
        } else {
            let text = std::fs::read_to_string(&path).expect("it is a text");
            found.push((path.display().to_string(), text));
        }
    }
    found
}

#[test]
fn alarms_into_any_state_and_launches_are_delivered() {
    let template = template();
    let function = function(&template, "dr-failover");
    let hears = |event: Value| function.rules.iter().any(|rule| rule.enabled && rule.pattern.matches(&event));
    for state in ["ALARM", "OK", "INSUFFICIENT_DATA"] {
        let alarm = |account: &str| {
            json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
            "account": account, "region": "eu-west-1", "detail": {"state": {"value": state}}})
        };
        assert!(hears(alarm(ACCOUNT)), "also of another region, which forwards it");
        assert!(!hears(alarm("444455556666")), "another account's alarm");
    }
    let launch = |account: &str, region: &str| {
        json!({"source": "aws.drs", "detail-type": "DRS Source Server Launch Result",
        "account": account, "region": region})
    };
    assert!(hears(launch(ACCOUNT, REGION)));
    assert!(!hears(launch(ACCOUNT, "eu-west-1")) && !hears(launch("444455556666", REGION)));
    let configured = |account: &str, operation: &str| {
        json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm Configuration Change",
        "account": account, "region": "eu-west-1", "detail": {"operation": operation}})
    };
    assert!(hears(configured(ACCOUNT, "delete")), "a deleted alarm reports no outage");
    assert!(!hears(configured(ACCOUNT, "update")) && !hears(configured("444455556666", "delete")));
    let minute = &function.schedules[0];
    assert_eq!(minute.expression, "rate(1 minute)");
    assert_eq!(minute.input, Some(json!({"source": "pointsman", "detail-type": "reconcile"})));
}

#[test]
fn latches_and_incidents_outlive_the_stack() {
    let document = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    let table = &document["Resources"]["DrFailoverTable"];
    assert_eq!(
        (&table["DeletionPolicy"], &table["UpdateReplacePolicy"]),
        (&json!("Retain"), &json!("Retain"))
    );
    // An incident that expires would be opened again by an event that comes late.
    assert!(table["Properties"]["TimeToLiveSpecification"].is_null());
}

#[test]
fn a_retained_table_is_found_again() {
    let template = template_with([("ExistingTableName", "pointsman-recovery-DrFailoverTable-1A2B")]);
    let function = function(&template, "dr-failover");
    assert_eq!(function.environment["POINTSMAN_TABLE"], "pointsman-recovery-DrFailoverTable-1A2B");
    let table = |name: &str| format!("arn:{PARTITION}:dynamodb:{REGION}:{ACCOUNT}:table/{name}");
    assert!(function.allows("dynamodb:PutItem", &table("pointsman-recovery-DrFailoverTable-1A2B")));
    assert!(!function.allows("dynamodb:PutItem", &table("another")));
    let document = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    assert_eq!(document["Resources"]["DrFailoverTable"]["Condition"], "CreatesTable");
}

#[test]
fn an_address_is_required() {
    let path = root().join("templates/recovery.yaml");
    assert!(SamTemplate::read(&path, &Default::default()).is_err(), "no default");
    for bad in ["", "on-call"] {
        assert!(
            SamTemplate::read(&path, &[("MailAddress".to_owned(), bad.to_owned())].into()).is_err(),
            "{bad}"
        );
    }
    let other = document(&root().join("templates/dr-alarm.yaml")).expect("the template is right");
    let alarms = other["Resources"].as_object().expect("it has resources").values();
    for alarm in alarms.filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm") {
        let topic = json!([{"Fn::If": ["CreatesTopic", {"Ref": "Topic"}, {"Ref": "TellTopicArn"}]}]);
        assert_eq!(alarm["Properties"]["AlarmActions"], topic);
    }
    assert!(other["Rules"]["TheReportsReachAnOperator"].is_object());
}

#[test]
fn a_schedule_of_drills_without_a_plan_is_refused() {
    let document = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    let set = |parameter: &str| json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]});
    let rule = &document["Rules"]["ADrillHasAPlan"];
    assert_eq!(rule["RuleCondition"], set("DrillSchedule"));
    assert_eq!(rule["Assertions"][0]["Assert"], set("DrillPlan"));
}

/// An event is tried until it is stale and beyond, then moves to a queue with an alarm.
#[test]
fn what_fails_is_redelivered_before_it_is_stale_and_never_lost() {
    let template = template();
    let deployed = function(&template, "dr-failover");
    assert!(deployed.queues.iter().all(|queue| queue.enabled), "{:?}", deployed.queues);
    let failed = deployed.failed_queue.as_ref().expect("the failed queue is redelivered");
    let (most, last) = failed.last.clone().expect("it has a last queue");
    assert_eq!((failed.name.as_str(), last.as_str()), ("DrFailoverFailed", "DrFailoverLast"));
    // Lambda refuses a mapping whose queue hides a message for less than the function's timeout.
    assert!(failed.pause >= deployed.timeout);
    // The tries at 0, 1 and 3 minutes, and two deliveries of the queue are on time: the default of stale-after is 15 minutes.
    assert!(3 * 60 + 2 * failed.pause.as_secs() < 15 * 60, "{failed:?}");
    let give_up = FUNCTION.tables[0].keys.iter().find(|key| key.name == "give-up-after").expect("a key");
    assert_eq!(give_up.default, KeyDefault::Value("\"6h\""));
    assert_eq!(
        u64::from(most) * failed.pause.as_secs(),
        6 * 60 * 60,
        "tried until a recovery would be given up"
    );
    let document = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    let queue = |name: &str| document["Resources"][name]["Properties"].clone();
    for name in ["RedrivePolicy", "VisibilityTimeout"] {
        assert_eq!(queue("DrFailoverFailed")[name], queue("DrFailoverUndelivered")[name]);
    }
    assert!(queue("DrFailoverLast")["RedrivePolicy"].is_null());
}

#[test]
fn concurrency_is_reserved_and_can_be_left_out() {
    let document = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    let reserved = &document["Resources"]["DrFailoverFunction"]["Properties"]["ReservedConcurrentExecutions"];
    let no_value = json!({"Ref": "AWS::NoValue"});
    let reserves = json!({"Fn::If": ["ReservesConcurrency", {"Ref": "ReservedConcurrency"}, no_value]});
    assert_eq!(*reserved, reserves);
}

#[test]
fn the_environment_recovery_deploys_it() {
    let samconfig = root().join("samconfig.toml");
    let file = template_file(&samconfig, "recovery").expect("it can be read").expect("it names a template");
    assert_eq!(file, root().join("templates/recovery.yaml"));
    let parameters = overrides(&samconfig, "recovery").expect("the environment exists");
    let template = SamTemplate::read(&file, &parameters).expect("its parameters fit");
    assert_eq!(function(&template, "dr-failover").environment["POINTSMAN_DRY_RUN"], "false");
    assert_eq!(template_file(&samconfig, "default").expect("it can be read"), None);
}

#[test]
fn the_alarm_waits_for_some_minutes_and_a_gap_is_no_outage() {
    let document = document(&root().join("templates/dr-alarm.yaml")).expect("the template is right");
    let alarm = &document["Resources"]["SiteDown"]["Properties"];
    assert_eq!(alarm["TreatMissingData"], "ignore");
    assert_eq!(alarm["EvaluationPeriods"], json!({"Ref": "EvaluationMinutes"}));
    assert_eq!(alarm["DatapointsToAlarm"], json!({"Ref": "FailingMinutes"}));
    let pattern = &document["Resources"]["Changes"]["Properties"]["EventPattern"];
    assert!(pattern["detail"].is_null(), "both ways: OK ends an incident");
    assert_eq!(pattern["resources"], json!([{"Fn::GetAtt": ["SiteDown", "Arn"]}]));
    let kinds = json!(["CloudWatch Alarm State Change", "CloudWatch Alarm Configuration Change"]);
    assert_eq!(pattern["detail-type"], kinds);
}

/// An alarm is useless when it is stale: 15 minutes after its change, unless a rule says otherwise.
#[test]
fn an_alarm_that_cannot_be_delivered_is_in_a_queue_before_it_is_stale() {
    let seconds = |value: &Value| value["MaximumEventAgeInSeconds"].as_u64().expect("an age");
    let recovery = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    let function = &recovery["Resources"]["DrFailoverFunction"]["Properties"];
    let forward = document(&root().join("templates/dr-alarm.yaml")).expect("the template is right");
    let forwarded = seconds(&forward["Resources"]["Changes"]["Properties"]["Targets"][0]["RetryPolicy"]);
    let delivered = seconds(&function["Events"]["Alarm"]["Properties"]["RetryPolicy"]);
    let stale = FUNCTION.tables[0].keys.iter().find(|key| key.name == "stale-after").expect("a key");
    assert_eq!(stale.default, KeyDefault::Value("\"15m\""));
    assert!(forwarded + delivered < 15 * 60, "{forwarded} + {delivered}");
    assert!(seconds(&function["EventInvokeConfig"]) <= 15 * 60);
}

/// CloudFormation shortens the name of a role where the stack's name is long, so a pattern of the name may not match it.
#[test]
fn a_preflight_may_simulate_its_own_role_whatever_the_stacks_name() {
    let document = document(&root().join("templates/recovery.yaml")).expect("the template is right");
    let statement =
        &document["Resources"]["DrFailoverPreflightPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Action"], "iam:SimulatePrincipalPolicy");
    assert_eq!(statement["Resource"], json!({"Fn::GetAtt": ["DrFailoverRole", "Arn"]}));
    let names_stack = |statement: &&Value| statement["Resource"].to_string().contains("AWS::StackName");
    let role = &document["Resources"]["DrFailoverRole"]["Properties"]["Policies"][0]["PolicyDocument"];
    let named: Vec<&Value> =
        role["Statement"].as_array().expect("statements").iter().filter(names_stack).collect();
    assert_eq!(named, Vec::<&Value>::new(), "a generated name may hold a part of the stack's name only");
}
