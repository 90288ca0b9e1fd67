//! `[[address]]` and `[[instance]]`: Elastic IP addresses, and the instances that exist at the start.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::file::WorldFile;
use super::raw::{RawAddress, RawInstance};
use super::{AwsWorld, WorldError};
use crate::ec2::{AddressRecord, INSTANCE_STATES, InstanceRecord, is_instance_id};

pub(super) fn instance(world: &AwsWorld, file: &WorldFile<'_>, raw: RawInstance) -> Result<(), WorldError> {
    let id = raw.id.get_ref().clone();
    if !is_instance_id(&id) {
        return Err(file.invalid(&raw.id, format!("`{id}` is not `i-` and 8 or 17 hexadecimal digits")));
    }
    let state = match &raw.state {
        None => "running",
        Some(state) => file.one_of(state, "state", &INSTANCE_STATES)?,
    };
    let region = raw.region.unwrap_or_else(|| world.region.clone());
    match world.ec2.add_instance(InstanceRecord { id: id.clone(), region, state: state.to_owned() }) {
        true => Ok(()),
        false => Err(file.invalid(&raw.id, format!("`{id}` is listed twice"))),
    }
}

pub(super) fn address(world: &AwsWorld, file: &WorldFile<'_>, raw: RawAddress) -> Result<(), WorldError> {
    let allocation = raw.allocation.get_ref().clone();
    let digits = allocation.strip_prefix("eipalloc-");
    let is_id = digits.is_some_and(|digits| matches!(digits.len(), 8 | 17) && digits.bytes().all(is_hex));
    if !is_id {
        let message = format!("`{allocation}` is not `eipalloc-` and 8 or 17 hexadecimal digits");
        return Err(file.invalid(&raw.allocation, message));
    }
    if raw.ip.get_ref().parse::<Ipv4Addr>().is_err() {
        return Err(file.invalid(&raw.ip, format!("`{}` is no IPv4 address", raw.ip.get_ref())));
    }
    let region = raw.region.unwrap_or_else(|| world.region.clone());
    let ip = raw.ip.get_ref().clone();
    let mut address = AddressRecord { allocation, ip, region, association: None, count: 0 };
    match (raw.instance, raw.network_interface) {
        (None, None) => {}
        (Some(id), None) => {
            let holder = world.ec2_interface_of(id.get_ref(), &address.region, Timestamp::UNIX_EPOCH);
            let Some(interface) = holder else {
                let message = format!("there is no [[instance]] or [[recovery-instance]] `{}`", id.get_ref());
                return Err(file.invalid(&id, message));
            };
            address.associate(interface, Some(id.into_inner()));
        }
        (None, Some(interface)) => {
            address.associate(interface.into_inner(), None);
        }
        (Some(id), Some(_)) => {
            return Err(file.invalid(&id, "an address has an `instance` or a `network-interface`, not both"));
        }
    }
    match world.ec2.add_address(address) {
        true => Ok(()),
        false => Err(file.invalid(&raw.allocation, "the address is listed twice")),
    }
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
