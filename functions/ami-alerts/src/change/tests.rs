use serde_json::json;

use super::*;
use crate::event::{Event, Parsed, parse};

const ORGANIZATION: &str = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5";
const UNIT: &str = "arn:aws:organizations::777788889999:ou/o-a1b2c3d4e5/ou-ab12-cdefghij";

fn change(name: &str, request: Value) -> Change {
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "detail": {
        "eventSource": "ec2.amazonaws.com", "eventName": name, "requestParameters": request}});
    let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
    Change::of(&record).expect("a call that is understood")
}

fn permissions(name: &str, request: Value) -> Permissions {
    match change(name, request) {
        Change::Permissions(permissions) => permissions,
        other => panic!("{other:?}"),
    }
}

/// Who was added and who was removed, as sentences name them.
fn told(request: Value) -> (Vec<String>, Vec<String>) {
    let Permissions { added, removed, is_known, .. } = permissions("ModifyImageAttribute", request);
    assert!(is_known);
    let told = |grantees: Vec<Grantee>| grantees.iter().map(Grantee::to_string).collect();
    (told(added), told(removed))
}

#[test]
fn every_item_counts_and_none_twice() {
    let (added, removed) =
        told(json!({"imageId": "ami-1", "attributeType": "launchPermission", "launchPermission": {
        "add": {"items": [{"userId": "444455556666"}, {"group": "all"}, {"organizationArn": ORGANIZATION},
            {"organizationalUnitArn": UNIT}, {"userId": "444455556666"}]},
        "remove": {"items": [{"userId": "777788889999"}]}}}));
    assert_eq!(
        added,
        [
            "account 444455556666",
            "everyone",
            "organization o-a1b2c3d4e5",
            "organizational unit ou-ab12-cdefghij of o-a1b2c3d4e5"
        ]
    );
    assert_eq!(removed, ["account 777788889999"]);
}

#[test]
fn the_older_form_is_read_too() {
    for list in [
        json!({"userIds": ["444455556666"]}),
        json!({"userIdSet": {"items": [{"userId": "444455556666"}]}}),
        json!({"userId": "444455556666"}),
    ] {
        let mut request =
            json!({"imageId": "ami-1", "attributeType": "launchPermission", "operationType": "add"});
        request.as_object_mut().unwrap().extend(list.as_object().unwrap().clone());
        assert_eq!(told(request).0, ["account 444455556666"]);
    }
    let (added, removed) = told(json!({"attribute": "launchPermission", "operationType": "remove",
        "userGroups": {"items": [{"group": "all"}]}}));
    assert_eq!((added.len(), removed), (0, vec!["everyone".to_owned()]));
}

#[test]
fn a_snapshot_is_shared_in_the_same_way() {
    let shared = permissions(
        "ModifySnapshotAttribute",
        json!({"snapshotId": "snap-1",
        "attributeType": "CREATE_VOLUME_PERMISSION", "createVolumePermission": {"add": {"items": [{"group": "all"}]}}}),
    );
    assert_eq!(shared.added, [Grantee::Everyone]);
    assert_eq!(shared.resource, Resource { kind: Kind::Snapshot, id: Some("snap-1".into()) });
}

#[test]
fn another_attribute_lets_nobody_in() {
    for (request, attribute) in [
        (json!({"imageId": "ami-1", "description": {"value": "x"}}), "description"),
        (json!({"imageId": "ami-1", "imdsSupport": {"value": "v2.0"}}), "imdsSupport"),
        (json!({"imageId": "ami-1", "attributeType": "productCodes", "productCodes": {}}), "productCodes"),
    ] {
        let resource = Resource { kind: Kind::Image, id: Some("ami-1".into()) };
        let told = change("ModifyImageAttribute", request);
        assert_eq!(told, Change::OtherAttribute { resource, attribute: attribute.into() });
    }
}

#[test]
fn what_the_record_leaves_out_is_not_guessed() {
    for request in [
        Value::Null,
        json!({"omitted": true, "originalSize": 312_000, "reason": "contentSize"}),
        json!({"imageId": "ami-1"}),
        json!({"imageId": "ami-1", "attributeType": "launchPermission"}),
        json!({"imageId": "ami-1", "launchPermission": {"add": {"items": []}}}),
        json!({"imageId": "ami-1", "launchPermission": "hello"}),
        json!("hello"),
    ] {
        assert!(!permissions("ModifyImageAttribute", request.clone()).is_known, "{request}");
    }
}

#[test]
fn a_grantee_of_a_new_kind_is_said_as_it_is() {
    let (added, _) =
        told(json!({"launchPermission": {"add": {"items": [{"planet": "mars"}, {"group": "some"}]}}}));
    assert_eq!(added, ["`{\"planet\":\"mars\"}`", "`some`"]);
}

#[test]
fn a_reset_shuts_everybody_out_whatever_the_record_lacks() {
    for request in [json!({"imageId": "ami-1", "attribute": "launchPermission"}), Value::Null] {
        let shut = permissions("ResetImageAttribute", request);
        assert!(shut.reset && shut.is_known);
    }
}

#[test]
fn only_an_id_that_aws_gives_is_legal() {
    let legal = |id: &str| Resource { kind: Kind::Image, id: Some(id.into()) }.legal_id().is_some();
    assert!(legal("ami-0123abcd") && legal("ami-0123456789abcdef0"));
    for id in ["ami-0123ABCD", "ami-0123abcd; reboot", "snap-0123abcd", "ami-", "", "ami-0123456789abcdef01"]
    {
        assert!(!legal(id), "{id}");
    }
}
