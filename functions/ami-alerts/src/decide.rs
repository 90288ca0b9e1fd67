//! Decides about a recorded call: reasons and the next effects, from the facts and from the results of earlier effects. Pure.

use jiff::Timestamp;
use shared::act::Performed;
use shared::decision::Verdict;
use shared::home::Home;
use shared::report::Report;

use crate::assess::{Assessment, assess_change, assess_named_call};
use crate::because::Because;
use crate::claim::ClaimAnswer;
use crate::effect::{Acted, AlertPublication, Effect, EmailedEvent};
use crate::email::CallAlert;
use crate::exposure::by_exposure;
use crate::facts::Facts;
use crate::finding::FindingReason;
use crate::grantee::Grantee;
use crate::history::{CallHistory, TimeSource};
use crate::memory::update::MemoryChange;
use crate::recorded_call::{RecordedCall, Topic};
use crate::remark::Remark;
use crate::remember::{RememberedCall, ResourceKey};
use crate::revert::{EarlierTry, after_revocation};
use crate::revert_plan::RevertOutcome;
use crate::rules::Rules;
use crate::severity::Severity;

/// Reasons, notes and the effects that are due.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// Reasons and notes.
    pub report: Report,
    /// Effects, in the order in which they are carried out.
    pub effects: Vec<Effect>,
}

/// A recorded call with its assessment.
#[derive(Debug, Clone)]
pub struct AssessedCall<'a> {
    /// The call.
    pub call: &'a RecordedCall<'a>,
    /// Its assessment.
    pub assessment: Assessment<'a>,
    /// Where the function runs.
    pub home: &'a Home,
    /// The most bytes of an email with its attributes.
    pub limit: usize,
    /// The time that counts as now.
    pub now: Timestamp,
}

impl<'a> AssessedCall<'a> {
    /// Assesses a recorded call at `now`.
    pub fn of(
        call: &'a RecordedCall<'a>,
        facts: &Facts,
        rules: &'a Rules,
        home: &'a Home,
        limit: usize,
        now: Timestamp,
    ) -> Self {
        let assessment = match &call.topic {
            Topic::Sharing(change) => {
                // Through a role, the function reads and reverts in the account of the event as in its own.
                let theirs = facts.role.as_ref().and(call.record.account.as_ref());
                assess_change(call.record, change, facts, rules, theirs.unwrap_or(&home.account), now)
            }
            Topic::Named(rule) => assess_named_call(call.record, rule),
        };
        let mut assessed = Self { call, assessment, home, limit, now };
        assessed.assessment.history = assessed.history(facts, &RevertOutcome::NotPlanned);
        assessed
    }
}

/// The first decision about a call: an own call and a muted one have no effect, any other is claimed.
pub fn decide(assessed: &AssessedCall<'_>, facts: &Facts) -> Decided {
    let subject = assessed.call.subject();
    if facts.is_own_call {
        let report = Report::of(Verdict::Skip, &subject, &Because::OwnCall);
        return Decided { report, effects: assessed.remember(facts, &RevertOutcome::NotPlanned) };
    }
    let mut decided = Decided { report: assessed.remarks(facts), effects: Vec::new() };
    let assessment = &assessed.assessment;
    // A revert is reported even if the severity is muted.
    if assessment.is_muted && !assessed.reverts() && !assessed.may_be_reverted() {
        assessed.report_muted(&mut decided.report);
        decided.effects.extend(assessed.remember(facts, &RevertOutcome::NotPlanned));
    } else {
        decided.effects.push(Effect::Claim(assessed.call.key()));
    }
    decided
}

/// The decision that follows from the result of an effect.
pub fn decide_after(assessed: &AssessedCall<'_>, facts: &Facts, acted: Acted) -> Decided {
    match acted {
        Acted::Claimed(answer) => after_claim(assessed, facts, answer),
        Acted::Revoked(revocation, result, unrecorded) => {
            after_revocation(assessed, facts, revocation, result, unrecorded)
        }
        Acted::Published(publication, result, unrecorded) => {
            // What happened is remembered although the email was not sent.
            let revert =
                publication.event.as_ref().map_or(RevertOutcome::NotPlanned, |event| event.revert.clone());
            let is_sent = matches!(result, Performed::Done(_));
            let mut decided = after_reporting(Acted::Published(publication, result, unrecorded));
            if !is_sent {
                decided.effects.extend(assessed.remember(facts, &revert));
            }
            decided
        }
        Acted::Updated(..) => after_reporting(acted),
    }
}

