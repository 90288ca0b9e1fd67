//! EC2, IAM and STS over real HTTP: launch permissions, visibility, and refused requests.

use local_aws::{ImageNow, LocalAws};

use crate::client::{Client, Response, WorldText};

const OWN: &str = "ami-0123456789abcdef0";
const SECRET: &str = "ami-0123456789abcdef1";
const FOREIGN: &str = "ami-0aaaaaaaaaaaaaaa1";
const ORGANIZATION: &str = "arn:aws:organizations::111122223333:organization/o-abcde12345";
const UNIT: &str = "arn:aws:organizations::111122223333:ou/o-abcde12345/ou-ab12-cdefgh34";

const IMAGES: &str = r#"
now = "2026-03-02T10:00:00Z"
[account]
organization = "arn:aws:organizations::111122223333:organization/o-abcde12345"
[[image]]
id = "ami-0123456789abcdef0"
name = "base-2026"
created = "2026-01-02T03:04:05Z"
tags = { team = "shop" }
shared-with = ["444455556666"]
[[image]]
id = "ami-0123456789abcdef1"
encrypted = true
[[image]]
id = "ami-0aaaaaaaaaaaaaaa1"
owner = "999988887777"
[[image]]
id = "ami-0aaaaaaaaaaaaaaa2"
owner = "999988887777"
owner-alias = "amazon"
public = true
[[image]]
id = "ami-0aaaaaaaaaaaaaaa3"
owner = "999988887777"
deprecated = "2028-01-01T00:00:00Z"
shared-with = ["arn:aws:organizations::111122223333:organization/o-abcde12345"]
[[image]]
id = "ami-0aaaaaaaaaaaaaaa4"
owner = "999988887777"
public = true
deprecated = "2026-03-01T00:00:00Z"
[[image]]
id = "ami-0aaaaaaaaaaaaaaa5"
state = "disabled"
[[image]]
id = "ami-0123456789abcdef0"
region = "eu-west-1"
public = true
"#;

/// The members of a request, as the form has them.
pub(crate) type Ec2Form<'f> = &'f [(&'f str, &'f str)];

