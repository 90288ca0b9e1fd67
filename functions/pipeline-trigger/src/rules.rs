//! The rules: which pipelines a push can start. Read from `[[pipeline]]` tables, checked, and only then of these types.

mod artifact;
mod group;
pub mod ignore;
mod image;
mod judge;
pub mod line_rules;
mod lines;
mod name;
mod object;
mod part;
mod read;
pub mod variables;
mod window;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use shared::config::{Code, Place};
use shared::glob::{BAD_GLOB, COVERS_NOTHING, EMPTY_LIST, NEVER_DECIDES, UNLIKELY};
use shared::placeholder::BAD_PLACEHOLDER;

pub use artifact::ArtifactRule;
pub use group::{GROUP_SEPARATOR, GROUP_TABLE, Group, UsedGroup, chain, touched};
pub use ignore::IgnoreLine;
pub use image::PushedImageRule;
use line_rules::LineRules;
pub use name::NameTemplate;
pub use object::ObjectRule;
pub use read::{TABLE, read};
pub use shared::glob::{PathMatcher, Pattern, PatternList};
pub use variables::Variable;
pub use window::FREEZE;
pub use window::TABLE as WINDOW_TABLE;

use crate::window::Window;

/// The problem codes of this function's table, beside those of every table.
pub const PROBLEMS: &[Code] = &[
    EMPTY_LIST,
    BAD_GLOB,
    NEVER_DECIDES,
    UNLIKELY,
    COVERS_NOTHING,
    judge::NO_EFFECT,
    line_rules::BAD_LINE_PATTERN,
    read::EMPTY_NAME,
    read::EMPTY_REPOSITORY,
    read::BAD_NAME,
    read::BAD_REPOSITORY,
    read::BAD_ACTION,
    read::BAD_IGNORE_LINE,
    read::BAD_IGNORE_FILE,
    read::DUPLICATE,
    read::NO_BRANCH,
    variables::BAD_NAME,
    variables::BAD_VALUE,
    BAD_PLACEHOLDER,
    variables::NEVER_FILLED,
    variables::TOO_MANY,
    judge::DEFAULT_WITH_FILES,
    group::BAD_GROUP_NAME,
    group::DUPLICATE_GROUP,
    group::EMPTY_GROUP,
    group::GROUP_CYCLE,
    group::UNKNOWN_GROUP,
    group::UNUSED_GROUP,
    group::USED_TWICE,
    artifact::SEVERAL_SOURCES,
    artifact::OTHER_SOURCE,
    image::EMPTY_IMAGE,
    image::BAD_IMAGE,
    object::EMPTY_BUCKET,
    object::BAD_BUCKET,
    window::EMPTY_NAME,
    window::DUPLICATE,
    window::BAD_ZONE,
    window::BAD_DAY,
    window::BAD_HOURS,
    window::BAD_DATE,
    window::BAD_CALENDAR,
    window::STALE_CALENDAR,
    window::BAD_EXCEPTION,
    window::NEVER_OPENS,
    window::UNKNOWN,
    window::UNUSED,
];

/// All rules, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One a `[[pipeline]]` table with `repository`.
    pub pipelines: Vec<PipelineRule>,
    /// One a `[[group]]` table.
    pub groups: Vec<Arc<Group>>,
    /// One a table with `image`.
    pub images: Vec<PushedImageRule>,
    /// One a table with `bucket`.
    pub objects: Vec<ObjectRule>,
}

impl Rules {
    /// The rules of one repository, in the order of the file.
    pub fn of_repository<'r>(&'r self, repository: &str) -> Vec<&'r PipelineRule> {
        self.pipelines.iter().filter(|rule| rule.repository == repository).collect()
    }

    /// The repositories whose branches a rule covers, each once. A tag has no earlier commit, so reconcile compares none.
    pub fn reconciled_repositories(&self) -> BTreeSet<&str> {
        let covers_branches = |rule: &&PipelineRule| rule.branches.is_some() || rule.tags.is_none();
        self.pipelines.iter().filter(covers_branches).map(|rule| rule.repository.as_str()).collect()
    }

    /// The rules of one ECR repository, in the order of the file.
    pub fn of_image<'r>(&'r self, repository: &str) -> Vec<&'r PushedImageRule> {
        self.images.iter().filter(|rule| rule.image == repository).collect()
    }

    /// The rules of one bucket, in the order of the file.
    pub fn of_bucket<'r>(&'r self, bucket: &str) -> Vec<&'r ObjectRule> {
        self.objects.iter().filter(|rule| rule.bucket == bucket).collect()
    }
}

