//! The part of template.yaml that is about ami-alerts: the events it receives, its permissions, its topic and its table.

use std::collections::BTreeSet;

use ami_alerts::FUNCTION;
use ami_alerts::change::UNDERSTOOD;
use pointsman::template::{ACCOUNT, PARTITION, REGION, SamTemplate, StatementEffect, document};
use serde_json::{Value, json};
use shared::function::Resource;

use super::{function, properties, template};
use crate::branch_policies::policy::{Request, allows};
use crate::repository::root;

fn with(parameters: &[(&str, &str)]) -> SamTemplate {
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    SamTemplate::read(&root().join("template.yaml"), &parameters).expect("the template is right")
}

/// The parameters that allow calls of their own.
const ALL: [(&str, &str); 5] = [
    ("AlertAccountRoles", "arn:aws:iam::999988887777:role/pointsman-ami-alerts"),
    ("RevertShares", "enabled"),
    ("ImageUsageReports", "enabled"),
    ("ImageAncestry", "enabled"),
    ("SecurityHubFindings", "enabled"),
];

/// The template with each permission that the function can have.
pub(super) fn template_with_every_permission() -> SamTemplate {
    with(&ALL)
}

fn call(source: &str, name: &str) -> Value {
    recorded("AWS API Call via CloudTrail", source, name)
}

/// A record of CloudTrail in EventBridge.
fn recorded(detail_type: &str, source: &str, name: &str) -> Value {
    json!({"source": format!("aws.{}", source.trim_end_matches(".amazonaws.com")), "account": ACCOUNT, "region": REGION,
        "detail-type": detail_type, "detail": {"eventSource": source, "eventName": name}})
}

/// The event of a case.
fn event_of(case: &str) -> Value {
    let event = shared::text_file::read(&root().join(format!("events/ami-alerts/{case}/event.json")));
    serde_json::from_str(&event.expect("the case has an event")).expect("it is JSON")
}

fn delivers(template: &SamTemplate, event: &Value) -> bool {
    let rules = &function(template, "ami-alerts").rules;
    rules.iter().any(|rule| rule.enabled && rule.pattern.matches(event))
}

#[test]
fn the_use_of_a_shared_snapshot_is_delivered_without_a_parameter() {
    for name in ["SharedSnapshotCopyInitiated", "SharedSnapshotVolumeCreated"] {
        let event = recorded("AWS Service Event via CloudTrail", "ec2.amazonaws.com", name);
        assert!(delivers(&template(), &event), "{name}");
    }
}

