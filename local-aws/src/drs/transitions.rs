//! Moves executions, their steps, jobs and launches to their next status, each at its time.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Drs, DrsState, JobRecord, LaunchRecord, RecoveryExecutionRecord, RecoveryInstanceRecord, StepWork,
    server_arn, validation,
};
use crate::bus::{Bus, BusEvent};
use crate::ids;

/// One pending change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Execution(usize),
    Job(usize),
    Launch(usize, usize),
    TimeOut(usize),
}

impl Drs {
    /// When the next thing happens by itself.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        all_due(&self.lock()).map(|(at, _)| at).min()
    }

    /// Performs the first pending change, if one is due by `now`.
    pub(crate) fn step(&self, bus: &Bus, now: Timestamp) {
        let mut state = self.lock();
        let first = all_due(&state).filter(|(at, _)| *at <= now).min();
        let Some((at, due)) = first else { return };
        DrsTransition { drs: self, bus, at, state: &mut state }.happens(due);
    }
}

fn all_due(state: &DrsState) -> impl Iterator<Item = (Timestamp, Due)> {
    let executions = state.executions.iter().enumerate();
    let executions = executions.filter_map(|(index, one)| Some((one.due?, Due::Execution(index))));
    let jobs = state.jobs.iter().enumerate();
    let jobs = jobs.filter_map(|(index, job)| Some((job.due?, Due::Job(index))));
    let launches = state.jobs.iter().enumerate().flat_map(|(index, job)| {
        let launches = job.servers.iter().enumerate();
        launches.filter_map(move |(nth, launch)| Some((launch.due?, Due::Launch(index, nth))))
    });
    let times_out = state.executions.iter().enumerate();
    let times_out = times_out.filter_map(|(index, one)| Some((one.times_out?, Due::TimeOut(index))));
    executions.chain(jobs).chain(launches).chain(times_out)
}

struct DrsTransition<'a> {
    drs: &'a Drs,
    bus: &'a Bus,
    at: Timestamp,
    state: &'a mut DrsState,
}

