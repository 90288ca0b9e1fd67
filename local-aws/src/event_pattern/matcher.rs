//! The comparison operators: what each accepts, one leaf value at a time.

use std::net::IpAddr;

use serde_json::Value;

/// One entry of a field's array in a pattern.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// A string, boolean or null, compared as it is.
    Exactly(Value),
    /// A number; 5, 5.0 and 5e0 are the same.
    Number(f64),
    /// An operator on strings.
    Text(Text),
    /// `anything-but` a list of strings or of numbers.
    NoneOf(Vec<Matcher>),
    /// `anything-but` an operator on strings. A value that is no string passes.
    NotText(Vec<Text>),
    Range(Range),
    Cidr(Cidr),
    /// `exists`: true asks for a value, false for none.
    Exists(bool),
}

/// An operator that looks at a string.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Prefix(String),
    Suffix(String),
    EqualsIgnoreCase(String),
    PrefixIgnoreCase(String),
    SuffixIgnoreCase(String),
    Wildcard(Vec<Glyph>),
}

/// One character of a wildcard pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyph {
    Star,
    Char(char),
}

/// Bounds of `numeric`; each is the number and whether it is itself inside.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Range {
    pub(super) lower: Option<(f64, bool)>,
    pub(super) upper: Option<(f64, bool)>,
}

/// An address block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cidr {
    pub(super) network: IpAddr,
    pub(super) prefix_length: u32,
}

impl Matcher {
    /// Whether a value that is present satisfies this entry.
    pub(super) fn accepts(&self, value: &Value) -> bool {
        match self {
            Matcher::Exactly(wanted) => value == wanted,
            Matcher::Number(wanted) => value.as_f64() == Some(*wanted),
            Matcher::Text(text) => value.as_str().is_some_and(|value| text.accepts(value)),
            Matcher::NoneOf(unwanted) => !unwanted.iter().any(|matcher| matcher.accepts(value)),
            Matcher::NotText(unwanted) => {
                value.as_str().is_none_or(|value| !unwanted.iter().any(|text| text.accepts(value)))
            }
            Matcher::Range(range) => value.as_f64().is_some_and(|value| range.contains(value)),
            Matcher::Cidr(block) => value.as_str().is_some_and(|value| block.contains(value)),
            Matcher::Exists(wanted) => *wanted,
        }
    }

    /// Whether this entry is satisfied by a path that has no value.
    pub(super) fn accepts_absence(&self) -> bool {
        matches!(self, Matcher::Exists(false))
    }
}

impl Text {
    pub(super) fn accepts(&self, value: &str) -> bool {
        match self {
            Text::Prefix(prefix) => value.starts_with(prefix),
            Text::Suffix(suffix) => value.ends_with(suffix),
            Text::EqualsIgnoreCase(wanted) => without_start(value, wanted) == Some(""),
            Text::PrefixIgnoreCase(prefix) => without_start(value, prefix).is_some(),
            Text::SuffixIgnoreCase(suffix) => without_end(value, suffix).is_some(),
            Text::Wildcard(pattern) => wildcard_matches(pattern, &value.chars().collect::<Vec<_>>()),
        }
    }
}

/// What is left of a value after an operand at its start, each of the operand's characters in either case.
fn without_start<'a>(value: &'a str, operand: &str) -> Option<&'a str> {
    let strip = |rest: &'a str, char| cases(char).iter().find_map(|case| rest.strip_prefix(case.as_str()));
    operand.chars().try_fold(value, strip)
}

fn without_end<'a>(value: &'a str, operand: &str) -> Option<&'a str> {
    let strip = |rest: &'a str, char| cases(char).iter().find_map(|case| rest.strip_suffix(case.as_str()));
    operand.chars().rev().try_fold(value, strip)
}

/// A character in lower and in upper case. Either may be longer than one character (`ß` and `SS`), but neither begins
/// or ends with the other, so at most one of them fits.
fn cases(char: char) -> [String; 2] {
    [char.to_lowercase().to_string(), char.to_uppercase().to_string()]
}

/// Matches greedily from the left. On a mismatch only the last star takes one more character, so the time is
/// bounded by pattern times value however many stars there are.
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

impl Range {
    fn contains(&self, value: f64) -> bool {
        let above = self.lower.is_none_or(|(bound, inside)| value > bound || (inside && value == bound));
        let below = self.upper.is_none_or(|(bound, inside)| value < bound || (inside && value == bound));
        above && below
    }
}

impl Cidr {
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
