//! The rules: which branches have a stack, and with which template, parameters, tags and role. These types hold checked
//! values only; they are read from `[[branch-stack]]` tables.

mod broken;
mod hidden;
mod read;
mod template;

use std::ops::Range;
use std::path::PathBuf;

use jiff::SignedDuration;
use shared::arn::Arn;
use shared::config::{Place, deployed};
use shared::glob::{Pattern, PatternList};
use shared::placeholder::Filled;
use shared::token::client_token;

use crate::identity::{BranchId, NamedValue, OURS};

pub use broken::BrokenStackRule;
pub use read::{CAPABILITIES, CODES, NOTIFY, SETTINGS_TABLE, TABLE, read};
pub use template::StackTemplate;

/// The variable that names a further folder of templates.
pub const TEMPLATES: &str = "POINTSMAN_TEMPLATES";

/// The folders of templates, in the order in which they are searched: the folder of the rules file, then the one that
/// [`TEMPLATES`] names.
pub fn template_folders() -> Vec<PathBuf> {
    deployed::folder().into_iter().chain(std::env::var_os(TEMPLATES).map(PathBuf::from)).collect()
}

/// All rules, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One for each `[[branch-stack]]` table.
    pub stacks: Vec<StackRule>,
    /// The most stacks of existing branches that are deleted within a day; the default depends on their number.
    pub most_deletions: Option<u32>,
    /// The rules that are rows of a table and cannot be read.
    pub broken: Vec<BrokenStackRule>,
}

impl Rules {
    /// The rule of a branch: the first that covers it.
    pub fn covering(&self, branch: &BranchId) -> Option<&StackRule> {
        self.stacks.iter().find(|rule| rule.covers(branch))
    }

    /// Whether a rule concerns a repository.
    pub fn are_about(&self, repository: &str) -> bool {
        self.stacks.iter().any(|rule| rule.repositories.includes(repository).0)
    }

    /// Whether a branch's stack is never deleted: any rule of its repository can protect it, not only the one that covers it.
    pub fn protect(&self, branch: &BranchId) -> bool {
        let about = self.stacks.iter().filter(|rule| rule.repositories.includes(&branch.repository).0);
        about.into_iter().any(|rule| rule.protects(&branch.name))
    }

    /// Whether a branch that `rule` covers is never idle: it is pinned or protected, or the rule has no ttl.
    pub fn keep(&self, rule: &StackRule, branch: &BranchId) -> bool {
        let pinned = rule.pinned.as_ref().is_some_and(|list| list.includes(&branch.name).0);
        rule.ttl.is_none() || pinned || self.protect(branch)
    }

    /// The pattern that excludes a branch from a rule of its repository.
    pub fn excluding(&self, branch: &BranchId) -> Option<&Pattern> {
        let about = self.stacks.iter().filter(|rule| rule.repositories.includes(&branch.repository).0);
        about.filter_map(|rule| rule.branches.includes(&branch.name).1).find(|pattern| pattern.excludes)
    }
}

/// One `[[branch-stack]]` table.
#[derive(Debug, Clone)]
pub struct StackRule {
    /// The repositories.
    pub repositories: PatternList,
    /// The branches that have a stack.
    pub branches: PatternList,
    /// The template.
    pub template: StackTemplate,
    /// The template's parameters.
    pub parameters: Vec<(String, Filled)>,
    /// Tags beside this function's own.
    pub tags: Vec<(String, Filled)>,
    /// The service role of CloudFormation. Without one, CloudFormation has the function's own permissions, which are too few.
    pub role: Option<Arn>,
    /// The capabilities of the template: `CAPABILITY_IAM` and so on.
    pub capabilities: Vec<String>,
    /// Branches whose stack is never deleted.
    pub protected: Option<PatternList>,
    /// Branches that are never idle.
    pub pinned: Option<PatternList>,
    /// How long a branch may be idle; without a ttl, without a limit.
    pub ttl: Option<SignedDuration>,
    /// How CloudFormation carries out the operations on the stack.
    pub deployment: Deployment,
    /// The most stacks that this rule may have.
    pub max_stacks: Option<u32>,
    /// What is reported about a stack, beside failures.
    pub notify: Notify,
    /// The place of the rule.
    pub place: Place,
    /// The places of the values that need a permission.
    pub named_at: NamedAt,
}

