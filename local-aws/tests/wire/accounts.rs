//! Other accounts over real HTTP: the accounts of the organization, and roles in other accounts.

use local_aws::{JournaledAnswer, LocalAws};
use serde_json::{Value, json};

use crate::client::{Client, Response, WorldText, error};
use crate::images::refusal;

const OWN: &str = "ami-0123456789abcdef0";
const THEIRS: &str = "ami-0aaaaaaaaaaaaaaa1";
const ROLE: &str = "arn:aws:iam::444455556666:role/pointsman-ami-alerts";

const WORLD: &str = r#"
now = "2026-03-02T10:00:00Z"
[[role]]
arn = "arn:aws:iam::444455556666:role/pointsman-ami-alerts"
account-alias = "shop-test"
[[role]]
arn = "arn:aws:iam::777788889999:role/path/guarded"
external-id = "x-1"
[[image]]
id = "ami-0123456789abcdef0"
[[image]]
id = "ami-0aaaaaaaaaaaaaaa1"
owner = "444455556666"
"#;

fn start(more: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(&format!("{WORLD}{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn account(client: &Client, id: &str) -> JournaledAnswer {
    let input = json!({"AccountId": id});
    client.call("organizations", "AWSOrganizationsV20161128", "DescribeAccount", &input)
}

fn described(client: &Client, id: &str) -> Value {
    match account(client, id) {
        JournaledAnswer::Ok(output) => output["Account"].clone(),
        other => panic!("{other:?}"),
    }
}

fn organization(management: &str, more: &str) -> (LocalAws, Client) {
    start(&format!(
        "[account]\norganization = \"arn:aws:organizations::{management}:organization/o-abcde12345\"\n{more}"
    ))
}

#[test]
fn every_account_is_in_the_organization_unless_the_world_lists_its_accounts() {
    let (_aws, client) = organization("111122223333", "");
    let found = described(&client, "444455556666");
    assert_eq!(found["Arn"], "arn:aws:organizations::111122223333:account/o-abcde12345/444455556666");
    assert_eq!(
        (&found["Id"], &found["Status"], &found["State"]),
        (&json!("444455556666"), &json!("ACTIVE"), &json!("ACTIVE"))
    );
    let (_aws, client) = organization("111122223333", "organization-accounts = [\"444455556666\"]\n");
    for id in ["444455556666", "111122223333"] {
        assert_eq!(described(&client, id)["Id"], id);
    }
    assert_eq!(error(&account(&client, "777788889999")), (400, "AccountNotFoundException"));
    for id in ["", "44", "o-abcde12345"] {
        assert_eq!(error(&account(&client, id)), (400, "InvalidInputException"), "{id}");
    }
}

#[test]
fn only_the_management_account_and_a_delegated_administrator_may_ask() {
    let (_aws, client) = start("");
    assert_eq!(error(&account(&client, "444455556666")), (400, "AWSOrganizationsNotInUseException"));
    let (_aws, client) = organization("222233334444", "");
    assert_eq!(error(&account(&client, "444455556666")), (400, "AccessDeniedException"));
    let (_aws, client) = organization("222233334444", "organizations-access = true\n");
    let found = described(&client, "222233334444");
    assert_eq!(found["Arn"], "arn:aws:organizations::222233334444:account/o-abcde12345/222233334444");
    let (_aws, client) = organization("111122223333", "organizations-access = false\n");
    assert_eq!(error(&account(&client, "444455556666")), (400, "AccessDeniedException"));
    let input = json!({"AccountId": "444455556666", "Depth": 1});
    let unknown = client.call("organizations", "AWSOrganizationsV20161128", "DescribeAccount", &input);
    assert_eq!(error(&unknown), (501, "NotServedLocally"));
}

fn assume(client: &Client, members: &[(&str, &str)]) -> Response {
    client.query("sts", "2011-06-15", "AssumeRole", members)
}

/// The access key of a session in the other account.
fn session(client: &Client) -> String {
    let answer =
        assume(client, &[("RoleArn", ROLE), ("RoleSessionName", "pointsman"), ("DurationSeconds", "900")]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.texts("AccessKeyId").concat()
}

#[test]
fn a_listed_role_can_be_assumed_and_calls_are_made_in_its_account() {
    let (aws, client) = start("");
    let key = session(&client);
    assert_eq!(key, session(&client));
    let ec2 = |operation: &str, members: &[(&str, &str)]| {
        client.query_as(&key, "ec2", "2016-11-15", operation, members)
    };
    let caller = client.query_as(&key, "sts", "2011-06-15", "GetCallerIdentity", &[]);
    assert_eq!(
        caller.texts("Arn"),
        ["arn:aws:sts::444455556666:assumed-role/pointsman-ami-alerts/pointsman"]
    );
    assert_eq!(caller.texts("Account"), ["444455556666"]);
    let alias = client.query_as(&key, "iam", "2010-05-08", "ListAccountAliases", &[]);
    assert_eq!(alias.texts("member"), ["shop-test"]);
    assert_eq!(ec2("DescribeImages", &[("Owner.1", "self")]).texts("imageId"), [THEIRS]);
    let share =
        |image| ec2("ModifyImageAttribute", &[("ImageId", image), ("LaunchPermission.Add.1.Group", "all")]);
    assert_eq!(share(THEIRS).status, 200);
    assert!(aws.image(THEIRS).unwrap().public);
    assert!(refusal(&share(OWN)).starts_with("AuthFailure"));
    let asked = [("ImageId", THEIRS), ("Attribute", "launchPermission")];
    assert_eq!(ec2("DescribeImageAttribute", &asked).texts("group"), ["all"]);
    let event = aws.take_events().pop().unwrap();
    assert_eq!(
        (&event["account"], &event["detail"]["recipientAccountId"]),
        (&json!("444455556666"), &json!("444455556666"))
    );
    assert_eq!(event["detail"]["userIdentity"]["accountId"], "444455556666");
    // Block public access is each account's own.
    let on = [("ImageBlockPublicAccessState", "block-new-sharing")];
    assert_eq!(ec2("EnableImageBlockPublicAccess", &on).status, 200);
    assert!(!aws.blocks_public_access("us-east-1"));
    assert!(refusal(&share(THEIRS)).starts_with("OperationNotPermitted"));
    // The world's account still calls with any other key.
    let own = client.query("ec2", "2016-11-15", "DescribeImages", &[("Owner.1", "self")]);
    assert_eq!(own.texts("imageId"), [OWN]);
    let mail = client.query_as(&key, "sns", "2010-03-31", "Publish", &[("Message", "m")]);
    assert_eq!(mail.status, 501);
}

#[test]
fn any_other_role_is_refused() {
    let (_aws, client) = start("");
    let cases: [(&[(&str, &str)], &str); 8] = [
        (
            &[("RoleArn", "arn:aws:iam::444455556666:role/other"), ("RoleSessionName", "one")],
            "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/local/local is not authorized to perform: \
             sts:AssumeRole on resource: arn:aws:iam::444455556666:role/other",
        ),
        (
            &[("RoleArn", "arn:aws:iam::777788889999:role/path/guarded"), ("RoleSessionName", "one")],
            "AccessDenied",
        ),
        (
            &[
                ("RoleArn", "arn:aws:iam::777788889999:role/path/guarded"),
                ("RoleSessionName", "one"),
                ("ExternalId", "y"),
            ],
            "AccessDenied",
        ),
        (&[("RoleArn", ROLE)], "ValidationError"),
        (&[("RoleArn", "role"), ("RoleSessionName", "one")], "ValidationError"),
        (&[("RoleArn", ROLE), ("RoleSessionName", "a b")], "ValidationError"),
        (&[("RoleArn", ROLE), ("RoleSessionName", "one"), ("DurationSeconds", "899")], "ValidationError"),
        (&[("RoleArn", ROLE), ("RoleSessionName", "one"), ("Policy", "{}")], "NotServedLocally"),
    ];
    for (members, expected) in cases {
        let answered = refusal(&assume(&client, members));
        assert!(answered.starts_with(expected), "{expected}\n{answered}");
    }
    let guarded = [
        ("RoleArn", "arn:aws:iam::777788889999:role/path/guarded"),
        ("RoleSessionName", "one"),
        ("ExternalId", "x-1"),
    ];
    let answer = assume(&client, &guarded);
    assert_eq!(answer.texts("Arn"), ["arn:aws:sts::777788889999:assumed-role/guarded/one"]);
    assert_eq!(answer.texts("Expiration"), ["2099-12-31T23:59:59.000Z"]);
}
