//! One pipeline whose stages are skipped by path: the template and the rules of docs/groups.md, deployed in the local AWS.

use aws_sdk_cloudformation::types::Parameter;
use local_aws::ExecutionNow;
use pointsman::template::document;

use crate::account::{Account, config};
use crate::repository::{read, root};

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[[repository]]
name = "storefront"
[[repository.commit]]
label = "first"
files = { "services/web/app.ts" = "1\n", "services/api/app.ts" = "1\n", "libs/tokens/a.css" = "1\n", "README.md" = "1\n" }
[[repository.commit]]
label = "web"
files = { "services/web/app.ts" = "2\n" }
[[repository.commit]]
label = "tokens"
files = { "libs/tokens/a.css" = "2\n" }
[[repository.commit]]
label = "api"
files = { "services/api/app.ts" = "2\n" }
[[repository.commit]]
label = "readme"
files = { "README.md" = "2\n" }
[repository.branches]
main = "first"
"#;

const PIPELINE: &str = "storefront-main";

/// The rules of docs/groups.md: the block after its heading "One pipeline whose stages are skipped by path".
fn rules() -> String {
    let page = read("docs/groups.md");
    let after = page.split("## One pipeline whose stages are skipped by path").nth(1).expect("the heading");
    let block = after.split("```toml\n").nth(1).expect("its rules");
    block.split("```").next().expect("the end of the rules").to_owned()
}

/// The account with the template's stack, which CloudFormation created.
fn account() -> Account {
    let account = Account::new(WORLD, &rules(), "Resources: {}");
    let parameter =
        |(key, value): (&str, &str)| Parameter::builder().parameter_key(key).parameter_value(value).build();
    let parameters = [
        ("PipelineName", PIPELINE),
        ("RepositoryName", "storefront"),
        ("PipelineRoleArn", "arn:aws:iam::111122223333:role/pipeline"),
        ("BuildRoleArn", "arn:aws:iam::111122223333:role/build"),
        ("ArtifactBucket", "artifacts"),
    ];
    let create = aws_sdk_cloudformation::Client::new(&config(&account.aws.endpoint()))
        .create_stack()
        .stack_name("monorepo")
        .template_body(read("templates/monorepo-pipeline.yaml"))
        .set_parameters(Some(parameters.map(parameter).to_vec()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(create.send()).expect("CloudFormation accepts the template");
    account.settle();
    assert_eq!(account.aws.stack("monorepo").map(|stack| stack.status), Some("CREATE_COMPLETE".to_owned()));
    account
}

/// The newest execution.
fn newest(account: &Account) -> ExecutionNow {
    account.aws.executions(PIPELINE).pop().expect("it has an execution")
}

/// The stages of the newest execution that were skipped.
fn skipped(account: &Account) -> Vec<String> {
    let stages = newest(account).stages.into_iter();
    stages.filter(|(_, status)| status == "Skipped").map(|(name, _)| name).collect()
}

fn push(account: &Account, commit: &str) {
    account.aws.push("storefront", "main", Some(commit)).expect("a legal name");
    account.settle();
}

#[test]
fn each_push_runs_the_stages_of_the_groups_that_it_touches() {
    let account = account();
    assert_eq!(skipped(&account), [""; 0], "the first execution has the default, which names every group");
    for (commit, expected) in [("web", vec!["Api"]), ("tokens", vec!["Api"]), ("api", vec!["Web"])] {
        push(&account, commit);
        assert_eq!(newest(&account).commit, account.aws.head("storefront", "main"), "{commit}");
        assert_eq!(skipped(&account), expected, "{commit}");
    }
    let before = account.aws.executions(PIPELINE).len();
    push(&account, "readme");
    assert_eq!(account.aws.executions(PIPELINE).len(), before, "no group has the file");
}

/// Two pushes, of which the function handles the first when the second has arrived: the first execution builds the second
/// commit, so no stage may be skipped for the first push's files alone.
#[test]
fn a_push_that_was_overtaken_skips_no_stage() {
    let account = account();
    push(&account, "web");
    account.aws.push("storefront", "main", Some("tokens")).expect("a legal name");
    account.aws.push("storefront", "main", Some("api")).expect("a legal name");
    let events = account.aws.take_events();
    assert_eq!(events.len(), 2);
    account.deliver(&events[0]);
    assert_eq!(skipped(&account), [""; 0], "the groups of the later push are not known");
    account.deliver(&events[1]);
    assert_eq!(skipped(&account), ["Web"], "the later push names its own group");
    let late = account.deliver(&events[0]);
    assert_eq!(late[0].actions.len(), 1, "it is started again, and the token finds the execution");
    assert_eq!(account.aws.executions(PIPELINE).len(), 4);
    assert_eq!(skipped(&account), ["Web"]);
}

/// The groups that the stages check, the default of the variable and the groups of the rule are written three times.
#[test]
fn every_group_that_a_stage_checks_is_in_the_default_and_in_the_rules() {
    let template = document(&root().join("templates/monorepo-pipeline.yaml")).expect("the template is right");
    let pipeline = &template["Resources"]["Pipeline"]["Properties"];
    let default = pipeline["Variables"][0]["DefaultValue"].as_str().expect("a default").to_owned();
    let stages = pipeline["Stages"].as_array().expect("stages").iter();
    let rules = stages.filter_map(|stage| {
        let rule = &stage["BeforeEntry"]["Conditions"][0]["Rules"][0];
        Some(rule["Configuration"]["Value"].as_str()?.to_owned())
    });
    let checked: Vec<String> = rules.collect();
    assert_eq!(checked, [",web,", ",api,"]);
    for value in checked {
        assert!(default.contains(&value), "the default {default} lacks {value}");
        let name = value.trim_matches(',');
        assert!(self::rules().contains(&format!("name  = \"{name}\"")), "the rules lack the group {name}");
    }
}
