//! Owns the comparison operators: the leaf values that each accepts.

use std::net::IpAddr;

use serde_json::Value;

/// One entry of a field's array in a pattern.
#[derive(Debug, Clone)]
pub(crate) enum ValueMatcher {
    /// A string, boolean or null, compared as it is.
    Exactly(Value),
    /// A number; 5, 5.0 and 5e0 are the same.
    Number(f64),
    /// An operator on strings.
    Text(StringOperator),
    /// `anything-but` a list of strings or of numbers.
    NoneOf(Vec<ValueMatcher>),
    /// `anything-but` an operator on strings. A value that is no string matches.
    NotText(Vec<StringOperator>),
    Range(NumericRange),
    Cidr(AddressBlock),
    /// `exists`: true requires a value, false requires that there is none.
    Exists(bool),
}

/// An operator on a string.
#[derive(Debug, Clone)]
pub(crate) enum StringOperator {
    Prefix(String),
    Suffix(String),
    EqualsIgnoreCase(String),
    PrefixIgnoreCase(String),
    SuffixIgnoreCase(String),
    Wildcard(Vec<Glyph>),
}

/// One character of a wildcard pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    Star,
    Char(char),
}

/// The bounds of `numeric`. Each is a number, and whether the number itself is in the range.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NumericRange {
    pub(crate) lower: Option<(f64, bool)>,
    pub(crate) upper: Option<(f64, bool)>,
}

/// A block of IP addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressBlock {
    pub(crate) network: IpAddr,
    pub(crate) prefix_length: u32,
}

impl ValueMatcher {
    /// Whether a value that is present satisfies this entry.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        match self {
            ValueMatcher::Exactly(wanted) => value == wanted,
            ValueMatcher::Number(wanted) => value.as_f64() == Some(*wanted),
            ValueMatcher::Text(operator) => value.as_str().is_some_and(|value| operator.accepts(value)),
            ValueMatcher::NoneOf(unwanted) => !unwanted.iter().any(|matcher| matcher.accepts(value)),
            ValueMatcher::NotText(unwanted) => {
                value.as_str().is_none_or(|value| !unwanted.iter().any(|text| text.accepts(value)))
            }
            ValueMatcher::Range(range) => value.as_f64().is_some_and(|value| range.contains(value)),
            ValueMatcher::Cidr(block) => value.as_str().is_some_and(|value| block.contains(value)),
            ValueMatcher::Exists(wanted) => *wanted,
        }
    }

    /// Whether this entry is satisfied by a path that has no value.
    pub(crate) fn accepts_absence(&self) -> bool {
        matches!(self, ValueMatcher::Exists(false))
    }
}

impl StringOperator {
    pub(crate) fn accepts(&self, value: &str) -> bool {
        match self {
            StringOperator::Prefix(prefix) => value.starts_with(prefix),
            StringOperator::Suffix(suffix) => value.ends_with(suffix),
            StringOperator::EqualsIgnoreCase(wanted) => without_start(value, wanted) == Some(""),
            StringOperator::PrefixIgnoreCase(prefix) => without_start(value, prefix).is_some(),
            StringOperator::SuffixIgnoreCase(suffix) => without_end(value, suffix).is_some(),
            StringOperator::Wildcard(pattern) => {
                wildcard_matches(pattern, &value.chars().collect::<Vec<_>>())
            }
        }
    }
}

/// The rest of a value after an operand at its start. Each of the operand's characters matches in either case.
fn without_start<'a>(value: &'a str, operand: &str) -> Option<&'a str> {
    let strip = |rest: &'a str, char| cases(char).iter().find_map(|case| rest.strip_prefix(case.as_str()));
    operand.chars().try_fold(value, strip)
}

fn without_end<'a>(value: &'a str, operand: &str) -> Option<&'a str> {
    let strip = |rest: &'a str, char| cases(char).iter().find_map(|case| rest.strip_suffix(case.as_str()));
    operand.chars().rev().try_fold(value, strip)
}

/// A character in lower and in upper case. Either may be longer than one character (`ß` and `SS`). Neither begins or ends
/// with the other, so at most one of them fits.
fn cases(char: char) -> [String; 2] {
    [char.to_lowercase().to_string(), char.to_uppercase().to_string()]
}

/// Matches greedily from the left. On a mismatch only the last star takes one more character, so the time is bounded by
/// pattern times value for any number of stars.
fn wildcard_matches(pattern: &[Glyph], value: &[char]) -> bool {
    let (mut p, mut v) = (0, 0);
    let mut retry = None;
    while v < value.len() {
        match pattern.get(p) {
            Some(Glyph::Char(wanted)) if *wanted == value[v] => (p, v) = (p + 1, v + 1),
            Some(Glyph::Star) => {
                retry = Some((p + 1, v));
                p += 1;
            }
            _ => {
                let Some((after_star, taken)) = retry else { return false };
                retry = Some((after_star, taken + 1));
                (p, v) = (after_star, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|glyph| *glyph == Glyph::Star)
}

impl NumericRange {
    fn contains(&self, value: f64) -> bool {
        let above = self.lower.is_none_or(|(bound, inside)| value > bound || (inside && value == bound));
        let below = self.upper.is_none_or(|(bound, inside)| value < bound || (inside && value == bound));
        above && below
    }
}

impl AddressBlock {
    fn contains(&self, value: &str) -> bool {
        let Ok(address) = value.parse::<IpAddr>() else { return false };
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= self.prefix_length
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= self.prefix_length
            }
            _ => false,
        }
    }
}
