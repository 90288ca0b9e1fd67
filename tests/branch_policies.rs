//! The roles of branch stacks, evaluated: a build can reach what its own set has, and nothing of another set.
//!
//! A build runs code from its branch, so each test asks what a principal with push access to that branch can do.

pub(crate) mod policy;
mod templates;

use std::collections::BTreeSet;

use pointsman::template::{ACCOUNT, REGION};
use serde_json::{Value, json};

use policy::{Request, allows, denies, texts};
use templates::{BranchStack, Prerequisites, role_arn, statements, template};

/// The values of DeploysTo: each selects a set of resources.
const SETS: [&str; 3] = ["nothing", "dev", "production"];

/// Stacks whose names hold what the policies distinguish by.
const STACKS: [&str; 4] = [
    "branch-myapp-main-0123456789abcdef",
    "branch-production-build-0123456789abcdef",
    "branch-myapp-x-build-production-0123456789abcdef",
    "branch-dev-deploy-build-0123456789abcdef",
];

/// What no build may do anywhere: change a stack, a pipeline, a project, a role, a tag, a repository, an approval or a secret.
const NEVER: [&str; 26] = [
    "cloudformation:CreateChangeSet",
    "cloudformation:UpdateStack",
    "codebuild:CreateReportGroup",
    "codebuild:StartBuild",
    "codebuild:UpdateProject",
    "codecommit:GetFile",
    "codecommit:GitPush",
    "codecommit:PutFile",
    "codepipeline:PutApprovalResult",
    "codepipeline:StartPipelineExecution",
    "codepipeline:TagResource",
    "codepipeline:UpdatePipeline",
    "ec2:DescribeInstances",
    "events:PutEvents",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "lambda:InvokeFunction",
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "s3:DeleteObject",
    "s3:PutBucketPolicy",
    "s3:PutObjectTagging",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "sts:AssumeRole",
    "sts:TagSession",
];

/// Every action of the templates' roles, and those that no build may do.
fn actions(prerequisites: &Prerequisites) -> BTreeSet<String> {
    let roles = prerequisites.resources.keys().filter(|id| id.ends_with("Role"));
    let policies = roles.flat_map(|id| prerequisites.statements(&role_arn(id)));
    let named = policies.flat_map(|statement| texts(&statement["Action"]));
    named.chain(NEVER.map(str::to_owned)).collect()
}

fn request<'a>(action: &'a str, resource: &'a str) -> Request<'a> {
    let context = [("aws:RequestedRegion", REGION), ("aws:SecureTransport", "true")];
    Request { action, resource, context: context.into() }
}

#[test]
fn a_build_reaches_nothing_that_another_set_deploys() {
    let prerequisites = Prerequisites::new();
    let actions = actions(&prerequisites);
    for (set, other) in SETS.iter().flat_map(|set| SETS.map(|other| (*set, other))).filter(|(a, b)| a != b) {
        let role = prerequisites.branch_stack(set, STACKS[0]).build_role();
        let policy = prerequisites.statements(&role);
        for stack in STACKS.map(|stack| prerequisites.branch_stack(other, stack)) {
            for (action, arn) in stack.reach().iter().flat_map(|arn| actions.iter().map(move |a| (a, arn))) {
                assert!(
                    !allows(&policy, &request(action, arn)),
                    "a build of {set} has {action} on {arn} of {}",
                    stack.deploys_to
                );
            }
        }
    }
}

#[test]
fn no_build_writes_releases_or_does_what_no_build_may_do() {
    let prerequisites = Prerequisites::new();
    let everything = [
        "*",
        "arn:aws:s3:::environmentbucket",
        "arn:aws:cloudformation:us-east-1:111122223333:stack/branch-a/1",
    ];
    let releases = ["dev", "homologation", "production", "candidates", "seed"]
        .map(|folder| format!("arn:aws:s3:::environmentbucket/{folder}/myapp/release.tar.gz"));
    for set in SETS {
        let stack = prerequisites.branch_stack(set, STACKS[0]);
        let policy = prerequisites.statements(&stack.build_role());
        for action in actions(&prerequisites) {
            for release in &releases {
                assert!(!allows(&policy, &request(&action, release)), "{set}: {action} on {release}");
            }
        }
        let anything = everything.map(str::to_owned).into_iter().chain(stack.reach());
        for (action, arn) in anything.flat_map(|arn| NEVER.map(|action| (action, arn.clone()))) {
            assert!(!allows(&policy, &request(action, &arn)), "{set}: {action} on {arn}");
        }
    }
}

#[test]
fn a_bucket_refuses_the_roles_of_other_sets_whatever_their_policies_become() {
    let prerequisites = Prerequisites::new();
    let stacks = SETS.map(|set| prerequisites.branch_stack(set, STACKS[0]));
    let roles: BTreeSet<String> = stacks.iter().flat_map(BranchStack::roles).collect();
    assert_eq!(roles.len(), 8, "each role is of one set: {roles:?}");
    for stack in &stacks {
        let bucket = format!("arn:aws:s3:::{}", stack.bucket());
        let policy = statements(
            &prerequisites.resources[&policy_id(&prerequisites, &stack.bucket())]["PolicyDocument"],
        );
        let own: BTreeSet<String> = stack.roles().into_iter().collect();
        for role in &roles {
            for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"] {
                let object = format!("{bucket}/x");
                let mut asked = request(action, &object);
                asked.context.insert("aws:PrincipalArn", role);
                assert_eq!(denies(&policy, &asked), !own.contains(role), "{role} on {bucket}");
            }
        }
        let operator = format!("arn:aws:iam::{ACCOUNT}:role/operator");
        let mut asked = request("s3:GetObject", &bucket);
        asked.context.insert("aws:PrincipalArn", &operator);
        assert!(!denies(&policy, &asked), "an operator keeps the access that IAM gives");
    }
}