/// One `[[pipeline]]` table.
#[derive(Debug, Clone)]
pub struct PipelineRule {
    /// The pipeline it starts.
    pub name: NameTemplate,
    /// The CodeCommit repository whose pushes it covers.
    pub repository: String,
    /// The branches; every branch when neither this nor `tags` is written.
    pub branches: Option<PatternList>,
    /// The tags; none when it is not written.
    pub tags: Option<PatternList>,
    /// The files that start it; every file when neither this nor `uses` is written and it is no default.
    pub paths: Option<PatternList>,
    /// The groups whose files start it too: those that it names first, then those that they use, and so on.
    pub uses: Vec<UsedGroup>,
    /// Whether it takes the files that no other rule of the repository claims.
    pub is_default: bool,
    /// The files that do not count, as gitignore lines.
    pub ignore: Vec<IgnoreLine>,
    /// A file at the repository's root with more such lines.
    pub ignore_file: Option<String>,
    /// The changed lines that do not count, if there are some.
    pub lines: Option<LineRules>,
    /// What a branch's first push is compared with.
    pub new_branch: NewBranch,
    /// What a later push is compared with.
    pub baseline: Baseline,
    /// The pipeline's source action; found with GetPipeline when it is not written.
    pub source_action: Option<String>,
    /// The commit that is built.
    pub pin: Pin,
    /// The variables that the pipeline is started with, in the order of the file.
    pub variables: Vec<Variable>,
    /// The window in which the pipeline starts; at any time where none is written.
    pub window: Option<Arc<Window>>,
    /// Where the rule stands.
    pub place: Place,
    /// The bytes of the file where its pipeline and its repository are named.
    pub named_at: PipelineNamedAt,
}

/// Where a rule names its pipeline and its repository, for problems that are found later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipelineNamedAt {
    /// The pipeline's name.
    pub pipeline: Range<usize>,
    /// The repository's name.
    pub repository: Range<usize>,
}

impl PipelineRule {
    /// Whether the changed files matter to the rule.
    pub fn has_file_patterns(&self) -> bool {
        self.selects_files() || !self.ignore.is_empty() || self.ignore_file.is_some() || self.lines.is_some()
    }

    /// Whether only some files start it, before its ignore lines are asked.
    pub fn selects_files(&self) -> bool {
        self.paths.is_some() || !self.uses.is_empty() || self.is_default
    }

    /// Whether pushes of branches can start it.
    pub fn covers_branches(&self) -> bool {
        self.branches.is_some() || self.tags.is_none()
    }

    /// Whether it can claim files, so that they are not those of a default rule.
    pub fn can_claim(&self) -> bool {
        !self.is_default && (self.paths.is_some() || !self.uses.is_empty())
    }

    /// Whether a variable of it needs every changed file: their number, or the groups that they touch.
    pub fn counts_files(&self) -> bool {
        self.asks_for_groups()
            || self.variables.iter().any(|variable| variable.value.asks_for(variables::CHANGED_FILES))
    }

    /// Whether a variable of it needs the groups that the changed files touch.
    pub fn asks_for_groups(&self) -> bool {
        self.variables.iter().any(|variable| variable.value.asks_for(variables::GROUPS))
    }
}

/// What a branch's first push is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewBranch {
    /// The commit it left the default branch at.
    #[default]
    MergeBase,
    /// Nothing: every file counts as changed.
    All,
    /// A first push starts nothing.
    Skip,
}

/// What a push is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Baseline {
    /// The commit the branch was at before.
    #[default]
    Push,
    /// The commit of the pipeline's newest execution.
    LastStarted,
    /// The commit of the pipeline's newest execution that succeeded.
    LastSucceeded,
}

/// The commit that is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pin {
    /// The branch's current head, so that an older commit never runs last.
    #[default]
    Head,
    /// The pushed commit, so that every push is built.
    Commit,
}
