//! template.yaml held against the code: the events its rules deliver, the calls its policies allow, its queues.

mod alerts;
mod recovery;
mod rules;
mod stacks;
mod windows;

use std::collections::BTreeSet;
use std::path::PathBuf;

use pipeline_trigger::FUNCTION;
use pipeline_trigger::because::Because;
use pointsman::template::{
    ACCOUNT, DeployedFunction, PARTITION, REGION, SamTemplate, StatementEffect, document, overrides,
};
use serde_json::{Value, json};
use shared::decision::Explain as _;
use shared::function::Call;

use crate::repository::{read, root};
use stacks::template_with_a_service_role;

fn template() -> SamTemplate {
    SamTemplate::read(&root().join("template.yaml"), &Default::default()).expect("the template is right")
}

fn template_with(parameters: &[(&str, &str)]) -> SamTemplate {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    SamTemplate::read(&root().join("template.yaml"), &parameters.collect()).expect("the template is right")
}

/// Each function with the beginning of its resources' names: `pipeline-trigger` and `PipelineTrigger`.
fn functions() -> impl Iterator<Item = (&'static str, String)> {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let prefix = move |name: &str| name.split('-').map(capital).collect::<String>();
    pointsman::functions::FUNCTIONS.into_iter().map(move |function| (function.name, prefix(function.name)))
}

/// The template that has a function's resources.
fn file_of(resource: &str) -> PathBuf {
    let is_recovery = resource.starts_with("DrFailover");
    root().join(if is_recovery { "templates/recovery.yaml" } else { "template.yaml" })
}

fn function<'t>(template: &'t SamTemplate, package: &str) -> &'t DeployedFunction {
    let found = template.functions().find(|function| function.package == package);
    found.expect("the template has the function")
}

fn trigger(template: &SamTemplate) -> &DeployedFunction {
    function(template, "pipeline-trigger")
}

#[test]
fn the_rule_delivers_every_push_of_the_cases_and_nothing_else() {
    let template = template();
    let rule = &trigger(&template).rules[0];
    let folders = std::fs::read_dir(root().join("events/pipeline-trigger")).expect("there are cases");
    let (mut delivered, mut others) = (0, 0);
    for folder in folders {
        let folder = folder.expect("it can be read").path();
        let event = shared::text_file::read(&folder.join("event.json")).expect("a case has an event");
        let mut event: Value = serde_json::from_str(&event).expect("it is JSON");
        // EventBridge sets both in every event; a case may leave them out.
        for (name, own) in [("account", ACCOUNT), ("region", REGION)] {
            event.as_object_mut().map(|members| members.entry(name).or_insert_with(|| own.into()));
        }
        let is_push = event["source"] == "aws.codecommit"
            && (&event["account"], &event["region"]) == (&ACCOUNT.into(), &REGION.into())
            && event["detail-type"] == "CodeCommit Repository State Change"
            && ["referenceCreated", "referenceUpdated"].map(Value::from).contains(&event["detail"]["event"])
            && ["branch", "tag"].map(Value::from).contains(&event["detail"]["referenceType"]);
        assert_eq!(rule.pattern.matches(&event), is_push, "{}", folder.display());
        *if is_push { &mut delivered } else { &mut others } += 1;
    }
    assert!(delivered >= 25 && others >= 5, "{delivered} cases are delivered, {others} are not");
}

/// The console shows a parameter without a group below all others.
#[test]
fn each_parameter_is_in_one_group_of_the_console() {
    for file in [
        "template.yaml",
        "templates/recovery.yaml",
        "templates/branch-prerequisites.yaml",
        "templates/dr-site.yaml",
    ] {
        let template = document(&root().join(file)).expect("the template is right");
        let Some(groups) =
            template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array()
        else {
            continue;
        };
        let grouped = groups.iter().flat_map(|group| group["Parameters"].as_array().into_iter().flatten());
        let mut grouped: Vec<&str> = grouped.filter_map(Value::as_str).collect();
        grouped.sort_unstable();
        let parameters = template["Parameters"].as_object().expect("it has parameters");
        let mut parameters: Vec<&str> = parameters.keys().map(String::as_str).collect();
        parameters.sort_unstable();
        assert_eq!(grouped, parameters, "{file}");
    }
}

