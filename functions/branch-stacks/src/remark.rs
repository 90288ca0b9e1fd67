//! What a person should know that decided nothing: every remark, and the one place where its sentence is written.

use std::fmt;

use shared::decision::Explain;

/// What should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// When the head was committed could not be read.
    AgeUnknown { branch: String, error: String },
    /// The head says that it was committed after now, which counts as now.
    CommittedInFuture { branch: String, committed: String },
    /// A creation, update or deletion failed.
    StackFailed { stack: String, what: String },
    /// A mail was to be sent, and there is no topic.
    NoTopic { stack: String },
}

impl Remark {
    /// What it is about.
    pub fn subject(&self) -> &str {
        match self {
            Self::AgeUnknown { branch, .. } | Self::CommittedInFuture { branch, .. } => branch,
            Self::StackFailed { stack, .. } | Self::NoTopic { stack } => stack,
        }
    }
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        match self {
            Self::AgeUnknown { .. } => "age-unknown",
            Self::CommittedInFuture { .. } => "committed-in-the-future",
            Self::StackFailed { .. } => "stack-failed",
            Self::NoTopic { .. } => "no-topic",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgeUnknown { error, .. } => write!(
                f,
                "when the branch's head was committed could not be read ({error}): no stack is deleted for that, and none is made but for a push"
            ),
            Self::CommittedInFuture { committed, .. } => {
                write!(
                    f,
                    "its head says that it was committed at {committed}, after now, which counts as now"
                )
            }
            Self::StackFailed { what, .. } => f.write_str(what),
            Self::NoTopic { .. } => f.write_str("no mail was sent: POINTSMAN_TOPIC_ARN names no topic"),
        }
    }
}
