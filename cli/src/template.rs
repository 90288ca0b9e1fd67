//! Reads the SAM template as it would be deployed: which functions, started by what, allowed what.
//!
//! Parameters and conditions are worked out as CloudFormation would; what only a deployment can know (an ARN of a
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

pub use function::{Function, QueueMapping, Rule, Schedule};
use local_aws::event_pattern::PatternError;
pub use permissions::{Effect, Statement};
pub use samconfig::{overrides, template_file};
pub use values::{ACCOUNT, PARTITION, REGION, STACK_NAME};

/// The functions that a template deploys with given parameters.
#[derive(Debug, Clone)]
pub struct Template {
    functions: Vec<Function>,
    tables: Vec<Table>,
    parameters: Vec<(String, String)>,
}

/// The SAM templates of the workspace: the application, and what is deployed in the recovery region.
pub const TEMPLATES: [&str; 2] = ["template.yaml", "templates/recovery.yaml"];

/// A DynamoDB table of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The name that it has here.
    pub name: String,
    /// The partition key, and its type.
    pub hash: (String, String),
    /// The sort key, and its type.
    pub range: Option<(String, String)>,
}

impl Template {
    /// Reads a template. Parameters take their value from `overrides`, else their `Default`; functions whose
    /// `Condition` is then false are left out, as CloudFormation leaves them out.
    ///
    /// Values only a deployment has are stand-ins: account [`ACCOUNT`], region [`REGION`], partition [`PARTITION`],
    /// stack [`STACK_NAME`]. Understood are `Ref`, `Fn::Sub`, `Fn::Join`, `Fn::Split`, `Fn::Select`, `Fn::FindInMap`, `Fn::If` and, in
    /// conditions, `Fn::Equals`, `Fn::Not`, `Fn::And`, `Fn::Or`, `Condition` (AWS CloudFormation User Guide,
    /// "Intrinsic function reference"), in their short form too.
    ///
    /// # Errors
    ///
    /// [`TemplateError`]: the file cannot be read or is no YAML, an override names no parameter or a value it does not
    /// allow, a parameter has no value, or a function lacks what a deployment would refuse it for.
    pub fn read(path: &Path, overrides: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
        let document = document(path)?;
        let values = values::values(&document, overrides)?;
        Ok(Template {
            functions: function::all(&document, &values)?,
            tables: values::keyed_tables(&document),
            parameters: values::valued_parameters(&document, &values),
        })
    }

    /// Both templates as one, as if they were deployed in one region.
    #[must_use]
    pub fn joined(mut self, other: Template) -> Template {
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
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The functions, in the template's order.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter()
    }
}

/// Why a template or `samconfig.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a YAML file", path.display())]
    Yaml { path: PathBuf, source: Box<serde_saphyr::Error> },
    #[error("{} is not a TOML file", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{} has no environment `{name}`", path.display())]
    NoEnvironment { path: PathBuf, name: String },
    #[error("{} has a parameter override that is not NAME=VALUE: `{text}`", path.display())]
    BadOverride { path: PathBuf, text: String },
    #[error("the template has no parameter `{name}`")]
    NoParameter { name: String },
    #[error("parameter `{name}` has neither a default nor an override")]
    NoValue { name: String },
    #[error("parameter `{name}` does not allow `{value}`: {why}")]
    NotAllowed { name: String, value: String, why: String },
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
    local_aws::template::parse(&text)
        .map_err(|source| TemplateError::Yaml { path: path.to_owned(), source: source.into() })
}

fn read_file(path: &Path) -> Result<String, TemplateError> {
    std::fs::read_to_string(path).map_err(|source| TemplateError::Read { path: path.to_owned(), source })
}