#[test]
fn sign_ins_and_service_events_that_the_parameters_name_are_delivered() {
    let sources = ("ApiAlertSources", "signin.amazonaws.com,secretsmanager.amazonaws.com,ec2.amazonaws.com");
    let named = with(&[sources, ("ApiAlertEvents", "ConsoleLogin,RotationFailed,ModifyImageAttribute")]);
    for case in [
        "root-user-signs-in-without-mfa",
        "sign-in-as-the-root-user-fails",
        "user-signs-in-to-the-console-with-mfa",
        "service-event-that-a-rule-names-is-emailed",
    ] {
        let event = event_of(case);
        assert!(delivers(&named, &event), "{case}");
        assert!(!delivers(&template(), &event), "{case}");
        let mut forged = event;
        forged["source"] = json!("signin");
        assert!(!delivers(&named, &forged), "{case}");
    }
    let action = recorded("AWS Console Action via CloudTrail", "signin.amazonaws.com", "ConsoleLogin");
    assert!(delivers(&named, &action));
    assert!(!delivers(&named, &event_of("insights-event-is-skipped-by-name")), "it names its call elsewhere");
    let network = "AWS Network Activity Event via CloudTrail";
    assert!(!delivers(&named, &recorded(network, "ec2.amazonaws.com", "ModifyImageAttribute")));
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

/// PutEvents refuses a source that begins with `aws.`, and no other.
#[test]
fn no_rule_delivers_a_record_that_a_principal_with_put_events_can_write() {
    let named = with(&[("ApiAlertSources", "ec2.amazonaws.com"), ("ApiAlertEvents", "ModifyImageAttribute")]);
    for source in ["pointsman", "ec2", "example.aws.ec2"] {
        let mut forged = call("ec2.amazonaws.com", "ModifyImageAttribute");
        forged["source"] = json!(source);
        let rules = &function(&named, "ami-alerts").rules;
        assert!(rules.iter().all(|rule| !rule.pattern.matches(&forged)), "{source}");
    }
}

#[test]
fn the_policy_of_ami_alerts_allows_each_call_and_modifies_images_only_where_that_is_wanted() {
    let template = with(&ALL);
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
    let calls = FUNCTION.calls.iter().filter(|call| call.on != Resource::NoPermission);
    let wanted = calls.map(|call| call.action).collect();
    assert_eq!(allowed, wanted);
    let image = format!("arn:{PARTITION}:ec2:{REGION}::image/ami-0123456789abcdef0");
    let reverts =
        |template: &SamTemplate| function(template, "ami-alerts").allows("ec2:ModifyImageAttribute", &image);
    assert!(reverts(&template) && !reverts(&super::template()));
    let instance = format!("arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}:instance/i-1");
    assert!(!function(&template, "ami-alerts").allows("ec2:ModifyImageAttribute", &instance));
    let snapshot = format!("arn:{PARTITION}:ec2:{REGION}::snapshot/snap-0123456789abcdef0");
    let revokes = |template: &SamTemplate, resource: &str| {
        function(template, "ami-alerts").allows("ec2:ModifySnapshotAttribute", resource)
    };
    assert!(revokes(&template, &snapshot) && !revokes(&super::template(), &snapshot));
    assert!(!revokes(&template, &image));
}

/// What the function may do through the role of another account is what it may do in its own, as far as images and snapshots go.
#[test]
fn the_role_of_another_account_has_the_functions_own_permissions_on_images_and_snapshots() {
    let template = document(&root().join("templates/alerts-account.yaml")).expect("the template is right");
    let theirs = |resource: &str| template["Resources"][resource]["Properties"].clone();
    let revert = |properties: Value| properties["PolicyDocument"]["Statement"].clone();
    assert_eq!(revert(theirs("RevertPolicy")), revert(properties("AmiAlertsRevertPolicy")));
    let look_ups = |role: Value| {
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].clone();
        let statements = statements.as_array().expect("it has statements").clone();
        let is_look_up = |statement: &Value| {
            statement["Sid"].as_str().is_some_and(|sid| matches!(sid, "LookUp" | "LookUpPermissions"))
        };
        statements.into_iter().filter(is_look_up).collect::<Vec<_>>()
    };
    assert_eq!(look_ups(theirs("Role")), look_ups(properties("AmiAlertsRole")));
    let statements = theirs("Role")["Policies"][0]["PolicyDocument"]["Statement"].clone();
    let ancestry = properties("AmiAlertsAncestryPolicy")["PolicyDocument"]["Statement"][0].clone();
    assert!(statements.as_array().is_some_and(|statements| statements.contains(&ancestry)));
    let trust = theirs("Role")["AssumeRolePolicyDocument"]["Statement"].clone();
    assert_eq!(trust.as_array().map(Vec::len), Some(1));
    assert_eq!(trust[0]["Principal"], json!({"AWS": {"Ref": "FunctionRoleArn"}}));
}

#[test]
fn the_function_assumes_only_the_roles_of_its_parameter() {
    let role = |name: &str| format!("arn:{PARTITION}:iam::999988887777:role/{name}");
    let named = with(&[("AlertAccountRoles", &format!("{},{}", role("one"), role("two")))]);
    let assumes = |template: &SamTemplate, name: &str| {
        function(template, "ami-alerts").allows("sts:AssumeRole", &role(name))
    };
    assert!(assumes(&named, "one") && assumes(&named, "two"));
    assert!(!assumes(&named, "three") && !assumes(&template(), "one"));
}

/// The requests are those that the function and a principal with the role's credentials can make, with the keys that they have
/// (Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2").
#[test]
fn the_role_can_revoke_shares_of_snapshots_and_grant_none() {
    let statements = properties("AmiAlertsRevertPolicy")["PolicyDocument"]["Statement"].clone();
    let statements =
        Value::from(statements.as_array().expect("it has statements").iter().map(plain).collect::<Vec<_>>());
    let snapshot = "arn:aws:ec2:eu-west-1::snapshot/snap-0123456789abcdef0";
    let allowed = |context: &[(&'static str, &'static str)]| {
        let context = context.iter().copied().collect();
        let request = Request { action: "ec2:ModifySnapshotAttribute", resource: snapshot, context };
        allows(statements.as_array().expect("a list"), &request)
    };
    let (add_group, add_account) = (("ec2:Add/group", "all"), ("ec2:Add/userId", "444455556666"));
    let (remove_group, remove_account) = (("ec2:Remove/group", "all"), ("ec2:Remove/userId", "444455556666"));
    assert!(
        allowed(&[remove_group]) && allowed(&[remove_account]) && allowed(&[remove_group, remove_account])
    );
    for add in [add_group, add_account] {
        assert!(!allowed(&[add]) && !allowed(&[add, remove_group]) && !allowed(&[add, remove_account]));
    }
    assert!(!allowed(&[]), "a request whose grantees IAM does not see");
}

/// A statement whose resource is plain text, for the evaluator.
fn plain(statement: &Value) -> Value {
    let mut statement = statement.clone();
    if let Some(text) = statement["Resource"]["Fn::Sub"].as_str() {
        statement["Resource"] = json!(text.replace("${AWS::Partition}", "aws"));
    }
    statement
}

