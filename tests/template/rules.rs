//! Rules that are not in the configuration layer: the setting, the permissions and the alarm that the templates give them.

use std::collections::BTreeMap;

use pointsman::template::SamTemplate;
use serde_json::{Value, json};
use shared::config::RulesRemark;
use shared::telemetry::{Trace, failure_line, rules_line};

use super::{document, function, functions, root};

fn with(package: &str, parameters: &[(&str, &str)]) -> SamTemplate {
    let file = if package == "dr-failover" { "templates/recovery.yaml" } else { "template.yaml" };
    let mut parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if package == "dr-failover" {
        parameters.insert("MailAddress".to_owned(), "ops@example.com".to_owned());
    }
    SamTemplate::read(&root().join(file), &parameters).expect("the template is right")
}

const OBJECT: &str = "arn:aws:s3:::acme-rules/teams/rules.toml";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/acme-rules";

#[test]
fn each_function_reads_the_source_that_the_parameters_name_and_may_read_nothing_more() {
    let of_object = [("RulesBucket", "acme-rules"), ("RulesKey", "teams/rules.toml")];
    let of_table = [("RulesTable", "acme-rules"), ("RulesMaxAge", "5")];
    for (package, _) in functions() {
        let config =
            |template: &SamTemplate| function(template, package).environment["POINTSMAN_CONFIG"].clone();
        let may =
            |template: &SamTemplate, action: &str, on: &str| function(template, package).allows(action, on);
        let (layer, object, table) =
            (with(package, &[]), with(package, &of_object), with(package, &of_table));
        assert_eq!(config(&layer), "/opt/pointsman.toml");
        assert_eq!(config(&object), "s3://acme-rules/teams/rules.toml");
        assert_eq!(config(&table), "dynamodb://acme-rules");
        assert_eq!(function(&table, package).environment["POINTSMAN_CONFIG_MAX_AGE"], "5");
        for (action, on) in [
            ("s3:GetObject", OBJECT),
            ("s3:GetObjectVersion", OBJECT),
            ("s3:ListBucketVersions", "arn:aws:s3:::acme-rules"),
        ] {
            assert!(may(&object, action, on), "{package}: {action}");
            assert!(
                !may(&object, action, "arn:aws:s3:::acme-rules-2/teams/rules.toml"),
                "{package}: {action}"
            );
        }
        assert!(!may(&layer, "s3:ListBucketVersions", "arn:aws:s3:::acme-rules"), "{package}");
        assert!(may(&table, "dynamodb:Scan", TABLE), "{package}");
        assert!(!may(&table, "dynamodb:Scan", &TABLE.replace("acme", "other")), "{package}");
        assert!(!may(&layer, "dynamodb:Scan", TABLE) && !may(&object, "dynamodb:Scan", TABLE), "{package}");
        let both = with(package, &[of_object[0], of_table[0]]);
        assert_eq!(config(&both), "s3://acme-rules/pointsman.toml", "{package}: the bucket wins");
    }
}

#[test]
fn an_alarm_of_each_function_reports_every_problem_of_such_rules() {
    for (package, prefix) in functions() {
        let file = if package == "dr-failover" { "templates/recovery.yaml" } else { "template.yaml" };
        let resources = document(&root().join(file)).expect("the template is right")["Resources"].clone();
        let filter = &resources[format!("RulesOf{prefix}Filter")]["Properties"];
        let pattern = filter["FilterPattern"].as_str().expect("a pattern");
        let kinds =
            ["BadRules", rules_source::RULES_UNAVAILABLE].map(|kind| format!("$.errorType = \"{kind}\""));
        let codes = RulesRemark::CODES.iter().map(|code| format!("$.rules = \"{code}\""));
        for part in kinds.into_iter().chain(codes) {
            assert!(pattern.contains(&part), "{package}: {part}");
        }
        for line in lines_of_problems() {
            assert!(matches(pattern, &line), "{package}: {line}");
        }
        for line in other_lines() {
            assert!(!matches(pattern, &line), "{package}: {line}");
        }
        let metric = &filter["MetricTransformations"][0];
        let alarm = &resources[format!("RulesOf{prefix}Alarm")]["Properties"];
        assert_eq!(alarm["MetricName"], metric["MetricName"], "{package}");
        assert_eq!(alarm["Namespace"], metric["MetricNamespace"], "{package}");
        let description = alarm["AlarmDescription"].to_string();
        for part in ["pointsman check ${Rules}", "aws logs filter-log-events", "${AWS::Region}"] {
            assert!(description.contains(part), "{package}: {part}");
        }
        assert!(description.contains(&format!("${{{prefix}Logs}}")), "{package}: the log of the function");
        assert_eq!(filter["LogGroupName"]["Ref"], format!("{prefix}Logs"), "{package}");
        let logging = &resources[format!("{prefix}Function")]["Properties"]["LoggingConfig"];
        assert_eq!(
            (&logging["LogFormat"], &logging["LogGroup"]["Ref"]),
            (&"JSON".into(), &format!("{prefix}Logs").into()),
            "{package}: the pattern reads JSON of this log"
        );
        // A line without a problem is a 0, and without lines the alarm stays as it is.
        assert_eq!((&metric["DefaultValue"], &alarm["TreatMissingData"]), (&0.into(), &"ignore".into()));
    }
}

/// The lines that the functions write, by the functions that write them.
fn lines_of_problems() -> Vec<Value> {
    let kinds = [shared::lambda::BAD_RULES, rules_source::RULES_UNAVAILABLE];
    let failures = kinds.map(|kind| failure_line(&Trace::default(), kind, "cannot read the rules"));
    let remarks = RulesRemark::CODES.iter().map(|code| rules_line("r", code, "acme-rules/web: this rule"));
    failures.into_iter().chain(remarks).collect()
}

fn other_lines() -> [Value; 3] {
    [
        failure_line(&Trace::default(), "ActionsFailed", "web-main: BadRules"),
        json!({"level": "INFO", "message": "rules-outdated", "rulesRead": true}),
        json!({"level": "INFO", "decision": {"rules": "broken-rule", "notes": [{"code": "broken-rule"}]}}),
    ]
}

/// Whether a line of the log matches a filter pattern of the form `{ ($.member = "text") || … }` ("Filter pattern syntax", Amazon
/// CloudWatch Logs User Guide).
fn matches(pattern: &str, line: &Value) -> bool {
    let inner =
        pattern.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }")).expect("a pattern of JSON");
    inner.split(" || ").any(|part| {
        let equation =
            part.strip_prefix("($.").and_then(|rest| rest.strip_suffix("\")")).expect("an equation");
        let (member, text) = equation.split_once(" = \"").expect("a member and a text");
        line[member] == text
    })
}

#[test]
fn every_table_of_a_function_can_be_an_item() {
    let tables = pointsman::functions::FUNCTIONS.iter().flat_map(|function| function.tables);
    let unknown: Vec<&str> =
        tables.map(|table| table.name).filter(|name| !rules_source::TABLES.contains(name)).collect();
    assert!(unknown.is_empty(), "add {unknown:?} to rules_source::TABLES");
    // An item has these two attributes beside the keys of its table.
    let keys = pointsman::functions::FUNCTIONS.iter().flat_map(|function| function.tables);
    assert!(keys.flat_map(|table| table.keys).all(|key| key.name != "rule" && key.name != "table"));
}
