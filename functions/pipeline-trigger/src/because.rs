//! Why a pipeline starts or does not: every reason, and the one place where its sentence is written.

use std::fmt;

use shared::config::Place;
use shared::decision::{Evidence, Explain};

use crate::event::{NotOurs, short};

/// A pattern that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// As it is written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a reason that nobody reads explains nothing"]
pub enum Because {
    // The event as a whole.
    /// It is not a push.
    NotOurs(NotOurs),
    /// No rule is about this repository.
    NoRule { repository: String },

    // Starts.
    /// The rule does not look at files.
    EveryPush { reference: String },
    /// A tag was pushed, and tags are compared with nothing.
    TagPushed { tag: String, pattern: Option<Deciding> },
    /// A changed file matches.
    PathMatches { file: String, pattern: Deciding },
    /// A changed file is not ignored, and the rule has no paths.
    NotIgnored { file: String },
    /// The changed files cannot be known, so it starts.
    ChangesUnknown { why: String },
    /// The pipeline has no execution to compare with, so it starts.
    NeverRan,

    // Skips.
    /// The branch or tag is gone.
    ReferenceDeleted { reference: String },
    /// The branch is not one of the rule's.
    BranchNotMatched { branch: String, excluded_by: Option<Deciding> },
    /// The tag is not one of the rule's.
    TagNotMatched { tag: String, excluded_by: Option<Deciding> },
    /// The rule is about tags and this is a branch.
    OnlyTags { branch: String },
    /// The rule is about branches and this is a tag.
    OnlyBranches { tag: String },
    /// The rule wants no first pushes.
    NewBranchSkipped { branch: String },
    /// The branch adds no commit to what it was made from.
    AddsNoCommit { base: String },
    /// Nothing changed.
    NoChanges,
    /// Files changed, and none is one of the rule's.
    NoPathMatches { files: usize, excluded: Option<(String, Deciding)> },
    /// Files of the rule changed, and all are ignored.
    OnlyIgnored { files: usize, file: String, line: Deciding },
    /// The commit has an execution already.
    AlreadyStarted { commit: String, execution: String },
    /// A pipeline that is named after the branch is not there yet.
    NotCreatedYet,
    /// A rule before this one starts the same pipeline.
    OtherRuleStarts { rule: Place },

