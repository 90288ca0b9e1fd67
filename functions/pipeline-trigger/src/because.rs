//! Why a pipeline starts or does not: every reason, and the one place where its sentence is written.

use std::fmt;

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::config::Place;
use shared::decision::{Evidence, Explain};
use shared::text::{count, list_at_most, verb};

use crate::act::NotStarted;
use crate::archive::ArchiveUnknown;
use crate::event::{NotOurs, short};
use crate::facts::{FileClaim, IgnoredLines};
use crate::reconcile::{OLDEST, SETTLE};
use crate::rules::{IgnoreLine, Pattern};
use crate::unread::{FilesUnknown, ReadError};
use crate::window::Opening;
use crate::window::calendar::{Closed, HORIZON_YEARS};
use crate::window::hold::NotHeld;

/// The most pairs of a pipeline and a branch in a sentence.
const MOST_LISTED: usize = 5;

/// A pattern that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// As it is written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl Deciding {
    /// A pattern of the rules.
    pub fn of_pattern(pattern: &Pattern) -> Self {
        Self { text: pattern.text.clone(), place: pattern.place.clone() }
    }

    /// An ignore line of the rules.
    pub fn of_line(line: &IgnoreLine) -> Self {
        Self { text: line.text.clone(), place: line.place.clone() }
    }
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

    /// The event of ECR is not a successful push.
    ImageNotPushed { action: String, result: String },
    /// No rule names this ECR repository.
    NoRuleForImage { repository: String },
    /// No rule names this bucket.
    NoRuleForBucket { bucket: String },

    // Starts.
    /// An image was pushed.
    ImagePushed { tag: String, pattern: Option<Deciding> },
    /// An object was created.
    ObjectCreated { key: String, pattern: Option<Deciding> },
    /// The changed files of the archive are unknown, so it starts.
    ArchiveUnknown { why: ArchiveUnknown },
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
    /// The image has no tag.
    ImageUntagged,
    /// The tag of the image is not one of the rule's.
    ImageTagNotMatched { tag: String, excluded_by: Option<Deciding> },
    /// The key is not one of the rule's.
    KeyNotMatched { key: String, excluded_by: Option<Deciding> },
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
    /// Files that match the rule changed, and only in lines that the rule ignores.
    OnlyIgnoredLines { files: usize, file: String, by: IgnoredLines },
    /// The commit has an execution already.
    AlreadyStarted { commit: String, execution: String },
    /// A pipeline that is named after the branch does not exist yet.
    NotCreatedYet,
    /// A rule before this one starts the same pipeline.
    OtherRuleStarts { rule: Place },

    // Reconcile.
    /// No rule covers a branch.
    NothingToReconcile,
    /// So many pairs of a pipeline and a branch have an execution of the head.
    HeadsSeen { pairs: usize },
    /// So many pipelines that are named after a branch do not exist.
    PipelinesNotCreated { pipelines: usize },
    /// These pairs have none, and their heads are old.
    HeadsTooOld { pairs: Vec<String> },
    /// The head was committed a moment ago, so its event may still be handled.
    HeadTooNew { commit: String, committed: Timestamp },
    /// The branch moved since reconcile read it.
    HeadMoved { head: String },
    /// An execution that may have the head does not show its commit.
    ExecutionWithoutCommit { execution: String },
    /// A start of the pipeline would not build the head.
    NotPinned,
    /// The changed files could not be read in this run.
    ChangesUnread { why: FilesUnknown },
    /// The branches, a head or the executions could not be read.
    ReconcileUnread { error: ReadError },
    /// There is no such repository.
    RepositoryNotFound,
    /// The run has no time left to start anything.
    NoTimeToStart,
    /// A schedule holds the head until its window opens.
    HeldBySchedule { commit: String, until: Opening },
    /// The schedule of a push that the window held may just have invoked the function.
    WindowJustOpened { window: String },
    /// More starts are due than one run makes.
    TooManyStarts { starts: usize, most: usize, digest: String },

    // Holds and failures.
    /// The branch no longer exists, so its head cannot be built.
    BranchGone { branch: String },
    /// There is no such pipeline.
    PipelineNotFound,
    /// The pipeline could not be read, so its source actions and variables are unknown.
    PipelineUnreadable { error: ReadError },
    /// The call failed.
    StartFailed { error: NotStarted },

    // Windows.
    /// The rule's window is closed; a schedule starts the pipeline when it opens.
    WindowClosed { window: String, closed: Closed, until: Opening },
    /// The rule's window is closed, and does not open in the next years.
    WindowNeverOpens { window: String, closed: Closed },
    /// The window is closed, and the start could not be scheduled.
    HoldFailed { window: String, error: NotHeld },
    /// A schedule invoked the function for a pipeline that no rule starts for this branch or tag any more.
    HeldRuleGone { repository: String },
    /// The pipeline started, and the schedule of an earlier start could not be deleted.
    ReleaseFailed { error: NotHeld },
    /// The email about a held start could not be sent.
    HoldEmailFailed { error: CallError },
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
            Self::OnlyIgnoredLines { file, by, .. } => (Some(file), by.pattern.as_ref()),
            Self::NoPathMatches { excluded: Some((file, pattern)), .. }
            | Self::NoGroupMatches { excluded: Some((file, pattern)), .. } => (Some(file), Some(pattern)),
            Self::TagPushed { pattern, .. }
            | Self::ImagePushed { pattern, .. }
            | Self::ObjectCreated { pattern, .. } => (None, pattern.as_ref()),
            Self::BranchNotMatched { excluded_by, .. }
            | Self::TagNotMatched { excluded_by, .. }
            | Self::ImageTagNotMatched { excluded_by, .. }
            | Self::KeyNotMatched { excluded_by, .. } => (None, excluded_by.as_ref()),
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
            Self::ImageNotPushed { action, result } => {
                write!(f, "the event reports {action} with the result {result}; only a successful PUSH starts pipelines")
            }
            Self::NoRuleForImage { repository } => write!(f, "no rule names the image `{repository}`"),
            Self::NoRuleForBucket { bucket } => write!(f, "no rule names the bucket `{bucket}`"),
            Self::ImagePushed { tag, pattern: Some(by) } => {
                write!(f, "the image was pushed with the tag `{tag}`, which matches `{}`", by.text)
            }
            Self::ImagePushed { tag, pattern: None } => {
                write!(f, "the image was pushed with the tag `{tag}`, and no pattern of the rule excludes it")
            }
            Self::ObjectCreated { key, pattern: Some(by) } => {
                write!(f, "the object `{key}` was created, and its key matches `{}`", by.text)
            }
            Self::ObjectCreated { key, pattern: None } => {
                write!(f, "the object `{key}` was created, and no pattern of the rule excludes its key")
            }
            Self::ArchiveUnknown { why } => {
                write!(f, "the changed files of the archive are unknown, so the pipeline starts: {why}")
            }
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
            Self::ImageUntagged => {
                f.write_str("the image was pushed by its digest, without a tag, and a rule covers tags only")
            }
            Self::ImageTagNotMatched { tag, excluded_by: Some(by) } => {
                write!(f, "the tag `{tag}` is excluded by `{}`", by.text)
            }
            Self::ImageTagNotMatched { tag, excluded_by: None } => {
                write!(f, "the tag `{tag}` matches none of the rule's `image-tags`")
            }
            Self::KeyNotMatched { key, excluded_by: Some(by) } => {
                write!(f, "the key `{key}` is excluded by `{}`", by.text)
            }
            Self::KeyNotMatched { key, excluded_by: None } => {
                write!(f, "the key `{key}` does not match the rule's `key`")
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
            Self::OnlyIgnoredLines { files: 1, file, by } => write!(f, "`{file}` {}", differs(by)),
            Self::OnlyIgnoredLines { files, file, by } => {
                write!(
                    f,
                    "all {files} changed files that match the rule are ignored or changed only in ignored lines; `{file}` {}",
                    differs(by)
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
            Self::NothingToReconcile => f.write_str("no rule covers an existing branch, so there is nothing to reconcile"),
            Self::HeadsSeen { pairs } => {
                let verb = verb(*pairs, "has", "have");
                write!(f, "{} of a pipeline and a branch {verb} an execution of the branch's head", count(*pairs, "pair"))
            }
            Self::PipelinesNotCreated { pipelines } => {
                let verb = verb(*pipelines, "does", "do");
                write!(
                    f,
                    "{} named after a branch {verb} not exist yet; creating one starts its first execution",
                    count(*pipelines, "pipeline")
                )
            }
            Self::HeadsTooOld { pairs } => write!(
                f,
                "no execution has the head, and the head was committed more than {} days ago, so reconcile does not start {}",
                OLDEST.as_hours() / 24,
                list_at_most(pairs, MOST_LISTED)
            ),
            Self::HeadTooNew { commit, committed } => write!(
                f,
                "no execution has the head {}, committed at {committed}; its event may still be handled, so a run {} minutes after that time decides",
                short(commit),
                SETTLE.as_mins()
            ),
            Self::HeadMoved { head } => write!(
                f,
                "the branch moved to {} during this run; its event may still be handled, so the next run decides",
                short(head)
            ),
            Self::ExecutionWithoutCommit { execution } => write!(
                f,
                "no execution has the head, but the execution {execution} shows no commit and started after the head was committed; it may have the head, so reconcile does not start the pipeline"
            ),
            Self::NotPinned => f.write_str(
                "no execution has the head, but a start of this pipeline would not build the head: its type is V1, or no source action reads the repository",
            ),
            Self::ChangesUnread { why } => {
                write!(f, "no execution has the head, and the changed files are unknown, so the next run decides: {why}")
            }
            Self::ReconcileUnread { error: ReadError::Call(error) } => {
                write!(f, "reconcile decides nothing here, because {} failed: {error}", error.operation)
            }
            Self::ReconcileUnread { error } => write!(f, "reconcile decides nothing here: {error}"),
            Self::RepositoryNotFound => f.write_str(
                "CodeCommit has no repository of this name; correct the rule or create the repository",
            ),
            Self::NoTimeToStart => f.write_str("the function's time ran out, so the next run starts the pipeline"),
            Self::HeldBySchedule { commit, until } => {
                write!(f, "a schedule holds the head {} until {until}, so reconcile changes nothing", short(commit))
            }
            Self::WindowJustOpened { window } => write!(
                f,
                "the window `{window}` opened less than {} minutes ago, and the schedule of a held push may be starting the pipeline, so the next run decides",
                SETTLE.as_mins()
            ),
            Self::TooManyStarts { starts, most, digest } => write!(
                f,
                "{starts} starts are due, and one run makes at most {most}, so reconcile starts none of them; read the list, then confirm its digest {digest}"
            ),
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
            Self::WindowClosed { window, closed, until } => {
                write!(f, "the window `{window}` is closed ({closed}); it opens at {until}")
            }
            Self::WindowNeverOpens { window, closed } => write!(
                f,
                "the window `{window}` is closed ({closed}), and does not open within {HORIZON_YEARS} years"
            ),
            Self::HoldFailed { window, error } => {
                write!(f, "the window `{window}` is closed, and the start could not be scheduled: {error}")
            }
            Self::HeldRuleGone { repository } => {
                write!(
                    f,
                    "no rule for `{repository}` starts this pipeline any more, so its schedule starts nothing"
                )
            }
            Self::ReleaseFailed { error } => {
                write!(
                    f,
                    "the pipeline started, and the schedule of an older commit could not be deleted: {error}"
                )
            }
            Self::HoldEmailFailed { error } => {
                write!(f, "the email that a start is held could not be sent: {error}")
            }
        }
    }
}

fn differs(by: &IgnoredLines) -> String {
    match &by.pattern {
        None => "changed only in whitespace".to_owned(),
        Some(pattern) if by.lines == 1 => format!("differs in one line, which `{}` ignores", pattern.text),
        Some(pattern) => {
            format!("differs in {} lines, and each is ignored, the first by `{}`", by.lines, pattern.text)
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
            format!("{}, which, through {} more groups, the group `{last}` uses", step(second), between.len())
        }
        others => others.iter().map(step).collect(),
    };
    format!("the group `{first}`{users}, which the rule uses")
}
