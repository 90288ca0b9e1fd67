//! Reads what doctor compares: pipelines, EventBridge rules with their targets, and the repositories of the rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_codepipeline::operation::get_pipeline::GetPipelineOutput;
use aws_sdk_codepipeline::types::{ActionCategory, ActionDeclaration};
use aws_sdk_eventbridge::types::{Rule, RuleState};
use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use pipeline_trigger::rules::Rules;
use shared::call_error::CallError;

/// How many calls are in progress at a time.
const AT_A_TIME: usize = 8;

/// What the account has.
#[derive(Debug, Default)]
pub(super) struct AccountFacts {
    /// By name.
    pub(super) pipelines: BTreeMap<String, FoundPipeline>,
    pub(super) event_rules: Vec<FoundEventRule>,
    /// The repositories of rules that do not exist.
    pub(super) missing_repositories: BTreeSet<String>,
    /// What could not be read, and why.
    pub(super) unread: Vec<(String, CallError)>,
}

/// A pipeline.
#[derive(Debug, Default)]
pub(super) struct FoundPipeline {
    /// None if the pipeline could not be read.
    pub(super) sources: Option<Vec<FoundSource>>,
    /// When CodePipeline stopped to poll for it.
    pub(super) polling_disabled_at: Option<Timestamp>,
}

/// A source action of a pipeline.
#[derive(Debug, Clone)]
pub(super) struct FoundSource {
    pub(super) action: String,
    /// The CodeCommit repository that it reads; none for another source.
    pub(super) repository: Option<String>,
    /// The ECR repository that it reads.
    pub(super) image: Option<String>,
    /// The bucket that it reads.
    pub(super) bucket: Option<String>,
    pub(super) polls: bool,
}

/// An EventBridge rule of the default event bus that targets pipelines.
#[derive(Debug, Clone)]
pub(super) struct FoundEventRule {
    pub(super) name: String,
    pub(super) is_enabled: bool,
    pub(super) pattern: Option<String>,
    pub(super) schedule: Option<String>,
    /// The names of the pipelines.
    pub(super) pipelines: Vec<String>,
    /// Whether it has another target, too.
    pub(super) has_others: bool,
}

/// The clients.
struct DoctorClients {
    codecommit: aws_sdk_codecommit::Client,
    codepipeline: aws_sdk_codepipeline::Client,
    events: aws_sdk_eventbridge::Client,
}

/// Reads the account.
///
/// # Errors
/// When the pipelines cannot be listed. What else cannot be read is in the facts.
pub(super) async fn read(config: &SdkConfig, rules: &Rules) -> Result<AccountFacts> {
    let clients = DoctorClients {
        codecommit: aws_sdk_codecommit::Client::new(config),
        codepipeline: aws_sdk_codepipeline::Client::new(config),
        events: aws_sdk_eventbridge::Client::new(config),
    };
    let mut facts = AccountFacts::default();
    clients.pipelines(&mut facts).await?;
    clients.event_rules(&mut facts).await;
    clients.repositories(rules, &mut facts).await;
    Ok(facts)
}

impl DoctorClients {
    async fn pipelines(&self, facts: &mut AccountFacts) -> Result<()> {
        let names = self.pipeline_names().await?;
        let read = stream::iter(names).map(async |name: String| {
            let pipeline = self.codepipeline.get_pipeline().name(&name).send().await;
            (name, pipeline.map_err(|error| CallError::new("codepipeline:GetPipeline", error)))
        });
        for (name, pipeline) in read.buffered(AT_A_TIME).collect::<Vec<_>>().await {
            let pipeline = match pipeline {
                Ok(output) => found_pipeline(&output),
                Err(error) => {
                    facts.unread.push((name.clone(), error));
                    FoundPipeline::default()
                }
            };
            facts.pipelines.insert(name, pipeline);
        }
        Ok(())
    }

