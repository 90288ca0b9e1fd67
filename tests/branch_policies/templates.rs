//! The templates of branch stacks as CloudFormation would deploy them: the roles of the prerequisites, and a branch's stack.

use std::collections::BTreeMap;

use cloudformation_template::Values;
use pointsman::template::{ACCOUNT, PARTITION, REGION, document};
use serde_json::{Value, json};

use crate::repository::root;

pub(super) fn template(name: &str) -> Value {
    document(&root().join("templates").join(name)).expect("the template is right")
}

fn pseudo_parameters(stack: &str) -> BTreeMap<String, Value> {
    let known = [
        ("AWS::AccountId", ACCOUNT),
        ("AWS::Region", REGION),
        ("AWS::Partition", PARTITION),
        ("AWS::StackName", stack),
        ("AWS::URLSuffix", "amazonaws.com"),
    ];
    known.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The prerequisites as CloudFormation would create them, by logical id.
pub(super) struct Prerequisites {
    pub(super) resources: BTreeMap<String, Value>,
    exports: BTreeMap<String, String>,
}

impl Prerequisites {
    pub(super) fn new() -> Self {
        let template = template("branch-prerequisites.yaml");
        let mut names = pseudo_parameters("branch-prerequisites");
        for (parameter, value) in template["Parameters"].as_object().expect("it has parameters") {
            names.insert(parameter.clone(), default(value));
        }
        let resources = template["Resources"].as_object().expect("it has resources");
        for (id, resource) in resources {
            let (name, arn) = match resource["Type"].as_str() {
                Some("AWS::S3::Bucket") => (id.to_lowercase(), format!("arn:aws:s3:::{}", id.to_lowercase())),
                Some("AWS::IAM::Role") => (id.clone(), role_arn(id)),
                _ => (format!("arn:aws:iam::{ACCOUNT}:policy/{id}"), String::new()),
            };
            names.insert(id.clone(), name.into());
            names.insert(format!("{id}.Arn"), arn.into());
        }
        let values = Values::new(&template, names);
        let evaluated = |resource: &Value| values.value(&resource["Properties"]);
        let outputs = template["Outputs"].as_object().into_iter().flatten();
        let exports = outputs.filter_map(|(_, output)| {
            let name = values.value(&output["Export"]["Name"]).as_str()?.to_owned();
            Some((name, values.value(&output["Value"]).as_str()?.to_owned()))
        });
        Self {
            exports: exports.collect(),
            resources: resources.iter().map(|(id, resource)| (id.clone(), evaluated(resource))).collect(),
        }
    }

    /// The statements of a role, by its ARN.
    pub(super) fn statements(&self, arn: &str) -> Vec<Value> {
        let policies = self.role(arn)["Policies"].as_array().cloned().unwrap_or_default();
        policies.iter().flat_map(|one| statements(&one["PolicyDocument"])).collect()
    }

    pub(super) fn role(&self, arn: &str) -> &Value {
        &self.resources[arn.rsplit('/').next().expect("an ARN has a name")]
    }

    /// The branch stack that a rule with this DeploysTo makes.
    pub(super) fn branch_stack(&self, deploys_to: &str, stack: &str) -> BranchStack {
        let template = template("branch-pipeline.yaml");
        let mut names = pseudo_parameters(stack);
        for (parameter, value) in template["Parameters"].as_object().expect("it has parameters") {
            names.insert(parameter.clone(), default(value));
        }
        for (name, value) in [
            ("RepositoryName", "myapp"),
            ("BranchName", "main"),
            ("BranchSlug", "main"),
            ("DeploysTo", deploys_to),
        ] {
            names.insert(name.to_owned(), value.into());
        }
        let values = Values::new(&template, names).with_exports(self.exports.clone());
        let resources = template["Resources"].as_object().expect("it has resources").iter();
        let included = resources.filter(|(_, resource)| values.includes(resource));
        BranchStack {
            deploys_to: deploys_to.to_owned(),
            resources: included
                .map(|(id, resource)| (id.clone(), values.value(&resource["Properties"])))
                .collect(),
        }
    }
}

/// The default of a parameter: a list, if the parameter is one.
fn default(parameter: &Value) -> Value {
    match parameter["Type"].as_str() {
        Some("CommaDelimitedList") => json!([parameter["Default"]]),
        _ => parameter["Default"].clone(),
    }
}

pub(super) fn role_arn(id: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/branch-stacks/branch/{id}")
}

pub(super) fn statements(document: &Value) -> Vec<Value> {
    document["Statement"].as_array().cloned().unwrap_or_default()
}

/// The resources of a branch's stack.
pub(super) struct BranchStack {
    pub(super) deploys_to: String,
    pub(super) resources: BTreeMap<String, Value>,
}

impl BranchStack {
    pub(super) fn text(&self, id: &str, pointer: &str) -> Option<String> {
        Some(self.resources.get(id)?.pointer(pointer)?.as_str()?.to_owned())
    }

    pub(super) fn build_role(&self) -> String {
        self.text("BuildProject", "/ServiceRole").expect("a build has a role")
    }

    pub(super) fn roles(&self) -> Vec<String> {
        let places =
            [("Pipeline", "/RoleArn"), ("BuildProject", "/ServiceRole"), ("DeployProject", "/ServiceRole")];
        places.into_iter().filter_map(|(id, pointer)| self.text(id, pointer)).collect()
    }

    pub(super) fn bucket(&self) -> String {
        self.text("Pipeline", "/ArtifactStore/Location").expect("a pipeline has a bucket")
    }

    pub(super) fn projects(&self) -> Vec<String> {
        let names =
            ["BuildProject", "DeployProject"].into_iter().filter_map(|project| self.text(project, "/Name"));
        names.map(|name| format!("arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{name}")).collect()
    }

    pub(super) fn log_groups(&self) -> Vec<String> {
        let names = ["Logs", "DeployLogs"].into_iter().filter_map(|group| self.text(group, "/LogGroupName"));
        names.map(|name| format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}")).collect()
    }

    /// The ARNs of everything that the stack uses, and that decides what it deploys.
    pub(super) fn reach(&self) -> Vec<String> {
        let bucket = format!("arn:aws:s3:::{}", self.bucket());
        let mut arns = vec![
            format!("{bucket}/myapp-main/Source/abc1234"),
            format!("{bucket}/myapp-main/Release/abc1234"),
            bucket,
            format!("arn:aws:codepipeline:{REGION}:{ACCOUNT}:myapp@main"),
            format!("arn:aws:codepipeline:{REGION}:{ACCOUNT}:myapp@main/Approval/Approve"),
            format!("arn:aws:codecommit:{REGION}:{ACCOUNT}:myapp"),
        ];
        arns.extend(self.projects());
        arns.extend(
            self.log_groups().iter().flat_map(|group| [group.clone(), format!("{group}:log-stream:build/1")]),
        );
        arns.extend(self.roles());
        arns
    }
}
