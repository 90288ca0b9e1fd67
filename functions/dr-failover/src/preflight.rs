//! The preflight of a plan: what would block its recovery now, found while nothing is wrong. Nothing is started.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;
use shared::decision::Explain;
use shared::text::{count, list};
use strum::{IntoStaticStr, VariantNames};

use crate::alarm::AlarmState;
use crate::approval::is_asked;
use crate::facts::{FoundAddress, FoundExecution, ProbeResult, Read, Recoverable, SecondAlarm, Signals};
use crate::incident::Incident;
use crate::interlock::{Interlock, SecondAlarmGap, some};
use crate::latch::Latch;
use crate::rules::{PlanMode, RecoveryPlan, ServerAddress};
use crate::settings::Settings;
use crate::step::decide::{StartQuestion, standing};
use crate::text::short_duration;

/// DRS's default quota of servers in one job, and in one recovery plan ("AWS Elastic Disaster Recovery endpoints and quotas", AWS
/// General Reference; "Recovery plan quotas", AWS Elastic Disaster Recovery User Guide).
pub const SERVERS_QUOTA: usize = 100;

/// The facts of a preflight.
#[derive(Debug, Clone)]
pub struct PreflightFacts {
    /// The latch of the plan.
    pub latch: Read<Latch>,
    /// The kill switch and the second signal.
    pub signals: Signals,
    /// The executions of the DRS plan.
    pub executions: Read<Vec<FoundExecution>>,
    /// The servers, with what could block their launch.
    pub recoverable: Recoverable,
    /// The subscriptions of the plan's topic.
    pub subscriptions: Read<Subscriptions>,
    /// The calls of a start that IAM denies to the function's role.
    pub denied: Read<Vec<String>>,
    /// The number of answers of operators; none if no recovery of the plan waits for one.
    pub answers: Option<Read<usize>>,
    /// The addresses of the plan that exist; none if the plan has none.
    pub addresses: Option<Read<BTreeMap<String, FoundAddress>>>,
}

/// The subscriptions of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscriptions {
    /// Those that receive messages.
    pub confirmed: usize,
    /// Those whose recipient has not confirmed yet.
    pub pending: usize,
}

/// The result of a preflight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// What would block a recovery, or its emails.
    pub blocks: Vec<PreflightFinding>,
    /// What could not be judged.
    pub unknown: Vec<PreflightFinding>,
    /// What would not block a recovery.
    pub remarks: Vec<PreflightFinding>,
    /// The number of servers, if they could be read.
    pub servers: Option<usize>,
    /// The age of the oldest of the newest snapshots, if each server has one.
    pub oldest: Option<SignedDuration>,
}

/// A finding of a preflight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreflightFinding {
    /// An interlock would block the recovery.
    Interlock(Interlock),
    /// Something else is not ready, or could not be judged.
    Gap(PreflightGap),
}

/// What no interlock checks.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum PreflightGap {
    /// The second signal reports an outage now, so that it could not confirm one.
    SignalInAlarm { signal: String, since: Option<Timestamp> },
    /// No recipient of the topic has confirmed.
    TopicUnconfirmed { topic: String, pending: usize },
    /// The topic could not be read.
    TopicUnreadable { error: CallError },
    /// IAM denies calls of a start to the function's role.
    RoleDenied { calls: Vec<String> },
    /// IAM did not simulate the role's permissions.
    RoleNotSimulated { error: CallError },
    /// The plan has more servers than DRS's default quota.
    OverQuota { servers: usize },
    /// The table could not be read.
    TableUnreadable { error: CallError },
    /// An address of the plan does not exist.
    ReservedAddressMissing { address: String, server: String },
    /// Something has an address of the plan, so that it would not be moved.
    ReservedAddressInUse { address: String, server: String, holder: String },
    /// The plan launches no server with the id of an address.
    ReservedAddressUnused { address: String, server: String },
    /// The addresses could not be read.
    ReservedAddressesUnreadable { error: CallError },
    /// An incident of the plan is open: it has emails of its own.
    OpenIncident { incident: String },
}

