//! The move of traffic after a recovery: each reserved Elastic IP address is associated with the instance of its server, or
//! something prevents that. The health check of that address then decides what Route 53 answers.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::call_error::CallError;
use shared::decision::{Explain, Verdict};

use crate::facts::{FoundAddress, FoundAssociation, FoundInstance, KillSwitch, TrafficFacts};
use crate::incident::Incident;
use crate::rules::ServerAddress;

/// The address of a server, as an incident keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrafficMove {
    /// The allocation id of the address.
    pub allocation: String,
    /// The address itself, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The instance that DRS launched for the server, as its job has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launched: Option<String>,
    /// The recovered instance that the status is about, with EC2's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The primary network interface of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The association, once the address is associated with the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association: Option<String>,
    /// The address was at an earlier instance of this recovery: its visitors are there, whatever the alarm reports.
    #[serde(default, skip_serializing_if = "is_false")]
    pub returns: bool,
    /// The status.
    pub status: TrafficStatus,
    /// When that status was first observed.
    pub since: Timestamp,
}

/// The status of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum TrafficStatus {
    /// EC2 is about to be asked.
    TrafficMoves,
    /// EC2 did not answer: the next step looks the address up.
    AssociationUnknown { error: CallError },
    /// The address is associated with the recovered instance. The function does not move the address again.
    TrafficMoved,
    /// Every alarm was OK before the move: the original site may work. An operator decides.
    TrafficStays,
    /// No alarm is in ALARM, and not every alarm is OK.
    TrafficAlarmUnknown,
    /// The kill switch is not `enabled`.
    TrafficSwitchedOff,
    /// The server of the address is not launched.
    ServerNotLaunched,
    /// DRS or EC2 does not list the instance.
    InstanceMissing,
    /// The instance is in another state than `running`.
    InstanceNotRunning { state: String },
    /// The instance has another Elastic IP address, which the association would disassociate.
    InstanceHasAddress { ip: String },
    /// The address is associated with something else.
    AddressInUse { holder: String },
    /// The account has no such address in the recovery region.
    AddressMissing,
    /// DRS or EC2 does not return what the move depends on.
    AddressUnreadable { error: CallError },
    /// EC2 refused the association.
    AssociationRefused { error: CallError },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// An association that EC2 is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The source server's id.
    pub server: String,
    /// The allocation id of the address.
    pub allocation: String,
    /// The primary network interface of the recovered instance.
    pub interface: String,
}

impl TrafficStatus {
    /// Whether the function leaves the address alone from now on.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::TrafficMoved | Self::TrafficStays)
    }

    /// Whether EC2 was asked before and did not confirm the association. It is asked again every minute.
    pub fn is_unconfirmed(&self) -> bool {
        matches!(self, Self::AssociationUnknown { .. } | Self::AssociationRefused { .. })
    }

    /// The code in reasons and in the reported state.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// The verdict of the reason.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::TrafficMoves => Verdict::Update,
            Self::TrafficMoved | Self::TrafficStays => Verdict::Skip,
            // The invocation fails, so that Lambda runs it again before the next reconcile.
            Self::AssociationUnknown { .. } => Verdict::Fail,
            Self::TrafficAlarmUnknown
            | Self::TrafficSwitchedOff
            | Self::ServerNotLaunched
            | Self::InstanceMissing
            | Self::InstanceNotRunning { .. }
            | Self::InstanceHasAddress { .. }
            | Self::AddressInUse { .. }
            | Self::AddressMissing
            | Self::AddressUnreadable { .. }
            | Self::AssociationRefused { .. } => Verdict::Hold,
        }
    }
}

impl TrafficMove {
    /// `203.0.113.10 (eipalloc-...)`, or the allocation id alone.
    pub fn address(&self) -> String {
        match &self.ip {
            Some(ip) => format!("{ip} ({})", self.allocation),
            None => self.allocation.clone(),
        }
    }

    /// The address as a subject has it: short.
    pub fn short_address(&self) -> &str {
        self.ip.as_deref().unwrap_or(&self.allocation)
    }
}

/// The reason about the address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrafficReason<'a> {
    /// The server's name: its hostname, or its id.
    pub server: &'a str,
    /// The address.
    pub moved: &'a TrafficMove,
}

