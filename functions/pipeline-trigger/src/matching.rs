//! Changed files against the rules' paths, groups and ignore lines, one file at a time, until every rule is settled.

use std::collections::{BTreeMap, BTreeSet};

use shared::glob::SetError;

use crate::because::Deciding;
use crate::facts::{FileClaim, FileVerdict, Files, Through};
use crate::rules::ignore::{ignored_by, matching_lines};
use crate::rules::{
    Group, IgnoreLine, PathMatcher, Pattern, PatternList, PipelineRule, UsedGroup, chain, touched,
};
use crate::unread::FilesUnknown;

/// One rule with the ignore lines that are kept in the repository.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'r> {
    /// The rule.
    pub rule: &'r PipelineRule,
    /// The lines of its ignore file at the pushed commit.
    pub ignore_file: &'r [IgnoreLine],
}

/// The state of several rules while the changed files are read.
#[derive(Debug)]
pub struct Matching<'r> {
    candidates: Vec<Candidate<'r>>,
    /// The rules that can claim a file, if a candidate is a default rule.
    claiming: Vec<&'r PipelineRule>,
    matcher: PathMatcher<'r>,
    /// The groups with files of their own, each with the number of its list in the automaton.
    groups: BTreeMap<usize, (&'r Group, usize)>,
    verdicts: Vec<FileVerdict>,
    /// The numbers of the groups that have a changed file, for each candidate whose variables ask for them.
    hit: BTreeMap<usize, BTreeSet<usize>>,
    files: usize,
    found: Vec<usize>,
}

/// The lists of patterns, asked about one file.
struct SeenFile<'s> {
    path: &'s str,
    /// The pattern with which a group includes the file; the inner `None` if none of its patterns excludes it.
    in_group: &'s dyn Fn(&Group) -> Option<Option<&'s Pattern>>,
    /// The rule that claims the file.
    claim: &'s dyn Fn() -> Option<FileClaim>,
}

impl<'r> Matching<'r> {
    /// Nothing read yet, and no rule beside the candidates claims a file.
    ///
    /// # Errors
    /// When the rules' patterns are too many for one automaton.
    pub fn new(candidates: Vec<Candidate<'r>>) -> Result<Self, SetError> {
        Self::among(candidates, &[])
    }

    /// Nothing read yet. A file that one of the `claiming` rules includes is none of a default rule's.
    ///
    /// # Errors
    /// When the rules' patterns are too many for one automaton.
    pub fn among(candidates: Vec<Candidate<'r>>, claiming: &[&'r PipelineRule]) -> Result<Self, SetError> {
        let has_default = candidates.iter().any(|candidate| candidate.rule.is_default);
        let claiming = if has_default { claiming.to_vec() } else { Vec::new() };
        let rules = || candidates.iter().map(|candidate| candidate.rule).chain(claiming.iter().copied());
        let mut lists: Vec<Option<&PatternList>> = rules().map(|rule| rule.paths.as_ref()).collect();
        let mut groups: BTreeMap<usize, (&Group, usize)> = BTreeMap::new();
        for UsedGroup { group, .. } in rules().flat_map(|rule| &rule.uses) {
            if group.paths.is_some() && !groups.contains_key(&group.number) {
                groups.insert(group.number, (group, lists.len()));
                lists.push(group.paths.as_ref());
            }
        }
        let matcher = PathMatcher::new(&lists)?;
        let verdicts = vec![FileVerdict::NoMatch { excluded: None }; candidates.len()];
        let asking = candidates.iter().enumerate().filter(|(_, candidate)| candidate.rule.asks_for_groups());
        let hit = asking.map(|(index, _)| (index, BTreeSet::new())).collect();
        Ok(Self { candidates, claiming, matcher, groups, verdicts, hit, files: 0, found: Vec::new() })
    }

    /// Takes one changed file into account.
    pub fn see(&mut self, file: &str) {
        self.files += 1;
        let matched: BTreeMap<usize, &Pattern> =
            self.matcher.last_matches(file, &mut self.found).into_iter().collect();
        let included = |number: &usize| {
            let (group, list) = self.groups.get(number)?;
            included(group.paths.as_ref()?, matched.get(list).copied())
        };
        let in_groups: BTreeMap<usize, Option<&Pattern>> =
            self.groups.keys().filter_map(|number| Some((*number, included(number)?))).collect();
        let in_group = |group: &Group| in_groups.get(&group.number).copied();
        let first_claiming = self.candidates.len();
        let claim = || {
            self.claiming.iter().enumerate().find_map(|(index, rule)| {
                claims(rule, matched.get(&(first_claiming + index)).copied(), &in_group)
            })
        };
        let seen = SeenFile { path: file, in_group: &in_group, claim: &claim };
        for (index, candidate) in self.candidates.iter().enumerate() {
            let last = matched.get(&index).copied();
            candidate.see(&seen, last, &mut self.verdicts[index]);
            if let Some(hit) = self.hit.get_mut(&index).filter(|_| !in_groups.is_empty()) {
                hit.extend(candidate.hit(&seen));
            }
        }
    }

    /// Whether no further file can change a verdict: every rule has a file that starts it, and no rule counts the files.
    pub fn settled(&self) -> bool {
        let start = self.verdicts.iter().all(|verdict| matches!(verdict, FileVerdict::Starts { .. }));
        start && !self.candidates.iter().any(|candidate| candidate.rule.counts_files())
    }

    /// The names of the groups that the files touch, for each candidate: `None` if its variables do not ask for them, or if
    /// reading stopped before the end, at `problem`.
    pub fn groups(&self, problem: Option<&FilesUnknown>) -> Vec<Option<Vec<String>>> {
        let of = |(index, candidate): (usize, &Candidate<'_>)| {
            let hit = self.hit.get(&index).filter(|_| problem.is_none())?;
            Some(touched(&candidate.rule.uses, hit))
        };
        self.candidates.iter().enumerate().map(of).collect()
    }

    /// What is known of each candidate's files. `problem` is why reading stopped before the end: a rule that was settled
    /// by then stays settled, and the files of the others are unknown.
    pub fn finish(self, problem: Option<&FilesUnknown>) -> Vec<Files> {
        let files = self.files;
        let known = |verdict| match (problem, verdict) {
            (_, verdict @ FileVerdict::Starts { .. }) | (None, verdict) => {
                Files::Read { files, broke_off: problem.cloned().map(Box::new), verdict }
            }
            (Some(why), _) => Files::Unknown(why.clone()),
        };
        self.verdicts.into_iter().map(known).collect()
    }
}

