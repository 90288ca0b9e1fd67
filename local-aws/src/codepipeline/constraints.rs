//! Checks members the way CodePipeline does: every violation is a ValidationException that names the member.

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging::BadToken;

const NAME_PATTERN: &str = r"[A-Za-z0-9.@\-_]+";

/// A pipeline's or an action's name: 1 to 100 of `[A-Za-z0-9.@\-_]`.
pub(super) fn name(input: &mut Members, member: &str) -> Result<String, ErrorAnswer> {
    let name = required(input, member)?;
    length(&name, member, 1, 100)?;
    pattern(&name, member, NAME_PATTERN, is_name(&name))?;
    Ok(name)
}

pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".@-_".contains(c);
    (1..=100).contains(&name.len()) && name.chars().all(allowed)
}

/// A variable's name: 1 to 128 of `[A-Za-z0-9@\-_]`.
pub(super) fn variable_name(input: &mut Members) -> Result<String, ErrorAnswer> {
    let name = required(input, "name")?;
    length(&name, "name", 1, 128)?;
    pattern(&name, "name", r"[A-Za-z0-9@\-_]+", is_variable_name(&name))?;
    Ok(name)
}

pub(super) fn is_variable_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "@-_".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(allowed)
}

/// A variable's value: 1 to 1000 characters in one line.
pub(super) fn variable_value(input: &mut Members) -> Result<String, ErrorAnswer> {
    let value = required(input, "value")?;
    length(&value, "value", 1, 1000)?;
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    pattern(&value, "value", ".*", !value.contains(breaks))?;
    Ok(value)
}

pub(super) fn required(input: &mut Members, member: &str) -> Result<String, ErrorAnswer> {
    input.string(member)?.ok_or_else(|| violation("null", member, "Member must not be null"))
}

pub(super) fn length(value: &str, member: &str, min: usize, max: usize) -> Result<(), ErrorAnswer> {
    let count = value.chars().count();
    if count < min {
        let constraint = format!("Member must have length greater than or equal to {min}");
        return Err(violation(&quoted(value), member, &constraint));
    }
    if count > max {
        let constraint = format!("Member must have length less than or equal to {max}");
        return Err(violation(&quoted(value), member, &constraint));
    }
    Ok(())
}

pub(super) fn pattern(value: &str, member: &str, pattern: &str, fits: bool) -> Result<(), ErrorAnswer> {
    let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
    if fits { Ok(()) } else { Err(violation(&quoted(value), member, &constraint)) }
}

pub(super) fn one_of(value: &str, member: &str, values: &[&str]) -> Result<(), ErrorAnswer> {
    let constraint = format!("Member must satisfy enum value set: [{}]", values.join(", "));
    if values.contains(&value) { Ok(()) } else { Err(violation(&quoted(value), member, &constraint)) }
}

pub(super) fn at_most(count: usize, member: &str, max: usize) -> Result<(), ErrorAnswer> {
    let constraint = format!("Member must have length less than or equal to {max}");
    if count <= max { Ok(()) } else { Err(violation(&format!("a list of {count}"), member, &constraint)) }
}

/// `maxResults`, which is between 1 and `max`, and `max` when it is left out.
pub(super) fn page_size(input: &mut Members, max: usize) -> Result<usize, ErrorAnswer> {
    let Some(asked) = input.integer("maxResults")? else { return Ok(max) };
    match usize::try_from(asked) {
        Ok(size) if (1..=max).contains(&size) => Ok(size),
        _ => {
            let constraint = format!("Member must have value between 1 and {max}");
            Err(violation(&quoted(&asked.to_string()), "maxResults", &constraint))
        }
    }
}

/// `nextToken`, of 1 to 2048 characters.
pub(super) fn next_token(input: &mut Members) -> Result<Option<String>, ErrorAnswer> {
    let token = input.string("nextToken")?;
    if let Some(token) = &token {
        length(token, "nextToken", 1, 2048)?;
    }
    Ok(token)
}

pub(super) fn bad_token(_: BadToken) -> ErrorAnswer {
    ErrorAnswer::new("InvalidNextTokenException", "The next token is not valid")
}

fn quoted(value: &str) -> String {
    format!("'{value}'")
}

fn violation(value: &str, member: &str, constraint: &str) -> ErrorAnswer {
    let message = format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}"
    );
    ErrorAnswer::new("ValidationException", message)
}
