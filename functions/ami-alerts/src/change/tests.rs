use serde_json::json;

use super::*;
use crate::event::{Event, Parsed, parse};

const ORGANIZATION: &str = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5";
const UNIT: &str = "arn:aws:organizations::777788889999:ou/o-a1b2c3d4e5/ou-ab12-cdefghij";

fn change(name: &str, request: Value) -> SharingChange {
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "detail": {
        "eventSource": "ec2.amazonaws.com", "eventName": name, "requestParameters": request}});
    let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
    SharingChange::of(&record).expect("a call that is understood")
}

fn permissions(name: &str, request: Value) -> PermissionChange {
    match change(name, request) {
        SharingChange::Permissions(permissions) => permissions,
        other => panic!("{other:?}"),
    }
}

/// The added and the removed grantees, as sentences name them.
fn shown(request: Value) -> (Vec<String>, Vec<String>) {
    let PermissionChange { added, removed, is_known, .. } = permissions("ModifyImageAttribute", request);
    assert!(is_known);
    let names = |grantees: Vec<Grantee>| grantees.iter().map(Grantee::to_string).collect();
    (names(added), names(removed))
}

#[test]
fn does_every_item_count_and_none_twice() {
    let (added, removed) =
        shown(json!({"imageId": "ami-1", "attributeType": "launchPermission", "launchPermission": {
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
fn is_the_older_form_of_the_request_read() {
    for list in [
        json!({"userIds": ["444455556666"]}),
        json!({"userIdSet": {"items": [{"userId": "444455556666"}]}}),
        json!({"userId": "444455556666"}),
    ] {
        let mut request =
            json!({"imageId": "ami-1", "attributeType": "launchPermission", "operationType": "add"});
        request.as_object_mut().unwrap().extend(list.as_object().unwrap().clone());
        assert_eq!(shown(request).0, ["account 444455556666"]);
    }
    let (added, removed) = shown(json!({"attribute": "launchPermission", "operationType": "remove",
        "userGroups": {"items": [{"group": "all"}]}}));
    assert_eq!((added.len(), removed), (0, vec!["everyone".to_owned()]));
}

#[test]
fn is_a_shared_snapshot_read() {
    let shared = permissions(
        "ModifySnapshotAttribute",
        json!({"snapshotId": "snap-1",
        "attributeType": "CREATE_VOLUME_PERMISSION", "createVolumePermission": {"add": {"items": [{"group": "all"}]}}}),
    );
    assert_eq!(shared.added, [Grantee::Everyone]);
    assert_eq!(shared.resource, SharedResource { kind: ResourceKind::Snapshot, id: Some("snap-1".into()) });
}

#[test]
fn does_another_attribute_count_as_no_share() {
    for (request, attribute) in [
        (json!({"imageId": "ami-1", "description": {"value": "x"}}), "description"),
        (json!({"imageId": "ami-1", "imdsSupport": {"value": "v2.0"}}), "imdsSupport"),
        (json!({"imageId": "ami-1", "attributeType": "productCodes", "productCodes": {}}), "productCodes"),
    ] {
        let resource = SharedResource { kind: ResourceKind::Image, id: Some("ami-1".into()) };
        let changed = change("ModifyImageAttribute", request);
        assert_eq!(changed, SharingChange::OtherAttribute { resource, attribute: attribute.into() });
    }
}

#[test]
fn is_a_change_unknown_where_the_record_omits_it() {
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
fn is_a_request_read_whatever_its_case_and_lists_are() {
    let account = ["account 444455556666"];
    for request in [
        json!({"ModifyImageAttributeRequest": {"ImageId": "ami-1", "LaunchPermission": {"Add": [{"UserId": "444455556666"}]}}}),
        json!({"modifyImageAttributeRequest": {"imageId": "ami-1", "launchPermission": {"add": {"item": {"userId": 444455556666_u64}}}}, "x": null}),
        json!({"imageId": "ami-1", "LAUNCHPERMISSION": {"ADD": {"Items": [{"item": {"userId": "444455556666"}}]}}}),
        json!({"imageId": "ami-1", "launchPermission": {"add": "444455556666"}}),
        json!({"ImageId": "ami-1", "OperationType": "Add", "UserIds": {"member": ["444455556666"]}}),
    ] {
        let read = permissions("ModifyImageAttribute", request.clone());
        assert_eq!(read.resource.id.as_deref(), Some("ami-1"), "{request}");
        assert_eq!(shown(request).0, account);
    }
    let (added, _) = shown(json!({"launchPermission": {"add": [{"userId": 12_345_678_901_u64}]}}));
    assert_eq!(added, ["account 012345678901"], "a number has no leading zeros");
}

#[test]
fn is_a_form_that_is_not_understood_unknown_and_never_skipped() {
    for request in [
        json!({"imageId": "ami-1", "sharing": {"with": ["444455556666"]}}),
        json!({"imageId": "ami-1", "attributeType": "resourcePolicy", "value": "{}"}),
        json!({"imageId": "ami-1", "attributeType": "description", "policy": "{}"}),
        json!({"imageId": "ami-1", "launchPermission": {"replace": [{"group": "all"}]}}),
        json!({"imageId": "ami-1", "operationType": "replace", "userIds": ["444455556666"]}),
        json!({"imageId": "ami-1", "operationType": 3, "userIds": ["444455556666"]}),
        json!({"imageId": "ami-1", "userIds": ["444455556666"]}),
        json!({"imageId": "ami-1", "launchPermission": ["444455556666"]}),
    ] {
        let read = permissions("ModifyImageAttribute", request.clone());
        assert!(!read.is_known, "{request}");
        assert_eq!(read.resource.id.as_deref(), Some("ami-1"));
    }
    let read = permissions("ResetImageAttribute", json!({"imageId": "ami-1", "attribute": "resourcePolicy"}));
    assert!(!read.is_known && !read.reset);
}

#[test]
fn does_the_rest_count_where_a_part_is_not_understood() {
    let (added, removed) = shown(json!({"launchPermission": {
        "add": {"items": [{"userId": "444455556666", "planet": "mars"}]},
        "remove": {"items": [{"group": "all"}]},
        "replace": {"items": [{"group": "all"}]}}}));
    assert_eq!(
        added,
        [
            "account 444455556666",
            "`{\"planet\":\"mars\"}`",
            "`{\"replace\":{\"items\":[{\"group\":\"all\"}]}}`"
        ]
    );
    assert_eq!(removed, ["everyone"]);
}

#[test]
fn is_an_attribute_that_grants_no_access_skipped_in_any_case() {
    for request in [
        json!({"ImageId": "ami-1", "Attribute": "Description", "Value": "x"}),
        json!({"ModifyImageAttributeRequest": {"ImageId": "ami-1", "ImdsSupport": {"Value": "v2.0"}}}),
        json!({"imageId": "ami-1", "attributeType": "kernel", "operationType": "", "value": "aki-1"}),
    ] {
        assert!(matches!(change("ModifyImageAttribute", request), SharingChange::OtherAttribute { .. }));
    }
}

#[test]
fn does_the_answer_of_block_public_access_count() {
    let answered = |name: &str, answer: Value| {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "detail": {
            "eventSource": "ec2.amazonaws.com", "eventName": name, "responseElements": answer}});
        let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
        match SharingChange::of(&record) {
            Some(SharingChange::PublicAccessBlock { on, answered, .. }) => (on, answered),
            other => panic!("{other:?}"),
        }
    };
    let images =
        json!({"EnableImageBlockPublicAccessResponse": {"imageBlockPublicAccessState": "block-new-sharing"}});
    assert_eq!(answered("EnableImageBlockPublicAccess", images), (true, Some("block-new-sharing".into())));
    let snapshots = json!({"State": "block-all-sharing"});
    assert_eq!(
        answered("EnableSnapshotBlockPublicAccess", snapshots),
        (true, Some("block-all-sharing".into()))
    );
    assert_eq!(answered("DisableImageBlockPublicAccess", json!({"_return": true})), (false, None));
}

#[test]
fn is_a_new_kind_of_grantee_kept() {
    let (added, _) =
        shown(json!({"launchPermission": {"add": {"items": [{"planet": "mars"}, {"group": "some"}]}}}));
    assert_eq!(added, ["`{\"planet\":\"mars\"}`", "`some`"]);
}

#[test]
fn does_a_reset_count_without_parameters() {
    for request in [json!({"imageId": "ami-1", "attribute": "launchPermission"}), Value::Null] {
        let reset = permissions("ResetImageAttribute", request);
        assert!(reset.reset && reset.is_known);
    }
}

#[test]
fn is_only_an_id_of_aws_form_legal() {
    let legal =
        |id: &str| SharedResource { kind: ResourceKind::Image, id: Some(id.into()) }.legal_id().is_some();
    assert!(legal("ami-0123abcd") && legal("ami-0123456789abcdef0"));
    for id in ["ami-0123ABCD", "ami-0123abcd; reboot", "snap-0123abcd", "ami-", "", "ami-0123456789abcdef01"]
    {
        assert!(!legal(id), "{id}");
    }
}

#[test]
fn a_grantee_hides_in_no_harmless_member() {
    let share = json!({"add": {"items": [{"group": "all"}]}});
    for request in [
        json!({"imageId": "ami-1", "description": {"value": "x", "launchPermission": share}}),
        json!({"imageId": "ami-1", "description": {"launchPermission": share}}),
        json!({"imageId": "ami-1", "attribute": "description", "value": {"userGroups": ["all"]}}),
        json!({"imageId": "ami-1", "attribute": {"value": "launchPermission"}, "description": {"value": "x"}}),
        json!({"imageId": "ami-1", "operationType": "remove", "OperationType": "add", "userGroups": ["all"]}),
        json!({"xRequest": {"description": {"value": "x"}}, "yRequest": {"launchPermission": share}}),
    ] {
        assert!(!permissions("ModifyImageAttribute", request.clone()).is_known, "{request}");
    }
}

#[test]
fn an_object_beside_a_permission_wraps_nothing() {
    let (added, _) = shown(json!({"imageId": "ami-1", "launchPermission": {"add": [{"group": "all"}]},
        "aRequest": {"imageId": "ami-1", "description": {"value": "x"}}}));
    assert_eq!(added.first().map(String::as_str), Some("everyone"));
    let wrapped = json!({"ModifyImageAttributeRequest": {"LaunchPermission": {"Add": [{"Group": "all"}]}}, "xmlns": "x"});
    assert_eq!(shown(wrapped).0, ["everyone"]);
}

#[test]
fn the_account_of_a_service_event_is_not_the_one_that_caused_it() {
    for detail in [json!({"eventType": "AwsServiceEvent"}), json!({})] {
        let mut event = json!({"eventSource": "ec2.amazonaws.com", "eventName": "SharedSnapshotVolumeCreated",
            "userIdentity": {"accountId": "444455556666"}, "serviceEventDetails": {"snapshotId": "snap-1"}});
        event.as_object_mut().unwrap().extend(detail.as_object().unwrap().clone());
        let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
        assert_eq!(record.account, None);
        let Some(SharingChange::SnapshotUsed { by, .. }) = SharingChange::of(&record) else {
            panic!("no use")
        };
        assert_eq!(by.as_deref(), Some("444455556666"));
    }
}
