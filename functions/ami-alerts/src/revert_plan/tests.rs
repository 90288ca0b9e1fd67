use serde_json::{Value, json};

use super::*;
use crate::change::SharingChange;
use crate::event::{Event, Parsed, parse};
use crate::facts::LookUp;

const OWN: &str = "111122223333";
const IMAGE: &str = "ami-0123456789abcdef0";
const SNAPSHOT: &str = "snap-0123456789abcdef0";
const ORGANIZATION: &str = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5";
const UNIT: &str = "arn:aws:organizations::777788889999:ou/o-a1b2c3d4e5/ou-ab12-cdefghij";

fn record(name: &str, request: &Value) -> Record {
    let detail = json!({"eventName": name, "eventSource": "ec2.amazonaws.com", "recipientAccountId": OWN,
        "requestParameters": request});
    let event = json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": detail});
    let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
    *record
}

fn items(names: &[&str]) -> Value {
    let item = |name: &&str| match *name {
        "all" => json!({"group": name}),
        ORGANIZATION => json!({"organizationArn": name}),
        UNIT => json!({"organizationalUnitArn": name}),
        name => json!({"userId": name}),
    };
    json!({"add": {"items": names.iter().map(item).collect::<Vec<_>>()}})
}

fn image_shared(names: &[&str]) -> Record {
    record("ModifyImageAttribute", &json!({"imageId": IMAGE, "launchPermission": items(names)}))
}

fn snapshot_shared(names: &[&str]) -> Record {
    record(
        "ModifySnapshotAttribute",
        &json!({"snapshotId": SNAPSHOT, "createVolumePermission": items(names)}),
    )
}

fn omitted() -> Record {
    record("ModifyImageAttribute", &json!({"omitted": true, "imageId": IMAGE}))
}

fn now(names: &[&str]) -> Facts {
    let permissions = LookUp::Found(names.iter().map(|name| Grantee::of(name)).collect());
    Facts { permissions, ..Facts::default() }
}

fn trusted_organization() -> Trusted {
    Trusted { organizations: ["o-a1b2c3d4e5".to_owned()].into(), ..Trusted::default() }
}

