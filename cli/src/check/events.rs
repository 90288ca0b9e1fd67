//! `event-not-delivered`: a call or an account that a rule names, whose events no rule of the template hands to the function.

mod sample;

use std::collections::BTreeMap;
use std::ops::Range;

use ami_alerts::rules::{AccountRole, CallRule};
use serde_json::Value;
use shared::config::{Code, Problem};
use shared::text::list;

use crate::template::{DeployedFunction, EventRule, REGION};
use sample::{Arrival, arrivals, home_of_global_services, is_global, is_sign_in};

/// A rule names a call whose events do not reach the function.
pub(super) const EVENT_NOT_DELIVERED: Code = Code {
    name: "event-not-delivered",
    title: "no rule of the template delivers these events to the function",
};

/// The prefixes of read-only calls. EventBridge delivers their events only to rules with a special state ("Receiving
/// read-only management events from AWS services", Amazon EventBridge User Guide).
const READ_ONLY: [&str; 3] = ["Describe", "Get", "List"];

/// The function in one environment, with what decides about its events.
#[derive(Debug, Clone, Copy)]
pub(super) struct AlertDeployment<'d> {
    /// The function.
    pub(super) function: &'d DeployedFunction,
    /// The parameters that the environment sets.
    pub(super) parameters: &'d BTreeMap<String, String>,
    /// The region that the environment deploys to, if it is known.
    pub(super) region: Option<&'d str>,
}

impl AlertDeployment<'_> {
    /// The calls of an `[[api-alert]]` that are not delivered, or only in part.
    pub(super) fn problems(&self, rule: &CallRule) -> Vec<Problem> {
        rule.named_at.iter().filter_map(|(name, at)| self.problem(&rule.source, name, at)).collect()
    }

    /// The `[[account]]` whose events are not delivered: its role is never assumed.
    pub(super) fn account_problem(&self, account: &AccountRole) -> Option<Problem> {
        let [source, name] = ["ec2.amazonaws.com", "ModifyImageAttribute"];
        let mut events = arrivals(source, name, self.region.unwrap_or(REGION)).into_iter().map(|arrival| {
            let mut event = arrival.event(source, name);
            event["account"] = account.id.as_str().into();
            event
        });
        let is_delivered = |event: Value| self.function.rules.iter().any(|rule| rule.pattern.matches(&event));
        (!events.any(is_delivered)).then(|| {
            let label = format!("the events of this account do not reach {}", self.function.logical_id);
            let help = format!(
                "add {} to the parameter AlertAccounts (parameter_overrides in samconfig.toml), or remove the table",
                account.id
            );
            Problem::new(EVENT_NOT_DELIVERED, account.id_at.clone(), label).help(help)
        })
    }

    /// What an operator has to know about the service of an `[[api-alert]]`, beside the problems.
    pub(super) fn note(&self, source: &str) -> Option<String> {
        let home = home_of_global_services(self.region.unwrap_or(REGION))?;
        let recorded = match (is_global(source), is_sign_in(source)) {
            (true, _) => format!("{source} is a global service: CloudTrail records its calls in {home}"),
            (_, true) => {
                format!(
                    "CloudTrail records the sign-ins of root users, and all through the global endpoint, in {home}"
                )
            }
            _ => return None,
        };
        match self.region {
            Some(region) if region == home => None,
            None => Some(format!(
                "{recorded}, and only a deployment there receives them, unless they are forwarded"
            )),
            Some(_) => Some(format!(
                "{recorded}: templates/forward-alerts.yaml in {home} has to forward them, with the parameters ApiAlertSources and \
                 ApiAlertEvents of this environment"
            )),
        }
    }

    fn problem(&self, source: &str, name: &str, at: &Range<usize>) -> Option<Problem> {
        let arrivals = arrivals(source, name, self.region.unwrap_or(REGION));
        let missing: Vec<&Arrival> =
            arrivals.iter().filter(|arrival| !self.delivers(arrival, source, name)).collect();
        let first = *missing.first()?;
        let is_missing_everywhere = missing.len() == arrivals.len();
        let (label, help) = self.explained(first, source, name);
        let problem = Problem::new(EVENT_NOT_DELIVERED, at.clone(), label).help(help);
        Some(if is_missing_everywhere { problem } else { problem.warning() })
    }

    fn delivers(&self, arrival: &Arrival, source: &str, name: &str) -> bool {
        let event = arrival.event(source, name);
        let receives = |rule: &&EventRule| rule.enabled && (rule.reads || !is_read_only(name));
        self.function.rules.iter().filter(receives).any(|rule| rule.pattern.matches(&event))
    }

    /// The label and the help of an event that is not delivered.
    fn explained(&self, arrival: &Arrival, source: &str, name: &str) -> (String, String) {
        let function = &self.function.logical_id;
        let parameters = self.missing_parameters(source, name);
        let here = Arrival { region: self.region.unwrap_or(REGION).to_owned(), ..arrival.clone() };
        if is_read_only(name) {
            let label =
                "this call only reads, and EventBridge delivers such events only to rules with another state";
            let help = "remove it, or add a rule to template.yaml with the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
            (label.to_owned(), help.to_owned())
        } else if !parameters.is_empty() {
            let label = format!("the events of this call do not reach {function}");
            (label, format!("add {} (parameter_overrides in samconfig.toml)", list(parameters)))
        } else if self.delivers(&here, source, name) {
            let (of, own) = (&arrival.region, &here.region);
            let label =
                format!("CloudTrail records this in {of}, and {function} receives the events of {own}");
            let help = format!(
                "deploy the stack in {of}; or deploy templates/forward-alerts.yaml there with the same ApiAlertSources and \
                 ApiAlertEvents, and add {of} to the parameter AlertRegions"
            );
            (label, help)
        } else {
            let kind = arrival.detail_type;
            let label =
                format!("the events of this call with the detail type `{kind}` do not reach {function}");
            (label, format!("add `{kind}` to the detail types of the EventBridge rule in the template"))
        }
    }

    /// What the parameters lack: `iam.amazonaws.com to the parameter ApiAlertSources`.
    fn missing_parameters(&self, source: &str, name: &str) -> Vec<String> {
        let has = |parameter: &str, value: &str| {
            let list = self.parameters.get(parameter).map(String::as_str).unwrap_or_default();
            list.split(',').any(|item| item.trim() == value)
        };
        let sources =
            (!has("ApiAlertSources", source)).then(|| format!("{source} to the parameter ApiAlertSources"));
        let events = (!has("ApiAlertEvents", name)).then(|| {
            let parameter = if sources.is_some() { "" } else { "the parameter " };
            format!("{name} to {parameter}ApiAlertEvents")
        });
        sources.into_iter().chain(events).collect()
    }
}

/// Two calls of STS count as changes although they begin with Get, according to the same page.
fn is_read_only(name: &str) -> bool {
    !matches!(name, "GetFederationToken" | "GetSessionToken")
        && READ_ONLY.iter().any(|start| name.starts_with(start))
}
