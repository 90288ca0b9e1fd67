//! Rules that are rows of a table and have errors: which branches they may be about. Nothing is changed for such a branch, because
//! what the rule would say is unknown.

use shared::config::{BrokenRow, Document, Place, TableReader};
use shared::glob::{PatternList, read as patterns};

use super::{Rules, TABLE};
use crate::FUNCTION;
use crate::identity::BranchId;

/// A rule that cannot be read.
#[derive(Debug, Clone)]
pub struct BrokenStackRule {
    /// The repositories; none if they cannot be read, so that the rule may be about any.
    repositories: Option<PatternList>,
    /// The branches; none if they cannot be read.
    branches: Option<PatternList>,
    /// The place of the rule. The order of places is that of the rules.
    pub place: Place,
}

/// How a rule that cannot be read concerns a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    /// The rule covers the branch.
    Covers,
    /// The rule may cover the branch.
    May,
    No,
}

pub(super) fn read(document: &Document) -> Vec<BrokenStackRule> {
    document.broken_rows(&[TABLE]).map(broken).collect()
}

fn broken(row: &BrokenRow) -> BrokenStackRule {
    let mut problems = Vec::new();
    let tables = row.document.tables(TABLE, &mut problems);
    let mut lists = [None, None];
    if let Some(table) = tables.first() {
        let mut table = TableReader::new(FUNCTION.described_table(TABLE), table, &mut problems);
        lists = ["repositories", "branches"].map(|key| {
            let list = patterns(&row.document, &mut table, key);
            list.filter(|list| list.is_whole)
        });
    }
    let [repositories, branches] = lists;
    BrokenStackRule { repositories, branches, place: row.place.clone() }
}

impl BrokenStackRule {
    fn is_about(&self, repository: &str) -> Concern {
        concern(self.repositories.as_ref(), repository)
    }

    fn concern(&self, branch: &BranchId) -> Concern {
        match (self.is_about(&branch.repository), concern(self.branches.as_ref(), &branch.name)) {
            (Concern::No, _) | (_, Concern::No) => Concern::No,
            (Concern::Covers, Concern::Covers) => Concern::Covers,
            _ => Concern::May,
        }
    }
}

fn concern(list: Option<&PatternList>, name: &str) -> Concern {
    match list {
        None => Concern::May,
        Some(list) if list.includes(name).0 => Concern::Covers,
        Some(_) => Concern::No,
    }
}

impl Rules {
    /// The broken rule because of which no stack is created for the branch: it covers the branch before any other rule.
    pub fn blocking_creation(&self, branch: &BranchId) -> Option<&BrokenStackRule> {
        self.before_the_covering(branch).find(|broken| broken.concern(branch) == Concern::Covers)
    }

    /// The broken rule because of which the stack of the branch is not updated: it may cover the branch before any other rule.
    pub fn blocking_update(&self, branch: &BranchId) -> Option<&BrokenStackRule> {
        self.before_the_covering(branch).find(|broken| broken.concern(branch) != Concern::No)
    }

    /// The broken rule because of which the stack of the branch is not deleted: it may cover or protect the branch.
    pub fn blocking_deletion(&self, branch: &BranchId) -> Option<&BrokenStackRule> {
        self.broken.iter().find(|broken| broken.is_about(&branch.repository) != Concern::No)
    }

    /// The broken rules that come before the rule that covers the branch; all of them if no rule does.
    fn before_the_covering(&self, branch: &BranchId) -> impl Iterator<Item = &BrokenStackRule> {
        let covering = self.covering(branch).map(|rule| &rule.place);
        self.broken.iter().filter(move |broken| covering.is_none_or(|place| broken.place < *place))
    }
}
