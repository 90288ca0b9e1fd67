//! `pointsman explain`: which pipelines a push would start, from a clone and the rules, with no AWS at all.
//!
//! The rules, the matching and the decision are the deployed function's own; only the reading is from git. What a
//! clone cannot tell (which pipelines exist, what they ran) is taken as it usually is, and said.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use local_aws::git::Repository;
use pipeline_trigger::because::Remark;
use pipeline_trigger::compare::{Base, Comparison, comparison, from_merge_base};
use pipeline_trigger::decide::decide;
use pipeline_trigger::event::{Change, Push, Reference};
use pipeline_trigger::facts::{Facts, Files, Pipeline};
use pipeline_trigger::matching::{Candidate, Matching};
use pipeline_trigger::report::{Acted, report};
use pipeline_trigger::rules::ignore::read_file;
use pipeline_trigger::rules::{IgnoreLine, PipelineRule};
use shared::clock;
use shared::decision::Decision;
use shared::lambda::Invocation;
use shared::text::printable;

use crate::arguments::{ExplainArguments, Range};
use crate::exit::Exit;
use crate::{progress, render, rules_file};

/// Prints the decision.
pub fn run(arguments: &ExplainArguments) -> Result<Exit> {
    let decision = explain(arguments)?;
    if arguments.json {
        anstream::println!("{}", serde_json::to_string_pretty(&decision)?);
    } else {
        anstream::print!("{}", render::decision(&decision));
    }
    Ok(Exit::Success)
}

/// The decision about the push that the arguments describe.
pub fn explain(arguments: &ExplainArguments) -> Result<Decision> {
    let rules = rules_file::read(&arguments.config)?;
    let repository = Repository::open(&arguments.repo)?;
    let push = push(arguments, &repository)?;
    let rules = rules.of_repository(&push.repository);
    let _progress = progress::after_a_second(format!("reading {}", arguments.repo.display()));
    let clone = Clone { repository: &repository, push: &push, rules: &rules };
    let facts = clone.facts()?;
    let plan = decide(&push, &facts, &rules);
    let invocation = Invocation { now: clock::now()?, deadline: std::time::Instant::now(), dry_run: true };
    Ok(report(push.to_string(), plan, &facts.remarks, &Acted::Not("explain starts nothing"), &invocation))
}

fn push(arguments: &ExplainArguments, repository: &Repository) -> Result<Push> {
    let reference = match (&arguments.branch, &arguments.tag) {
        (Some(branch), _) => Reference::Branch(branch.clone()),
        (None, Some(tag)) => Reference::Tag(tag.clone()),
        (None, None) => bail!("say which branch or tag is pushed"),
    };
    let Range { old, new } = &arguments.push;
    let new = commit(repository, new)?;
    let change = match old {
        // What git itself writes for "no commit" in a push.
        Some(old) if old.bytes().all(|byte| byte == b'0') => Change::Created { new },
        Some(old) => Change::Updated { old: Some(commit(repository, old)?), new },
        None => Change::Created { new },
    };
    let time = Timestamp::UNIX_EPOCH.to_string();
    Ok(Push { repository: arguments.repository.clone(), reference, change, time })
}

fn commit(repository: &Repository, name: &str) -> Result<String> {
    repository.resolve(name)?.with_context(|| {
        format!("`{}` is not a commit of {}", printable(name), repository.folder().display())
    })
}

/// A clone, asked what the function would ask AWS.
struct Clone<'a> {
    repository: &'a Repository,
    push: &'a Push,
    rules: &'a [&'a PipelineRule],
}