fn after_claim(assessed: &AssessedCall<'_>, facts: &Facts, answer: ClaimAnswer) -> Decided {
    let mut report = Report::default();
    let subject = assessed.call.subject();
    let mut earlier = EarlierTry::default();
    match answer {
        ClaimAnswer::Emailed { revert_failed: true, reverted, .. } if assessed.reverts() => {
            earlier = EarlierTry { reverted, failure_was_reported: true };
        }
        ClaimAnswer::Emailed { at, reverted, .. } => {
            report.reason(Verdict::Skip, &subject, &Because::EmailedBefore { at });
            // An invocation that ended after its email may have remembered nothing.
            let revert =
                reverted.map(|reverted| RevertOutcome::RevokedBefore(reverted.grantees, reverted.at));
            let revert = revert.unwrap_or(RevertOutcome::NotPlanned);
            return Decided { report, effects: assessed.remember(facts, &revert) };
        }
        ClaimAnswer::ByAnother => {
            // Not a skip: if the other invocation fails, Lambda's retry of this one sends the email.
            report.reason(Verdict::Fail, &subject, &Because::ClaimedByAnother);
            return Decided { report, effects: Vec::new() };
        }
        ClaimAnswer::Unknown(error) => report.note(&subject, &Remark::NotRemembered { error }),
        ClaimAnswer::Ours { reverted } => earlier.reverted = reverted,
    }
    if assessed.assessment.is_muted && !assessed.reverts() && earlier.reverted.is_none() {
        assessed.report_muted(&mut report);
        return Decided { report, effects: assessed.remember(facts, &RevertOutcome::NotPlanned) };
    }
    assessed.report_findings(Verdict::Alert, &mut report);
    assessed.report_history(&mut report);
    let effect = assessed.revert_or_email(facts, earlier, &mut report);
    Decided { report, effects: vec![effect] }
}

/// The decision after an email or an update of the memory, of a call or of the daily scan.
pub fn after_reporting(acted: Acted) -> Decided {
    let mut decided = Decided::default();
    match acted {
        Acted::Published(publication, result, unrecorded) => {
            let AlertPublication { subject, updates, .. } = *publication;
            let sent = matches!(result, Performed::Done(_));
            if let Performed::Failed(error) = result {
                decided.report.reason(Verdict::Fail, &subject, &Because::EmailFailed { error });
            }
            match unrecorded {
                Some(error) if sent => decided.report.note(&subject, &Remark::NotConfirmed { error }),
                Some(error) => decided.report.note(&subject, &Remark::NotReleased { error }),
                None => {}
            }
            if sent {
                decided.effects.extend(updates.into_iter().map(Effect::Update));
            }
        }
        Acted::Updated(update, Some(error)) => {
            decided.report.note(&update.resource, &Remark::FindingNotRemembered { error });
        }
        Acted::Updated(_, None) | Acted::Claimed(_) | Acted::Revoked(..) => {}
    }
    decided
}

