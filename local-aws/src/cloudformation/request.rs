//! Checks the members that operations have in common, as CloudFormation checks them.

use super::invalid;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// "Maximum number of tags" and the sizes of the API reference's `Tag`.
const MAX_TAGS: usize = 50;

/// `StackName` of an operation on an existing stack: its name or its id.
pub(super) fn name_or_id(input: &mut Members) -> Result<String, ErrorAnswer> {
    let name = required(input)?;
    let is_arn =
        name.starts_with("arn:") && name.chars().all(|c| c.is_ascii_alphanumeric() || "-:/._+".contains(c));
    if is_arn || is_name(&name) {
        return Ok(name);
    }
    Err(pattern(&name, r"[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"))
}

/// `StackName` of CreateStack.
pub(super) fn new_name(input: &mut Members) -> Result<String, ErrorAnswer> {
    let name = required(input)?;
    if name.chars().count() > 128 {
        return Err(constraint(&name, "stackName", "Member must have length less than or equal to 128"));
    }
    if is_name(&name) { Ok(name) } else { Err(pattern(&name, "[a-zA-Z][-a-zA-Z0-9]*")) }
}

fn required(input: &mut Members) -> Result<String, ErrorAnswer> {
    let missing = || {
        invalid(
            "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null",
        )
    };
    let name = input.string("StackName")?.ok_or_else(missing)?;
    match name.is_empty() {
        true => Err(constraint("", "stackName", "Member must have length greater than or equal to 1")),
        false => Ok(name),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn pattern(name: &str, pattern: &str) -> ErrorAnswer {
    let constraint_text = format!("Member must satisfy regular expression pattern: {pattern}");
    constraint(name, "stackName", &constraint_text)
}

/// An error as the service's model validation words it.
pub(super) fn constraint(value: &str, member: &str, constraint: &str) -> ErrorAnswer {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// `Tags`; none when they are left out.
pub(super) fn tags(input: &mut Members) -> Result<Vec<(String, String)>, ErrorAnswer> {
    let mut tags = Vec::new();
    for mut given in input.structures("Tags")? {
        let (key, value) = (given.string("Key")?, given.string("Value")?);
        given.finish()?;
        let (Some(key), Some(value)) = (key, value) else {
            return Err(invalid("1 validation error detected: a tag has a Key and a Value"));
        };
        sized(&key, 128, "key")?;
        sized(&value, 256, "value")?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
        }
        if tags.iter().any(|(other, _): &(String, String)| other.eq_ignore_ascii_case(&key)) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        tags.push((key, value));
    }
    if tags.len() > MAX_TAGS {
        let text = "Member must have length less than or equal to 50";
        return Err(constraint(&format!("a list of {}", tags.len()), "tags", text));
    }
    Ok(tags)
}

fn sized(text: &str, max: usize, what: &str) -> Result<(), ErrorAnswer> {
    let member = format!("tags.member.{what}");
    match text.chars().count() {
        0 => Err(constraint(text, &member, "Member must have length greater than or equal to 1")),
        count if count > max => {
            Err(constraint(text, &member, &format!("Member must have length less than or equal to {max}")))
        }
        _ => Ok(()),
    }
}

/// `RoleARN`. Whether the role exists is not known here, only whether it could be one.
pub(super) fn role(input: &mut Members) -> Result<Option<String>, ErrorAnswer> {
    let Some(role) = input.string("RoleARN")? else { return Ok(None) };
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let fits = matches!(&parts[..], ["arn", _, "iam", "", account, resource]
        if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && resource.starts_with("role/"));
    match fits && (20..=2048).contains(&role.len()) {
        true => Ok(Some(role)),
        false => Err(invalid(format!("Role {role} is invalid or cannot be assumed"))),
    }
}

/// `NextToken`, of 1 to 1024 characters.
pub(super) fn next_token(input: &mut Members) -> Result<Option<String>, ErrorAnswer> {
    let token = input.string("NextToken")?;
    if let Some(token) = token.as_deref().filter(|token| !(1..=1024).contains(&token.chars().count())) {
        return Err(constraint(token, "nextToken", "Member must have length between 1 and 1024"));
    }
    Ok(token)
}

pub(super) fn bad_token(_: crate::paging::BadToken) -> ErrorAnswer {
    invalid("The specified NextToken is not valid")
}