/// The logical id of the policy of a bucket.
fn policy_id(prerequisites: &Prerequisites, bucket: &str) -> String {
    let mut policies = prerequisites.resources.iter().filter(|(_, one)| one["Bucket"] == bucket);
    policies.next().map(|(id, _)| id.clone()).expect("each bucket has a policy")
}

/// CodeBuild sends the project's ARN when it assumes a role (AWS CodeBuild User Guide, "Cross-service confused deputy prevention").
#[test]
fn codebuild_gives_a_role_to_the_projects_of_its_set_only() {
    let prerequisites = Prerequisites::new();
    let stacks = SETS.map(|set| prerequisites.branch_stack(set, STACKS[2]));
    for (stack, other) in stacks.iter().flat_map(|stack| stacks.iter().map(move |other| (stack, other))) {
        for project in other.projects() {
            let mut asked = request("sts:AssumeRole", "");
            asked.context.extend([("aws:SourceAccount", ACCOUNT), ("aws:SourceArn", project.as_str())]);
            let trust = statements(&prerequisites.role(&stack.build_role())["AssumeRolePolicyDocument"]);
            let is_own_build = stack.deploys_to == other.deploys_to && !project.contains("-deploy-");
            assert_eq!(allows(&trust, &asked), is_own_build, "{project} with {}", stack.build_role());
        }
    }
}

#[test]
fn each_set_works_with_its_own_resources() {
    let prerequisites = Prerequisites::new();
    for set in SETS {
        let stack = prerequisites.branch_stack(set, STACKS[0]);
        let object = format!("arn:aws:s3:::{}/myapp/Release/abc", stack.bucket());
        let build = prerequisites.statements(&stack.build_role());
        let pipeline = prerequisites.statements(&stack.roles()[0]);
        for policy in [&build, &pipeline] {
            assert!(allows(policy, &request("s3:PutObject", &object)), "{set}");
            assert!(
                allows_key(policy, &object)
                    && allows_key(policy, &format!("arn:aws:s3:::{}", stack.bucket()))
            );
        }
        let stream = format!("{}:log-stream:build/1", stack.log_groups()[0]);
        assert!(allows(&build, &request("logs:PutLogEvents", &stream)), "{set}");
        for project in stack.projects() {
            assert!(allows(&pipeline, &request("codebuild:StartBuild", &project)), "{project}");
        }
    }
}

#[test]
fn a_deployment_writes_its_own_environments_only() {
    let prerequisites = Prerequisites::new();
    for (set, own) in [("dev", vec!["dev"]), ("production", vec!["candidates", "homologation", "production"])]
    {
        let stack = prerequisites.branch_stack(set, STACKS[0]);
        let role = stack.text("DeployProject", "/ServiceRole").expect("it deploys");
        let policy = prerequisites.statements(&role);
        for folder in ["dev", "candidates", "homologation", "production", "seed"] {
            let release = format!("arn:aws:s3:::environmentbucket/{folder}/myapp/release.tar.gz");
            assert_eq!(
                allows(&policy, &request("s3:PutObject", &release)),
                own.contains(&folder),
                "{set} {folder}"
            );
        }
        let stream = format!("{}:log-stream:deploy/1", stack.log_groups()[1]);
        assert!(allows(&policy, &request("logs:PutLogEvents", &stream)));
        let artifact = format!("arn:aws:s3:::{}/myapp/Release/abc", stack.bucket());
        assert!(allows(&policy, &request("s3:GetObject", &artifact)));
        assert!(!allows(&policy, &request("s3:PutObject", &artifact)), "a deployment changes no artifact");
    }
}

/// Whether the policy allows the use of a key through S3 for this object or bucket.
fn allows_key(policy: &[Value], of: &str) -> bool {
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b");
    let mut asked = request("kms:GenerateDataKey", &key);
    asked
        .context
        .extend([("kms:ViaService", "s3.us-east-1.amazonaws.com"), ("kms:EncryptionContext:aws:s3:arn", of)]);
    let mut directly = request("kms:GenerateDataKey", &key);
    directly.context.insert("kms:EncryptionContext:aws:s3:arn", of);
    assert!(!allows(policy, &directly), "a key is used through S3 only");
    allows(policy, &asked)
}

#[test]
fn a_role_uses_a_key_for_objects_of_its_own_set_only() {
    let prerequisites = Prerequisites::new();
    let stacks = SETS.map(|set| prerequisites.branch_stack(set, STACKS[0]));
    for (stack, other) in stacks.iter().flat_map(|stack| stacks.iter().map(move |other| (stack, other))) {
        let object = format!("arn:aws:s3:::{}/myapp/Release/abc", other.bucket());
        for role in stack.roles() {
            let is_own = stack.deploys_to == other.deploys_to;
            assert_eq!(allows_key(&prerequisites.statements(&role), &object), is_own, "{role} {object}");
        }
    }
}

/// The rules set DeploysTo. Nothing that a principal with push access chooses is part of a condition.
#[test]
fn a_branchs_name_does_not_decide_where_it_deploys() {
    let template = template("branch-pipeline.yaml");
    let parameter = &template["Parameters"]["DeploysTo"];
    assert_eq!((&parameter["Default"], &parameter["AllowedValues"]), (&json!("nothing"), &json!(SETS)));
    let conditions = template["Conditions"].to_string();
    for chosen in ["BranchName", "BranchSlug", "RepositoryName"] {
        assert!(!conditions.contains(chosen), "{chosen}");
    }
    let prerequisites = Prerequisites::new();
    let by_default = prerequisites.branch_stack("nothing", STACKS[0]);
    assert!(!by_default.resources.contains_key("DeployProject"));
}
