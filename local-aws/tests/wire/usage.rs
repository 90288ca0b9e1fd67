//! Usage reports and ancestry of images over real HTTP.

use std::time::Duration;

use local_aws::LocalAws;

use crate::client::{Client, Response, WorldText};
use crate::images::{Ec2Form, refusal};

const OWN: &str = "ami-0123456789abcdef0";
const FAILING: &str = "ami-0123456789abcdef1";
const PUBLIC: &str = "ami-0aaaaaaaaaaaaaaa1";

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[ec2]
usage-report-delay = 300
page-size = 2
[[image]]
id = "ami-0123456789abcdef0"
created = "2026-01-02T03:04:05Z"
usage = [
    { account = "444455556666", count = 3 },
    { account = "444455556666", resource-type = "ec2:LaunchTemplate", count = 1 },
    { account = "777788889999", resource-type = "ec2:LaunchTemplate", count = 2 },
]
made-from = [
    { id = "ami-0123456789abcdef9", region = "eu-west-1", created = "2025-06-01T00:00:00Z" },
    { id = "ami-0bbbbbbbbbbbbbbb1", owner-alias = "amazon", created = "2025-01-01T00:00:00Z" },
]
[[image]]
id = "ami-0123456789abcdef1"
usage-report-error = "internal"
[[image]]
id = "ami-0aaaaaaaaaaaaaaa1"
owner = "999988887777"
public = true
[[image]]
id = "ami-0aaaaaaaaaaaaaaa2"
owner = "999988887777"
"#;

fn start() -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(WORLD)).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn ec2(client: &Client, operation: &str, members: &[(&str, &str)]) -> Response {
    client.query("ec2", "2016-11-15", operation, members)
}

const BOTH: [(&str, &str); 2] =
    [("ResourceType.1.ResourceType", "ec2:Instance"), ("ResourceType.2.ResourceType", "ec2:LaunchTemplate")];

fn create(client: &Client, image: &str, more: &[(&str, &str)]) -> Response {
    let members: Vec<(&str, &str)> = [("ImageId", image)].iter().chain(more).copied().collect();
    ec2(client, "CreateImageUsageReport", &members)
}

fn entries(client: &Client, members: &[(&str, &str)]) -> Vec<String> {
    let answer = ec2(client, "DescribeImageUsageReportEntries", members);
    let counts = answer.texts("usageCount");
    answer
        .texts("accountId")
        .iter()
        .zip(counts)
        .map(|(account, count)| format!("{account} {count}"))
        .collect()
}

#[test]
fn a_report_is_available_after_its_delay_and_has_the_entries_of_the_world() {
    let (aws, client) = start();
    let id = create(&client, OWN, &BOTH).texts("reportId").concat();
    assert!(id.starts_with("amiur-"), "{id}");
    let state = || ec2(&client, "DescribeImageUsageReports", &[("ReportId.1", &id)]).texts("state").concat();
    assert_eq!((state().as_str(), entries(&client, &[("ReportId.1", &id)]).len()), ("pending", 0));
    aws.advance(Duration::from_secs(300));
    assert_eq!(state(), "available");
    let first = ec2(&client, "DescribeImageUsageReportEntries", &[("ReportId.1", &id)]);
    assert_eq!(first.texts("usageCount"), ["3", "1"]);
    assert_eq!(first.texts("reportCreationTime")[0], "2026-03-02T10:00:00.000Z");
    let token = first.texts("nextToken").concat();
    assert_eq!(entries(&client, &[("ReportId.1", &id), ("NextToken", &token)]), ["777788889999 2"]);
    let filter = [("ImageId.1", OWN), ("Filter.1.Name", "account-id"), ("Filter.1.Value.1", "7777*")];
    assert_eq!(entries(&client, &filter), ["777788889999 2"]);
    let described = ec2(&client, "DescribeImageUsageReports", &[("ImageId.1", OWN)]);
    assert_eq!(described.texts("expirationTime"), ["2026-04-01T10:00:00.000Z"]);
    assert_eq!(described.texts("resourceType"), ["ec2:Instance", "ec2:LaunchTemplate"]);
    assert_eq!(ec2(&client, "DeleteImageUsageReport", &[("ReportId", &id)]).texts("return"), ["true"]);
    let gone = ec2(&client, "DeleteImageUsageReport", &[("ReportId", &id)]);
    assert!(refusal(&gone).starts_with("InvalidImageUsageReportId.NotFound"));
    let gone = ec2(&client, "DescribeImageUsageReportEntries", &[("ReportId.1", &id)]);
    assert!(refusal(&gone).starts_with("InvalidImageUsageReportId.NotFound"));
}