/// What a rule asks to be reported about its stacks, beside failures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notify {
    /// An email when a stack is ready.
    pub ready: bool,
    /// An event on the event bus when a stack is ready.
    pub event: bool,
    /// A comment on each open pull request of the branch.
    pub pull_request: bool,
}

/// The bytes of the file that hold the values of a rule that need a permission.
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

/// How CloudFormation carries out an operation (DeploymentConfig, AWS CloudFormation API Reference).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Deployment {
    /// The operation completes when the resources are ready.
    #[default]
    Standard,
    /// The operation completes when the configuration of the resources is applied.
    Express,
}

/// The specification of one branch's stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSpec {
    /// The template.
    pub template: StackTemplate,
    /// The template's parameters.
    pub parameters: Vec<NamedValue>,
    /// Tags beside this function's own.
    pub tags: Vec<NamedValue>,
    /// The service role of CloudFormation.
    pub role: Option<Arn>,
    /// The capabilities of the template.
    pub capabilities: Vec<String>,
    /// How CloudFormation carries out the operation. It is no part of the digest: it changes nothing in the stack.
    pub deployment: Deployment,
    /// A hash of all of these, except the deployment.
    pub digest: String,
}

impl StackRule {
    /// Whether this rule covers a branch.
    pub fn covers(&self, branch: &BranchId) -> bool {
        self.repositories.includes(&branch.repository).0 && self.branches.includes(&branch.name).0
    }

    /// Whether this rule protects a branch.
    fn protects(&self, branch: &str) -> bool {
        self.protected.as_ref().is_some_and(|list| list.includes(branch).0)
    }

    /// Whether the specification differs from commit to commit.
    pub fn uses_commit(&self) -> bool {
        self.parameters.iter().chain(&self.tags).any(|(_, value)| value.asks_for("commit"))
    }

    /// The digest of the rule as it is written, before anything is filled in.
    pub fn digest_as_written(&self) -> String {
        let written = |texts: &[(String, Filled)]| -> Vec<NamedValue> {
            texts.iter().map(|(name, text)| (name.clone(), text.to_string())).collect()
        };
        let (parameters, tags) = (written(&self.parameters), written(&self.tags));
        digest(&self.template, &parameters, &tags, self.role.as_ref(), &self.capabilities)
    }

    /// The specification of the stack of `branch` at `commit`.
    pub fn spec(&self, branch: &BranchId, commit: &str) -> StackSpec {
        let fill = |texts: &[(String, Filled)]| {
            texts.iter().map(|(name, text)| (name.clone(), filled(text, branch, commit))).collect()
        };
        let (parameters, tags): (Vec<NamedValue>, Vec<NamedValue>) =
            (fill(&self.parameters), fill(&self.tags));
        let digest = digest(&self.template, &parameters, &tags, self.role.as_ref(), &self.capabilities);
        let (role, capabilities) = (self.role.clone(), self.capabilities.clone());
        let deployment = self.deployment;
        StackSpec {
            template: self.template.clone(),
            parameters,
            tags,
            role,
            capabilities,
            deployment,
            digest,
        }
    }
}

fn filled(text: &Filled, branch: &BranchId, commit: &str) -> String {
    let value = |name: &str| match name {
        "repository" => Some(branch.repository.clone()),
        "branch" => Some(branch.name.clone()),
        "branch-slug" => Some(shared::branch_slug::branch_slug(&branch.name)),
        "commit" => Some(commit.to_owned()),
        _ => None,
    };
    text.fill(value).expect("only these placeholders are read")
}

fn digest(
    template: &StackTemplate,
    parameters: &[NamedValue],
    tags: &[NamedValue],
    role: Option<&Arn>,
    capabilities: &[String],
) -> String {
    let role = role.map(Arn::to_string).unwrap_or_default();
    // The length of each list is hashed first, so that the end of one list cannot count as the beginning of the next.
    let counts = [parameters.len(), tags.len(), capabilities.len()].map(|count| count.to_string());
    let pairs = parameters.iter().chain(tags).flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let ends = [template.source(), role.as_str()];
    let parts = ends.into_iter().chain(counts.iter().map(String::as_str)).chain(pairs);
    client_token(parts.chain(capabilities.iter().map(String::as_str)))
}

/// Whether a tag's key is reserved for this function.
pub fn is_reserved(key: &str) -> bool {
    key.starts_with(OURS)
}
