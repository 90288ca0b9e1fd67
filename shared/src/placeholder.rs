//! Texts of the rules with `{placeholders}`, which are filled in for each event.

use std::fmt;

use crate::config::Code;
use crate::text::list;

/// A brace that begins no placeholder, or an unknown placeholder.
pub const BAD_PLACEHOLDER: Code = Code { name: "bad-placeholder", title: "a placeholder cannot be read" };

/// A text and the placeholders in it. `{{` and `}}` are a brace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Placeholder(&'static str),
}

/// Why a text cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlaceholder {
    /// An unknown placeholder.
    #[error("there is no placeholder {{{0}}}")]
    Unknown(String),
    /// A single brace.
    #[error("this brace is not part of a placeholder; write {{{{ or }}}} for a brace")]
    Brace,
}

impl Filled {
    /// Reads a text in which the placeholders are `known`.
    ///
    /// # Errors
    /// When the text has an unknown placeholder or a single brace.
    pub fn parse(text: &str, known: &[&'static str]) -> Result<Self, BadPlaceholder> {
        let mut parts = Vec::new();
        let mut fixed = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            fixed.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                fixed.push_str(brace);
                rest = after;
                continue;
            }
            let (name, after) = rest.split_once('}').filter(|_| brace == "{").ok_or(BadPlaceholder::Brace)?;
            let found = known.iter().find(|known| **known == name);
            let found = found.ok_or_else(|| BadPlaceholder::Unknown(name.to_owned()))?;
            parts.push(Part::Fixed(std::mem::take(&mut fixed)));
            parts.push(Part::Placeholder(found));
            rest = after;
        }
        parts.push(Part::Fixed(fixed + rest));
        parts.retain(|part| *part != Part::Fixed(String::new()));
        Ok(Self { parts })
    }

    /// Whether the text has the placeholder `name`.
    pub fn asks_for(&self, name: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Placeholder(asked) if *asked == name))
    }

    /// The text with the result of `value` for each placeholder.
    ///
    /// # Errors
    /// The first placeholder for which `value` has no result.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, &'static str> {
        let filled = self.parts.iter().map(|part| match part {
            Part::Fixed(text) => Ok(text.clone()),
            Part::Placeholder(name) => value(name).ok_or(*name),
        });
        filled.collect()
    }
}

/// `{repository}, {branch} and {commit}`, for a help line.
pub fn listed(known: &[&'static str]) -> String {
    let names: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
    list(names)
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Fixed(text) => f.write_str(text),
            Part::Placeholder(name) => write!(f, "{{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["repository", "branch"];

    fn filled(text: &str) -> Result<String, String> {
        let text = Filled::parse(text, KNOWN).map_err(|error| error.to_string())?;
        text.fill(|name| (name == "branch").then(|| "a{b}".to_owned())).map_err(str::to_owned)
    }

    #[test]
    fn placeholders_are_filled_once_and_braces_are_doubled() {
        assert_eq!(filled("x-{branch}-y").unwrap(), "x-a{b}-y");
        assert_eq!(filled("{{branch}} {branch}").unwrap(), "{branch} a{b}");
        assert_eq!(filled("").unwrap(), "");
        assert_eq!(filled("{repository}").unwrap_err(), "repository");
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        assert_eq!(filled("{Branch}").unwrap_err(), "there is no placeholder {Branch}");
        for text in ["{", "}", "a}b", "{branch", "}{branch}"] {
            assert!(filled(text).unwrap_err().contains("not part of a placeholder"), "{text}");
        }
    }
}
