//! Decides about the usage of images from reports: what is emailed, and what the table remembers. Pure.

use jiff::Timestamp;
use shared::act::Performed;
use shared::decision::Verdict;
use shared::home::Home;

use super::reason::{UsageError, UsageReason};
use super::{
    AccountUse, PATIENCE, UsageAnswer, UsageCase, UsageEntry, UsageReading, UsageReport, UsageStep,
    by_account,
};
use crate::assess::covering_rule;
use crate::change::{ResourceKind, SharedResource};
use crate::decide::Decided;
use crate::effect::{AlertPublication, Effect};
use crate::email::usage::{IMAGES_OF_AN_EMAIL, UsageAlert, UsageEmail, UsageOutcome};
use crate::exposure::Exposure;
use crate::facts::{Facts, ImageDescription, LookUp};
use crate::grantee::Grantee;
use crate::memory::update::{MemoryChange, MemoryUpdate};
use crate::memory::{FindingClass, Proof, ProvenTime, UsageReportRequest, UsageStage};
use crate::rules::{ImageRule, Rules, Trusted};
use crate::severity::Severity;

/// When the usage is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// With an event about the image. A failure is left to the next daily scan.
    Event,
    /// With the daily scan.
    Scan,
}

/// What every decision about the usage of images needs.
#[derive(Debug, Clone, Copy)]
pub struct UsageScene<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// Where the function runs.
    pub home: &'a Home,
    /// The region of the images.
    pub region: &'a str,
    /// The account's alias, if it has one and it could be read.
    pub alias: Option<&'a str>,
    /// When the usage is asked for.
    pub occasion: Occasion,
    /// The time.
    pub now: Timestamp,
    /// The most bytes of an email with its attributes.
    pub limit: usize,
}

/// Decides about every image whose step was carried out.
pub fn settle(answers: &[(UsageCase, UsageAnswer)], scene: &UsageScene<'_>) -> Decided {
    let mut settling = Settling { scene, decided: Decided::default(), outcomes: Vec::new() };
    for (case, answer) in answers {
        match answer {
            UsageAnswer::Requested(result) => settling.request(case, result),
            UsageAnswer::Read(reading) => settling.read(case, reading),
        }
    }
    settling.emails();
    settling.decided
}

/// A decision in progress.
struct Settling<'a> {
    scene: &'a UsageScene<'a>,
    decided: Decided,
    /// What is emailed, with what is remembered once the email is sent.
    outcomes: Vec<(UsageOutcome, MemoryUpdate)>,
}

