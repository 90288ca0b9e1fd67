//! IAM: ListAccountAliases, SimulatePrincipalPolicy.

use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context, Service};

pub(crate) const SERVICE: Service = Service {
    name: "iam",
    api: "2010-05-08",
    operations: &[
        ("ListAccountAliases", list_account_aliases),
        ("SimulatePrincipalPolicy", simulate_principal_policy),
    ],
};

/// The permissions of the account's roles.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    /// The calls that every role lacks.
    pub(crate) denied: Vec<String>,
}

/// The most calls of a simulation for which every combination is answered in one page.
const MOST_RESULTS: usize = 100;

/// Simulates each call on each resource. The world names the calls that are denied, whatever the resource.
fn simulate_principal_policy(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let source = input.string("PolicySourceArn")?.unwrap_or_default();
    let actions = input.strings("ActionNames")?;
    let resources = input.strings("ResourceArns")?;
    input.finish()?;
    if !source.starts_with("arn:") || !source.contains(":role/") {
        return Err(ErrorAnswer::new("InvalidInput", format!("Invalid Entity Arn: {source}")));
    }
    let resources = if resources.is_empty() { vec!["*".to_owned()] } else { resources };
    if actions.len() * resources.len() > MOST_RESULTS {
        return Err(ErrorAnswer::new("InvalidInput", "more results than one page are not served"));
    }
    let decision = |action: &String| match context.world.iam.denied.contains(action) {
        true => "implicitDeny",
        false => "allowed",
    };
    let results = actions.iter().flat_map(|action| {
        resources.iter().map(move |resource| {
            json!({"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision(action)})
        })
    });
    Ok(json!({"EvaluationResults": results.collect::<Vec<Value>>(), "IsTruncated": false}))
}

/// An account has at most one alias, so there is one page.
fn list_account_aliases(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let size = input.integer("MaxItems")?;
    let marker = input.string("Marker")?;
    input.finish()?;
    if marker.is_some() {
        return Err(ErrorAnswer::new("ValidationError", "Invalid Marker"));
    }
    if let Some(size) = size.filter(|size| !(1..=1000).contains(size)) {
        let message = "failed to satisfy constraint: Member must have value between 1 and 1000";
        return Err(ErrorAnswer::new("ValidationError", format!("Value '{size}' at 'maxItems' {message}")));
    }
    let world = context.world;
    let alias = match context.account() {
        ACCOUNT => world.account.alias.as_ref(),
        other => world.sts.alias_of(other),
    };
    let aliases: Vec<&String> = alias.into_iter().collect();
    Ok(json!({"AccountAliases": aliases, "IsTruncated": false}))
}
