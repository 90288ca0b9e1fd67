//! Reads what a decision needs, all of it from the recovery region: first what says whether something holds, then, if nothing
//! does, what there is to recover.

mod executions;
mod instances;
mod jobs;
mod plan;
mod progress;
mod signals;

use futures::future::OptionFuture;
use futures::join;

use crate::aws::Clients;
use crate::facts::{Facts, Recoverable};
use crate::incident::Incident;
use crate::rules::Plan;
use crate::settings::Settings;

pub use executions::executions;
pub(crate) use executions::mode;
pub use progress::progress;

/// Reads whether something holds.
pub async fn gather(plan: &Plan, incident: &Incident, settings: &Settings, aws: &Clients) -> Facts {
    let second_alarm: OptionFuture<_> =
        plan.second_signal.alarm.as_deref().map(|name| signals::alarm(&aws.cloudwatch, name)).into();
    let probe: OptionFuture<_> = plan.second_signal.probe.as_deref().map(|url| aws.prober.ask(url)).into();
    let (switch, second_alarm, probe, executions) = join!(
        signals::switch(&aws.ssm, &settings.kill_switch),
        second_alarm,
        probe,
        executions(&aws.drs, &incident.drs_plan, incident),
    );
    Facts {
        switch,
        second_alarm,
        probe,
        executions,
        recoverable: None,
        time_is_made_up: settings.time_is_made_up,
    }
}

/// Reads what there is to recover.
pub async fn recoverable(drs_plan: &str, aws: &Clients, now: jiff::Timestamp) -> Recoverable {
    let drs_plan = plan::plan(&aws.drs, drs_plan).await;
    let servers: Vec<String> = match &drs_plan {
        Ok(plan) => plan.servers.iter().map(|server| server.id.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let jobs = jobs::under_way(&aws.drs, &servers, now).await;
    let instances = instances::of_servers(&aws.drs, &servers).await;
    Recoverable { plan: drs_plan, jobs, instances }
}
