//! The parts of an email that are about the traffic: what was moved, what prevents it, what Route 53 does next, and the commands.

use shared::email::Detail;
use shared::text::{list, noun, printable, verb};

use super::readable::readable;
use super::{IncidentEmail, commands};
use crate::incident::{Incident, IncidentPhase};
use crate::reported::ReportedState;
use crate::text::{capitalized, utc};
use crate::traffic::{TrafficMove, TrafficReason, TrafficStatus};

/// What an alarm that is OK can mean once traffic has moved.
const OK_MEANS: &str = "From now on, an alarm that is OK does not prove that the original site works. A health check of the site's \
                        own name, and a probe of that name, reach the recovered server. A health check of the original \
                        server's own address still reports about the original site.";

/// The subject of an email about the traffic; none if the traffic is not what changed.
pub(super) fn subject(incident: &Incident) -> Option<String> {
    let state = ReportedState::of(incident);
    let reported = incident.reported.as_ref().and_then(ReportedState::traffic);
    if state.traffic().is_none() || state.traffic() == reported {
        return None;
    }
    let part = match incident.phase {
        IncidentPhase::RecoveredInPart => "RECOVERED IN PART, ",
        _ => "",
    };
    let plan = &incident.plan;
    let (server, first) = first(incident)?;
    let server = incident.server_label(server);
    let address = first.short_address();
    let (moved, all) = (moved(incident), incident.traffic.len());
    let more = match all {
        1 => String::new(),
        all => format!(" (+{} more)", all - 1),
    };
    Some(match &first.status {
        TrafficStatus::TrafficMoved => {
            format!("{part}TRAFFIC MOVED: {plan}: {server} answers at {address}{more}")
        }
        TrafficStatus::TrafficStays => {
            format!("{part}TRAFFIC NOT MOVED: {plan}: the alarm is OK, {address} stays{more}")
        }
        TrafficStatus::TrafficMoves | TrafficStatus::AssociationUnknown { .. } if moved == 0 => {
            let part = if part.is_empty() { "RECOVERED, " } else { part };
            format!("{part}TRAFFIC UNKNOWN: {plan}: EC2 did not answer the move of {address}{more}")
        }
        status if moved > 0 => {
            let headline = headline(server, address, status);
            format!("{part}TRAFFIC MOVED IN PART: {plan}: {moved} of {all} addresses, {headline}")
        }
        status => {
            let part = if part.is_empty() { "RECOVERED, " } else { part };
            format!("{part}TRAFFIC NOT MOVED: {plan}: {}{more}", headline(server, address, status))
        }
    })
}

/// The number of addresses that are moved.
fn moved(incident: &Incident) -> usize {
    incident.traffic.values().filter(|one| one.status == TrafficStatus::TrafficMoved).count()
}

/// The address that needs the operator most: one that is not moved comes first.
fn first(incident: &Incident) -> Option<(&String, &TrafficMove)> {
    let is_moved = |one: &TrafficMove| one.status == TrafficStatus::TrafficMoved;
    let mut all = incident.traffic.iter();
    all.clone().find(|(_, one)| !is_moved(one)).or_else(|| all.next())
}

/// `203.0.113.10 is in use by i-0a1b2c3d4e5f60718`.
fn headline(server: &str, address: &str, status: &TrafficStatus) -> String {
    match status {
        TrafficStatus::TrafficMoves | TrafficStatus::AssociationUnknown { .. } => {
            format!("EC2 did not answer the move of {address}")
        }
        TrafficStatus::TrafficMoved => format!("{server} has {address}"),
        TrafficStatus::TrafficStays => format!("the alarm is OK, {address} stays"),
        TrafficStatus::TrafficAlarmUnknown => "the alarm has no data".to_owned(),
        TrafficStatus::TrafficSwitchedOff => "the kill switch is not `enabled`".to_owned(),
        TrafficStatus::ServerNotLaunched => format!("{server} is not launched"),
        TrafficStatus::InstanceMissing => format!("the instance of {server} is missing"),
        TrafficStatus::InstanceNotRunning { state } => format!("the instance of {server} is {state}"),
        TrafficStatus::InstanceHasAddress { ip } => format!("the instance of {server} has {ip}"),
        TrafficStatus::AddressInUse { holder } => format!("{address} is in use by {holder}"),
        TrafficStatus::AddressMissing => format!("{address} does not exist"),
        TrafficStatus::AddressUnreadable { .. } => format!("{address} cannot be read"),
        TrafficStatus::AssociationRefused { error } => {
            let code = error.code.as_deref().unwrap_or("no code");
            format!("EC2 refused it: {code}")
        }
    }
}

