//! The rules file before its values are checked: its text, its tables with their places, and every problem in it at once.
//!
//! Each function reads its own tables with a [`TableReader`]; only checked types leave that function's `rules` module.

pub mod deployed;
mod document;
mod near;
mod problem;
mod reader;
mod syntax;
mod value;

pub use document::{BesideError, ConfigError, Document, Place, RawTable};
pub use near::{did_you_mean, nearest};
pub use problem::{CODES, Code, Problem, ProblemLevel, has_errors, render};
pub use reader::{TableReader, Text};

/// The problem codes that any table can have.
pub mod codes {
    pub use super::problem::{
        BAD_VALUE, HIDDEN, MISSING_KEY, NOT_UTF8, SYNTAX, UNKNOWN_KEY, UNKNOWN_TABLE, WRONG_TYPE,
    };
}
