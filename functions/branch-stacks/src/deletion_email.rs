//! The emails before stacks of existing branches are deleted: the list that the brake holds, and the warning about an idle
//! branch. Pure.

use serde_json::{Value, json};
use shared::email::Message;
use shared::text::{count, printable, verb};

use crate::because::{Because, Unwanted};
use crate::brake::{DeletionCandidate, HeldDeletions, WARNING};
use crate::email::layout::{cloudformation, fields, items_at_most};
use crate::keep::KEEP;
use crate::run::Run;

/// The most stacks that the email lists.
const MOST_LISTED: usize = 100;

/// The email about deletions that the brake holds.
pub fn held_email(run: &Run<'_>, held: &HeldDeletions) -> Message {
    let HeldDeletions { digest, candidates, recent, most } = held;
    let stacks = count(candidates.len(), "stack");
    let line = |one: &DeletionCandidate| {
        format!("{} ({}): {}", printable(&one.branch.to_string()), one.stack_name(), one.why)
    };
    let lines: Vec<String> = candidates.iter().map(line).collect();
    let before = match recent {
        0 => String::new(),
        recent => {
            let were = verb(*recent, "was", "were");
            format!(" {} {were} deleted for such reasons in the last 24 hours.", count(*recent, "stack"))
        }
    };
    let paragraphs = [
        format!(
            "The rules would delete {stacks} of branches that exist.{before} At most {most} may be deleted within a day, so none \
             of them is deleted."
        ),
        "Which stacks".to_owned(),
        items_at_most(&lines, MOST_LISTED, "; `pointsman stacks` lists all of them"),
        "What happens next".to_owned(),
        "The stacks stay, and are not updated, until one of the two steps below. Other branches are handled as before.".to_owned(),
        "If the rules are wrong".to_owned(),
        "Fix the [[branch-stack]] tables and deploy them. The next reconcile finds that the stacks should stay.".to_owned(),
        "If the stacks should be deleted".to_owned(),
        format!(
            "Confirm this list: invoke the function with the digest of the list. The number `most-deletions` does not apply to \
             these {stacks} then. If the list has changed, nothing is deleted, and a new email has the new digest. The stack of \
             an idle branch is deleted a day after a warning."
        ),
        confirm_command(&run.invocation.function_arn, digest),
    ];
    Message::plain(
        &format!("{} held: too many deletions", count(candidates.len(), "branch stack")),
        &(paragraphs.join("\n\n") + "\n"),
    )
}

/// The command that confirms a list.
fn confirm_command(function_arn: &str, digest: &str) -> String {
    let function = if function_arn.is_empty() { "FUNCTION" } else { function_arn };
    let region = function_arn.split(':').nth(3).filter(|region| !region.is_empty());
    let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
    format!(
        "aws lambda invoke{region} --function-name {function} --cli-binary-format raw-in-base64-out --cli-read-timeout 900 --payload \
         '{{\"source\":\"pointsman\",\"detail-type\":\"reconcile\",\"confirm\":\"{digest}\"}}' decision.json"
    )
}

/// The warning that an idle branch's stack will be deleted.
pub fn warning_email(run: &Run<'_>, candidate: &DeletionCandidate) -> Message {
    let DeletionCandidate { branch, stack, why } = candidate;
    let after = run.invocation.now.saturating_add(WARNING).unwrap_or(run.invocation.now);
    let place = run.rules.covering(branch).map(|rule| rule.place.to_string()).unwrap_or_default();
    let fields = fields(&[
        ("Repository", &branch.repository),
        ("Branch", &branch.name),
        ("Stack", candidate.stack_name()),
        ("Deleted", &format!("after {after}")),
        ("Rule", &place),
    ]);
    let paragraphs = [
        format!("The stack of a branch will be deleted, because {}.", reason(why)),
        fields,
        "To keep the stack for another `ttl`".to_owned(),
        "Push a commit to the branch.".to_owned(),
        "To keep the stack until a date, or permanently".to_owned(),
        format!(
            "Set the tag `{KEEP}` of the stack to a date such as 2026-12-24, or to `true`. In the console: update the stack with \
             its existing template, and add the tag. The command below sets `true`. It replaces all tags, so it names the present \
             ones as well."
        ),
        keep_command(candidate),
        "To delete the stack now".to_owned(),
        cloudformation("delete-stack", &stack.id),
    ];
    Message::plain(&format!("Stack will be deleted: {branch}"), &(paragraphs.join("\n\n") + "\n"))
}

fn reason(why: &Unwanted) -> String {
    Because::Unwanted { why: why.clone(), stack: true }.to_string()
}

/// UpdateStack with the previous template and values, and with all tags of the stack (UpdateStack, AWS CloudFormation API
/// Reference: tags that the request does not name are removed).
fn keep_command(candidate: &DeletionCandidate) -> String {
    let stack = &candidate.stack;
    let kept = stack.tags.iter().filter(|(key, _)| key != KEEP && !key.starts_with("aws:"));
    // JSON, because the shorthand of the AWS CLI reads commas and brackets of a value as its own.
    let tag = |(key, value): (&str, &str)| json!({"Key": key, "Value": value});
    let tags = kept.map(|(key, value)| tag((key, value))).chain([tag((KEEP, "true"))]).collect();
    let tags = quoted(&Value::Array(tags).to_string());
    let parameter = |name: &String| format!("ParameterKey={name},UsePreviousValue=true");
    let parameters: Vec<String> = stack.previous.parameters.iter().map(parameter).collect();
    let list = |option: &str, values: &[String]| match values {
        [] => String::new(),
        values => format!(" --{option} {}", values.join(" ")),
    };
    format!(
        "aws cloudformation update-stack --region {} --stack-name {} --use-previous-template{}{}{}",
        stack.id.region,
        stack.id,
        list("parameters", &parameters),
        list("capabilities", &stack.previous.capabilities),
        list("tags", &[tags]),
    )
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", printable(text).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::BranchId;
    use crate::stack::BranchStack;

    #[test]
    fn the_command_keeps_tags_that_the_shorthand_of_the_cli_would_split() {
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let stack = BranchStack {
            id: "arn:aws:cloudformation:eu-west-1:111122223333:stack/branch-x/1".parse().expect("an ARN"),
            status: aws_sdk_cloudformation::types::StackStatus::CreateComplete,
            tags: vec![tag("pointsman:branch", "=F0=9F"), tag("team", "it's a, b"), tag(KEEP, "false")],
            created: None,
            updated: None,
            deleted: None,
            protected: false,
            previous: Box::default(),
            outputs: Vec::new(),
        };
        let branch = BranchId { repository: "shop".into(), name: "x".into() };
        let command = keep_command(&DeletionCandidate { branch, stack, why: Unwanted::BranchGone });
        let tags = r#"--tags '[{"Key":"pointsman:branch","Value":"=F0=9F"},{"Key":"team","Value":"it'\''s a, b"},{"Key":"pointsman:keep","Value":"true"}]'"#;
        assert!(command.ends_with(tags), "{command}");
    }
}
