//! Changed files against the rules' paths and ignore lines, one file at a time, until every rule is settled.

use std::collections::BTreeMap;

use shared::glob::SetError;

use crate::because::Deciding;
use crate::facts::{FileVerdict, Files, IgnoredLines};
use crate::rules::ignore::{ignored_by, matching_lines};
use crate::rules::line_rules::LineRules;
use crate::rules::{IgnoreLine, PathMatcher, Pattern, PatternList, PipelineRule};
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
    matcher: PathMatcher<'r>,
    verdicts: Vec<FileVerdict>,
    files: usize,
    found: Vec<usize>,
}

impl<'r> Matching<'r> {
    /// Nothing read yet.
    ///
    /// # Errors
    /// When the rules' patterns are too many for one automaton.
    pub fn new(candidates: Vec<Candidate<'r>>) -> Result<Self, SetError> {
        let lists: Vec<Option<&PatternList>> =
            candidates.iter().map(|candidate| candidate.rule.paths.as_ref()).collect();
        let matcher = PathMatcher::new(&lists)?;
        let verdicts = vec![FileVerdict::NoMatch { excluded: None }; candidates.len()];
        Ok(Self { candidates, matcher, verdicts, files: 0, found: Vec::new() })
    }

    /// The candidates that the file would start and that ignore changes in some lines, by their index.
    pub fn asking_for_lines(&mut self, file: &str) -> Vec<(usize, &'r LineRules)> {
        if self.candidates.iter().all(|candidate| candidate.rule.lines.is_none()) {
            return Vec::new();
        }
        let matched: BTreeMap<usize, &Pattern> =
            self.matcher.last_matches(file, &mut self.found).into_iter().collect();
        let mut asking = Vec::new();
        for (index, candidate) in self.candidates.iter().enumerate() {
            let Some(lines) = &candidate.rule.lines else { continue };
            let mut alone = FileVerdict::NoMatch { excluded: None };
            candidate.see(file, matched.get(&index).copied(), &mut alone);
            let is_open = !matches!(self.verdicts[index], FileVerdict::Starts { .. });
            if is_open && matches!(alone, FileVerdict::Starts { .. }) {
                asking.push((index, lines));
            }
        }
        asking
    }

    /// Takes one changed file into account.
    pub fn see(&mut self, file: &str) {
        self.see_but(file, &BTreeMap::new());
    }

    /// Takes one changed file into account, of which these candidates ignore each line that differs.
    pub fn see_but(&mut self, file: &str, ignored: &BTreeMap<usize, IgnoredLines>) {
        self.files += 1;
        let matched = self.matcher.last_matches(file, &mut self.found);
        let mut matched = matched.into_iter().peekable();
        for (index, candidate) in self.candidates.iter().enumerate() {
            let last = matched.next_if(|(rule, _)| *rule == index).map(|(_, pattern)| pattern);
            match ignored.get(&index) {
                Some(by) => count_lines(&mut self.verdicts[index], file, by),
                None => candidate.see(file, last, &mut self.verdicts[index]),
            }
        }
    }

    /// Whether no further file can change a verdict: every rule has a file that starts it, and no rule counts the files.
    pub fn settled(&self) -> bool {
        let start = self.verdicts.iter().all(|verdict| matches!(verdict, FileVerdict::Starts { .. }));
        start && !self.candidates.iter().any(|candidate| candidate.rule.counts_files())
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
    /// What one changed file means for the rule. To see many files, [`Matching`] is faster.
    pub fn verdict(&self, file: &str) -> FileVerdict {
        let mut verdict = FileVerdict::NoMatch { excluded: None };
        let last = self.rule.paths.as_ref().and_then(|paths| paths.matching(file).pop());
        self.see(file, last, &mut verdict);
        verdict
    }

    /// Every path pattern and ignore line that matches the file, in the order in which they are asked.
    pub fn matching(&self, file: &str) -> Vec<Deciding> {
        let patterns = self.rule.paths.iter().flat_map(|paths| paths.matching(file)).map(deciding_pattern);
        let lines = [&self.rule.ignore, self.ignore_file];
        let lines = lines.into_iter().flat_map(|lines| matching_lines(lines, file)).map(deciding_line);
        patterns.chain(lines).collect()
    }

    fn see(&self, file: &str, last: Option<&Pattern>, verdict: &mut FileVerdict) {
        if matches!(verdict, FileVerdict::Starts { .. }) {
            return;
        }
        let from_everything = self.rule.paths.as_ref().is_none_or(PatternList::starts_from_everything);
        let is_in = last.map_or(from_everything, |pattern| !pattern.excludes);
        let deciding = last.map(deciding_pattern);
        if !is_in {
            if let (FileVerdict::NoMatch { excluded: excluded @ None }, Some(by)) = (&mut *verdict, deciding)
            {
                *excluded = Some((file.to_owned(), by));
            }
            return;
        }
        // Two separate lists: a file of the repository cannot take back what the rule ignores.
        let ignored = ignored_by(&self.rule.ignore, file).or_else(|| ignored_by(self.ignore_file, file));
        match ignored {
            None => *verdict = FileVerdict::Starts { file: file.to_owned(), pattern: deciding },
            Some(line) => count_ignored(verdict, file, line),
        }
    }
}

fn count_ignored(verdict: &mut FileVerdict, file: &str, line: &IgnoreLine) {
    match verdict {
        FileVerdict::Ignored { files, .. } | FileVerdict::OnlyLines { files, .. } => *files += 1,
        _ => {
            let line = deciding_line(line);
            *verdict = FileVerdict::Ignored { files: 1, file: file.to_owned(), line };
        }
    }
}

fn count_lines(verdict: &mut FileVerdict, file: &str, by: &IgnoredLines) {
    let earlier = match verdict {
        FileVerdict::OnlyLines { files, .. } => return *files += 1,
        FileVerdict::Ignored { files, .. } => *files,
        _ => 0,
    };
    *verdict = FileVerdict::OnlyLines { files: earlier + 1, file: file.to_owned(), by: by.clone() };
}

fn deciding_pattern(pattern: &Pattern) -> Deciding {
    Deciding { text: pattern.text.clone(), place: pattern.place.clone() }
}

fn deciding_line(line: &IgnoreLine) -> Deciding {
    Deciding { text: line.text.clone(), place: line.place.clone() }
}
