//! Reads what the decision needs, and no more: nothing where no rule asks, and no page of the changed files after
//! the last rule is settled. What cannot be read is recorded as such; nothing here fails.

mod changes;
mod pipelines;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_codecommit::types::FileModeTypeEnum;
use futures::StreamExt as _;
use futures::stream;
use shared::aws::told;
use tokio::time::timeout_at;

use crate::aws::Clients;
use crate::compare::{Comparison, History, comparison};
use crate::decide::{admits, by_files, commit_to_build};
use crate::event::Push;
use crate::facts::{Facts, Files, Head};
use crate::matching::Candidate;
use crate::remark::Remark;
use crate::rules::ignore::read_file;
use crate::rules::{Baseline, IgnoreLine, Pin, PipelineRule};

/// How many pipelines are asked about at a time.
const AT_A_TIME: usize = 16;

/// Why something was not read, or not done.
pub const NO_TIME: &str = "the function's time ran out";

/// How long before the end of a long invocation nothing more is read: half of it to ask about the pipelines, and half
/// to start them.
const TIME_TO_ACT: Duration = Duration::from_secs(60);

/// When each stage of reading must be over, so that the next still has its time.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// The changed files, and what they are compared with.
    changes: Instant,
    /// The head and the pipelines.
    pipelines: Instant,
}

impl Times {
    /// Of a short invocation the changed files may take three quarters; of a long one all but [`TIME_TO_ACT`].
    fn until(deadline: Instant, now: Instant) -> Self {
        let left = deadline.saturating_duration_since(now);
        let to_act = TIME_TO_ACT.min(left / 4);
        Self { changes: now + (left - to_act), pipelines: now + (left - to_act / 2) }
    }
}

/// One push and what it takes to read about it.
struct Reader<'a> {
    push: &'a Push,
    commit: &'a str,
    rules: &'a [&'a PipelineRule],
    aws: &'a Clients,
    times: Times,
}

/// What is read before the changed files are.
struct Known {
    ignore_files: BTreeMap<String, Vec<IgnoreLine>>,
    /// By the rule's index, for the rules that compare with it.
    histories: BTreeMap<usize, History>,
}

impl Known {
    fn candidate<'k>(&'k self, rule: &'k PipelineRule) -> Candidate<'k> {
        let lines = rule.ignore_file.as_ref().and_then(|name| self.ignore_files.get(name));
        Candidate { rule, ignore_file: lines.map_or(&[], Vec::as_slice) }
    }
}

/// Reads. `rules` are those of the pushed repository.
pub async fn gather(push: &Push, rules: &[&PipelineRule], aws: &Clients, deadline: Instant) -> Facts {
    let mut facts = Facts { files: vec![Files::NotAsked; rules.len()], ..Facts::default() };
    let Some(commit) = push.commit() else { return facts };
    let admitted: Vec<usize> = (0..rules.len()).filter(|index| admits(rules[*index], push).is_ok()).collect();
    let reader = Reader { push, commit, rules, aws, times: Times::until(deadline, Instant::now()) };

    let file_rules: Vec<usize> = admitted
        .iter()
        .copied()
        .filter(|index| comparison(rules[*index], push) != Comparison::NotNeeded)
        .collect();
    let ignore_files = reader.ignore_files(&file_rules, &mut facts.remarks).await;
    let known = Known { ignore_files, histories: reader.histories(&file_rules).await };
    reader.changes(&file_rules, &known, &mut facts).await;

    let starting: Vec<usize> =
        admitted.into_iter().filter(|index| by_files(&facts.files[*index]).is_ok()).collect();
    facts.head = reader.head(&starting, &mut facts.remarks).await;
    let to_build: Vec<(usize, String)> = starting
        .into_iter()
        .filter_map(|index| Some((index, commit_to_build(push, &facts.head, rules[index]).ok()?)))
        .collect();
    facts.pipelines = reader.pipelines(&to_build, &mut facts.remarks).await;
    facts
}

impl Reader<'_> {
    /// The branch's head, if a rule that starts builds it.
    async fn head(&self, starting: &[usize], remarks: &mut Vec<Remark>) -> Head {
        let Some(branch) = self.push.reference.branch() else { return Head::NotAsked };
        if !starting.iter().any(|index| self.rules[*index].pin == Pin::Head) {
            return Head::NotAsked;
        }
        let call =
            self.aws.codecommit.get_branch().repository_name(&self.push.repository).branch_name(branch);
        let unknown = |error: String| Remark::HeadUnknown { branch: branch.to_owned(), error };
        let answer = match timeout_at(self.times.pipelines.into(), call.send()).await {
            Ok(answer) => answer,
            Err(_) => {
                remarks.push(unknown(NO_TIME.to_owned()));
                return Head::Unknown;
            }
        };
        match answer {
            Ok(output) => match output.branch.and_then(|branch| branch.commit_id) {
                Some(head) => {
                    let moved = head != self.commit;
                    let overtaken = || Remark::Overtaken { branch: branch.to_owned(), head: head.clone() };
                    remarks.extend(moved.then(overtaken));
                    Head::At(head)
                }
                None => Head::Gone,
            },
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_branch_does_not_exist_exception() => Head::Gone,
                _ => {
                    remarks.push(unknown(told(&error)));
                    Head::Unknown
                }
            },
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
                let lines = self.ignore_file(name).await.unwrap_or_else(|why| {
                    remarks.push(Remark::IgnoreFileUnread { file: name.clone(), why });
                    Vec::new()
                });
                files.insert(name.clone(), lines);
            }
        }
        files
    }

    async fn ignore_file(&self, name: &str) -> Result<Vec<IgnoreLine>, String> {
        let call = self.aws.codecommit.get_file().repository_name(&self.push.repository);
        let output = match call.commit_specifier(self.commit).file_path(name).send().await {
            Ok(output) => output,
            Err(error) => {
                return match error.as_service_error() {
                    Some(service) if service.is_file_does_not_exist_exception() => Ok(Vec::new()),
                    Some(service) if service.is_file_too_large_exception() => {
                        Err("it is over 6 MB".to_owned())
                    }
                    _ => Err(format!("it could not be read ({})", told(&error))),
                };
            }
        };
        let is_link = output.file_mode == FileModeTypeEnum::Symlink;
        read_file(name, output.file_content.into_inner(), is_link)
    }

    /// The commit each pipeline ran last, for the rules that compare with that.
    async fn histories(&self, rules: &[usize]) -> BTreeMap<usize, History> {
        let compared = rules.iter().copied().filter(|index| self.rules[*index].baseline != Baseline::Push);
        let read = stream::iter(compared).map(async |index| {
            let history = timeout_at(self.times.changes.into(), self.last_commit(self.rules[index])).await;
            (index, history.unwrap_or_else(|_| Err(NO_TIME.to_owned())))
        });
        read.buffered(AT_A_TIME).collect().await
    }

    fn pipeline_name(&self, rule: &PipelineRule) -> String {
        rule.name.name(&self.push.repository, self.push.reference.branch())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_leaves_the_next_its_time() {
        let now = Instant::now();
        for (seconds, changes, pipelines) in [(300, 240, 270), (20, 15, 17), (0, 0, 0)] {
            let times = Times::until(now + Duration::from_secs(seconds), now);
            assert_eq!((times.changes - now).as_secs(), changes, "of {seconds} s");
            assert_eq!((times.pipelines - now).as_secs(), pipelines, "of {seconds} s");
        }
    }
}
