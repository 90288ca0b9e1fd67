//! What an operator does in DRS's console: starts a plan or single servers, retries or skips a failed step, terminates instances.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Drs, DrsState, JobRecord, LONGEST_EXECUTION, LaunchRecord, RecoveryExecutionRecord, unbegun};
use crate::ids;

/// An action of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrsOperatorAction {
    /// Starts the plan for real, without a tag.
    Start,
    /// Starts the server alone, for real.
    StartServer,
    /// Retries the failed step of the plan's last execution ("Retrying a failed step", AWS Elastic Disaster Recovery User Guide).
    Retry,
    /// Skips that step.
    Skip,
    /// Terminates the instance of the server.
    Terminate,
}

impl DrsOperatorAction {
    /// The actions, by their names in the world's file.
    pub(crate) const NAMES: [&'static str; 5] = ["start", "start-server", "retry", "skip", "terminate"];

    /// The action with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "start" => Self::Start,
            "start-server" => Self::StartServer,
            "retry" => Self::Retry,
            "skip" => Self::Skip,
            "terminate" => Self::Terminate,
            _ => return None,
        })
    }

    /// Whether the action is about a plan, not about a server.
    pub(crate) fn is_of_plan(self) -> bool {
        matches!(self, Self::Start | Self::Retry | Self::Skip)
    }
}

impl Drs {
    /// Carries the action out on a plan's name or a server's id.
    pub(crate) fn operate(&self, action: DrsOperatorAction, of: &str, now: Timestamp) {
        let state = &mut *self.lock();
        match action {
            DrsOperatorAction::Start => self.started_by_hand(state, of, now),
            DrsOperatorAction::StartServer => self.server_started_by_hand(state, of, now),
            DrsOperatorAction::Retry => self.resumed(state, of, now, "NOT_STARTED"),
            DrsOperatorAction::Skip => self.resumed(state, of, now, "SKIPPED"),
            DrsOperatorAction::Terminate => {
                let of_server = state.instances.iter_mut().filter(|instance| instance.server == of);
                of_server.for_each(|instance| instance.state = "TERMINATED".to_owned());
            }
        }
    }

    fn started_by_hand(&self, state: &mut DrsState, plan: &str, now: Timestamp) {
        let number = state.executions.len().to_string();
        let Some(plan) = state.plans.iter().find(|one| one.name == plan) else { return };
        let id = &ids::digest(&["execution", &plan.arn, &number])[..17];
        let execution = RecoveryExecutionRecord {
            arn: plan
                .arn
                .replace("recovery-plan/", "recovery-plan-execution/")
                .rsplit_once('/')
                .map_or_else(String::new, |(before, _)| format!("{before}/rpe-{id}")),
            steps: unbegun(plan),
            plan: plan.arn.clone(),
            mode: "RECOVERY".to_owned(),
            status: "CREATED".to_owned(),
            started: now,
            completed: None,
            error: None,
            tags: BTreeMap::new(),
            token: None,
            snapshots: Vec::new(),
            due: Some(now + self.step),
            times_out: Some(now + LONGEST_EXECUTION),
        };
        state.executions.push(execution);
    }

    fn server_started_by_hand(&self, state: &mut DrsState, server: &str, now: Timestamp) {
        let number = state.jobs.len().to_string();
        state.jobs.push(JobRecord {
            id: format!("drsjob-{}", &ids::digest(&["job", server, &number])[..17]),
            kind: "LAUNCH".to_owned(),
            is_drill: false,
            status: "PENDING".to_owned(),
            created: now,
            ended: None,
            snapshots: Vec::new(),
            tags: BTreeMap::new(),
            servers: vec![LaunchRecord {
                server: server.to_owned(),
                status: "PENDING".to_owned(),
                instance: None,
                due: None,
            }],
            due: Some(now + self.step),
        });
    }

    /// The failed step of the plan's last execution runs again, or is skipped: the execution continues.
    fn resumed(&self, state: &mut DrsState, plan: &str, now: Timestamp, status: &str) {
        let arn = state.plans.iter().find(|one| one.name == plan).map(|plan| plan.arn.clone());
        let mut of_plan = state.executions.iter_mut().rev().filter(|one| Some(&one.plan) == arn.as_ref());
        let Some(execution) = of_plan.next().filter(|one| one.status == "FAILED") else { return };
        let Some(step) = execution.steps.iter_mut().find(|step| step.status == "FAILED") else { return };
        status.clone_into(&mut step.status);
        (step.job, step.error) = (None, None);
        "IN_PROGRESS".clone_into(&mut execution.status);
        (execution.completed, execution.error) = (None, None);
        execution.due = Some(now + self.step);
        execution.times_out = Some(execution.started + LONGEST_EXECUTION);
    }
}
