//! `hidden-rule`: a rule that never applies, because earlier rules cover each of its branches.

use std::collections::HashMap;
use std::ops::Range;

use shared::config::Problem;
use shared::config::codes::HIDDEN;
use shared::glob::{ListSet, PatternList};
use shared::language::NameKind;

/// The names of a rule that are tried before a search.
const TRIED: usize = 12;
/// The most different lists of earlier rules that are searched together.
const MOST_LISTS: usize = 300;

/// The branches of a rule, and the place of its repositories.
#[derive(Debug, Clone)]
pub(super) struct Coverage {
    pub(super) repositories: PatternList,
    pub(super) branches: PatternList,
    pub(super) at: Range<usize>,
}

/// The rules by their lists: equal lists count once.
struct Ordered<'c> {
    repositories: Distinct<'c>,
    branches: Distinct<'c>,
    /// The first rule with these two lists.
    first: HashMap<(usize, usize), usize>,
}

/// The different lists among those of all rules.
struct Distinct<'c> {
    lists: Vec<&'c PatternList>,
    /// The list of each rule.
    of_rule: Vec<usize>,
    set: ListSet<'c>,
}

impl<'c> Distinct<'c> {
    fn new(all: impl Iterator<Item = &'c PatternList>, kind: NameKind) -> Self {
        let (mut lists, mut of_rule) = (Vec::new(), Vec::new());
        let mut known: HashMap<Vec<&str>, usize> = HashMap::new();
        for list in all {
            let texts: Vec<&str> = list.patterns.iter().map(|pattern| pattern.text.as_str()).collect();
            let number = *known.entry(texts).or_insert(lists.len());
            if number == lists.len() {
                lists.push(list);
            }
            of_rule.push(number);
        }
        Self { set: ListSet::new(lists.clone(), kind), lists, of_rule }
    }

    /// A list and others as a set of their own, the list first.
    fn with_others(&self, list: usize, others: &[usize], kind: NameKind) -> ListSet<'c> {
        let others = others.iter().map(|other| self.lists[*other]);
        ListSet::new(std::iter::once(self.lists[list]).chain(others).collect(), kind)
    }
}

/// The problems of the rules that never apply.
pub(super) fn hidden(rules: &[Coverage]) -> Vec<Problem> {
    let repositories = Distinct::new(rules.iter().map(|rule| &rule.repositories), NameKind::Repository);
    let branches = Distinct::new(rules.iter().map(|rule| &rule.branches), NameKind::Branch);
    let mut first = HashMap::new();
    for (rule, lists) in
        repositories.of_rule.iter().copied().zip(branches.of_rule.iter().copied()).enumerate()
    {
        first.entry(lists).or_insert(rule);
    }
    let ordered = Ordered { repositories, branches, first };
    (1..rules.len()).filter_map(|rule| Some(problem(rules, rule, &ordered.hiding(rule)?))).collect()
}

fn problem(rules: &[Coverage], rule: usize, by: &[usize]) -> Problem {
    let label = match by {
        [_] => "this rule never applies",
        _ => "this rule never applies: earlier rules together cover all of its branches",
    };
    let related = match by {
        [_] => "this rule always applies first",
        _ => "one of the rules that apply first",
    };
    Problem::new(HIDDEN, rules[rule].at.clone(), label).related(rules[by[0]].at.clone(), related).help(
        "the first rule that covers a branch applies to it: remove this rule, which has no effect, or move it before \
         the other to let it apply",
    )
}

impl Ordered<'_> {
    /// The earlier rules that cover each branch of a rule.
    fn hiding(&self, rule: usize) -> Option<Vec<usize>> {
        let (repositories, branches) = (self.repositories.of_rule[rule], self.branches.of_rule[rule]);
        let same = self.first[&(repositories, branches)];
        if same < rule {
            return Some(vec![same]);
        }
        let mut tried = 0;
        let mut by: Vec<usize> = Vec::new();
        let names: Vec<Vec<u8>> = self.branches.set.names(branches).take(TRIED).collect();
        for repository in self.repositories.set.names(repositories).take(TRIED) {
            for branch in &names {
                by.push(self.covering(&repository, branch, rule)?);
                tried += 1;
            }
        }
        by.sort_unstable();
        by.dedup();
        match by.as_slice() {
            // A rule without a name has another problem.
            _ if tried == 0 => None,
            [one] if self.covers(*one, rule) => Some(by),
            _ => self.together_cover(rule).then_some(by),
        }
    }

    /// The first rule before `rule` that covers a branch.
    fn covering(&self, repository: &[u8], branch: &[u8], rule: usize) -> Option<usize> {
        let branches = self.branches.set.including(branch);
        let repositories = self.repositories.set.including(repository);
        let pairs = repositories.iter().flat_map(|one| branches.iter().map(move |other| (*one, *other)));
        pairs.filter_map(|lists| self.first.get(&lists).copied()).filter(|first| *first < rule).min()
    }

    /// Whether one rule covers all of another.
    fn covers(&self, one: usize, rule: usize) -> bool {
        let covers = |lists: &Distinct<'_>, kind| {
            let (wide, narrow) = (lists.of_rule[one], lists.of_rule[rule]);
            wide == narrow || lists.with_others(narrow, &[wide], kind).others_cover_the_first()
        };
        covers(&self.repositories, NameKind::Repository) && covers(&self.branches, NameKind::Branch)
    }

    /// Whether the rules before a rule cover all of it. Repositories that the same lists include are one case.
    fn together_cover(&self, rule: usize) -> bool {
        let own = self.repositories.of_rule[rule];
        let mut lists: Vec<usize> = self.repositories.of_rule[..rule].to_vec();
        lists.retain(|list| *list != own);
        lists.sort_unstable();
        lists.dedup();
        if lists.len() > MOST_LISTS {
            return false;
        }
        let set = self.repositories.with_others(own, &lists, NameKind::Repository);
        let Some(companies) = set.companies() else { return false };
        let list = |number: &usize| if *number == 0 { own } else { lists[number - 1] };
        companies.iter().all(|company| self.covered_in(rule, &company.iter().map(list).collect::<Vec<_>>()))
    }

    /// Whether earlier rules cover all branches of a rule in the repositories that exactly these lists include.
    fn covered_in(&self, rule: usize, company: &[usize]) -> bool {
        let own = self.branches.of_rule[rule];
        let earlier = (0..rule).filter(|other| company.contains(&self.repositories.of_rule[*other]));
        let mut lists: Vec<usize> = earlier.map(|other| self.branches.of_rule[other]).collect();
        lists.sort_unstable();
        lists.dedup();
        lists.contains(&own)
            || (lists.len() <= MOST_LISTS
                && self.branches.with_others(own, &lists, NameKind::Branch).others_cover_the_first())
    }
}
