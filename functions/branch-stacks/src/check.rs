//! What the rules of this function need of the deployment, for `pointsman check`.

use std::path::PathBuf;

use shared::config::{Document, Problem};
use shared::function::{CheckedRules, NeededPermission};
use shared::glob::Pattern;

use crate::description::{FUNCTION, REPOSITORY};
use crate::rules::{self, StackRule, StackTemplate};

pub(crate) fn check(document: &Document, folders: &[PathBuf], problems: &mut Vec<Problem>) -> CheckedRules {
    let rules = rules::read(document, folders, problems).stacks;
    CheckedRules { rules: rules.len(), needs: rules.iter().flat_map(needs).collect() }
}

/// A rule needs its repositories, its role and its template in S3.
fn needs(rule: &StackRule) -> Vec<NeededPermission> {
    let calls: Vec<&'static str> = FUNCTION.calls_on(REPOSITORY).collect();
    let names = rule.repositories.patterns.iter().filter(|pattern| !pattern.excludes).filter_map(sample);
    let repositories = names.map(|name| NeededPermission {
        at: rule.named_at.repositories.clone(),
        resource: format!("arn:{{partition}}:codecommit:{{region}}:{{account}}:{name}"),
        calls: calls.clone(),
        help: "add it to the parameter RepositoryNames (parameter_overrides in samconfig.toml)",
    });
    let role = rule.role.iter().map(|role| NeededPermission {
        at: rule.named_at.role.clone(),
        resource: role.to_string(),
        calls: vec!["iam:PassRole"],
        help: "add it to the parameter StackServiceRoleArn (parameter_overrides in samconfig.toml)",
    });
    repositories.chain(role).chain(template(rule)).collect()
}

fn template(rule: &StackRule) -> Option<NeededPermission> {
    let StackTemplate::Url(url) = &rule.template else { return None };
    Some(NeededPermission {
        at: rule.named_at.template.clone(),
        resource: object_arn(url)?,
        calls: vec![if url.contains("?versionId=") { "s3:GetObjectVersion" } else { "s3:GetObject" }],
        help: "add it to the parameter TemplateBucket (and TemplateKeyPrefix) (parameter_overrides in samconfig.toml)",
    })
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
    Some(format!("arn:{{partition}}:s3:::{bucket}/{key}"))
}

#[cfg(test)]
mod tests {
    use super::object_arn;

    #[test]
    fn a_templates_url_names_the_object() {
        let object = Some("arn:{partition}:s3:::my.bucket/k/t.yaml".to_owned());
        assert_eq!(object_arn("https://my.bucket.s3.eu-west-1.amazonaws.com/k/t.yaml?versionId=1"), object);
    }
}