    // Holds and failures.
    /// The branch is gone, so its head cannot be built.
    BranchGone { branch: String },
    /// There is no such pipeline.
    PipelineNotFound,
    /// The pipeline could not be read, so that nothing is known to pin, or of its variables.
    PipelineUnreadable { error: String },
    /// The call failed.
    StartFailed { error: String },
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOurs(_) => "not-ours",
            Self::NoRule { .. } => "no-rule-for-repository",
            Self::EveryPush { .. } => "every-push",
            Self::TagPushed { .. } => "tag-pushed",
            Self::PathMatches { .. } => "path-matches",
            Self::NotIgnored { .. } => "not-ignored",
            Self::ChangesUnknown { .. } => "changes-unknown",
            Self::NeverRan => "never-ran",
            Self::ReferenceDeleted { .. } => "reference-deleted",
            Self::BranchNotMatched { .. } => "branch-not-matched",
            Self::TagNotMatched { .. } => "tag-not-matched",
            Self::OnlyTags { .. } => "only-tags",
            Self::OnlyBranches { .. } => "only-branches",
            Self::NewBranchSkipped { .. } => "new-branch-skipped",
            Self::AddsNoCommit { .. } => "adds-no-commit",
            Self::NoChanges => "no-changes",
            Self::NoPathMatches { .. } => "no-path-matches",
            Self::OnlyIgnored { .. } => "only-ignored",
            Self::AlreadyStarted { .. } => "already-started",
            Self::NotCreatedYet => "not-created-yet",
            Self::OtherRuleStarts { .. } => "other-rule-starts",
            Self::BranchGone { .. } => "branch-gone",
            Self::PipelineNotFound => "pipeline-not-found",
            Self::PipelineUnreadable { .. } => "pipeline-unreadable",
            Self::StartFailed { .. } => "start-failed",
        }
    }

    fn evidence(&self) -> Evidence {
        let (file, deciding) = match self {
            Self::PathMatches { file, pattern } => (Some(file), Some(pattern)),
            Self::NotIgnored { file } => (Some(file), None),
            Self::OnlyIgnored { file, line, .. } => (Some(file), Some(line)),
            Self::NoPathMatches { excluded: Some((file, pattern)), .. } => (Some(file), Some(pattern)),
            Self::TagPushed { pattern, .. } => (None, pattern.as_ref()),
            Self::BranchNotMatched { excluded_by, .. } | Self::TagNotMatched { excluded_by, .. } => {
                (None, excluded_by.as_ref())
            }
            _ => (None, None),
        };
        Evidence {
            file: file.cloned(),
            pattern: deciding.map(|deciding| deciding.text.clone()),
            config: deciding.map(|deciding| deciding.place.to_string()),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(why) => why.fmt(f),
            Self::NoRule { repository } => write!(f, "no rule is about the repository `{repository}`"),
            Self::EveryPush { reference } => {
                write!(f, "every push to `{reference}` starts it: the rule has no file patterns")
            }
            Self::TagPushed { tag, pattern: Some(by) } => {
                write!(f, "the tag `{tag}` matches `{}`; file patterns do not apply to tags", by.text)
            }
            Self::TagPushed { tag, pattern: None } => {
                write!(f, "the tag `{tag}` was pushed; file patterns do not apply to tags")
            }
            Self::PathMatches { file, pattern } => write!(f, "`{file}` matches `{}`", pattern.text),
            Self::NotIgnored { file } => write!(f, "`{file}` changed and is not ignored"),
            Self::ChangesUnknown { why } => {
                write!(f, "it starts because the changed files are not known: {why}")
            }
            Self::NeverRan => {
                f.write_str("it starts because it has no execution yet that the push could be compared with")
            }
            Self::ReferenceDeleted { reference } => {
                write!(f, "`{reference}` was deleted: there is nothing to build")
            }
            Self::BranchNotMatched { branch, excluded_by: Some(by) } => {
                write!(f, "the branch `{branch}` is excluded by `{}`", by.text)
            }
            Self::BranchNotMatched { branch, excluded_by: None } => {
                write!(f, "the branch `{branch}` matches none of the rule's branches")
            }
            Self::TagNotMatched { tag, excluded_by: Some(by) } => {
                write!(f, "the tag `{tag}` is excluded by `{}`", by.text)
            }
            Self::TagNotMatched { tag, excluded_by: None } => {
                write!(f, "the tag `{tag}` matches none of the rule's tags")
            }
            Self::OnlyTags { branch } => write!(f, "the rule is about tags, and `{branch}` is a branch"),
            Self::OnlyBranches { tag } => write!(f, "the rule is about branches, and `{tag}` is a tag"),
            Self::NewBranchSkipped { branch } => {
                write!(f, "this is the first push of `{branch}`, and the rule has `new-branch = \"skip\"`")
            }
            Self::AddsNoCommit { base } => {
                write!(f, "the branch adds no commit: its head {} is in the default branch", short(base))
            }
            Self::NoChanges => f.write_str("no file changed"),
            Self::NoPathMatches { files, excluded: Some((file, by)) } => {
                write!(f, "{}; `{file}` is excluded by `{}`", none_of(*files), by.text)
            }
            Self::NoPathMatches { files, excluded: None } => f.write_str(&none_of(*files)),
            Self::OnlyIgnored { files: 1, file, line } => write!(f, "`{file}` is ignored by `{}`", line.text),
            Self::OnlyIgnored { files, file, line } => {
                write!(
                    f,
                    "all {files} files of the rule that changed are ignored, `{file}` by `{}`",
                    line.text
                )
            }
            Self::AlreadyStarted { commit, execution } => {
                write!(f, "{} has an execution since this push: {execution}", short(commit))
            }
            Self::NotCreatedYet => {
                f.write_str("there is no pipeline of this name yet; creating it starts its first execution")
            }
            Self::OtherRuleStarts { rule } => write!(f, "the rule at {rule} starts the same pipeline"),
            Self::BranchGone { branch } => {
                write!(f, "the branch `{branch}` is gone, so there is no head to build")
            }
            Self::PipelineNotFound => f.write_str(
                "CodePipeline has no pipeline of this name; correct the rule or create the pipeline",
            ),
            Self::PipelineUnreadable { error } => {
                write!(f, "it could not be read, so what it can be started with is not known: {error}")
            }
            Self::StartFailed { error } => write!(f, "it could not be started: {error}"),
        }
    }
}

fn none_of(files: usize) -> String {
    match files {
        1 => "the one changed file is not one of the rule's".to_owned(),
        files => format!("none of {files} changed files is one of the rule's"),
    }
}
