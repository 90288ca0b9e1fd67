//! Snapshots over real HTTP: look-ups, permissions, and block public access for snapshots.

use local_aws::{BlockedKind, LocalAws};

use crate::client::{Client, Response, WorldText};
use crate::images::{Ec2Form, refusal};

const OWN: &str = "snap-0123456789abcdef0";
const SECRET: &str = "snap-0123456789abcdef1";

const SNAPSHOTS: &str = r#"
now = "2026-03-02T10:00:00Z"
[[snapshot]]
id = "snap-0123456789abcdef0"
volume = "vol-0123456789abcdef0"
size = 100
description = "the data"
tags = { team = "shop" }
started = "2026-01-02T03:04:05Z"
shared-with = ["444455556666"]
[[snapshot]]
id = "snap-0123456789abcdef1"
encrypted = true
kms-key = "arn:aws:kms:us-east-1:111122223333:key/1"
state = "pending"
[[snapshot]]
id = "snap-0aaaaaaaaaaaaaaa1"
owner = "999988887777"
[[snapshot]]
id = "snap-0aaaaaaaaaaaaaaa2"
owner = "999988887777"
public = true
[[snapshot]]
id = "snap-0aaaaaaaaaaaaaaa3"
owner = "999988887777"
shared-with = ["111122223333"]
[[snapshot]]
id = "snap-0123456789abcdef2"
region = "eu-west-1"
[[image]]
id = "ami-0123456789abcdef0"
snapshots = ["snap-0123456789abcdef0", "snap-0123456789abcdef1"]
"#;

