//! The description of a function, in one place: its name, tables and keys, settings, calls, problem codes and reason codes.
//!
//! Each function's crate has one `FUNCTION` of this type. The command line, the tests and the lists in the documents come
//! from it.

mod value_type;

use std::ops::Range;
use std::path::PathBuf;

use crate::config::{Code, Document, Problem, ProblemLevel};

pub use value_type::ValueType;

/// A function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name, as its folder and binary have it.
    pub name: &'static str,
    /// Its purpose in a sentence.
    pub summary: &'static str,
    /// The tables of the rules file that it reads.
    pub tables: &'static [Table],
    /// The environment variables that it reads, beside the settings of every function.
    pub settings: &'static [Setting],
    /// Every call to AWS that it makes.
    pub calls: &'static [Call],
    /// The codes of its problems, beside those of every table.
    pub problems: &'static [Code],
    /// The codes of its reasons and notes, one list for each enum that has some.
    pub reasons: &'static [&'static [&'static str]],
    /// What a deployment of it does without a rule.
    pub without_rules: WithoutRules,
    /// Reads the function's rules for `pointsman check`.
    pub check: Check,
}

/// What a deployed function does if the rules file has none of its tables.
#[derive(Debug, Clone, Copy)]
pub struct WithoutRules {
    /// The problem that this is; none if the function is of use without a rule.
    pub level: Option<ProblemLevel>,
    /// The effect, in a sentence: `no push starts a pipeline`.
    pub effect: &'static str,
}

/// Reads a function's rules, adds their problems, and returns what the rules need of the deployment. The folders are those of
/// the templates that rules may name.
pub type Check = fn(&Document, &[PathBuf], &mut Vec<Problem>) -> CheckedRules;

/// The rules of a function, as far as `pointsman check` knows them.
#[derive(Debug, Default)]
pub struct CheckedRules {
    /// The number of rules that could be read.
    pub rules: usize,
    /// The permissions that the rules need.
    pub needs: Vec<NeededPermission>,
}

/// A resource that a rule names, and the calls that the function makes on it.
#[derive(Debug, Clone)]
pub struct NeededPermission {
    /// The place in the rules file.
    pub at: Range<usize>,
    /// The resource's ARN. `{partition}`, `{region}` and `{account}` stand for those of the deployment.
    pub resource: String,
    /// The calls, as IAM names them.
    pub calls: Vec<&'static str>,
    /// How the deployment grants the permission: `add it to the parameter RepositoryNames`.
    pub help: &'static str,
}

/// A table of the rules file.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// `pipeline`, for `[[pipeline]]`.
    pub name: &'static str,
    /// Its purpose in a sentence.
    pub summary: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Whether the file may have several of it, as `[[name]]`; else it has one at most, as `[name]`.
    pub is_list: bool,
}

impl Table {
    /// The table's header, as the file has it.
    pub fn heading(&self) -> String {
        if self.is_list { format!("[[{}]]", self.name) } else { format!("[{}]", self.name) }
    }
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// `branches`.
    pub name: &'static str,
    /// The type of its value.
    pub takes: ValueType,
    /// The value that counts when the key is left out.
    pub default: KeyDefault,
    /// Its purpose in a sentence.
    pub summary: &'static str,
}

/// The value of a key that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDefault {
    /// The key must be there.
    Required,
    /// This value, as TOML writes it.
    Value(&'static str),
    /// None: this sentence says what then holds.
    Absent(&'static str),
    /// A table has one of these keys. The first is the one that is asked for where none is there.
    OneOf(&'static [&'static str]),
}

/// An environment variable of a function.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// `POINTSMAN_TOPIC_ARN`.
    pub name: &'static str,
    /// The value that it takes.
    pub takes: &'static str,
    /// The value that counts when it is empty; none where the function then refuses to run.
    pub default: Option<&'static str>,
}

/// A call to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// As IAM names it: `codecommit:GetBranch`.
    pub action: &'static str,
    /// The resource that a policy names for it.
    pub on: Resource,
}

/// The resource of a call, as a policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// An ARN of this form, with `{partition}`, `{region}` and `{account}`, and `*` for a name:
    /// `arn:{partition}:codecommit:{region}:{account}:*`.
    Arn(&'static str),
    /// The call takes no single resource: a policy says `*`.
    Everything,
    /// The call needs no permission.
    NoPermission,
}

impl Call {
    /// A call on a resource whose ARN has this form.
    pub const fn on(action: &'static str, arn: &'static str) -> Self {
        Self { action, on: Resource::Arn(arn) }
    }

    /// A call that takes no single resource.
    pub const fn on_everything(action: &'static str) -> Self {
        Self { action, on: Resource::Everything }
    }

    /// `codecommit` of `codecommit:GetBranch`.
    pub fn service(&self) -> &'static str {
        self.action.split_once(':').map_or(self.action, |(service, _)| service)
    }
}

impl Function {
    /// Every code that a reason or a note of this function can have, sorted and once.
    pub fn reason_codes(&self) -> Vec<&'static str> {
        let mut codes: Vec<&'static str> =
            self.reasons.iter().flat_map(|codes| codes.iter().copied()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// The table of that name, which the description has.
    ///
    /// # Panics
    /// When the description lacks it: each function's tests read each of its tables.
    pub fn described_table(&self, name: &str) -> &'static Table {
        self.table(name).expect("a function describes each table that it reads")
    }

    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&'static Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The calls on this resource.
    pub fn calls_on(&self, resource: Resource) -> impl Iterator<Item = &'static str> {
        self.calls.iter().filter(move |call| call.on == resource).map(|call| call.action)
    }
}
