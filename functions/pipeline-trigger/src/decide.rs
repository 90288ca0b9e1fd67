//! The decision: a push, the facts and the rules in; reasons and starts out. Pure.

use std::collections::HashMap;

use shared::decision::Verdict;
use shared::token::client_token;

use crate::because::{Because, Deciding};
use crate::event::{Change, Push, Reference};
use crate::facts::{BranchHead, Facts, FileVerdict, Files, PipelineFacts, Takes, Through};
use crate::remark::Remark;
use crate::rules::{NewBranch, Pattern, PatternList, Pin, PipelineRule};
use crate::variables::Filling;

/// The starts to carry out and why.
#[derive(Debug, Clone, Default)]
pub struct StartPlan {
    /// One a rule of the repository, in the rules' order.
    pub verdicts: Vec<RuleVerdict>,
    /// The pipelines to start, each the subject of one of the verdicts.
    pub starts: Vec<Start>,
    /// What the operator should know of the starts.
    pub remarks: Vec<Remark>,
}

/// The verdict about one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// The pipeline's name; `event` or the repository where no rule is concerned.
    pub subject: String,
    /// Why.
    pub because: Because,
    /// Where the rule stands, if there is one.
    pub rule: Option<shared::config::Place>,
}

/// One pipeline to start, with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The pipeline.
    pub pipeline: String,
    /// Whether its name comes from the branch, so that it may not exist yet.
    pub templated: bool,
    /// The client request token.
    pub token: String,
    /// What is pinned, for each source action that gets it.
    pub revisions: Vec<PinnedRevision>,
    /// The pipeline's variables: name and value.
    pub variables: Vec<(String, String)>,
}

/// The revision that one source action gets, whatever is newest when the action runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedRevision {
    /// The source action.
    pub action: String,
    /// What names the revision.
    pub kind: RevisionKind,
    /// The revision.
    pub value: String,
}

/// What names a revision (SourceRevisionOverride, AWS CodePipeline API Reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionKind {
    /// `COMMIT_ID`, of a CodeCommit source.
    Commit,
    /// `IMAGE_DIGEST`, of an ECR source.
    ImageDigest,
    /// `S3_OBJECT_VERSION_ID`, of an S3 source.
    ObjectVersion,
    /// `S3_OBJECT_KEY`, of an S3 source.
    ObjectKey,
}

/// Decides about every rule of the pushed repository; `rules` are those, in the order that `facts.files` has.
pub fn decide(push: &Push, facts: &Facts, rules: &[&PipelineRule]) -> StartPlan {
    if rules.is_empty() {
        let because = Because::NoRule { repository: push.repository.clone() };
        let verdict =
            RuleVerdict { verdict: Verdict::Skip, subject: push.repository.clone(), because, rule: None };
        return StartPlan { verdicts: vec![verdict], ..StartPlan::default() };
    }
    let mut plan = StartPlan::default();
    let mut started_by: HashMap<String, &PipelineRule> = HashMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let subject = rule.name.name(&push.repository, push.reference.branch());
        let (verdict, because, start) = match about(push, facts, rule, index, &subject) {
            RuleOutcome::Start(..) if started_by.contains_key(&subject) => {
                let rule = started_by[&subject].place.clone();
                (Verdict::Skip, Because::OtherRuleStarts { rule }, None)
            }
            RuleOutcome::Start(because, start, remarks) => {
                plan.remarks.extend(remarks);
                (Verdict::Start, because, Some(start))
            }
            RuleOutcome::Not(verdict, because) => (verdict, because, None),
        };
        if start.is_some() {
            started_by.insert(subject.clone(), rule);
        }
        plan.starts.extend(start);
        plan.verdicts.push(RuleVerdict { verdict, subject, because, rule: Some(rule.place.clone()) });
    }
    plan
}

enum RuleOutcome {
    Start(Because, Start, Vec<Remark>),
    Not(Verdict, Because),
}

fn about(push: &Push, facts: &Facts, rule: &PipelineRule, index: usize, name: &str) -> RuleOutcome {
    let skip = |because| RuleOutcome::Not(Verdict::Skip, because);
    let because = match admits(rule, push) {
        Ok(why) => match by_files(&facts.files[index]) {
            Ok(start) => start.unwrap_or(why),
            Err(why_not) => return skip(with_groups(why_not, rule)),
        },
        Err(why_not) => return skip(why_not),
    };
    let commit = match commit_to_build(push, &facts.head, rule) {
        Ok(commit) => commit,
        Err(why_not) => return RuleOutcome::Not(Verdict::Hold, why_not),
    };
    match facts.pipelines.get(&index) {
        Some(PipelineFacts::Missing) if rule.name.is_templated() => skip(Because::NotCreatedYet),
        Some(PipelineFacts::Missing) => RuleOutcome::Not(Verdict::Fail, Because::PipelineNotFound),
        Some(PipelineFacts::Unreadable(error)) => {
            RuleOutcome::Not(Verdict::Fail, Because::PipelineUnreadable { error: error.clone() })
        }
        Some(PipelineFacts::Found { already_started: Some(execution), .. }) => {
            skip(Because::AlreadyStarted { commit, execution: execution.clone() })
        }
        found => {
            let (source_actions, takes) = match found {
                Some(PipelineFacts::Found { source_actions, takes, .. }) => (source_actions.clone(), takes),
                _ => (Vec::new(), &Takes::Unknown),
            };
            let groups = facts.groups.get(&index).map(Vec::as_slice);
            let filling = Filling { push, commit: &commit, files: &facts.files[index], groups };
            let (variables, remarks) = filling.variables(name, &rule.variables, takes);
            let templated = rule.name.is_templated();
            let pipeline = name.to_owned();
            let token = token(push, name);
            let revisions = source_actions.into_iter().map(|action| PinnedRevision {
                action,
                kind: RevisionKind::Commit,
                value: commit.clone(),
            });
            let revisions = revisions.collect();
            let start = Start { pipeline, templated, token, revisions, variables };
            RuleOutcome::Start(because, start, remarks)
        }
    }
}

