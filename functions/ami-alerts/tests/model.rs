//! Random orders of grants, removals, resets and denied calls, of late, lost and repeated records, of look-ups that lag, of changed
//! rules, of failing calls and of daily scans, against a model that knows the truth.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ami_alerts::change::ResourceKind;
use ami_alerts::claim::{AlertTableError, ClaimAnswer};
use ami_alerts::decide::{AssessedCall, Decided, decide, decide_after};
use ami_alerts::effect::{Acted, Effect};
use ami_alerts::event::{Event, Parsed, Record, parse};
use ami_alerts::facts::{Facts, ImageDescription, LookUp, LookupError};
use ami_alerts::grantee::Grantee;
use ami_alerts::memory::region::RegionMemories;
use ami_alerts::memory::{FindingClass, ResourceMemory, SETTLING};
use ami_alerts::recorded_call::RecordedCall;
use ami_alerts::revert_plan::RecordedRevert;
use ami_alerts::rules::Rules;
use ami_alerts::scan::{KindScan, RegionScan, ResourceDescription, ScannedResource, after_scan, decide_scan};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::act::Performed;
use shared::call_error::CallError;
use shared::config::Document;
use shared::home::Home;

const IMAGE: &str = "ami-0123456789abcdef0";
const OUTSIDER: &str = "444455556666";
const TRUSTED: &str = "777788889999";
const RULES: &str = "[[image-alert]]\ntrusted-accounts = [\"777788889999\"]\n";
const REVERTING: &str = "[[image-alert]]\ntrusted-accounts = [\"777788889999\"]\nrevert = \"public\"\n";

/// Rules that trust everything for a while.
const ALLOWING: &str =
    "[[image-alert]]\ntrusted-accounts = [\"777788889999\", \"444455556666\"]\npublic = true\n";

#[derive(Debug, Clone)]
enum Step {
    Grant(usize),
    Remove(usize),
    Reset,
    Denied(usize),
    Wait(i64),
    /// Delivers one of the records that were not delivered yet.
    Deliver(usize),
    Repeat(usize),
    Lose(usize),
    Scan,
    /// From now on, look-ups show the state of so many seconds ago.
    Lag(i64),
    /// Rules are deployed that trust everything, or those of the beginning.
    Allow(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3usize).prop_map(Step::Grant),
        3 => (0..3usize).prop_map(Step::Remove),
        1 => Just(Step::Reset),
        1 => (0..3usize).prop_map(Step::Denied),
        3 => (0..3_000i64).prop_map(Step::Wait),
        6 => (0..8usize).prop_map(Step::Deliver),
        2 => (0..8usize).prop_map(Step::Repeat),
        1 => (0..8usize).prop_map(Step::Lose),
        1 => Just(Step::Scan),
        1 => (0..SETTLING.as_secs()).prop_map(Step::Lag),
        1 => any::<bool>().prop_map(Step::Allow),
    ]
}

/// An email: when, and its severity.
type Sent = (Timestamp, String);

struct World {
    now: Timestamp,
    rules: Rules,
    home: Home,
    /// Who has access, and since when.
    truth: BTreeMap<Grantee, Timestamp>,
    /// Who had access from when on.
    past: Vec<(Timestamp, Vec<Grantee>)>,
    lag: i64,
    own_rules: Rules,
    undelivered: Vec<Value>,
    delivered: Vec<Value>,
    memory: ResourceMemory,
    emailed: BTreeSet<String>,
    reverted: BTreeMap<String, RecordedRevert>,
    sent: Vec<Sent>,
    records: usize,
    /// Whether each next call fails; none do at the end of the list.
    faults: VecDeque<bool>,
}

fn grantee(who: usize) -> Grantee {
    Grantee::of(["all", OUTSIDER, TRUSTED][who])
}

fn read(rules: &str) -> Rules {
    ami_alerts::rules::read(&Document::new("pointsman.toml", rules), &mut Vec::new())
}

fn error() -> CallError {
    CallError::without_answer("a call", "it failed")
}