impl Settling<'_> {
    fn request(&mut self, case: &UsageCase, result: &Performed<String>) {
        let error = match result {
            Performed::NotCalled => return,
            Performed::Done(id) => {
                let request = self.report(case, id, self.scene.now, UsageStage::Requested);
                return self.remember(case, vec![MemoryChange::UsageReport(Some(request))]);
            }
            Performed::Failed(error) => UsageError::NotRequested(error.clone()),
        };
        if self.scene.occasion == Occasion::Event {
            let remark = UsageReason::UsageNotRequested { error };
            return self.decided.report.note(&case.image, &remark);
        }
        let next = self.report(case, "", self.scene.now, self.read_stage(case, self.scene.now));
        self.unknown(case, &LookUp::NotNeeded, error, next);
    }

    fn read(&mut self, case: &UsageCase, reading: &UsageReading) {
        let UsageStep::Read { id, at } = &case.step else { return };
        let (pending, ended) = (UsageStage::Requested, self.read_stage(case, *at));
        let (error, stage) = match &reading.report {
            Ok(UsageReport::Available(entries)) => return self.available(case, reading, entries),
            Ok(UsageReport::Pending) if self.scene.now < *at + PATIENCE => {
                let reason = UsageReason::UsagePending { at: *at };
                return self.decided.report.reason(Verdict::Skip, &case.image, &reason);
            }
            Ok(UsageReport::Pending) => (UsageError::NotReady(*at), pending),
            Ok(UsageReport::Failed(why)) => (UsageError::NotCreated(why.clone()), ended),
            Ok(UsageReport::Gone) => (UsageError::Gone, ended),
            Err(error) => (UsageError::NotRead(error.clone()), pending),
        };
        let next = self.report(case, id, *at, stage);
        self.unknown(case, &reading.image, error, next);
    }

    /// An email says once that the usage is not known.
    fn unknown(
        &mut self,
        case: &UsageCase,
        image: &LookUp<Option<ImageDescription>>,
        error: UsageError,
        next: UsageReportRequest,
    ) {
        let (rule, _) = self.rule(case, image);
        let is_muted = rule.is_some_and(|rule| rule.mute_below > Severity::Info);
        let is_reported = case.memory.usage_report.as_ref().is_some_and(|report| report.is_unknown_reported);
        let is_emailed = self.scene.occasion == Occasion::Scan && !is_reported && !is_muted;
        let reason = UsageReason::UsageUnknown { error: error.clone() };
        let changes = |is_unknown_reported| {
            vec![MemoryChange::UsageReport(Some(UsageReportRequest { is_unknown_reported, ..next.clone() }))]
        };
        if is_emailed {
            self.decided.report.reason(Verdict::Alert, &case.image, &reason);
            self.email(case, image, UsageEmail::Unknown(error), changes(true));
        } else {
            self.decided.report.reason(Verdict::Skip, &case.image, &reason);
            let is_changed = case.memory.usage_report.as_ref().is_none_or(|known| known.stage != next.stage);
            if is_changed && self.scene.occasion == Occasion::Scan {
                self.remember(case, changes(is_reported));
            }
        }
    }

    fn available(&mut self, case: &UsageCase, reading: &UsageReading, entries: &[UsageEntry]) {
        let UsageStep::Read { id, at } = &case.step else { return };
        let (rule, is_uncertain) = self.rule(case, &reading.image);
        let trusted = self.scene.rules.trust(rule, &reading.memberships);
        let uses = by_account(entries, |account| self.exposure(account, &trusted));
        let outside: Vec<&AccountUse> = uses.iter().filter(|one| one.exposure.is_untrusted()).collect();
        let new: Vec<AccountUse> = outside
            .iter()
            .filter(|one| !case.is_known_user(&one.account))
            .map(|one| (*one).clone())
            .collect();
        let next = self.report(case, id, *at, self.read_stage(case, *at));
        let is_last = next.stage == UsageStage::Concluded;
        let mut changes = vec![MemoryChange::UsageReport(Some(next))];
        if !new.is_empty() {
            let reason = UsageReason::UsedOutside { accounts: new.clone(), at: *at };
            self.decided.report.reason(Verdict::Alert, &case.image, &reason);
            changes.splice(0..0, self.used(&new));
            let email = UsageEmail::Used { uses: uses.clone(), new: new.len(), at: *at, is_uncertain };
            return self.email(case, &reading.image, email, changes);
        }
        if !outside.is_empty() {
            let reason = UsageReason::UseReportedBefore { accounts: outside.len(), at: *at };
            self.decided.report.reason(Verdict::Skip, &case.image, &reason);
            return self.remember(case, changes);
        }
        let is_muted = rule.is_some_and(|rule| rule.mute_below > Severity::Info);
        let was_used = case.memory.findings.iter().any(|finding| finding.class == FindingClass::Used);
        // A report says little about the days before it, so the good news waits for the last one.
        let is_emailed = is_last && !is_muted && !was_used;
        let verdict = if is_emailed { Verdict::Alert } else { Verdict::Skip };
        self.decided.report.reason(verdict, &case.image, &UsageReason::NotUsed { at: *at });
        match is_emailed {
            true => self.email(case, &reading.image, UsageEmail::NotUsed { uses, at: *at }, changes),
            false => self.remember(case, changes),
        }
    }

    /// The findings of accounts that use an image. They have no end: what an account read, it has.
    fn used(&self, new: &[AccountUse]) -> Vec<MemoryChange> {
        let grantees: Vec<Grantee> = new.iter().map(|one| Grantee::of(&one.account)).collect();
        let (class, now) = (FindingClass::Used, self.scene.now);
        let moment = ProvenTime { at: now, proof: Proof::LookUp };
        vec![
            MemoryChange::Opened { class, grantees: grantees.clone(), moment },
            MemoryChange::Reported { class, grantees, severity: Severity::Critical, at: now },
        ]
    }

    fn report(&self, case: &UsageCase, id: &str, at: Timestamp, stage: UsageStage) -> UsageReportRequest {
        let is_unknown_reported = stage == UsageStage::Requested
            && case.memory.usage_report.as_ref().is_some_and(|report| report.is_unknown_reported);
        UsageReportRequest { id: id.to_owned(), at, stage, is_unknown_reported }
    }

    fn read_stage(&self, case: &UsageCase, at: Timestamp) -> UsageStage {
        if case.is_concluded_by(at) { UsageStage::Concluded } else { UsageStage::Read }
    }

    fn rule(&self, case: &UsageCase, image: &LookUp<Option<ImageDescription>>) -> (Option<&ImageRule>, bool) {
        let resource = SharedResource { kind: ResourceKind::Image, id: Some(case.image.clone()) };
        let facts = Facts { image: image.clone(), ..Facts::default() };
        covering_rule(self.scene.rules, Some(&resource), &facts)
    }

    fn exposure(&self, account: &str, trusted: &Trusted) -> Exposure {
        Exposure::of(&Grantee::of(account), Some(&self.scene.home.account), trusted)
    }

    fn update(&self, case: &UsageCase, changes: Vec<MemoryChange>) -> MemoryUpdate {
        MemoryUpdate {
            account: self.scene.home.account.clone(),
            region: self.scene.region.to_owned(),
            resource: case.image.clone(),
            changes,
        }
    }

    fn remember(&mut self, case: &UsageCase, changes: Vec<MemoryChange>) {
        let update = self.update(case, changes);
        self.decided.effects.push(Effect::Update(update));
    }

    fn email(
        &mut self,
        case: &UsageCase,
        image: &LookUp<Option<ImageDescription>>,
        email: UsageEmail,
        changes: Vec<MemoryChange>,
    ) {
        let name = image.found().and_then(|image| image.as_ref()?.name.clone());
        let exposures = super::reported_exposures(&case.memory).cloned().collect();
        let report = match &case.step {
            UsageStep::Read { id, .. } => Some(id.clone()),
            UsageStep::Request => None,
        };
        let outcome = UsageOutcome { image: case.image.clone(), name, report, exposures, email };
        self.outcomes.push((outcome, self.update(case, changes)));
    }

    /// Emails the outcomes of one kind together, the severest first.
    fn emails(&mut self) {
        let outcomes = std::mem::take(&mut self.outcomes);
        let kinds = [UsageEmail::is_used, UsageEmail::is_unknown, UsageEmail::is_not_used];
        for is_kind in kinds {
            let of_kind: Vec<_> = outcomes.iter().filter(|(outcome, _)| is_kind(&outcome.email)).collect();
            for some in of_kind.chunks(IMAGES_OF_AN_EMAIL) {
                let outcomes: Vec<&UsageOutcome> = some.iter().map(|(outcome, _)| outcome).collect();
                let alert = UsageAlert { outcomes: &outcomes, scene: self.scene };
                let subject = match outcomes[..] {
                    [only] => only.image.clone(),
                    _ => format!("images of {}", self.scene.region),
                };
                self.decided.effects.push(Effect::Publish(Box::new(AlertPublication {
                    subject,
                    message: alert.message(),
                    event: None,
                    updates: some.iter().map(|(_, update)| update.clone()).collect(),
                })));
            }
        }
    }
}
