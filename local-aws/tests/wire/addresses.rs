//! EC2 over real HTTP: Elastic IP addresses and instances, and what their operations refuse.

use local_aws::LocalAws;

use crate::client::{Client, Response, WorldText};
use crate::images::refusal;

const FREE: &str = "eipalloc-0a1b2c3d4e5f60718";
const USED: &str = "eipalloc-0a1b2c3d4e5f60719";
const RUNNING: &str = "i-0a1b2c3d4e5f60718";
const PENDING: &str = "i-0a1b2c3d4e5f60719";

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[[instance]]
id = "i-0a1b2c3d4e5f60718"
[[instance]]
id = "i-0a1b2c3d4e5f60719"
state = "pending"
[[instance]]
id = "i-0a1b2c3d4e5f60720"
state = "terminated"
[[instance]]
id = "i-0a1b2c3d4e5f60721"
[[address]]
allocation = "eipalloc-0a1b2c3d4e5f60718"
ip = "203.0.113.10"
[[address]]
allocation = "eipalloc-0a1b2c3d4e5f60719"
ip = "203.0.113.11"
instance = "i-0a1b2c3d4e5f60721"
[[address]]
allocation = "eipalloc-0a1b2c3d4e5f60720"
ip = "203.0.113.12"
network-interface = "eni-0a1b2c3d4e5f60718"
"#;

fn start() -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(WORLD)).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn ec2(client: &Client, operation: &str, members: &[(&str, &str)]) -> Response {
    client.query("ec2", "2016-11-15", operation, members)
}

fn associate(client: &Client, members: &[(&str, &str)]) -> Response {
    ec2(client, "AssociateAddress", members)
}

fn holder(client: &Client, allocation: &str) -> Vec<String> {
    ec2(client, "DescribeAddresses", &[("AllocationId.1", allocation)]).texts("instanceId")
}

#[test]
fn an_address_is_associated_once_and_given_back() {
    let (aws, client) = start();
    let once = [("AllocationId", FREE), ("InstanceId", RUNNING), ("AllowReassociation", "false")];
    let first = associate(&client, &once);
    let id = first.texts("associationId").remove(0);
    assert!(id.starts_with("eipassoc-"), "{id}");
    assert_eq!(
        associate(&client, &once).texts("associationId"),
        std::slice::from_ref(&id),
        "the call is idempotent"
    );
    assert_eq!(holder(&client, FREE), [RUNNING]);
    let shown = ec2(&client, "DescribeInstances", &[("InstanceId.1", RUNNING)]);
    assert_eq!(shown.texts("name"), ["running"]);
    assert_eq!(shown.texts("publicIp"), ["203.0.113.10"]);
    assert_eq!(aws.addresses()[0].associations, 1);
    assert_eq!(ec2(&client, "DisassociateAddress", &[("AssociationId", &id)]).status, 200);
    assert!(holder(&client, FREE).is_empty());
    let again = refusal(&ec2(&client, "DisassociateAddress", &[("AssociationId", &id)]));
    assert!(again.starts_with("InvalidAssociationID.NotFound"), "{again}");
}

#[test]
fn reassociation_is_automatic_unless_it_is_refused() {
    let (_aws, client) = start();
    let refused = associate(
        &client,
        &[("AllocationId", USED), ("InstanceId", RUNNING), ("AllowReassociation", "false")],
    );
    let refused = refusal(&refused);
    assert!(
        refused.starts_with("Resource.AlreadyAssociated: resource eipalloc-0a1b2c3d4e5f60719 is already"),
        "{refused}"
    );
    assert_eq!(holder(&client, USED), ["i-0a1b2c3d4e5f60721"]);
    assert_eq!(associate(&client, &[("AllocationId", USED), ("InstanceId", RUNNING)]).status, 200);
    assert_eq!(holder(&client, USED), [RUNNING]);
    // Another address of the instance takes the place of the first.
    assert_eq!(associate(&client, &[("AllocationId", FREE), ("InstanceId", RUNNING)]).status, 200);
    assert_eq!((holder(&client, FREE), holder(&client, USED)), (vec![RUNNING.to_owned()], Vec::new()));
}

#[test]
fn what_does_not_exist_or_is_not_ready_is_refused() {
    let (_aws, client) = start();
    let interface = {
        let shown = ec2(&client, "DescribeInstances", &[("InstanceId.1", PENDING)]);
        shown.texts("networkInterfaceId").remove(0)
    };
    let free = ("AllocationId", FREE);
    for (members, code) in [
        (vec![("InstanceId", RUNNING)], "MissingParameter"),
        (vec![free], "MissingParameter"),
        (vec![free, ("InstanceId", RUNNING), ("NetworkInterfaceId", "eni-1")], "InvalidParameterCombination"),
        (
            vec![("AllocationId", "eipalloc-00000000"), ("InstanceId", RUNNING)],
            "InvalidAllocationID.NotFound",
        ),
        (vec![free, ("InstanceId", "web-1")], "InvalidInstanceID.Malformed"),
        (vec![free, ("InstanceId", "i-00000000")], "InvalidInstanceID.NotFound"),
        (vec![free, ("InstanceId", "i-0a1b2c3d4e5f60720")], "InvalidInstanceID.NotFound"),
        (vec![free, ("NetworkInterfaceId", "eni-00000000")], "InvalidNetworkInterfaceID.NotFound"),
        (vec![free, ("InstanceId", PENDING)], "InvalidInstanceID"),
        (vec![free, ("NetworkInterfaceId", &interface)], "IncorrectInstanceState"),
        (vec![free, ("InstanceId", RUNNING), ("DryRun", "true")], "DryRunOperation"),
    ] {
        let answered = refusal(&associate(&client, &members));
        assert_eq!(answered.split(": ").next(), Some(code), "{members:?}: {answered}");
    }
    assert!(holder(&client, FREE).is_empty());
    let missing = refusal(&ec2(&client, "DescribeInstances", &[("InstanceId.1", "i-00000000")]));
    assert!(missing.starts_with("InvalidInstanceID.NotFound"), "{missing}");
    let missing = refusal(&ec2(&client, "DescribeAddresses", &[("AllocationId.1", "eipalloc-00000000")]));
    assert!(missing.starts_with("InvalidAllocationID.NotFound"), "{missing}");
}

#[test]
fn filters_find_what_exists_and_no_more() {
    let (_aws, client) = start();
    let filtered = |operation, name, value| {
        ec2(
            &client,
            operation,
            &[("Filter.1.Name", name), ("Filter.1.Value.1", value), ("Filter.1.Value.2", "none")],
        )
    };
    assert_eq!(filtered("DescribeAddresses", "allocation-id", USED).texts("publicIp"), ["203.0.113.11"]);
    let of_interface = filtered("DescribeAddresses", "network-interface-id", "eni-0a1b2c3d4e5f60718");
    assert_eq!(of_interface.texts("publicIp"), ["203.0.113.12"]);
    assert!(of_interface.texts("instanceId").is_empty());
    assert!(filtered("DescribeAddresses", "allocation-id", "none").texts("publicIp").is_empty());
    assert_eq!(filtered("DescribeInstances", "instance-id", PENDING).texts("name"), ["pending"]);
    assert_eq!(filtered("DescribeInstances", "instance-state-name", "running").texts("instanceId").len(), 2);
    assert_eq!(filtered("DescribeInstances", "image-id", "none").status, 501);
    let small = refusal(&ec2(&client, "DescribeInstances", &[("MaxResults", "4")]));
    assert!(small.starts_with("InvalidParameterValue"), "{small}");
}