impl Candidate<'_> {
    /// What one changed file means for the rule, among the rules that can claim it. To see many files, [`Matching`] is
    /// faster.
    pub fn verdict(&self, file: &str, claiming: &[&PipelineRule]) -> FileVerdict {
        let mut verdict = FileVerdict::NoMatch { excluded: None };
        let used = std::iter::once(self.rule).chain(claiming.iter().copied()).flat_map(|rule| &rule.uses);
        let in_groups: BTreeMap<usize, Option<&Pattern>> =
            used.filter_map(|used| Some((used.group.number, used.group.own_pattern(file)?))).collect();
        let in_group = |group: &Group| in_groups.get(&group.number).copied();
        let claim = || claiming.iter().find_map(|rule| claims(rule, last_pattern(rule, file), &in_group));
        let seen = SeenFile { path: file, in_group: &in_group, claim: &claim };
        self.see(&seen, last_pattern(self.rule, file), &mut verdict);
        verdict
    }

    /// Every path pattern and ignore line that matches the file, in the order in which they are asked, each with the groups
    /// through which the rule has it: none for the rule's own ones.
    pub fn matching(&self, file: &str) -> Vec<(Deciding, Vec<String>)> {
        let own = |deciding| (deciding, Vec::new());
        let patterns = self.rule.paths.iter().flat_map(|paths| paths.matching(file));
        let patterns = patterns.map(deciding_pattern).map(own);
        let uses = &self.rule.uses;
        let groups = uses.iter().enumerate().flat_map(|(at, used)| {
            let matching = used.group.paths.iter().flat_map(|paths| paths.matching(file));
            matching.map(move |pattern| (deciding_pattern(pattern), chain(uses, at)))
        });
        let lines = [&self.rule.ignore, self.ignore_file];
        let lines = lines.into_iter().flat_map(|lines| matching_lines(lines, file));
        patterns.chain(groups).chain(lines.map(deciding_line).map(own)).collect()
    }

    fn see(&self, seen: &SeenFile<'_>, last: Option<&Pattern>, verdict: &mut FileVerdict) {
        if matches!(verdict, FileVerdict::Starts { .. }) {
            return;
        }
        let Some((pattern, through)) = self.selected(seen, last, verdict) else { return };
        match self.ignored(seen.path) {
            None => *verdict = FileVerdict::Starts { file: seen.path.to_owned(), pattern, through },
            Some(line) => count_ignored(verdict, seen.path, line),
        }
    }

    /// How the rule comes to the file, before its ignore lines are asked. The verdict notes why it does not.
    fn selected(
        &self,
        seen: &SeenFile<'_>,
        last: Option<&Pattern>,
        verdict: &mut FileVerdict,
    ) -> Option<(Option<Deciding>, Through)> {
        if self.rule.is_default {
            return match (seen.claim)() {
                None => Some((None, Through::Unclaimed)),
                Some(claim) => {
                    count_claimed(verdict, seen.path, claim);
                    None
                }
            };
        }
        let own = match &self.rule.paths {
            None => self.rule.uses.is_empty().then_some(None),
            Some(paths) => included(paths, last),
        };
        if let Some(pattern) = own {
            return Some((pattern.map(deciding_pattern), Through::Own));
        }
        let group = self.rule.uses.iter().enumerate();
        let group = group.filter_map(|(at, used)| Some((at, (seen.in_group)(&used.group)?))).next();
        if let Some((at, pattern)) = group {
            return Some((pattern.map(deciding_pattern), Through::Groups(chain(&self.rule.uses, at))));
        }
        if let (FileVerdict::NoMatch { excluded: excluded @ None }, Some(by)) = (verdict, last) {
            *excluded = Some((seen.path.to_owned(), deciding_pattern(by)));
        }
        None
    }

    /// The line that ignores the file. Two separate lists: a file of the repository cannot take back what the rule ignores.
    fn ignored(&self, file: &str) -> Option<&IgnoreLine> {
        ignored_by(&self.rule.ignore, file).or_else(|| ignored_by(self.ignore_file, file))
    }

    /// The numbers of the rule's groups that the file is in, unless the rule ignores it.
    fn hit(&self, seen: &SeenFile<'_>) -> Vec<usize> {
        let groups = self.rule.uses.iter().filter(|used| (seen.in_group)(&used.group).is_some());
        let numbers: Vec<usize> = groups.map(|used| used.group.number).collect();
        if numbers.is_empty() || self.ignored(seen.path).is_some() { Vec::new() } else { numbers }
    }
}

