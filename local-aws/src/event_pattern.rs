//! Decides whether an EventBridge event pattern matches an event, as EventBridge itself would.
//!
//! The rules are those of the Amazon EventBridge User Guide, pages "Creating Amazon EventBridge event patterns" and
//! "Comparison operators for use in event patterns", and, where those are silent, of AWS's own open matcher, event-ruler.

mod fields;
mod matcher;
mod operators;
mod parse;

use fields::{Field, Step};
use matcher::Matcher;
use serde_json::Value;

/// Combinations of `$or` branches one pattern may have (EventBridge User Guide, "Comparison operators", `$or`).
pub const MAX_COMBINATIONS: usize = 1_000;

/// An event pattern that EventBridge would accept.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// A pattern without `$or` has one; each `$or` multiplies them. An event matches when it matches any.
    alternatives: Vec<Rule>,
}

/// What one alternative asks of each path. The path is dotted, so `{"a.b": ..}` and `{"a": {"b": ..}}` ask the same.
type Rule = Vec<(String, Vec<Matcher>)>;

/// Why EventBridge would refuse a pattern: where, as a dotted path, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event pattern is not valid at {}: {problem}", if path.is_empty() { "its top level" } else { path })]
pub struct PatternError {
    /// The dotted path of the field, as `detail.referenceType`; empty for the pattern as a whole.
    pub path: String,
    /// What is wrong, as a clause that can follow "at `path`:".
    pub problem: String,
}

impl Pattern {
    /// Reads a pattern as it is written in a template or in the console.
    ///
    /// # Errors
    ///
    /// [`PatternError`] for what EventBridge answers with `InvalidEventPatternException`: a field that is not a
    /// non-empty array or object, an operator it does not know, an operand of the wrong kind, or more than
    /// [`MAX_COMBINATIONS`] combinations of `$or`. Quotas on size (4,096 characters) and on the cost of wildcards are not checked.
    pub fn parse(pattern: &Value) -> Result<Pattern, PatternError> {
        Ok(Pattern { alternatives: parse::alternatives(pattern)? })
    }

    /// Whether an event matches. Values inside arrays match one by one; two fields of objects in one array match
    /// together only when they come from the same element.
    pub fn matches(&self, event: &Value) -> bool {
        let fields = fields::flatten(event);
        self.alternatives.iter().any(|rule| rule_matches(rule, &fields, &mut Vec::new()))
    }
}

/// Finds one field for each path so that all of them can stand side by side in the event.
///
/// `chosen` is where in arrays the fields chosen so far were found; a choice that leads nowhere is taken back.
fn rule_matches(rule: &[(String, Vec<Matcher>)], fields: &[Field<'_>], chosen: &mut Vec<Step>) -> bool {
    let Some(((path, matchers), rest)) = rule.split_first() else { return true };
    let candidates = || fields.iter().filter(|field| field.path == *path);
    if candidates().next().is_none() {
        return matchers.iter().any(Matcher::accepts_absence) && rule_matches(rest, fields, chosen);
    }
    let accepted = candidates().filter(|field| matchers.iter().any(|matcher| matcher.accepts(field.value)));
    accepted.into_iter().any(|field| {
        let depth = chosen.len();
        chosen.extend(&field.steps);
        let matched = fields::consistent(chosen) && rule_matches(rest, fields, chosen);
        chosen.truncate(depth);
        matched
    })
}

#[cfg(test)]
mod tests;
