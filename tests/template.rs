//! template.yaml held against the code: the events its rule delivers, the calls its policy allows, its queues.

use std::collections::BTreeSet;

use pipeline_trigger::aws::{CALLS, On};
use pointsman::template::{ACCOUNT, Effect, Function, PARTITION, REGION, Template, overrides};
use serde_json::Value;

use crate::repository::{read, root};

fn template() -> Template {
    Template::read(&root().join("template.yaml"), &Default::default()).expect("the template is right")
}

fn trigger(template: &Template) -> &Function {
    let found = template.functions().find(|function| function.package == "pipeline-trigger");
    found.expect("the template has the function")
}

#[test]
fn the_rule_delivers_every_push_of_the_cases_and_nothing_else() {
    let template = template();
    let rule = &trigger(&template).rules[0];
    let folders = std::fs::read_dir(root().join("events/pipeline-trigger")).expect("there are cases");
    let (mut delivered, mut others) = (0, 0);
    for folder in folders {
        let folder = folder.expect("it can be read").path();
        let event = std::fs::read_to_string(folder.join("event.json")).expect("a case has an event");
        let event: Value = serde_json::from_str(&event).expect("it is JSON");
        let is_push = event["source"] == "aws.codecommit"
            && event["detail-type"] == "CodeCommit Repository State Change"
            && ["referenceCreated", "referenceUpdated"].map(Value::from).contains(&event["detail"]["event"])
            && ["branch", "tag"].map(Value::from).contains(&event["detail"]["referenceType"]);
        assert_eq!(rule.pattern.matches(&event), is_push, "{}", folder.display());
        *if is_push { &mut delivered } else { &mut others } += 1;
    }
    assert!(delivered >= 25 && others >= 3, "{delivered} cases are delivered, {others} are not");
}

#[test]
fn the_policy_allows_each_call_and_no_other() {
    let template = template();
    let function = trigger(&template);
    let service = |call: &str| call.split(':').next().unwrap_or_default().to_owned();
    let services: BTreeSet<String> = CALLS.iter().map(|(call, _)| service(call)).collect();
    let allowed: BTreeSet<&str> = function
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .flat_map(|statement| &statement.actions)
        .map(String::as_str)
        .filter(|action| services.contains(&service(action)))
        .collect();
    assert_eq!(allowed, CALLS.iter().map(|(call, _)| *call).collect());
    for (call, on) in CALLS {
        let service = if *on == On::Repository { "codecommit" } else { "codepipeline" };
        assert!(
            function.allows(call, &format!("arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:any-name")),
            "{call}"
        );
    }
}

#[test]
fn both_failure_queues_can_be_redriven_and_are_not_by_themselves() {
    let template = template();
    let enabled: Vec<bool> = trigger(&template).queues.iter().map(|queue| queue.enabled).collect();
    assert_eq!(enabled, [false, false]);
}

#[test]
fn every_environment_of_samconfig_fits_the_template() {
    for environment in ["default", "dry-run"] {
        let parameters =
            overrides(&root().join("samconfig.toml"), environment).expect("the environment exists");
        let template =
            Template::read(&root().join("template.yaml"), &parameters).expect("its parameters fit");
        let dry_run = trigger(&template).environment.get("POINTSMAN_DRY_RUN").map(String::as_str);
        assert_eq!(dry_run == Some("true"), environment == "dry-run", "{environment}");
    }
}

#[test]
fn the_permissions_page_has_each_call() {
    let page = read("docs/permissions.md");
    for (call, _) in CALLS {
        assert!(page.contains(&format!("`{call}`")), "docs/permissions.md lacks `{call}`");
    }
}
