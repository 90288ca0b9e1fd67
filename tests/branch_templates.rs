//! Checks templates/: the templates fit each other, and their roles have no more permissions than they need.

use std::collections::BTreeSet;

use pointsman::template::document;
use serde_json::Value;

use crate::repository::{read, root};

/// What CloudFormation takes as TemplateBody (AWS CloudFormation User Guide, "Understand CloudFormation quotas").
const LARGEST_BODY: usize = 51_200;

fn template(name: &str) -> Value {
    document(&root().join("templates").join(name)).expect("the template is right")
}

fn resources(template: &Value) -> impl Iterator<Item = (&String, &Value)> {
    template["Resources"].as_object().into_iter().flatten()
}

fn of_type<'t>(template: &'t Value, kind: &'static str) -> impl Iterator<Item = (&'t String, &'t Value)> {
    resources(template).filter(move |(_, resource)| resource["Type"] == kind)
}

/// Every value of a member with this name, at any depth.
fn all<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(member, of)| {
            if member == name {
                found.push(of);
            }
            all(of, name, found);
        }),
        Value::Array(elements) => elements.iter().for_each(|element| all(element, name, found)),
        _ => {}
    }
}

/// The actions of every statement in a value.
fn actions(value: &Value) -> BTreeSet<String> {
    let mut found = Vec::new();
    all(value, "Action", &mut found);
    let one_or_more = |action: &Value| action.as_array().cloned().unwrap_or_else(|| vec![action.clone()]);
    let texts = found.into_iter().flat_map(one_or_more);
    texts.filter_map(|action| action.as_str().map(str::to_owned)).collect()
}

#[test]
fn a_branch_stack_needs_no_capability_and_fits_a_request() {
    let text = read("templates/branch-pipeline.yaml");
    assert!(text.len() <= LARGEST_BODY, "{} bytes", text.len());
    let template = template("branch-pipeline.yaml");
    assert!(template["Transform"].is_null(), "a transform needs CAPABILITY_AUTO_EXPAND");
    let kinds: BTreeSet<&str> =
        resources(&template).filter_map(|(_, resource)| resource["Type"].as_str()).collect();
    let expected = ["AWS::CodeBuild::Project", "AWS::CodePipeline::Pipeline", "AWS::Logs::LogGroup"];
    assert_eq!(kinds, expected.into());
}

#[test]
fn what_a_branch_stack_imports_is_exported() {
    let (pipeline, prerequisites) = (template("branch-pipeline.yaml"), template("branch-prerequisites.yaml"));
    let suffixes = |values: Vec<&Value>, before: &str| -> BTreeSet<String> {
        let names = values.into_iter().map(|value| value["Fn::Sub"].as_str().expect("a name is an Fn::Sub"));
        names.map(|name| name.strip_prefix(before).expect(name).to_owned()).collect()
    };
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    all(&pipeline, "Fn::ImportValue", &mut imports);
    let outputs = prerequisites["Outputs"].as_object().expect("it has outputs");
    exports.extend(outputs.values().filter_map(|output| output["Export"].get("Name")));
    let imports = suffixes(imports, "${PrerequisitesStack}-");
    assert_eq!(imports.len(), 12);
    assert_eq!(imports, suffixes(exports, "${AWS::StackName}-"));
}

#[test]
fn only_pipeline_trigger_starts_a_pipeline() {
    let template = template("branch-pipeline.yaml");
    let pipeline = &template["Resources"]["Pipeline"]["Properties"];
    let source = &pipeline["Stages"][0]["Actions"][0];
    assert_eq!(source["ActionTypeId"]["Provider"], "CodeCommit");
    assert_eq!(source["Configuration"]["PollForSourceChanges"], "false");
    assert!(pipeline["Triggers"].is_null());
    assert_eq!(pipeline["PipelineType"], "V2");
}

