//! Reads what the decision needs, and no more: nothing where no rule asks, and no page of the changed files after
//! the last rule is settled. A fact that cannot be read is recorded as unknown; nothing here fails.

mod changes;
pub(crate) mod deadlines;
mod lines;
mod pipelines;

pub use lines::{MOST_FILES as MOST_COMPARED_FILES, MOST_PAGES as MOST_LINE_PAGES};

use std::collections::BTreeMap;
use std::time::Instant;

use futures::StreamExt as _;
use futures::stream;
use tokio::time::timeout_at;

use crate::compare::{Comparison, LastRun, comparison};
use crate::decide::{admits, by_files, commit_to_build};
use crate::event::Push;
use crate::facts::{BranchHead, Facts, Files};
use crate::matching::Candidate;
use crate::reader::{Lookup, Reader};
use crate::remark::Remark;
use crate::rules::ignore::read_file;
use crate::rules::{Baseline, IgnoreLine, Pin, PipelineRule};
use crate::unread::{FilesUnknown, IgnoreFileProblem, ReadError};
use deadlines::Deadlines;

/// How many pipelines are read at a time.
const AT_A_TIME: usize = 16;

/// One push and what it takes to read about it.
struct Gathering<'a, R> {
    push: &'a Push,
    commit: &'a str,
    rules: &'a [&'a PipelineRule],
    /// Every rule of the repository: what they claim is none of a default rule's.
    of_repository: &'a [&'a PipelineRule],
    reader: &'a R,
    deadlines: Deadlines,
}

/// What is read before the changed files are.
struct Prerequisites {
    ignore_files: BTreeMap<String, Vec<IgnoreLine>>,
    /// By the rule's index, for the rules that compare with it.
    last_runs: BTreeMap<usize, LastRun>,
}

impl Prerequisites {
    fn candidate<'p>(&'p self, rule: &'p PipelineRule) -> Candidate<'p> {
        let lines = rule.ignore_file.as_ref().and_then(|name| self.ignore_files.get(name));
        Candidate { rule, ignore_file: lines.map_or(&[], Vec::as_slice) }
    }
}

/// Reads the facts about a push. `rules` are those of the pushed repository.
pub async fn gather<R: Reader>(push: &Push, rules: &[&PipelineRule], reader: &R, deadline: Instant) -> Facts {
    gather_some(push, rules, rules, reader, deadline).await
}

/// Reads the facts about a push for some of the repository's rules. `of_repository` are all of them.
pub async fn gather_some<R: Reader>(
    push: &Push,
    rules: &[&PipelineRule],
    of_repository: &[&PipelineRule],
    reader: &R,
    deadline: Instant,
) -> Facts {
    let mut facts = Facts { files: vec![Files::NotAsked; rules.len()], ..Facts::default() };
    let Some(commit) = push.commit() else { return facts };
    let admitted: Vec<usize> = (0..rules.len()).filter(|index| admits(rules[*index], push).is_ok()).collect();
    let deadlines = Deadlines::until(deadline, Instant::now());
    let gathering = Gathering { push, commit, rules, of_repository, reader, deadlines };

    let compared = |index: &usize| comparison(rules[*index], push) != Comparison::NotNeeded;
    let file_rules: Vec<usize> = admitted.iter().copied().filter(compared).collect();
    let ignore_files = gathering.ignore_files(&file_rules, &mut facts.remarks).await;
    let last_runs = gathering.last_runs(&file_rules, &mut facts.remarks).await;
    gathering.changes(&file_rules, &Prerequisites { ignore_files, last_runs }, &mut facts).await;

    let starting: Vec<usize> =
        admitted.into_iter().filter(|index| by_files(&facts.files[*index]).is_ok()).collect();
    facts.head = gathering.head(&starting, &mut facts.remarks).await;
    let to_build: Vec<(usize, String)> = starting
        .into_iter()
        .filter_map(|index| Some((index, commit_to_build(push, &facts.head, rules[index]).ok()?)))
        .collect();
    facts.pipelines = gathering.pipelines(&to_build, &mut facts.remarks).await;
    facts
}

