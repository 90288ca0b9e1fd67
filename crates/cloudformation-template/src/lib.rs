//! Owns CloudFormation templates: reads them, checks them as CloudFormation does, and evaluates their functions.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use cloudformation_template::{Values, parse};
//! use serde_json::json;
//!
//! let template = parse("Resources: { Web: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub '${Stage}-web' } } }")?;
//! let values = Values::new(&template, BTreeMap::from([("Stage".to_owned(), json!("test"))]));
//!
//! let properties = values.value(&template["Resources"]["Web"]["Properties"]);
//! assert_eq!(properties, json!({ "TopicName": "test-web" }));
//! # Ok::<(), cloudformation_template::SyntaxError>(())
//! ```
#![warn(missing_docs)]

mod capabilities;
mod declared;
mod error;
mod evaluated;
mod functions;
mod parameters;
mod read;
mod references;
mod structure;
mod values;
mod yaml;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use capabilities::{AUTO_EXPAND, certainly_needed_capabilities, needed_capability};
pub use error::{ParameterError, SyntaxError, TemplateProblem};
pub use evaluated::{evaluated_problems, type_problems, validate_evaluated};
pub use parameters::{check_parameter_value, parameter_value, parameter_values, refused_value};
pub use read::read;
pub use references::{TemplateReference, references};
pub use structure::{has_macros, members, problems, validate};
pub use values::{Values, text};
pub use yaml::parse;
