//! What reconcile sees at a glance: which branches need a closer look, in which order, and which need nothing.

use std::collections::{BTreeMap, BTreeSet};

use shared::clock::elsewhere;
use shared::decision::Verdict;

use crate::aws::Clients;
use crate::because::Because;
use crate::decide::decide;
use crate::facts::{Facts, Found, Head, Unread};
use crate::gather::{Listing, all_stacks, branches, repositories};
use crate::identity::{Subject, looks_like_ours};
use crate::one::Outcome;
use crate::question::Question;
use crate::rules::Rules;
use crate::stack::{Foreign, NotOursBecause, Phase, Stack};

/// All branches that rules cover, and all stacks.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The branches that are there and that a rule covers.
    pub covered: BTreeSet<Subject>,
    /// The stacks.
    pub stacks: Listing,
    /// Repositories whose branches could not be listed, and why.
    pub unreadable: BTreeMap<String, Unread>,
}

/// More than this are not always looked after in the order of their names.
const SO_MANY: usize = 20;

/// What a branch or a stack of the survey needs; in the order in which it is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A stack.
    Missing,
    /// To be taken away: its branch is not in the list, or no rule covers it.
    Orphan,
    /// A closer look: it may have to change, or its branch may be idle.
    Look,
    /// A closer look: a stack, unless it is idle. Such branches need it at every run, and so they come last.
    MaybeIdle,
}

/// Lists everything. The stacks come first: a branch that is pushed meanwhile is then in the list, and its stack not.
///
/// # Errors
/// When the stacks or the repositories could not be listed; without them nothing can be told.
pub async fn survey(rules: &Rules, prefix: &str, aws: &Clients) -> Result<Survey, Because> {
    let failed = |what| move |why| Because::ListingFailed { what, why };
    let stacks = all_stacks(prefix, aws).await.map_err(failed("the stacks"))?;
    let mut survey = Survey { stacks, ..Survey::default() };
    if rules.stacks.is_empty() {
        return Ok(survey);
    }
    let mut throttled = None;
    for repository in repositories(aws).await.map_err(failed("the repositories"))? {
        if !rules.are_about(&repository) {
            continue;
        }
        let listed = match &throttled {
            Some(why) => Err(Unread::clone(why)),
            None => branches(&repository, aws).await,
        };
        match listed {
            Ok(branches) => {
                let subjects =
                    branches.into_iter().map(|branch| Subject { repository: repository.clone(), branch });
                survey.covered.extend(subjects.filter(|subject| rules.covering(subject).is_some()));
            }
            Err(why) => {
                throttled = throttled.or_else(|| Some(why.clone()).filter(|why| why.throttled));
                survey.unreadable.insert(repository, why);
            }
        }
    }
    Ok(survey)
}

impl Survey {
    /// Every branch and every stack, with what it needs, or with what came of it where that is nothing. What needs
    /// something is in the order in which it is looked after.
    pub fn sorted(&self, question: &Question<'_>) -> (Vec<(Need, Subject)>, Vec<Outcome>) {
        let (mut needs, mut settled) = (Vec::new(), Vec::new());
        for (repository, why) in &self.unreadable {
            let because = Because::ListingFailed { what: "the branches", why: why.clone() };
            settled.push(Outcome::of(Verdict::Fail, repository.clone(), &because));
        }
        let orphans = self.stacks.ours.keys().filter(|subject| !self.covered.contains(subject));
        // Whether their branches are there is not known.
        let known = orphans.filter(|subject| !self.unreadable.contains_key(&subject.repository));
        needs.extend(known.map(|subject| (Need::Orphan, subject.clone())));
        for subject in &self.covered {
            let question = Question { subject, ..*question };
            match self.glance(&question) {
                Ok(outcome) => settled.push(outcome),
                Err(need) => needs.push((need, subject.clone())),
            }
        }
        settled.extend(self.foreign(question));
        needs.sort();
        // Where there are many, each run begins elsewhere: neither too little time nor a few that are always refused keep
        // the others from their turn.
        for group in needs.chunk_by_mut(|(need, _), (next, _)| need == next) {
            if group.len() > SO_MANY {
                group.rotate_left(elsewhere(question.now, group.len()));
            }
        }
        (needs, settled)
    }

    /// Other people's stacks that have a name like ours, hash and all, so that one which lost its tags is not forgotten.
    /// Those that have the very name of a branch's stack come up with that branch.
    fn foreign(&self, question: &Question<'_>) -> Vec<Outcome> {
        let names = self.covered.iter().map(|subject| subject.stack_name(question.prefix));
        let names: BTreeSet<String> = names.collect();
        let others = self.stacks.foreign.values().filter(|foreign| {
            !matches!(foreign.why, NotOursBecause::Nested | NotOursBecause::Owner)
                && looks_like_ours(&foreign.name)
                && !names.contains(&foreign.name)
        });
        let told = |foreign: &Foreign| {
            Outcome::of(Verdict::Skip, foreign.name.clone(), &Because::ForeignStack(foreign.clone()))
        };
        others.map(told).collect()
    }

    /// What comes of a branch whose commit was not read, where that is nothing; what it needs, where it may be more.
    fn glance(&self, question: &Question<'_>) -> Result<Outcome, Need> {
        let rule = question.rules.covering(question.subject).ok_or(Need::Look)?;
        let Some(stack) = self.stacks.ours.get(question.subject) else {
            let kept = question.rules.keep(rule, question.subject);
            return Err(if kept { Need::Missing } else { Need::MaybeIdle });
        };
        let in_use = question.rules.keep(rule, question.subject) || is_younger(stack, question, rule.ttl);
        let quiet = stack.phase().is_whole() || matches!(stack.phase(), Phase::Working | Phase::Deleting);
        if !in_use || !quiet || rule.asks_for_commit() {
            return Err(Need::Look);
        }
        let facts = Facts {
            head: Head::Listed,
            stack: Found::Ours(stack.clone()),
            last_event: None,
            stacks_of_rule: None,
            remarks: Vec::new(),
        };
        let decided = decide(question, &facts);
        if !decided.steps.is_empty() {
            return Err(Need::Look);
        }
        let mut outcome = Outcome::of(decided.verdict, question.subject.to_string(), &decided.because);
        outcome.reason.because.config = decided.rule.map(|place| place.to_string());
        Ok(outcome)
    }

    /// How many stacks are being updated.
    pub fn updating(&self) -> usize {
        let updating =
            |stack: &&Stack| stack.status.as_str().starts_with("UPDATE_") && stack.phase() == Phase::Working;
        self.stacks.ours.values().filter(updating).count()
    }
}

fn is_younger(stack: &Stack, question: &Question<'_>, ttl: Option<jiff::SignedDuration>) -> bool {
    ttl.is_none_or(|ttl| stack.created.is_none_or(|created| question.now.duration_since(created) <= ttl))
}
