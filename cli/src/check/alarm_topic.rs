//! Refuses an `AlarmTopicArn` of another region than the one that an environment deploys to.
//!
//! CloudWatch refuses to create an alarm whose action is a topic of another region. No rule of a template can compare the two.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use shared::arn::Arn;

/// Compares the topic with the region of the environment, if the region is known.
pub(super) fn check(
    environment: &str,
    region: Option<&str>,
    parameters: &BTreeMap<String, String>,
) -> Result<()> {
    let topic: Option<Arn> = parameters.get("AlarmTopicArn").and_then(|topic| topic.parse().ok());
    if let (Some(topic), Some(deployed)) = (topic, region) {
        ensure!(
            topic.region == deployed,
            "AlarmTopicArn of the environment `{environment}` names a topic in {}, and the environment deploys to {deployed}: an \
             alarm notifies topics of its own region only",
            topic.region
        );
    }
    Ok(())
}
