//! A rule's variables, filled in for a push: which are sent, and which are dropped and why. Pure.

use std::fmt;

use crate::event::{Push, Reference};
use crate::facts::{Files, Takes};
use crate::remark::Remark;
use crate::rules::variables::{
    BRANCH, BadValue, CHANGED_FILES, COMMIT, GROUPS, REPOSITORY, TAG, checked, without_reference,
};
use crate::rules::{GROUP_SEPARATOR, Variable};
use crate::unread::FilesUnknown;

/// What placeholders are filled with.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The push.
    pub push: &'a Push,
    /// The commit that is built.
    pub commit: &'a str,
    /// The rule's changed files.
    pub files: &'a Files,
    /// The groups that the changed files touch, if they are known.
    pub groups: Option<&'a [String]>,
}

/// Why a variable is not sent. The pipeline starts all the same: the variable's default is better than no build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// The pipeline is of type V1.
    TypeV1,
    /// The pipeline does not declare it. CodePipeline's answer to such a start is not documented.
    NotDeclared,
    /// There is no branch: a tag was pushed.
    NoBranch,
    /// There is no tag: a branch was pushed.
    NoTag,
    /// The number of changed files is unknown; why.
    NotCounted(CountUnknown),
    /// The groups that the changed files touch are unknown; why.
    GroupsUnknown(CountUnknown),
    /// CodePipeline would refuse the value.
    Refused(BadValue),
}

/// Why the number of changed files is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CountUnknown {
    /// The changed files are unknown.
    Files(FilesUnknown),
    /// The pipeline has no execution to compare with.
    NeverRan,
    /// A tag was pushed.
    Tag,
    /// The rule compares no files.
    NotCompared,
}

impl Filling<'_> {
    /// Names and values to start `pipeline` with, and remarks about the others.
    pub fn variables(
        &self,
        pipeline: &str,
        variables: &[Variable],
        takes: &Takes,
    ) -> (Vec<(String, String)>, Vec<Remark>) {
        let mut sent = Vec::new();
        let mut dropped: Vec<(Dropped, Vec<String>)> = Vec::new();
        for variable in variables {
            let name = variable.name.clone();
            match taken(takes, &name).and_then(|()| self.value(variable)) {
                Ok(value) => sent.push((name, value)),
                Err(why) => match dropped.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, names)) => names.push(name),
                    None => dropped.push((why, vec![name])),
                },
            }
        }
        let remark =
            |(why, variables)| Remark::VariablesDropped { pipeline: pipeline.to_owned(), variables, why };
        let assumed = *takes == Takes::Unknown && !sent.is_empty();
        let assumed = assumed.then(|| Remark::AssumedDeclared { pipeline: pipeline.to_owned() });
        (sent, assumed.into_iter().chain(dropped.into_iter().map(remark)).collect())
    }

    fn value(&self, variable: &Variable) -> Result<String, Dropped> {
        let value = variable.value.fill(|asked| self.placeholder(asked));
        let value = value.map_err(|asked| self.nothing_for(asked))?;
        checked(&value)
            .and_then(|()| without_reference(&variable.value, &value))
            .map_err(Dropped::Refused)?;
        Ok(value)
    }

    fn placeholder(&self, asked: &str) -> Option<String> {
        match (asked, &self.push.reference) {
            (REPOSITORY, _) => Some(self.push.repository.clone()),
            (BRANCH, Reference::Branch(name)) | (TAG, Reference::Tag(name)) => Some(name.clone()),
            (COMMIT, _) => Some(self.commit.to_owned()),
            (CHANGED_FILES, _) => self.count().ok().map(|count| count.to_string()),
            (GROUPS, _) => self.groups.map(separated),
            _ => None,
        }
    }

    fn nothing_for(&self, asked: &str) -> Dropped {
        match asked {
            BRANCH => Dropped::NoBranch,
            TAG => Dropped::NoTag,
            GROUPS => Dropped::GroupsUnknown(self.count().err().unwrap_or(CountUnknown::NotCompared)),
            _ => Dropped::NotCounted(self.count().err().unwrap_or(CountUnknown::NotCompared)),
        }
    }

    fn count(&self) -> Result<usize, CountUnknown> {
        match self.files {
            Files::Read { files, broke_off: None, .. } => Ok(*files),
            Files::Read { broke_off: Some(why), .. } => Err(CountUnknown::Files((**why).clone())),
            Files::Unknown(why) => Err(CountUnknown::Files(why.clone())),
            Files::NeverRan => Err(CountUnknown::NeverRan),
            Files::NotAsked if self.push.reference.branch().is_none() => Err(CountUnknown::Tag),
            Files::NotAsked | Files::NoCommit { .. } => Err(CountUnknown::NotCompared),
        }
    }
}

/// The names with a separator around each, so that `CONTAINS ",web,"` finds the group `web` and not `web-admin`. Without a
/// name, the separator alone: an empty value cannot be sent, and without a value the variable's default would count.
fn separated(names: &[String]) -> String {
    names.iter().fold(GROUP_SEPARATOR.to_string(), |value, name| format!("{value}{name}{GROUP_SEPARATOR}"))
}

fn taken(takes: &Takes, name: &str) -> Result<(), Dropped> {
    match takes {
        Takes::TypeV1 => Err(Dropped::TypeV1),
        Takes::Declared(names) if !names.contains(name) => Err(Dropped::NotDeclared),
        Takes::Declared(_) | Takes::Unknown => Ok(()),
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeV1 => f.write_str("a pipeline of type V1 has no variables"),
            Self::NotDeclared => f.write_str("the pipeline declares no such variable"),
            Self::NoBranch => f.write_str("a tag was pushed, so {branch} has no value"),
            Self::NoTag => f.write_str("a branch was pushed, so {tag} has no value"),
            Self::NotCounted(why) => write!(f, "the number of changed files is unknown: {why}"),
            Self::GroupsUnknown(why) => write!(f, "the groups of the changed files are unknown: {why}"),
            Self::Refused(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for CountUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(why) => why.fmt(f),
            Self::NeverRan => f.write_str("the pipeline has no execution that the push can be compared with"),
            Self::Tag => f.write_str("a tag is compared with no commit"),
            Self::NotCompared => f.write_str("the push was compared with no commit"),
        }
    }
}
