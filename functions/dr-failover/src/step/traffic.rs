//! The step that moves traffic: after a recovery, and never after a drill, each reserved address goes to the recovered instance of
//! its server. The decision is written down before EC2 is asked.

use shared::act::Performed;
use shared::call_error::CallError;

use super::{Draft, Effect, MissingFact, TrafficQuery};
use crate::facts::AssociationFailure;
use crate::incident::{EntryKind, Incident, IncidentPhase};
use crate::rules::Mode;
use crate::traffic::{self, Association, TrafficMove, TrafficReason, TrafficStatus};

/// EC2's answer to an association: the id of the association.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociationAnswer {
    /// The source server's id.
    pub server: String,
    /// The answer.
    pub performed: Performed<String, AssociationFailure>,
}

impl Draft<'_> {
    /// Decides about every address of the plan. Returns the associations that EC2 is to be asked for.
    pub(super) fn traffic(&mut self) -> Result<Vec<Association>, MissingFact> {
        let (plan, now) = (self.context.plan, self.context.now);
        let Some(incident) = self.step.known.incident.as_ref().filter(|incident| has_recovered(incident))
        else {
            return Ok(Vec::new());
        };
        let addresses = traffic::undecided(incident, &plan.addresses);
        if addresses.is_empty() || self.context.settings.time_is_made_up {
            return Ok(Vec::new());
        }
        let query = || TrafficQuery {
            servers: addresses.iter().map(|address| address.server.clone()).collect(),
            allocations: addresses.iter().map(|address| address.allocation.clone()).collect(),
        };
        let facts = self.facts.traffic.as_ref().ok_or_else(|| MissingFact::Traffic(Box::new(query())))?;
        let decided = addresses
            .into_iter()
            .map(|address| (address.server.clone(), traffic::decide(incident, address, facts, now)));
        let decided: Vec<(String, TrafficMove)> = decided.collect();
        let mut associations = Vec::new();
        for (server, moved) in decided {
            if moved.status == TrafficStatus::TrafficMoves {
                associations.extend(moved.interface.clone().map(|interface| Association {
                    server: server.clone(),
                    allocation: moved.allocation.clone(),
                    interface,
                }));
            }
            if !self.is_asked_again(&server, &moved) {
                self.keep(server, moved);
            }
        }
        Ok(associations)
    }

    /// A refusal stays reported while EC2 is asked again: it is one email and one entry of the record.
    fn is_asked_again(&mut self, server: &str, moved: &TrafficMove) -> bool {
        let known = self.step.known.incident.as_mut().and_then(|incident| incident.traffic.get_mut(server));
        let Some(known) = known.filter(|known| known.status.is_unconfirmed()) else { return false };
        let is_same = known.launched == moved.launched && known.allocation == moved.allocation;
        if !is_same || moved.status != TrafficStatus::TrafficMoves {
            return false;
        }
        known.interface.clone_from(&moved.interface);
        known.instance.clone_from(&moved.instance);
        true
    }

    /// EC2 was asked for the associations.
    pub(super) fn associated(&mut self, answers: &[AssociationAnswer]) {
        for AssociationAnswer { server, performed } in answers {
            let known = self.step.known.incident.as_ref().and_then(|incident| incident.traffic.get(server));
            let Some(mut moved) = known.cloned() else { continue };
            let bounded = |error: &CallError| Incident::bounded_error(error);
            let before = moved.status.code();
            moved.status = match performed {
                Performed::Done(association) => {
                    moved.association = Some(association.clone());
                    TrafficStatus::TrafficMoved
                }
                Performed::Failed(AssociationFailure::Refused(error)) => {
                    TrafficStatus::AssociationRefused { error: bounded(error) }
                }
                Performed::Failed(AssociationFailure::Unknown(error)) => {
                    TrafficStatus::AssociationUnknown { error: bounded(error) }
                }
                // The call was left out.
                Performed::NotCalled => continue,
            };
            if moved.status.code() != before {
                moved.since = self.context.now;
            }
            self.keep(server.clone(), moved);
        }
        self.claim();
        self.step.effects.push(Effect::Write);
        self.report();
    }

    /// Keeps the status of an address, with the reason, and with an entry of the record if the status is another one.
    fn keep(&mut self, server: String, moved: TrafficMove) {
        let (plan, now) = (self.context.plan, self.context.now);
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let reason = TrafficReason { server: incident.server_label(&server), moved: &moved };
        let (verdict, sentence) = (moved.status.verdict(), reason.to_string());
        self.step.reasons.push(shared::decision::Reason::new(verdict, &plan.name, &reason));
        let before = incident.traffic.get(&server).map(|before| before.status.code());
        if before != Some(moved.status.code()) {
            incident.note(now, EntryKind::Traffic, sentence);
        }
        incident.traffic.insert(server, moved);
    }
}

/// Whether the incident is an open recovery whose critical servers are all launched.
fn has_recovered(incident: &Incident) -> bool {
    let is_drill = incident.mode == Mode::Drill
        || incident.execution().is_some_and(|execution| execution.mode == Mode::Drill);
    let phase = matches!(incident.phase, IncidentPhase::Recovered | IncidentPhase::RecoveredInPart);
    let critical = incident.servers.values().filter(|server| server.critical);
    let mut missing = critical.filter(|server| !server.is_launched());
    incident.is_open() && !is_drill && phase && missing.next().is_none()
}
