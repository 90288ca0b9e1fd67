//! `pointsman explain`: the pipelines that a push would start, from a clone and the rules, without AWS.
//!
//! The rules, the matching and the decision are the deployed function's own; only the reading is from git. A clone
//! does not know which pipelines exist and what they ran: usual values are assumed, and the notes name them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use git_reader::Repository;
use jiff::Timestamp;
use pipeline_trigger::compare::{Against, Base, Comparison, History, against, comparison, from_merge_base};
use pipeline_trigger::decide::{admits, decide};
use pipeline_trigger::event::{Change, Push, Reference};
use pipeline_trigger::facts::{Facts, Files, Pipeline, Takes};
use pipeline_trigger::matching::{Candidate, Matching};
use pipeline_trigger::remark::Remark;
use pipeline_trigger::report::{Acted, report};
use pipeline_trigger::rules::ignore::read_file;
use pipeline_trigger::rules::{IgnoreLine, PipelineRule};
use shared::clock;
use shared::decision::{Action, Decision};
use shared::lambda::Invocation;
use shared::text::printable;

use crate::arguments::{CommitRange, ExplainArguments};
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
    let invocation =
        Invocation { now: clock::now()?, deadline: std::time::Instant::now(), ..Invocation::by_hand(true) };
    let mut decision =
        report(push.to_string(), plan, &facts.remarks, &Acted::Not("explain starts nothing"), &invocation);
    decision.actions.iter_mut().for_each(leave_out_what_only_aws_knows);
    Ok(decision)
}

/// Removes the parts of an action that only AWS knows: the token contains the event's time, and a source action that
/// no rule names is read from the pipeline.
fn leave_out_what_only_aws_knows(action: &mut Action) {
    if let Some(input) = action.input.as_object_mut() {
        input.shift_remove("clientRequestToken");
        if input["sourceRevisions"].as_array().is_some_and(Vec::is_empty) {
            input.shift_remove("sourceRevisions");
        }
    }
}

fn push(arguments: &ExplainArguments, repository: &Repository) -> Result<Push> {
    let reference = match (&arguments.branch, &arguments.tag) {
        (Some(branch), _) => Reference::Branch(short_name(branch, "refs/heads/")),
        (None, Some(tag)) => Reference::Tag(short_name(tag, "refs/tags/")),
        (None, None) => bail!("name the pushed branch or tag"),
    };
    let CommitRange { old, new } = &arguments.push;
    let new = commit(repository, new)?;
    let change = match old {
        // git writes zeros for "no commit" in a push.
        Some(old) if old.bytes().all(|byte| byte == b'0') => Change::Created { new },
        Some(old) => Change::Updated { old: Some(commit(repository, old)?), new },
        None => Change::Created { new },
    };
    let time = Timestamp::UNIX_EPOCH.to_string();
    Ok(Push { repository: arguments.repository.clone(), reference, change, time })
}

fn short_name(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

fn commit(repository: &Repository, name: &str) -> Result<String> {
    repository.resolve(name)?.with_context(|| {
        format!("`{}` is not a commit of {}", printable(name), repository.folder().display())
    })
}

/// A clone, as the source of the facts that the function reads from AWS.
struct Clone<'a> {
    repository: &'a Repository,
    push: &'a Push,
    rules: &'a [&'a PipelineRule],
}

impl Clone<'_> {
    fn facts(&self) -> Result<Facts> {
        let mut facts = Facts { files: vec![Files::NotAsked; self.rules.len()], ..Facts::default() };
        let Some(commit) = self.push.commit() else { return Ok(facts) };
        let admitted = |index: &usize| admits(self.rules[*index], self.push).is_ok();
        let admitted: Vec<usize> = (0..self.rules.len()).filter(admitted).collect();
        let compares = |index: &usize| comparison(self.rules[*index], self.push);
        let ignore_files = self.ignore_files(commit, &admitted, &mut facts.remarks)?;
        let merge_base = match admitted.iter().any(|index| compares(index) == Comparison::MergeBase) {
            true => self.merge_base(commit, &mut facts.remarks)?,
            false => Err(Files::NotAsked),
        };
        let assumed = admitted.iter().filter(|index| compares(index) == Comparison::LastRun);
        facts.remarks.extend(assumed.map(|index| self.assumed_run(*index)));
        let mut groups: BTreeMap<Base, Vec<usize>> = BTreeMap::new();
        for index in admitted {
            match against(compares(&index), Some(&self.history()), &merge_base) {
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
        facts.pipelines =
            self.rules.iter().enumerate().map(|(index, rule)| (index, taken_to_exist(rule))).collect();
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

    /// A clone does not know what a pipeline ran: OLD stands in for it.
    fn history(&self) -> History {
        match &self.push.change {
            Change::Updated { old: Some(old), .. } => Ok(Some(old.clone())),
            _ => Ok(None),
        }
    }

    fn assumed_run(&self, index: usize) -> Remark {
        let pipeline = self.rules[index].name.name(&self.push.repository, self.push.reference.branch());
        Remark::AssumedRun { pipeline }
    }

    fn merge_base(&self, commit: &str, remarks: &mut Vec<Remark>) -> Result<Against> {
        let branch = self.push.reference.branch().unwrap_or_default();
        let default = self.repository.default_branch()?.filter(|default| default != branch);
        let Some(default) = default else { return Ok(Ok(Base::Nothing)) };
        let Some(head) = self.repository.branch_head(&default)? else { return Ok(Ok(Base::Nothing)) };
        let against = from_merge_base(self.repository.merge_base(commit, &head)?, commit);
        let compared = Remark::compared(branch, &against, default);
        remarks.extend(compared);
        Ok(against)
    }

    fn compare(&self, base: &Base, commit: &str, candidates: Vec<Candidate<'_>>) -> Result<Vec<Files>> {
        let mut matching = Matching::new(candidates).context("the rules have too many patterns")?;
        let before = match base {
            Base::Nothing => None,
            Base::Commit(before) => Some(before.as_str()),
        };
        for difference in self.repository.differences(before, commit)? {
            matching.see(difference.path());
        }
        Ok(matching.finish(None))
    }

    fn ignore_files(
        &self,
        commit: &str,
        rules: &[usize],
        remarks: &mut Vec<Remark>,
    ) -> Result<BTreeMap<String, Vec<IgnoreLine>>> {
        let mut files = BTreeMap::new();
        for name in rules.iter().filter_map(|index| self.rules[*index].ignore_file.as_ref()) {
            if files.contains_key(name) {
                continue;
            }
            let file = self.repository.file(commit, name)?;
            let lines = file.map_or(Ok(Vec::new()), |file| {
                let is_link = file.is_link();
                read_file(name, file.content, is_link)
            });
            let lines = lines.unwrap_or_else(|why| {
                remarks.push(Remark::IgnoreFileUnread { file: name.clone(), why });
                Vec::new()
            });
            files.insert(name.clone(), lines);
        }
        Ok(files)
    }
}

/// A clone knows no pipelines: each is taken to exist, and to have run nothing since.
fn taken_to_exist(rule: &PipelineRule) -> Pipeline {
    let source_actions = rule.source_action.iter().cloned().collect();
    Pipeline::Found { source_actions, already_started: None, takes: Takes::Unknown }
}