impl Explain for TrafficReason<'_> {
    fn code(&self) -> &'static str {
        self.moved.status.code()
    }
}

impl fmt::Display for TrafficReason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (server, address) = (self.server, self.moved.address());
        let instance = self.moved.instance.as_deref().unwrap_or("the recovered instance");
        match &self.moved.status {
            TrafficStatus::TrafficMoves => {
                write!(f, "EC2 is asked to associate the address {address} with {instance} ({server})")
            }
            TrafficStatus::AssociationUnknown { error } => write!(
                f,
                "EC2 did not answer the association of {address} with {instance} ({server}): {error}. The next invocation \
                 reads which instance has the address"
            ),
            TrafficStatus::TrafficMoved => {
                write!(f, "the address {address} is associated with {instance} ({server})")
            }
            TrafficStatus::TrafficStays => write!(
                f,
                "the address {address} is not moved to {server}: every alarm was OK before the move, so the original site \
                 may work"
            ),
            TrafficStatus::TrafficAlarmUnknown => write!(
                f,
                "the address {address} is not moved to {server} while no alarm is in ALARM and an alarm has no data"
            ),
            TrafficStatus::TrafficSwitchedOff => {
                write!(f, "the address {address} is not moved to {server}: the kill switch is not `enabled`")
            }
            TrafficStatus::ServerNotLaunched => {
                write!(f, "the address {address} is not moved: {server} is not launched")
            }
            TrafficStatus::InstanceMissing => write!(
                f,
                "the address {address} is not moved: DRS and EC2 do not list the recovered instance of {server}"
            ),
            TrafficStatus::InstanceNotRunning { state } => {
                write!(f, "the address {address} is not moved: {instance} ({server}) is {state}")
            }
            TrafficStatus::InstanceHasAddress { ip } => write!(
                f,
                "the address {address} is not moved: {instance} ({server}) has the Elastic IP address {ip}, which the move \
                 would disassociate"
            ),
            TrafficStatus::AddressInUse { holder } => {
                write!(f, "the address {address} is not moved to {server}: it is associated with {holder}")
            }
            TrafficStatus::AddressMissing => {
                write!(f, "the address {address} of {server} does not exist in this account and region")
            }
            TrafficStatus::AddressUnreadable { error } => write!(
                f,
                "the address {address} is not moved to {server}: what the move depends on cannot be read ({error})"
            ),
            TrafficStatus::AssociationRefused { error } => {
                write!(
                    f,
                    "EC2 refused to associate the address {address} with {instance} ({server}): {error}"
                )
            }
        }
    }
}

/// The servers of the incident whose address has to be decided, with their addresses.
pub fn undecided<'a>(incident: &Incident, addresses: &'a [ServerAddress]) -> Vec<&'a ServerAddress> {
    let is_undecided = |address: &&ServerAddress| {
        let Some(known) = incident.traffic.get(&address.server) else { return true };
        // A server that was launched again has another instance.
        let is_same = known.allocation == address.allocation && known.launched == launched(incident, address);
        !(known.status.is_settled() && is_same)
    };
    addresses.iter().filter(is_undecided).collect()
}

fn launched(incident: &Incident, address: &ServerAddress) -> Option<String> {
    incident.servers.get(&address.server).and_then(|server| server.instance.clone())
}

/// Decides about the address of a server.
pub fn decide(
    incident: &Incident,
    address: &ServerAddress,
    facts: &TrafficFacts,
    now: Timestamp,
) -> TrafficMove {
    let mut decided = TrafficMove {
        allocation: address.allocation.clone(),
        ip: None,
        launched: launched(incident, address),
        instance: None,
        interface: None,
        association: None,
        returns: incident.traffic.get(&address.server).is_some_and(|known| {
            known.returns
                || (known.status == TrafficStatus::TrafficMoved && known.allocation == address.allocation)
        }),
        status: TrafficStatus::ServerNotLaunched,
        since: now,
    };
    decided.status = status(incident, address, facts, &mut decided);
    if let Some(known) = incident.traffic.get(&address.server)
        && known.status.code() == decided.status.code()
        && known.instance == decided.instance
    {
        decided.since = known.since;
    }
    decided
}

