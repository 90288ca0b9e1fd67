//! What a call means, by the rules and by what was seen: who is trusted, what is muted, what is undone.

use std::collections::BTreeSet;

use ami_alerts::change::Change;
use ami_alerts::decide::{Judgement, Plan, judge};
use ami_alerts::event::{Event, Parsed, Record, parse};
use ami_alerts::facts::{Facts, Image, Look};
use ami_alerts::grantee::Grantee;
use ami_alerts::rules::{ImageRule, Revert, Rules, Trusted};
use ami_alerts::severity::Severity;
use serde_json::{Value, json};
use shared::config::Place;

const OWN: &str = "111122223333";
const IMAGE: &str = "ami-0123456789abcdef0";
const ORGANIZATION: &str = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5";
const UNIT: &str = "arn:aws:organizations::777788889999:ou/o-a1b2c3d4e5/ou-ab12-cdefghij";

fn rule() -> ImageRule {
    ImageRule {
        ids: BTreeSet::new(),
        tags: Vec::new(),
        trusted: Trusted::default(),
        mute_below: Severity::Info,
        revert: None,
        revert_at: None,
        place: Place::line("pointsman.toml", 1),
    }
}

fn rules(images: impl Into<Vec<ImageRule>>) -> Rules {
    Rules { images: images.into(), calls: Vec::new() }
}

fn record(name: &str, members: Value) -> Record {
    let mut detail =
        json!({"eventName": name, "eventSource": "ec2.amazonaws.com", "recipientAccountId": OWN});
    let more = members.as_object().expect("an object").clone();
    detail.as_object_mut().expect("an object").extend(more);
    let event = json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": detail});
    let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
    *record
}

fn given(names: &[&str]) -> Record {
    record(
        "ModifyImageAttribute",
        json!({"requestParameters": {"imageId": IMAGE,
        "launchPermission": {"add": {"items": names.iter().map(|name| item(name)).collect::<Vec<_>>()}}}}),
    )
}

fn item(name: &str) -> Value {
    match name {
        "all" => json!({"group": name}),
        ORGANIZATION => json!({"organizationArn": name}),
        UNIT => json!({"organizationalUnitArn": name}),
        name => json!({"userId": name}),
    }
}

fn denied(mut record: Record) -> Record {
    record.detail.insert("errorCode".into(), "Client.UnauthorizedOperation".into());
    record.outcome = ami_alerts::outcome::Outcome::of(&record.detail);
    record
}

/// What was seen of the image: its tags, and who may use it now.
fn seen(tags: &[(&str, &str)], now: &[&str]) -> Facts {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Facts {
        image: Look::Seen(Some(Image { id: IMAGE.into(), tags, ..Image::default() })),
        permissions: Look::Seen(now.iter().map(|name| Grantee::of(name)).collect()),
        ..Facts::default()
    }
}

fn judged<'r>(record: &Record, facts: &Facts, rules: &'r Rules) -> Judgement<'r> {
    let change = Change::of(record).expect("a call that is understood");
    judge(record, &change, facts, rules, OWN)
}

