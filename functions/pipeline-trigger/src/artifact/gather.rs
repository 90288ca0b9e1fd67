//! Reads what the decision needs: the archives if a rule compares them, and the pipelines that could start.

use std::time::Instant;

use futures::StreamExt as _;
use futures::stream;
use tokio::time::timeout_at;

use super::decide::{ArtifactFacts, ArtifactPipeline, admits_key, admitted};
use super::{Artifact, RuleOfArtifact, declared};
use crate::archive;
use crate::aws::Clients;
use crate::gather::deadlines::Deadlines;
use crate::remark::Remark;
use crate::unread::ReadError;

/// How many pipelines are read at a time.
const AT_A_TIME: usize = 16;

/// Reads the facts about an artifact. A fact that cannot be read is recorded as unknown; nothing here fails.
pub(super) async fn gather(
    artifact: &Artifact,
    rules: &[RuleOfArtifact<'_>],
    aws: &Clients,
    deadline: Instant,
) -> ArtifactFacts {
    let deadlines = Deadlines::until(deadline, Instant::now());
    let mut facts = ArtifactFacts::default();
    if let Artifact::Object(object) = artifact
        && rules.iter().any(|rule| asks_for_archive(rule, &object.key))
    {
        let read = archive::changes(aws.s3(), object, deadlines.changes).await;
        let is_first = read.as_ref().is_ok_and(|changes| changes.compared_with.is_none());
        facts.remarks.extend(is_first.then(|| Remark::NoEarlierVersion { object: object.to_string() }));
        facts.archive = Some(read);
    }
    let starting = rules.iter().enumerate();
    let starting = starting.filter(|(_, rule)| admitted(artifact, rule, facts.archive.as_ref()).is_ok());
    let read = stream::iter(starting).map(async |(index, rule)| {
        let read = timeout_at(deadlines.pipelines.into(), declared::pipeline(artifact, rule, aws)).await;
        (index, read.unwrap_or_else(|_| (ArtifactPipeline::Unreadable(ReadError::NoTime), Vec::new())))
    });
    let read: Vec<_> = read.buffered(AT_A_TIME).collect().await;
    for (index, (pipeline, remarks)) in read {
        facts.pipelines.insert(index, pipeline);
        for remark in remarks {
            if !facts.remarks.contains(&remark) {
                facts.remarks.push(remark);
            }
        }
    }
    facts
}

fn asks_for_archive(rule: &RuleOfArtifact<'_>, key: &str) -> bool {
    match rule {
        RuleOfArtifact::Image(_) => false,
        RuleOfArtifact::Object(rule) => rule.reads_archive() && admits_key(key, rule).is_ok(),
    }
}
