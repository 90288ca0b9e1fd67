//! Owns the names of sources: a path, `s3://bucket/key`, `dynamodb://table`.

use std::fmt;
use std::path::PathBuf;

use shared::config::deployed;

/// Where the rules are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulesSource {
    /// A file.
    File(PathBuf),
    /// An S3 object.
    Object {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// A DynamoDB table with one item for each rule.
    Table {
        /// The table's name.
        name: String,
    },
}

/// The text names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` names no rules: {why}")]
pub struct BadSource {
    given: String,
    why: &'static str,
}

impl RulesSource {
    /// The source of the deployment, which the variable `POINTSMAN_CONFIG` names.
    ///
    /// # Errors
    /// When the variable has another form.
    pub fn deployed() -> Result<Self, BadSource> {
        Self::parse(&deployed::path().to_string_lossy())
    }

    /// Reads `s3://bucket/key`, `dynamodb://table` or a path.
    ///
    /// # Errors
    /// When the text begins with another scheme, or lacks a part.
    pub fn parse(text: &str) -> Result<Self, BadSource> {
        let bad = |why| BadSource { given: text.to_owned(), why };
        match text.split_once("://") {
            None => Ok(Self::File(PathBuf::from(text))),
            Some(("s3", place)) => {
                let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
                match is_bucket(bucket) && !key.is_empty() && key.len() <= LONGEST_KEY {
                    true => Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned() }),
                    false => Err(bad("an object is named s3://bucket/key")),
                }
            }
            Some(("dynamodb", name)) if is_table(name) => Ok(Self::Table { name: name.to_owned() }),
            Some(("dynamodb", _)) => Err(bad("a table is named dynamodb://table")),
            Some(_) => Err(bad("write a path, s3://bucket/key or dynamodb://table")),
        }
    }

    /// Whether reading the source makes no call to AWS.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl fmt::Display for RulesSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Table { name } => write!(f, "dynamodb://{name}"),
        }
    }
}

/// "The name of an object key is a sequence of Unicode characters encoded in UTF-8, with a maximum length of 1,024 bytes"
/// ("Naming Amazon S3 objects", Amazon S3 User Guide).
const LONGEST_KEY: usize = 1024;

/// 3 to 63 lower-case letters, digits, dots and hyphens ("General purpose bucket naming rules", Amazon S3 User Guide).
fn is_bucket(name: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    (3..=63).contains(&name.len()) && name.chars().all(is_legal)
}

/// 3 to 255 letters, digits, dots, hyphens and underscores ("Naming rules", Amazon DynamoDB Developer Guide).
fn is_table(name: &str) -> bool {
    (3..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_path_an_object_or_a_table() {
        for text in
            ["/opt/pointsman.toml", "rules.toml", "s3://acme-rules/team/pointsman.toml", "dynamodb://rules"]
        {
            assert_eq!(RulesSource::parse(text).unwrap().to_string(), text);
        }
        assert!(RulesSource::parse("./x/s3:/y").unwrap().is_file());
        let object = RulesSource::parse("s3://acme-rules/a/b.toml").unwrap();
        assert_eq!(object, RulesSource::Object { bucket: "acme-rules".into(), key: "a/b.toml".into() });
    }

    #[test]
    fn a_source_without_a_part_or_with_another_scheme_is_refused() {
        for text in [
            "s3://",
            "s3://bucket",
            "s3://bucket/",
            "s3:///key",
            "s3://Bucket/key",
            "dynamodb://",
            "dynamodb://a/b",
            "https://x/y",
        ] {
            let refused = RulesSource::parse(text).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("`{text}` names no rules: ")), "{refused}");
        }
    }
}
