//! Reads the SAM template as it would be deployed: its functions, their triggers and their permissions.
//!
//! Parameters and conditions are evaluated as CloudFormation evaluates them. A value that only a deployment has (the ARN of a
//! resource that does not exist yet) stays as it is written and matches nothing.

mod function;
mod permissions;
mod samconfig;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cloudformation_template::{ParameterError, SyntaxError};
use eventbridge_pattern::PatternError;
pub use function::{DeployedFunction, EventRule, FailedQueue, QueueMapping, Schedule};
pub use permissions::{Statement, StatementEffect};
pub use samconfig::{environments, overrides, region, template_file};
use shared::text_file::without_mark;
pub use values::{ACCOUNT, PARTITION, REGION, STACK_NAME};

/// The functions that a template deploys with given parameters.
#[derive(Debug, Clone)]
pub struct SamTemplate {
    functions: Vec<DeployedFunction>,
    tables: Vec<DeployedTable>,
    parameters: Vec<(String, String)>,
}

/// The SAM templates of the workspace: the application, and the part in the recovery region.
pub const TEMPLATES: [&str; 2] = ["template.yaml", "templates/recovery.yaml"];

/// A DynamoDB table of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedTable {
    /// Its name in a replay.
    pub name: String,
    /// The partition key, and its type.
    pub hash: (String, String),
    /// The sort key, and its type.
    pub range: Option<(String, String)>,
}

impl SamTemplate {
    /// Reads a template. Parameters take their value from `overrides`, else their `Default`; functions whose
    /// `Condition` is then false are left out, as CloudFormation leaves them out.
    ///
    /// Values that only a deployment has are stand-ins: account [`ACCOUNT`], region [`REGION`], partition [`PARTITION`], stack
    /// [`STACK_NAME`]. The crate `cloudformation-template` evaluates the intrinsic functions.
    ///
    /// # Errors
    ///
    /// [`TemplateError`]: the file cannot be read or is no YAML, an override names no parameter or a value that the parameter does
    /// not allow, a parameter has no value, or a function lacks a property that a deployment requires.
    pub fn read(path: &Path, overrides: &BTreeMap<String, String>) -> Result<SamTemplate, TemplateError> {
        SamTemplate::read_in(path, overrides, REGION)
    }

    /// As [`SamTemplate::read`], deployed to a region.
    ///
    /// # Errors
    ///
    /// As [`SamTemplate::read`].
    pub fn read_in(
        path: &Path,
        overrides: &BTreeMap<String, String>,
        region: &str,
    ) -> Result<SamTemplate, TemplateError> {
        let document = document(path)?;
        let values = values::values(&document, overrides, region)?;
        Ok(SamTemplate {
            functions: function::all(&document, &values)?,
            tables: values::keyed_tables(&document),
            parameters: values::valued_parameters(&document, &values),
        })
    }

    /// Both templates as one, as if they were deployed in one region.
    #[must_use]
    pub fn joined(mut self, other: SamTemplate) -> SamTemplate {
        self.functions.extend(other.functions);
        self.tables.extend(other.tables);
        self.parameters.extend(other.parameters);
        self
    }

    /// The parameters of SSM: their names and values.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The tables.
    pub fn tables(&self) -> &[DeployedTable] {
        &self.tables
    }

    /// The functions, in the template's order.
    pub fn functions(&self) -> impl Iterator<Item = &DeployedFunction> {
        self.functions.iter()
    }
}

/// The reason for which a template or `samconfig.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a YAML file", path.display())]
    Yaml { path: PathBuf, source: SyntaxError },
    #[error("{} is not a TOML file", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{} has no environment `{name}`", path.display())]
    NoEnvironment { path: PathBuf, name: String },
    #[error("{}: {place}: {why}", path.display())]
    Samconfig { path: PathBuf, place: String, why: String },
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    #[error("property `{property}` of function {function} is not {wanted}")]
    Property { function: String, property: &'static str, wanted: &'static str },
    #[error("rule {rule} of function {function} cannot be used")]
    Pattern { function: String, rule: String, source: PatternError },
}

/// The template as it is written, with every short tag in its long form: `!Ref A` is `{"Ref": "A"}`.
///
/// # Errors
///
/// [`TemplateError`]: the file cannot be read or is no YAML.
pub fn document(path: &Path) -> Result<serde_json::Value, TemplateError> {
    let text = read_file(path)?;
    cloudformation_template::parse(&text)
        .map_err(|source| TemplateError::Yaml { path: path.to_owned(), source })
}

fn read_file(path: &Path) -> Result<String, TemplateError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
    Ok(without_mark(&text).to_owned())
}
