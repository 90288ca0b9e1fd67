//! The template of a rule: a file that is deployed with the rules, or an object in S3.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use shared::text::{list, noun};

/// The most bytes of a template that is sent with the call (CreateStack, AWS CloudFormation API Reference).
pub(super) const LARGEST_BODY: usize = 51_200;

/// The longest URL of a template (the same).
const LONGEST_URL: usize = 5_120;

/// The template of a stack.
#[derive(Clone, PartialEq, Eq)]
pub enum StackTemplate {
    /// A file, sent with the call.
    Body {
        /// The file's name, as the rule has it.
        file: String,
        /// The file's text.
        text: String,
    },
    /// A URL, which CloudFormation reads with the function's own permissions.
    Url(String),
}

impl StackTemplate {
    /// The part of the template that counts as a change when it differs: its text, or its URL.
    pub fn source(&self) -> &str {
        match self {
            Self::Body { text, .. } => text,
            Self::Url(url) => url,
        }
    }
}

/// The name, as the rule has it.
impl fmt::Display for StackTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body { file, .. } => f.write_str(file),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// Without the text, which fills pages.
impl fmt::Debug for StackTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StackTemplate({self})")
    }
}

/// Why a template cannot be used, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnusableTemplate {
    pub(super) label: String,
    pub(super) help: String,
}

fn unusable(label: impl Into<String>, help: impl Into<String>) -> UnusableTemplate {
    UnusableTemplate { label: label.into(), help: help.into() }
}

/// The template that a rule names.
pub(super) fn find(named: &str, folders: &[PathBuf]) -> Result<StackTemplate, UnusableTemplate> {
    match named.contains("://") {
        true => url(named),
        false => file(named, folders),
    }
}

/// `https://BUCKET.s3.REGION.amazonaws.com/KEY`. CloudFormation reads templates from S3 only. It accepts other forms too, but
/// the function has a permission for this form only.
fn url(named: &str) -> Result<StackTemplate, UnusableTemplate> {
    let help = "write https://BUCKET.s3.REGION.amazonaws.com/KEY, or the name of a file in the folder of the rules file";
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
    Ok(StackTemplate::Url(named.to_owned()))
}

fn file(named: &str, folders: &[PathBuf]) -> Result<StackTemplate, UnusableTemplate> {
    let inside = Path::new(named).components().all(|part| matches!(part, Component::Normal(_)));
    if named.is_empty() || !inside {
        return Err(unusable(
            "a template's path is relative to the folder of the rules file",
            "write a name such as `branch-pipeline.yaml`, without `..`",
        ));
    }
    let found = folders.iter().map(|folder| folder.join(named)).find(|path| path.is_file());
    let Some(path) = found else {
        let searched = list(folders.iter().map(|folder| folder.display().to_string()));
        let folder = noun(folders.len(), "folder");
        return Err(unusable("there is no such file", format!("put the file into the {folder} {searched}")));
    };
    let text = std::fs::read(&path)
        .map_err(|error| unusable(format!("the file cannot be read: {error}"), "make the file readable"))?;
    let text =
        String::from_utf8(text).map_err(|_| unusable("the file is not UTF-8", "save the file as UTF-8"))?;
    if text.trim().is_empty() {
        return Err(unusable("the file is empty", "write a template with a section Resources"));
    }
    if text.len() > LARGEST_BODY {
        return Err(unusable(
            format!("the file has {} bytes, and a call can send at most {LARGEST_BODY}", text.len()),
            "put the file into S3 and write its https:// URL",
        ));
    }
    Ok(StackTemplate::Body { file: named.to_owned(), text })
}