/// A plan of the revert `untrusted` in the function's own account, changed by `change`.
fn plan_with(
    record: &Record,
    facts: &Facts,
    trusted: &Trusted,
    change: impl FnOnce(&mut RevertRequest<'_>),
) -> RevertPlan {
    let Some(SharingChange::Permissions(permissions)) = SharingChange::of(record) else { panic!("no share") };
    let mut request = RevertRequest {
        revert: Revert::Untrusted,
        permissions: &permissions,
        record,
        facts,
        trusted,
        is_uncertain: false,
        is_rule_broken: false,
        has_access: true,
    };
    change(&mut request);
    request.plan()
}

fn plan(record: &Record, facts: &Facts) -> RevertPlan {
    plan_with(record, facts, &Trusted::default(), |_| ())
}

fn names(grantees: &[Grantee]) -> Vec<String> {
    grantees.iter().map(|grantee| grantee.name().into_owned()).collect()
}

fn revocable(plan: &RevertPlan) -> Vec<String> {
    names(plan.revocable())
}

fn held(plan: &RevertPlan) -> Vec<(RevertBlock, Vec<String>)> {
    plan.held().iter().map(|held| (held.block, names(&held.grantees))).collect()
}

#[test]
fn which_grantees_does_a_revert_revoke() {
    let trusted = Trusted { accounts: ["777788889999".to_owned()].into(), ..Trusted::default() };
    let call = image_shared(&["all", "444455556666", "777788889999", ORGANIZATION]);
    // Another call shared the image with 123412341234.
    let facts = now(&["all", "444455556666", "777788889999", ORGANIZATION, "123412341234"]);
    let untrusted = ["all", "444455556666", ORGANIZATION];
    assert_eq!(revocable(&plan_with(&call, &facts, &trusted, |_| ())), untrusted);
    let public = plan_with(&call, &facts, &trusted, |request| request.revert = Revert::Public);
    assert_eq!(revocable(&public), ["all"]);
}

#[test]
fn does_a_look_up_exclude_no_grantee() {
    let call = image_shared(&["all", "444455556666"]);
    for facts in [now(&[]), now(&["all"]), Facts::default()] {
        assert_eq!(revocable(&plan(&call, &facts)), ["all", "444455556666"]);
    }
}

#[test]
fn do_the_current_grantees_count_if_the_record_omits_them() {
    assert_eq!(revocable(&plan(&omitted(), &now(&["all", "444455556666"]))), ["all", "444455556666"]);
    assert_eq!(plan(&omitted(), &now(&[])), RevertPlan::Nothing);
    assert_eq!(plan(&omitted(), &Facts::default()), RevertPlan::Blocked(RevertBlock::GranteesUnknown));
}

#[test]
fn is_an_unknown_kind_held_and_are_the_others_revoked() {
    let mixed = plan(&image_shared(&["mars", "444455556666"]), &Facts::default());
    assert_eq!(revocable(&mixed), ["444455556666"]);
    assert_eq!(held(&mixed), [(RevertBlock::UnknownGrantees, vec!["mars".to_owned()])]);
    let alone = plan(&image_shared(&["mars"]), &Facts::default());
    assert_eq!(held(&alone), [(RevertBlock::UnknownGrantees, vec!["mars".to_owned()])]);
    assert!(matches!(alone, RevertPlan::Held(_)));
}

#[test]
fn is_a_snapshot_reverted_like_an_image() {
    let shared = plan(&snapshot_shared(&["all", "444455556666", UNIT]), &Facts::default());
    assert_eq!(revocable(&shared), ["all", "444455556666"]);
    assert_eq!(held(&shared), [(RevertBlock::UnknownGrantees, vec![UNIT.to_owned()])]);
}

#[test]
fn is_an_account_held_whose_organization_is_unknown() {
    let facts = Facts::default();
    let trusted = Trusted { unproven: ["444455556666".to_owned()].into(), ..trusted_organization() };
    let call = image_shared(&["all", "444455556666", "777788889999", "123412341234"]);
    let unknown = plan_with(&call, &facts, &trusted, |_| ());
    assert_eq!(revocable(&unknown), ["all", "777788889999", "123412341234"]);
    assert_eq!(held(&unknown), [(RevertBlock::MembershipUnknown, vec!["444455556666".to_owned()])]);
    assert_eq!(held(&plan_with(&call, &facts, &trusted_organization(), |_| ())), []);
}

#[test]
fn what_blocks_a_revert() {
    let shared = image_shared(&["all"]);
    let of = |record: &Record| plan(record, &Facts::default());
    let with = |change: fn(&mut RevertRequest<'_>)| {
        plan_with(&shared, &Facts::default(), &Trusted::default(), change)
    };
    assert_eq!(
        with(|request| request.has_access = false),
        RevertPlan::Blocked(RevertBlock::OtherAccount(ResourceKind::Image))
    );
    assert_eq!(with(|request| request.is_uncertain = true), RevertPlan::Blocked(RevertBlock::TagsUnknown));
    assert_eq!(with(|request| request.is_rule_broken = true), RevertPlan::Blocked(RevertBlock::RuleBroken));
    let mut elsewhere = image_shared(&["all"]);
    elsewhere.region = Some("evil.example/".into());
    assert_eq!(
        of(&elsewhere),
        RevertPlan::Blocked(RevertBlock::NotARegion),
        "it would become part of a host"
    );
    let nameless = record("ModifySnapshotAttribute", &json!({"createVolumePermission": items(&["all"])}));
    assert_eq!(of(&nameless), RevertPlan::Blocked(RevertBlock::NoId(ResourceKind::Snapshot)));
}
