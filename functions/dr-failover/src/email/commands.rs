//! Commands that the operator can run as they are, with version 2 of the AWS CLI. Their values are safe in a shell: names and ARNs of
//! the rules, ids of this function, and checked values from DRS.

use serde_json::json;
use shared::arn::Arn;
use shared::home::Home;
use shared::text::list;

use shared::text::printable;

use super::IncidentEmail;
use crate::incident::{ApprovalRequest, INCIDENT_TAG, Incident, LaunchTag, WAVE_TAG};
use crate::rules::{RecoveryPlan, Wave};

/// The most servers of a command: a job of DRS has at most so many.
const MOST_OF_A_COMMAND: usize = 100;

/// What stands between two commands of one action.
const THEN: &str = "\n  ";

/// The commands for a plan without a known incident.
pub(super) struct ByHand {
    /// Shows the plan's recoveries.
    pub(super) list: String,
    /// Starts a recovery for real.
    pub(super) start: String,
    /// The order of several commands.
    pub(super) order: &'static str,
}

/// The commands that show and start recoveries of a plan by hand. A plan with waves is in the function's region.
pub(super) fn by_hand(plan: &RecoveryPlan, region: &str) -> ByHand {
    match &plan.drs_plan {
        Some(drs_plan) => ByHand { list: executions(drs_plan), start: start(drs_plan), order: "" },
        None => ByHand {
            list: format!("aws drs describe-jobs --region {region}"),
            start: waves_by_hand(&plan.waves, region).join(THEN),
            order: ", one wave after the other, each when the servers of the wave before are launched",
        },
    }
}

fn waves_by_hand(waves: &[Wave], region: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (wave, number) in waves.iter().zip(1..) {
        let name = printable(&wave.name);
        match wave.tags.is_empty() {
            true => lines.push(format!("wave {number}, {name}:")),
            false => {
                let tags: Vec<String> = wave
                    .tags
                    .iter()
                    .map(|(key, value)| format!("{}={}", printable(key), printable(value)))
                    .collect();
                let tags = shared::text::list(tags);
                lines.push(format!("wave {number}, {name}, with each server that has the tags {tags}:"));
                lines.push(format!("aws drs describe-source-servers --region {region}"));
            }
        }
        let tagged = (!wave.tags.is_empty()).then_some("SERVER_ID");
        let ids: Vec<&str> = wave.servers.iter().map(String::as_str).chain(tagged).collect();
        lines.extend(ids.chunks(MOST_OF_A_COMMAND).map(|ids| launch(region, ids)));
    }
    lines
}

/// Launches servers for real.
fn launch(region: &str, servers: &[&str]) -> String {
    let servers: Vec<String> = servers.iter().map(|server| format!("sourceServerID={server}")).collect();
    format!("aws drs start-recovery --region {region} --source-servers {}", servers.join(" "))
}

/// Starts a DRS plan for real.
pub(super) fn start(drs_plan: &Arn) -> String {
    let region = &drs_plan.region;
    format!(
        "aws drs start-recovery-plan-execution --region {region} --recovery-plan-arn {drs_plan} --mode RECOVERY"
    )
}

/// The same with the incident's tag: the function finds the execution by its tag, follows it, and starts no second one.
pub(super) fn start_for(incident: &Incident) -> Option<String> {
    let tags = json!({INCIDENT_TAG: incident.id});
    incident.drs_plan.as_ref().map(|drs_plan| format!("{} --tags '{tags}'", start(drs_plan)))
}

/// Starts single servers for real.
pub(super) fn start_servers(email: &IncidentEmail<'_>, servers: &[&str]) -> String {
    launch(region(email), servers)
}

/// Starts a launch of a wave that DRS refused, with the tags by which the function finds the job.
pub(super) fn start_launch(email: &IncidentEmail<'_>, tag: LaunchTag, servers: &[&str]) -> String {
    let tags = json!({INCIDENT_TAG: email.incident.id, WAVE_TAG: tag.to_string()});
    format!("{} --tags '{tags}'", start_servers(email, servers))
}

/// Starts each wave for real, without an incident: the waves' names with their commands.
pub(super) fn start_waves(plan: &RecoveryPlan, home: &Home) -> Vec<(String, String)> {
    let command = |wave: &Wave| {
        let tagged = (!wave.tags.is_empty()).then_some("SERVER_ID");
        let ids: Vec<&str> = wave.servers.iter().map(String::as_str).chain(tagged).collect();
        let lines: Vec<String> = ids.chunks(MOST_OF_A_COMMAND).map(|ids| launch(&home.region, ids)).collect();
        lines.join(THEN)
    };
    plan.waves.iter().map(|wave| (wave.name.clone(), command(wave))).collect()
}

