//! Why a pipeline starts or does not: every reason, and the one place where its sentence is written.

use std::fmt;

use shared::config::Place;
use shared::decision::{Evidence, Explain};

use crate::act::NotStarted;
use crate::event::{NotOurs, short};
use crate::facts::FileClaim;
use crate::unread::{FilesUnknown, ReadError};

/// A pattern that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// As it is written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
#[must_use = "a reason that is not reported explains nothing"]
pub enum Because {
    // The event as a whole.
    /// It is not a push.
    NotOurs(NotOurs),
    /// The schedule invoked the function, so that a function that cannot run is noticed.
    Heartbeat,
    /// No rule names this repository.
    #[strum(serialize = "no-rule-for-repository")]
    NoRule { repository: String },

    // Starts.
    /// The rule has no file patterns.
    EveryPush { reference: String },
    /// A tag was pushed, and tags are compared with no commit.
    TagPushed { tag: String, pattern: Option<Deciding> },
    /// A changed file matches.
    PathMatches { file: String, pattern: Deciding },
    /// A changed file is one of a group that the rule uses, itself or through other groups.
    GroupMatches { file: String, pattern: Option<Deciding>, chain: Vec<String> },
    /// The rule is a default rule, and no other rule claims a changed file.
    Unclaimed { file: String },
    /// A changed file is not ignored, and the rule has no paths.
    NotIgnored { file: String },
    /// The changed files are unknown, so it starts.
    ChangesUnknown { why: FilesUnknown },
    /// The pipeline has no execution to compare with, so it starts.
    NeverRan,

    // Skips.
    /// The push deleted the branch or tag.
    ReferenceDeleted { reference: String },
    /// The branch is not one of the rule's.
    BranchNotMatched { branch: String, excluded_by: Option<Deciding> },
    /// The tag is not one of the rule's.
    TagNotMatched { tag: String, excluded_by: Option<Deciding> },
    /// The rule covers tags and this is a branch.
    OnlyTags { branch: String },
    /// The rule covers branches and this is a tag.
    OnlyBranches { tag: String },
    /// The rule skips first pushes.
    NewBranchSkipped { branch: String },
    /// The branch adds no commit to the default branch.
    AddsNoCommit { base: String },
    /// Nothing changed.
    NoChanges,
    /// Files changed, and none matches the rule's paths.
    NoPathMatches { files: usize, excluded: Option<(String, Deciding)> },
    /// Files changed, and none matches the rule's paths or is one of its groups.
    NoGroupMatches { files: usize, excluded: Option<(String, Deciding)> },
    /// The rule is a default rule, and other rules claim every changed file.
    ClaimedByOthers { files: usize, file: String, claim: FileClaim },
    /// Files that match the rule changed, and all are ignored.
    OnlyIgnored { files: usize, file: String, line: Deciding },
    /// The commit has an execution already.
    AlreadyStarted { commit: String, execution: String },
    /// A pipeline that is named after the branch does not exist yet.
    NotCreatedYet,
    /// A rule before this one starts the same pipeline.
    OtherRuleStarts { rule: Place },

