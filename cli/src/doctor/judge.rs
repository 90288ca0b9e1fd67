//! Judges an account: what starts a pipeline beside pointsman, and which rules and pipelines have no counterpart. Pure.

use pipeline_trigger::rules::{ArtifactRule, Rules};
use serde_json::Value;
use shared::config::Place;
use shared::text::list;

use super::account::{AccountFacts, FoundEventRule, FoundPipeline, FoundSource, ReadSource};
use super::finding::DoctorFinding;

/// The part of a templated name that differs from branch to branch.
const SLUG: &str = "{branch-slug}";

/// What doctor compares of a rule with any source.
struct JudgedRule<'r> {
    name: String,
    /// Whether the name is that of a branch, so that there may be no such pipeline yet.
    is_templated: bool,
    source: ReadSource,
    source_action: Option<&'r str>,
    place: &'r Place,
}

fn judged(rules: &Rules) -> Vec<JudgedRule<'_>> {
    let of_pushes = rules.pipelines.iter().map(|rule| JudgedRule {
        name: rule.name.name(&rule.repository, None),
        is_templated: rule.name.is_templated(),
        source: ReadSource::Repository(rule.repository.clone()),
        source_action: rule.source_action.as_deref(),
        place: &rule.place,
    });
    let images = rules.images.iter().map(|rule| (&rule.common, ReadSource::Image(rule.image.clone())));
    let objects = rules.objects.iter().map(|rule| (&rule.common, ReadSource::Bucket(rule.bucket.clone())));
    let of_artifacts = images.chain(objects).map(|(common, source): (&ArtifactRule, _)| JudgedRule {
        name: common.name.clone(),
        is_templated: false,
        source,
        source_action: common.source_action.as_deref(),
        place: &common.place,
    });
    of_pushes.chain(of_artifacts).collect()
}

