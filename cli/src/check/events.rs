//! `event-not-delivered`: a call that a rule names and that no rule of the template hands to the function.

use ami_alerts::rules::CallRule;
use serde_json::json;
use shared::config::{Code, Problem};

use crate::template::{ACCOUNT, DeployedFunction, REGION};

/// A rule names a call whose events do not reach the function.
pub(super) const EVENT_NOT_DELIVERED: Code = Code {
    name: "event-not-delivered",
    title: "no rule of the template delivers the events of this call to the function",
};

/// The prefixes of read-only calls. EventBridge delivers their events only to rules with a special state ("Receiving
/// read-only management events from AWS services", Amazon EventBridge User Guide).
const READ_ONLY: [&str; 3] = ["Describe", "Get", "List"];

/// Services whose calls CloudTrail records in us-east-1 for every region ("Global service events", AWS CloudTrail
/// User Guide).
const GLOBAL: [&str; 5] = [
    "iam.amazonaws.com",
    "cloudfront.amazonaws.com",
    "organizations.amazonaws.com",
    "route53.amazonaws.com",
    "route53domains.amazonaws.com",
];

/// Whether a service has no region of its own.
pub(super) fn is_global(source: &str) -> bool {
    GLOBAL.contains(&source)
}

/// The calls of an `[[api-alert]]` that are not delivered.
pub(super) fn of_calls(function: &DeployedFunction, rule: &CallRule) -> Vec<Problem> {
    let problem = |(name, at): &(String, std::ops::Range<usize>)| {
        let delivers = |wants_reads: bool| {
            let event = event(&rule.source, name);
            let mut rules = function.rules.iter().filter(|rule| rule.enabled && (!wants_reads || rule.reads));
            rules.any(|rule| rule.pattern.matches(&event))
        };
        let reads = is_read_only(name);
        let (label, help) = match (delivers(reads), reads) {
            (true, _) => return None,
            (false, true) => (
                "this call only reads, and EventBridge delivers such events only to rules with another state".to_owned(),
                "remove it, or add a rule to template.yaml with the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
                    .to_owned(),
            ),
            (false, false) => (
                format!("the events of this call do not reach {}", function.logical_id),
                format!(
                    "add {} to the parameter ApiAlertSources and {name} to ApiAlertEvents (parameter_overrides in \
                     samconfig.toml)",
                    rule.source
                ),
            ),
        };
        Some(Problem::new(EVENT_NOT_DELIVERED, at.clone(), label).help(help))
    };
    rule.named_at.iter().filter_map(problem).collect()
}

/// Two calls of STS count as changes although they begin with Get, according to the same page.
fn is_read_only(name: &str) -> bool {
    !matches!(name, "GetFederationToken" | "GetSessionToken")
        && READ_ONLY.iter().any(|start| name.starts_with(start))
}

/// The call's event in EventBridge, without the fields that no rule for a kind of call matches.
fn event(source: &str, name: &str) -> serde_json::Value {
    let service = source.trim_end_matches(".amazonaws.com");
    json!({
        "source": format!("aws.{service}"),
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT,
        "region": REGION,
        "detail": {"eventSource": source, "eventName": name, "eventType": "AwsApiCall"},
    })
}