/// The last of the rule's own patterns that matches a file.
fn last_pattern<'r>(rule: &'r PipelineRule, file: &str) -> Option<&'r Pattern> {
    rule.paths.as_ref()?.includes(file).1
}

/// The pattern with which a list includes a file, of which `last` is the last that matches it. The inner `None` means that a
/// list which only excludes does not exclude it.
fn included<'p>(list: &PatternList, last: Option<&'p Pattern>) -> Option<Option<&'p Pattern>> {
    let is_in = last.map_or_else(|| list.starts_from_everything(), |pattern| !pattern.excludes);
    is_in.then_some(last)
}

/// How a rule claims a file, if it does: by its paths or by a group. Its ignore lines do not matter.
fn claims<'p>(
    rule: &PipelineRule,
    last: Option<&'p Pattern>,
    in_group: &dyn Fn(&Group) -> Option<Option<&'p Pattern>>,
) -> Option<FileClaim> {
    let own = rule.paths.as_ref().and_then(|paths| included(paths, last));
    let pattern = own.or_else(|| rule.uses.iter().find_map(|used| in_group(&used.group)))?;
    Some(FileClaim { rule: rule.place.clone(), pattern: pattern.map(deciding_pattern) })
}

fn count_ignored(verdict: &mut FileVerdict, file: &str, line: &IgnoreLine) {
    match verdict {
        FileVerdict::Ignored { files, .. } => *files += 1,
        _ => {
            let line = deciding_line(line);
            *verdict = FileVerdict::Ignored { files: 1, file: file.to_owned(), line };
        }
    }
}

fn count_claimed(verdict: &mut FileVerdict, file: &str, claim: FileClaim) {
    match verdict {
        FileVerdict::Claimed { files, .. } => *files += 1,
        FileVerdict::NoMatch { .. } => {
            *verdict = FileVerdict::Claimed { files: 1, file: file.to_owned(), claim };
        }
        FileVerdict::Starts { .. } | FileVerdict::Ignored { .. } => {}
    }
}

fn deciding_pattern(pattern: &Pattern) -> Deciding {
    Deciding { text: pattern.text.clone(), place: pattern.place.clone() }
}

fn deciding_line(line: &IgnoreLine) -> Deciding {
    Deciding { text: line.text.clone(), place: line.place.clone() }
}
