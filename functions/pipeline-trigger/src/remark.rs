//! What a person should know of a decision that decided nothing, and the one place where its sentence is written.

use std::fmt;

use shared::decision::Explain;

use crate::compare::Base;
use crate::event::short;
use crate::facts::Files;
use crate::variables::Dropped;

/// What a person should know that decided nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// `explain` cannot know what the pipeline ran, and takes the commit before the push.
    AssumedRun { pipeline: String },
    /// `explain` cannot know which variables the pipeline declares.
    AssumedDeclared { pipeline: String },
    /// What a new branch is compared with.
    ComparedWith { branch: String, base: String, default: String },
    /// A later push moved the branch on.
    Overtaken { branch: String, head: String },
    /// The branch's head could not be read.
    HeadUnknown { branch: String, error: String },
    /// The repository's ignore file was not read.
    IgnoreFileUnread { file: String, why: String },
    /// It is not known whether the commit has an execution already.
    ExecutionsUnknown { pipeline: String, error: String },
    /// The pipeline is of type V1, which takes no commit from outside.
    CannotPin { pipeline: String },
    /// The pipeline takes no source from this repository, so nothing is pinned.
    NoSourceAction { pipeline: String },
    /// CodePipeline looks for changes of its own.
    StillPolls { pipeline: String, action: String },
    /// Variables of the rule that the pipeline is started without.
    VariablesDropped { pipeline: String, variables: Vec<String>, why: Dropped },
}

impl Remark {
    /// That a new branch is compared with another commit, if it is.
    pub fn compared(branch: &str, against: &Result<Base, Files>, default: String) -> Option<Self> {
        let Ok(Base::Commit(base)) = against else { return None };
        Some(Self::ComparedWith { branch: branch.to_owned(), base: base.clone(), default })
    }

    /// What the remark is about.
    pub fn subject(&self) -> &str {
        match self {
            Self::ComparedWith { branch, .. }
            | Self::Overtaken { branch, .. }
            | Self::HeadUnknown { branch, .. } => branch,
            Self::IgnoreFileUnread { file, .. } => file,
            Self::AssumedRun { pipeline }
            | Self::ExecutionsUnknown { pipeline, .. }
            | Self::CannotPin { pipeline }
            | Self::NoSourceAction { pipeline }
            | Self::AssumedDeclared { pipeline }
            | Self::VariablesDropped { pipeline, .. }
            | Self::StillPolls { pipeline, .. } => pipeline,
        }
    }
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        match self {
            Self::AssumedRun { .. } => "assumed-run",
            Self::AssumedDeclared { .. } => "assumed-declared",
            Self::ComparedWith { .. } => "compared-with-merge-base",
            Self::Overtaken { .. } => "overtaken",
            Self::HeadUnknown { .. } => "head-unknown",
            Self::IgnoreFileUnread { .. } => "ignore-file-unread",
            Self::ExecutionsUnknown { .. } => "executions-unknown",
            Self::CannotPin { .. } => "cannot-pin",
            Self::NoSourceAction { .. } => "no-source-action",
            Self::StillPolls { .. } => "still-polls",
            Self::VariablesDropped { .. } => "variables-dropped",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssumedRun { .. } => f.write_str(
                "a clone does not know what it ran last: the commit before the push stands for that",
            ),
            Self::AssumedDeclared { .. } => {
                f.write_str("a clone does not know which variables it declares: those of the rule are taken to be")
            }
            Self::ComparedWith { base, default, .. } => {
                write!(f, "it is new; its files are compared with {}, where it left `{default}`", short(base))
            }
            Self::Overtaken { head, .. } => {
                write!(f, "the branch is at {} by now; what starts builds that", short(head))
            }
            Self::HeadUnknown { error, .. } => {
                write!(f, "its head could not be read ({error}); the pushed commit is built")
            }
            Self::IgnoreFileUnread { why, .. } => write!(f, "it is not honoured: {why}"),
            Self::ExecutionsUnknown { error, .. } => {
                write!(f, "its executions could not be read ({error}), so it may run twice for one commit")
            }
            Self::CannotPin { .. } => f.write_str(
                "it is of type V1, which cannot be told what to build, so it builds the head that it finds itself",
            ),
            Self::NoSourceAction { .. } => {
                f.write_str("no CodeCommit source action of it reads this repository, so no commit is pinned")
            }
            Self::StillPolls { action, .. } => write!(
                f,
                "its action `{action}` still polls the repository and starts it for every push; set PollForSourceChanges to false"
            ),
            Self::VariablesDropped { variables, why, .. } => match &variables[..] {
                [one] => write!(f, "it starts without its variable `{one}`: {why}"),
                several => write!(f, "it starts without its variables {}: {why}", quoted(several)),
            },
        }
    }
}

/// `` `A`, `B` and `C` ``.
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
