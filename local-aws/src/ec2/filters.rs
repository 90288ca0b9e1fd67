//! Owns the filters of lists: values with wildcards, of which one must match.

use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// "You can specify up to 200 values" for one request ("Filtering and searching using the API").
const MAX_VALUES: usize = 200;

/// One `Filter.N`.
pub(super) struct Filter {
    name: String,
    values: Vec<String>,
}

/// Reads the filters of an operation that serves those names, and `tag:KEY`.
pub(super) fn read(
    input: &mut Members,
    operation: &str,
    served: &[&str],
) -> Result<Vec<Filter>, ErrorAnswer> {
    let mut filters = Vec::new();
    for mut given in input.structures("Filter")? {
        let name = given.string("Name")?.unwrap_or_default();
        let values = given.strings("Value")?;
        given.finish()?;
        if values.is_empty() || name.is_empty() {
            return Err(ErrorAnswer::new("InvalidParameterValue", "A filter has a name and a value"));
        }
        let is_tag = name.strip_prefix("tag:").is_some_and(|key| !key.is_empty());
        if !is_tag && !served.contains(&&*name) {
            return Err(ErrorAnswer::not_served(format_args!("the filter `{name}` of {operation}")));
        }
        filters.push(Filter { name, values });
    }
    match filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MAX_VALUES {
        true => Err(ErrorAnswer::new("FilterLimitExceeded", "The maximum number of filter values is 200")),
        false => Ok(filters),
    }
}

impl Filter {
    /// Whether a value of the filter matches one of a resource with those tags. `held` returns the resource's values for
    /// the name of a filter.
    pub(super) fn fits(&self, tags: &[(String, String)], held: impl Fn(&str) -> Vec<String>) -> bool {
        let values = match self.name.strip_prefix("tag:") {
            Some(key) => {
                tags.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone()).collect()
            }
            None if self.name == "tag-key" => tags.iter().map(|(key, _)| key.clone()).collect(),
            None => held(&self.name),
        };
        values.iter().any(|text| self.values.iter().any(|pattern| matches(pattern, text)))
    }
}

/// `*` is any text, `?` is one character, `\` escapes the next character; case matters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let mut tails = text.char_indices().map(|(at, _)| &text[at..]).chain([""]);
            tails.any(|tail| matches(rest.as_str(), tail))
        }
        Some(wanted) => {
            let (any, wanted) = match wanted {
                '\\' => (false, rest.next().unwrap_or('\\')),
                other => (other == '?', other),
            };
            let mut left = text.chars();
            left.next().is_some_and(|c| (any || c == wanted) && matches(rest.as_str(), left.as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_are_those_of_ec2() {
        let fits = [
            ("*", ""),
            ("base-*", "base-1"),
            ("b?se", "büse"),
            (r"\*amazon\?\\", r"*amazon?\"),
            ("a*c*e", "abcde"),
        ];
        for (pattern, text) in fits {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("Base", "base"), ("b?se", "bse"), (r"\*", "x"), ("a*c", "abcd")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