impl Clone<'_> {
    fn facts(&self) -> Result<Facts> {
        let mut facts = Facts { files: vec![Files::NotAsked; self.rules.len()], ..Facts::default() };
        let Some(commit) = self.push.commit() else { return Ok(facts) };
        let ignore_files = self.ignore_files(commit, &mut facts.remarks)?;
        let mut groups: BTreeMap<Base, Vec<usize>> = BTreeMap::new();
        for (index, rule) in self.rules.iter().enumerate() {
            match self.base(rule, commit, &mut facts.remarks)? {
                Ok(base) => groups.entry(base).or_default().push(index),
                Err(known) => facts.files[index] = known,
            }
        }
        for (base, members) in groups {
            let candidates = members.iter().map(|index| self.candidate(*index, &ignore_files)).collect();
            for (index, files) in members.iter().zip(self.compare(&base, commit, candidates)?) {
                facts.files[*index] = files;
            }
        }
        facts.pipelines = self.rules.iter().map(|rule| self.pipeline(rule)).collect();
        Ok(facts)
    }

    fn candidate<'c>(
        &'c self,
        index: usize,
        ignore_files: &'c BTreeMap<String, Vec<IgnoreLine>>,
    ) -> Candidate<'c> {
        let rule = self.rules[index];
        let ignore_file = rule.ignore_file.as_ref().map_or(&[][..], |name| &ignore_files[name]);
        Candidate { rule, ignore_file }
    }

    fn base(
        &self,
        rule: &PipelineRule,
        commit: &str,
        remarks: &mut Vec<Remark>,
    ) -> Result<Result<Base, Files>> {
        Ok(match comparison(rule, self.push) {
            Comparison::NotNeeded => Err(Files::NotAsked),
            Comparison::Before(old) => Ok(Base::Commit(old)),
            Comparison::WholeTree => Ok(Base::Nothing),
            Comparison::Unknown(why) => Err(Files::Unknown(why)),
            // A clone does not know what a pipeline ran: OLD stands for it.
            Comparison::LastRun => match &self.push.change {
                Change::Updated { old: Some(old), .. } => Ok(Base::Commit(old.clone())),
                _ => Err(Files::NeverRan),
            },
            Comparison::MergeBase => self.merge_base(commit, remarks)?,
        })
    }

    fn merge_base(&self, commit: &str, remarks: &mut Vec<Remark>) -> Result<Result<Base, Files>> {
        let branch = self.push.reference.branch().unwrap_or_default();
        let default = self.repository.default_branch()?.filter(|default| default != branch);
        let Some(default) = default else { return Ok(Ok(Base::Nothing)) };
        let Some(head) = self.repository.branch_head(&default)? else { return Ok(Ok(Base::Nothing)) };
        let against = from_merge_base(self.repository.merge_base(commit, &head)?, commit);
        let compared = Remark::compared(branch, &against, default);
        remarks.extend(compared.filter(|remark| !remarks.contains(remark)));
        Ok(against)
    }

    fn compare(&self, base: &Base, commit: &str, candidates: Vec<Candidate<'_>>) -> Result<Vec<Files>> {
        let mut matching = Matching::new(candidates).context("the rules have too many patterns")?;
        let before = match base {
            Base::Nothing => None,
            Base::Commit(before) => Some(before.as_str()),
        };
        for difference in self.repository.differences(before, commit)? {
            let path = difference.after.or(difference.before).map(|blob| blob.path);
            path.iter().for_each(|path| matching.see(path));
        }
        Ok(matching.finish(None))
    }

    fn ignore_files(
        &self,
        commit: &str,
        remarks: &mut Vec<Remark>,
    ) -> Result<BTreeMap<String, Vec<IgnoreLine>>> {
        let mut files = BTreeMap::new();
        for name in self.rules.iter().filter_map(|rule| rule.ignore_file.as_ref()) {
            if files.contains_key(name) {
                continue;
            }
            let file = self.repository.file(commit, name)?;
            let lines = file.map_or(Ok(Vec::new()), |file| read_file(name, file.content, file.is_link));
            let lines = lines.unwrap_or_else(|why| {
                remarks.push(Remark::IgnoreFileUnread { file: name.clone(), why });
                Vec::new()
            });
            files.insert(name.clone(), lines);
        }
        Ok(files)
    }

    /// A clone knows no pipelines: each is taken to exist, and to have run nothing since.
    fn pipeline(&self, rule: &PipelineRule) -> (String, Pipeline) {
        let name = rule.name.name(&self.push.repository, self.push.reference.branch());
        let source_actions = rule.source_action.iter().cloned().collect();
        (name, Pipeline::Found { source_actions, already_started: None })
    }
}
