//! A recovery that ARC Region switch orders: it needs no alarm and no second signal, because an operator or a trigger of Region switch
//! decided it. All other interlocks block it. The invocation fails until every server is launched, so that Region switch asks again.

use shared::decision::Verdict;

use super::{Draft, KnownPlan};
use crate::because::Because;
use crate::event::RegionSwitchCall;
use crate::incident::{EntryKind, Incident, IncidentPhase, RecoveryOrder};
use crate::latch::OrderedIncident;

impl Draft<'_> {
    /// The open incident is ordered; without one, the order opens it.
    pub(super) fn order(&mut self, call: &RegionSwitchCall) {
        let (plan, now) = (self.context.plan, self.context.now);
        let KnownPlan { latch, incident } = &mut self.step.known;
        let incident = incident.get_or_insert_with(|| {
            let id = Incident::id_of_order(&plan.name, &call.execution, now);
            latch.open = Some(id.clone());
            Incident::opened(id, plan, now)
        });
        latch.ordered =
            Some(OrderedIncident { execution: call.execution.clone(), incident: incident.id.clone() });
        if incident.order.is_some() || incident.finished.is_some() {
            return;
        }
        let RegionSwitchCall { switch_plan, execution, step, .. } = call.clone();
        let what = format!("Region switch orders the recovery: step {step} of the execution {execution}");
        incident.note(now, EntryKind::Operator, what);
        incident.order = Some(RecoveryOrder { switch_plan, execution, step, at: now });
    }

    /// Fails the invocation until the recovery has ended well.
    pub(super) fn answer_order(&mut self) {
        let Some(incident) = &self.step.known.incident else { return };
        let (id, phase) = (incident.id.clone(), incident.phase);
        if phase != IncidentPhase::Recovered {
            self.reason(Verdict::Fail, &Because::OrderWaits { incident: id, phase });
        }
    }
}
