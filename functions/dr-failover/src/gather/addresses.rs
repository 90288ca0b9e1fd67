//! The addresses of a plan, the recovered instances of its servers, and the state of these instances in EC2.

use std::collections::BTreeMap;

use aws_sdk_drs::types::DescribeRecoveryInstancesRequestFilters;
use aws_sdk_ec2::types::{Filter, Instance};
use shared::call_error::CallError;

use crate::aws::Clients;
use crate::facts::{FoundAddress, FoundAssociation, FoundInstance, Read, RecoveredInstance};

/// The recovered instances of these servers, as DRS lists them.
pub(super) async fn recovered(aws: &Clients, servers: &[String]) -> Read<Vec<RecoveredInstance>> {
    let filters = DescribeRecoveryInstancesRequestFilters::builder();
    let filters = filters.set_source_server_ids(Some(servers.to_vec())).build();
    let mut pages = aws.drs.describe_recovery_instances().filters(filters).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("drs:DescribeRecoveryInstances", error))?;
        for instance in page.items() {
            let Some(server) = instance.source_server_id() else { continue };
            let recovery = instance.recovery_instance_id().unwrap_or_default();
            let id = instance.ec2_instance_id().unwrap_or(recovery);
            found.push(RecoveredInstance {
                server: server.to_owned(),
                recovery: recovery.to_owned(),
                id: id.to_owned(),
                is_drill: instance.is_drill() == Some(true),
            });
        }
    }
    Ok(found)
}

/// The addresses that exist. With a filter, an address that is missing is no error about the others.
pub(crate) async fn addresses(aws: &Clients, allocations: &[String]) -> Read<BTreeMap<String, FoundAddress>> {
    let filter = filter("allocation-id", allocations);
    let output = aws.ec2.describe_addresses().filters(filter).send().await;
    let output = output.map_err(|error| CallError::new("ec2:DescribeAddresses", error))?;
    let found = output.addresses.unwrap_or_default().into_iter().filter_map(|address| {
        let (instance, interface) = (address.instance_id, address.network_interface_id);
        let (instance, interface) = (named(instance), named(interface));
        let id = named(address.association_id);
        let is_associated = id.is_some() || instance.is_some() || interface.is_some();
        let association = is_associated.then_some(FoundAssociation { id, instance, interface });
        let ip = address.public_ip.unwrap_or_default();
        Some((address.allocation_id?, FoundAddress { ip, association }))
    });
    Ok(found.collect())
}

/// The instances that EC2 lists.
pub(super) async fn instances(aws: &Clients, ids: &[String]) -> Read<BTreeMap<String, FoundInstance>> {
    let mut found = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let call = aws.ec2.describe_instances().filters(filter("instance-id", ids));
    let mut pages = call.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("ec2:DescribeInstances", error))?;
        for instance in page.reservations().iter().flat_map(|reservation| reservation.instances()) {
            let Some(id) = instance.instance_id() else { continue };
            found.insert(id.to_owned(), found_instance(instance));
        }
    }
    Ok(found)
}

fn found_instance(instance: &Instance) -> FoundInstance {
    let state = instance.state().and_then(|state| state.name()).map_or("unknown", |name| name.as_str());
    // An instance has one primary network interface, and perhaps others.
    let primary = instance.network_interfaces().iter().find(|interface| {
        let attachment = interface.attachment();
        let is_first = |index: Option<i32>| index.unwrap_or_default() == 0;
        attachment.is_some_and(|at| at.device_index() == Some(0) && is_first(at.network_card_index()))
    });
    // An address that AWS assigned by itself is given up without harm; one of an account is not.
    let association = primary.and_then(|interface| interface.association());
    let elastic = association.filter(|association| association.ip_owner_id() != Some("amazon"));
    FoundInstance {
        state: state.to_owned(),
        interface: primary.and_then(|interface| interface.network_interface_id()).map(str::to_owned),
        elastic_ip: elastic.and_then(|association| association.public_ip()).map(str::to_owned),
    }
}

fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

fn named(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