/// Evaluates a plan.
pub fn evaluate(
    plan: &RecoveryPlan,
    settings: &Settings,
    region: &str,
    facts: &PreflightFacts,
    now: Timestamp,
) -> Readiness {
    let mut findings = Vec::new();
    let default = Latch::default();
    let latch = facts.latch.as_ref().unwrap_or_else(|error| {
        findings.push(PreflightFinding::Gap(PreflightGap::TableUnreadable { error: error.clone() }));
        &default
    });
    // An outage that would begin now: the age of the snapshots is counted until now.
    let incident = Incident::opened("preflight".to_owned(), plan, now);
    let question = StartQuestion {
        plan,
        incident: &incident,
        latch,
        parameter: &settings.kill_switch,
        region,
        time_is_made_up: settings.time_is_made_up,
        now,
    };
    let (blocks, despite) = standing(&question, &facts.signals, &facts.executions, &facts.recoverable);
    findings.extend(blocks.into_iter().map(PreflightFinding::Interlock));
    if latch.open.is_none() {
        findings.extend(of_second_signal(plan, &facts.signals));
    }
    findings.extend(of_topic(plan, settings, &facts.subscriptions));
    findings.extend(of_role(&facts.denied));
    findings.extend(of_answers(settings, facts.answers.as_ref()));
    findings.extend(of_addresses(plan, facts).into_iter().map(PreflightFinding::Gap));
    let servers = facts.recoverable.plan.as_ref().ok().map(|plan| plan.servers.len());
    findings.extend(
        servers
            // A wave with more servers has several jobs.
            .filter(|servers| *servers > SERVERS_QUOTA && plan.waves.is_empty())
            .map(|servers| PreflightFinding::Gap(PreflightGap::OverQuota { servers })),
    );
    let (unknown, blocks) = findings.into_iter().partition(PreflightFinding::is_unknown);
    let mut remarks: Vec<PreflightFinding> = despite.into_iter().map(PreflightFinding::Interlock).collect();
    if plan.mode == PlanMode::Notify {
        remarks.push(PreflightFinding::Interlock(Interlock::NotifyOnly));
    }
    let open = latch.open.iter().cloned();
    remarks.extend(open.map(|incident| PreflightFinding::Gap(PreflightGap::OpenIncident { incident })));
    Readiness { blocks, unknown, remarks, servers, oldest: oldest(&facts.recoverable, now) }
}

/// The second signal must be readable, and must not report an outage.
fn of_second_signal(plan: &RecoveryPlan, signals: &Signals) -> Vec<PreflightFinding> {
    let mut findings = Vec::new();
    if let (Some(alarm), Some(found)) = (&plan.second_signal.alarm, &signals.second_alarm) {
        findings.extend(of_second_alarm(alarm, found));
    }
    if let (Some(url), Some(found)) = (&plan.second_signal.probe, &signals.probe) {
        match found {
            ProbeResult::NotSent(failure) => {
                findings.push(PreflightFinding::Interlock(Interlock::ProbeNotSent {
                    url: url.clone(),
                    failure: failure.clone(),
                }))
            }
            found if !found.is_well() => {
                findings.push(PreflightFinding::Gap(PreflightGap::SignalInAlarm {
                    signal: format!("the probe of {url}"),
                    since: None,
                }));
            }
            ProbeResult::Answered(_) | ProbeResult::Silent(_) => {}
        }
    }
    findings
}

fn of_second_alarm(alarm: &str, found: &Read<SecondAlarm>) -> Option<PreflightFinding> {
    let name = alarm.to_owned();
    let unreadable = |found| {
        Some(PreflightFinding::Interlock(Interlock::SecondAlarmUnreadable { alarm: name.clone(), found }))
    };
    match found {
        Err(error) => unreadable(SecondAlarmGap::Unreadable(error.clone())),
        Ok(SecondAlarm::Absent) => unreadable(SecondAlarmGap::Absent),
        Ok(SecondAlarm::Is { suppressed_by: Some(by), .. }) => {
            Some(PreflightFinding::Interlock(Interlock::SecondAlarmSuppressed {
                alarm: name,
                by: by.clone(),
            }))
        }
        Ok(SecondAlarm::Is { state: Some(AlarmState::Ok), .. }) => None,
        Ok(SecondAlarm::Is { state: Some(AlarmState::InsufficientData), .. }) => {
            unreadable(SecondAlarmGap::NoData)
        }
        Ok(SecondAlarm::Is { state: None, .. }) => unreadable(SecondAlarmGap::UnknownState),
        Ok(SecondAlarm::Is { state: Some(AlarmState::Alarm), since, .. }) => {
            Some(PreflightFinding::Gap(PreflightGap::SignalInAlarm {
                signal: format!("the second alarm {alarm}"),
                since: *since,
            }))
        }
    }
}

