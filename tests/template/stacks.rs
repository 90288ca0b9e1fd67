//! The part of template.yaml for branch-stacks: the events it gets, and the conditions that restrict it to its own stacks.

use std::collections::BTreeSet;

use pointsman::template::{ACCOUNT, PARTITION, REGION, SamTemplate, StatementEffect};
use serde_json::{Value, json};

use super::{function, properties, template};
use crate::repository::root;

/// The template with a service role and a bucket for templates.
pub(super) fn template_with_a_service_role() -> SamTemplate {
    let parameters = [("StackServiceRoleArn", SERVICE_ROLE), ("TemplateBucket", "templates")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    SamTemplate::read(&root().join("template.yaml"), &parameters).expect("the template is right")
}

const SERVICE_ROLE: &str = "arn:aws:iam::123456789012:role/branch-stacks/branch/service";

#[test]
fn branch_stacks_gets_events_of_branches_and_of_completed_operations_on_its_stacks() {
    let template = template();
    let function = function(&template, "branch-stacks");
    let delivered = |event: &Value| function.rules.iter().any(|rule| rule.pattern.matches(event));
    let push = |event: &str, kind: &str| {
        json!({
            "source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
            "account": ACCOUNT, "region": REGION,
            "detail": {"event": event, "referenceType": kind},
        })
    };
    for (event, kind, wanted) in [
        ("referenceCreated", "branch", true),
        ("referenceUpdated", "branch", true),
        ("referenceDeleted", "branch", true),
        ("referenceCreated", "tag", false),
        ("unreferencedMergeCommitCreated", "branch", false),
    ] {
        assert_eq!(delivered(&push(event, kind)), wanted, "{event} of a {kind}");
    }
    let pull_request = |kind: &str, event: &str, account: &str| {
        json!({"source": "aws.codecommit", "detail-type": kind, "account": account, "region": REGION,
            "detail": {"event": event}})
    };
    for (kind, event, wanted) in [
        ("CodeCommit Pull Request State Change", "pullRequestCreated", true),
        ("CodeCommit Pull Request State Change", "pullRequestStatusChanged", false),
        // The function's own comment.
        ("CodeCommit Comment on Pull Request", "commentOnPullRequestCreated", false),
    ] {
        assert_eq!(delivered(&pull_request(kind, event, ACCOUNT)), wanted, "{kind} {event}");
        assert!(!delivered(&pull_request(kind, event, "444455556666")), "{kind} {event} of another account");
    }
    let own = json!({"source": branch_stacks::notify::SOURCE, "detail-type": branch_stacks::notify::STACK_READY,
        "account": ACCOUNT, "region": REGION, "detail": {}});
    assert!(!delivered(&own));
    let status = |account: &str, stack: &str, status: &str| {
        let stack = format!("arn:{PARTITION}:cloudformation:{REGION}:{account}:stack/{stack}/0a1b");
        json!({
            "source": "aws.cloudformation", "detail-type": "CloudFormation Stack Status Change",
            "account": account, "region": REGION,
            "detail": {"stack-id": stack, "status-details": {"status": status, "status-reason": ""}},
        })
    };
    for (stack, is, wanted) in [
        ("branch-storefront-main-1", "CREATE_COMPLETE", true),
        ("branch-storefront-main-1", "ROLLBACK_COMPLETE", true),
        ("branch-storefront-main-1", "DELETE_FAILED", true),
        ("branch-storefront-main-1", "DELETE_COMPLETE", true),
        ("branch-storefront-main-1", "CREATE_IN_PROGRESS", false),
        ("branch-storefront-main-1", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false),
        ("branchless", "CREATE_COMPLETE", false),
        ("my-branch-1", "CREATE_COMPLETE", false),
    ] {
        assert_eq!(delivered(&status(ACCOUNT, stack, is)), wanted, "{stack} {is}");
        assert!(!delivered(&status("444455556666", stack, is)), "{stack} {is} of another account");
    }
    assert_eq!(function.schedules.len(), 1);
    assert_eq!(function.schedules[0].expression, "rate(30 minutes)");
}

#[test]
fn the_schedule_sends_the_reconcile_event() {
    let input = &properties("BranchStacksFunction")["Events"]["Reconcile"]["Properties"]["Input"];
    let input: Value = serde_json::from_str(input.as_str().expect("it is text")).expect("it is JSON");
    assert_eq!(input, json!({"source": "pointsman", "detail-type": "reconcile"}));
}

/// Actions of the role that the function does not call itself: IAM or CloudFormation checks them for a call of it.
const DEPENDENT: [&str; 5] = [
    "cloudformation:ListStacks",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "s3:GetObject",
    "s3:GetObjectVersion",
];

#[test]
fn the_policy_of_branch_stacks_allows_each_call_and_dependent_actions_only() {
    let template = template_with_a_service_role();
    let of_lambda = ["logs:", "sqs:", "xray:"];
    let statements = function(&template, "branch-stacks").statements.iter();
    let allowed = statements.filter(|statement| statement.effect == StatementEffect::Allow);
    let allowed: BTreeSet<&str> =
        allowed.flat_map(|statement| &statement.actions).map(String::as_str).collect();
    let allowed: BTreeSet<&str> = allowed
        .into_iter()
        .filter(|action| !of_lambda.iter().any(|service| action.starts_with(service)))
        .collect();
    let called = branch_stacks::FUNCTION.calls.iter().map(|call| call.action);
    assert_eq!(allowed, called.chain(DEPENDENT).collect());
}

#[test]
fn branch_stacks_may_touch_its_own_stacks_only() {
    let template = template_with_a_service_role();
    let function = function(&template, "branch-stacks");
    let stack = |name: &str| format!("arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/0a1b");
    let changing = ["CreateStack", "UpdateStack", "DeleteStack", "UpdateTerminationProtection"];
    for call in changing.map(|call| format!("cloudformation:{call}")) {
        assert!(function.allows(&call, &stack("branch-storefront-main-1")), "{call}");
        assert!(!function.allows(&call, &stack("payments")), "{call}");
        assert!(!function.allows(&call, &stack("branchless")), "{call}");
    }
    assert!(function.allows("iam:PassRole", SERVICE_ROLE));
    assert!(!function.allows("iam:PassRole", "arn:aws:iam::123456789012:role/administrator"));
    assert!(!function.allows("s3:GetObject", "arn:aws:s3:::other/branch.yaml"));
}

#[test]
fn without_a_service_role_branch_stacks_may_pass_none() {
    let template = template();
    let statements = &function(&template, "branch-stacks").statements;
    assert!(statements.len() > 10, "the policy is read");
    assert!(statements.iter().all(|statement| !statement.actions.iter().any(|one| one == "iam:PassRole")));
}

/// The condition keys restrict each statement that changes something; a missing key fails this test.
#[test]
fn condition_keys_restrict_each_change_of_a_stack() {
    let statements = properties("BranchStacksRole")["Policies"][0]["PolicyDocument"]["Statement"].clone();
    let statements = statements.as_array().cloned().expect("the policy has statements");
    let keys = |action: &str| -> BTreeSet<String> {
        // A statement that a condition may leave out stands in an Fn::If.
        let written = statements.iter().map(|one| one.get("Fn::If").map_or(one, |branches| &branches[1]));
        let mut matching = written.filter(|one| one["Action"].to_string().contains(&format!("\"{action}\"")));
        let statement = matching.next().unwrap_or_else(|| panic!("{action} is allowed"));
        assert!(matching.next().is_none(), "{action} is allowed once");
        let operators = statement["Condition"].as_object().into_iter().flatten();
        let keys = operators.flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, _)| format!("{operator} {key}"))
        });
        keys.collect()
    };
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<String>>();
    let create = [
        "StringEquals cloudformation:RoleArn",
        "StringEquals aws:RequestTag/pointsman:owner",
        "StringLikeIfExists cloudformation:TemplateUrl",
    ];
    let owned = "StringEquals aws:ResourceTag/pointsman:owner";
    assert_eq!(keys("cloudformation:CreateStack"), set(&create));
    assert_eq!(keys("cloudformation:UpdateStack"), &set(&create) | &set(&[owned]));
    assert_eq!(keys("cloudformation:DeleteStack"), set(&[owned]));
    assert_eq!(keys("cloudformation:UpdateTerminationProtection"), set(&[owned]));
    assert_eq!(keys("iam:PassRole"), set(&["StringEquals iam:PassedToService"]));
    assert_eq!(
        keys("events:PutEvents"),
        set(&["StringEquals events:detail-type", "StringEquals events:source"])
    );
}

#[test]
fn the_table_of_reports_deletes_old_items_and_can_be_restored() {
    let table = properties("BranchStacksTable");
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires", "Enabled": true}));
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], json!(true));
    let template = template();
    let name = &function(&template, "branch-stacks").environment[branch_stacks::settings::TABLE];
    assert!(template.tables().iter().any(|table| table.name == *name), "the function names its table");
}
