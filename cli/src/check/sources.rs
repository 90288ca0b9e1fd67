//! `event-not-delivered` of images and objects: compares the repositories and buckets of rules with the template's EventBridge
//! rules.

use pipeline_trigger::rules::{ArtifactRule, Rules};
use serde_json::{Value, json};
use shared::config::Problem;

use super::events::EVENT_NOT_DELIVERED;
use crate::template::{ACCOUNT, DeployedFunction};

/// The rules whose events do not reach the function.
pub(super) fn problems<'r>(
    function: &'r DeployedFunction,
    rules: &'r Rules,
    region: &'r str,
) -> impl Iterator<Item = Problem> + 'r {
    let images = rules.images.iter().filter_map(move |rule| {
        problem(
            function,
            &rule.common,
            &image_pushed(&rule.image, region),
            ("pushes of this image", "ImageRepositoryNames"),
        )
    });
    let objects = rules.objects.iter().filter_map(move |rule| {
        problem(
            function,
            &rule.common,
            &object_created(&rule.bucket, region),
            ("objects of this bucket", "SourceBucketNames"),
        )
    });
    images.chain(objects)
}

fn problem(
    function: &DeployedFunction,
    rule: &ArtifactRule,
    event: &Value,
    (what, parameter): (&str, &str),
) -> Option<Problem> {
    let is_delivered = function.rules.iter().any(|rule| rule.enabled && rule.pattern.matches(event));
    (!is_delivered).then(|| {
        let label = format!("{what} do not reach {}", function.logical_id);
        let help = format!("add it to the parameter {parameter} (parameter_overrides in samconfig.toml)");
        Problem::new(EVENT_NOT_DELIVERED, rule.named_at.repository.clone(), label).help(help)
    })
}

fn image_pushed(repository: &str, region: &str) -> Value {
    let detail = json!({
        "result": "SUCCESS", "repository-name": repository, "action-type": "PUSH", "image-tag": "latest",
        "image-digest": format!("sha256:{}", "0".repeat(64)),
    });
    envelope("aws.ecr", "ECR Image Action", region, detail)
}

fn object_created(bucket: &str, region: &str) -> Value {
    let object =
        json!({"key": "any-key", "size": 1, "etag": "0".repeat(32), "version-id": "1", "sequencer": "0"});
    let detail = json!({
        "version": "0", "bucket": {"name": bucket}, "object": object, "requester": ACCOUNT, "reason": "PutObject",
    });
    envelope("aws.s3", "Object Created", region, detail)
}

fn envelope(source: &str, detail_type: &str, region: &str, detail: Value) -> Value {
    json!({
        "version": "0",
        "id": "9f2a1c7e-0d55-4c7c-8a39-000000000001",
        "source": source,
        "detail-type": detail_type,
        "account": ACCOUNT,
        "time": "2026-03-02T10:04:12Z",
        "region": region,
        "resources": [],
        "detail": detail,
    })
}