/// The findings, problems first.
pub(super) fn judge(rules: &Rules, facts: &AccountFacts) -> Vec<DoctorFinding> {
    let rules = judged(rules);
    let mut findings: Vec<DoctorFinding> = rules.iter().flat_map(|rule| of_rule(rule, facts)).collect();
    for (name, pipeline) in &facts.pipelines {
        let named: Vec<&JudgedRule<'_>> = rules.iter().filter(|rule| names(rule, name)).collect();
        let event_rules: Vec<&FoundEventRule> = facts
            .event_rules
            .iter()
            .filter(|rule| rule.is_enabled && rule.pipelines.contains(name))
            .collect();
        findings.extend(match named.is_empty() {
            false => of_named(name, pipeline, &named, &event_rules),
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

/// Whether the rule starts a pipeline of this name. A name with a branch in it is compared by the text around the branch.
fn names(rule: &JudgedRule<'_>, pipeline: &str) -> bool {
    let name = rule.name.as_str();
    match (name.split_once(SLUG), name.rsplit_once(SLUG)) {
        (Some((before, _)), Some((_, after))) => {
            let inner = pipeline.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            inner.is_some_and(|slug| !slug.is_empty())
        }
        _ => name == pipeline,
    }
}

/// A rule whose repository, pipeline or source action is gone.
fn of_rule(rule: &JudgedRule<'_>, facts: &AccountFacts) -> Vec<DoctorFinding> {
    let mut findings = Vec::new();
    if let ReadSource::Repository(repository) = &rule.source
        && facts.missing_repositories.contains(repository)
    {
        let sentence = "a rule names this repository, and CodeCommit does not have it";
        let help = "correct `repository`, or remove the rule";
        findings.push(
            DoctorFinding::problem(repository, "repository-gone", sentence).help(help).rule(rule.place),
        );
    }
    if rule.is_templated {
        return findings;
    }
    match facts.pipelines.get(&rule.name) {
        None => {
            let sentence = "a rule names this pipeline, and CodePipeline does not have it; each push fails";
            let help = "correct `name`, or remove the rule";
            let finding = DoctorFinding::problem(&rule.name, "pipeline-gone", sentence);
            findings.push(finding.help(help).rule(rule.place));
        }
        Some(FoundPipeline { sources: Some(sources), .. }) => findings.extend(of_sources(rule, sources)),
        Some(_) => {}
    }
    findings
}

fn of_sources(rule: &JudgedRule<'_>, sources: &[FoundSource]) -> Option<DoctorFinding> {
    let reads = |source: &FoundSource| source.reads.as_ref() == Some(&rule.source);
    let (source, key, pinned, _) = rule.source.words();
    let (code, sentence, help) = match rule.source_action {
        Some(action) if sources.iter().all(|source| source.action != action) => (
            "source-action-gone",
            format!(
                "the rule names the source action `{action}`, which the pipeline does not have; each start fails"
            ),
            "correct `source-action`, or remove the key".to_owned(),
        ),
        Some(_) => return None,
        None if sources.iter().any(reads) => return None,
        None => (
            "no-source-action",
            format!("no source action of the pipeline reads `{source}`, so no {pinned} is pinned"),
            format!("correct `{key}` of the rule, or the pipeline"),
        ),
    };
    Some(DoctorFinding::problem(&rule.name, code, sentence).help(help).rule(rule.place))
}

/// What starts a pipeline beside pointsman.
fn of_named(
    name: &str,
    pipeline: &FoundPipeline,
    named: &[&JudgedRule<'_>],
    event_rules: &[&FoundEventRule],
) -> Vec<DoctorFinding> {
    let mut findings: Vec<DoctorFinding> = event_rules.iter().map(|rule| beside(name, named, rule)).collect();
    let Some(source) = polling_source(pipeline) else { return findings };
    let action = source.action.as_str();
    let help = "set PollForSourceChanges to false";
    findings.push(match pipeline.polling_disabled_at {
        None => {
            let event = source.reads.as_ref().map_or("push", event_noun);
            let sentence =
                format!("the source action `{action}` polls, so each {event} starts the pipeline twice");
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
fn beside(name: &str, named: &[&JudgedRule<'_>], rule: &FoundEventRule) -> DoctorFinding {
    let FoundEventRule { name: event_rule, schedule, .. } = rule;
    if let Some(of_rules) = named.iter().find(|of_rules| receives(rule, of_rules.source.words().3)) {
        let event = event_noun(&of_rules.source);
        let sentence = format!(
            "the EventBridge rule `{event_rule}` starts the pipeline, too, so a {event} can start it twice"
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

/// Whether the rule may match the events that start a rule of pointsman: its pattern names their source, any source, or cannot be
/// read.
fn receives(rule: &FoundEventRule, event_source: &str) -> bool {
    let Some(pattern) = &rule.pattern else { return false };
    let Ok(pattern) = serde_json::from_str::<Value>(pattern) else { return true };
    match pattern.get("source").and_then(Value::as_array) {
        Some(sources) => sources.iter().any(|source| source == event_source || source.is_object()),
        None => true,
    }
}

/// A pipeline with a CodeCommit source that no rule names: what starts it, if anything does.
fn of_unnamed(name: &str, pipeline: &FoundPipeline, event_rules: &[&FoundEventRule]) -> Vec<DoctorFinding> {
    let sources = pipeline.sources.as_deref().unwrap_or_default();
    let repositories: Vec<String> = sources
        .iter()
        .filter_map(|source| match &source.reads {
            Some(ReadSource::Repository(name)) => Some(format!("`{name}`")),
            _ => None,
        })
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

/// What starts a pipeline with such a source.
fn event_noun(source: &ReadSource) -> &'static str {
    match source {
        ReadSource::Repository(_) => "push",
        ReadSource::Image(_) => "pushed image",
        ReadSource::Bucket(_) => "created object",
    }
}

/// The source action that polls.
fn polling(pipeline: &FoundPipeline) -> Option<&str> {
    polling_source(pipeline).map(|source| source.action.as_str())
}

fn polling_source(pipeline: &FoundPipeline) -> Option<&FoundSource> {
    pipeline.sources.iter().flatten().find(|source| source.polls)
}
