//! The assessment of a recorded call: trusted grantees, muted severities, reverts; and the decisions that follow.

use std::collections::BTreeSet;

use ami_alerts::assess::{Assessment, assess_change};
use ami_alerts::call_outcome::CallOutcome;
use ami_alerts::change::SharingChange;
use ami_alerts::event::{Event, Parsed, Record, parse};
use ami_alerts::facts::{Facts, ImageDescription, LookUp, LookupError};
use ami_alerts::grantee::Grantee;
use ami_alerts::revert_plan::{RevertBlock, RevertPlan};
use ami_alerts::rules::{ImageRule, Reminder, Revert, Rules, Trusted};
use ami_alerts::severity::Severity;
use serde_json::{Value, json};
use shared::call_error::CallError;
use shared::config::Place;

const NOW: &str = "2026-03-02T10:05:00Z";
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
        trusted_actors: Vec::new(),
        remind: Reminder::default(),
        revert: None,
        revert_at: None,
        place: Place::line("pointsman.toml", 1),
    }
}

fn rules(images: impl Into<Vec<ImageRule>>) -> Rules {
    Rules { images: images.into(), ..Rules::default() }
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

fn share_with(names: &[&str]) -> Record {
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

fn denied_lookup() -> LookupError {
    CallError::without_answer("ec2:DescribeImages", "denied").into()
}

fn denied(mut record: Record) -> Record {
    record.detail.insert("errorCode".into(), "Client.UnauthorizedOperation".into());
    record.outcome = CallOutcome::of(&record.detail);
    record
}

/// Facts about the image: its tags and its current grantees.
fn facts_with(tags: &[(&str, &str)], now: &[&str]) -> Facts {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Facts {
        image: LookUp::Found(Some(ImageDescription {
            id: IMAGE.into(),
            tags,
            ..ImageDescription::default()
        })),
        permissions: LookUp::Found(now.iter().map(|name| Grantee::of(name)).collect()),
        ..Facts::default()
    }
}

fn assessment_of<'r>(record: &Record, facts: &Facts, rules: &'r Rules) -> Assessment<'r> {
    let change = SharingChange::of(record).expect("a call that is understood");
    assess_change(record, &change, facts, rules, OWN, NOW.parse().expect("a time"))
}

