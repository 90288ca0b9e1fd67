//! What a decision notes about the rules that were read from S3 or DynamoDB: which of them are out of date or disabled.

use std::fmt;

use jiff::Timestamp;

use crate::decision::{Evidence, Explain};

/// A problem of the deployed rules that does not stop the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulesRemark {
    /// The newest rules have a problem: an earlier version decides.
    Outdated {
        /// `s3://bucket/key`.
        source: String,
        /// The version that decides.
        used: String,
        /// The problem of the newest version.
        problem: String,
    },
    /// The rules could not be read again: those that were read before decide.
    Unreadable {
        /// `s3://bucket/key`, `dynamodb://table`.
        source: String,
        /// When they were read.
        since: Timestamp,
        /// Why they could not be read.
        problem: String,
    },
    /// A row has a problem: its rule is disabled.
    BrokenRow {
        /// `table/item`.
        row: String,
        /// The problem.
        problem: String,
    },
}

impl RulesRemark {
    /// Every code.
    pub const CODES: &[&str] = &["rules-outdated", "rules-unreadable", "broken-rule"];

    /// What the remark is about.
    pub fn subject(&self) -> &str {
        match self {
            Self::Outdated { source, .. } | Self::Unreadable { source, .. } => source,
            Self::BrokenRow { row, .. } => row,
        }
    }
}

impl Explain for RulesRemark {
    fn code(&self) -> &'static str {
        match self {
            Self::Outdated { .. } => Self::CODES[0],
            Self::Unreadable { .. } => Self::CODES[1],
            Self::BrokenRow { .. } => Self::CODES[2],
        }
    }

    fn evidence(&self) -> Evidence {
        match self {
            Self::BrokenRow { row, .. } => Evidence { config: Some(row.clone()), ..Evidence::default() },
            Self::Outdated { .. } | Self::Unreadable { .. } => Evidence::default(),
        }
    }
}

impl fmt::Display for RulesRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outdated { used, problem, .. } => {
                write!(f, "the newest rules cannot be used ({problem}): {used} decides until they are fixed")
            }
            Self::Unreadable { since, problem, .. } => {
                write!(f, "the rules could not be read again ({problem}): those of {since} decide")
            }
            Self::BrokenRow { problem, .. } => {
                write!(f, "this rule is disabled until it is fixed: {problem}")
            }
        }
    }
}
