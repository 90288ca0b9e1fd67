//! A rule's template: a file that is deployed with the rules, or an object in S3.

use std::fmt;
use std::path::{Component, Path, PathBuf};

/// The most bytes of a template that is sent with the call (CreateStack, AWS CloudFormation API Reference).
pub(super) const LARGEST_BODY: usize = 51_200;

/// The longest URL of a template (the same).
const LONGEST_URL: usize = 5_120;

/// What a stack is made of.
#[derive(Clone, PartialEq, Eq)]
pub enum Template {
    /// Sent with the call.
    Body {
        /// The file, as the rule names it.
        file: String,
        /// All of it.
        text: String,
    },
    /// Read by CloudFormation, with the function's own rights.
    Url(String),
}

impl Template {
    /// What a change of the template changes: its text, or where it is.
    pub fn source(&self) -> &str {
        match self {
            Self::Body { text, .. } => text,
            Self::Url(url) => url,
        }
    }
}

/// As the rule names it.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body { file, .. } => f.write_str(file),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// Without the text, which fills pages.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

/// Why there is no such template, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) label: String,
    pub(super) help: String,
}

fn unusable(label: impl Into<String>, help: impl Into<String>) -> Unusable {
    Unusable { label: label.into(), help: help.into() }
}

/// The template that a rule names.
pub(super) fn find(named: &str, folders: &[PathBuf]) -> Result<Template, Unusable> {
    match named.contains("://") {
        true => url(named),
        false => file(named, folders),
    }
}

/// `https://BUCKET.s3.REGION.amazonaws.com/KEY`. CloudFormation reads templates from S3 only, and takes other forms, too;
/// the permission to do so is given for this one.
fn url(named: &str) -> Result<Template, Unusable> {
    let help = "write https://BUCKET.s3.REGION.amazonaws.com/KEY, or the name of a file beside the rules";
    let Some(rest) = named.strip_prefix("https://") else {
        return Err(unusable("CloudFormation reads templates over https only", help));
    };
    let (host, key) = rest.split_once('/').unwrap_or((rest, ""));
    let domain = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com");
    let bucket_and_region = domain.and_then(|domain| domain.rsplit_once(".s3."));
    let is_s3 = bucket_and_region
        .is_some_and(|(bucket, region)| !bucket.is_empty() && !region.is_empty() && !region.contains('.'));
    if !is_s3 || key.is_empty() || key.split('/').any(|part| part == "..") {
        return Err(unusable("this does not name an object in S3 by bucket, region and key", help));
    }
    if named.len() > LONGEST_URL {
        return Err(unusable(format!("a template's URL has at most {LONGEST_URL} characters"), help));
    }
    Ok(Template::Url(named.to_owned()))
}

fn file(named: &str, folders: &[PathBuf]) -> Result<Template, Unusable> {
    let inside = Path::new(named).components().all(|part| matches!(part, Component::Normal(_)));
    if named.is_empty() || !inside {
        return Err(unusable(
            "a template is named from the folder of the rules",
            "write a name such as `branch-pipeline.yaml`, without `..`",
        ));
    }
    let found = folders.iter().map(|folder| folder.join(named)).find(|path| path.is_file());
    let Some(path) = found else {
        let looked: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(unusable(
            "there is no such file",
            format!("it is looked for in {}", looked.join(" and in ")),
        ));
    };
    let text = std::fs::read(&path)
        .map_err(|error| unusable(format!("it cannot be read: {error}"), "make it readable"))?;
    let text = String::from_utf8(text).map_err(|_| unusable("it is not UTF-8", "save it as UTF-8"))?;
    if text.trim().is_empty() {
        return Err(unusable("the file is empty", "write a template, with Resources"));
    }
    if text.len() > LARGEST_BODY {
        return Err(unusable(
            format!("it has {} bytes; at most {LARGEST_BODY} are sent with a call", text.len()),
            "put it in S3 and write its https:// URL",
        ));
    }
    Ok(Template::Body { file: named.to_owned(), text })
}