fn of_topic(
    plan: &RecoveryPlan,
    settings: &Settings,
    subscriptions: &Read<Subscriptions>,
) -> Option<PreflightFinding> {
    match subscriptions {
        Err(error) => Some(PreflightFinding::Gap(PreflightGap::TopicUnreadable { error: error.clone() })),
        Ok(Subscriptions { confirmed: 0, pending }) => {
            Some(PreflightFinding::Gap(PreflightGap::TopicUnconfirmed {
                topic: plan.topic.as_ref().map_or_else(|| settings.topic.clone(), ToString::to_string),
                pending: *pending,
            }))
        }
        Ok(_) => None,
    }
}

fn of_role(denied: &Read<Vec<String>>) -> Option<PreflightFinding> {
    match denied {
        Err(error) => Some(PreflightFinding::Gap(PreflightGap::RoleNotSimulated { error: error.clone() })),
        Ok(calls) if calls.is_empty() => None,
        Ok(calls) => Some(PreflightFinding::Gap(PreflightGap::RoleDenied { calls: calls.clone() })),
    }
}

/// Without the parameter, a recovery that waits for an operator would not start.
fn of_answers(settings: &Settings, answers: Option<&Read<usize>>) -> Option<PreflightFinding> {
    let error = answers?.as_ref().err()?.clone();
    let parameter = settings.approval.clone();
    Some(PreflightFinding::Interlock(Interlock::ApprovalUnreadable { parameter, error }))
}

/// Whether a recovery of the plan waits for an operator's answer, so that its parameter must be readable.
pub fn needs_answers(plan: &RecoveryPlan, now: Timestamp) -> bool {
    is_asked(plan, &Incident::opened("preflight".to_owned(), plan, now))
}

/// Each address of the plan must exist, be free, and belong to a server that the plan launches.
fn of_addresses(plan: &RecoveryPlan, facts: &PreflightFacts) -> Vec<PreflightGap> {
    let found = match &facts.addresses {
        None => return Vec::new(),
        Some(Err(error)) => return vec![PreflightGap::ReservedAddressesUnreadable { error: error.clone() }],
        Some(Ok(found)) => found,
    };
    let drs_plan = facts.recoverable.plan.as_ref().ok();
    let mut gaps = Vec::new();
    for ServerAddress { server, allocation } in &plan.addresses {
        let (server, address) = (server.clone(), allocation.clone());
        if drs_plan.is_some_and(|plan| plan.servers.iter().all(|one| one.id != server)) {
            gaps.push(PreflightGap::ReservedAddressUnused {
                address: address.clone(),
                server: server.clone(),
            });
        }
        match found.get(allocation) {
            None => gaps.push(PreflightGap::ReservedAddressMissing { address, server }),
            Some(FoundAddress { association: Some(by), .. }) => {
                let holder = by.instance.as_ref().or(by.interface.as_ref()).or(by.id.as_ref());
                let holder = holder.map_or_else(|| "another resource".to_owned(), Clone::clone);
                gaps.push(PreflightGap::ReservedAddressInUse { address, server, holder });
            }
            Some(FoundAddress { association: None, .. }) => {}
        }
    }
    gaps
}

fn oldest(recoverable: &Recoverable, now: Timestamp) -> Option<SignedDuration> {
    let servers = &recoverable.plan.as_ref().ok()?.servers;
    let ages = servers.iter().map(|server| Some(server.snapshot.as_ref().ok()?.as_ref()?.age_at(now)));
    ages.collect::<Option<Vec<SignedDuration>>>()?.into_iter().max()
}

impl PreflightFinding {
    /// Whether the finding says that something could not be judged, and not that it would block a recovery.
    pub fn is_unknown(&self) -> bool {
        use PreflightGap as Gap;
        matches!(
            self,
            Self::Gap(
                Gap::TopicUnreadable { .. }
                    | Gap::RoleNotSimulated { .. }
                    | Gap::ReservedAddressesUnreadable { .. }
            )
        )
    }

