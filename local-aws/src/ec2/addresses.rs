//! Elastic IP addresses: AssociateAddress, DisassociateAddress and DescribeAddresses.

use serde_json::{Value, json};

use super::filters::{self, Filter};
use super::instances::{self, InstanceRecord};
use super::{Ec2State, request};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;

const FILTERS: &[&str] =
    &["allocation-id", "association-id", "domain", "instance-id", "network-interface-id", "public-ip"];

/// An Elastic IP address.
#[derive(Debug, Clone)]
pub(crate) struct AddressRecord {
    pub(crate) allocation: String,
    pub(crate) ip: String,
    pub(crate) region: String,
    pub(crate) association: Option<AssociationRecord>,
    /// The number of associations so far, from which the next id is derived.
    pub(crate) count: usize,
}

/// The association of an address.
#[derive(Debug, Clone)]
pub(crate) struct AssociationRecord {
    pub(crate) id: String,
    pub(crate) interface: String,
    /// None for a network interface that no instance has.
    pub(crate) instance: Option<String>,
}

impl AddressRecord {
    /// Whether the address is associated with an instance that has a network interface.
    pub(super) fn is_of(&self, instance: &InstanceRecord) -> bool {
        let of = self.association.as_ref().and_then(|association| association.instance.as_ref());
        of == Some(&instance.id) && self.region == instance.region && instance.exists()
    }

    pub(crate) fn associate(&mut self, interface: String, instance: Option<String>) -> String {
        self.count += 1;
        let count = self.count.to_string();
        let id = format!("eipassoc-{}", &ids::digest(&["association", &self.allocation, &count])[..17]);
        self.association = Some(AssociationRecord { id: id.clone(), interface, instance });
        id
    }
}

/// The end of an instance ends the association of its address.
fn forget_ended(state: &mut Ec2State, here: &[InstanceRecord], region: &str) {
    for address in state.addresses.iter_mut().filter(|address| address.region == region) {
        address.association.take_if(|association| {
            let of = association.instance.as_ref();
            of.is_some_and(|id| !here.iter().any(|instance| instance.id == *id && instance.exists()))
        });
    }
}

pub(super) fn associate_address(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let allocation = request::required(&mut input, "AllocationId")?;
    let (instance, interface) = (input.string("InstanceId")?, input.string("NetworkInterfaceId")?);
    // "Reassociation is automatic, but you can specify false".
    let reassociates = input.boolean("AllowReassociation")?.unwrap_or(true);
    request::finish(input)?;
    let mut state = context.world.ec2.lock();
    let here = instances::of_region(context.world, &state.instances, context.region, context.now);
    forget_ended(&mut state, &here, context.region);
    let Some(at) = position(&state, context.region, &allocation) else {
        return Err(no_such_allocation(&allocation));
    };
    let target = target(&here, instance.as_deref(), interface.as_deref())?;
    if let Some(current) = &state.addresses[at].association {
        // "This is an idempotent operation."
        if current.instance.as_ref() == Some(&target.id) {
            return Ok(json!({"associationId": current.id}));
        }
        if !reassociates {
            let message =
                format!("resource {allocation} is already associated with associate-id {}", current.id);
            return Err(ErrorAnswer::new("Resource.AlreadyAssociated", message));
        }
    }
    // "the existing address is disassociated from the instance, but remains allocated to your account"
    for other in &mut state.addresses {
        other.association.take_if(|association| association.instance.as_ref() == Some(&target.id));
    }
    let id = state.addresses[at].associate(target.interface(), Some(target.id.clone()));
    Ok(json!({"associationId": id}))
}

/// The instance of a request, in a state in which it can receive an address.
fn target<'i>(
    here: &'i [InstanceRecord],
    instance: Option<&str>,
    interface: Option<&str>,
) -> Result<&'i InstanceRecord, ErrorAnswer> {
    let (found, is_pending) = match (instance, interface) {
        (Some(id), None) if !instances::is_instance_id(id) => return Err(instances::malformed_instance(id)),
        (Some(id), None) => {
            let found = here.iter().find(|one| one.id == id && one.exists());
            let message = format!("The pending instance '{id}' is not in a valid state for this operation.");
            let is_pending = ErrorAnswer::new("InvalidInstanceID", message);
            (found.ok_or_else(|| instances::no_such_instance(id))?, is_pending)
        }
        (None, Some(id)) => {
            let found = here.iter().find(|one| one.interface() == id && one.exists());
            let missing = || {
                let message = format!("The networkInterface ID '{id}' does not exist");
                ErrorAnswer::new("InvalidNetworkInterfaceID.NotFound", message)
            };
            // "ensure that the instance that the interface is attached to is not in the 'pending' state" ("Error codes
            // for the Amazon EC2 API"); AWS documents no message.
            let message = format!("The instance of the network interface '{id}' is in the 'pending' state.");
            (found.ok_or_else(missing)?, ErrorAnswer::new("IncorrectInstanceState", message))
        }
        (None, None) => {
            let message = "Either 'instanceId' or 'networkInterfaceId' must be specified";
            return Err(ErrorAnswer::new("MissingParameter", message));
        }
        (Some(_), Some(_)) => {
            let message = "You may specify either 'instanceId' or 'networkInterfaceId', but not both";
            return Err(request::bad_combination(message));
        }
    };
    if found.state == "pending" { Err(is_pending) } else { Ok(found) }
}

