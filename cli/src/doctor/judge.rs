//! Judges an account: what starts a pipeline beside pointsman, and which rules and pipelines have no counterpart. Pure.

use pipeline_trigger::rules::{ArtifactRule, PipelineRule, Rules};
use serde_json::Value;
use shared::text::list;

use super::account::{AccountFacts, FoundEventRule, FoundPipeline, FoundSource};
use super::finding::DoctorFinding;

/// The part of a templated name that differs from branch to branch.
const SLUG: &str = "{branch-slug}";

/// The findings, problems first.
pub(super) fn judge(rules: &Rules, facts: &AccountFacts) -> Vec<DoctorFinding> {
    let mut findings: Vec<DoctorFinding> =
        rules.pipelines.iter().flat_map(|rule| of_rule(rule, facts)).collect();
    let images = rules.images.iter().map(|rule| NamedSource::of_image(&rule.common, &rule.image));
    let buckets = rules.objects.iter().map(|rule| NamedSource::of_bucket(&rule.common, &rule.bucket));
    let artifacts: Vec<NamedSource<'_>> = images.chain(buckets).collect();
    findings.extend(artifacts.iter().filter_map(|named| named.finding(facts)));
    for (name, pipeline) in &facts.pipelines {
        let mut kinds: Vec<StartingSource> =
            artifacts.iter().filter(|named| named.rule.name == *name).map(|named| named.kind).collect();
        if rules.pipelines.iter().any(|rule| names(rule, name)) {
            kinds.insert(0, StartingSource::Push);
        }
        let event_rules: Vec<&FoundEventRule> = facts
            .event_rules
            .iter()
            .filter(|rule| rule.is_enabled && rule.pipelines.contains(name))
            .collect();
        findings.extend(match kinds.is_empty() {
            false => of_named(name, pipeline, &event_rules, &kinds),
            true => of_unnamed(name, pipeline, &event_rules),
        });
    }
    let unread = |(what, error): &(String, shared::call_error::CallError)| {
        DoctorFinding::problem(what, "unread", format!("{} failed: {error}", error.operation))
            .help("grant the permission, or try again: the account was not judged completely")
    };
    findings.extend(facts.unread.iter().map(unread));
    findings.sort();
    findings.dedup();
    findings
}

/// What a rule starts its pipeline for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartingSource {
    Push,
    Image,
    Object,
}

impl StartingSource {
    /// The source of its events.
    fn events(self) -> &'static str {
        match self {
            Self::Push => "aws.codecommit",
            Self::Image => "aws.ecr",
            Self::Object => "aws.s3",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Image => "pushed image",
            Self::Object => "created object",
        }
    }
}

/// A rule with `image` or `bucket`, and what it names.
struct NamedSource<'r> {
    rule: &'r ArtifactRule,
    kind: StartingSource,
    source: &'r str,
}

impl<'r> NamedSource<'r> {
    fn of_image(rule: &'r ArtifactRule, source: &'r str) -> Self {
        Self { rule, kind: StartingSource::Image, source }
    }

    fn of_bucket(rule: &'r ArtifactRule, source: &'r str) -> Self {
        Self { rule, kind: StartingSource::Object, source }
    }

    fn is_read_by(&self, source: &FoundSource) -> bool {
        let read = if self.kind == StartingSource::Image { &source.image } else { &source.bucket };
        read.as_deref() == Some(self.source)
    }

    /// A pipeline or a source action that is gone.
    fn finding(&self, facts: &AccountFacts) -> Option<DoctorFinding> {
        let ArtifactRule { name, source_action, place, .. } = self.rule;
        match facts.pipelines.get(name) {
            None => Some(pipeline_gone(name, self.kind).rule(place)),
            Some(FoundPipeline { sources: Some(sources), .. }) => {
                let is_read = sources.iter().any(|source| self.is_read_by(source));
                of_sources(name, source_action.as_deref(), self.source, is_read, sources)
                    .map(|finding| finding.rule(place))
            }
            Some(_) => None,
        }
    }
}