#[test]
fn production_waits_for_an_approval() {
    let template = template("branch-pipeline.yaml");
    let stages = template["Resources"]["Pipeline"]["Properties"]["Stages"].as_array().expect("it has stages");
    let of_main = stages.iter().filter_map(|stage| {
        let branches = stage["Fn::If"].as_array().filter(|branches| branches[0] == "DeploysToProduction")?;
        branches[1]["Name"].as_str()
    });
    assert_eq!(of_main.collect::<Vec<_>>(), ["Homologation", "Approval", "Production"]);
}

/// A branch's name may contain `"`, `$(..)` and nearly anything else.
#[test]
fn no_branch_name_is_part_of_a_text_that_is_run_as_code() {
    let template = template("branch-pipeline.yaml");
    for name in ["BuildSpec", "EnvironmentVariables"] {
        let mut found = Vec::new();
        all(&template, name, &mut found);
        assert!(found.len() >= 2, "{name}");
        // A list of variables belongs to a project and passes the name on unchanged; every other value is text.
        for value in found.into_iter().filter(|value| !value.is_array()) {
            let text = value.as_str().unwrap_or_else(|| panic!("{name} is not literal text: {value}"));
            assert!(!text.contains("variables.BRANCH") && !text.contains("${BranchName}"), "{text}");
        }
    }
}

#[test]
fn no_role_is_an_administrator_and_each_is_bounded() {
    let template = template("branch-prerequisites.yaml");
    let mut roles = 0;
    for (name, role) in of_type(&template, "AWS::IAM::Role") {
        roles += 1;
        assert!(!role["Properties"]["PermissionsBoundary"].is_null(), "{name}");
        assert!(role["Properties"]["ManagedPolicyArns"].is_null(), "{name}");
        let trust = role["Properties"]["AssumeRolePolicyDocument"].to_string();
        assert!(trust.contains("aws:SourceAccount"), "{name} is for this account: {trust}");
        let actions = actions(&role["Properties"]["Policies"]);
        assert!(actions.len() >= 4, "{name} has permissions");
        assert!(actions.iter().all(|action| !action.contains('*')), "{name}: {actions:?}");
    }
    assert_eq!(roles, 9);
}

#[test]
fn the_boundary_allows_what_the_roles_do_and_no_more() {
    let template = template("branch-prerequisites.yaml");
    let roles = of_type(&template, "AWS::IAM::Role");
    let used: BTreeSet<String> =
        roles.flat_map(|(_, role)| actions(&role["Properties"]["Policies"])).collect();
    assert_eq!(actions(&template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]), used);
}

/// A build runs the code of any principal with push access.
#[test]
fn a_build_can_neither_deploy_nor_create_log_groups() {
    let template = template("branch-prerequisites.yaml");
    for role in ["BuildRole", "DevBuildRole", "ProductionBuildRole"] {
        let build = &template["Resources"][role]["Properties"]["Policies"];
        assert!(!build.to_string().contains("EnvironmentBucket"), "{role}");
        let actions = actions(build);
        let services: BTreeSet<&str> = actions.iter().filter_map(|action| action.split(':').next()).collect();
        assert_eq!(services, ["kms", "logs", "s3"].into(), "{role}");
        assert!(!actions.contains("logs:CreateLogGroup"), "{role}");
    }
}

#[test]
fn repositories_and_buckets_are_kept_when_their_stack_is_deleted() {
    let mut kept = 0;
    for (file, kind) in
        [("repository.yaml", "AWS::CodeCommit::Repository"), ("branch-prerequisites.yaml", "AWS::S3::Bucket")]
    {
        let template = template(file);
        for (name, resource) in of_type(&template, kind) {
            kept += 1;
            assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
        }
    }
    assert_eq!(kept, 5);
}

#[test]
fn the_main_branch_has_no_fixed_name() {
    assert_eq!(template("repository.yaml")["Parameters"]["MainBranch"]["Default"], "main");
    for file in ["branch-pipeline.yaml", "repository.yaml"] {
        let mut template = template(file);
        template["Parameters"].take();
        let text = template.to_string();
        assert!(!text.contains("\"main\"") && !text.contains("\"master\""), "{file}");
    }
}