fn start(more: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(&format!("{IMAGES}{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn ec2(client: &Client, operation: &str, members: &[(&str, &str)]) -> Response {
    client.query("ec2", "2016-11-15", operation, members)
}

fn modify(client: &Client, image: &str, members: &[(&str, &str)]) -> Response {
    let members: Vec<(&str, &str)> = [("ImageId", image)].iter().chain(members).copied().collect();
    ec2(client, "ModifyImageAttribute", &members)
}

fn own(aws: &LocalAws) -> ImageNow {
    aws.image(OWN).unwrap()
}

/// `Code: Message`.
pub(crate) fn refusal(response: &Response) -> String {
    assert!(response.status >= 400, "{}", response.body);
    format!("{}: {}", response.texts("Code")[0], response.texts("Message")[0])
}

#[test]
fn an_image_is_shared_with_everyone_that_one_call_names() {
    let (aws, client) = start("");
    let answer = modify(
        &client,
        OWN,
        &[
            ("LaunchPermission.Add.1.UserId", "777788889999"),
            ("LaunchPermission.Add.2.Group", "all"),
            ("LaunchPermission.Add.3.OrganizationArn", ORGANIZATION),
            ("LaunchPermission.Add.4.OrganizationalUnitArn", UNIT),
            ("LaunchPermission.Add.5.UserId", "777788889999"),
            ("LaunchPermission.Remove.1.UserId", "444455556666"),
            ("LaunchPermission.Remove.2.UserId", "555566667777"),
        ],
    );
    assert_eq!((answer.status, &*answer.texts("return")[0]), (200, "true"));
    assert!(own(&aws).public);
    assert_eq!(own(&aws).shared_with, ["777788889999", ORGANIZATION, UNIT]);
    let asked = [("ImageId", OWN), ("Attribute", "launchPermission")];
    let described = ec2(&client, "DescribeImageAttribute", &asked);
    assert_eq!(described.texts("group"), ["all"]);
    assert_eq!(described.texts("organizationalUnitArn"), [UNIT]);
    // The same id in another region is another image.
    assert_eq!(aws.images().last().unwrap().shared_with, [""; 0]);
    assert_eq!(ec2(&client, "ResetImageAttribute", &asked).status, 200);
    assert!(!own(&aws).public && own(&aws).shared_with.is_empty());
}

#[test]
fn the_older_form_means_the_same() {
    let (aws, client) = start("");
    let add = [
        ("Attribute", "launchPermission"),
        ("OperationType", "add"),
        ("UserId.1", "777788889999"),
        ("UserGroup.1", "all"),
        ("OrganizationArn.1", ORGANIZATION),
    ];
    assert_eq!(modify(&client, OWN, &add).status, 200);
    assert!(own(&aws).public);
    assert_eq!(own(&aws).shared_with, ["444455556666", "777788889999", ORGANIZATION]);
    let remove = [("Attribute", "launchPermission"), ("OperationType", "remove"), ("UserGroup.1", "all")];
    assert_eq!(modify(&client, OWN, &remove).status, 200);
    assert!(!own(&aws).public);
    assert_eq!(modify(&client, OWN, &[("Attribute", "description"), ("Value", "größe")]).status, 200);
    assert_eq!(modify(&client, OWN, &[("ImdsSupport.Value", "v2.0")]).status, 200);
    assert_eq!(own(&aws).description.as_deref(), Some("größe"));
    assert_eq!(own(&aws).imds_support.as_deref(), Some("v2.0"));
}

#[test]
fn what_ec2_refuses_is_refused_in_its_words_and_changes_nothing() {
    let (aws, client) = start("");
    let before = aws.images();
    let permission = |member| (member, "all");
    let add = permission("LaunchPermission.Add.1.Group");
    let cases: [(&str, Ec2Form<'_>, &str); 18] = [
        ("", &[add], "MissingParameter: The request must contain the parameter ImageId"),
        ("base", &[add], "InvalidAMIID.Malformed: Invalid id: \"base\" (expecting \"ami-...\")"),
        ("ami-0000000g", &[add], "InvalidAMIID.Malformed"),
        ("ami-00000000", &[add], "InvalidAMIID.NotFound: The image id '[ami-00000000]' does not exist"),
        (FOREIGN, &[add], "AuthFailure: Not authorized for image:ami-0aaaaaaaaaaaaaaa1"),
        (OWN, &[], "InvalidParameterCombination: No attributes specified."),
        (
            OWN,
            &[add, ("Description.Value", "x")],
            "InvalidParameterCombination: Fields for multiple attribute types",
        ),
        (OWN, &[add, ("Attribute", "description")], "InvalidParameterCombination"),
        (
            OWN,
            &[("LaunchPermission.Add.1.Group", "some")],
            "InvalidAMIAttributeItemValue: Invalid attribute item value \"some\" for UserGroup item type.",
        ),
        (
            OWN,
            &[("LaunchPermission.Add.1.UserId", "44")],
            "InvalidAMIAttributeItemValue: Invalid attribute item value \"44\" for userId item type.",
        ),
        (OWN, &[("LaunchPermission.Remove.1.OrganizationArn", UNIT)], "InvalidAMIAttributeItemValue"),
        (
            OWN,
            &[add, ("LaunchPermission.Add.1.UserId", "444455556666")],
            "InvalidParameterCombination: A permission names exactly one",
        ),
        (
            OWN,
            &[("UserGroup.1", "all")],
            "MissingParameter: The request must contain the parameter OperationType",
        ),
        (OWN, &[("OperationType", "add"), ("UserGroup.1", "all")], "InvalidParameterCombination"),
        (OWN, &[("ImdsSupport.Value", "v1.0")], "InvalidParameterValue"),
        (
            OWN,
            &[add, ("DryRun", "true")],
            "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
        ),
        (SECRET, &[add], "UnsupportedOperation: Encrypted snapshots can’t be shared publicly."),
        (
            OWN,
            &[add, ("ProductCode.1", "x")],
            "NotServedLocally: the local AWS does not serve the member `ProductCode`",
        ),
    ];
    for (image, members, expected) in cases {
        let answered = refusal(&modify(&client, image, members));
        assert!(answered.starts_with(expected), "{expected}\n{answered}");
    }
    assert_eq!(aws.images(), before);
    assert_eq!(modify(&client, OWN, &[add, ("DryRun", "true")]).status, 412);
    let block =
        ec2(&client, "DescribeImageAttribute", &[("ImageId", OWN), ("Attribute", "blockDeviceMapping")]);
    assert_eq!(refusal(&block), "AuthFailure: Unauthorized attempt to access restricted resource");
}

#[test]
fn while_public_access_is_blocked_only_new_public_shares_are_refused() {
    let (aws, client) = start("");
    let all = |verb: &str| modify(&client, OWN, &[(&*format!("LaunchPermission.{verb}.1.Group"), "all")]);
    assert_eq!(all("Add").status, 200);
    let on = [("ImageBlockPublicAccessState", "block-new-sharing")];
    assert_eq!(ec2(&client, "EnableImageBlockPublicAccess", &on).status, 200);
    assert!(aws.blocks_public_access("us-east-1") && !aws.blocks_public_access("eu-west-1"));
    assert!(own(&aws).public);
    assert!(
        refusal(&all("Add"))
            .starts_with("OperationNotPermitted: You can’t publicly share this image because")
    );
    assert_eq!(modify(&client, OWN, &[("LaunchPermission.Add.1.UserId", "777788889999")]).status, 200);
    assert_eq!(all("Remove").status, 200);
    assert!(refusal(&all("Add")).starts_with("OperationNotPermitted"));
    assert_eq!(ec2(&client, "DisableImageBlockPublicAccess", &[]).status, 200);
    let state = ec2(&client, "GetImageBlockPublicAccessState", &[]);
    assert_eq!(state.texts("imageBlockPublicAccessState"), ["unblocked"]);
    assert_eq!(all("Add").status, 200);
}

#[test]
fn a_caller_sees_its_own_images_the_public_ones_and_those_that_it_got() {
    let (_aws, client) = start("");
    let last = |members: &[(&str, &str)]| -> Vec<String> {
        let found = ec2(&client, "DescribeImages", members).texts("imageId");
        found.iter().map(|id| id[id.len() - 2..].to_owned()).collect()
    };
    assert_eq!(last(&[]), ["f0", "f1", "a2", "a3"]);
    assert_eq!(last(&[("Owner.1", "self")]), ["f0", "f1"]);
    let all = [("IncludeDeprecated", "true"), ("IncludeDisabled", "true")];
    assert_eq!(last(&all), ["f0", "f1", "a2", "a3", "a4", "a5"]);
    assert_eq!(last(&[("Owner.1", "amazon"), ("Owner.2", "111122223333")]), ["f0", "f1", "a2"]);
    assert_eq!(last(&[("ExecutableBy.1", "all")]), ["a2"]);
    assert_eq!(last(&[("ExecutableBy.1", "self")]), ["a3"]);
    assert_eq!(last(&[("ExecutableBy.1", "444455556666")]), ["f0"]);
    // The image exists, but not for this caller.
    assert_eq!(last(&[("ImageId.1", FOREIGN), ("ImageId.2", OWN)]), ["f0"]);
    let filters = [
        ("is-public", "true", vec!["a2"]),
        ("name", "base-????", vec!["f0"]),
        ("tag:team", "sh*", vec!["f0"]),
        ("tag-key", "team", vec!["f0"]),
        ("owner-id", "999988887777", vec!["a2", "a3"]),
        ("image-id", SECRET, vec!["f1"]),
        ("state", "pending", vec![]),
        ("creation-date", "2026-01-02T*", vec!["f0"]),
        ("block-device-mapping.encrypted", "true", vec!["f1"]),
    ];
    for (name, value, expected) in filters {
        assert_eq!(last(&[("Filter.1.Name", name), ("Filter.1.Value.1", value)]), expected, "{name}");
    }
    let unknown =
        ec2(&client, "DescribeImages", &[("Filter.1.Name", "is_public"), ("Filter.1.Value.1", "true")]);
    assert_eq!(unknown.status, 501);
    let unknown = ec2(&client, "DescribeImages", &[("Owner.1", "me")]);
    assert_eq!(refusal(&unknown), "InvalidUserID.Malformed: Invalid user id: \"me\"");
}

#[test]
fn images_come_page_by_page() {
    let (_aws, client) = start("[ec2]\npage-size = 3\n");
    let first = ec2(&client, "DescribeImages", &[]);
    assert_eq!(first.texts("imageId").len(), 3);
    let token = &first.texts("nextToken")[0];
    let second = ec2(&client, "DescribeImages", &[("NextToken", token)]);
    assert_eq!((second.texts("imageId").len(), second.texts("nextToken").len()), (1, 0));
    let other = ec2(&client, "DescribeImages", &[("NextToken", token), ("Owner.1", "self")]);
    assert_eq!(other.texts("Code"), ["InvalidNextToken"]);
    assert_eq!(
        ec2(&client, "DescribeImages", &[("MaxResults", "0")]).texts("Code"),
        ["InvalidParameterValue"]
    );
}

#[test]
fn a_snapshot_is_shared_one_way_a_call() {
    let id = "snap-0123456789abcdef0";
    let (_aws, client) = start(&format!("[[snapshot]]\nid = \"{id}\"\nshared-with = [\"444455556666\"]\n"));
    let change = |members: &[(&str, &str)]| {
        let members: Vec<(&str, &str)> = [("SnapshotId", id)].iter().chain(members).copied().collect();
        ec2(&client, "ModifySnapshotAttribute", &members)
    };
    let add = ("CreateVolumePermission.Add.1.Group", "all");
    assert_eq!(change(&[add]).status, 200);
    let older =
        [("Attribute", "createVolumePermission"), ("OperationType", "remove"), ("UserId.1", "444455556666")];
    assert_eq!(change(&older).status, 200);
    let asked = [("SnapshotId", id), ("Attribute", "createVolumePermission")];
    let described = ec2(&client, "DescribeSnapshotAttribute", &asked);
    assert_eq!((described.texts("group"), described.texts("userId").len()), (vec!["all".to_owned()], 0));
    let both = change(&[add, ("CreateVolumePermission.Remove.1.UserId", "444455556666")]);
    assert!(refusal(&both).starts_with("InvalidParameterCombination"));
    let gone = ec2(&client, "DescribeSnapshotAttribute", &[("SnapshotId", "snap-00000000"), asked[1]]);
    assert_eq!(refusal(&gone), "InvalidSnapshot.NotFound: The snapshot 'snap-00000000' does not exist.");
}

#[test]
fn the_account_has_the_name_and_the_caller_of_the_world() {
    let world = "[account]\nalias = \"shop-prod\"\ncaller = \"arn:aws:sts::111122223333:assumed-role/ami-alerts/a1\"\n";
    let aws = LocalAws::start(WorldText::of(world)).unwrap();
    let client = Client::new(&aws.endpoint());
    let aliases = client.query("iam", "2010-05-08", "ListAccountAliases", &[]);
    assert_eq!(aliases.texts("member"), ["shop-prod"]);
    let caller = client.query("sts", "2011-06-15", "GetCallerIdentity", &[]);
    assert_eq!(caller.texts("Arn"), ["arn:aws:sts::111122223333:assumed-role/ami-alerts/a1"]);
    assert!(caller.texts("UserId")[0].ends_with(":a1"), "{}", caller.body);
    let (_aws, client) = start("");
    assert_eq!(client.query("iam", "2010-05-08", "ListAccountAliases", &[]).texts("member").len(), 0);
}

#[test]
fn a_fault_has_the_status_that_ec2_has_for_it() {
    let (aws, client) =
        start("[[fault]]\noperation = \"ModifyImageAttribute\"\nanswer = \"UnauthorizedOperation\"\n");
    let answer = modify(&client, OWN, &[("LaunchPermission.Add.1.Group", "all")]);
    assert_eq!((answer.status, &*answer.texts("Code")[0]), (403, "UnauthorizedOperation"));
    assert!(!own(&aws).public);
}
