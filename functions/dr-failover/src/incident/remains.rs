//! What runs in DRS for the servers of a plan when its incident ends without a launch: an operator may have started it by hand.

use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::call_error::CallError;

use super::Incident;
use crate::facts::{FoundExecution, JobKind, Read, Recoverable, RecoveryInstance};

/// What runs without this incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Remains {
    /// Executions in progress.
    pub executions: Vec<Arn>,
    /// Launch jobs in progress.
    pub jobs: Vec<String>,
    /// Instances of earlier launches.
    pub instances: Vec<RecoveryInstance>,
    /// What could not be read.
    pub unreadable: Vec<CallError>,
}

impl Remains {
    /// What runs, by these facts.
    pub fn of(executions: &Read<Vec<FoundExecution>>, recoverable: &Recoverable) -> Self {
        let mut remains = Self::default();
        match executions {
            Ok(found) => {
                let running = found.iter().filter(|execution| !execution.has_ended());
                remains.executions = running.map(|execution| execution.arn.clone()).collect();
            }
            Err(error) => remains.unknown(error),
        }
        // Without the plan's servers, its jobs and instances were not read either.
        if let Err(error) = &recoverable.plan {
            remains.unknown(error);
        }
        match &recoverable.jobs {
            Ok(jobs) => {
                let launches = jobs.iter().filter(|job| !matches!(job.kind, JobKind::Other(_)));
                remains.jobs = launches.map(|job| job.id.clone()).collect();
            }
            Err(error) => remains.unknown(error),
        }
        match &recoverable.instances {
            Ok(instances) => remains.instances.clone_from(instances),
            Err(error) => remains.unknown(error),
        }
        remains
    }

    fn unknown(&mut self, error: &CallError) {
        self.unreadable.push(Incident::bounded_error(error));
    }

    /// Whether DRS is known to run nothing.
    pub fn is_nothing(&self) -> bool {
        !self.is_running() && self.unreadable.is_empty()
    }

    /// Whether DRS runs something.
    pub fn is_running(&self) -> bool {
        !(self.executions.is_empty() && self.jobs.is_empty() && self.instances.is_empty())
    }

    /// The instances of recoveries, which may take writes.
    pub fn recovered(&self) -> impl Iterator<Item = &RecoveryInstance> {
        self.instances.iter().filter(|instance| !instance.is_drill)
    }
}
