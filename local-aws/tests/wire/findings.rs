//! Security Hub over real HTTP: findings are imported, updated and refused.

use local_aws::LocalAws;
use serde_json::{Value, json};

use crate::client::{Client, WorldText};

fn start(world: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(world)).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn import(client: &Client, findings: Value) -> (u16, String, Value) {
    client.rest("securityhub", "/findings/import", &json!({"Findings": findings}))
}

fn finding(id: &str) -> Value {
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": id,
        "ProductArn": "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default",
        "GeneratorId": "pointsman-ami-alerts",
        "AwsAccountId": "111122223333",
        "Types": ["Effects/Data Exposure"],
        "CreatedAt": "2026-03-02T10:00:00Z",
        "UpdatedAt": "2026-03-02T10:00:00Z",
        "Severity": {"Label": "CRITICAL"},
        "Title": "Image made public",
        "Description": "Every account can launch the image.",
        "Remediation": {"Recommendation": {"Text": "Make it private.", "Url": "https://example.com"}},
        "ProductFields": {"image": "ami-1"},
        "Resources": [{"Type": "Other", "Id": "arn:aws:ec2:us-east-1::image/ami-1", "Partition": "aws",
            "Region": "us-east-1", "Details": {"Other": {"name": "base"}}}],
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    })
}

fn with(mut finding: Value, member: &str, value: Value) -> Value {
    finding[member] = value;
    finding
}

#[test]
fn a_finding_is_imported_and_updated_by_a_newer_one() {
    let (aws, client) = start("");
    let (status, _, answer) = import(&client, json!([finding("a"), finding("b")]));
    assert_eq!((status, answer), (200, json!({"SuccessCount": 2, "FailedCount": 0, "FailedFindings": []})));
    let newer =
        with(with(finding("a"), "UpdatedAt", json!("2026-03-02T11:00:00Z")), "Title", json!("Closed"));
    let newer = with(newer, "Workflow", json!({"Status": "RESOLVED"}));
    let older = with(with(finding("b"), "UpdatedAt", json!("2026-03-02T09:00:00Z")), "Title", json!("Late"));
    assert_eq!(import(&client, json!([newer, older])).2["SuccessCount"], 2);
    let findings = aws.findings();
    let titles: Vec<&str> = findings.iter().filter_map(|finding| finding["Title"].as_str()).collect();
    assert_eq!(titles, ["Closed", "Image made public"]);
    // The workflow is the customer's.
    assert_eq!(findings[0]["Workflow"]["Status"], "NEW");
}

#[test]
fn a_finding_that_breaks_the_format_fails_and_the_others_are_imported() {
    let (aws, client) = start("");
    let without = |member: &str| {
        let mut finding = finding("x");
        finding.as_object_mut().unwrap().remove(member);
        finding
    };
    let required = [
        "SchemaVersion",
        "ProductArn",
        "GeneratorId",
        "AwsAccountId",
        "CreatedAt",
        "UpdatedAt",
        "Severity",
        "Title",
        "Description",
        "Resources",
    ];
    let mut wrong: Vec<Value> = required.into_iter().map(without).collect();
    let resource = finding("x")["Resources"][0].clone();
    for (member, value) in [
        ("SchemaVersion", json!("2020-01-01")),
        ("Id", json!("x".repeat(513))),
        ("Title", json!("x".repeat(257))),
        ("Description", json!("x".repeat(1025))),
        ("UpdatedAt", json!("yesterday")),
        ("Severity", json!({"Original": "bad"})),
        ("Severity", json!({"Label": "WORST"})),
        ("Resources", json!([])),
        ("Resources", json!(vec![resource; 33])),
        ("Resources", json!([{"Id": "x"}])),
        ("Types", json!(["Exposure"])),
        ("RecordState", json!("GONE")),
        ("ProductFields", json!({"a": 1})),
        ("Remediation", json!({"Recommendation": {"Text": "x".repeat(513)}})),
        ("Title", json!(7)),
        ("Description", json!(" ")),
    ] {
        wrong.push(with(finding("x"), member, value));
    }
    let count = wrong.len();
    wrong.push(finding("good"));
    let (status, _, answer) = import(&client, json!(wrong));
    assert_eq!(
        (status, &answer["SuccessCount"], &answer["FailedCount"]),
        (200, &json!(1), &json!(count)),
        "{answer}"
    );
    let failed = &answer["FailedFindings"][0];
    assert_eq!((&failed["Id"], &failed["ErrorCode"]), (&json!("x"), &json!("InvalidInput")));
    assert_eq!(
        failed["ErrorMessage"],
        "Finding does not adhere to Amazon Finding Format. data should have required property 'SchemaVersion'"
    );
    assert_eq!(aws.findings().len(), 1);
}

#[test]
fn a_wrong_request_imports_nothing() {
    let (aws, client) = start("");
    let hundred: Vec<Value> = (0..100).map(|nth| finding(&nth.to_string())).collect();
    for (findings, expected) in [
        (json!([]), (400, "InvalidInputException")),
        (json!([&hundred[..], &[finding("one more")]].concat()), (400, "InvalidInputException")),
        (json!([with(finding("a"), "AwsAccountId", json!("444455556666"))]), (403, "AccessDeniedException")),
        (json!([finding("a"), with(finding("b"), "Malware", json!([]))]), (501, "NotServedLocally")),
    ] {
        let (status, code, _) = import(&client, findings);
        assert_eq!((status, &*code), expected);
    }
    assert_eq!(aws.findings().len(), 0);
    assert_eq!(import(&client, json!(hundred)).2["SuccessCount"], 100);
    let (status, code, _) = client.rest("securityhub", "/findings", &json!({}));
    assert_eq!((status, &*code), (501, "NotServedLocally"));
}

#[test]
fn an_account_without_security_hub_imports_nothing() {
    let (aws, client) = start("[account]\nsecurity-hub = false\n");
    let (status, code, body) = import(&client, json!([finding("a")]));
    assert_eq!((status, &*code), (401, "InvalidAccessException"));
    assert_eq!(body["Message"], "Account 111122223333 is not subscribed to AWS Security Hub");
    assert_eq!(aws.findings().len(), 0);
}