impl<R: Reader> Gathering<'_, R> {
    /// The branch's head, if a rule that starts builds it.
    async fn head(&self, starting: &[usize], remarks: &mut Vec<Remark>) -> BranchHead {
        let Some(branch) = self.push.reference.branch() else { return BranchHead::NotAsked };
        if !starting.iter().any(|index| self.rules[*index].pin == Pin::Head) {
            return BranchHead::NotAsked;
        }
        let answer = timeout_at(self.deadlines.pipelines.into(), self.reader.branch_head(branch)).await;
        let answer = answer.map_err(|_| ReadError::NoTime).and_then(|answer| answer.map_err(ReadError::from));
        match answer {
            Ok(Lookup::Found(head)) => {
                let overtaken = || Remark::Overtaken { branch: branch.to_owned(), head: head.clone() };
                remarks.extend((head != self.commit).then(overtaken));
                BranchHead::At(head)
            }
            Ok(Lookup::Missing) => BranchHead::Gone,
            Ok(Lookup::NotAsked) => BranchHead::NotAsked,
            Err(error) => {
                remarks.push(Remark::HeadUnknown { branch: branch.to_owned(), error });
                BranchHead::Unknown
            }
        }
    }

    /// The patterns of each ignore file that a rule names, at the pushed commit.
    async fn ignore_files(
        &self,
        rules: &[usize],
        remarks: &mut Vec<Remark>,
    ) -> BTreeMap<String, Vec<IgnoreLine>> {
        let mut files = BTreeMap::new();
        for name in rules.iter().filter_map(|index| self.rules[*index].ignore_file.as_ref()) {
            if !files.contains_key(name) {
                let lines = self.ignore_file(name).await.unwrap_or_else(|problem| {
                    remarks.push(Remark::IgnoreFileUnread { file: name.clone(), problem });
                    Vec::new()
                });
                files.insert(name.clone(), lines);
            }
        }
        files
    }

    async fn ignore_file(&self, name: &str) -> Result<Vec<IgnoreLine>, IgnoreFileProblem> {
        match self.reader.file(self.commit, name).await {
            Ok(Some(file)) => read_file(name, file.content, file.is_link),
            Ok(None) => Ok(Vec::new()),
            Err(error) if error.has_code("FileTooLargeException") => {
                Err(IgnoreFileProblem::TooLargeForCodeCommit)
            }
            Err(error) => Err(IgnoreFileProblem::Unreadable(error)),
        }
    }

    /// The commit that each pipeline ran last, for the rules that compare with that.
    async fn last_runs(&self, rules: &[usize], remarks: &mut Vec<Remark>) -> BTreeMap<usize, LastRun> {
        let compared = rules.iter().copied().filter(|index| self.rules[*index].baseline != Baseline::Push);
        let read = stream::iter(compared).map(async |index| {
            let read = timeout_at(self.deadlines.changes.into(), self.last_run(self.rules[index])).await;
            let read = read.map_err(|_| ReadError::NoTime).and_then(|read| read);
            let pipeline = || self.pipeline_name(self.rules[index]);
            let unknown = |error| LastRun::Unknown(FilesUnknown::Executions { pipeline: pipeline(), error });
            (index, read.unwrap_or_else(unknown))
        });
        let read: BTreeMap<usize, LastRun> = read.buffered(AT_A_TIME).collect().await;
        let assumed = read.iter().filter(|(_, last)| **last == LastRun::NotAsked);
        let pipelines = assumed.map(|(index, _)| self.pipeline_name(self.rules[*index]));
        remarks.extend(pipelines.map(|pipeline| Remark::AssumedRun { pipeline }));
        read
    }

    fn pipeline_name(&self, rule: &PipelineRule) -> String {
        rule.name.name(&self.push.repository, self.push.reference.branch())
    }
}
