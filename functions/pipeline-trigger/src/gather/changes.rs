//! The changed files: what to compare the push with, and the pages of paths until every rule is settled.

use std::collections::BTreeMap;
use std::time::Instant;

use tokio::time::timeout_at;

use super::lines::LineReads;
use super::{Gathering, Prerequisites};
use crate::compare::{Against, Base, Comparison, against, comparison, from_merge_base};
use crate::decide::claiming;
use crate::facts::{Facts, Files};
use crate::matching::{Candidate, Matching};
use crate::reader::{PathPage, Reader};
use crate::remark::Remark;
use crate::unread::FilesUnknown;

impl<R: Reader> Gathering<'_, R> {
    /// Fills in the files of the rules that compare them, reading each comparison once.
    pub(super) async fn changes(&self, rules: &[usize], known: &Prerequisites, facts: &mut Facts) {
        let compares = |index: &usize| comparison(self.rules[*index], self.push);
        let merge_base = match rules.iter().any(|index| compares(index) == Comparison::MergeBase) {
            true => self.merge_base(&mut facts.remarks).await,
            false => Err(Files::NotAsked),
        };
        let mut groups: BTreeMap<Base, Vec<usize>> = BTreeMap::new();
        for index in rules.iter().copied() {
            match against(self.push, compares(&index), known.last_runs.get(&index), &merge_base) {
                Ok(base) => groups.entry(base).or_default().push(index),
                Err(files) => facts.files[index] = files,
            }
        }
        let mut reads = LineReads::default();
        for (base, members) in groups {
            let candidates = members.iter().map(|index| known.candidate(self.rules[*index])).collect();
            let compared = self.compare(&base, candidates, &mut reads).await;
            for (index, (files, groups)) in members.iter().zip(compared) {
                facts.files[*index] = files;
                facts.groups.extend(groups.map(|groups| (*index, groups)));
                facts.compared_with.insert(*index, base.clone());
            }
        }
        facts.remarks.extend(reads.remarks);
    }

    /// Where the new branch left the default branch. The default branch itself has left nothing.
    async fn merge_base(&self, remarks: &mut Vec<Remark>) -> Against {
        let default = self.reader.default_branch().await;
        let default = default.map_err(|error| Files::Unknown(FilesUnknown::DefaultBranch(error)))?;
        let branch = self.push.reference.branch().unwrap_or_default();
        let Some(default) = default.filter(|default| default != branch) else { return Ok(Base::Nothing) };
        let base = self.reader.merge_base(self.commit, &default).await;
        let unknown = |error| FilesUnknown::MergeBase { default: default.clone(), error };
        let against = from_merge_base(base.map_err(|error| Files::Unknown(unknown(error)))?, self.commit);
        remarks.extend(Remark::compared(branch, &against, default));
        against
    }

    /// Reads the changed files page by page. A rule that was settled stays so, whatever happens to a later page.
    async fn compare(
        &self,
        base: &Base,
        candidates: Vec<Candidate<'_>>,
        reads: &mut LineReads,
    ) -> Vec<(Files, Option<Vec<String>>)> {
        let count = candidates.len();
        let mut matching = match Matching::among(candidates, &claiming(self.of_repository, self.push)) {
            Ok(matching) => matching,
            Err(error) => return vec![(Files::Unknown(FilesUnknown::TooManyPatterns(error)), None); count],
        };
        let problem = self.read_pages(base, &mut matching, reads).await.err();
        let groups = matching.groups(problem.as_ref());
        matching.finish(problem.as_ref()).into_iter().zip(groups).collect()
    }

    async fn read_pages(
        &self,
        base: &Base,
        matching: &mut Matching<'_>,
        reads: &mut LineReads,
    ) -> Result<(), FilesUnknown> {
        let mut next: Option<String> = None;
        loop {
            let page = self.page(base, next.clone()).await?;
            for path in &page.paths {
                let ignored = self.ignored_lines(matching, path, page.modified.get(path), reads).await;
                matching.see_but(path, &ignored);
                if Instant::now() >= self.deadlines.changes {
                    return Err(FilesUnknown::TooManyFiles);
                }
            }
            match page.next {
                _ if matching.settled() => return Ok(()),
                None => return Ok(()),
                Some(token) if next.as_ref() == Some(&token) => return Err(FilesUnknown::SamePage),
                token => next = token,
            }
        }
    }

    async fn page(&self, base: &Base, token: Option<String>) -> Result<PathPage, FilesUnknown> {
        let page = self.reader.differences(base.commit(), self.commit, token);
        let page = timeout_at(self.deadlines.changes.into(), page).await;
        page.map_err(|_| FilesUnknown::TooManyFiles)?.map_err(|error| {
            // CodeCommit removes a commit that no branch reaches any more, as a force push leaves it, after a while.
            match error.has_code("CommitDoesNotExistException") {
                true => FilesUnknown::CommitGone { before: base.commit().map(str::to_owned) },
                false => FilesUnknown::Differences(error),
            }
        })
    }
}