    /// A few words for a subject.
    pub fn headline(&self) -> String {
        match self {
            Self::Interlock(interlock) => interlock.headline(),
            Self::Gap(gap) => gap.headline(),
        }
    }

    /// Advice for the operator, in a sentence or two.
    pub fn advice(&self) -> &str {
        match self {
            Self::Interlock(interlock) => interlock.advice(),
            Self::Gap(gap) => gap.advice(),
        }
    }
}

impl Explain for PreflightFinding {
    fn code(&self) -> &'static str {
        match self {
            Self::Interlock(interlock) => interlock.code().name(),
            Self::Gap(gap) => gap.into(),
        }
    }
}

impl fmt::Display for PreflightFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // There is no alarm whose beginning the age is counted from.
            Self::Interlock(Interlock::OverRpo { servers, oldest, rpo }) => {
                let (oldest, rpo) = (short_duration(*oldest), short_duration(*rpo));
                write!(
                    f,
                    "the newest recovery snapshot of {} is up to {oldest} old, and the RPO is {rpo}",
                    some(servers)
                )
            }
            Self::Interlock(interlock) => write!(f, "{interlock}"),
            Self::Gap(gap) => write!(f, "{gap}"),
        }
    }
}

impl PreflightGap {
    fn headline(&self) -> String {
        match self {
            Self::SignalInAlarm { .. } => "the second signal reports an outage".to_owned(),
            Self::TopicUnconfirmed { .. } => "no recipient has confirmed".to_owned(),
            Self::TopicUnreadable { .. } => "the topic cannot be read".to_owned(),
            Self::RoleDenied { .. } => "the role lacks permissions".to_owned(),
            Self::RoleNotSimulated { .. } => "the role was not simulated".to_owned(),
            Self::OverQuota { servers } => format!("{servers} servers are over the quota"),
            Self::TableUnreadable { .. } => "the table cannot be read".to_owned(),
            Self::ReservedAddressMissing { .. } => "a reserved address does not exist".to_owned(),
            Self::ReservedAddressInUse { .. } => "a reserved address is in use".to_owned(),
            Self::ReservedAddressUnused { .. } => "an address belongs to no server of the plan".to_owned(),
            Self::ReservedAddressesUnreadable { .. } => "the reserved addresses cannot be read".to_owned(),
            Self::OpenIncident { .. } => "an incident is open".to_owned(),
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::SignalInAlarm { .. } => {
                "If the site works, the signal is broken: an outage could not be confirmed, or would be confirmed wrongly."
            }
            Self::TopicUnconfirmed { .. } => {
                "Open the email \"AWS Notification - Subscription Confirmation\", or subscribe another address. This email reaches \
                 only other protocols."
            }
            Self::TopicUnreadable { .. } => "Check in the SNS console whether a subscription is confirmed.",
            Self::RoleDenied { .. } => {
                "Deploy templates/recovery.yaml again, and check the permissions boundary and the service control policies."
            }
            Self::RoleNotSimulated { .. } => "A drill proves that the role can start a recovery.",
            Self::OverQuota { .. } => {
                "Check the account's quota: aws service-quotas get-service-quota --service-code drs --quota-code L-B827C881. Ask AWS for more, \
                 or split the plan."
            }
            Self::TableUnreadable { .. } => "Without the table, no alarm can be decided.",
            Self::ReservedAddressMissing { .. } => {
                "Allocate an address in the recovery region, and name it in `addresses`, in its DNS record and in its health check."
            }
            Self::ReservedAddressInUse { .. } => {
                "The function takes no address from another resource. Disassociate it, or reserve another one."
            }
            Self::ReservedAddressUnused { .. } => "Correct the id of the server in `addresses`.",
            Self::ReservedAddressesUnreadable { .. } => {
                "Check that the role has ec2:DescribeAddresses, and the addresses in the EC2 console."
            }
            Self::OpenIncident { .. } => "Its emails have its state.",
        }
    }
}

