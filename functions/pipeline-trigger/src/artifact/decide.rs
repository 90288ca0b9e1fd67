//! The decision about an image or an object: reasons and starts. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared::config::Place;
use shared::decision::Verdict;

use super::values::{ArtifactFilling, counted};
use super::{Artifact, DeclaredSource, RuleOfArtifact};
use crate::archive::{ArchiveChanges, ArchiveUnknown};
use crate::because::{Because, Deciding};
use crate::decide::{PinnedRevision, RevisionKind, RuleVerdict, Start, StartPlan};
use crate::facts::Takes;
use crate::object::CreatedObject;
use crate::remark::Remark;
use crate::rules::{ObjectRule, PatternList, PushedImageRule};
use crate::unread::ReadError;
use crate::variables::sent;

/// Everything that the decision needs to know of the world.
#[derive(Debug, Clone, Default)]
pub struct ArtifactFacts {
    /// What changed in the archive; none if no rule asks.
    pub archive: Option<Result<ArchiveChanges, ArchiveUnknown>>,
    /// The pipelines that could start, by the index of the rule.
    pub pipelines: BTreeMap<usize, ArtifactPipeline>,
    /// Observations that the operator should know.
    pub remarks: Vec<Remark>,
}

/// A pipeline that could start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactPipeline {
    /// CodePipeline does not have it.
    Missing,
    /// It could not be read; why.
    Unreadable(ReadError),
    /// CodePipeline has it.
    Found {
        /// Whether it is of type V2. Only these take a revision and variables.
        is_v2: bool,
        /// The names of its variables.
        variables: BTreeSet<String>,
        /// The source actions that get the revision.
        sources: Vec<DeclaredSource>,
    },
}

/// Decides about every rule of the image's repository or the object's bucket, in the rules' order.
pub fn decide(artifact: &Artifact, facts: &ArtifactFacts, rules: &[RuleOfArtifact<'_>]) -> StartPlan {
    let mut plan = StartPlan::default();
    if rules.is_empty() {
        let (subject, because) = match artifact {
            Artifact::Image(push) => {
                (&push.repository, Because::NoRuleForImage { repository: push.repository.clone() })
            }
            Artifact::Object(object) => {
                (&object.bucket, Because::NoRuleForBucket { bucket: object.bucket.clone() })
            }
        };
        let (verdict, subject) = (Verdict::Skip, subject.clone());
        plan.verdicts.push(RuleVerdict { verdict, subject, because, rule: None });
    }
    let mut started_by: HashMap<&str, Place> = HashMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let common = rule.common();
        let (verdict, because) = match verdict(artifact, facts, rule, index) {
            (Verdict::Start, because) => match started_by.get(common.name.as_str()) {
                Some(rule) => (Verdict::Skip, Because::OtherRuleStarts { rule: rule.clone() }),
                None => {
                    let (start, remarks) = start(artifact, facts, rule, index);
                    plan.starts.push(start);
                    plan.remarks.extend(remarks);
                    started_by.insert(&common.name, common.place.clone());
                    (Verdict::Start, because)
                }
            },
            other => other,
        };
        let (subject, rule) = (common.name.clone(), Some(common.place.clone()));
        plan.verdicts.push(RuleVerdict { verdict, subject, because, rule });
    }
    plan
}

fn verdict(
    artifact: &Artifact,
    facts: &ArtifactFacts,
    rule: &RuleOfArtifact<'_>,
    index: usize,
) -> (Verdict, Because) {
    let because = match admitted(artifact, rule, facts.archive.as_ref()) {
        Ok(because) => because,
        Err(because) => return (Verdict::Skip, because),
    };
    match facts.pipelines.get(&index) {
        Some(ArtifactPipeline::Missing) => (Verdict::Fail, Because::PipelineNotFound),
        Some(ArtifactPipeline::Unreadable(error)) => {
            (Verdict::Fail, Because::PipelineUnreadable { error: error.clone() })
        }
        Some(ArtifactPipeline::Found { .. }) | None => (Verdict::Start, because),
    }
}