pub(super) fn disassociate_address(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = request::required(&mut input, "AssociationId")?;
    request::finish(input)?;
    let mut state = context.world.ec2.lock();
    let here = instances::of_region(context.world, &state.instances, context.region, context.now);
    forget_ended(&mut state, &here, context.region);
    let region = context.region;
    let mut all = state.addresses.iter_mut().filter(|address| address.region == region);
    let found = all.find(|address| address.association.as_ref().is_some_and(|one| one.id == id));
    match found {
        Some(address) => {
            address.association = None;
            Ok(json!({"return": true}))
        }
        None => {
            let message = format!("The association ID '{id}' does not exist");
            Err(ErrorAnswer::new("InvalidAssociationID.NotFound", message))
        }
    }
}

pub(super) fn describe_addresses(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (allocations, ips) = (input.strings("AllocationId")?, input.strings("PublicIp")?);
    let filters = filters::read(&mut input, "DescribeAddresses", FILTERS)?;
    request::finish(input)?;
    let mut state = context.world.ec2.lock();
    let here = instances::of_region(context.world, &state.instances, context.region, context.now);
    forget_ended(&mut state, &here, context.region);
    if let Some(id) = allocations.iter().find(|id| position(&state, context.region, id).is_none()) {
        return Err(no_such_allocation(id));
    }
    let here = || state.addresses.iter().filter(|address| address.region == context.region);
    if let Some(ip) = ips.iter().find(|ip| here().all(|address| address.ip != **ip)) {
        let message = format!("Address '{ip}' not found.");
        return Err(ErrorAnswer::new("InvalidAddress.NotFound", message));
    }
    let fits = |address: &&AddressRecord| {
        (allocations.is_empty() || allocations.contains(&address.allocation))
            && (ips.is_empty() || ips.contains(&address.ip))
            && filters.iter().all(|filter: &Filter| filter.fits(&[], |name| held(address, name)))
    };
    let shown: Vec<Value> = here().filter(fits).map(|address| shown(context, address)).collect();
    Ok(json!({"addressesSet": shown}))
}

fn held(address: &AddressRecord, name: &str) -> Vec<String> {
    let association = address.association.as_ref();
    let of_association = |value: fn(&AssociationRecord) -> Option<&String>| {
        association.and_then(value).cloned().into_iter().collect::<Vec<_>>()
    };
    match name {
        "allocation-id" => vec![address.allocation.clone()],
        "domain" => vec!["vpc".to_owned()],
        "public-ip" => vec![address.ip.clone()],
        "association-id" => of_association(|one| Some(&one.id)),
        "instance-id" => of_association(|one| one.instance.as_ref()),
        _ => of_association(|one| Some(&one.interface)),
    }
}

fn shown(context: &Context<'_>, address: &AddressRecord) -> Value {
    let mut shown = json!({
        "publicIp": address.ip,
        "allocationId": address.allocation,
        "domain": "vpc",
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": address.region,
    });
    if let Some(association) = &address.association {
        shown["associationId"] = json!(association.id);
        shown["networkInterfaceId"] = json!(association.interface);
        shown["networkInterfaceOwnerId"] = json!(context.account());
        if let Some(instance) = &association.instance {
            shown["instanceId"] = json!(instance);
        }
    }
    shown
}

fn position(state: &Ec2State, region: &str, allocation: &str) -> Option<usize> {
    state
        .addresses
        .iter()
        .position(|one| (one.region.as_str(), one.allocation.as_str()) == (region, allocation))
}

fn no_such_allocation(id: &str) -> ErrorAnswer {
    let message = format!("The allocation ID '{id}' does not exist");
    ErrorAnswer::new("InvalidAllocationID.NotFound", message)
}