impl fmt::Display for PreflightGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignalInAlarm { signal, since: Some(since) } => {
                write!(f, "{signal} reports an outage since {since}, although no incident is open")
            }
            Self::SignalInAlarm { signal, since: None } => {
                write!(f, "{signal} reports an outage, although no incident is open")
            }
            Self::TopicUnconfirmed { topic, pending: 0 } => {
                write!(f, "the topic {topic} has no subscription: no person receives the emails")
            }
            Self::TopicUnconfirmed { topic, pending } => write!(
                f,
                "no subscription of the topic {topic} is confirmed ({}): no person receives the emails",
                count(*pending, "pending subscription")
            ),
            Self::TopicUnreadable { error } => {
                write!(f, "whether a person receives the emails is not known ({error})")
            }
            Self::RoleDenied { calls } => {
                write!(f, "IAM denies the function's role {}", list(calls.clone()))
            }
            Self::RoleNotSimulated { error } => {
                write!(f, "whether the function's role can start the recovery is not known ({error})")
            }
            Self::OverQuota { servers } => write!(
                f,
                "the plan has {servers} servers, and DRS's default quota is {SERVERS_QUOTA} in one launch"
            ),
            Self::TableUnreadable { error } => write!(f, "the table of incidents cannot be read ({error})"),
            Self::ReservedAddressMissing { address, server } => {
                write!(
                    f,
                    "the address {address} of the server {server} does not exist in this account and region"
                )
            }
            Self::ReservedAddressInUse { address, server, holder } => write!(
                f,
                "the address {address} of the server {server} is associated with {holder}, so a recovery would not move it"
            ),
            Self::ReservedAddressUnused { address, server } => {
                write!(f, "the plan launches no server {server}, so the address {address} would not be moved")
            }
            Self::ReservedAddressesUnreadable { error } => {
                write!(f, "whether the reserved addresses are free is not known ({error})")
            }
            Self::OpenIncident { incident } => write!(f, "the incident {incident} of the plan is open"),
        }
    }
}

/// The reason about a plan that is ready, or not.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum PreflightResult {
    /// Nothing would block a recovery.
    Ready {
        /// The number of servers.
        servers: Option<usize>,
        /// The age of the oldest of the newest snapshots.
        oldest: Option<SignedDuration>,
        /// The number of findings that could not be judged.
        unknown: usize,
    },
    /// Something would block a recovery.
    NotReady {
        /// The number of findings.
        blocks: usize,
    },
}

impl Readiness {
    /// The result in one sentence.
    pub fn result(&self) -> PreflightResult {
        match self.blocks.len() {
            0 => PreflightResult::Ready {
                servers: self.servers,
                oldest: self.oldest,
                unknown: self.unknown.len(),
            },
            blocks => PreflightResult::NotReady { blocks },
        }
    }
}

impl Explain for PreflightResult {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for PreflightResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady { blocks } => write!(f, "the plan is not ready: {}", count(*blocks, "finding")),
            Self::Ready { servers, oldest, unknown } => {
                f.write_str(if *unknown == 0 {
                    "the plan is ready"
                } else {
                    "nothing would block the plan"
                })?;
                servers.iter().try_for_each(|servers| write!(f, ": {}", count(*servers, "server")))?;
                let age = oldest.map(short_duration);
                age.iter()
                    .try_for_each(|age| write!(f, ", the oldest of the newest snapshots is {age} old"))?;
                if *unknown > 0 {
                    write!(f, "; {} could not be judged", count(*unknown, "check"))?;
                }
                Ok(())
            }
        }
    }
}

/// The metrics of a preflight in CloudWatch's embedded metric format ("Specification: Embedded metric format", Amazon CloudWatch
/// User Guide): a line of the log that CloudWatch turns into metrics.
pub fn metrics(plan: &str, readiness: &Readiness, now: Timestamp) -> serde_json::Value {
    serde_json::json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Pointsman",
                "Dimensions": [["Plan"]],
                "Metrics": [
                    {"Name": "PreflightNotReady", "Unit": "Count"},
                    {"Name": "PreflightNotJudged", "Unit": "Count"},
                ],
            }],
        },
        "Plan": plan,
        "PreflightNotReady": readiness.blocks.len(),
        "PreflightNotJudged": readiness.unknown.len(),
    })
}
