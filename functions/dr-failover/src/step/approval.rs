//! The approval of a start: reads the operators' answers, asks when nothing else blocks the start, and lets a start through that was
//! approved, or that no operator refused in time.

use std::borrow::Cow;

use jiff::Timestamp;
use shared::decision::Verdict;

use super::{Draft, MissingFact};
use crate::approval::{CountedAnswer, ParameterAnswer, VoidedAnswer, is_asked, judge};
use crate::because::Because;
use crate::facts::Recoverable;
use crate::incident::{
    Approver, ChosenSnapshot, DecidedStart, EntryKind, Incident, MOST_REQUESTS, ReadAnswer, digest_of_plan,
};
use crate::interlock::Interlock;
use crate::rules::{Approval, PlanMode, RecoveryPlan};

/// A start that may happen, or what blocks it.
type Permit = Result<DecidedStart, Vec<Interlock>>;

impl Draft<'_> {
    /// Reads the operators' answers. A refusal counts whatever its request; one approval is as good as many.
    pub(super) fn read_answers(&mut self) -> Result<(), MissingFact> {
        let (plan, facts) = (self.context.plan, self.facts);
        if !self.step.known.incident.as_ref().is_some_and(|incident| is_asked(plan, incident)) {
            return Ok(());
        }
        let Ok(answers) = facts.answers.as_ref().ok_or(MissingFact::Answers)? else { return Ok(()) };
        self.lapse();
        let mut answers: Vec<&ParameterAnswer> = answers.iter().collect();
        answers.sort_by_key(|answer| (answer.at, answer.version));
        answers.into_iter().for_each(|answer| self.read_answer(answer));
        Ok(())
    }

    /// An approval counts until its request expires. A start that was decided before keeps it.
    fn lapse(&mut self) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let has_expired = incident.approval.request.as_ref().is_some_and(|request| now >= request.expires);
        if has_expired && incident.start().is_none() && incident.approved_by.take().is_some() {
            let what = "the approval has expired, and the recovery was not started";
            incident.note(now, EntryKind::Approval, what);
        }
    }

    fn read_answer(&mut self, answer: &ParameterAnswer) {
        let (now, role) = (self.context.now, &self.context.settings.role);
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let mark = ReadAnswer { at: answer.at, version: answer.version };
        let is_new = incident.approval.read.is_none_or(|read| read < mark);
        let judged = judge(answer, incident, role, now);
        if judged.is_some() && is_new {
            incident.approval.read = Some(mark);
        }
        let by = Incident::bounded(answer.by.as_deref().unwrap_or_default());
        let version = answer.version;
        match judged {
            Some(Ok(CountedAnswer::Approves)) if incident.approved_by.is_none() => {
                incident.note(
                    now,
                    EntryKind::Operator,
                    format!("{by} approves the recovery (version {version})"),
                );
                incident.approved_by = Some(Approver { by: by.clone(), at: answer.at, version });
                self.reason(Verdict::Update, &Because::Approved { by, at: answer.at });
            }
            Some(Ok(CountedAnswer::Refuses)) if incident.refused_by.is_none() => {
                incident.note(
                    now,
                    EntryKind::Operator,
                    format!("{by} refuses the recovery (version {version})"),
                );
                incident.refused_by = Some(by);
            }
            Some(Err(why)) if is_new => {
                let voided = VoidedAnswer { answer, why };
                incident.note(now, EntryKind::Approval, voided.to_string());
                self.reason(Verdict::Skip, &voided);
            }
            _ => {}
        }
    }

    /// What blocks the start besides `interlocks`: the approval that it lacks. The time until a start by itself counts from when nothing
    /// else blocked it.
    pub(super) fn with_approval(&mut self, mut interlocks: Vec<Interlock>) -> Vec<Interlock> {
        let (plan, now) = (self.context.plan, self.context.now);
        let unreadable = self.unreadable_answers();
        let Some(incident) = self.step.known.incident.as_mut() else { return interlocks };
        if !is_asked(plan, incident) || incident.start().is_some() {
            return interlocks;
        }
        if plan.approval != Approval::None
            && plan.approval != Approval::Required
            && let Some(request) = &mut incident.approval.request
        {
            request.unblocked = now;
        }
        if incident.approved_by.is_none() {
            interlocks.extend(lacking(plan, incident, now, false));
        }
        interlocks.extend(unreadable);
        interlocks
    }

    fn unreadable_answers(&self) -> Option<Interlock> {
        let error = self.facts.answers.as_ref()?.as_ref().err()?;
        let parameter = self.context.settings.approval.clone();
        Some(Interlock::ApprovalUnreadable { parameter, error: error.clone() })
    }

    /// Lets a start through that nothing else blocks, if it is approved. Otherwise the function asks.
    pub(super) fn permitted(&mut self, start: DecidedStart) -> Result<Permit, MissingFact> {
        let (plan, now) = (self.context.plan, self.context.now);
        let unreadable = self.unreadable_answers();
        let servers = servers(plan, self.facts.recoverable.as_ref());
        let of = digest_of_plan(plan, servers.iter().map(AsRef::as_ref));
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(Ok(start)) };
        // A start that was decided before is asked for again.
        if !is_asked(plan, incident) || incident.start().is_some() {
            return Ok(Ok(start));
        }
        if let Some(unreadable) = unreadable {
            let mut interlocks = lacking(plan, incident, now, true);
            interlocks.push(unreadable);
            return Ok(Err(interlocks));
        }
        let request = incident.approval.request.as_ref();
        let is_current = request.is_some_and(|request| request.of == of && now < request.expires);
        if !is_current {
            return Ok(Err(asked_again(plan, incident, of, &start, now)));
        }
        if incident.approved_by.is_some() {
            return self.approved(of, start);
        }
        match starts_by_itself(plan, incident) {
            Some(at) if now >= at => Ok(Ok(start)),
            _ => Ok(Err(lacking(plan, incident, now, true))),
        }
    }

    /// An approved start takes exactly the approved snapshots, while DRS has them.
    fn approved(&mut self, of: String, start: DecidedStart) -> Result<Permit, MissingFact> {
        let (plan, now) = (self.context.plan, self.context.now);
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(Ok(start)) };
        let approved =
            incident.approval.request.as_ref().map(|request| request.snapshots.clone()).unwrap_or_default();
        let others: Vec<ChosenSnapshot> =
            approved.iter().filter(|chosen| !start.snapshots.contains(chosen)).cloned().collect();
        if others.is_empty() {
            return Ok(Ok(DecidedStart { snapshots: approved, ..start }));
        }
        match self.facts.deleted_snapshots.as_ref() {
            None => Err(MissingFact::DeletedSnapshots(others)),
            Some(Ok(deleted)) if deleted.is_empty() => Ok(Ok(DecidedStart { snapshots: approved, ..start })),
            Some(Ok(deleted)) => {
                let names: Vec<&str> = deleted.iter().map(|chosen| chosen.server.as_str()).collect();
                let what = format!(
                    "the approval is void: DRS has deleted the approved snapshots of {}",
                    names.join(", ")
                );
                incident.note(now, EntryKind::Approval, what);
                Ok(Err(asked_again(plan, incident, of, &start, now)))
            }
            Some(Err(error)) => {
                let servers = others.into_iter().map(|chosen| chosen.server).collect();
                Ok(Err(vec![Interlock::SnapshotsUnreadable { servers, error: error.clone() }]))
            }
        }
    }
}

