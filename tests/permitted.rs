//! Each call, reason and note of a case is one that its function's description lists; tests/template.rs compares that list with the
//! role's policy. So a new SDK call without a permission fails each case that makes it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use local_aws::JournaledCall;
use pointsman::functions::FUNCTIONS;
use pointsman::replay::{Invoked, Replay};
use shared::function::Function;

/// Checks the calls of every invocation.
///
/// # Errors
/// With the calls that a function made and does not list.
pub(crate) fn check(replays: &[Replay]) -> Result<()> {
    for replay in replays {
        for invoked in &replay.run.invocations {
            let name = invoked.decisions.first().map_or(&replay.function, |decision| &decision.function);
            check_codes(name, invoked)?;
            let unlisted = unlisted(name, invoked)?;
            if !unlisted.is_empty() {
                bail!(
                    "{name} calls {unlisted:?}, and its description.rs does not list that: add it there, to the \
                     role's policy and to docs/permissions.md"
                );
            }
        }
    }
    Ok(())
}

/// Checks that the description of each function lists the codes of its reasons and notes: the documents come from it.
fn check_codes(name: &str, invoked: &Invoked) -> Result<()> {
    let function = function(name)?;
    for decision in &invoked.decisions {
        let reasons = decision.reasons.iter().map(|reason| &reason.because.code);
        for code in reasons.chain(decision.notes.iter().map(|note| &note.because.code)) {
            if !function.reason_codes().contains(&code.as_str()) {
                bail!("{name} gives the code `{code}`, and its description.rs does not list that");
            }
        }
    }
    Ok(())
}

fn function(name: &str) -> Result<&'static Function> {
    let function = FUNCTIONS.into_iter().find(|function| function.name == name);
    function.with_context(|| format!("{name} is not in FUNCTIONS"))
}

fn unlisted(name: &str, invoked: &Invoked) -> Result<Vec<String>> {
    let function = function(name)?;
    let of_rules = rules_source::CALLS.iter().copied();
    let listed: BTreeSet<&str> = function.calls.iter().map(|call| call.action).chain(of_rules).collect();
    // The probe of dr-failover asks a site, not AWS.
    let calls = invoked.calls.iter().filter(|call| call.service != "http");
    let made: BTreeSet<String> = calls.flat_map(actions).collect();
    Ok(made.into_iter().filter(|action| !listed.contains(action.as_str())).collect())
}

/// The IAM actions that a call is checked for ("Actions, resources, and condition keys for AWS services", Service Authorization
/// Reference).
fn actions(call: &JournaledCall) -> Vec<String> {
    let service = match call.service.as_str() {
        // CloudWatch's requests are signed for this name.
        "monitoring" => "cloudwatch",
        service => service,
    };
    let operation = match call.operation.as_str() {
        // A transaction of writes is checked for each of its writes; the functions put items only.
        "TransactWriteItems" => "PutItem",
        "ListObjectVersions" => "ListBucketVersions",
        operation => operation,
    };
    let passes_role = call.input.get("RoleARN").or(call.input.get("RoleArn")).is_some();
    let pass_role = (service == "cloudformation" && passes_role).then(|| "iam:PassRole".to_owned());
    [format!("{service}:{operation}")].into_iter().chain(pass_role).collect()
}
