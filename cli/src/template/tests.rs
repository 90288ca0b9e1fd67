//! Reads the project's own template, and small ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{DeployedFunction, SamTemplate, TemplateError, overrides};

fn project(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn trigger(pairs: &[(&str, &str)]) -> DeployedFunction {
    let template = SamTemplate::read(&project("template.yaml"), &given(pairs)).unwrap();
    template.functions().find(|function| function.package == "pipeline-trigger").unwrap().clone()
}

fn read(yaml: &str, pairs: &[(&str, &str)]) -> Result<SamTemplate, TemplateError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    fs::write(&path, yaml).unwrap();
    SamTemplate::read(&path, &given(pairs))
}

/// The environment of the only function of a template that has these lines as its variables.
fn variables(head: &str, variables: &str, pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let yaml = format!(
        "{head}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: f\n      \
         Environment:\n        Variables:\n{variables}"
    );
    read(&yaml, pairs).unwrap().functions().next().unwrap().environment.clone()
}

fn pipeline(name: &str) -> String {
    format!("arn:aws:codepipeline:us-east-1:111122223333:{name}")
}

#[test]
fn the_trigger_has_what_a_laptop_needs_to_run_it() {
    let function = trigger(&[("DryRun", "true")]);
    assert_eq!(function.logical_id, "PipelineTriggerFunction");
    assert_eq!(function.timeout.as_secs(), 300);
    assert_eq!(function.environment["POINTSMAN_DRY_RUN"], "true");
    assert_eq!(function.environment["POINTSMAN_CONFIG"], "/opt/pointsman.toml");
}

#[test]
fn the_rule_takes_pushes_of_branches_and_tags_and_nothing_else() {
    let rules = trigger(&[]).rules;
    let [push] = rules.as_slice() else { panic!("one rule, not {}", rules.len()) };
    let event = |what, kind| {
        json!({
            "account": super::ACCOUNT,
            "region": super::REGION,
            "source": "aws.codecommit",
            "detail-type": "CodeCommit Repository State Change",
            "detail": { "event": what, "referenceType": kind },
        })
    };
    assert!(push.enabled);
    assert!(push.pattern.matches(&event("referenceUpdated", "branch")));
    assert!(push.pattern.matches(&event("referenceCreated", "tag")));
    assert!(!push.pattern.matches(&event("referenceDeleted", "branch")));
    for name in ["account", "region"] {
        let mut other = event("referenceUpdated", "branch");
        other[name] = "another".into();
        assert!(!push.pattern.matches(&other), "an event of another {name}");
    }
}

#[test]
fn both_queues_are_read_only_when_someone_redrives() {
    let queues = trigger(&[]).queues;
    assert_eq!(queues.len(), 2);
    assert!(queues.iter().all(|queue| !queue.enabled));
}

#[test]
fn names_in_the_parameters_become_the_pipelines_that_may_be_started() {
    let function = trigger(&[("PipelineNames", "web-main, api-*")]);
    let start = "codepipeline:StartPipelineExecution";
    assert!(function.allows(start, &pipeline("web-main")));
    assert!(function.allows(start, &pipeline("api-main")));
    assert!(!function.allows(start, &pipeline("web-main-2")));
    assert!(!function.allows("codepipeline:DeletePipeline", &pipeline("web-main")));
}

#[test]
fn without_names_every_repository_may_be_read_and_none_written() {
    let (function, repository) = (trigger(&[]), "arn:aws:codecommit:us-east-1:111122223333:storefront");
    assert!(function.allows("codecommit:GetDifferences", repository));
    assert!(function.allows("CodeCommit:getfile", repository), "IAM ignores case in actions");
    assert!(!function.allows("codecommit:PutFile", repository));
}

#[test]
fn every_environment_of_samconfig_fits_the_template() {
    for (env, dry_run) in [("default", "false"), ("dry-run", "true")] {
        let given = overrides(&project("samconfig.toml"), env).unwrap();
        assert_eq!(given["DryRun"], dry_run, "{env}");
        SamTemplate::read(&project("template.yaml"), &given).unwrap();
    }
}

#[test]
fn a_function_switched_off_is_not_there() {
    let off = given(&[("PipelineTrigger", "disabled")]);
    let template = SamTemplate::read(&project("template.yaml"), &off).unwrap();
    assert!(template.functions().all(|function| function.package != "pipeline-trigger"));
}

#[test]
fn the_environment_has_the_variables_whose_values_are_known() {
    let lines = r#"
          SUB: !Sub "${Name}-${AWS::Region}-${AWS::AccountId}-${AWS::StackName}"
          GONE: !If [IsWeb, !Ref "AWS::NoValue", kept]
          LATER: !GetAtt Later.Arn
          NUMBER: 5
"#;
    let head = r#"
Parameters:
  Name: { Type: String, Default: web }
Conditions:
  IsWeb: !Equals [!Ref Name, web]
"#;
    let web = variables(head, lines, &[]);
    assert_eq!(web["SUB"], "web-us-east-1-111122223333-pointsman");
    assert_eq!(web["NUMBER"], "5");
    assert!(!web.contains_key("GONE"), "AWS::NoValue removes a member");
    assert!(!web.contains_key("LATER"), "only a deployment knows an ARN");
    assert_eq!(variables(head, lines, &[("Name", "api")])["GONE"], "kept");
}

#[test]
fn a_deny_wins_over_an_allow() {
    let yaml = r#"
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/f/
      Policies:
        - AWSLambdaExecute
        - Statement:
            - { Effect: Allow, Action: "codepipeline:*", Resource: "*" }
            - { Effect: Deny, Action: codepipeline:Start*, Resource: !Sub "arn:aws:codepipeline:${AWS::Region}:*:prod-?" }
"#;
    let template = read(yaml, &[]).unwrap();
    let function = template.functions().next().unwrap();
    assert_eq!(function.package, "f");
    assert!(function.allows("codepipeline:StartPipelineExecution", &pipeline("test-1")));
    assert!(!function.allows("codepipeline:StartPipelineExecution", &pipeline("prod-1")));
    assert!(function.allows("codepipeline:GetPipeline", &pipeline("prod-1")));
}

#[test]
fn what_a_deployment_would_refuse_is_refused() {
    let message = |yaml: &str, pairs: &[(&str, &str)]| read(yaml, pairs).unwrap_err().to_string();
    let parameter = "Parameters: { Mode: { Type: String, AllowedValues: [a, b] } }\nResources: {}";
    assert_eq!(message(parameter, &[]), "parameter `Mode` has neither a default nor an override");
    let message_with_reason =
        "parameter `Mode` does not allow `c`: Parameter 'Mode' must be one of AllowedValues";
    assert_eq!(message(parameter, &[("Mode", "c")]), message_with_reason);
    let parameter = "Parameters: { Prefix: { Type: String, AllowedPattern: '[a-z]+' } }\nResources: {}";
    let message_with_reason =
        "parameter `Prefix` does not allow `A`: Parameter 'Prefix' must match pattern [a-z]+";
    assert_eq!(message(parameter, &[("Prefix", "A")]), message_with_reason);
    assert_eq!(message(parameter, &[("Mood", "a")]), "the template has no parameter `Mood`");
    let rule = r#"
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Events:
        Push: { Type: EventBridgeRule, Properties: { Pattern: { source: aws.codecommit } } }
"#;
    let error = read(rule, &[]).unwrap_err();
    assert_eq!(error.to_string(), "rule Push of function F cannot be used");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "event pattern is not valid at source: the value must be an array or an object");
}