/// The servers of a request. A tag can move a server to another wave: what was approved is the order, too.
fn servers<'f>(plan: &RecoveryPlan, recoverable: Option<&'f Recoverable>) -> Vec<Cow<'f, str>> {
    let drs_plan = recoverable.and_then(|recoverable| recoverable.plan.as_ref().ok());
    let servers = drs_plan.into_iter().flat_map(|drs_plan| &drs_plan.servers);
    let named = servers.map(|server| match plan.waves.is_empty() {
        true => Cow::Borrowed(server.id.as_str()),
        false => Cow::Owned(format!("{} {}", server.id, server.step)),
    });
    named.collect()
}

/// A further request, as long as the incident has not had too many, and what blocks the start now.
fn asked_again(
    plan: &RecoveryPlan,
    incident: &mut Incident,
    of: String,
    start: &DecidedStart,
    now: Timestamp,
) -> Vec<Interlock> {
    if incident.approval.asked_count < MOST_REQUESTS {
        incident.ask(plan, of, start.snapshots.clone(), now);
    } else {
        (incident.approval.request, incident.approved_by) = (None, None);
    }
    lacking(plan, incident, now, true)
}

/// When the start happens by itself, if no operator refuses it and nothing else blocks it.
fn starts_by_itself(plan: &RecoveryPlan, incident: &Incident) -> Option<Timestamp> {
    let request = incident.approval.request.as_ref()?;
    match plan.approval {
        Approval::After(wait) => Some(request.unblocked + wait),
        Approval::None | Approval::Required => None,
    }
}

/// The interlocks of a start that is not approved.
fn lacking(plan: &RecoveryPlan, incident: &Incident, now: Timestamp, is_unblocked: bool) -> Vec<Interlock> {
    let expires = incident.open_request(now).map(|request| request.expires);
    let mut interlocks = Vec::new();
    if plan.mode == PlanMode::Notify && !incident.is_ordered() {
        interlocks.push(Interlock::NotifyOnly);
    } else {
        let starts = starts_by_itself(plan, incident).filter(|_| is_unblocked && expires.is_some());
        let after = match plan.approval {
            Approval::After(wait) => Some(wait),
            Approval::None | Approval::Required => None,
        };
        interlocks.push(Interlock::ApprovalNeeded { after, starts, expires });
    }
    if incident.approval.asked_count >= MOST_REQUESTS && expires.is_none() {
        interlocks.push(Interlock::ApprovalUnanswered { requests: MOST_REQUESTS });
    }
    interlocks
}
