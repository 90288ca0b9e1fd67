//! Decides about a recorded call: reasons and the next effects, from the facts and from the results of earlier effects. Pure.

use shared::act::Performed;
use shared::decision::Verdict;
use shared::home::Home;
use shared::report::Report;

use crate::assess::{Assessment, assess_change, assess_named_call};
use crate::because::Because;
use crate::change::ResourceKind;
use crate::claim::ClaimAnswer;
use crate::effect::{Acted, AlertPublication, Effect, EmailedEvent, ImageShares, Revocation};
use crate::email::CallAlert;
use crate::exposure::untrusted;
use crate::facts::Facts;
use crate::finding::FindingReason;
use crate::grantee::digest;
use crate::recorded_call::{RecordedCall, Topic};
use crate::remark::Remark;
use crate::revert_plan::{FailedRevert, RevertOutcome, RevertPlan};
use crate::rules::{Rules, Trusted};

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
}

/// Assesses a recorded call.
pub fn assess<'a>(call: &RecordedCall<'a>, facts: &Facts, rules: &'a Rules, home: &Home) -> Assessment<'a> {
    match &call.topic {
        Topic::Sharing(change) => assess_change(call.record, change, facts, rules, &home.account),
        Topic::Named(rule) => assess_named_call(call.record, rule),
    }
}

/// The first decision about a call: an own call and a muted one have no effect, any other is claimed.
pub fn decide(assessed: &AssessedCall<'_>, facts: &Facts) -> Decided {
    let subject = assessed.call.subject();
    if facts.is_own_call {
        let report = Report::of(Verdict::Skip, &subject, &Because::OwnCall);
        return Decided { report, effects: Vec::new() };
    }
    let mut decided = Decided { report: assessed.remarks(facts), effects: Vec::new() };
    let assessment = &assessed.assessment;
    // A revert is reported even if the severity is muted.
    match assessment.rule.filter(|_| assessment.is_muted && !assessed.reverts()) {
        Some(rule) => {
            assessed.report_findings(Verdict::Skip, &mut decided.report);
            let (severity, from) = (assessment.severity, rule.mute_below);
            let muted = Because::Muted { severity, from, rule: rule.place.clone() };
            decided.report.reason(Verdict::Skip, &subject, &muted);
        }
        None => decided.effects.push(Effect::Claim(assessed.call.key())),
    }
    decided
}

/// The decision that follows from the result of an effect.
pub fn decide_after(assessed: &AssessedCall<'_>, facts: &Facts, acted: Acted) -> Decided {
    match acted {
        Acted::Claimed(answer) => after_claim(assessed, facts, answer),
        Acted::Revoked(revocation, result) => after_revocation(assessed, facts, revocation, result),
        Acted::Published(..) | Acted::Remembered(..) | Acted::Updated(..) => after_reporting(acted),
    }
}

fn after_claim(assessed: &AssessedCall<'_>, facts: &Facts, answer: ClaimAnswer) -> Decided {
    let mut report = Report::default();
    let subject = assessed.call.subject();
    let mut is_second_try = false;
    match answer {
        ClaimAnswer::Emailed { revert_failed: true, .. } if assessed.reverts() => is_second_try = true,
        ClaimAnswer::Emailed { at, .. } => {
            report.reason(Verdict::Skip, &subject, &Because::EmailedBefore { at });
            return Decided { report, effects: Vec::new() };
        }
        ClaimAnswer::ByAnother => {
            // Not a skip: if the other invocation fails, Lambda's retry of this one sends the email.
            report.reason(Verdict::Fail, &subject, &Because::ClaimedByAnother);
            return Decided { report, effects: Vec::new() };
        }
        ClaimAnswer::Unknown(error) => report.note(&subject, &Remark::NotRemembered { error }),
        ClaimAnswer::Ours => {}
    }
    assessed.report_findings(Verdict::Alert, &mut report);
    let effect = match &assessed.assessment.revert {
        RevertPlan::Nothing => assessed.email(facts, RevertOutcome::NotPlanned),
        RevertPlan::Blocked(block) => {
            report.reason(Verdict::Hold, &subject, &Because::RevertBlocked { block: *block });
            assessed.email(facts, RevertOutcome::Blocked(*block))
        }
        RevertPlan::Revoke(grantees) => Effect::Revoke(Revocation {
            region: assessed.call.region(assessed.home).to_owned(),
            image: assessed.image().unwrap_or_default().to_owned(),
            grantees: grantees.clone(),
            failure_was_reported: is_second_try,
        }),
    };
    Decided { report, effects: vec![effect] }
}