/// Whether the rule covers the artifact and its changed files, with the reason.
///
/// # Errors
/// Why it does not.
pub(super) fn admitted(
    artifact: &Artifact,
    rule: &RuleOfArtifact<'_>,
    archive: Option<&Result<ArchiveChanges, ArchiveUnknown>>,
) -> Result<Because, Because> {
    match (artifact, rule) {
        (Artifact::Image(push), RuleOfArtifact::Image(rule)) => admits_tag(push.tag.as_deref(), rule),
        (Artifact::Object(object), RuleOfArtifact::Object(rule)) => {
            let because = admits_key(&object.key, rule)?;
            match (archive, rule.reads_archive()) {
                (Some(Ok(changes)), true) => rule.by_files(&changes.files),
                (Some(Err(why)), true) => Ok(Because::ArchiveUnknown { why: why.clone() }),
                _ => Ok(because),
            }
        }
        // The rules are chosen by the kind of the artifact.
        (Artifact::Image(push), RuleOfArtifact::Object(_)) => {
            Err(Because::NoRuleForImage { repository: push.repository.clone() })
        }
        (Artifact::Object(object), RuleOfArtifact::Image(_)) => {
            Err(Because::NoRuleForBucket { bucket: object.bucket.clone() })
        }
    }
}

fn admits_tag(tag: Option<&str>, rule: &PushedImageRule) -> Result<Because, Because> {
    let Some(tag) = tag.map(str::to_owned) else { return Err(Because::ImageUntagged) };
    match rule.tags.as_ref().map(|tags| included(tags, &tag)) {
        None => Ok(Because::ImagePushed { tag, pattern: None }),
        Some(Ok(pattern)) => Ok(Because::ImagePushed { tag, pattern }),
        Some(Err(excluded_by)) => Err(Because::ImageTagNotMatched { tag, excluded_by }),
    }
}

/// Whether the rule covers a key.
///
/// # Errors
/// Why it does not.
pub(super) fn admits_key(key: &str, rule: &ObjectRule) -> Result<Because, Because> {
    let key = key.to_owned();
    match included(&rule.keys, &key) {
        Ok(pattern) => Ok(Because::ObjectCreated { key, pattern }),
        Err(excluded_by) => Err(Because::KeyNotMatched { key, excluded_by }),
    }
}

fn included(list: &PatternList, name: &str) -> Result<Option<Deciding>, Option<Deciding>> {
    let (is_in, pattern) = list.includes(name);
    let deciding = pattern.map(Deciding::of_pattern);
    if is_in { Ok(deciding) } else { Err(deciding) }
}

fn start(
    artifact: &Artifact,
    facts: &ArtifactFacts,
    rule: &RuleOfArtifact<'_>,
    index: usize,
) -> (Start, Vec<Remark>) {
    let common = rule.common();
    let pipeline = common.name.clone();
    let (revisions, takes) = match facts.pipelines.get(&index) {
        Some(ArtifactPipeline::Found { is_v2: true, variables, sources }) => {
            (revisions(artifact, sources), Takes::Declared(variables.clone()))
        }
        Some(ArtifactPipeline::Found { is_v2: false, .. }) => (Vec::new(), Takes::TypeV1),
        _ => (Vec::new(), Takes::Unknown),
    };
    let filling = ArtifactFilling { artifact, count: counted(facts.archive.as_ref()) };
    let (variables, remarks) = sent(&pipeline, &common.variables, &takes, |asked| filling.value(asked));
    let token = artifact.token(&pipeline);
    (Start { pipeline, templated: false, token, revisions, variables }, remarks)
}

/// What is pinned: the digest, or the version. A key that the action does not read is pinned with it, if the action allows that.
fn revisions(artifact: &Artifact, sources: &[DeclaredSource]) -> Vec<PinnedRevision> {
    let mut revisions = Vec::new();
    for source in sources {
        let mut pin = |kind, value: &str| {
            let (action, value) = (source.action.clone(), value.to_owned());
            revisions.push(PinnedRevision { action, kind, value });
        };
        match artifact {
            Artifact::Image(push) => pin(RevisionKind::ImageDigest, &push.digest),
            Artifact::Object(object) => {
                let reads_key = source.reads(&object.key);
                if !reads_key && !source.overrides_key {
                    continue;
                }
                if !reads_key {
                    pin(RevisionKind::ObjectKey, &object.key);
                }
                if let CreatedObject { version: Some(version), .. } = object {
                    pin(RevisionKind::ObjectVersion, version);
                }
            }
        }
    }
    revisions
}
