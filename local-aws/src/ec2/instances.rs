//! Instances: those of the world's file, and those that launches of Elastic Disaster Recovery create. DescribeInstances.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::filters::{self, Filter};
use super::{AddressRecord, request};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;
use crate::world::AwsWorld;

const FILTERS: &[&str] = &["instance-id", "instance-state-name"];

/// The states of an instance with their codes (`InstanceState`, Amazon EC2 API Reference).
const STATE_CODES: [(&str, u32); 6] = [
    ("pending", 0),
    ("running", 16),
    ("shutting-down", 32),
    ("terminated", 48),
    ("stopping", 64),
    ("stopped", 80),
];

/// An instance, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InstanceRecord {
    pub(crate) id: String,
    pub(crate) region: String,
    /// As `InstanceStateName` has it.
    pub(crate) state: String,
}

impl InstanceRecord {
    /// The id of the primary network interface.
    pub(super) fn interface(&self) -> String {
        format!("eni-{}", &ids::digest(&["interface", &self.id])[..17])
    }

    pub(super) fn private_ip(&self) -> String {
        let digest = ids::digest(&["private ip", &self.id]);
        let number = |at: usize| u8::from_str_radix(&digest[at..at + 2], 16).unwrap_or_default();
        format!("10.0.{}.{}", number(0), number(2))
    }

    /// Whether the instance still has its network interface.
    pub(super) fn exists(&self) -> bool {
        !matches!(self.state.as_str(), "shutting-down" | "terminated")
    }

    fn shown(&self, owner: &str, address: Option<&AddressRecord>) -> Value {
        let code = STATE_CODES.iter().find(|(name, _)| *name == self.state).map_or(0, |(_, code)| *code);
        let mut interface = json!({
            "networkInterfaceId": self.interface(),
            "ownerId": owner,
            "privateIpAddress": self.private_ip(),
            "status": "in-use",
            "attachment": {
                "attachmentId": format!("eni-attach-{}", &ids::digest(&["attachment", &self.id])[..17]),
                "deviceIndex": 0,
                "networkCardIndex": 0,
                "status": "attached",
            },
        });
        let mut shown = json!({
            "instanceId": self.id,
            "instanceState": {"code": code, "name": self.state},
            "privateIpAddress": self.private_ip(),
        });
        if let Some(address) = address {
            interface["association"] = json!({"publicIp": address.ip, "ipOwnerId": owner});
            shown["ipAddress"] = json!(address.ip);
        }
        if self.exists() {
            shown["networkInterfaceSet"] = json!([interface]);
        }
        shown
    }
}

/// The instances of a region.
pub(super) fn of_region(
    world: &AwsWorld,
    own: &[InstanceRecord],
    region: &str,
    now: Timestamp,
) -> Vec<InstanceRecord> {
    let own = own.iter().filter(|instance| instance.region == region).cloned();
    let recovered = (world.drs.region == region).then(|| world.drs.ec2_instances(now));
    let recovered = recovered.into_iter().flatten().map(|(id, state)| InstanceRecord {
        id,
        region: region.to_owned(),
        state: state.to_ascii_lowercase(),
    });
    own.chain(recovered).collect()
}

pub(super) fn describe_instances(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let ids = input.strings("InstanceId")?;
    let filters = filters::read(&mut input, "DescribeInstances", FILTERS)?;
    let (size, token) = (input.integer("MaxResults")?, input.string("NextToken")?);
    request::finish(input)?;
    if let Some(id) = ids.iter().find(|id| !is_instance_id(id)) {
        return Err(malformed_instance(id));
    }
    match size {
        // The limits of the reference of ec2:DescribeInstances: 5 to 1000, and not together with ids.
        Some(size) if !(5..=1000).contains(&size) => {
            return Err(request::bad_value(&size.to_string(), "maxResults"));
        }
        Some(_) if !ids.is_empty() => {
            return Err(request::bad_combination(
                "The parameter instancesSet cannot be used with the parameter maxResults",
            ));
        }
        _ => {}
    }
    let state = context.world.ec2.lock();
    let here = of_region(context.world, &state.instances, context.region, context.now);
    if let Some(missing) = ids.iter().find(|id| here.iter().all(|instance| instance.id != **id)) {
        return Err(no_such_instance(missing));
    }
    let fits = |instance: &&InstanceRecord| {
        (ids.is_empty() || ids.contains(&instance.id))
            && filters.iter().all(|filter: &Filter| filter.fits(&[], |name| held(instance, name)))
    };
    let found: Vec<&InstanceRecord> = here.iter().filter(fits).collect();
    let shown = |instance: &&InstanceRecord| {
        let address = state.addresses.iter().find(|address| address.is_of(instance));
        json!({
            "reservationId": format!("r-{}", &ids::digest(&["reservation", &instance.id])[..17]),
            "ownerId": context.account(),
            "instancesSet": [instance.shown(context.account(), address)],
        })
    };
    request::page(context, ("reservationSet", &found[..], shown), (size, token.as_deref()), &request)
}

fn held(instance: &InstanceRecord, name: &str) -> Vec<String> {
    vec![match name {
        "instance-id" => instance.id.clone(),
        _ => instance.state.clone(),
    }]
}

pub(super) fn no_such_instance(id: &str) -> ErrorAnswer {
    ErrorAnswer::new("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
}

pub(super) fn malformed_instance(id: &str) -> ErrorAnswer {
    ErrorAnswer::new("InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\""))
}

/// `i-` and 8 or 17 hexadecimal digits.
pub(crate) fn is_instance_id(id: &str) -> bool {
    id.strip_prefix("i-").is_some_and(request::is_hex)
}