fn start(more: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(&format!("{SNAPSHOTS}{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn ec2(client: &Client, operation: &str, members: &[(&str, &str)]) -> Response {
    client.query("ec2", "2016-11-15", operation, members)
}

fn modify(client: &Client, snapshot: &str, members: &[(&str, &str)]) -> Response {
    let members: Vec<(&str, &str)> = [("SnapshotId", snapshot)].iter().chain(members).copied().collect();
    ec2(client, "ModifySnapshotAttribute", &members)
}

/// The last two characters of the ids that are found.
fn found(client: &Client, members: &[(&str, &str)]) -> Vec<String> {
    let ids = ec2(client, "DescribeSnapshots", members).texts("snapshotId");
    ids.iter().map(|id| id[id.len() - 2..].to_owned()).collect()
}

#[test]
fn a_snapshot_has_its_volume_size_and_encryption() {
    let (_aws, client) = start("");
    let own = ec2(&client, "DescribeSnapshots", &[("SnapshotId.1", OWN)]);
    let text = |name: &str| own.texts(name).concat();
    assert_eq!((text("volumeId"), text("volumeSize")), ("vol-0123456789abcdef0".into(), "100".into()));
    assert_eq!(
        (text("description"), text("startTime")),
        ("the data".into(), "2026-01-02T03:04:05.000Z".into())
    );
    assert_eq!(
        (text("encrypted"), text("status"), text("progress")),
        ("false".into(), "completed".into(), "100%".into())
    );
    assert_eq!(
        (text("key"), text("value"), text("ownerId")),
        ("team".into(), "shop".into(), "111122223333".into())
    );
    let secret = ec2(&client, "DescribeSnapshots", &[("SnapshotId.1", SECRET)]);
    assert_eq!(secret.texts("kmsKeyId"), ["arn:aws:kms:us-east-1:111122223333:key/1"]);
    assert_eq!(
        (secret.texts("encrypted"), secret.texts("status")),
        (vec!["true".to_owned()], vec!["pending".to_owned()])
    );
}

#[test]
fn a_caller_sees_its_own_snapshots_the_public_ones_and_those_that_it_got() {
    let (_aws, client) = start("");
    assert_eq!(found(&client, &[]), ["f0", "f1", "a2", "a3"]);
    assert_eq!(found(&client, &[("Owner.1", "self")]), ["f0", "f1"]);
    assert_eq!(found(&client, &[("Owner.1", "999988887777"), ("Owner.2", "amazon")]), ["a2", "a3"]);
    assert_eq!(found(&client, &[("RestorableBy.1", "all")]), ["a2"]);
    assert_eq!(found(&client, &[("RestorableBy.1", "self")]), ["f0", "f1", "a3"]);
    assert_eq!(found(&client, &[("RestorableBy.1", "444455556666")]), ["f0"]);
    // The snapshot exists, but not for this caller.
    assert_eq!(found(&client, &[("SnapshotId.1", "snap-0aaaaaaaaaaaaaaa1"), ("SnapshotId.2", OWN)]), ["f0"]);
    let filters = [
        ("snapshot-id", SECRET, vec!["f1"]),
        ("volume-id", "vol-0123*", vec!["f0"]),
        ("tag:team", "shop", vec!["f0"]),
        ("tag-key", "team", vec!["f0"]),
        ("encrypted", "true", vec!["f1"]),
        ("status", "pending", vec!["f1"]),
        ("owner-id", "999988887777", vec!["a2", "a3"]),
        ("volume-size", "100", vec!["f0"]),
        ("start-time", "2026-01-02T*", vec!["f0"]),
        ("description", "the ????", vec!["f0"]),
    ];
    for (name, value, expected) in filters {
        assert_eq!(
            found(&client, &[("Filter.1.Name", name), ("Filter.1.Value.1", value)]),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_wrong_look_up_is_refused_as_ec2_refuses_it() {
    let (_aws, client) = start("");
    let cases: [(&[(&str, &str)], &str); 9] = [
        (
            &[("SnapshotId.1", "snap-00000000")],
            "InvalidSnapshot.NotFound: The snapshot 'snap-00000000' does not exist.",
        ),
        (&[("SnapshotId.1", "snap-0123456789abcdef2")], "InvalidSnapshot.NotFound"),
        (&[("SnapshotId.1", "ami-00000000")], "InvalidSnapshotID.Malformed"),
        (&[("Owner.1", "me")], "InvalidUserID.Malformed"),
        (&[("RestorableBy.1", "amazon")], "InvalidUserID.Malformed"),
        (&[("MaxResults", "4")], "InvalidParameterValue"),
        (&[("MaxResults", "1001")], "InvalidParameterValue"),
        (&[("MaxResults", "5"), ("SnapshotId.1", OWN)], "InvalidParameterCombination"),
        (&[("OutpostArn", "x")], "NotServedLocally"),
    ];
    for (members, expected) in cases {
        let answered = refusal(&ec2(&client, "DescribeSnapshots", members));
        assert!(answered.starts_with(expected), "{expected}\n{answered}");
    }
    let unknown = [("Filter.1.Name", "is-public"), ("Filter.1.Value.1", "true")];
    assert_eq!(ec2(&client, "DescribeSnapshots", &unknown).status, 501);
}

#[test]
fn snapshots_come_page_by_page() {
    let (_aws, client) = start("[ec2]\npage-size = 3\n");
    let first = ec2(&client, "DescribeSnapshots", &[("MaxResults", "5")]);
    assert_eq!(first.texts("snapshotId").len(), 3);
    let token = &first.texts("nextToken")[0];
    let second = ec2(&client, "DescribeSnapshots", &[("MaxResults", "5"), ("NextToken", token)]);
    assert_eq!((second.texts("snapshotId").len(), second.texts("nextToken").len()), (1, 0));
    let other = ec2(&client, "DescribeSnapshots", &[("NextToken", token), ("Owner.1", "self")]);
    assert_eq!(other.texts("Code"), ["InvalidNextToken"]);
}

#[test]
fn an_image_has_the_devices_of_all_its_snapshots() {
    let (_aws, client) = start("");
    let image = ec2(&client, "DescribeImages", &[("ImageId.1", "ami-0123456789abcdef0")]);
    assert_eq!(image.texts("snapshotId"), [OWN, SECRET]);
    assert_eq!(image.texts("deviceName"), ["/dev/xvda", "/dev/sdb"]);
    assert_eq!(
        (image.texts("encrypted"), image.texts("volumeSize")),
        (vec!["false".into(), "true".into()], vec!["100".into(), "8".into()])
    );
    for snapshot in [OWN, SECRET] {
        let filter = [("Filter.1.Name", "block-device-mapping.snapshot-id"), ("Filter.1.Value.1", snapshot)];
        assert_eq!(ec2(&client, "DescribeImages", &filter).texts("imageId"), ["ami-0123456789abcdef0"]);
    }
    let add = [("ImageId", "ami-0123456789abcdef0"), ("LaunchPermission.Add.1.Group", "all")];
    assert!(refusal(&ec2(&client, "ModifyImageAttribute", &add)).starts_with("UnsupportedOperation"));
}

#[test]
fn permissions_change_one_way_a_call_in_either_form() {
    let (aws, client) = start("");
    let own = || aws.snapshots()[0].clone();
    assert_eq!(modify(&client, OWN, &[("CreateVolumePermission.Add.1.Group", "all")]).status, 200);
    assert!(own().public);
    let older = [("Attribute", "createVolumePermission"), ("OperationType", "remove")];
    let grantees = [("UserGroup.1", "all"), ("UserId.1", "444455556666")];
    assert_eq!(modify(&client, OWN, &[&older[..], &grantees].concat()).status, 200);
    assert!(!own().public && own().shared_with.is_empty());
    let events = aws.take_events();
    let last = &events.last().unwrap()["detail"];
    assert_eq!((last["eventName"].as_str(), events.len()), (Some("ModifySnapshotAttribute"), 2));
    let expected = serde_json::json!({"snapshotId": OWN, "attributeType": "CREATE_VOLUME_PERMISSION",
        "createVolumePermission": {"remove": {"items": [{"userId": "444455556666"}, {"group": "all"}]}}});
    assert_eq!(last["requestParameters"], expected);
    let many: Vec<(String, String)> = (1..=501)
        .map(|nth| (format!("CreateVolumePermission.Add.{nth}.UserId"), format!("{nth:012}")))
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(modify(&client, OWN, &many[..500]).status, 200);
    assert_eq!(own().shared_with.len(), 500);
    let organization = "arn:aws:organizations::111122223333:organization/o-abcde12345";
    let cases: [(&str, Ec2Form<'_>, &str); 5] = [
        (OWN, &many, "InvalidParameterValue"),
        (SECRET, &[("CreateVolumePermission.Add.1.Group", "all")], "UnsupportedOperation"),
        (OWN, &[("CreateVolumePermission.Add.1.OrganizationArn", organization)], "UnknownParameter"),
        (OWN, &[("Attribute", "productCodes")], "InvalidParameterValue"),
        (
            "snap-0aaaaaaaaaaaaaaa2",
            &[("CreateVolumePermission.Remove.1.Group", "all")],
            "InvalidSnapshot.NotFound",
        ),
    ];
    for (snapshot, members, expected) in cases {
        let answered = refusal(&modify(&client, snapshot, members));
        assert!(answered.starts_with(expected), "{expected}\n{answered}");
    }
    let reset = [("SnapshotId", OWN), ("Attribute", "productCodes")];
    assert!(refusal(&ec2(&client, "ResetSnapshotAttribute", &reset)).starts_with("InvalidParameterValue"));
}

#[test]
fn block_all_sharing_hides_what_is_public_and_keeps_its_attribute() {
    let (aws, client) = start("");
    let all = [("CreateVolumePermission.Add.1.Group", "all")];
    assert_eq!(modify(&client, OWN, &all).status, 200);
    let state = || ec2(&client, "GetSnapshotBlockPublicAccessState", &[]).texts("state").concat();
    let set = |state| ec2(&client, "EnableSnapshotBlockPublicAccess", &[("State", state)]);
    assert_eq!(
        (state(), found(&client, &[("RestorableBy.1", "all")])),
        ("unblocked".into(), vec!["f0".into(), "a2".into()])
    );
    assert_eq!(set("block-new-sharing").texts("state"), ["block-new-sharing"]);
    assert!(aws.blocks(BlockedKind::Snapshots, "us-east-1") && !aws.blocks_public_access("us-east-1"));
    assert!(refusal(&modify(&client, OWN, &all)).starts_with("OperationNotPermitted"));
    assert_eq!(found(&client, &[("RestorableBy.1", "all")]), ["f0", "a2"]);
    assert_eq!(set("block-all-sharing").texts("state"), ["block-all-sharing"]);
    assert_eq!(state(), "block-all-sharing");
    // The other account's snapshot is not the caller's to block.
    assert_eq!(found(&client, &[("RestorableBy.1", "all")]), ["a2"]);
    let asked = [("SnapshotId", OWN), ("Attribute", "createVolumePermission")];
    assert_eq!(ec2(&client, "DescribeSnapshotAttribute", &asked).texts("group"), ["all"]);
    assert!(refusal(&modify(&client, OWN, &all)).starts_with("OperationNotPermitted"));
    assert!(refusal(&set("unblocked")).starts_with("InvalidParameterValue"));
    assert_eq!(ec2(&client, "DisableSnapshotBlockPublicAccess", &[]).texts("state"), ["unblocked"]);
    assert_eq!(
        (state(), found(&client, &[("RestorableBy.1", "all")])),
        ("unblocked".into(), vec!["f0".into(), "a2".into()])
    );
}

#[test]
fn a_world_can_begin_with_blocked_snapshots() {
    let (_aws, client) = start("[account]\nsnapshot-block-public-access = \"block-all-sharing\"\n");
    let state = ec2(&client, "GetSnapshotBlockPublicAccessState", &[]);
    assert_eq!(state.texts("state"), ["block-all-sharing"]);
    assert_eq!(state.texts("managedBy"), ["account"]);
}
