//! Owns event patterns: decides whether an Amazon EventBridge event pattern matches an event, as EventBridge would.
//!
//! The rules are those of the Amazon EventBridge User Guide, pages "Creating Amazon EventBridge event patterns" and
//! "Comparison operators for use in event patterns". Where the guide is silent, AWS's open-source matcher event-ruler decides.
//!
//! ```
//! use eventbridge_pattern::EventPattern;
//! use serde_json::json;
//!
//! let pattern = EventPattern::parse(&json!({
//!     "source": ["aws.codecommit"],
//!     "detail": { "referenceName": [{ "prefix": "release/" }] },
//! }))?;
//! let event = |branch| json!({ "source": "aws.codecommit", "detail": { "referenceName": branch } });
//!
//! assert!(pattern.matches(&event("release/2.4")));
//! assert!(!pattern.matches(&event("main")));
//! # Ok::<(), eventbridge_pattern::PatternError>(())
//! ```
#![warn(missing_docs)]

mod error;
mod fields;
mod matcher;
mod operators;
mod parse;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

use fields::{ArrayElement, EventField};
use matcher::ValueMatcher;
use serde_json::Value;

pub use error::{PatternError, PatternProblem};

/// The number of combinations of `$or` branches that one pattern may have (EventBridge User Guide, "Comparison operators",
/// `$or`).
pub const MAX_COMBINATIONS: usize = 1_000;

/// An event pattern that EventBridge accepts.
#[derive(Debug, Clone)]
pub struct EventPattern {
    /// A pattern without `$or` has one alternative; each `$or` multiplies them. An event matches when it matches any.
    alternatives: Vec<Alternative>,
}

/// What one alternative requires of each path. The path is dotted, so `{"a.b": ..}` and `{"a": {"b": ..}}` require the same.
type Alternative = Vec<(String, Vec<ValueMatcher>)>;

impl EventPattern {
    /// Reads a pattern, as a template or the console writes it.
    ///
    /// ```
    /// # use eventbridge_pattern::EventPattern;
    /// # use serde_json::json;
    /// let size = json!({ "detail": { "size": [{ "numeric": [">", 0, "<=", 100] }] } });
    /// assert!(EventPattern::parse(&size).is_ok());
    ///
    /// let not_an_array = json!({ "source": "aws.codecommit" });
    /// let error = EventPattern::parse(&not_an_array).unwrap_err();
    /// assert_eq!(error.path(), "source");
    /// assert_eq!(
    ///     error.to_string(),
    ///     "event pattern is not valid at source: the value must be an array or an object"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// [`PatternError`] if EventBridge answers the pattern with `InvalidEventPatternException`: a field is not a non-empty
    /// array or object, an operator is unknown, an operand has the wrong type, or `$or` makes more than
    /// [`MAX_COMBINATIONS`] combinations. The quotas on a pattern's size (4,096 characters) and on the cost of wildcards are
    /// not checked.
    pub fn parse(pattern: &Value) -> Result<EventPattern, PatternError> {
        Ok(EventPattern { alternatives: parse::alternatives(pattern)? })
    }

    /// Whether an event matches.
    ///
    /// The elements of an array match one by one. Two fields of objects in one array match together only when both come from
    /// the same element.
    ///
    /// ```
    /// # use eventbridge_pattern::EventPattern;
    /// # use serde_json::json;
    /// let pattern = EventPattern::parse(&json!({ "rules": { "port": [22], "range": ["0.0.0.0/0"] } })).unwrap();
    /// let event = |ssh: &str, https: &str| {
    ///     json!({ "rules": [{ "port": 22, "range": ssh }, { "port": 443, "range": https }] })
    /// };
    ///
    /// assert!(pattern.matches(&event("0.0.0.0/0", "10.0.0.0/8")));
    /// assert!(!pattern.matches(&event("10.0.0.0/8", "0.0.0.0/0")));
    /// ```
    pub fn matches(&self, event: &Value) -> bool {
        let fields = fields::flatten(event);
        self.alternatives.iter().any(|alternative| alternative_matches(alternative, &fields, &mut Vec::new()))
    }
}

/// Finds one field for each path so that all of them can stand side by side in the event.
///
/// `chosen` holds the array elements of the fields chosen so far; a choice that leads nowhere is undone.
fn alternative_matches(
    alternative: &[(String, Vec<ValueMatcher>)],
    fields: &[EventField<'_>],
    chosen: &mut Vec<ArrayElement>,
) -> bool {
    let Some(((path, matchers), rest)) = alternative.split_first() else { return true };
    let candidates = || fields.iter().filter(|field| field.path == *path);
    if candidates().next().is_none() {
        return matchers.iter().any(ValueMatcher::accepts_absence)
            && alternative_matches(rest, fields, chosen);
    }
    let accepted = candidates().filter(|field| matchers.iter().any(|matcher| matcher.accepts(field.value)));
    accepted.into_iter().any(|field| {
        let depth = chosen.len();
        chosen.extend(&field.elements);
        let matched = fields::are_consistent(chosen) && alternative_matches(rest, fields, chosen);
        chosen.truncate(depth);
        matched
    })
}
