//! Reports each state of an incident once: the write that brings the state claims the email, and SNS's answer confirms or
//! releases the claim. A claim that was neither is free again when its invocation has ended for certain.

use jiff::Timestamp;
use shared::claim::Claim;

use super::{Draft, Effect, EmailAnswer};
use crate::incident::{EntryKind, Incident, IncidentPhase, UnansweredEmails};
use crate::latch::LatchedStart;
use crate::remark::Remark;
use crate::reported::ReportedState;

/// The most emails about one state whose answers are lost. After them the state counts as reported.
const MOST_UNANSWERED: u32 = 3;

impl Draft<'_> {
    /// Claims the email about the state that the incident has now.
    pub(super) fn claim(&mut self) {
        let context = self.context;
        let Some(incident) = &mut self.step.known.incident else { return };
        let unreported = ReportedState::unreported(incident);
        let waits = incident.waits_to_settle(unreported.as_ref(), context.now);
        match unreported.filter(|_| !waits) {
            None => incident.claim = None,
            Some(state) => {
                let what = state.to_string();
                let is_taken = incident
                    .claim
                    .as_ref()
                    .is_some_and(|claim| claim.blocks(&what, context.request, context.now));
                if !is_taken {
                    incident.claim =
                        Some(Claim { what, by: context.request.to_owned(), until: context.ends });
                }
            }
        }
        self.settle();
    }

    /// The emails after a write: about the cleared latch, and about the incident if this invocation has the claim.
    pub(super) fn report(&mut self) {
        self.report_clearance();
        self.report_incident();
    }

    fn report_incident(&mut self) {
        let claim = self.step.known.incident.as_ref().and_then(|incident| incident.claim.clone());
        match claim {
            Some(claim) if claim.by == self.context.request => {
                self.step.effects.push(Effect::ReportIncident(claim));
            }
            Some(_) => self.note(&Remark::BeingTold),
            None => {}
        }
    }

    /// The email about a cleared latch is recorded only after it was sent, so that it is sent at least once.
    pub(super) fn report_clearance(&mut self) {
        let cleared = self.step.known.latch.cleared.as_ref().filter(|cleared| !cleared.reported);
        self.step.effects.extend(cleared.cloned().map(Effect::ReportClearance));
    }

    /// SNS accepted the email about the cleared latch.
    pub(super) fn clearance_reported(&mut self) {
        if let Some(cleared) = &mut self.step.known.latch.cleared {
            cleared.reported = true;
        }
        self.step.effects.push(Effect::Write);
    }

    /// SNS accepted the email, or the claim is released so that the next invocation need not wait for its end.
    pub(super) fn published(&mut self, claim: &Claim, subject: &str, answer: EmailAnswer) {
        let now = self.context.now;
        let Some(incident) = &mut self.step.known.incident else { return };
        incident.claim.take_if(|current| current.by == claim.by);
        match answer {
            EmailAnswer::Accepted => {
                incident.reported = Some(ReportedState::from(claim.what.clone()));
                incident.unanswered_emails = None;
                incident.note(now, EntryKind::Mail, format!("email sent: {subject}"));
            }
            EmailAnswer::Refused => {
                incident.note(now, EntryKind::NotEmailed, format!("SNS did not accept the email: {subject}"));
            }
            EmailAnswer::Lost => unanswered(incident, claim, subject, now),
        }
        self.settle();
        self.step.effects.push(Effect::Write);
    }

    /// A closed incident's final email was not sent: SNS refused it, or the invocation with the claim was killed.
    pub(super) fn report_closed(&mut self, id: &str) {
        // An operator may have deleted the item.
        if self.step.known.incident.is_none() {
            self.step.known.latch.unreported.retain(|other| other != id);
        }
        self.claim();
        self.step.effects.push(Effect::Write);
        self.report_incident();
    }

    /// A closed incident leaves the latch, whether or not it is reported: the next alarm opens another one. The latch keeps its
    /// id until its final email is sent.
    fn settle(&mut self) {
        let known = &mut self.step.known;
        let Some(incident) = known.incident.as_ref().filter(|incident| !incident.is_open()) else { return };
        let open = known.latch.open_of_mut(incident.mode);
        let was_open = open.take_if(|open| *open == incident.id).is_some();
        if let Some(at) = incident.closed.filter(|_| was_open && incident.phase == IncidentPhase::OkAgain) {
            known.latch.over = Some(LatchedStart { incident: incident.id.clone(), at });
        }
        known.latch.unreported.retain(|id| *id != incident.id);
        if ReportedState::unreported(incident).is_some() {
            known.latch.unreported.push(incident.id.clone());
        }
    }
}

/// SNS may have sent the email. It is sent again a bounded number of times, so that an answer that is always lost does not send an
/// email each minute.
fn unanswered(incident: &mut Incident, claim: &Claim, subject: &str, now: Timestamp) {
    let state = ReportedState::from(claim.what.clone());
    let before = incident.unanswered_emails.take().filter(|before| before.state == state);
    let count = before.map_or(0, |before| before.count) + 1;
    let what =
        format!("SNS did not answer, and may have sent the email {count} of {MOST_UNANSWERED}: {subject}");
    incident.note(now, EntryKind::NotEmailed, what);
    if count >= MOST_UNANSWERED {
        incident.reported = Some(state);
    } else {
        incident.unanswered_emails = Some(UnansweredEmails { state, count });
    }
}
