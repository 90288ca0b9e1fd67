//! GetPipelineState and ListRuleExecutions: the stages of the newest execution, and the rules of entry conditions.

use serde_json::{Value, json};

use super::stages::{RuleRun, StageRun};
use super::{PipelineExecutionRecord, constraints, pipeline};
use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// "Default value is 100", and the largest.
const RULES_PAGE: usize = 100;

/// A pipeline without entry conditions has no state here, because its executions do not end.
pub(super) fn get_pipeline_state(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let pipeline = pipeline(context, &mut input, "name")?;
    input.finish()?;
    let newest = pipeline.executions.last();
    let stages = pipeline.structure.stages.iter().map(|stage| {
        let ran = newest.and_then(|execution| {
            Some((execution, execution.stages.iter().find(|run| run.name == stage.name)?))
        });
        state(&stage.name, ran)
    });
    let states: Vec<Value> = stages.collect();
    Ok(json!({"pipelineName": pipeline.name, "pipelineVersion": 1, "stageStates": states}))
}

fn state(stage: &str, ran: Option<(&PipelineExecutionRecord, &StageRun)>) -> Value {
    let mut state =
        json!({"stageName": stage, "inboundTransitionState": {"enabled": true}, "actionStates": []});
    let Some((execution, run)) = ran else { return state };
    state["latestExecution"] =
        json!({"pipelineExecutionId": execution.id, "status": run.status, "type": "STANDARD"});
    if !run.checks.is_empty() {
        let is_met = run.checks.iter().all(|check| check.status == "Succeeded");
        let status = if is_met { "Succeeded" } else { "Failed" };
        let rules = run.checks.iter().map(|check| {
            let at = epoch_seconds(execution.started);
            let id = rule_id(execution, run, check);
            let latest = json!({"ruleExecutionId": id, "status": check.status, "lastStatusChange": at});
            json!({"ruleName": check.name, "latestExecution": latest})
        });
        let condition =
            json!({"latestExecution": {"status": status}, "ruleStates": rules.collect::<Vec<_>>()});
        state["beforeEntryConditionState"] =
            json!({"latestExecution": {"status": status}, "conditionStates": [condition]});
    }
    state
}

/// Newest execution first. Of `filter`, only `pipelineExecutionId` is served.
pub(super) fn list_rule_executions(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let pipeline = pipeline(context, &mut input, "pipelineName")?;
    let size = constraints::page_size(&mut input, RULES_PAGE)?;
    let token = constraints::next_token(&mut input)?;
    let wanted = match input.structure("filter")? {
        None => None,
        Some(mut filter) => {
            let id = filter.string("pipelineExecutionId")?;
            filter.finish()?;
            id
        }
    };
    input.finish()?;
    let is_wanted =
        |execution: &&PipelineExecutionRecord| wanted.as_ref().is_none_or(|id| *id == execution.id);
    let executions = pipeline.executions.iter().rev().filter(is_wanted);
    let details: Vec<Value> = executions.flat_map(details).collect();
    let identity = ["ListRuleExecutions", &pipeline.name, wanted.as_deref().unwrap_or_default()];
    let page = paging::page(&details, size, token.as_deref(), &identity).map_err(constraints::bad_token)?;
    let mut output = json!({"ruleExecutionDetails": page.items});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

fn details(execution: &PipelineExecutionRecord) -> Vec<Value> {
    let runs = execution.stages.iter().flat_map(|run| run.checks.iter().map(move |check| (run, check)));
    let detail = |(run, check): (&StageRun, &RuleRun)| {
        let at = epoch_seconds(execution.started);
        let resolved: serde_json::Map<String, Value> =
            check.resolved.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let kind = json!({"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"});
        json!({
            "pipelineExecutionId": execution.id,
            "ruleExecutionId": rule_id(execution, run, check),
            "pipelineVersion": 1,
            "stageName": run.name,
            "ruleName": check.name,
            "startTime": at,
            "lastUpdateTime": at,
            "status": check.status,
            "input": {"ruleTypeId": kind, "resolvedConfiguration": resolved},
        })
    };
    runs.map(detail).collect()
}

fn rule_id(execution: &PipelineExecutionRecord, run: &StageRun, check: &RuleRun) -> String {
    ids::uuid(&["rule execution", &execution.id, &run.name, &check.name])
}