/// For a plan without a known incident: the command that shows its recoveries, and the commands that start one, with the order of
/// waves.
pub(super) fn without_incident(plan: &RecoveryPlan, home: &Home) -> (String, Vec<String>) {
    let ByHand { list, start, order } = by_hand(plan, &home.region);
    let order = (!order.is_empty()).then(|| format!("Start the waves{order}:"));
    (list, order.into_iter().chain(start.split(THEN).map(str::to_owned)).collect())
}

/// Starts the first wave for real, with the incident's tags, if the plan has waves. A large wave needs several jobs.
pub(super) fn start_wave(email: &IncidentEmail<'_>) -> Option<String> {
    let first = email.plan.waves.first()?;
    let ids = match &email.incident.waves {
        Some(_) => email.incident.servers_of(&first.name).map(|(id, _)| id.as_str()).collect(),
        None => first.servers.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let servers = if ids.is_empty() { vec!["SERVER_ID"] } else { ids };
    let commands = servers.chunks(MOST_OF_A_COMMAND).zip(1..).map(|(servers, part)| {
        let tags =
            json!({INCIDENT_TAG: email.incident.id, WAVE_TAG: LaunchTag { wave: 1, part }.to_string()});
        format!("{} --tags '{tags}'", start_servers(email, servers))
    });
    Some(commands.collect::<Vec<_>>().join(THEN))
}

/// Lists the jobs of DRS since the incident was opened.
pub(super) fn jobs(email: &IncidentEmail<'_>) -> String {
    let from = email.incident.opened.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("aws drs describe-jobs --region {} --filters fromDate={from}", region(email))
}

/// Skips a server of a wave, or launches it again.
pub(super) fn server(email: &IncidentEmail<'_>, kind: &str, server: &str) -> Option<String> {
    let detail = json!({"incident": email.incident.id, "server": server, "by": "YOUR NAME"});
    is_plain(server).then(|| invoke(email, kind, detail))
}

/// Continues the waves although the alarm is OK.
pub(super) fn continue_waves(email: &IncidentEmail<'_>) -> String {
    invoke(email, "continue", json!({"incident": email.incident.id, "by": "YOUR NAME"}))
}

/// Lists the executions of a DRS plan, the newest first.
pub(super) fn executions(drs_plan: &Arn) -> String {
    let region = &drs_plan.region;
    format!("aws drs list-recovery-plan-executions --region {region} --recovery-plan-arn {drs_plan}")
}

/// Cancels an execution.
pub(super) fn cancel(execution: &Arn) -> Option<String> {
    let region = &execution.region;
    is_plain(&execution.to_string()).then(|| {
        format!("aws drs cancel-recovery-plan-execution --region {region} --recovery-plan-execution-arn {execution}")
    })
}

/// Lists the steps of an execution.
pub(super) fn steps(execution: &Arn) -> Option<String> {
    let region = &execution.region;
    is_plain(&execution.to_string()).then(|| {
        format!("aws drs list-recovery-plan-execution-steps --region {region} --recovery-plan-execution-arn {execution}")
    })
}

/// Retries a failed step.
pub(super) fn retry(drs_plan: &Arn) -> String {
    let region = &drs_plan.region;
    format!(
        "aws drs retry-recovery-plan-execution-step --region {region} --recovery-plan-execution-step-arn STEP_ARN"
    )
}

/// Terminates the launched instances.
pub(super) fn terminate(email: &IncidentEmail<'_>) -> Option<String> {
    let (launched, region) = (launched(email), region(email));
    (!launched.is_empty()).then(|| {
        format!(
            "aws drs terminate-recovery-instances --region {region} --recovery-instance-ids {}",
            launched.join(" ")
        )
    })
}

/// The instances that the incident launched and that still exist.
fn launched<'a>(email: &IncidentEmail<'a>) -> Vec<&'a str> {
    let gone = |id: &String| email.incident.later.as_ref().is_some_and(|later| later.gone.contains(id));
    let servers = email.incident.servers.iter().filter(|(id, _)| !gone(id));
    servers.filter_map(|(_, server)| server.instance.as_deref()).filter(|id| is_plain(id)).collect()
}

/// The region of the servers: the DRS plan's, or else the function's.
fn region<'a>(email: &IncidentEmail<'a>) -> &'a str {
    email.incident.drs_plan.as_ref().map_or(&email.home.region, |drs_plan| &drs_plan.region)
}

/// Stops instances, which can be started again.
pub(super) fn stop(email: &IncidentEmail<'_>) -> Option<String> {
    let launched = launched(email);
    (!launched.is_empty()).then(|| {
        format!("aws ec2 stop-instances --region {} --instance-ids {}", region(email), launched.join(" "))
    })
}

/// Terminates instances that this incident did not launch.
pub(super) fn terminate_these(email: &IncidentEmail<'_>, instances: &[&str]) -> Option<String> {
    let instances: Vec<&str> = instances.iter().copied().filter(|id| is_plain(id)).collect();
    let region = region(email);
    (!instances.is_empty()).then(|| {
        format!(
            "aws drs terminate-recovery-instances --region {region} --recovery-instance-ids {}",
            instances.join(" ")
        )
    })
}