/// The sentence of the first lines: whether traffic was moved.
pub(super) fn summary(incident: &Incident) -> String {
    match (moved(incident), incident.traffic.len()) {
        (0, _) if is_unknown(incident) => "WHETHER TRAFFIC WAS MOVED IS UNKNOWN.".to_owned(),
        (0, _) => "TRAFFIC WAS NOT MOVED.".to_owned(),
        (moved, all) if moved == all => "TRAFFIC WAS MOVED.".to_owned(),
        (moved, all) => format!("TRAFFIC WAS MOVED IN PART: {moved} of {all} addresses."),
    }
}

/// Whether EC2 did not answer a move.
fn is_unknown(incident: &Incident) -> bool {
    let is_asked = |one: &TrafficMove| {
        matches!(one.status, TrafficStatus::TrafficMoves | TrafficStatus::AssociationUnknown { .. })
    };
    incident.traffic.values().any(is_asked)
}

/// What the end of these servers' instances means for the visitors.
pub(super) fn lost(incident: &Incident, servers: &[String]) -> String {
    let moved = servers.iter().filter_map(|server| incident.traffic.get(server));
    let moved = moved.filter(|one| one.status == TrafficStatus::TrafficMoved);
    let addresses: Vec<&str> = moved.map(TrafficMove::short_address).collect();
    if addresses.is_empty() {
        return String::new();
    }
    let (address, was) = (noun(addresses.len(), "address"), verb(addresses.len(), "was", "were"));
    format!(
        " The {address} {} {was} moved there: EC2 disassociates an address when its instance is terminated, and Route 53 then answers \
         with another record that is healthy.",
        list(addresses)
    )
}

/// One line for each address.
pub(super) fn lines(incident: &Incident, detail: Detail) -> Vec<String> {
    let shown = if detail == Detail::None { 0 } else { 100 };
    let lines = incident.traffic.iter().take(shown).map(|(server, moved)| {
        let reason = TrafficReason { server: incident.server_label(server), moved };
        let sentence = match moved.status == TrafficStatus::TrafficMoved && incident.is_gone(server) {
            true => format!(
                "the address {} was moved to the instance of {}, which no longer exists",
                moved.address(),
                reason.server
            ),
            false => reason.to_string(),
        };
        let sentence = readable(incident, &capitalized(&printable(&sentence)));
        let sentence = sentence.trim_end_matches('.');
        let advice = advice(&moved.status).map(|advice| format!("\n  {advice}")).unwrap_or_default();
        format!("- {sentence}. [{}] Since {}.{advice}", moved.status.code(), utc(moved.since))
    });
    lines.collect()
}

/// What the operator should know about a status.
fn advice(status: &TrafficStatus) -> Option<&'static str> {
    Some(match status {
        TrafficStatus::TrafficMoves
        | TrafficStatus::AssociationUnknown { .. }
        | TrafficStatus::TrafficMoved => {
            return None;
        }
        TrafficStatus::TrafficStays => {
            "The function does not move this address any more. If the original site does not work, move the address yourself."
        }
        TrafficStatus::TrafficAlarmUnknown => {
            "The address is moved once the alarm is in ALARM. Check the original site yourself."
        }
        TrafficStatus::TrafficSwitchedOff => "The address is moved within a minute of the value `enabled`.",
        TrafficStatus::ServerNotLaunched => {
            "Launch the server, or move the address yourself to another server that can serve it."
        }
        TrafficStatus::InstanceMissing => {
            "The instance was terminated, or EC2 does not list it yet. Check the recovery instances in DRS."
        }
        TrafficStatus::InstanceNotRunning { .. } => {
            "The address is moved within a minute of the state `running`. Start an instance that is stopped."
        }
        TrafficStatus::InstanceHasAddress { .. } => {
            "Disassociate the other address, or name it in the plan instead: an instance's primary interface has one address."
        }
        TrafficStatus::AddressInUse { .. } => {
            "The function never takes an address from another resource. If the address can be spared there, free it or move it."
        }
        TrafficStatus::AddressMissing => "Correct `addresses` in the rules, and deploy them.",
        TrafficStatus::AddressUnreadable { .. } => "The error says which permission or service is missing.",
        TrafficStatus::AssociationRefused { .. } => {
            "If a permission is missing, add the address to the parameter RecoveryAddressArns, or move it with the permissions of \
             your own role."
        }
    })
}

