//! `not-permitted`: compares the calls that a rule needs with the permissions of the template.

use ami_alerts::rules::ImageRule;
use branch_stacks::rules::{StackRule, Template as StackTemplate};
use dr_failover::rules::Plan as RecoveryPlan;
use pipeline_trigger::rules::PipelineRule;
use shared::config::{Code, Problem};
use shared::glob::Pattern;

use crate::template::{ACCOUNT, DeployedFunction, PARTITION, REGION};

/// A rule needs a call that the template does not allow.
pub(super) const NOT_PERMITTED: Code =
    Code { name: "not-permitted", title: "the template does not let the function do what a rule needs" };

/// A resource that a rule names, and the calls that the function needs for it.
struct NeededPermission {
    at: std::ops::Range<usize>,
    resource: String,
    calls: Vec<&'static str>,
    /// The template's parameter that allows it.
    parameter: &'static str,
}

impl NeededPermission {
    fn problem(&self, function: &DeployedFunction) -> Option<Problem> {
        let denied = self.calls.iter().filter(|call| !function.allows(call, &self.resource)).copied();
        let denied: Vec<&str> = denied.collect();
        (!denied.is_empty()).then(|| {
            let help = format!(
                "add it to the parameter {} (parameter_overrides in samconfig.toml); it needs {}",
                self.parameter,
                denied.join(", ")
            );
            Problem::new(NOT_PERMITTED, self.at.clone(), format!("not allowed to {}", function.logical_id))
                .help(help)
        })
    }
}

fn arn(service: &str, name: &str) -> String {
    format!("arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{name}")
}

/// The missing permissions of a `[[pipeline]]` rule: one problem for the repository, one for the pipeline.
pub(super) fn of_pipeline(function: &DeployedFunction, rule: &PipelineRule) -> Vec<Problem> {
    use pipeline_trigger::aws::{CALLS, On};
    let calls = |on| CALLS.iter().filter(|(_, wanted)| *wanted == on).map(|(call, _)| *call).collect();
    // A name that contains the branch is checked with a branch that no permission names.
    let pipeline = rule.name.name(&rule.repository, Some("a-branch-without-a-permission"));
    let needed = [
        NeededPermission {
            at: rule.named_at.repository.clone(),
            resource: arn("codecommit", &rule.repository),
            calls: calls(On::Repository),
            parameter: "RepositoryNames",
        },
        NeededPermission {
            at: rule.named_at.pipeline.clone(),
            resource: arn("codepipeline", &pipeline),
            calls: calls(On::Pipeline),
            parameter: "PipelineNames",
        },
    ];
    needed.iter().filter_map(|needed| needed.problem(function)).collect()
}

/// The missing permissions of a `[[branch-stack]]` rule: for its repositories, its role and its template in S3.
pub(super) fn of_stack(function: &DeployedFunction, rule: &StackRule) -> Vec<Problem> {
    use branch_stacks::aws::{CALLS, On};
    let calls: Vec<&str> =
        CALLS.iter().filter(|(_, wanted)| *wanted == On::Repository).map(|(call, _)| *call).collect();
    let names = rule.repositories.patterns.iter().filter(|pattern| !pattern.excludes).filter_map(sample);
    let mut needed: Vec<NeededPermission> = names
        .map(|name| NeededPermission {
            at: rule.named_at.repositories.clone(),
            resource: arn("codecommit", &name),
            calls: calls.clone(),
            parameter: "RepositoryNames",
        })
        .collect();
    needed.extend(rule.role.iter().map(|role| NeededPermission {
        at: rule.named_at.role.clone(),
        resource: role.clone(),
        calls: vec!["iam:PassRole"],
        parameter: "StackServiceRoleArn",
    }));
    if let StackTemplate::Url(url) = &rule.template
        && let Some(object) = object_arn(url)
    {
        needed.push(NeededPermission {
            at: rule.named_at.template.clone(),
            resource: object,
            calls: vec![if url.contains("?versionId=") { "s3:GetObjectVersion" } else { "s3:GetObject" }],
            parameter: "TemplateBucket (and TemplateKeyPrefix)",
        });
    }
    let problems = needed.iter().filter_map(|needed| needed.problem(function));
    problems.chain(without_role(function, rule)).collect()
}

/// The missing permission of an `[[image-alert]]` rule with `revert`.
pub(super) fn of_image(function: &DeployedFunction, rule: &ImageRule) -> Option<Problem> {
    let at = rule.revert_at.clone()?;
    let needed = NeededPermission {
        at,
        resource: format!("arn:{PARTITION}:ec2:{REGION}::image/ami-0123456789abcdef0"),
        calls: vec!["ec2:ModifyImageAttribute"],
        parameter: "",
    };
    let help =
        "set the parameter RevertShares=enabled (parameter_overrides in samconfig.toml), or remove `revert`";
    Some(needed.problem(function)?.help(help))
}

/// The missing permissions of a `[[recovery-plan]]`: for its DRS plan and its own topic.
pub(super) fn of_plan(function: &DeployedFunction, plan: &RecoveryPlan) -> Vec<Problem> {
    let mut needed = vec![NeededPermission {
        at: plan.named_at.drs_plan.clone(),
        resource: plan.drs_plan.clone(),
        calls: vec!["drs:StartRecoveryPlanExecution"],
        parameter: "",
    }];
    needed.extend(plan.topic.iter().zip(&plan.named_at.topic).map(|(topic, at)| NeededPermission {
        at: at.clone(),
        resource: topic.clone(),
        calls: vec!["sns:Publish"],
        parameter: "PlanTopicArns",
    }));
    needed.iter().filter_map(|needed| needed.problem(function)).collect()
}

/// The problem of a rule without `role` if the template allows CreateStack only with a role.
fn without_role(function: &DeployedFunction, rule: &StackRule) -> Option<Problem> {
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

/// A name that a pattern matches and no permission names, so that only a permission as wide as the pattern allows it.
fn sample(pattern: &Pattern) -> Option<String> {
    let name = pattern.body().replace("**", "*").replace('*', "a-name-without-a-permission");
    shared::glob::is_literal(&name).then_some(name)
}

/// The ARN of the object that `https://BUCKET.s3.REGION.amazonaws.com/KEY` names.
fn object_arn(url: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let (bucket, _) = host.rsplit_once(".s3.")?;
    let key = path.split('?').next().unwrap_or_default();
    Some(format!("arn:{PARTITION}:s3:::{bucket}/{key}"))
}

#[cfg(test)]
mod tests {
    use super::object_arn;

    #[test]
    fn a_templates_url_names_the_object() {
        let object = Some("arn:aws:s3:::my.bucket/k/t.yaml".to_owned());
        assert_eq!(object_arn("https://my.bucket.s3.eu-west-1.amazonaws.com/k/t.yaml?versionId=1"), object);
    }
}