/// Lists the recovery instances of the region.
pub(super) fn instances(email: &IncidentEmail<'_>) -> String {
    format!("aws drs describe-recovery-instances --region {}", region(email))
}

/// Closes the incident.
pub(super) fn close(email: &IncidentEmail<'_>) -> String {
    invoke(email, "close", json!({"incident": email.incident.id, "by": "YOUR NAME"}))
}

/// Actions, after a line with the account to switch to and the permissions that their commands need.
pub(super) fn after_a_switch(home: &Home, actions: Vec<String>) -> Vec<String> {
    let permissions = permissions(&actions);
    if permissions.is_empty() {
        return actions;
    }
    let own = if permissions.iter().any(|one| one.starts_with("drs:Start") || one.starts_with("drs:Retry")) {
        " DRS launches servers with the permissions of the principal that starts them."
    } else {
        ""
    };
    let (account, region) = (&home.account, &home.region);
    let first = format!(
        "First switch to the account {account} and the region {region}, with a role that has {}.{own}",
        list(permissions)
    );
    std::iter::once(first).chain(actions).collect()
}

/// The permissions that these commands need, as IAM names them, each once.
fn permissions(lines: &[String]) -> Vec<String> {
    let commands = lines.iter().flat_map(|line| line.lines()).map(str::trim);
    let words = commands.filter_map(|line| {
        let mut words = line.strip_prefix("aws ")?.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    let mut permissions: Vec<String> = words
        .map(|(service, operation)| match (service, operation) {
            ("lambda", "invoke") => "lambda:InvokeFunction".to_owned(),
            _ => format!(
                "{service}:{}",
                operation.split('-').map(crate::text::capitalized).collect::<String>()
            ),
        })
        .collect();
    permissions.sort_unstable();
    permissions.dedup();
    permissions
}

/// Reads the kill switch.
pub(super) fn read_switch(email: &IncidentEmail<'_>) -> String {
    format!("aws ssm get-parameter --region {} --name {}", email.home.region, email.settings.kill_switch)
}

/// Sets the kill switch.
pub(super) fn switch(email: &IncidentEmail<'_>, value: &str) -> String {
    format!(
        "aws ssm put-parameter --region {} --name {} --value {value} --type String --overwrite",
        email.home.region, email.settings.kill_switch
    )
}

/// Approves the start that a request is about.
pub(super) fn approve(email: &IncidentEmail<'_>, request: &ApprovalRequest) -> String {
    answer(email, &format!("approve {} {}", email.incident.id, request.digest))
}

/// Refuses the incident, with the parameter.
pub(super) fn refuse_by_answer(email: &IncidentEmail<'_>) -> String {
    answer(email, &format!("refuse {}", email.incident.id))
}

fn answer(email: &IncidentEmail<'_>, value: &str) -> String {
    format!(
        "aws ssm put-parameter --region {} --name {} --value '{value}' --type String --overwrite",
        email.home.region, email.settings.approval
    )
}

/// Refuses the incident.
pub(super) fn refuse(email: &IncidentEmail<'_>) -> String {
    invoke(email, "refuse", json!({"incident": email.incident.id, "by": "YOUR NAME"}))
}

/// Starts another drill.
pub(super) fn drill(email: &IncidentEmail<'_>) -> String {
    invoke(email, "drill", json!({"plan": email.incident.plan, "by": "YOUR NAME"}))
}

/// Cleans a drill up.
pub(super) fn clean_up(email: &IncidentEmail<'_>) -> String {
    invoke(email, "clean-up", json!({"incident": email.incident.id, "by": "YOUR NAME"}))
}

/// Lists the recovery instances of servers.
pub(super) fn instances_of(email: &IncidentEmail<'_>, servers: &[&str]) -> String {
    let (region, servers) = (region(email), servers.join(","));
    format!("aws drs describe-recovery-instances --region {region} --filters sourceServerIDs={servers}")
}

/// Clears the latch.
pub(super) fn clear(email: &IncidentEmail<'_>) -> String {
    invoke(email, "clear-latch", json!({"plan": email.incident.plan, "by": "YOUR NAME"}))
}

fn invoke(email: &IncidentEmail<'_>, kind: &str, detail: serde_json::Value) -> String {
    let payload = json!({"source": "pointsman", "detail-type": kind, "detail": detail});
    let arn: Option<Arn> = email.function.parse().ok();
    // Behind the name of a qualified ARN is its version or alias.
    let name = arn.as_ref().and_then(|arn| arn.resource_of("function")?.split(':').next());
    let function = name.unwrap_or("dr-failover");
    format!(
        "aws lambda invoke --region {} --function-name {function} --cli-binary-format raw-in-base64-out --payload '{payload}' \
         /dev/stdout",
        email.home.region
    )
}

/// Whether a text has no character with a meaning in a shell.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_/.-:".contains(c))
}