impl AssessedCall<'_> {
    fn remarks(&self, facts: &Facts) -> Report {
        let mut report = Report::default();
        let subject = self.call.subject();
        for (fact, error) in facts.failed_lookups() {
            report.note(&subject, &Remark::NotFound { fact, error: error.clone() });
        }
        if self.assessment.is_uncertain {
            report.note(&subject, &Remark::RuleUncertain);
        }
        let time = self.assessment.time.filter(|time| time.source != TimeSource::Record);
        if let (Some(time), Some(_)) = (time, ResourceKey::of(self.call, self.home)) {
            report.note(&subject, &Remark::TimeUnknown { time });
        }
        report
    }

    /// What ended.
    fn report_history(&self, report: &mut Report) {
        let subject = self.call.subject();
        for ended in &self.assessment.history.ended {
            report.reason(Verdict::Alert, &subject, &Because::FindingClosed { ended: ended.clone() });
        }
    }

    /// Reports findings whose severity the rule mutes.
    fn report_muted(&self, report: &mut Report) {
        self.report_findings(Verdict::Skip, report);
        if let Some(rule) = self.assessment.rule {
            let (severity, from) = (self.assessment.severity, rule.mute_below);
            let muted = Because::Muted { severity, from, rule: rule.place.clone() };
            report.reason(Verdict::Skip, &self.call.subject(), &muted);
        }
    }

    fn report_findings(&self, verdict: Verdict, report: &mut Report) {
        let image_rule = self.assessment.rule.map(|rule| &rule.place);
        let rule = image_rule.or(self.call.call_rule().map(|rule| &rule.place));
        for finding in &self.assessment.findings {
            let outcome = self.call.record.outcome.clone();
            let reason = FindingReason { finding: finding.clone(), outcome, rule: rule.cloned() };
            report.reason(verdict, &self.call.subject(), &reason);
        }
        if let Some(rule) = self.assessment.rule.filter(|_| self.assessment.is_trusted_actor)
            && let Some(actor) = rule.trusts_actor(self.call.record)
        {
            let expected = Because::TrustedActor { actor: actor.to_string(), rule: rule.place.clone() };
            report.reason(verdict, &self.call.subject(), &expected);
        }
    }

    pub(crate) fn email(&self, facts: &Facts, revert: RevertOutcome) -> Effect {
        let Self { call, home, limit, .. } = self;
        let history = self.history(facts, &revert);
        let mut changes = self.happened(facts, &revert);
        changes.extend(self.remembered(|call| call.reported(&self.assessment.findings, &history)));
        let severity = self.assessment.severity.max(self.severity_of(revert.revoked()));
        let assessment = &Assessment { history, severity, ..self.assessment.clone() };
        let message = CallAlert { call, assessment, facts, revert: &revert, home }.message(*limit);
        Effect::Publish(Box::new(AlertPublication {
            subject: call.subject(),
            message,
            event: Some(EmailedEvent { key: call.key(), revert }),
            updates: ResourceKey::of(call, home).and_then(|key| key.update(changes)).into_iter().collect(),
        }))
    }

    /// The severity of access that was revoked. If the record does not name the grantees, no look-up after the revert shows it.
    fn severity_of(&self, revoked: &[Grantee]) -> Severity {
        let owner = self.call.record.account.as_deref();
        let exposures = by_exposure(revoked, owner, &self.assessment.trusted).into_iter();
        exposures.map(|(exposure, _)| exposure.severity()).max().unwrap_or(Severity::Info)
    }

    /// What the memory adds to the call after this revert.
    fn history(&self, facts: &Facts, revert: &RevertOutcome) -> CallHistory {
        let Some(before) = facts.memory.found() else { return CallHistory::default() };
        let mut after = before.clone();
        self.happened(facts, revert).iter().for_each(|change| after.apply(change));
        self.assessment.history_of(self.call.record, before, &after)
    }

    fn happened(&self, facts: &Facts, revert: &RevertOutcome) -> Vec<MemoryChange> {
        self.remembered(|call| call.happened(facts, revert))
    }

    /// The changes of the memory that a call makes; none if it changes no sharing.
    fn remembered(&self, changes: impl FnOnce(RememberedCall<'_>) -> Vec<MemoryChange>) -> Vec<MemoryChange> {
        let Some(access) = &self.assessment.access else { return Vec::new() };
        let trusted = &self.assessment.trusted;
        let is_expected = self.assessment.is_trusted_actor;
        changes(RememberedCall { call: self.call, access, trusted, is_expected, now: self.now })
    }

    /// The effect that remembers what happened.
    pub(crate) fn remember(&self, facts: &Facts, revert: &RevertOutcome) -> Vec<Effect> {
        let update = ResourceKey::of(self.call, self.home);
        let update = update.and_then(|key| key.update(self.happened(facts, revert)));
        update.map(Effect::Update).into_iter().collect()
    }
}