#[test]
fn the_policy_allows_each_call_and_no_other() {
    let template = template_with(&[("SourceBucketNames", "sources")]);
    let function = trigger(&template);
    let service = |call: &str| call.split(':').next().unwrap_or_default().to_owned();
    let services: BTreeSet<&str> = FUNCTION.calls.iter().map(Call::service).collect();
    let allowed: BTreeSet<&str> = function
        .statements
        .iter()
        .filter(|statement| statement.effect == StatementEffect::Allow)
        .flat_map(|statement| &statement.actions)
        .map(String::as_str)
        .filter(|action| services.contains(service(action).as_str()))
        .collect();
    assert_eq!(allowed, FUNCTION.calls.iter().map(|call| call.action).collect());
    // The other calls are on resources of the stack.
    let on_names = |call: &&Call| matches!(call.service(), "codecommit" | "codepipeline" | "s3");
    for call in FUNCTION.calls.iter().filter(on_names) {
        let resource = match call.action {
            "s3:GetObjectVersion" => format!("arn:{PARTITION}:s3:::sources/any-key"),
            "s3:ListBucketVersions" => format!("arn:{PARTITION}:s3:::sources"),
            _ => format!("arn:{PARTITION}:{}:{REGION}:{ACCOUNT}:any-name", call.service()),
        };
        assert!(function.allows(call.action, &resource), "{}", call.action);
    }
}

/// Without sources of ECR and S3, a deployment has neither their rules nor a permission in S3.
#[test]
fn images_and_objects_need_their_parameters() {
    let with_none = template();
    let none = trigger(&with_none);
    assert_eq!(none.rules.len(), 1);
    assert!(!none.statements.iter().flat_map(|one| &one.actions).any(|action| action.starts_with("s3:")));
    let with_both = template_with(&[
        ("ImageRepositoryNames", "shop/web,shop/api"),
        ("SourceBucketNames", "sources,other"),
    ]);
    let both = trigger(&with_both);
    let delivers = |event: Value| both.rules.iter().any(|rule| rule.pattern.matches(&event));
    let image = |repository: &str, action: &str, result: &str| {
        json!({"source": "aws.ecr", "detail-type": "ECR Image Action", "account": ACCOUNT, "region": REGION,
            "detail": {"action-type": action, "result": result, "repository-name": repository}})
    };
    assert!(delivers(image("shop/api", "PUSH", "SUCCESS")));
    for other in
        [("shop/db", "PUSH", "SUCCESS"), ("shop/web", "DELETE", "SUCCESS"), ("shop/web", "PUSH", "FAILURE")]
    {
        assert!(!delivers(image(other.0, other.1, other.2)), "{other:?}");
    }
    let object = |bucket: &str, kind: &str, account: &str| {
        json!({"source": "aws.s3", "detail-type": kind, "account": account, "region": REGION,
            "detail": {"bucket": {"name": bucket}, "object": {"key": "k"}}})
    };
    assert!(delivers(object("other", "Object Created", ACCOUNT)));
    for other in [
        ("third", "Object Created", ACCOUNT),
        ("other", "Object Deleted", ACCOUNT),
        ("other", "Object Created", "444455556666"),
    ] {
        assert!(!delivers(object(other.0, other.1, other.2)), "{other:?}");
    }
    for bucket in ["sources", "other"] {
        assert!(both.allows("s3:GetObjectVersion", &format!("arn:{PARTITION}:s3:::{bucket}/a/b.zip")));
        assert!(both.allows("s3:ListBucketVersions", &format!("arn:{PARTITION}:s3:::{bucket}")));
    }
    assert!(!both.allows("s3:GetObjectVersion", &format!("arn:{PARTITION}:s3:::third/a")));
}

/// Settings that each function has: `shared` reads them.
const SHARED_SETTINGS: [&str; 3] = ["POINTSMAN_CONFIG", "POINTSMAN_CONFIG_MAX_AGE", "POINTSMAN_DRY_RUN"];

