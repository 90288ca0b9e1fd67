//! Stages of a stack's pipeline with entry conditions: which run, which are skipped, and which templates are refused.

use local_aws::LocalAws;
use serde_json::{Value, json};

use crate::client::{Client, WorldText};
use crate::ok;

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[[repository]]
name = "shop"
[[repository.commit]]
label = "one"
files = { a = "1" }
[repository.branches]
main = "one"
"#;

const TEMPLATE: &str = r##"
Resources:
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: shop
      PipelineType: V2
      Variables: [{ Name: GROUPS, DefaultValue: ",web,api," }, { Name: OTHER }]
      Stages:
        - Name: Source
          Actions:
            - Name: Checkout
              ActionTypeId: { Category: Source, Owner: AWS, Provider: CodeCommit, Version: "1" }
              Configuration: { RepositoryName: shop, BranchName: main, PollForSourceChanges: "false" }
        - Name: Web
          BeforeEntry:
            Conditions:
              - Result: SKIP
                Rules:
                  - Name: web-changed
                    RuleTypeId: { Category: Rule, Owner: AWS, Provider: VariableCheck, Version: "1" }
                    Configuration: { Variable: "#{variables.GROUPS}", Operator: CONTAINS, Value: ",web," }
          Actions:
            - Name: Build
              ActionTypeId: { Category: Build, Owner: AWS, Provider: CodeBuild, Version: "1" }
              Configuration: { ProjectName: web }
"##;

struct StagesFixture {
    aws: LocalAws,
    client: Client,
}

/// A stack of the template, once it is created.
fn deployed(template: &str) -> StagesFixture {
    let aws = LocalAws::start(WorldText::of(WORLD)).unwrap();
    let client = Client::new(&aws.endpoint());
    let members = [("StackName", "pipeline"), ("TemplateBody", template)];
    assert_eq!(client.query("cloudformation", "2010-05-15", "CreateStack", &members).status, 200);
    while aws.advance_to_next().is_some() {}
    StagesFixture { aws, client }
}

impl StagesFixture {
    fn call(&self, operation: &str, input: Value) -> Value {
        ok(self.client.call("codepipeline", "CodePipeline_20150709", operation, &input))
    }

    /// Starts the pipeline, and returns the statuses of its stages.
    fn stages(&self, variables: Value) -> Vec<(String, String)> {
        self.call("StartPipelineExecution", json!({"name": "shop", "variables": variables}));
        self.aws.executions("shop").pop().unwrap().stages
    }
}

fn ran(stages: &[(&str, &str)]) -> Vec<(String, String)> {
    stages.iter().map(|(name, status)| ((*name).to_owned(), (*status).to_owned())).collect()
}

#[test]
fn a_stage_whose_condition_fails_is_skipped_and_the_execution_goes_on() {
    let fixture = deployed(TEMPLATE);
    let first = fixture.aws.executions("shop").remove(0);
    assert_eq!(first.stages, ran(&[("Source", "Succeeded"), ("Web", "Succeeded")]), "the default names web");
    let api = json!([{"name": "GROUPS", "value": ",api,"}]);
    assert_eq!(fixture.stages(api), ran(&[("Source", "Succeeded"), ("Web", "Skipped")]));
    assert_eq!(fixture.aws.executions("shop")[1].status, "Succeeded");
    let admin = json!([{"name": "GROUPS", "value": ",web-admin,"}]);
    assert_eq!(fixture.stages(admin)[1].1, "Skipped", "a name that begins with another name");
    let state = fixture.call("GetPipelineState", json!({"name": "shop"}));
    let web = &state["stageStates"][1];
    assert_eq!(web["latestExecution"]["status"], json!("Skipped"));
    let condition = &web["beforeEntryConditionState"]["conditionStates"][0];
    assert_eq!(condition["ruleStates"][0]["latestExecution"]["status"], json!("Failed"));
    assert_eq!(state["stageStates"][0].get("beforeEntryConditionState"), None);
}

#[test]
fn the_rules_of_an_execution_are_listed_with_their_values() {
    let fixture = deployed(TEMPLATE);
    fixture.stages(json!([{"name": "GROUPS", "value": ",api,"}]));
    let newest = fixture.aws.executions("shop").pop().unwrap().id;
    let filter = json!({"pipelineName": "shop", "filter": {"pipelineExecutionId": newest}});
    let rules = fixture.call("ListRuleExecutions", filter)["ruleExecutionDetails"].clone();
    assert_eq!(rules.as_array().unwrap().len(), 1);
    assert_eq!((&rules[0]["stageName"], &rules[0]["status"]), (&json!("Web"), &json!("Failed")));
    let resolved = json!({"Operator": "CONTAINS", "Value": ",web,", "Variable": ",api,"});
    assert_eq!(rules[0]["input"]["resolvedConfiguration"], resolved);
    let page = fixture.call("ListRuleExecutions", json!({"pipelineName": "shop", "maxResults": 1}));
    assert!(page["nextToken"].is_string(), "the first execution had a rule, too");
}

#[test]
fn the_pipeline_is_described_with_its_stages_and_defaults() {
    let fixture = deployed(TEMPLATE);
    let pipeline = fixture.call("GetPipeline", json!({"name": "shop"}))["pipeline"].clone();
    assert_eq!(
        pipeline["variables"],
        json!([{"name": "GROUPS", "defaultValue": ",web,api,"}, {"name": "OTHER"}])
    );
    let condition = &pipeline["stages"][1]["beforeEntry"]["conditions"][0];
    assert_eq!(condition["result"], json!("SKIP"));
    assert_eq!(condition["rules"][0]["ruleTypeId"]["provider"], json!("VariableCheck"));
    assert_eq!(condition["rules"][0]["configuration"]["Value"], json!(",web,"));
}

#[test]
fn a_condition_with_the_result_fail_ends_the_execution() {
    let fixture = deployed(&TEMPLATE.replace("SKIP", "FAIL"));
    let api = json!([{"name": "GROUPS", "value": ",api,"}]);
    assert_eq!(fixture.stages(api), ran(&[("Source", "Succeeded"), ("Web", "Failed")]));
    assert_eq!(fixture.aws.executions("shop")[1].status, "Failed");
}

#[test]
fn what_codepipeline_refuses_in_a_condition_fails_the_stack() {
    for (written, wrong, why) in [
        ("Operator: CONTAINS", "Operator: LIKE", "no operator LIKE"),
        ("Operator: CONTAINS", "Operator: MATCHES", "does not serve the operator MATCHES"),
        ("Operator: CONTAINS, ", "", "needs Operator, Variable and Value"),
        ("variables.GROUPS", "variables.GROUP", "declares no variable GROUP"),
        ("Result: SKIP", "Result: ROLLBACK", "is FAIL or SKIP"),
        ("Provider: VariableCheck", "Provider: DeploymentWindow", "is not a VariableCheck"),
        ("PipelineType: V2", "PipelineType: V1", "need a pipeline of type V2"),
        ("Name: web-changed", "Name: web changed", "is not the name of a rule"),
    ] {
        let fixture = deployed(&TEMPLATE.replace(written, wrong));
        let stack = fixture.aws.stack("pipeline").unwrap();
        assert_eq!(stack.status, "ROLLBACK_COMPLETE", "{wrong}");
        let events = [("StackName", "pipeline")];
        let events = fixture.client.query("cloudformation", "2010-05-15", "DescribeStackEvents", &events);
        assert!(events.body.contains(why), "{wrong}: {}", events.body);
    }
}