#[test]
fn a_report_has_only_the_requested_types_and_accounts_and_one_token_makes_one() {
    let (aws, client) = start();
    let templates = [
        ("ResourceType.1.ResourceType", "ec2:LaunchTemplate"),
        ("ClientToken", "t1"),
        ("AccountId.1", "777788889999"),
    ];
    let id = create(&client, OWN, &templates).texts("reportId");
    assert_eq!(create(&client, OWN, &templates).texts("reportId"), id);
    let other = create(&client, OWN, &templates[..2]);
    assert_eq!(other.texts("Code"), ["IdempotentParameterMismatch"]);
    assert_ne!(create(&client, OWN, &templates[..1]).texts("reportId"), id);
    aws.advance(Duration::from_secs(300));
    assert_eq!(entries(&client, &[("ReportId.1", &id[0])]), ["777788889999 2"]);
    assert_eq!(ec2(&client, "DescribeImageUsageReports", &[]).texts("reportId").len(), 2);
    // Reports are deleted after 30 days.
    aws.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(ec2(&client, "DescribeImageUsageReports", &[]).texts("reportId").len(), 0);
}

#[test]
fn a_report_can_fail_and_an_unused_image_has_no_entries() {
    let (aws, client) = start();
    let id = create(&client, FAILING, &BOTH).texts("reportId").concat();
    aws.advance(Duration::from_secs(300));
    let failed = ec2(&client, "DescribeImageUsageReports", &[("ReportId.1", &id)]);
    assert_eq!(
        (failed.texts("state").concat(), failed.texts("stateReason").concat()),
        ("error".into(), "internal".into())
    );
    assert_eq!(entries(&client, &[("ReportId.1", &id)]).len(), 0);
}

#[test]
fn a_wrong_report_is_refused() {
    let (_aws, client) = start();
    let depth = |value| {
        [
            BOTH[0],
            ("ResourceType.1.ResourceTypeOption.1.OptionName", "version-depth"),
            ("ResourceType.1.ResourceTypeOption.1.OptionValue.1", value),
        ]
    };
    let cases: [(&str, Ec2Form<'_>, &str); 8] = [
        (PUBLIC, &BOTH, "AuthFailure"),
        ("ami-00000000", &BOTH, "InvalidAMIID.NotFound"),
        ("base", &BOTH, "InvalidAMIID.Malformed"),
        (OWN, &[], "MissingParameter: The request must contain the parameter ResourceType"),
        (OWN, &[("ResourceType.1.ResourceType", "ec2:Volume")], "InvalidParameterValue"),
        (OWN, &depth("20"), "InvalidParameterValue"),
        (OWN, &[BOTH[0], ("AccountId.1", "44")], "InvalidUserID.Malformed"),
        (OWN, &[BOTH[0], ("Depth", "1")], "NotServedLocally"),
    ];
    for (image, members, expected) in cases {
        let answered = refusal(&create(&client, image, members));
        assert!(answered.starts_with(expected), "{expected}\n{answered}");
    }
    let wrong = ec2(&client, "DescribeImageUsageReports", &[("MaxResults", "0")]);
    assert!(refusal(&wrong).starts_with("InvalidParameterValue"));
}

#[test]
fn an_image_has_its_ancestors_up_to_the_root() {
    let (_aws, client) = start();
    let chain = ec2(&client, "GetImageAncestry", &[("ImageId", OWN)]);
    assert_eq!(chain.texts("imageId"), [OWN, "ami-0123456789abcdef9", "ami-0bbbbbbbbbbbbbbb1"]);
    assert_eq!(chain.texts("sourceImageId"), ["ami-0123456789abcdef9", "ami-0bbbbbbbbbbbbbbb1"]);
    assert_eq!(chain.texts("sourceImageRegion"), ["eu-west-1", "us-east-1"]);
    assert_eq!(chain.texts("imageOwnerAlias"), ["amazon"]);
    assert_eq!(ec2(&client, "GetImageAncestry", &[("ImageId", PUBLIC)]).texts("imageId"), [PUBLIC]);
    let hidden = ec2(&client, "GetImageAncestry", &[("ImageId", "ami-0aaaaaaaaaaaaaaa2")]);
    assert!(refusal(&hidden).starts_with("InvalidAMIID.NotFound"));
}