/// The status, with what is known about the address and the instance written into `decided`.
fn status(
    incident: &Incident,
    address: &ServerAddress,
    facts: &TrafficFacts,
    decided: &mut TrafficMove,
) -> TrafficStatus {
    let found = match &facts.addresses {
        Err(error) => return unreadable(error),
        Ok(addresses) => addresses.get(&address.allocation),
    };
    decided.ip = found.map(|found| found.ip.clone());
    let launched = incident.servers.get(&address.server).filter(|server| server.is_launched());
    let Some(launched) = launched else { return TrafficStatus::ServerNotLaunched };
    let recovered = match &facts.recovered {
        Err(error) => return unreadable(error),
        Ok(recovered) => recovered.iter().find(|one| {
            let is_launched =
                launched.instance.as_ref().is_none_or(|id| *id == one.recovery || *id == one.id);
            one.server == address.server && !one.is_drill && is_launched
        }),
    };
    decided.instance = recovered.map(|recovered| recovered.id.clone());
    let instances = match &facts.instances {
        Err(error) => return unreadable(error),
        Ok(instances) => instances,
    };
    let instance = decided.instance.as_ref().and_then(|id| instances.get(id));
    decided.interface = instance.and_then(|instance| instance.interface.clone());
    let Some(found) = found else { return TrafficStatus::AddressMissing };
    if let Some(association) = &found.association {
        return associated(association, decided);
    }
    free(incident, decided.returns, (found, instance), &facts.kill_switch)
}

/// The status of an address that has an association.
fn associated(association: &FoundAssociation, decided: &mut TrafficMove) -> TrafficStatus {
    let is_instance = association.instance.is_some() && association.instance == decided.instance;
    let is_interface = association.interface.is_some() && association.interface == decided.interface;
    if is_instance || is_interface {
        decided.association.clone_from(&association.id);
        return TrafficStatus::TrafficMoved;
    }
    let holder = association.instance.as_ref().or(association.interface.as_ref()).or(association.id.as_ref());
    TrafficStatus::AddressInUse { holder: holder.cloned().unwrap_or_else(|| "another resource".to_owned()) }
}

/// The status of an address that nothing has. The original site comes first, then the operator, then the instance.
fn free(
    incident: &Incident,
    returns: bool,
    (address, instance): (&FoundAddress, Option<&FoundInstance>),
    kill_switch: &Result<KillSwitch, CallError>,
) -> TrafficStatus {
    if incident.is_over() && !returns {
        return TrafficStatus::TrafficStays;
    }
    if !incident.is_alarming() && !returns && !incident.is_ordered() {
        return TrafficStatus::TrafficAlarmUnknown;
    }
    match kill_switch {
        Err(error) => return unreadable(error),
        Ok(KillSwitch::Enabled) => {}
        Ok(KillSwitch::Disabled | KillSwitch::Absent | KillSwitch::Other(_)) => {
            return TrafficStatus::TrafficSwitchedOff;
        }
    }
    let Some(instance) = instance else { return TrafficStatus::InstanceMissing };
    if instance.state != "running" {
        return TrafficStatus::InstanceNotRunning { state: Incident::bounded(&instance.state) };
    }
    if instance.interface.is_none() {
        return TrafficStatus::InstanceMissing;
    }
    match instance.elastic_ip.as_ref().filter(|ip| **ip != address.ip) {
        Some(ip) => TrafficStatus::InstanceHasAddress { ip: ip.clone() },
        None => TrafficStatus::TrafficMoves,
    }
}

fn unreadable(error: &CallError) -> TrafficStatus {
    TrafficStatus::AddressUnreadable { error: Incident::bounded_error(error) }
}

impl Incident {
    /// The name of a server for operators: its hostname, or its id.
    pub fn server_label<'a>(&'a self, id: &'a str) -> &'a str {
        self.hostnames.get(id).map_or(id, String::as_str)
    }

    /// Whether the address of a server was moved to its recovered instance.
    pub fn has_moved_traffic(&self) -> bool {
        self.traffic.values().any(|one| one.status == TrafficStatus::TrafficMoved)
    }

    /// Whether EC2 is about to be asked for an association.
    pub fn is_moving_traffic(&self) -> bool {
        self.is_open() && self.traffic.values().any(|one| one.status == TrafficStatus::TrafficMoves)
    }
}