#[test]
fn each_optional_call_of_ami_alerts_is_allowed_by_its_parameter_alone() {
    let image = format!("arn:{PARTITION}:ec2:{REGION}::image/ami-0123456789abcdef0");
    let report = format!("arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}:image-usage-report/amiur-00112233445566778");
    let product = format!("arn:{PARTITION}:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default");
    let calls = [
        ("ImageUsageReports", "ec2:CreateImageUsageReport", image.as_str()),
        ("ImageUsageReports", "ec2:CreateImageUsageReport", report.as_str()),
        ("ImageUsageReports", "ec2:DescribeImageUsageReports", "*"),
        ("ImageUsageReports", "ec2:DescribeImageUsageReportEntries", "*"),
        ("ImageAncestry", "ec2:GetImageAncestry", image.as_str()),
        ("SecurityHubFindings", "securityhub:BatchImportFindings", product.as_str()),
    ];
    for (parameter, call, resource) in calls {
        let allows = |template: &SamTemplate| function(template, "ami-alerts").allows(call, resource);
        assert!(allows(&with(&[(parameter, "enabled")])), "{call} with {parameter}");
        let others: Vec<(&str, &str)> = ALL.into_iter().filter(|(name, _)| *name != parameter).collect();
        assert!(!allows(&with(&others)), "{call} without {parameter}");
    }
    let another = format!("arn:{PARTITION}:securityhub:{REGION}::product/aws/guardduty");
    assert!(!function(&with(&ALL), "ami-alerts").allows("securityhub:BatchImportFindings", &another));
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
    let condition_of = |resource: &str, document: &str, services: Value| {
        let statements = properties(resource)[document]["Statement"].clone();
        let mut statements = statements.as_array().expect("it has statements").iter();
        let of_services = statements.find(|statement| statement["Principal"] == json!({"Service": services}));
        of_services.expect("they may")["Condition"].clone()
    };
    let own_account = json!({"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}});
    let both = json!(["cloudwatch.amazonaws.com", "events.amazonaws.com"]);
    for prefix in ["AmiAlerts", "DrFailover"] {
        let (key, policy) = (format!("{prefix}Key"), format!("{prefix}TopicPolicy"));
        assert_eq!(condition_of(&policy, "PolicyDocument", both.clone()), own_account, "{prefix}");
        assert_eq!(
            condition_of(&key, "KeyPolicy", json!("cloudwatch.amazonaws.com")),
            own_account,
            "{prefix}"
        );
        // EventBridge's requests to KMS carry no such key ("Enable compatibility between event sources from AWS services and
        // encrypted topics", Amazon SNS Developer Guide).
        assert_eq!(condition_of(&key, "KeyPolicy", json!("events.amazonaws.com")), Value::Null, "{prefix}");
        assert_eq!(properties(&key)["EnableKeyRotation"], json!(true));
    }
}

#[test]
fn the_events_of_other_regions_are_forwarded_by_the_same_patterns() {
    let forwarded = document(&root().join("templates/forward-alerts.yaml")).expect("the template is right");
    let changes = properties("AmiAlertsFunction")["Events"]["Changes"]["Properties"]["Pattern"].clone();
    let calls = properties("AmiAlertsApiRule")["EventPattern"].clone();
    for (rule, mut here) in [("Changes", changes), ("Calls", calls)] {
        let mut there = forwarded["Resources"][rule]["Properties"]["EventPattern"].clone();
        for name in ["account", "region"] {
            here[name].take();
            there[name].take();
        }
        assert_eq!(there, here, "{rule}");
    }
}

#[test]
fn events_of_named_accounts_and_regions_alone_are_delivered() {
    let event = |account: &str, region: &str| {
        let mut event = call("ec2.amazonaws.com", "ModifyImageAttribute");
        (event["account"], event["region"]) = (json!(account), json!(region));
        event
    };
    let named =
        with(&[("AlertRegions", "eu-west-1,eu-west-2"), ("AlertAccounts", "444455556666,777788889999")]);
    let delivers = |template: &SamTemplate, event: Value| {
        function(template, "ami-alerts").rules.iter().any(|rule| rule.pattern.matches(&event))
    };
    for (account, region) in [("777788889999", REGION), (ACCOUNT, "eu-west-2"), ("444455556666", "eu-west-1")]
    {
        assert!(delivers(&named, event(account, region)), "{account} {region}");
        assert!(!delivers(&template(), event(account, region)), "{account} {region}");
    }
    for (account, region) in [("222233334444", REGION), (ACCOUNT, "eu-west-3")] {
        assert!(!delivers(&named, event(account, region)), "{account} {region}");
    }
    assert!(delivers(&named, event(ACCOUNT, REGION)));
}
