//! `not-permitted`: what a rule needs that the template does not let the function do.

use ami_alerts::rules::ImageRule;
use branch_stacks::rules::{StackRule, Template as StackTemplate};
use dr_failover::rules::RecoveryPlan;
use pipeline_trigger::rules::PipelineRule;
use shared::config::{Code, Problem};
use shared::glob::Pattern;

use crate::template::{ACCOUNT, Function, PARTITION, REGION};

/// A rule needs what the template does not allow.
pub(super) const NOT_PERMITTED: Code =
    Code { name: "not-permitted", title: "the template does not let the function do what a rule needs" };

/// What a rule names, and the calls it needs for that.
struct Needed {
    at: std::ops::Range<usize>,
    resource: String,
    calls: Vec<&'static str>,
    /// The template's parameter that allows it.
    parameter: &'static str,
}

impl Needed {
    fn problem(&self, function: &Function) -> Option<Problem> {
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

/// What a `[[pipeline]]` rule needs and may not: one problem for the repository, one for the pipeline.
pub(super) fn of_pipeline(function: &Function, rule: &PipelineRule) -> Vec<Problem> {
    use pipeline_trigger::aws::{CALLS, On};
    let calls = |on| CALLS.iter().filter(|(_, wanted)| *wanted == on).map(|(call, _)| *call).collect();
    // A name that differs from branch to branch is tried with a branch that no pattern of names could know.
    let pipeline = rule.name.name(&rule.repository, Some("a-branch-nobody-knows"));
    let needed = [
        Needed {
            at: rule.named_at.repository.clone(),
            resource: arn("codecommit", &rule.repository),
            calls: calls(On::Repository),
            parameter: "RepositoryNames",
        },
        Needed {
            at: rule.named_at.pipeline.clone(),
            resource: arn("codepipeline", &pipeline),
            calls: calls(On::Pipeline),
            parameter: "PipelineNames",
        },
    ];
    needed.iter().filter_map(|needed| needed.problem(function)).collect()
}

/// What a `[[branch-stack]]` rule needs and may not: its repositories, its role, its template in S3.
pub(super) fn of_stack(function: &Function, rule: &StackRule) -> Vec<Problem> {
    use branch_stacks::aws::{CALLS, On};
    let calls: Vec<&str> =
        CALLS.iter().filter(|(_, wanted)| *wanted == On::Repository).map(|(call, _)| *call).collect();
    let names = rule.repositories.patterns.iter().filter(|pattern| !pattern.excludes).filter_map(sample);
    let mut needed: Vec<Needed> = names
        .map(|name| Needed {
            at: rule.named_at.repositories.clone(),
            resource: arn("codecommit", &name),
            calls: calls.clone(),
            parameter: "RepositoryNames",
        })
        .collect();
    needed.extend(rule.role.iter().map(|role| Needed {
        at: rule.named_at.role.clone(),
        resource: role.clone(),
        calls: vec!["iam:PassRole"],
        parameter: "StackServiceRoleArn",
    }));
    if let StackTemplate::Url(url) = &rule.template
        && let Some(object) = object_arn(url)
    {
        needed.push(Needed {
            at: rule.named_at.template.clone(),
            resource: object,
            calls: vec![if url.contains("?versionId=") { "s3:GetObjectVersion" } else { "s3:GetObject" }],
            parameter: "TemplateBucket (and TemplateKeyPrefix)",
        });
    }
    let problems = needed.iter().filter_map(|needed| needed.problem(function));
    problems.chain(without_role(function, rule)).collect()
}

/// What an `[[image-alert]]` rule with `revert` needs and may not.
pub(super) fn of_image(function: &Function, rule: &ImageRule) -> Option<Problem> {
    let at = rule.revert_at.clone()?;
    let needed = Needed {
        at,
        resource: format!("arn:{PARTITION}:ec2:{REGION}::image/ami-0123456789abcdef0"),
        calls: vec!["ec2:ModifyImageAttribute"],
        parameter: "",
    };
    let help =
        "set the parameter RevertShares=enabled (parameter_overrides in samconfig.toml), or remove `revert`";
    Some(needed.problem(function)?.help(help))
}

/// What a `[[recovery-plan]]` needs and may not: its DRS plan, and a topic of its own.
pub(super) fn of_plan(function: &Function, plan: &RecoveryPlan) -> Vec<Problem> {
    let mut needed = vec![Needed {
        at: plan.named_at.drs_plan.clone(),
        resource: plan.drs_plan.to_string(),
        calls: vec!["drs:StartRecoveryPlanExecution"],
        parameter: "",
    }];
    needed.extend(plan.topic.iter().zip(&plan.named_at.topic).map(|(topic, at)| Needed {
        at: at.clone(),
        resource: topic.to_string(),
        calls: vec!["sns:Publish"],
        parameter: "PlanTopicArns",
    }));
    needed.iter().filter_map(|needed| needed.problem(function)).collect()
}

/// A rule without `role`, where the template allows CreateStack under a condition only: that of a role.
fn without_role(function: &Function, rule: &StackRule) -> Option<Problem> {
    let creates = |action: &String| action == "cloudformation:CreateStack" || action == "cloudformation:*";
    let mut allowing = function.statements.iter().filter(|statement| statement.actions.iter().any(creates));
    if rule.role.is_some() || allowing.any(|statement| !statement.conditional) {
        return None;
    }
    let label = format!("this rule has no `role`, and {} may make stacks with one only", function.logical_id);
    let help = "add `role`, with the ARN that the parameter StackServiceRoleArn has (samconfig.toml)";
    Some(Problem::new(NOT_PERMITTED, rule.named_at.template.clone(), label).help(help))
}

/// A name that a pattern matches and nobody knows, so that only a permission as wide as the pattern allows it.
fn sample(pattern: &Pattern) -> Option<String> {
    let name = pattern.body().replace("**", "*").replace('*', "nobody-knows");
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