/// The same token for every delivery of a push. The commit alone is not enough: A, B and back to A are three pushes.
/// The event's id is not enough either, because it differs when an event is replayed.
fn token(push: &Push, pipeline: &str) -> String {
    let old = match &push.change {
        Change::Updated { old: Some(old), .. } => old.as_str(),
        _ => "",
    };
    let reference = push.reference.full_name();
    client_token([&push.repository, &reference, old, push.commit().unwrap_or_default(), &push.time, pipeline])
}

/// Whether the rule covers this push, before any file is read: the reason that counts if the files do not matter.
///
/// # Errors
/// Why the rule does not cover it.
pub fn admits(rule: &PipelineRule, push: &Push) -> Result<Because, Because> {
    if push.change == Change::Deleted {
        return Err(Because::ReferenceDeleted { reference: push.reference.full_name() });
    }
    match &push.reference {
        Reference::Branch(branch) => admits_branch(rule, branch, &push.change),
        Reference::Tag(tag) => admits_tag(rule, tag),
    }
}

/// The rules that can claim a file of this push: those that cover its branch. A rule that waits for the next push claims its
/// files all the same.
pub fn claiming<'r>(rules: &[&'r PipelineRule], push: &Push) -> Vec<&'r PipelineRule> {
    let covers =
        |rule: &PipelineRule| matches!(admits(rule, push), Ok(_) | Err(Because::NewBranchSkipped { .. }));
    rules.iter().copied().filter(|rule| rule.can_claim() && covers(rule)).collect()
}

fn admits_branch(rule: &PipelineRule, branch: &str, change: &Change) -> Result<Because, Because> {
    let branch = branch.to_owned();
    match &rule.branches {
        None if rule.tags.is_some() => return Err(Because::OnlyTags { branch }),
        None => {}
        Some(branches) => {
            included(branches, &branch)
                .map_err(|excluded_by| Because::BranchNotMatched { branch: branch.clone(), excluded_by })?;
        }
    }
    let first = matches!(change, Change::Created { .. });
    if first && rule.new_branch == NewBranch::Skip {
        return Err(Because::NewBranchSkipped { branch });
    }
    Ok(Because::EveryPush { reference: branch })
}

fn admits_tag(rule: &PipelineRule, tag: &str) -> Result<Because, Because> {
    let tag = tag.to_owned();
    let Some(tags) = &rule.tags else { return Err(Because::OnlyBranches { tag }) };
    match included(tags, &tag) {
        Ok(pattern) => Ok(Because::TagPushed { tag, pattern }),
        Err(excluded_by) => Err(Because::TagNotMatched { tag, excluded_by }),
    }
}

fn included(list: &PatternList, name: &str) -> Result<Option<Deciding>, Option<Deciding>> {
    let (is_in, pattern) = list.includes(name);
    let deciding =
        pattern.map(|Pattern { text, place, .. }| Deciding { text: text.clone(), place: place.clone() });
    if is_in { Ok(deciding) } else { Err(deciding) }
}

/// Whether the changed files let the pipeline start, with their own reason where they matter.
pub(crate) fn by_files(files: &Files) -> Result<Option<Because>, Because> {
    match files {
        Files::NotAsked => Ok(None),
        Files::Unknown(why) => Ok(Some(Because::ChangesUnknown { why: why.clone() })),
        Files::NeverRan => Ok(Some(Because::NeverRan)),
        Files::NoCommit { base } => Err(Because::AddsNoCommit { base: base.clone() }),
        Files::Read { files: 0, .. } => Err(Because::NoChanges),
        Files::Read { files, verdict, .. } => match verdict.clone() {
            FileVerdict::Starts { file, pattern, through } => Ok(Some(selected(file, pattern, through))),
            FileVerdict::Claimed { files, file, claim } => {
                Err(Because::ClaimedByOthers { files, file, claim })
            }
            FileVerdict::Ignored { files, file, line } => Err(Because::OnlyIgnored { files, file, line }),
            FileVerdict::NoMatch { excluded } => Err(Because::NoPathMatches { files: *files, excluded }),
        },
    }
}

fn selected(file: String, pattern: Option<Deciding>, through: Through) -> Because {
    match (through, pattern) {
        (Through::Groups(chain), pattern) => Because::GroupMatches { file, pattern, chain },
        (Through::Unclaimed, _) => Because::Unclaimed { file },
        (Through::Own, Some(pattern)) => Because::PathMatches { file, pattern },
        (Through::Own, None) => Because::NotIgnored { file },
    }
}

/// The reason of a rule with groups, if no file is one of the rule's.
fn with_groups(because: Because, rule: &PipelineRule) -> Because {
    match because {
        Because::NoPathMatches { files, excluded } if !rule.uses.is_empty() => {
            Because::NoGroupMatches { files, excluded }
        }
        because => because,
    }
}

/// The commit that is pinned: the current head, unless the rule has `pin = "commit"` or a tag was pushed.
pub(crate) fn commit_to_build(
    push: &Push,
    head: &BranchHead,
    rule: &PipelineRule,
) -> Result<String, Because> {
    let pushed = push.commit().unwrap_or_default().to_owned();
    match (rule.pin, push.reference.branch(), head) {
        (Pin::Head, Some(branch), BranchHead::Gone) => Err(Because::BranchGone { branch: branch.to_owned() }),
        (Pin::Head, Some(_), BranchHead::At(head)) => Ok(head.clone()),
        _ => Ok(pushed),
    }
}
