//! `not-permitted`: compares the calls that a rule needs with the permissions of the template.

use branch_stacks::rules::StackRule;
use shared::config::{Code, Problem};
use shared::function::NeededPermission;

use crate::template::{ACCOUNT, DeployedFunction, PARTITION};

/// A rule needs a permission that the template does not give.
pub(super) const NOT_PERMITTED: Code =
    Code { name: "not-permitted", title: "the template does not let the function do what a rule needs" };

/// The problem of a permission that the function's role lacks.
pub(super) fn problem(
    function: &DeployedFunction,
    region: &str,
    needed: &NeededPermission,
) -> Option<Problem> {
    // The template is read for a stand-in partition and account.
    let resource = needed.resource.replace("{partition}", PARTITION);
    let resource = resource.replace("{region}", region).replace("{account}", ACCOUNT);
    let denied: Vec<&str> =
        needed.calls.iter().filter(|call| !function.allows(call, &resource)).copied().collect();
    (!denied.is_empty()).then(|| {
        let label = format!("not allowed to {}", function.logical_id);
        let help = format!("{}; the rule needs {}", needed.help, denied.join(", "));
        Problem::new(NOT_PERMITTED, needed.at.clone(), label).help(help)
    })
}

/// The problem of a rule without `role` if the template allows CreateStack only with a role.
pub(super) fn without_role(function: &DeployedFunction, rule: &StackRule) -> Option<Problem> {
    let creates = |action: &String| action == "cloudformation:CreateStack" || action == "cloudformation:*";
    let mut allowing = function.statements.iter().filter(|statement| statement.actions.iter().any(creates));
    if rule.role.is_some() || allowing.any(|statement| !statement.conditional) {
        return None;
    }
    let label =
        format!("this rule has no `role`, and {} may create stacks only with one", function.logical_id);
    let help = "add `role`, with the ARN that the parameter StackServiceRoleArn has (samconfig.toml)";
    Some(Problem::new(NOT_PERMITTED, rule.named_at.template.clone(), label).help(help))
}
