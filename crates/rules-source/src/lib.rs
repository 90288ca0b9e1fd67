//! Reads the rules from where a deployment keeps them: a file of the configuration layer, an S3 object, or a DynamoDB table.
//!
//! A source that cannot be read, or only in part, is an error and never an empty list of rules. [`DeployedRules`] is the rules of
//! a running function: it reads them again when they are old, and keeps the last good ones.

mod deployed;
mod load;
mod object;
mod source;
mod table;
mod understood;

pub use deployed::{CurrentRules, DEFAULT_MAX_AGE, DeployedRules, MAX_AGE, RULES_UNAVAILABLE};
pub use load::{LoadedRules, RulesUnreadable, document, load};
pub use source::{BadSource, RulesSource};
pub use table::{CALLS, TABLES};