fn codes(assessment: &Assessment<'_>) -> Vec<&'static str> {
    assessment.findings.iter().map(|finding| finding.kind.code()).collect()
}

fn removed(assessment: &Assessment<'_>) -> Vec<String> {
    assessment.revert.revocable().iter().map(|grantee| grantee.name().into_owned()).collect()
}

#[test]
fn is_a_more_distant_grantee_more_severe() {
    let severities = ["all", "444455556666", ORGANIZATION, UNIT, OWN]
        .map(|name| assessment_of(&share_with(&[name]), &Facts::default(), &rules([])).severity);
    assert_eq!(
        severities.map(|severity| severity.to_string()),
        ["critical", "high", "medium", "low", "info"]
    );
    assert!(severities.is_sorted_by(|before, after| before > after));
}

#[test]
fn does_the_worst_finding_come_first() {
    let all = share_with(&[OWN, UNIT, "444455556666", "all", "mars"]);
    let rules = rules([]);
    let assessed = assessment_of(&all, &Facts::default(), &rules);
    assert_eq!(
        codes(&assessed),
        ["public", "outside-account", "unknown-grantee", "organizational-unit", "own-account"]
    );
}

#[test]
fn is_a_share_with_a_trusted_grantee_only_information() {
    let trusted = Trusted {
        everyone: false,
        accounts: ["444455556666".to_owned()].into(),
        organizations: ["o-a1b2c3d4e5".to_owned()].into(),
        ..Trusted::default()
    };
    let rules = rules([ImageRule { trusted, ..rule() }]);
    for name in ["444455556666", ORGANIZATION, UNIT] {
        let assessed = assessment_of(&share_with(&[name]), &Facts::default(), &rules);
        assert_eq!((codes(&assessed), assessed.severity), (vec!["trusted"], Severity::Info), "{name}");
    }
    assert_eq!(assessment_of(&share_with(&["all"]), &Facts::default(), &rules).severity, Severity::Critical);
    let unit = Trusted { units: ["ou-ab12-cdefghij".to_owned()].into(), ..Trusted::default() };
    let rules = self::rules([ImageRule { trusted: unit, ..rule() }]);
    assert_eq!(codes(&assessment_of(&share_with(&[UNIT]), &Facts::default(), &rules)), ["trusted"]);
    assert_eq!(
        codes(&assessment_of(&share_with(&[ORGANIZATION]), &Facts::default(), &rules)),
        ["outside-organization"]
    );
}

#[test]
fn does_the_first_rule_that_covers_an_image_apply() {
    let public = Trusted { everyone: true, ..Trusted::default() };
    let by_id = ImageRule { ids: [IMAGE.to_owned()].into(), trusted: public.clone(), ..rule() };
    let by_tag = ImageRule { tags: vec![("Purpose".into(), "public".into())], trusted: public, ..rule() };
    let other = ImageRule { ids: ["ami-99999999".to_owned()].into(), ..by_id.clone() };
    let all = share_with(&["all"]);
    let severity = |rules: &Rules, facts: &Facts| assessment_of(&all, facts, rules).severity;
    assert_eq!(severity(&rules([by_id]), &Facts::default()), Severity::Info);
    assert_eq!(severity(&rules([other]), &Facts::default()), Severity::Critical);
    let by_tag = rules([by_tag, rule()]);
    assert_eq!(severity(&by_tag, &facts_with(&[("Purpose", "public")], &[])), Severity::Info);
    assert_eq!(severity(&by_tag, &facts_with(&[("Purpose", "test")], &[])), Severity::Critical);
}

#[test]
fn do_unreadable_tags_trust_no_grantee_and_block_the_revert() {
    let trusted = Trusted { everyone: true, ..Trusted::default() };
    let by_tag = ImageRule { tags: vec![("Purpose".into(), "public".into())], trusted, ..rule() };
    let rules = rules([by_tag, ImageRule { revert: Some(Revert::Public), ..rule() }]);
    let facts = Facts { image: LookUp::Failed(denied_lookup()), ..Facts::default() };
    let assessed = assessment_of(&share_with(&["all"]), &facts, &rules);
    assert_eq!((assessed.severity, assessed.is_uncertain), (Severity::Critical, true));
    assert_eq!(assessed.revert, RevertPlan::Blocked(RevertBlock::TagsUnknown));
}

#[test]
fn is_revoked_access_only_information() {
    let taken = record(
        "ModifyImageAttribute",
        json!({"requestParameters": {"imageId": IMAGE,
        "launchPermission": {"remove": {"items": [{"group": "all"}]}}}}),
    );
    let rules = rules([ImageRule { revert: Some(Revert::Untrusted), ..rule() }]);
    let assessed = assessment_of(&taken, &Facts::default(), &rules);
    assert_eq!(
        (codes(&assessed), assessed.severity, &assessed.revert),
        (vec!["unshared"], Severity::Info, &RevertPlan::Nothing)
    );
    let reset = record("ResetImageAttribute", json!({"requestParameters": {"imageId": IMAGE}}));
    assert_eq!(codes(&assessment_of(&reset, &Facts::default(), &rules)), ["reset"]);
}

#[test]
fn is_a_denied_attempt_less_severe_and_not_reverted() {
    let rules = rules([ImageRule { revert: Some(Revert::Untrusted), ..rule() }]);
    for (name, severity) in
        [("all", Severity::Medium), ("444455556666", Severity::Low), (UNIT, Severity::Info)]
    {
        let assessed = assessment_of(&denied(share_with(&[name])), &Facts::default(), &rules);
        assert_eq!((assessed.severity, &assessed.revert), (severity, &RevertPlan::Nothing), "{name}");
    }
}

#[test]
fn is_a_severity_below_mute_below_muted() {
    let rules = rules([ImageRule { mute_below: Severity::Medium, ..rule() }]);
    assert!(assessment_of(&share_with(&[UNIT]), &Facts::default(), &rules).is_muted);
    assert!(!assessment_of(&share_with(&[ORGANIZATION]), &Facts::default(), &rules).is_muted);
}

#[test]
fn how_is_a_change_assessed_that_the_record_omits() {
    let omitted = record(
        "ModifyImageAttribute",
        json!({"requestParameters": {"omitted": true},
        "resources": [{"ARN": format!("arn:aws:ec2:us-east-1::image/{IMAGE}")}]}),
    );
    let rules = rules([ImageRule { revert: Some(Revert::Public), ..rule() }]);
    let severity = |facts: &Facts| assessment_of(&omitted, facts, &rules).severity;
    assert_eq!(severity(&facts_with(&[], &["444455556666", "all"])), Severity::Critical);
    assert_eq!(severity(&facts_with(&[], &[])), Severity::Info);
    assert_eq!(severity(&Facts::default()), Severity::High);
    assert_eq!(
        removed(&assessment_of(&omitted, &facts_with(&[], &["444455556666", "all"]), &rules)),
        ["all"]
    );
    assert!(matches!(
        assessment_of(&omitted, &Facts::default(), &rules).revert,
        RevertPlan::Blocked(RevertBlock::GranteesUnknown)
    ));
}

#[test]
fn how_severe_is_a_change_of_block_public_access() {
    let rules = rules([]);
    for (name, code, severity) in [
        ("DisableImageBlockPublicAccess", "block-public-access-off", Severity::High),
        ("EnableImageBlockPublicAccess", "block-public-access-on", Severity::Info),
    ] {
        let call = record(name, json!({}));
        let assessed = assessment_of(&call, &Facts::default(), &rules);
        assert_eq!((codes(&assessed), assessed.severity), (vec![code], severity));
    }
}
