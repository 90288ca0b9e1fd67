//! Owns the filters of DescribeImages: values with wildcards, of which one must match.

use super::{ImageRecord, PermissionGrantee};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// "You can specify up to 200 values" for one request ("Filtering and searching using the API").
const MAX_VALUES: usize = 200;

/// One `Filter.N`.
pub(super) struct Filter {
    name: String,
    values: Vec<String>,
}

pub(super) fn read(input: &mut Members) -> Result<Vec<Filter>, ErrorAnswer> {
    let mut filters = Vec::new();
    for mut given in input.structures("Filter")? {
        let name = given.string("Name")?.unwrap_or_default();
        let values = given.strings("Value")?;
        given.finish()?;
        if values.is_empty() || name.is_empty() {
            return Err(ErrorAnswer::new("InvalidParameterValue", "A filter has a name and a value"));
        }
        if !is_served(&name) {
            return Err(ErrorAnswer::not_served(format_args!("the filter `{name}` of DescribeImages")));
        }
        filters.push(Filter { name, values });
    }
    match filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MAX_VALUES {
        true => Err(ErrorAnswer::new("FilterLimitExceeded", "The maximum number of filter values is 200")),
        false => Ok(filters),
    }
}

fn is_served(name: &str) -> bool {
    let plain = [
        "architecture",
        "block-device-mapping.encrypted",
        "block-device-mapping.snapshot-id",
        "creation-date",
        "description",
        "image-id",
        "image-type",
        "is-public",
        "name",
        "owner-alias",
        "owner-id",
        "root-device-type",
        "state",
        "tag-key",
    ];
    plain.contains(&name) || name.strip_prefix("tag:").is_some_and(|key| !key.is_empty())
}

impl Filter {
    /// Whether a value of the filter matches a value of the image.
    pub(super) fn fits(&self, image: &ImageRecord, is_encrypted: bool) -> bool {
        let has = held(&self.name, image, is_encrypted);
        has.iter().any(|text| self.values.iter().any(|pattern| matches(pattern, text)))
    }
}

fn held(name: &str, image: &ImageRecord, is_encrypted: bool) -> Vec<String> {
    if let Some(key) = name.strip_prefix("tag:") {
        return image.tags.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone()).collect();
    }
    let one = |text: &str| vec![text.to_owned()];
    match name {
        "architecture" => one(&image.architecture),
        "block-device-mapping.encrypted" => vec![is_encrypted.to_string()],
        "block-device-mapping.snapshot-id" => one(&image.snapshot),
        "creation-date" => vec![super::describe::time(image.created)],
        "description" => image.description.iter().cloned().collect(),
        "image-id" => one(&image.id),
        "image-type" => one("machine"),
        "is-public" => vec![image.shared_with.contains(&PermissionGrantee::Everyone).to_string()],
        "name" => one(&image.name),
        "owner-alias" => image.owner_alias.iter().cloned().collect(),
        "owner-id" => one(&image.owner),
        "root-device-type" => one("ebs"),
        "state" => one(&image.state),
        "tag-key" => image.tags.iter().map(|(key, _)| key.clone()).collect(),
        _ => Vec::new(),
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
