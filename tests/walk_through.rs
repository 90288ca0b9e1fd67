//! The walk-through of docs/branch-stacks-walk-through.md, with both functions and the deployed templates: a
//! repository, develop, a feature branch, its merge, its deletion, and the removal of everything, twice.

use local_aws::{ExecutionNow, StackNow};
use shared::decision::{Decision, Explain as _, Verdict};

use crate::account::Account;
use crate::repository::read;

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[cloudformation.exports]
branch-prerequisites-ArtifactBucket = "artifacts"
branch-prerequisites-PipelineRoleArn = "arn:aws:iam::111122223333:role/PipelineRole"
branch-prerequisites-BuildRoleArn = "arn:aws:iam::111122223333:role/BuildRole"
branch-prerequisites-DevArtifactBucket = "dev-artifacts"
branch-prerequisites-DevPipelineRoleArn = "arn:aws:iam::111122223333:role/DevPipelineRole"
branch-prerequisites-DevBuildRoleArn = "arn:aws:iam::111122223333:role/DevBuildRole"
branch-prerequisites-DevDeployRoleArn = "arn:aws:iam::111122223333:role/DevDeployRole"
branch-prerequisites-ProductionArtifactBucket = "production-artifacts"
branch-prerequisites-ProductionPipelineRoleArn = "arn:aws:iam::111122223333:role/ProductionPipelineRole"
branch-prerequisites-ProductionBuildRoleArn = "arn:aws:iam::111122223333:role/ProductionBuildRole"
branch-prerequisites-DeployRoleArn = "arn:aws:iam::111122223333:role/DeployRole"
branch-prerequisites-EnvironmentBucket = "environments"
[[repository]]
name = "myapp"
[[repository.commit]]
label = "first"
files = { "README.md" = "myapp\n" }
[[repository.commit]]
label = "feature"
files = { "src/a" = "1\n" }
[[repository.commit]]
label = "fix"
files = { "src/a" = "2\n" }
"#;

const ROLE: &str = "arn:aws:iam::123456789012:role/branch-stacks/branch/service";

/// The rules of the page: main deploys to production, develop to Dev, and the branches that are passed nowhere. At the end of the page
/// only the last rule is left.
fn rules(branches: &str) -> String {
    let rule = |branches: &str, deploys_to: &str| {
        format!(
            r#"
[[branch-stack]]
repositories = ["myapp"]
branches = {branches}
template = "branch-pipeline.yaml"
role = "{ROLE}"
[branch-stack.parameters]
RepositoryName = "{{repository}}"
BranchName = "{{branch}}"
BranchSlug = "{{branch-slug}}"
DeploysTo = "{deploys_to}"
"#
        )
    };
    let pipelines = "[[pipeline]]\nname = \"{repository}@{branch-slug}\"\nrepository = \"myapp\"\n";
    let deploying = [rule(r#"["main"]"#, "production"), rule(r#"["develop"]"#, "dev")];
    let deploying = if branches == NONE { String::new() } else { deploying.concat() };
    [pipelines.to_owned(), deploying, rule(branches, "nothing")].concat()
}

/// No branch.
const NONE: &str = r#"["!**"]"#;

/// All branches except those that begin with `wip/`.
const BRANCHES: &str = r#"["**", "!wip/**"]"#;

fn account() -> Account {
    let template = read("templates/branch-pipeline.yaml");
    let account = Account::with_template_named("branch-pipeline.yaml", WORLD, &rules(BRANCHES), &template);
    account.aws.take_events();
    account
}

fn push(account: &Account, branch: &str, commit: Option<&str>) -> Vec<Decision> {
    account.aws.push("myapp", branch, commit).expect("a legal name");
    account.settle()
}

fn started(account: &Account, pipeline: &str) -> Vec<String> {
    let executions = account.aws.executions(pipeline);
    executions.into_iter().map(|ExecutionNow { trigger, .. }| trigger).collect()
}

fn statuses(account: &Account) -> Vec<String> {
    account.aws.stacks().into_iter().map(|StackNow { status, .. }| status).collect()
}

#[test]
fn a_branch_gets_its_pipeline_and_its_first_push_starts_it_once() {
    let account = account();
    push(&account, "main", Some("first"));
    push(&account, "develop", Some("first"));
    push(&account, "feature-abc", Some("feature"));
    assert_eq!(account.aws.pipelines(), ["myapp@develop", "myapp@feature-abc", "myapp@main"]);
    for pipeline in account.aws.pipelines() {
        assert_eq!(
            started(&account, &pipeline),
            ["CreatePipeline"],
            "{pipeline}: its creation starts it once"
        );
    }
    assert_eq!(statuses(&account), ["CREATE_COMPLETE"; 3]);
}

#[test]
fn a_push_to_a_branch_with_a_pipeline_starts_it_once_pinned() {
    let account = account();
    push(&account, "feature-abc", Some("feature"));
    push(&account, "feature-abc", Some("fix"));
    assert_eq!(started(&account, "myapp@feature-abc"), ["CreatePipeline", "StartPipelineExecution"]);
    let last = account.aws.executions("myapp@feature-abc").pop().expect("there are two");
    assert_eq!(last.commit, account.aws.head("myapp", "feature-abc"));
    assert_eq!(statuses(&account), ["CREATE_COMPLETE"], "a commit does not change the stack");
}

#[test]
fn the_stack_and_pipeline_of_a_deleted_branch_are_deleted_and_the_others_are_kept() {
    let account = account();
    push(&account, "main", Some("first"));
    push(&account, "develop", Some("first"));
    push(&account, "feature-abc", Some("feature"));
    push(&account, "develop", Some("feature"));
    push(&account, "feature-abc", None);
    assert_eq!(account.aws.pipelines(), ["myapp@develop", "myapp@main"]);
    assert_eq!(started(&account, "myapp@develop"), ["CreatePipeline", "StartPipelineExecution"]);
    assert_eq!(started(&account, "myapp@main"), ["CreatePipeline"]);
}

#[test]
fn everything_is_removed_and_removing_it_again_does_nothing() {
    let mut account = account();
    for branch in ["main", "develop", "feature/x", "wip/y"] {
        push(&account, branch, Some("first"));
    }
    assert_eq!(account.aws.stacks().len(), 3);
    account.deploy(&rules(NONE));
    let held = account.reconcile();
    assert!(held.reasons.iter().all(|reason| reason.because.code == "too-many-deletions"), "{held:#?}");
    let decision = account.reconcile_confirming(&crate::brake::digest(&held));
    let verdicts: Vec<Verdict> = decision.reasons.iter().map(|reason| reason.verdict).collect();
    assert_eq!(verdicts, [Verdict::Delete; 3]);
    account.settle();
    assert_eq!((account.aws.stacks().len(), account.aws.pipelines().len()), (0, 0));
    for _ in 0..2 {
        let again = account.reconcile();
        assert!(again.actions.is_empty(), "{again:#?}");
        let nothing = branch_stacks::because::Because::NothingThere.code();
        assert_eq!(again.reasons[0].because.code, nothing);
    }
}

#[test]
fn a_file_without_rules_removes_nothing() {
    let mut account = account();
    push(&account, "main", Some("first"));
    account.deploy("");
    assert!(account.reconcile().actions.is_empty());
    assert_eq!(statuses(&account), ["CREATE_COMPLETE"]);
}