    // Holds and failures.
    /// The branch no longer exists, so its head cannot be built.
    BranchGone { branch: String },
    /// There is no such pipeline.
    PipelineNotFound,
    /// The pipeline could not be read, so its source actions and variables are unknown.
    PipelineUnreadable { error: ReadError },
    /// The call failed.
    StartFailed { error: NotStarted },
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn evidence(&self) -> Evidence {
        let (file, deciding) = match self {
            Self::PathMatches { file, pattern } => (Some(file), Some(pattern)),
            Self::GroupMatches { file, pattern, .. } => (Some(file), pattern.as_ref()),
            Self::NotIgnored { file } | Self::Unclaimed { file } => (Some(file), None),
            Self::ClaimedByOthers { file, claim, .. } => (Some(file), claim.pattern.as_ref()),
            Self::OnlyIgnored { file, line, .. } => (Some(file), Some(line)),
            Self::NoPathMatches { excluded: Some((file, pattern)), .. }
            | Self::NoGroupMatches { excluded: Some((file, pattern)), .. } => (Some(file), Some(pattern)),
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
            Self::Heartbeat => f.write_str("the function runs, and its rules have no error"),
            Self::NoRule { repository } => write!(f, "no rule names the repository `{repository}`"),
            Self::EveryPush { reference } => {
                write!(f, "the rule has no file patterns, so every push to `{reference}` starts the pipeline")
            }
            Self::TagPushed { tag, pattern: Some(by) } => {
                write!(f, "the tag `{tag}` matches `{}`; file patterns do not apply to tags", by.text)
            }
            Self::TagPushed { tag, pattern: None } => {
                write!(f, "the tag `{tag}` was pushed; file patterns do not apply to tags")
            }
            Self::PathMatches { file, pattern } => write!(f, "`{file}` matches `{}`", pattern.text),
            Self::GroupMatches { file, pattern: Some(pattern), chain } => {
                write!(f, "`{file}` matches `{}` of {}", pattern.text, used(chain))
            }
            Self::GroupMatches { file, pattern: None, chain } => write!(f, "`{file}` is in {}", used(chain)),
            Self::Unclaimed { file } => write!(f, "no other rule of the repository claims `{file}`"),
            Self::NotIgnored { file } => write!(f, "`{file}` changed and is not ignored"),
            Self::ChangesUnknown { why } => {
                write!(f, "the changed files are unknown, so the pipeline starts: {why}")
            }
            Self::NeverRan => f.write_str(
                "the pipeline has no execution that the push can be compared with, so the pipeline starts",
            ),
            Self::ReferenceDeleted { reference } => {
                write!(f, "the push deleted `{reference}`, so there is no commit to build")
            }
            Self::BranchNotMatched { branch, excluded_by: Some(by) } => {
                write!(f, "the branch `{branch}` is excluded by `{}`", by.text)
            }
            Self::BranchNotMatched { branch, excluded_by: None } => {
                write!(f, "the branch `{branch}` matches none of the rule's `branches`")
            }
            Self::TagNotMatched { tag, excluded_by: Some(by) } => {
                write!(f, "the tag `{tag}` is excluded by `{}`", by.text)
            }
            Self::TagNotMatched { tag, excluded_by: None } => {
                write!(f, "the tag `{tag}` matches none of the rule's `tags`")
            }
            Self::OnlyTags { branch } => write!(f, "the rule covers tags only, and `{branch}` is a branch"),
            Self::OnlyBranches { tag } => write!(f, "the rule covers branches only, and `{tag}` is a tag"),
            Self::NewBranchSkipped { branch } => {
                write!(f, "this is the first push of `{branch}`, and the rule has `new-branch = \"skip\"`")
            }
            Self::AddsNoCommit { base } => {
                write!(f, "the branch adds no commit: the default branch contains its head {}", short(base))
            }
            Self::NoChanges => f.write_str("no file changed"),
            Self::NoPathMatches { files, excluded: Some((file, by)) } => {
                write!(f, "{}; `{file}` is excluded by `{}`", none_match(*files), by.text)
            }
            Self::NoPathMatches { files, excluded: None } => f.write_str(&none_match(*files)),
            Self::NoGroupMatches { files, excluded: Some((file, by)) } => {
                write!(f, "{}; `{file}` is excluded by `{}`", none_in_groups(*files), by.text)
            }
            Self::NoGroupMatches { files, excluded: None } => f.write_str(&none_in_groups(*files)),
            Self::ClaimedByOthers { files: 1, file, claim } => {
                write!(f, "the rule at {} claims `{file}`", claim.rule)
            }
            Self::ClaimedByOthers { files, file, claim } => write!(
                f,
                "other rules claim all {files} changed files; the rule at {} claims `{file}`",
                claim.rule
            ),
            Self::OnlyIgnored { files: 1, file, line } => write!(f, "`{file}` is ignored by `{}`", line.text),
            Self::OnlyIgnored { files, file, line } => {
                write!(
                    f,
                    "all {files} changed files that match the rule are ignored; `{file}` is ignored by `{}`",
                    line.text
                )
            }
            Self::AlreadyStarted { commit, execution } => {
                write!(
                    f,
                    "the commit {} already has an execution since this push: {execution}",
                    short(commit)
                )
            }
            Self::NotCreatedYet => {
                f.write_str("the pipeline does not exist yet; creating it starts its first execution")
            }
            Self::OtherRuleStarts { rule } => write!(f, "the rule at {rule} starts the same pipeline"),
            Self::BranchGone { branch } => {
                write!(f, "the branch `{branch}` no longer exists, so there is no head to build")
            }
            Self::PipelineNotFound => f.write_str(
                "CodePipeline has no pipeline of this name; correct the rule or create the pipeline",
            ),
            Self::PipelineUnreadable { error } => {
                write!(
                    f,
                    "the pipeline could not be read, so its source actions and variables are unknown: {error}"
                )
            }
            Self::StartFailed { error } => write!(f, "the pipeline could not be started: {error}"),
        }
    }
}

fn none_match(files: usize) -> String {
    match files {
        1 => "the only changed file matches none of the rule's `paths`".to_owned(),
        files => format!("none of the {files} changed files matches the rule's `paths`"),
    }
}

fn none_in_groups(files: usize) -> String {
    match files {
        1 => "the only changed file is in none of the rule's `paths` and groups".to_owned(),
        files => format!("none of the {files} changed files is in the rule's `paths` or groups"),
    }
}

/// The most groups of a chain that are named. Of a longer one, the first ones and the last one are.
const MOST_NAMED: usize = 5;

/// How a group comes to a rule: `the group `a`, which the group `b` uses, which the rule uses`.
fn used(chain: &[String]) -> String {
    let step = |name: &String| format!(", which the group `{name}` uses");
    let (first, others) =
        chain.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
    let users: String = match others {
        [second, between @ .., last] if chain.len() > MOST_NAMED => {
            format!("{}, which {} more groups lead to{}", step(second), between.len(), step(last))
        }
        others => others.iter().map(step).collect(),
    };
    format!("the group `{first}`{users}, which the rule uses")
}
