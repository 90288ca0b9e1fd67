//! ListRules, ListTargetsByRule and ListRuleNamesByTarget, and the EventBridge rules that they list.

use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::{ACCOUNT, Context};

/// "Valid Range: Minimum value of 1. Maximum value of 100", and no documented default (ListRules, EventBridge API Reference).
const RULES_PAGE: usize = 100;

/// The values of RuleState that are served.
pub(crate) const STATES: &[&str] = &["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"];

/// A rule of the default event bus. It delivers nothing here: the template's rules deliver events.
#[derive(Debug, Clone)]
pub(crate) struct EventRuleRecord {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) pattern: Option<String>,
    pub(crate) schedule: Option<String>,
    /// ARNs.
    pub(crate) targets: Vec<String>,
}

/// In the order of their names.
pub(super) fn list_rules(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    default_bus(&mut input)?;
    let prefix = input.string("NamePrefix")?.unwrap_or_default();
    let (size, token) = page_of(&mut input)?;
    input.finish()?;
    let rules = context.world.event_rules.iter().filter(|rule| rule.name.starts_with(&prefix));
    let rules: Vec<Value> = rules.map(|rule| shown(rule, context.region)).collect();
    listed("Rules", &rules, size, token.as_deref(), &["ListRules", &prefix])
}

pub(super) fn list_targets_by_rule(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    default_bus(&mut input)?;
    let name = required(&mut input, "Rule")?;
    let (size, token) = page_of(&mut input)?;
    input.finish()?;
    let rule = context.world.event_rules.iter().find(|rule| rule.name == name).ok_or_else(|| {
        let message = format!("Rule {name} does not exist on EventBus default.");
        ErrorAnswer::new("ResourceNotFoundException", message)
    })?;
    let target = |(nth, arn): (usize, &String)| json!({"Id": format!("Target{nth}"), "Arn": arn});
    let targets: Vec<Value> = rule.targets.iter().enumerate().map(target).collect();
    listed("Targets", &targets, size, token.as_deref(), &["ListTargetsByRule", &name])
}

pub(super) fn list_rule_names_by_target(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    default_bus(&mut input)?;
    let arn = required(&mut input, "TargetArn")?;
    let (size, token) = page_of(&mut input)?;
    input.finish()?;
    let rules = context.world.event_rules.iter().filter(|rule| rule.targets.contains(&arn));
    let names: Vec<Value> = rules.map(|rule| json!(rule.name)).collect();
    listed("RuleNames", &names, size, token.as_deref(), &["ListRuleNamesByTarget", &arn])
}

fn shown(rule: &EventRuleRecord, region: &str) -> Value {
    let mut shown = json!({
        "Name": rule.name,
        "Arn": format!("arn:aws:events:{region}:{ACCOUNT}:rule/{}", rule.name),
        "State": rule.state,
        "EventBusName": "default",
    });
    let optional = [("EventPattern", &rule.pattern), ("ScheduleExpression", &rule.schedule)];
    for (member, value) in optional.into_iter().filter_map(|(member, value)| Some((member, value.as_ref()?)))
    {
        shown[member] = json!(value);
    }
    shown
}

fn default_bus(input: &mut Members) -> Result<(), ErrorAnswer> {
    match input.string("EventBusName")?.is_none_or(|bus| bus == "default") {
        true => Ok(()),
        false => Err(ErrorAnswer::not_served("an event bus other than `default`")),
    }
}

fn required(input: &mut Members, member: &str) -> Result<String, ErrorAnswer> {
    let value = input.string(member)?.filter(|value| !value.is_empty());
    value.ok_or_else(|| {
        violation(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"))
    })
}

fn page_of(input: &mut Members) -> Result<(usize, Option<String>), ErrorAnswer> {
    let size = match input.integer("Limit")? {
        None => RULES_PAGE,
        Some(limit) => {
            let size = usize::try_from(limit).ok().filter(|size| (1..=RULES_PAGE).contains(size));
            size.ok_or_else(|| {
                violation(format!("Value '{limit}' at 'limit' is not between 1 and {RULES_PAGE}"))
            })?
        }
    };
    Ok((size, input.string("NextToken")?))
}

fn listed(
    member: &str,
    items: &[Value],
    size: usize,
    token: Option<&str>,
    request: &[&str],
) -> Result<Value, ErrorAnswer> {
    let page = paging::page(items, size, token, request)
        .map_err(|_| ErrorAnswer::new("ValidationException", "The NextToken is not valid."))?;
    let mut output = json!({member: page.items});
    if let Some(next) = page.next {
        output["NextToken"] = json!(next);
    }
    Ok(output)
}

fn violation(message: String) -> ErrorAnswer {
    ErrorAnswer::new("ValidationException", format!("1 validation error detected: {message}"))
}
