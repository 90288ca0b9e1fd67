//! Changes that AWS shows later than it makes them, and changes that other principals make between the calls.

use std::time::Duration;

use local_aws::{BlockedKind, LocalAws, TimelineAction};

use crate::client::{Client, Response, WorldText};
use crate::images::refusal;

const IMAGE: &str = "ami-0123456789abcdef0";
const SNAPSHOT: &str = "snap-0123456789abcdef0";

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[ec2]
block-public-access-delay = 600
permission-delay = 60
[[snapshot]]
id = "snap-0123456789abcdef0"
[[image]]
id = "ami-0123456789abcdef0"
snapshot = "snap-0123456789abcdef0"
"#;

fn start(more: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(&format!("{WORLD}{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn ec2(client: &Client, operation: &str, members: &[(&str, &str)]) -> Response {
    client.query("ec2", "2016-11-15", operation, members)
}

fn share(client: &Client, verb: &str) -> Response {
    let all = format!("LaunchPermission.{verb}.1.Group");
    ec2(client, "ModifyImageAttribute", &[("ImageId", IMAGE), (&all, "all")])
}

/// The groups that have access, as DescribeImageAttribute shows them.
fn groups(client: &Client) -> Vec<String> {
    let asked = [("ImageId", IMAGE), ("Attribute", "launchPermission")];
    ec2(client, "DescribeImageAttribute", &asked).texts("group")
}

fn public(client: &Client) -> Vec<String> {
    let filter = [("Filter.1.Name", "is-public"), ("Filter.1.Value.1", "true"), ("Owner.1", "self")];
    ec2(client, "DescribeImages", &filter).texts("imageId")
}

#[test]
fn a_permission_is_seen_after_its_delay_and_writes_count_at_once() {
    let (aws, client) = start("");
    assert_eq!(share(&client, "Add").status, 200);
    assert!(aws.image(IMAGE).unwrap().public);
    assert_eq!((groups(&client).len(), public(&client).len()), (0, 0));
    aws.advance(Duration::from_secs(59));
    assert_eq!(groups(&client).len(), 0);
    aws.advance(Duration::from_secs(1));
    assert_eq!((groups(&client), public(&client)), (vec!["all".to_owned()], vec![IMAGE.to_owned()]));
    // A removal is based on the last write, and is seen later, too.
    assert_eq!(share(&client, "Remove").status, 200);
    assert!(!aws.image(IMAGE).unwrap().public);
    assert_eq!(groups(&client), ["all"]);
    aws.advance(Duration::from_secs(60));
    assert_eq!((groups(&client).len(), public(&client).len()), (0, 0));
}

#[test]
fn resets_and_snapshots_have_the_same_delay() {
    let (aws, client) = start("");
    let all = [("SnapshotId", SNAPSHOT), ("CreateVolumePermission.Add.1.Group", "all")];
    let asked = [("SnapshotId", SNAPSHOT), ("Attribute", "createVolumePermission")];
    let seen = || {
        let described = ec2(&client, "DescribeSnapshotAttribute", &asked).texts("group").len();
        let listed =
            ec2(&client, "DescribeSnapshots", &[("RestorableBy.1", "all")]).texts("snapshotId").len();
        (described, listed)
    };
    assert_eq!(ec2(&client, "ModifySnapshotAttribute", &all).status, 200);
    assert_eq!((seen(), aws.snapshots()[0].public), ((0, 0), true));
    aws.advance(Duration::from_secs(60));
    assert_eq!(seen(), (1, 1));
    assert_eq!(ec2(&client, "ResetSnapshotAttribute", &asked).texts("return"), ["true"]);
    assert_eq!((seen(), aws.snapshots()[0].public), ((1, 1), false));
    aws.advance(Duration::from_secs(60));
    assert_eq!(seen(), (0, 0));
    share(&client, "Add");
    aws.advance(Duration::from_secs(60));
    let image = [("ImageId", IMAGE), ("Attribute", "launchPermission")];
    assert_eq!(ec2(&client, "ResetImageAttribute", &image).status, 200);
    assert_eq!((groups(&client).len(), aws.image(IMAGE).unwrap().public), (1, false));
    aws.advance(Duration::from_secs(60));
    assert_eq!(groups(&client).len(), 0);
}

#[test]
fn block_public_access_is_shown_and_in_effect_after_its_delay() {
    let (aws, client) = start("");
    let state = || {
        let answer = ec2(&client, "GetImageBlockPublicAccessState", &[]);
        answer.texts("imageBlockPublicAccessState").concat()
    };
    let on = [("ImageBlockPublicAccessState", "block-new-sharing")];
    let answer = ec2(&client, "EnableImageBlockPublicAccess", &on);
    assert_eq!(answer.texts("imageBlockPublicAccessState"), ["block-new-sharing"]);
    assert_eq!(state(), "unblocked");
    assert_eq!(share(&client, "Add").status, 200);
    aws.advance(Duration::from_secs(599));
    assert_eq!((state().as_str(), aws.blocks_public_access("us-east-1")), ("unblocked", false));
    aws.advance(Duration::from_secs(1));
    assert_eq!((state().as_str(), aws.blocks_public_access("us-east-1")), ("block-new-sharing", true));
    assert!(refusal(&share(&client, "Add")).starts_with("OperationNotPermitted"));
    assert_eq!(ec2(&client, "DisableImageBlockPublicAccess", &[]).status, 200);
    assert_eq!(state(), "block-new-sharing");
    aws.advance(Duration::from_secs(600));
    assert_eq!(state(), "unblocked");
}

#[test]
fn a_world_can_begin_before_a_written_change_is_seen() {
    let world = r#"
[[image]]
id = "ami-0123456789abcdef1"
public = true
earlier = { until = "2026-03-02T10:01:00Z", shared-with = ["444455556666"] }
"#;
    let (aws, client) = start(world);
    let asked = [("ImageId", "ami-0123456789abcdef1"), ("Attribute", "launchPermission")];
    let seen = || ec2(&client, "DescribeImageAttribute", &asked);
    assert!(aws.image("ami-0123456789abcdef1").unwrap().public);
    assert_eq!((seen().texts("userId"), seen().texts("group").len()), (vec!["444455556666".to_owned()], 0));
    aws.advance(Duration::from_secs(60));
    assert_eq!((seen().texts("userId").len(), seen().texts("group")), (0, vec!["all".to_owned()]));
}

/// Applies the changes of a timeline, and returns how each is described.
fn apply(aws: &LocalAws, world: &local_aws::AwsWorld) -> Vec<String> {
    let changes = world.timeline().iter().filter_map(|entry| match &entry.action {
        TimelineAction::Change(change) => Some((entry.at, change.clone())),
        _ => None,
    });
    changes
        .map(|(at, change)| {
            aws.advance_to(at);
            aws.apply(&change);
            change.to_string()
        })
        .collect()
}

#[test]
fn other_principals_share_and_delete_between_the_calls() {
    let timeline = r#"
[[timeline]]
after = 60
image = "ami-0123456789abcdef0"
add = ["all", "444455556666"]
[[timeline]]
after = 60
image = "ami-0123456789abcdef0"
add = ["555566667777"]
remove = ["all"]
[[timeline]]
after = 60
ebs-snapshot = "snap-0123456789abcdef0"
add = ["all"]
[[timeline]]
after = 60
block-public-access = "snapshots"
state = "block-all-sharing"
[[timeline]]
after = 60
block-public-access = "images"
state = "block-new-sharing"
account = "444455556666"
"#;
    let (aws, client) = start(timeline);
    let described = apply(&aws, &WorldText::of(&format!("{WORLD}{timeline}")));
    let expected = [
        "the image ami-0123456789abcdef0 is shared with all, 444455556666",
        "the image ami-0123456789abcdef0 is shared with 555566667777, and no longer with all",
        "the snapshot snap-0123456789abcdef0 is shared with all",
        "block public access for snapshots of 111122223333 in us-east-1 is block-all-sharing",
        "block public access for AMIs of 444455556666 in us-east-1 is block-new-sharing",
    ];
    assert_eq!(described, expected);
    // Look-ups show them at once.
    let asked = [("ImageId", IMAGE), ("Attribute", "launchPermission")];
    let shared = ec2(&client, "DescribeImageAttribute", &asked);
    assert_eq!(
        (shared.texts("userId").join(","), groups(&client).len()),
        ("444455556666,555566667777".into(), 0)
    );
    assert!(aws.snapshots()[0].public && aws.blocks(BlockedKind::Snapshots, "us-east-1"));
    assert!(!aws.blocks_public_access("us-east-1"));
    let gone = "[[timeline]]\nafter = 1\nimage = \"ami-0123456789abcdef0\"\nremoved = true\n\
                [[timeline]]\nafter = 1\nebs-snapshot = \"snap-0123456789abcdef0\"\nremoved = true\n";
    let described = apply(&aws, &WorldText::of(&format!("{WORLD}{gone}")));
    assert_eq!(described[0], "the image ami-0123456789abcdef0 is deregistered");
    assert_eq!(described[1], "the snapshot snap-0123456789abcdef0 is deleted");
    assert!(refusal(&share(&client, "Add")).starts_with("InvalidAMIID.NotFound"));
    assert!(aws.images().is_empty() && aws.snapshots().is_empty());
}
