//! Reads a CloudFormation template and works out what it says: parameters, conditions, intrinsic functions.

mod evaluate;
mod yaml;

pub use crate::cloudformation::{needed_capability, refused_value};
pub use evaluate::{Values, parameter_value, text};
pub use yaml::parse;