fn codes(judgement: &Judgement<'_>) -> Vec<&'static str> {
    judgement.findings.iter().map(|finding| finding.what.code()).collect()
}

fn removed(judgement: &Judgement<'_>) -> Vec<String> {
    match &judgement.plan {
        Plan::Remove(grantees) => grantees.iter().map(|grantee| grantee.name().to_owned()).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_farther_out_the_worse() {
    let severities = ["all", "444455556666", ORGANIZATION, UNIT, OWN]
        .map(|name| judged(&given(&[name]), &Facts::default(), &rules([])).severity);
    assert_eq!(
        severities.map(|severity| severity.to_string()),
        ["critical", "high", "medium", "low", "info"]
    );
    assert!(severities.is_sorted_by(|before, after| before > after));
}

#[test]
fn of_several_the_worst_comes_first() {
    let all = given(&[OWN, UNIT, "444455556666", "all", "mars"]);
    let rules = rules([]);
    let told = judged(&all, &Facts::default(), &rules);
    assert_eq!(
        codes(&told),
        ["public", "outside-account", "unknown-grantee", "organizational-unit", "own-account"]
    );
}

#[test]
fn whom_a_rule_trusts_is_no_alarm() {
    let trusted = Trusted {
        everyone: false,
        accounts: ["444455556666".to_owned()].into(),
        organizations: ["o-a1b2c3d4e5".to_owned()].into(),
        units: BTreeSet::new(),
    };
    let rules = rules([ImageRule { trusted, ..rule() }]);
    for name in ["444455556666", ORGANIZATION, UNIT] {
        let told = judged(&given(&[name]), &Facts::default(), &rules);
        assert_eq!((codes(&told), told.severity), (vec!["trusted"], Severity::Info), "{name}");
    }
    assert_eq!(judged(&given(&["all"]), &Facts::default(), &rules).severity, Severity::Critical);
    let unit = Trusted { units: ["ou-ab12-cdefghij".to_owned()].into(), ..Trusted::default() };
    let rules = self::rules([ImageRule { trusted: unit, ..rule() }]);
    assert_eq!(codes(&judged(&given(&[UNIT]), &Facts::default(), &rules)), ["trusted"]);
    assert_eq!(codes(&judged(&given(&[ORGANIZATION]), &Facts::default(), &rules)), ["outside-organization"]);
}

#[test]
fn the_first_rule_that_covers_the_image_decides() {
    let public = Trusted { everyone: true, ..Trusted::default() };
    let by_id = ImageRule { ids: [IMAGE.to_owned()].into(), trusted: public.clone(), ..rule() };
    let by_tag = ImageRule { tags: vec![("Purpose".into(), "public".into())], trusted: public, ..rule() };
    let other = ImageRule { ids: ["ami-99999999".to_owned()].into(), ..by_id.clone() };
    let all = given(&["all"]);
    let severity = |rules: &Rules, facts: &Facts| judged(&all, facts, rules).severity;
    assert_eq!(severity(&rules([by_id]), &Facts::default()), Severity::Info);
    assert_eq!(severity(&rules([other]), &Facts::default()), Severity::Critical);
    let by_tag = rules([by_tag, rule()]);
    assert_eq!(severity(&by_tag, &seen(&[("Purpose", "public")], &[])), Severity::Info);
    assert_eq!(severity(&by_tag, &seen(&[("Purpose", "test")], &[])), Severity::Critical);
}

#[test]
fn tags_that_could_not_be_read_trust_nobody_and_undo_nothing() {
    let trusted = Trusted { everyone: true, ..Trusted::default() };
    let by_tag = ImageRule { tags: vec![("Purpose".into(), "public".into())], trusted, ..rule() };
    let rules = rules([by_tag, ImageRule { revert: Some(Revert::Public), ..rule() }]);
    let facts = Facts { image: Look::Unseen("AccessDenied".into()), ..Facts::default() };
    let told = judged(&given(&["all"]), &facts, &rules);
    assert_eq!((told.severity, told.is_uncertain), (Severity::Critical, true));
    assert!(matches!(told.plan, Plan::Held(why) if why.contains("tags")));
}

#[test]
fn a_removal_is_good_news() {
    let taken = record(
        "ModifyImageAttribute",
        json!({"requestParameters": {"imageId": IMAGE,
        "launchPermission": {"remove": {"items": [{"group": "all"}]}}}}),
    );
    let rules = rules([ImageRule { revert: Some(Revert::Untrusted), ..rule() }]);
    let told = judged(&taken, &Facts::default(), &rules);
    assert_eq!((codes(&told), told.severity, &told.plan), (vec!["unshared"], Severity::Info, &Plan::Nothing));
    let reset = record("ResetImageAttribute", json!({"requestParameters": {"imageId": IMAGE}}));
    assert_eq!(codes(&judged(&reset, &Facts::default(), &rules)), ["reset"]);
}

#[test]
fn what_was_only_tried_has_a_level_of_its_own_and_is_not_undone() {
    let rules = rules([ImageRule { revert: Some(Revert::Untrusted), ..rule() }]);
    for (name, severity) in
        [("all", Severity::Medium), ("444455556666", Severity::Low), (UNIT, Severity::Info)]
    {
        let told = judged(&denied(given(&[name])), &Facts::default(), &rules);
        assert_eq!((told.severity, &told.plan), (severity, &Plan::Nothing), "{name}");
    }
}

#[test]
fn what_is_less_severe_than_the_rule_wants_is_muted() {
    let rules = rules([ImageRule { mute_below: Severity::Medium, ..rule() }]);
    assert!(judged(&given(&[UNIT]), &Facts::default(), &rules).is_muted);
    assert!(!judged(&given(&[ORGANIZATION]), &Facts::default(), &rules).is_muted);
}

#[test]
fn only_the_grantees_that_the_call_let_in_and_the_rules_do_not_want_are_shut_out() {
    let trusted = Trusted { accounts: ["777788889999".to_owned()].into(), ..Trusted::default() };
    let with = |revert| rules([ImageRule { trusted: trusted.clone(), revert: Some(revert), ..rule() }]);
    let call = given(&["all", "444455556666", "777788889999", ORGANIZATION]);
    // 123412341234 was let in by another call, long ago.
    let facts = seen(&[], &["all", "444455556666", "777788889999", ORGANIZATION, "123412341234"]);
    assert_eq!(removed(&judged(&call, &facts, &with(Revert::Public))), ["all"]);
    let untrusted = ["all", "444455556666", ORGANIZATION];
    assert_eq!(removed(&judged(&call, &facts, &with(Revert::Untrusted))), untrusted);
    let gone = seen(&[], &["777788889999"]);
    assert_eq!(
        judged(&call, &gone, &with(Revert::Untrusted)).plan,
        Plan::Nothing,
        "nobody is left to shut out"
    );
    let unread = Facts { permissions: Look::Unseen("denied".into()), ..facts };
    assert_eq!(removed(&judged(&call, &unread, &with(Revert::Untrusted))), untrusted);
}

#[test]
fn what_the_record_leaves_out_is_judged_by_who_may_use_it_now() {
    let omitted = record(
        "ModifyImageAttribute",
        json!({"requestParameters": {"omitted": true},
        "resources": [{"ARN": format!("arn:aws:ec2:us-east-1::image/{IMAGE}")}]}),
    );
    let rules = rules([ImageRule { revert: Some(Revert::Public), ..rule() }]);
    let severity = |facts: &Facts| judged(&omitted, facts, &rules).severity;
    assert_eq!(severity(&seen(&[], &["444455556666", "all"])), Severity::Critical);
    assert_eq!(severity(&seen(&[], &[])), Severity::Info);
    assert_eq!(severity(&Facts::default()), Severity::High);
    assert_eq!(removed(&judged(&omitted, &seen(&[], &["444455556666", "all"]), &rules)), ["all"]);
    assert!(matches!(judged(&omitted, &Facts::default(), &rules).plan, Plan::Held(_)));
}

#[test]
fn what_cannot_be_undone_is_held_and_says_why() {
    let rules = rules([ImageRule { revert: Some(Revert::Untrusted), ..rule() }]);
    let held = |record: &Record| match judged(record, &Facts::default(), &rules).plan {
        Plan::Held(why) => why,
        other => panic!("{other:?}"),
    };
    let snapshot = record(
        "ModifySnapshotAttribute",
        json!({"requestParameters": {"snapshotId": "snap-01234567",
        "createVolumePermission": {"add": {"items": [{"group": "all"}]}}}}),
    );
    assert!(held(&snapshot).contains("snapshots"));
    let mut foreign = given(&["all"]);
    foreign.account = Some("999999999999".into());
    assert!(held(&foreign).contains("account"));
    let mut elsewhere = given(&["all"]);
    elsewhere.region = Some("evil.example/".into());
    assert!(held(&elsewhere).contains("region"), "it would become part of a host");
    assert!(held(&given(&["mars"])).contains("unknown"));
    let mut nameless = given(&["all"]);
    nameless.detail.insert(
        "requestParameters".into(),
        json!({"launchPermission": {"add": {"items": [{"group": "all"}]}}}),
    );
    assert!(held(&nameless).contains("no id"));
}

#[test]
fn block_public_access_is_bad_news_off_and_good_news_on() {
    let rules = rules([]);
    for (name, code, severity) in [
        ("DisableImageBlockPublicAccess", "block-public-access-off", Severity::High),
        ("EnableImageBlockPublicAccess", "block-public-access-on", Severity::Info),
    ] {
        let call = record(name, json!({}));
        let told = judged(&call, &Facts::default(), &rules);
        assert_eq!((codes(&told), told.severity), (vec![code], severity));
    }
}