impl World {
    fn new(rules: &str, faults: Vec<bool>) -> Self {
        let own_rules = read(rules);
        Self {
            now: "2026-03-02T10:00:00Z".parse().expect("a time"),
            rules: own_rules.clone(),
            own_rules,
            past: Vec::new(),
            lag: 0,
            home: Home::of("arn:aws:lambda:us-east-1:111122223333:function:ami-alerts"),
            truth: BTreeMap::new(),
            undelivered: Vec::new(),
            delivered: Vec::new(),
            memory: ResourceMemory::default(),
            emailed: BTreeSet::new(),
            reverted: BTreeMap::new(),
            sent: Vec::new(),
            records: 0,
            faults: faults.into(),
        }
    }

    fn fails(&mut self) -> bool {
        self.faults.pop_front().unwrap_or(false)
    }

    fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    fn record(&mut self, name: &str, change: Value, is_denied: bool) {
        self.records += 1;
        let mut request = json!({"imageId": IMAGE, "launchPermission": change});
        if name == "ResetImageAttribute" {
            request = json!({"imageId": IMAGE, "attribute": "launchPermission"});
        }
        let denial = is_denied.then_some("Client.UnauthorizedOperation");
        self.undelivered.push(json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail",
            "account": "111122223333", "region": "us-east-1", "detail": {
                "eventName": name, "eventSource": "ec2.amazonaws.com", "eventID": format!("e-{}", self.records),
                "eventTime": self.now.to_string(), "awsRegion": "us-east-1",
                "recipientAccountId": "111122223333", "errorCode": denial,
                "userIdentity": {"type": "IAMUser", "userName": "alice"}, "requestParameters": request}}));
    }

    fn change(&mut self, operation: &str, who: usize, is_denied: bool) {
        let item = match grantee(who) {
            Grantee::Everyone => json!({"group": "all"}),
            other => json!({"userId": other.name()}),
        };
        self.record("ModifyImageAttribute", json!({operation: {"items": [item]}}), is_denied);
        let now = self.now;
        match (operation, is_denied) {
            (_, true) => {}
            ("add", false) => drop(self.truth.entry(grantee(who)).or_insert(now)),
            (_, false) => drop(self.truth.remove(&grantee(who))),
        }
        self.remember_truth();
        self.wait(1);
    }

    fn remember_truth(&mut self) {
        self.past.push((self.now, self.truth.keys().cloned().collect()));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Grant(who) => self.change("add", *who, false),
            Step::Remove(who) => self.change("remove", *who, false),
            Step::Denied(who) => self.change("add", *who, true),
            Step::Reset => {
                self.record("ResetImageAttribute", Value::Null, false);
                self.truth.clear();
                self.remember_truth();
                self.wait(1);
            }
            Step::Wait(seconds) => self.wait(*seconds),
            Step::Deliver(at) if !self.undelivered.is_empty() => {
                let event = self.undelivered.remove(at % self.undelivered.len());
                self.deliver(&event);
                self.delivered.push(event);
            }
            Step::Repeat(at) if !self.delivered.is_empty() => {
                let event = self.delivered[at % self.delivered.len()].clone();
                self.deliver(&event);
            }
            Step::Lose(at) if !self.undelivered.is_empty() => {
                let at = at % self.undelivered.len();
                self.undelivered.remove(at);
            }
            Step::Scan => self.scan(),
            Step::Lag(seconds) => self.lag = *seconds,
            Step::Allow(true) => self.rules = read(ALLOWING),
            Step::Allow(false) => self.rules = self.own_rules.clone(),
            Step::Deliver(_) | Step::Repeat(_) | Step::Lose(_) => {}
        }
    }

    fn deliver(&mut self, event: &Value) {
        let Ok(Parsed::Ours(Event::Call(record))) = parse(event) else { panic!("a call") };
        let rules = self.rules.clone();
        let call = RecordedCall::of(&record, &rules).expect("a call that is reported");
        let home = self.home.clone();
        let (memory, permissions) = (self.fails(), self.fails());
        let failed = || LookupError::from(error());
        let mut facts = Facts {
            image: LookUp::Found(Some(ImageDescription { id: IMAGE.into(), ..ImageDescription::default() })),
            memory: if memory { LookUp::Failed(failed()) } else { LookUp::Found(self.memory.clone()) },
            permissions: if permissions { LookUp::Failed(failed()) } else { LookUp::Found(self.grantees()) },
            permissions_at: Some(self.now),
            ..Facts::default()
        };
        let assessed = AssessedCall::of(&call, &facts, &rules, &home, 262_144, self.now);
        self.says_only_what_is_true(&assessed, &record);
        let mut due: VecDeque<Effect> = decide(&assessed, &facts).effects.into();
        while let Some(effect) = due.pop_front() {
            let acted = self.carry_out(effect);
            if acted.changed_permissions() {
                let mut now = self.grantees();
                now.retain(|grantee| !acted.revoked().contains(grantee));
                facts.permissions = LookUp::Found(now);
            }
            let Decided { effects, .. } = decide_after(&assessed, &facts, acted);
            effects.into_iter().rev().for_each(|effect| due.push_front(effect));
        }
    }

    /// An end that an email states is a call that was made, and a later record than the beginning.
    fn says_only_what_is_true(&self, assessed: &AssessedCall<'_>, record: &Record) {
        let history = &assessed.assessment.history;
        for ended in &history.ended {
            assert!(ended.opened.as_ref().is_none_or(|opened| opened.at <= ended.closed.at), "{ended}");
            assert!(ended.closed.at <= self.now, "{ended}");
        }
        let at: Timestamp = record.time.as_deref().expect("a time").parse().expect("a time");
        assert!(history.removed_since.iter().all(|(_, moment)| moment.at >= at));
        assert!(history.granted_since.iter().all(|(_, moment)| moment.at > at));
    }

    /// What a look-up shows.
    fn grantees(&self) -> Vec<Grantee> {
        let shown = self.now - SignedDuration::from_secs(self.lag);
        let past = self.past.iter().rfind(|(at, _)| *at <= shown);
        past.map(|(_, grantees)| grantees.clone()).unwrap_or_default()
    }

    fn carry_out(&mut self, effect: Effect) -> Acted {
        match effect {
            Effect::Claim(key) => Acted::Claimed(match self.fails() {
                true => ClaimAnswer::Unknown(AlertTableError::NoTable),
                false if self.emailed.contains(&key) => ClaimAnswer::Emailed {
                    at: String::new(),
                    revert_failed: false,
                    reverted: self.reverted.get(&key).cloned(),
                },
                false => ClaimAnswer::Ours { reverted: self.reverted.get(&key).cloned() },
            }),
            Effect::Revoke(revocation) => {
                for grantee in &revocation.grantees {
                    self.truth.remove(grantee);
                }
                self.remember_truth();
                let reverted = RecordedRevert { grantees: revocation.grantees.clone(), at: self.now };
                self.reverted.insert(revocation.event.clone(), reverted);
                Acted::Revoked(revocation, Performed::Done(()), None)
            }
            Effect::Publish(publication) => {
                if self.fails() {
                    return Acted::Published(publication, Performed::Failed(error()), None);
                }
                let severity = publication.message.attributes.iter().find(|(name, _)| *name == "severity");
                self.sent.push((self.now, severity.map(|(_, value)| value.clone()).unwrap_or_default()));
                self.emailed.extend(publication.event.iter().map(|event| event.key.clone()));
                Acted::Published(publication, Performed::Done("id".to_owned()), None)
            }
            Effect::Update(update) => {
                if self.fails() {
                    return Acted::Updated(update, Some(AlertTableError::NoTable));
                }
                update.changes.iter().for_each(|change| self.memory.apply(change));
                // The table keeps the stored form.
                let json = serde_json::to_string(&self.memory).expect("plain data");
                self.memory = serde_json::from_str(&json).expect("its own form");
                Acted::Updated(update, None)
            }
        }
    }

    fn scan(&mut self) {
        let image = ImageDescription { id: IMAGE.into(), ..ImageDescription::default() };
        let kind = |kind, all: &[&str], read| KindScan {
            kind,
            public: Ok(()),
            all: Ok(all.iter().map(|id| (*id).to_owned()).collect()),
            descriptions: Ok(()),
            read,
            stop: None,
        };
        let read = ScannedResource {
            description: ResourceDescription::Image(image),
            is_listed_as_public: self.grantees().contains(&Grantee::Everyone),
            grantees: Some(Ok(self.grantees())),
            memberships: Default::default(),
        };
        let known = BTreeMap::from([(IMAGE.to_owned(), self.memory.clone())]);
        let scan = RegionScan {
            region: "us-east-1".into(),
            at: self.now,
            memories: Ok(RegionMemories { known, ..RegionMemories::default() }),
            alias: None,
            block: None,
            snapshot_block: None,
            images: kind(ResourceKind::Image, &[IMAGE], vec![read]),
            snapshots: kind(ResourceKind::Snapshot, &[], Vec::new()),
        };
        let rules = self.rules.clone();
        let mut due: VecDeque<Effect> = decide_scan(&scan, &rules, &self.home, 262_144).effects.into();
        while let Some(effect) = due.pop_front() {
            let acted = self.carry_out(effect);
            after_scan(acted).effects.into_iter().rev().for_each(|effect| due.push_front(effect));
        }
    }

    /// What must hold after a scan without faults that EC2's delays cannot disturb.
    fn check(&self) -> Result<(), TestCaseError> {
        for (who, severity) in [(0, "critical"), (1, "high")] {
            let grantee = grantee(who);
            let open: Vec<_> = self
                .memory
                .open()
                .filter(|finding| finding.class == FindingClass::Exposed && finding.grantee == grantee)
                .collect();
            if !self.truth.contains_key(&grantee) {
                prop_assert!(open.is_empty(), "{grantee} has no access: {open:?}");
                continue;
            }
            prop_assert_eq!(open.len(), 1, "{} has access: {:?}", grantee, self.memory);
            // An interruption whose records did not arrive is not known.
            let since = open[0].history.opened.as_ref().map_or(self.now, |opened| opened.at);
            let reported = open[0].history.reported.map(|reported| reported.severity.to_string());
            prop_assert!(
                reported.as_deref() == Some(severity) || reported.as_deref() == Some("critical"),
                "{grantee}: {open:?}"
            );
            let is_said = |(at, sent): &Sent| *at >= since && (sent == severity || sent == "critical");
            prop_assert!(self.sent.iter().any(is_said), "{grantee} since {since}: {:?}", self.sent);
        }
        let lost = |finding: &&ami_alerts::memory::RememberedFinding| finding.class == FindingClass::Lost;
        let is_lost = self.memory.open().any(|finding| lost(&finding));
        prop_assert!(!(is_lost && self.truth.contains_key(&Grantee::of(TRUSTED))), "{:?}", self.memory);
        let outsider =
            self.memory.open().find(|finding| lost(finding) && finding.grantee != Grantee::of(TRUSTED));
        prop_assert!(outsider.is_none(), "no rule trusts it: {outsider:?}");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn is_nothing_unsaid_after_the_next_scan(
        steps in prop::collection::vec(step(), 1..40),
        faults in prop::collection::vec(prop::bool::weighted(0.15), 0..60),
        reverts in any::<bool>(),
    ) {
        let mut world = World::new(if reverts { REVERTING } else { RULES }, faults);
        steps.iter().for_each(|step| world.step(step));
        world.faults.clear();
        world.rules = world.own_rules.clone();
        world.lag = 0;
        world.now += SETTLING;
        world.scan();
        world.check()?;
        // The records that are still on their way open nothing that is over, and end nothing that is open.
        while !world.undelivered.is_empty() {
            world.step(&Step::Deliver(0));
        }
        world.now += SETTLING;
        world.scan();
        world.check()?;
    }
}