    async fn pipeline_names(&self) -> Result<Vec<String>> {
        let mut pages = self.codepipeline.list_pipelines().into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::new("codepipeline:ListPipelines", error))?;
            names.extend(page.pipelines().iter().filter_map(|pipeline| pipeline.name.clone()));
        }
        Ok(names)
    }

    /// The rules of the default event bus, which alone receives the events of AWS's services.
    async fn event_rules(&self, facts: &mut AccountFacts) {
        let rules = match self.all_rules().await {
            Ok(rules) => rules,
            Err(error) => return facts.unread.push(("the EventBridge rules".to_owned(), error)),
        };
        let read = stream::iter(rules).map(async |rule: Rule| {
            let targets = self.targets(rule.name.as_deref().unwrap_or_default()).await;
            (rule, targets)
        });
        for (rule, targets) in read.buffered(AT_A_TIME).collect::<Vec<_>>().await {
            match targets {
                Ok(targets) => facts.event_rules.extend(found_rule(rule, &targets)),
                Err(error) => {
                    let name = rule.name.unwrap_or_default();
                    facts.unread.push((format!("the targets of the EventBridge rule `{name}`"), error));
                }
            }
        }
    }

    async fn all_rules(&self) -> Result<Vec<Rule>, CallError> {
        let (mut rules, mut next) = (Vec::new(), None);
        loop {
            let page = self.events.list_rules().set_next_token(next).send().await;
            let page = page.map_err(|error| CallError::new("events:ListRules", error))?;
            rules.extend(page.rules.unwrap_or_default());
            match page.next_token {
                None => return Ok(rules),
                token => next = token,
            }
        }
    }

    /// The ARNs of a rule's targets.
    async fn targets(&self, rule: &str) -> Result<Vec<String>, CallError> {
        let (mut targets, mut next) = (Vec::new(), None);
        loop {
            let page = self.events.list_targets_by_rule().rule(rule).set_next_token(next).send().await;
            let page = page.map_err(|error| CallError::new("events:ListTargetsByRule", error))?;
            targets.extend(page.targets.unwrap_or_default().into_iter().map(|target| target.arn));
            match page.next_token {
                None => return Ok(targets),
                token => next = token,
            }
        }
    }

    async fn repositories(&self, rules: &Rules, facts: &mut AccountFacts) {
        let names: BTreeSet<&str> = rules.pipelines.iter().map(|rule| rule.repository.as_str()).collect();
        for name in names {
            let read = self.codecommit.get_repository().repository_name(name).send().await;
            match read.map_err(|error| CallError::new("codecommit:GetRepository", error)) {
                Ok(_) => {}
                Err(error) if error.has_code("RepositoryDoesNotExistException") => {
                    facts.missing_repositories.insert(name.to_owned());
                }
                Err(error) => facts.unread.push((format!("the repository `{name}`"), error)),
            }
        }
    }
}

fn found_pipeline(output: &GetPipelineOutput) -> FoundPipeline {
    let stages = output.pipeline.iter().flat_map(|pipeline| &pipeline.stages);
    let sources = stages.flat_map(|stage| &stage.actions).filter_map(found_source);
    let disabled = output.metadata.as_ref().and_then(|metadata| metadata.polling_disabled_at);
    FoundPipeline {
        sources: Some(sources.collect()),
        polling_disabled_at: disabled.and_then(|at| Timestamp::from_second(at.secs()).ok()),
    }
}

fn found_source(action: &ActionDeclaration) -> Option<FoundSource> {
    let kind = action.action_type_id.as_ref().filter(|kind| kind.category == ActionCategory::Source)?;
    let setting = |name: &str| action.configuration.as_ref().and_then(|settings| settings.get(name)).cloned();
    // "Valid settings for the PollForSourceChanges parameter", AWS CodePipeline User Guide: the default is true for both.
    let may_poll = matches!(kind.provider.as_str(), "CodeCommit" | "S3");
    let polls = setting("PollForSourceChanges").is_none_or(|polls| polls.trim().eq_ignore_ascii_case("true"));
    Some(FoundSource {
        action: action.name.clone(),
        repository: setting("RepositoryName").filter(|_| kind.provider == "CodeCommit"),
        image: setting("RepositoryName").filter(|_| kind.provider == "ECR"),
        bucket: setting("S3Bucket").filter(|_| kind.provider == "S3"),
        polls: may_poll && polls,
    })
}

/// The rule, if it targets a pipeline.
fn found_rule(rule: Rule, targets: &[String]) -> Option<FoundEventRule> {
    let pipelines: Vec<String> = targets.iter().filter_map(|arn| pipeline_of(arn)).collect();
    let has_others = pipelines.len() < targets.len();
    (!pipelines.is_empty()).then(|| FoundEventRule {
        name: rule.name.unwrap_or_default(),
        is_enabled: rule.state != Some(RuleState::Disabled),
        pattern: rule.event_pattern,
        schedule: rule.schedule_expression,
        pipelines,
        has_others,
    })
}

/// The pipeline of an ARN: `arn:PARTITION:codepipeline:REGION:ACCOUNT:NAME`.
fn pipeline_of(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "codepipeline", _, _, name] => Some((*name).to_owned()),
        _ => None,
    }
}