fn after_revocation(
    assessed: &AssessedCall<'_>,
    facts: &Facts,
    revocation: Revocation,
    result: Performed<()>,
) -> Decided {
    let grantees = revocation.grantees;
    let rule = assessed.assessment.rule.map(|rule| rule.place.clone());
    let (verdict, because, outcome) = match result {
        Performed::Failed(error) => (
            Verdict::Fail,
            Because::RevertFailed { grantees: grantees.clone(), error: error.clone() },
            RevertOutcome::Failed(FailedRevert { revoked: Vec::new(), left: grantees, error }),
        ),
        Performed::Done(()) | Performed::NotCalled => (
            Verdict::Revert,
            Because::Reverted { grantees: grantees.clone(), rule },
            RevertOutcome::Revoked(grantees),
        ),
    };
    let report = Report::of(verdict, &assessed.call.subject(), &because);
    let is_repeat = revocation.failure_was_reported && matches!(outcome, RevertOutcome::Failed(..));
    let effects = if is_repeat { Vec::new() } else { vec![assessed.email(facts, outcome)] };
    Decided { report, effects }
}

/// The decision after an email or a record of shares, of a call or of the daily scan.
pub fn after_reporting(acted: Acted) -> Decided {
    let mut decided = Decided::default();
    match acted {
        Acted::Published(publication, result, unrecorded) => {
            let AlertPublication { subject, shares, updates, .. } = *publication;
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
                decided.effects.extend(shares.into_iter().map(Effect::Remember));
                decided.effects.extend(updates.into_iter().map(Effect::Update));
            }
        }
        Acted::Remembered(shares, Some(error)) => {
            decided.report.note(&shares.image, &Remark::ShareNotRemembered { error });
        }
        Acted::Updated(update, Some(error)) => {
            decided.report.note(&update.resource, &Remark::ShareNotRemembered { error });
        }
        Acted::Updated(_, None) | Acted::Remembered(_, None) | Acted::Claimed(_) | Acted::Revoked(..) => {}
    }
    decided
}

impl AssessedCall<'_> {
    fn reverts(&self) -> bool {
        matches!(self.assessment.revert, RevertPlan::Revoke(_))
    }

    fn image(&self) -> Option<&str> {
        let resource = self.call.resource().filter(|resource| resource.kind == ResourceKind::Image)?;
        resource.legal_id()
    }

    fn remarks(&self, facts: &Facts) -> Report {
        let mut report = Report::default();
        let subject = self.call.subject();
        for (fact, error) in facts.failed_lookups() {
            report.note(&subject, &Remark::NotFound { fact, error: error.clone() });
        }
        if self.assessment.is_uncertain {
            report.note(&subject, &Remark::RuleUncertain);
        }
        report
    }

    fn report_findings(&self, verdict: Verdict, report: &mut Report) {
        let image_rule = self.assessment.rule.map(|rule| &rule.place);
        let rule = image_rule.or(self.call.call_rule().map(|rule| &rule.place));
        for finding in &self.assessment.findings {
            let outcome = self.call.record.outcome.clone();
            let reason = FindingReason { finding: finding.clone(), outcome, rule: rule.cloned() };
            report.reason(verdict, &self.call.subject(), &reason);
        }
    }

    fn email(&self, facts: &Facts, revert: RevertOutcome) -> Effect {
        let Self { call, assessment, home, limit } = self;
        let message = CallAlert { call, assessment, facts, revert: &revert, home }.message(*limit);
        Effect::Publish(Box::new(AlertPublication {
            subject: call.subject(),
            message,
            event: Some(EmailedEvent { key: call.key(), revert }),
            shares: self.current_shares(facts).into_iter().collect(),
            updates: Vec::new(),
        }))
    }

    /// The untrusted shares that the image has now, so that the daily scan does not report them again; `None` where they are
    /// not known for certain.
    fn current_shares(&self, facts: &Facts) -> Option<ImageShares> {
        let image = self.image()?;
        let account = Some(self.home.account.as_str());
        if self.call.record.account.as_deref() != account || self.assessment.is_uncertain {
            return None;
        }
        let no_trust = Trusted::default();
        let trusted = self.assessment.rule.map_or(&no_trust, |rule| &rule.trusted);
        let untrusted = untrusted(facts.permissions.found()?, account, trusted);
        Some(ImageShares {
            region: self.call.region(self.home).to_owned(),
            image: image.to_owned(),
            digest: (!untrusted.is_empty()).then(|| digest(&untrusted)),
        })
    }
}