impl DrsTransition<'_> {
    fn happens(&mut self, due: Due) {
        match due {
            Due::Execution(index) => self.execution(index),
            Due::Job(index) => self.job(index),
            Due::Launch(job, nth) => self.launch(job, nth),
            Due::TimeOut(index) => self.times_out(index),
        }
    }

    /// Starts an execution that was CREATED, if all its servers can be launched. Continues one that waited.
    fn execution(&mut self, index: usize) {
        let execution = &self.state.executions[index];
        let servers: Vec<String> =
            execution.steps.iter().flat_map(|step| step.work.servers()).cloned().collect();
        let is_new = execution.status == "CREATED";
        let failure = is_new.then(|| validation::failure(self.state, execution, &servers)).flatten();
        let execution = &mut self.state.executions[index];
        execution.due = None;
        if failure.is_some() {
            execution.error = failure;
            end(execution, "FAILED", self.at);
            return;
        }
        if is_new {
            execution.status = "IN_PROGRESS".to_owned();
        }
        if let Some(waiting) = execution.steps.iter_mut().find(|step| step.status == "WAITING") {
            waiting.status = "COMPLETED".to_owned();
        }
        self.next_step(index);
    }

    fn next_step(&mut self, index: usize) {
        let (at, pending) = (self.at, self.at + self.drs.step);
        let number = self.state.jobs.len().to_string();
        let execution = &self.state.executions[index];
        let is_drill = execution.mode == "DRILL";
        let Some(nth) = execution.steps.iter().position(|step| step.status == "NOT_STARTED") else {
            end(&mut self.state.executions[index], "COMPLETED", at);
            return;
        };
        let servers: Vec<String> = execution.steps[nth].work.servers().cloned().collect();
        let failure = validation::failure(self.state, execution, &servers);
        let execution = &mut self.state.executions[index];
        if let Some(error) = failure {
            fail(execution, nth, error, at);
            return;
        }
        let step = &mut execution.steps[nth];
        match &step.work {
            StepWork::Wait(minutes) => {
                step.status = "WAITING".to_owned();
                execution.due = Some(at + jiff::SignedDuration::from_mins(*minutes));
            }
            StepWork::Servers(servers) => {
                let id = format!("drsjob-{}", &ids::digest(&["job", &execution.arn, &number])[..17]);
                step.status = "EXECUTING".to_owned();
                step.job = Some(id.clone());
                let launch = |(server, _): &(String, bool)| LaunchRecord {
                    server: server.clone(),
                    status: "PENDING".to_owned(),
                    instance: None,
                    due: None,
                };
                let servers = servers.iter().map(launch).collect();
                let status = "PENDING".to_owned();
                self.state.jobs.push(JobRecord {
                    id,
                    kind: "LAUNCH".to_owned(),
                    is_drill,
                    status,
                    created: at,
                    ended: None,
                    servers,
                    due: Some(pending),
                });
            }
        }
    }

    /// Starts the launches of a job. The earlier instances of its servers are deleted first.
    fn job(&mut self, index: usize) {
        let DrsState { jobs, servers, instances, .. } = &mut *self.state;
        let job = &mut jobs[index];
        job.due = None;
        job.status = "STARTED".to_owned();
        instances.retain(|instance| !job.servers.iter().any(|launch| launch.server == instance.server));
        for launch in &mut job.servers {
            let takes =
                servers.iter().find(|server| server.id == launch.server).map(|server| server.launch_takes);
            launch.status = "IN_PROGRESS".to_owned();
            launch.due = Some(self.at + takes.unwrap_or_default());
        }
    }

    /// A server is launched, or is not.
    fn launch(&mut self, index: usize, nth: usize) {
        let server = self.state.jobs[index].servers[nth].server.clone();
        let known = self.state.servers.iter().find(|one| one.id == server);
        let launches = known.is_some_and(|known| known.launch == "LAUNCHED");
        let job = &mut self.state.jobs[index];
        let launch = &mut job.servers[nth];
        launch.due = None;
        launch.status = if launches { "LAUNCHED" } else { "FAILED" }.to_owned();
        launch.instance =
            launches.then(|| format!("i-{}", &ids::digest(&["instance", &job.id, &server])[..17]));
        self.state.instances.extend(launch.instance.clone().map(|id| RecoveryInstanceRecord {
            id,
            server: server.clone(),
            is_drill: job.is_drill,
            state: "RUNNING".to_owned(),
            job: Some(job.id.clone()),
            launched: Some(self.at),
        }));
        self.publish_result(index, &server, launches);
        let job = &mut self.state.jobs[index];
        if job.servers.iter().all(|launch| !launch.is_under_way()) {
            job.status = "COMPLETED".to_owned();
            job.ended = Some(self.at);
            let id = job.id.clone();
            self.job_ended(&id, index);
        }
    }

    /// The running step times out, and the steps after it do not run. The step's job continues.
    fn times_out(&mut self, index: usize) {
        let execution = &mut self.state.executions[index];
        let running = |status: &str| matches!(status, "EXECUTING" | "WAITING");
        if let Some(step) = execution.steps.iter_mut().find(|step| running(&step.status)) {
            step.status = "TIMED_OUT".to_owned();
        }
        end(execution, "TIMED_OUT", self.at);
    }

    /// A step is over with its job: failed, if a critical server is.
    fn job_ended(&mut self, job: &str, index: usize) {
        let at = self.at;
        let failed: Vec<String> = self.state.jobs[index]
            .servers
            .iter()
            .filter(|launch| launch.status == "FAILED")
            .map(|launch| launch.server.clone())
            .collect();
        let executions = self.state.executions.iter_mut().enumerate();
        let mut of_job = executions.filter_map(|(index, execution)| {
            let step = execution.steps.iter().position(|step| step.job.as_deref() == Some(job))?;
            // An execution that has ended does not continue.
            execution.is_under_way().then_some((index, execution, step))
        });
        let Some((index, execution, nth)) = of_job.next() else { return };
        let step = &mut execution.steps[nth];
        let StepWork::Servers(servers) = &step.work else { return };
        let critical = servers.iter().find(|(server, critical)| *critical && failed.contains(server));
        let Some((server, _)) = critical else {
            step.status = "COMPLETED".to_owned();
            self.next_step(index);
            return;
        };
        let error = ("SERVER_LAUNCH_FAILED".to_owned(), format!("The launch of {server} failed"));
        fail(execution, nth, error, at);
    }

    fn publish_result(&self, job: usize, server: &str, launched: bool) {
        if !self.drs.events {
            return;
        }
        let job = &self.state.jobs[job];
        let state = if launched { "RECOVERY_LAUNCH_SUCCEEDED" } else { "RECOVERY_LAUNCH_FAILED" };
        let is_drill = if job.is_drill { "TRUE" } else { "FALSE" };
        self.bus.put(BusEvent {
            source: "aws.drs",
            detail_type: "DRS Source Server Launch Result",
            region: &self.drs.region,
            at: self.at,
            resource: &server_arn(&self.drs.region, server),
            detail: json!({"state": state, "job-id": job.id, "is-drill": is_drill}),
        });
    }
}

/// An execution fails with a step of it.
fn fail(execution: &mut RecoveryExecutionRecord, step: usize, error: (String, String), at: Timestamp) {
    let step = &mut execution.steps[step];
    step.status = "FAILED".to_owned();
    step.error = Some(error.clone());
    execution.error = Some(error);
    end(execution, "FAILED", at);
}

fn end(execution: &mut RecoveryExecutionRecord, status: &str, at: Timestamp) {
    status.clone_into(&mut execution.status);
    execution.completed = Some(at);
    execution.due = None;
    execution.times_out = None;
}