#[test]
fn the_environment_of_each_function_has_its_settings_and_no_others() {
    for described in pointsman::functions::FUNCTIONS {
        let template = match described.name {
            "dr-failover" => recovery::template_with_an_address(),
            _ => template(),
        };
        let set = function(&template, described.name).environment.keys().map(String::as_str);
        let set: BTreeSet<&str> = set.filter(|name| name.starts_with("POINTSMAN_")).collect();
        // `pointsman replay` alone sets this one.
        let settings = described.settings.iter().map(|setting| setting.name);
        let settings = settings.filter(|name| *name != "POINTSMAN_TEMPLATES").chain(SHARED_SETTINGS);
        assert_eq!(set, settings.collect(), "{}", described.name);
    }
}

#[test]
fn the_policy_covers_the_names_that_are_given_and_no_others() {
    let parameters = [("RepositoryNames", "storefront,lib-*"), ("PipelineNames", "web-main")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let template =
        SamTemplate::read(&root().join("template.yaml"), &parameters).expect("the template is right");
    let allows = |call: &str, service: &str, name: &str| {
        trigger(&template).allows(call, &format!("arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{name}"))
    };
    for (name, covered) in [("storefront", true), ("lib-ui", true), ("payments", false)] {
        assert_eq!(allows("codecommit:GetDifferences", "codecommit", name), covered, "{name}");
    }
    for (name, covered) in [("web-main", true), ("web-main-2", false), ("api", false)] {
        assert_eq!(allows("codepipeline:StartPipelineExecution", "codepipeline", name), covered, "{name}");
    }
}

/// The properties of a resource of its template, as they are written.
fn properties(resource: &str) -> Value {
    let document = document(&file_of(resource)).expect("the template is right");
    document["Resources"][resource]["Properties"].clone()
}

/// The inline policies of a role have at most 10,240 characters (IAM User Guide), and each list may have a hundred names.
#[test]
fn a_roles_policies_hold_each_list_of_names_once() {
    for (role, lists) in [
        ("PipelineTriggerRole", &["RepositoryNames", "PipelineNames"][..]),
        ("BranchStacksRole", &["RepositoryNames"]),
    ] {
        let policies = properties(role)["Policies"].to_string();
        for list in lists {
            assert_eq!(policies.matches(&format!(r#"{{"Ref":"{list}"}}"#)).count(), 1, "{role}: {list}");
        }
    }
}

#[test]
fn what_fails_lands_in_a_queue_and_dr_failover_alone_redrives_it_by_itself() {
    for (package, prefix) in functions() {
        let [undelivered, failed] = ["Undelivered", "Failed"].map(|queue| format!("{prefix}{queue}"));
        let function = properties(&format!("{prefix}Function"));
        assert_eq!(
            function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"],
            json!({"Fn::GetAtt": [failed, "Arn"]}),
            "{package}"
        );
        let events = function["Events"].as_object().expect("it has events");
        for (name, event) in events.iter().filter(|(_, event)| event["Type"] != "SQS") {
            let dead_letters = &event["Properties"]["DeadLetterConfig"]["Arn"];
            assert_eq!(*dead_letters, json!({"Fn::GetAtt": [undelivered, "Arn"]}), "{package} {name}");
        }
        for (event, queue) in [("RedriveUndelivered", &undelivered), ("RedriveFailed", &failed)] {
            let redrive = &function["Events"][event]["Properties"];
            assert_eq!(redrive["Queue"], json!({"Fn::GetAtt": [queue, "Arn"]}), "{package} {event}");
            assert_eq!(redrive["Enabled"], json!(package == "dr-failover"), "{package} {event}");
            // Without this, one message that succeeds would delete those that failed beside it.
            assert_eq!(redrive["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]), "{event}");
            let (timeout, hidden) = (&function["Timeout"], &properties(queue)["VisibilityTimeout"]);
            // Lambda recommends six times the function's timeout. dr-failover needs a faster second try.
            let factor = if package == "dr-failover" { 1 } else { 6 };
            assert!(hidden.as_u64() >= timeout.as_u64().map(|timeout| factor * timeout), "{queue}");
            assert_eq!(properties(queue)["MessageRetentionPeriod"], json!(14 * 24 * 60 * 60), "{queue}");
        }
    }
}

/// The rules of pipeline-trigger with a condition.
const IMAGES_AND_OBJECTS: [(&str, &str); 2] =
    [("HasImageSources", "PipelineTriggerImageRule"), ("HasObjectSources", "PipelineTriggerObjectRule")];

#[test]
fn every_rule_of_a_function_may_send_to_its_queue_of_undelivered_events() {
    for (package, prefix) in functions() {
        let events = properties(&format!("{prefix}Function"))["Events"].clone();
        let events = events.as_object().expect("it has events").iter();
        let rules = events.filter(|(_, event)| event["Type"] != "SQS");
        let arn = |name: &str| json!({"Fn::GetAtt": [format!("{prefix}Function{name}"), "Arn"]});
        let mut expected: Vec<Value> = rules.map(|(name, _)| arn(name)).collect();
        if package == "pipeline-trigger" {
            for (condition, rule) in IMAGES_AND_OBJECTS {
                let rule = json!({"Fn::GetAtt": [rule, "Arn"]});
                expected.push(json!({"Fn::If": [condition, rule, {"Ref": "AWS::NoValue"}]}));
            }
        }
        if package == "ami-alerts" {
            let rule = json!({"Fn::GetAtt": ["AmiAlertsApiRule", "Arn"]});
            expected.push(json!({"Fn::If": ["HasApiAlerts", rule, {"Ref": "AWS::NoValue"}]}));
        }
        let policy = properties(&format!("{prefix}UndeliveredPolicy"));
        let sources = &policy["PolicyDocument"]["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"];
        let sources = sources.as_array().cloned().unwrap_or_else(|| vec![sources.clone()]);
        assert_eq!(sources, expected, "{package}");
    }
}

#[test]
fn every_way_to_lose_an_event_has_its_alarm() {
    for (package, prefix) in functions() {
        let document = document(&file_of(&prefix)).expect("the template is right");
        let resources = document["Resources"].as_object().expect("it has resources");
        let alarms = resources.iter().filter(|(name, resource)| {
            name.starts_with(&prefix) && resource["Type"] == "AWS::CloudWatch::Alarm"
        });
        let mut watched: Vec<String> =
            alarms.map(|(_, alarm)| watched_metrics(&alarm["Properties"])).collect();
        watched.sort_unstable();
        // Of dr-failover's queues two are redriven, so that a message is often in flight; the third one is the last.
        let queues = match package {
            "dr-failover" => [
                "ApproximateNumberOfMessagesNotVisible+ApproximateNumberOfMessagesVisible",
                "ApproximateNumberOfMessagesNotVisible+ApproximateNumberOfMessagesVisible",
                "ApproximateNumberOfMessagesVisible",
            ]
            .as_slice(),
            _ => &["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesVisible"],
        };
        let others = [
            "AsyncEventsDropped",
            "DestinationDeliveryFailures",
            "Errors",
            "FailedInvocations+RetryInvocationAttempts",
            "Invocations",
            "InvocationsFailedToBeSentToDlq",
            "Throttles",
        ];
        // Starts that reconcile holds are in the log alone.
        let own: &[&str] = if package == "pipeline-trigger" { &["HeldStarts"] } else { &[] };
        let mut expected = [queues, &others, own].concat();
        expected.sort_unstable();
        assert_eq!(watched, expected, "{package}");
        let logs = properties(&format!("{prefix}Logs"));
        assert!(!logs["RetentionInDays"].is_null(), "{package}: logs have a retention");
    }
}

#[test]
fn every_way_to_lose_a_forwarded_event_has_its_alarm() {
    for file in ["templates/dr-alarm.yaml", "templates/forward-alerts.yaml"] {
        let document = document(&root().join(file)).expect("the template is right");
        let resources = document["Resources"].as_object().expect("it has resources").values();
        let alarms = resources.filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm");
        let watched: BTreeSet<String> = alarms.map(|alarm| watched_metrics(&alarm["Properties"])).collect();
        for expected in [
            "ApproximateNumberOfMessagesVisible",
            "FailedInvocations+RetryInvocationAttempts",
            "InvocationsFailedToBeSentToDlq",
        ] {
            assert!(watched.contains(expected), "{file}: {watched:?}");
        }
    }
}

/// The alarm on held starts counts the lines of the log that have the code of the reason.
#[test]
fn an_alarm_reports_starts_that_reconcile_holds() {
    let filter = properties("PipelineTriggerHeldFilter");
    let held = Because::TooManyStarts { starts: 21, most: 20, digest: String::new() };
    assert_eq!(filter["FilterPattern"], format!("\"{}\"", held.code()));
    let alarm = properties("PipelineTriggerHeldAlarm");
    assert_eq!(filter["MetricTransformations"][0]["MetricNamespace"], alarm["Namespace"]);
    assert_eq!(filter["MetricTransformations"][0]["MetricName"], alarm["MetricName"]);
}

/// An empty schedule disables reconcile of pipeline-trigger, and the default enables it.
#[test]
fn reconcile_of_pipeline_trigger_runs_every_hour_unless_its_schedule_is_empty() {
    let template = template();
    let schedules = &trigger(&template).schedules;
    let reconcile = json!({"source": "pointsman", "detail-type": "reconcile"});
    let of_reconcile: Vec<_> =
        schedules.iter().filter(|schedule| schedule.input.as_ref() == Some(&reconcile)).collect();
    assert_eq!(of_reconcile.len(), 1);
    assert_eq!((of_reconcile[0].expression.as_str(), of_reconcile[0].enabled), ("rate(1 hour)", true));
    let raw = properties("PipelineTriggerFunction")["Events"]["Reconcile"]["Properties"].clone();
    assert_eq!(raw["State"], json!({"Fn::If": ["HasTriggerReconcile", "ENABLED", "DISABLED"]}));
}

/// An event that a rule can neither deliver nor keep is lost, whatever the rule.
#[test]
fn an_alarm_reports_an_event_of_each_rule_that_reaches_no_queue() {
    for (package, prefix) in functions() {
        let events = properties(&format!("{prefix}Function"))["Events"].clone();
        let rules = events.as_object().expect("it has events").iter();
        let rules = rules.filter(|(_, event)| event["Type"] != "SQS");
        let alarm = properties(&format!("{prefix}DeadLetterAlarm")).to_string();
        for rule in rules.map(|(name, _)| format!(r#"{{"Ref":"{prefix}Function{name}"}}"#)) {
            assert_eq!(alarm.matches(&rule).count(), 1, "{package}: {rule}");
        }
        for (_, rule) in IMAGES_AND_OBJECTS.iter().filter(|_| package == "pipeline-trigger") {
            assert_eq!(alarm.matches(&format!(r#"{{"Ref":"{rule}"}}"#)).count(), 1, "{rule}");
        }
    }
}

/// The metric of an alarm; of one that adds several up, each of them once.
fn watched_metrics(alarm: &Value) -> String {
    let summed = alarm["Metrics"].as_array().into_iter().flatten();
    let mut summed: Vec<&str> =
        summed.filter_map(|metric| metric["MetricStat"]["Metric"]["MetricName"].as_str()).collect();
    summed.sort_unstable();
    summed.dedup();
    alarm["MetricName"].as_str().map_or_else(|| summed.join("+"), str::to_owned)
}

#[test]
fn the_page_of_costs_counts_the_alarm_metrics_of_each_function() {
    let page = read("docs/costs.md");
    for (package, prefix) in functions() {
        let document = document(&file_of(&prefix)).expect("the template is right");
        let resources = document["Resources"].as_object().expect("it has resources");
        let alarms = resources.iter().filter(|(name, resource)| {
            name.starts_with(&prefix) && resource["Type"] == "AWS::CloudWatch::Alarm"
        });
        // A metric that only some deployments have is within an Fn::If.
        let metrics =
            |metrics: &Vec<Value>| metrics.iter().filter(|one| one["MetricStat"].is_object()).count();
        let count: usize =
            alarms.map(|(_, alarm)| alarm["Properties"]["Metrics"].as_array().map_or(1, metrics)).sum();
        let row = page.lines().find(|line| line.starts_with(&format!("| `{package}`"))).expect("a row");
        assert!(row.contains(&format!("| {count}: ${}.{}0 |", count / 10, count % 10)), "{count}: {row}");
    }
}

/// Every function has a schedule, so a function without invocations is disabled, or EventBridge does not reach it.
#[test]
fn an_alarm_reports_a_function_that_nothing_invokes() {
    for (package, prefix) in functions() {
        let events = properties(&format!("{prefix}Function"))["Events"].clone();
        let events = events.as_object().expect("it has events");
        assert!(events.values().any(|event| event["Type"] == "Schedule"), "{package}");
        let alarm = properties(&format!("{prefix}SilenceAlarm"));
        assert_eq!(alarm["TreatMissingData"], "breaching", "{package}");
        let (period, periods) = (alarm["Period"].as_u64(), alarm["EvaluationPeriods"].as_u64());
        let window = period.zip(periods).map(|(period, periods)| period * periods).expect("numbers");
        // A day and a little, because a daily schedule is not exact. Only periods of an hour may add up to more than a day
        // (PutMetricAlarm, Amazon CloudWatch API Reference).
        let wanted = if package == "dr-failover" { 5 * 60 } else { 26 * 60 * 60 };
        assert_eq!(window, wanted, "{package}");
        assert!(window <= 86_400 || period == Some(3_600), "{package}");
    }
}

/// The alarm on late deliveries counts every EventBridge rule but the schedule.
#[test]
fn an_alarm_reports_deliveries_that_fail_or_are_retried() {
    for (package, prefix) in functions() {
        let events = properties(&format!("{prefix}Function"))["Events"].clone();
        let rules = events.as_object().expect("it has events").iter();
        let rules = rules.filter(|(_, event)| event["Type"] == "EventBridgeRule");
        let mut rules: Vec<String> = rules.map(|(name, _)| format!("{prefix}Function{name}")).collect();
        if package == "ami-alerts" {
            rules.push("AmiAlertsApiRule".to_owned());
        }
        let alarm = properties(&format!("{prefix}DeliveryAlarm")).to_string();
        for (rule, metric) in rules
            .iter()
            .flat_map(|rule| ["FailedInvocations", "RetryInvocationAttempts"].map(|metric| (rule, metric)))
        {
            let (of_rule, name) = (format!(r#"{{"Ref":"{rule}"}}"#), format!(r#""MetricName":"{metric}""#));
            let metrics =
                alarm.split("MetricStat").filter(|one| one.contains(&of_rule) && one.contains(&name));
            assert_eq!(metrics.count(), 1, "{package}: {metric} of {rule}");
        }
    }
}

#[test]
fn a_push_that_cannot_be_delivered_is_in_a_queue_within_two_hours() {
    for (package, prefix) in
        functions().filter(|(package, _)| ["pipeline-trigger", "branch-stacks"].contains(package))
    {
        let function = properties(&format!("{prefix}Function"));
        let age = |value: &Value| value["MaximumEventAgeInSeconds"].as_u64().expect("an age");
        let events = function["Events"].as_object().expect("it has events");
        for (name, event) in events.iter().filter(|(_, event)| event["Type"] != "SQS") {
            let total = age(&event["Properties"]["RetryPolicy"]) + age(&function["EventInvokeConfig"]);
            assert!(total <= 7_200, "{package} {name}: {total}");
        }
    }
}

#[test]
fn every_environment_of_samconfig_fits_the_template() {
    for environment in ["default", "dry-run"] {
        let parameters =
            overrides(&root().join("samconfig.toml"), environment).expect("the environment exists");
        let template =
            SamTemplate::read(&root().join("template.yaml"), &parameters).expect("its parameters fit");
        let dry_run = trigger(&template).environment.get("POINTSMAN_DRY_RUN").map(String::as_str);
        assert_eq!(dry_run == Some("true"), environment == "dry-run", "{environment}");
    }
}

#[test]
fn the_permissions_page_has_each_action_of_the_template_and_no_other() {
    let page = read("docs/permissions.md");
    for (package, _) in functions() {
        let template = match package {
            "ami-alerts" => alerts::template_with_every_permission(),
            "dr-failover" => recovery::template_with_an_address(),
            "pipeline-trigger" => template_with(&[("SourceBucketNames", "sources")]),
            _ => template_with_a_service_role(),
        };
        let row = format!("| {package} | `");
        let actions = page.lines().filter_map(|line| line.strip_prefix(&row)?.split('`').next());
        let documented: BTreeSet<String> = actions.map(str::to_owned).collect();
        let statements = function(&template, package).statements.iter();
        let allowed: BTreeSet<String> = statements.flat_map(|statement| statement.actions.clone()).collect();
        assert_eq!(documented, allowed, "{package}");
    }
}
