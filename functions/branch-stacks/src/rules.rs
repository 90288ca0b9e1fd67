//! The rules: which branches have a stack, and made of what. Read from `[[branch-stack]]` tables, checked, and only then
//! of these types.

mod read;
mod template;

use std::ops::Range;
use std::path::PathBuf;

use jiff::SignedDuration;
use shared::config::{Code, Place, deployed};
use shared::glob::{Pattern, PatternList};
use shared::placeholder::Filled;
use shared::token::client_token;

use crate::identity::{OURS, Subject, Tag};

pub use read::{CODES, TABLE, read};
pub use template::Template;

/// The variable with a further folder in which templates are looked for.
pub const TEMPLATES: &str = "POINTSMAN_TEMPLATES";

/// Every problem code that this function's table can have, those of any table included.
pub fn codes() -> impl Iterator<Item = Code> {
    shared::config::CODES.iter().chain(shared::glob::CODES).chain(CODES).copied()
}

/// Where templates are looked for, in order: beside the rules, and in the folder that [`TEMPLATES`] names.
pub fn template_folders() -> Vec<PathBuf> {
    let beside = deployed::path().parent().map(PathBuf::from);
    beside.into_iter().chain(std::env::var_os(TEMPLATES).map(PathBuf::from)).collect()
}

/// All rules, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One a `[[branch-stack]]` table.
    pub stacks: Vec<StackRule>,
}

impl Rules {
    /// The rule of a branch: the first that covers it.
    pub fn covering(&self, subject: &Subject) -> Option<&StackRule> {
        self.stacks.iter().find(|rule| rule.covers(subject))
    }

    /// Whether a rule is about a repository.
    pub fn are_about(&self, repository: &str) -> bool {
        self.stacks.iter().any(|rule| rule.repositories.includes(repository).0)
    }

    /// Whether a branch's stack is never deleted: any rule about its repository may say so, whichever is the branch's.
    pub fn protect(&self, subject: &Subject) -> bool {
        let about = self.stacks.iter().filter(|rule| rule.repositories.includes(&subject.repository).0);
        about.into_iter().any(|rule| rule.protects(&subject.branch))
    }

    /// Whether a branch that `rule` covers is never idle: it is pinned or protected, or nothing ever is.
    pub fn keep(&self, rule: &StackRule, subject: &Subject) -> bool {
        let pinned = rule.pinned.as_ref().is_some_and(|list| list.includes(&subject.branch).0);
        rule.ttl.is_none() || pinned || self.protect(subject)
    }

    /// The pattern that takes a branch out of a rule that is about its repository.
    pub fn excluding(&self, subject: &Subject) -> Option<&Pattern> {
        let about = self.stacks.iter().filter(|rule| rule.repositories.includes(&subject.repository).0);
        about.filter_map(|rule| rule.branches.includes(&subject.branch).1).find(|pattern| pattern.excludes)
    }
}

/// One `[[branch-stack]]` table.
#[derive(Debug, Clone)]
pub struct StackRule {
    /// The repositories it is about.
    pub repositories: PatternList,
    /// The branches of them that have a stack.
    pub branches: PatternList,
    /// What the stack is made of.
    pub template: Template,
    /// The template's parameters.
    pub parameters: Vec<(String, Filled)>,
    /// Tags beside our own.
    pub tags: Vec<(String, Filled)>,
    /// The role that CloudFormation works with. Without one it would be the function's own rights, which are too few.
    pub role: Option<String>,
    /// What the template is allowed to make: `CAPABILITY_IAM` and so on.
    pub capabilities: Vec<String>,
    /// Branches whose stack is never deleted.
    pub protected: Option<PatternList>,
    /// Branches that are never idle.
    pub pinned: Option<PatternList>,
    /// How long a branch may be idle; for ever when it is not written.
    pub ttl: Option<SignedDuration>,
    /// How many stacks this rule may have.
    pub max_stacks: Option<u32>,
    /// Where the rule stands.
    pub place: Place,
    /// The bytes of the file where what it needs permission for is named.
    pub named_at: NamedAt,
}

/// Where a rule names what it needs permission for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedAt {
    /// The list of repositories.
    pub repositories: Range<usize>,
    /// The template.
    pub template: Range<usize>,
    /// The parameters' names, in their order.
    pub parameters: Vec<Range<usize>>,
    /// The role.
    pub role: Range<usize>,
    /// The capabilities; the template where there are none.
    pub capabilities: Range<usize>,
}

/// What a rule wants the stack of one branch to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The template.
    pub template: Template,
    /// The template's parameters.
    pub parameters: Vec<Tag>,
    /// Tags beside our own.
    pub tags: Vec<Tag>,
    /// CloudFormation's role.
    pub role: Option<String>,
    /// What the template is allowed to make.
    pub capabilities: Vec<String>,
    /// A hash of all of this.
    pub digest: String,
}

impl StackRule {
    /// Whether a branch has a stack by this rule.
    pub fn covers(&self, subject: &Subject) -> bool {
        self.repositories.includes(&subject.repository).0 && self.branches.includes(&subject.branch).0
    }

    /// Whether this rule protects a branch.
    fn protects(&self, branch: &str) -> bool {
        self.protected.as_ref().is_some_and(|list| list.includes(branch).0)
    }

    /// Whether what the stack is made of differs from commit to commit.
    pub fn asks_for_commit(&self) -> bool {
        self.parameters.iter().chain(&self.tags).any(|(_, value)| value.asks_for("commit"))
    }

    /// What the stack of `subject` at `commit` is made of.
    pub fn wanted(&self, subject: &Subject, commit: &str) -> Wanted {
        let fill = |texts: &[(String, Filled)]| {
            texts.iter().map(|(name, text)| (name.clone(), filled(text, subject, commit))).collect()
        };
        let (parameters, tags): (Vec<Tag>, Vec<Tag>) = (fill(&self.parameters), fill(&self.tags));
        let digest = digest(&self.template, &parameters, &tags, self.role.as_deref(), &self.capabilities);
        let (role, capabilities) = (self.role.clone(), self.capabilities.clone());
        Wanted { template: self.template.clone(), parameters, tags, role, capabilities, digest }
    }
}

fn filled(text: &Filled, subject: &Subject, commit: &str) -> String {
    let value = |name: &str| match name {
        "repository" => Some(subject.repository.clone()),
        "branch" => Some(subject.branch.clone()),
        "branch-slug" => Some(shared::branch_slug::branch_slug(&subject.branch)),
        "commit" => Some(commit.to_owned()),
        _ => None,
    };
    text.fill(value).expect("only these placeholders are read")
}

fn digest(
    template: &Template,
    parameters: &[Tag],
    tags: &[Tag],
    role: Option<&str>,
    capabilities: &[String],
) -> String {
    // A count before each list, so that what ends one cannot begin the next.
    let counts = [parameters.len(), tags.len(), capabilities.len()].map(|count| count.to_string());
    let pairs = parameters.iter().chain(tags).flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let ends = [template.source(), role.unwrap_or_default()];
    let parts = ends.into_iter().chain(counts.iter().map(String::as_str)).chain(pairs);
    client_token(parts.chain(capabilities.iter().map(String::as_str)))
}

/// Whether a tag's key is one of those this function writes.
pub fn is_ours(key: &str) -> bool {
    key.starts_with(OURS)
}
