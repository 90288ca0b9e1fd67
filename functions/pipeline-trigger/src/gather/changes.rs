//! The changed files: what to compare the push with, and the pages of GetDifferences until every rule is settled.

use std::collections::BTreeMap;
use std::time::Instant;

use shared::aws::told;
use tokio::time::timeout_at;

use super::{Known, NO_TIME, Reader};
use crate::compare::{Against, Base, Comparison, against, comparison, from_merge_base};
use crate::event::short;
use crate::facts::{Facts, Files};
use crate::matching::{Candidate, Matching};
use crate::remark::Remark;

impl Reader<'_> {
    /// Fills in the files of the rules that look at them, reading each comparison once.
    pub(super) async fn changes(&self, rules: &[usize], known: &Known, facts: &mut Facts) {
        let compares = |index: &usize| comparison(self.rules[*index], self.push);
        let merge_base = match rules.iter().any(|index| compares(index) == Comparison::MergeBase) {
            true => self.merge_base(&mut facts.remarks).await,
            false => Err(Files::NotAsked),
        };
        let mut groups: BTreeMap<Base, Vec<usize>> = BTreeMap::new();
        for index in rules.iter().copied() {
            match against(compares(&index), known.histories.get(&index), &merge_base) {
                Ok(base) => groups.entry(base).or_default().push(index),
                Err(files) => facts.files[index] = files,
            }
        }
        for (base, members) in groups {
            let candidates = members.iter().map(|index| known.candidate(self.rules[*index])).collect();
            for (index, files) in members.iter().zip(self.compare(&base, candidates).await) {
                facts.files[*index] = files;
            }
        }
    }

    /// Where the new branch left the default branch. The default branch itself has left nothing.
    async fn merge_base(&self, remarks: &mut Vec<Remark>) -> Against {
        let unknown =
            |what: &str, error: String| Files::Unknown(format!("{what} could not be read ({error})"));
        let repository = &self.push.repository;
        let described = self.aws.codecommit.get_repository().repository_name(repository).send().await;
        let described = described.map_err(|error| unknown("the default branch", told(&error)))?;
        let default = described.repository_metadata.and_then(|metadata| metadata.default_branch);
        let branch = self.push.reference.branch().unwrap_or_default();
        let Some(default) = default.filter(|default| default != branch) else { return Ok(Base::Nothing) };
        let options = self.aws.codecommit.get_merge_options().repository_name(repository);
        let options = options.source_commit_specifier(self.commit).destination_commit_specifier(&default);
        let options = options.send().await;
        let base = options
            .map_err(|error| unknown(&format!("the commit it left `{default}` at"), told(&error)))?
            .base_commit_id;
        let against = from_merge_base(Some(base), self.commit);
        remarks.extend(Remark::compared(branch, &against, default));
        against
    }

    /// Reads the changed files page by page. A rule that was settled stays so, whatever happens to a later page.
    async fn compare(&self, base: &Base, candidates: Vec<Candidate<'_>>) -> Vec<Files> {
        let count = candidates.len();
        let mut matching = match Matching::new(candidates) {
            Ok(matching) => matching,
            Err(error) => return vec![Files::Unknown(format!("the patterns are too many ({error})")); count],
        };
        let problem = self.read_pages(base, &mut matching).await.err();
        matching.finish(problem.as_deref())
    }

    async fn read_pages(&self, base: &Base, matching: &mut Matching<'_>) -> Result<(), String> {
        let mut next: Option<String> = None;
        loop {
            let call = self.aws.codecommit.get_differences().repository_name(&self.push.repository);
            let call = match base {
                Base::Nothing => call,
                Base::Commit(commit) => call.before_commit_specifier(commit),
            };
            let call = call.after_commit_specifier(self.commit).set_next_token(next.clone());
            let page = timeout_at(self.times.changes.into(), call.send()).await.map_err(|_| too_many())?;
            let page = page.map_err(|error| match error.as_service_error() {
                Some(service) if service.is_commit_does_not_exist_exception() => gone(base),
                _ => format!("they could not be read ({})", told(&error)),
            })?;
            for difference in page.differences.unwrap_or_default() {
                let before = difference.before_blob.and_then(|blob| blob.path);
                let after = difference.after_blob.and_then(|blob| blob.path);
                // A rename comes as one deleted and one added file; should both sides ever come together, both count.
                let other = after.as_ref().filter(|after| before.as_ref() != Some(after));
                before.iter().chain(other).for_each(|path| matching.see(path));
                if Instant::now() >= self.times.changes {
                    return Err(too_many());
                }
            }
            match page.next_token.filter(|token| !token.is_empty()) {
                _ if matching.settled() => return Ok(()),
                None => return Ok(()),
                Some(token) if next.as_ref() == Some(&token) => {
                    return Err("CodeCommit gives the same page again and again".to_owned());
                }
                token => next = token,
            }
        }
    }
}

fn too_many() -> String {
    format!("there are too many to read: {NO_TIME}")
}

/// A commit that a force push left behind is removed from the repository after a while.
fn gone(base: &Base) -> String {
    match base {
        Base::Commit(commit) => {
            format!("the commit {} or the pushed one is not in the repository (any more)", short(commit))
        }
        Base::Nothing => "the pushed commit is not in the repository (any more)".to_owned(),
    }
}