fn pipeline_gone(name: &str, kind: StartingSource) -> DoctorFinding {
    let sentence =
        format!("a rule names this pipeline, and CodePipeline does not have it; each {} fails", kind.noun());
    DoctorFinding::problem(name, "pipeline-gone", sentence).help("correct `name`, or remove the rule")
}

/// Whether the rule starts a pipeline of this name. A name with a branch in it is compared by the text around the branch.
fn names(rule: &PipelineRule, pipeline: &str) -> bool {
    let name = rule.name.name(&rule.repository, None);
    match (name.split_once(SLUG), name.rsplit_once(SLUG)) {
        (Some((before, _)), Some((_, after))) => {
            let inner = pipeline.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            inner.is_some_and(|slug| !slug.is_empty())
        }
        _ => name == pipeline,
    }
}

/// A rule whose repository, pipeline or source action is gone.
fn of_rule(rule: &PipelineRule, facts: &AccountFacts) -> Vec<DoctorFinding> {
    let mut findings = Vec::new();
    if facts.missing_repositories.contains(&rule.repository) {
        let sentence = "a rule names this repository, and CodeCommit does not have it";
        let help = "correct `repository`, or remove the rule";
        findings.push(
            DoctorFinding::problem(&rule.repository, "repository-gone", sentence)
                .help(help)
                .rule(&rule.place),
        );
    }
    if rule.name.is_templated() {
        return findings;
    }
    let name = rule.name.name(&rule.repository, None);
    match facts.pipelines.get(&name) {
        None => findings.push(pipeline_gone(&name, StartingSource::Push).rule(&rule.place)),
        Some(FoundPipeline { sources: Some(sources), .. }) => {
            let is_read = sources.iter().any(|source| source.repository.as_ref() == Some(&rule.repository));
            let action = rule.source_action.as_deref();
            let finding = of_sources(&name, action, &rule.repository, is_read, sources);
            findings.extend(finding.map(|finding| finding.rule(&rule.place)));
        }
        Some(_) => {}
    }
    findings
}

/// A source action that the rule needs and the pipeline does not have. `read` is the rule's repository or bucket.
fn of_sources(
    name: &str,
    action: Option<&str>,
    read: &str,
    is_read: bool,
    sources: &[FoundSource],
) -> Option<DoctorFinding> {
    let (code, sentence, help) = match action {
        Some(action) if sources.iter().all(|source| source.action != action) => (
            "source-action-gone",
            format!(
                "the rule names the source action `{action}`, which the pipeline does not have; each start fails"
            ),
            "correct `source-action`, or remove the key",
        ),
        Some(_) => return None,
        None if is_read => return None,
        None => (
            "no-source-action",
            format!("no source action of the pipeline reads `{read}`, so nothing is pinned"),
            "correct the source of the rule, or the pipeline",
        ),
    };
    Some(DoctorFinding::problem(name, code, sentence).help(help))
}

/// What starts a pipeline beside pointsman.
fn of_named(
    name: &str,
    pipeline: &FoundPipeline,
    event_rules: &[&FoundEventRule],
    kinds: &[StartingSource],
) -> Vec<DoctorFinding> {
    let mut findings: Vec<DoctorFinding> = event_rules.iter().map(|rule| beside(name, rule, kinds)).collect();
    let polls = |source: &&FoundSource| source.polls;
    let Some(FoundSource { action, bucket, .. }) = pipeline.sources.iter().flatten().find(polls) else {
        return findings;
    };
    let help = "set PollForSourceChanges to false";
    findings.push(match pipeline.polling_disabled_at {
        None => {
            let polled = if bucket.is_some() { StartingSource::Object } else { StartingSource::Push };
            let sentence = match (kinds.contains(&polled), polled.noun()) {
                (true, noun) => {
                    format!("the source action `{action}` polls, so each {noun} starts the pipeline twice")
                }
                (false, noun) => {
                    format!("the source action `{action}` polls, so each {noun} starts the pipeline, too")
                }
            };
            DoctorFinding::problem(name, "polls", sentence).help(help)
        }
        Some(at) => {
            let sentence = format!(
                "the source action `{action}` polls, and CodePipeline stopped the polling at {at} because the pipeline was inactive"
            );
            DoctorFinding::note(name, "sleeping-poller", sentence).help(help)
        }
    });
    findings
}

