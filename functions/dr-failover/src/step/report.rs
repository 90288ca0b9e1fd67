//! Reports each state of an incident once: the write that brings the state claims the email, and SNS's answer confirms or
//! releases the claim. A claim that was neither is free again when its invocation has ended for certain.

use shared::claim::Claim;

use super::{Draft, Effect};
use crate::incident::EntryKind;
use crate::remark::Remark;
use crate::reported::ReportedState;

impl Draft<'_> {
    /// Claims the email about the state that the incident has now.
    pub(super) fn claim(&mut self) {
        let context = self.context;
        let Some(incident) = &mut self.step.known.incident else { return };
        match ReportedState::unreported(incident) {
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
    pub(super) fn published(&mut self, claim: &Claim, subject: &str, is_sent: bool) {
        let now = self.context.now;
        let Some(incident) = &mut self.step.known.incident else { return };
        incident.claim.take_if(|current| current.by == claim.by);
        if is_sent {
            incident.reported = Some(ReportedState::from(claim.what.clone()));
            incident.note(now, EntryKind::Mail, format!("email sent: {subject}"));
        } else {
            incident.note(now, EntryKind::NotEmailed, format!("SNS did not accept the email: {subject}"));
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
        for open in [&mut known.latch.open, &mut known.latch.open_drill] {
            open.take_if(|open| *open == incident.id);
        }
        known.latch.unreported.retain(|id| *id != incident.id);
        if ReportedState::unreported(incident).is_some() {
            known.latch.unreported.push(incident.id.clone());
        }
    }
}