/// What happens next.
pub(super) fn next(email: &IncidentEmail<'_>) -> Vec<String> {
    let incident = email.incident;
    let mut lines = Vec::new();
    if incident.has_moved_traffic() {
        lines.push(
            "Route 53 answers with a moved address once the health check of that address is healthy: after the health check's \
             failure threshold times its interval (30 seconds with 3 and 10 seconds). Resolvers keep an earlier answer for \
             the record's TTL. The function changes no DNS record."
                .to_owned(),
        );
        lines.push(OK_MEANS.to_owned());
    }
    let is_settled = incident.traffic.values().all(|one| one.status.is_settled());
    if !is_settled && incident.is_open() {
        lines.push(
            "The function re-evaluates each address that is not moved every minute, until an operator closes the incident \
             or every alarm is OK."
                .to_owned(),
        );
    }
    lines
}

/// What the operator can do, with the commands, the least harmful first.
pub(super) fn actions(email: &IncidentEmail<'_>) -> Vec<(String, String)> {
    let (region, incident) = (&email.home.region, email.incident);
    let mut actions = Vec::new();
    for (server, moved) in &incident.traffic {
        let name = incident.server_label(server);
        let (allocation, address) = (&moved.allocation, moved.short_address());
        let all = format!("aws ec2 describe-addresses --region {region}");
        if moved.status == TrafficStatus::TrafficMoved {
            actions.extend(reverse(region, name, moved));
            continue;
        }
        actions.push(match moved.status {
            TrafficStatus::AddressMissing => ("List the addresses of the region".to_owned(), all),
            _ => (format!("Show what has {address}"), format!("{all} --allocation-ids {allocation}")),
        });
        if moved.status == TrafficStatus::TrafficSwitchedOff {
            actions.push(("Read the kill switch".to_owned(), commands::read_switch(email)));
        }
        let interface = moved.interface.as_ref().filter(|_| moved.status != TrafficStatus::AddressMissing);
        if let Some(interface) = interface {
            let is_taken = matches!(moved.status, TrafficStatus::AddressInUse { .. });
            let warning = match &moved.status {
                TrafficStatus::AddressInUse { .. } => {
                    ". The present holder loses the address, and its visitors reach the recovered server"
                }
                TrafficStatus::TrafficStays => ", only if the original site does not work",
                TrafficStatus::InstanceNotRunning { .. } => ", once the instance is running",
                TrafficStatus::TrafficSwitchedOff => ", although recoveries are switched off",
                _ => "",
            };
            let force = if is_taken { "--allow-reassociation" } else { "--no-allow-reassociation" };
            actions.push((
                format!("Move {address} to {name} yourself{warning}"),
                format!(
                    "aws ec2 associate-address --region {region} --allocation-id {allocation} --network-interface-id {interface} {force}"
                ),
            ));
        }
    }
    actions
}

/// The command that disassociates the address from the recovered server.
fn reverse(region: &str, server: &str, moved: &TrafficMove) -> Option<(String, String)> {
    let association = moved.association.as_ref().filter(|id| !id.is_empty())?;
    let what = format!(
        "To fail back, or to reverse the move, disassociate {} from {server}. Its health check then fails, and Route 53 \
         answers with the original site if that is healthy, and else with the static page",
        moved.short_address()
    );
    Some((what, format!("aws ec2 disassociate-address --region {region} --association-id {association}")))
}