/// An EventBridge rule that starts a pipeline of the rules.
fn beside(name: &str, rule: &FoundEventRule, kinds: &[StartingSource]) -> DoctorFinding {
    let FoundEventRule { name: event_rule, schedule, .. } = rule;
    if let Some(kind) = kinds.iter().find(|kind| receives(rule, **kind)) {
        let sentence = format!(
            "the EventBridge rule `{event_rule}` starts the pipeline, too, so a {} can start it twice",
            kind.noun()
        );
        let help = match rule.has_others || rule.pipelines.len() > 1 {
            false => format!("aws events disable-rule --name {event_rule}"),
            true => format!(
                "the rule has other targets, too: remove this one with aws events remove-targets --rule {event_rule}"
            ),
        };
        return DoctorFinding::problem(name, "event-rule-starts", sentence).help(help);
    }
    let what = match schedule {
        Some(schedule) => format!("at {schedule}"),
        None => "for other events".to_owned(),
    };
    let sentence = format!("the EventBridge rule `{event_rule}` starts the pipeline {what}");
    DoctorFinding::note(name, "other-start", sentence)
}

/// Whether the rule may match an event of the source: its pattern names the source, any source, or cannot be read.
fn receives(rule: &FoundEventRule, kind: StartingSource) -> bool {
    let Some(pattern) = &rule.pattern else { return false };
    let Ok(pattern) = serde_json::from_str::<Value>(pattern) else { return true };
    match pattern.get("source").and_then(Value::as_array) {
        Some(sources) => sources.iter().any(|source| source == kind.events() || source.is_object()),
        None => true,
    }
}

/// A pipeline with a CodeCommit source that no rule names: what starts it, if anything does.
fn of_unnamed(name: &str, pipeline: &FoundPipeline, event_rules: &[&FoundEventRule]) -> Vec<DoctorFinding> {
    let sources = pipeline.sources.as_deref().unwrap_or_default();
    let repositories: Vec<String> = sources
        .iter()
        .filter_map(|source| source.repository.as_ref())
        .map(|name| format!("`{name}`"))
        .collect();
    if repositories.is_empty() {
        return Vec::new();
    }
    let reads = format!("no rule of pointsman names this pipeline, which reads {}", list(&repositories));
    let by: Vec<String> =
        event_rules.iter().map(|rule| format!("the EventBridge rule `{}`", rule.name)).collect();
    let help = "add a rule, if a push is to start it";
    vec![match (polling(pipeline), pipeline.polling_disabled_at) {
        (Some(_), Some(at)) if by.is_empty() => {
            let sentence = format!(
                "{reads}; it polls, and CodePipeline stopped the polling at {at} because the pipeline was inactive, so a push starts nothing"
            );
            DoctorFinding::problem(name, "sleeping-poller", sentence).help(help)
        }
        (Some(_), None) => {
            DoctorFinding::note(name, "unnamed-pipeline", format!("{reads}; it polls, so pushes start it"))
        }
        _ if by.is_empty() => {
            let sentence = format!(
                "{reads}; no EventBridge rule of the default event bus starts it, and it does not poll"
            );
            DoctorFinding::note(name, "unnamed-pipeline", sentence).help(help)
        }
        _ => DoctorFinding::note(name, "unnamed-pipeline", format!("{reads}; {} starts it", list(&by))),
    }]
}

/// The source action that polls.
fn polling(pipeline: &FoundPipeline) -> Option<&str> {
    let mut sources = pipeline.sources.iter().flatten();
    sources.find(|source| source.polls).map(|source| source.action.as_str())
}
