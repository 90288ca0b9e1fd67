//! The effect of an alarm's change of state on a plan's latch and incident. Events that come twice, late or out of order are
//! recognised here.

use jiff::{SignedDuration, Timestamp};
use shared::arn::Arn;

use super::KnownPlan;
use super::decide::CLOCKS_DIFFER;
use crate::alarm::{AlarmChange, AlarmEvent, AlarmState};
use crate::because::Because;
use crate::incident::{EntryKind, Incident, IncidentAlarm, MissingDetail};
use crate::latch::SeenAlarm;
use crate::rules::RecoveryPlan;

/// The greatest difference between the times of two forms of the same change. CloudWatch evaluates no alarm more often.
const TWO_FORMS_DIFFER: SignedDuration = SignedDuration::from_secs(1);

/// Applies an alarm's change to the known state of the plan. `arn` is the alarm's in the rules. Returns the reason if the change
/// has no effect.
pub fn apply(
    known: &mut KnownPlan,
    plan: &RecoveryPlan,
    alarm: &AlarmEvent,
    arn: &Arn,
    now: Timestamp,
) -> Option<Because> {
    let at = alarm.at.unwrap_or(now);
    let change = alarm.change();
    if let Some(seen) = known.latch.seen.get(arn) {
        let is_open = known.incident.is_some();
        let is_same = at.duration_since(seen.at).abs() < TWO_FORMS_DIFFER && alarm.state == seen.state;
        let says_more = is_same && (lifts(known, alarm, arn) || completes(known, alarm, arn));
        if is_same && !says_more {
            return Some(Because::SameTransition { alarm: alarm.name.clone(), at, is_open });
        }
        if at < seen.at && !says_more {
            let (state, later) = (seen.state, seen.at);
            return Some(Because::OlderThanKnown { alarm: alarm.name.clone(), at, state, later });
        }
    }
    // The next transition is not compared with a state that was entered again.
    if change == AlarmChange::Again
        && !known.incident.as_ref().is_some_and(|incident| incident.alarms.contains_key(arn))
    {
        return Some(Because::NotATransition { alarm: alarm.name.clone() });
    }
    // With a future time, every event until then would be out of date.
    let heard_at = if at > now + CLOCKS_DIFFER { now } else { at };
    known.latch.seen.insert(arn.clone(), SeenAlarm { state: alarm.state, at: heard_at });
    match change {
        AlarmChange::Into | AlarmChange::Unsure | AlarmChange::Again => {
            joined(known, plan, alarm, arn, now);
            None
        }
        AlarmChange::Over | AlarmChange::Unknown => left(known, alarm, arn, at, now),
    }
}

/// Whether an event of the same moment reports the end of a suppression.
fn lifts(known: &KnownPlan, alarm: &AlarmEvent, arn: &Arn) -> bool {
    let known = known.incident.as_ref().and_then(|incident| incident.alarms.get(arn));
    known.is_some_and(|known| known.suppressed_by.is_some() && alarm.suppressed_by.is_none())
}

/// Whether the event has the details that the previous event of the same moment lacked.
fn completes(known: &KnownPlan, alarm: &AlarmEvent, arn: &Arn) -> bool {
    let known = known.incident.as_ref().and_then(|incident| incident.alarms.get(arn));
    known.is_some_and(|known| !known.missing.is_empty())
        && alarm.change() == AlarmChange::Into
        && alarm.at.is_some()
}

/// The alarm is in ALARM: it belongs to the open incident, or opens a new one.
fn joined(known: &mut KnownPlan, plan: &RecoveryPlan, alarm: &AlarmEvent, arn: &Arn, now: Timestamp) {
    let at = alarm.at.unwrap_or(now);
    let latch = &mut known.latch;
    let incident = known.incident.get_or_insert_with(|| {
        let id = Incident::id_of(&plan.name, arn, at);
        latch.open = Some(id.clone());
        Incident::opened(id, plan, now)
    });
    let before = incident.alarms.get(arn).filter(|before| before.state == AlarmState::Alarm);
    // An alarm that had no data for a while has been in ALARM since before.
    let began = incident.alarms.get(arn).filter(|before| before.state != AlarmState::Ok);
    let began = began.map_or(at.min(now), |before| before.began);
    let late = before.map_or(now.duration_since(at), |before| SignedDuration::from_secs(before.late_seconds));
    let is_whole = alarm.change() == AlarmChange::Into && alarm.at.is_some();
    let missing = before.filter(|_| !is_whole).map(|before| before.missing.clone());
    let mut missing = missing.unwrap_or_default();
    if before.is_none() && alarm.previous.is_none() {
        missing.push(MissingDetail::PreviousState);
    }
    if before.is_none() && alarm.at.is_none() {
        missing.push(MissingDetail::Time);
    }
    incident.alarms.insert(
        arn.clone(),
        IncidentAlarm {
            name: alarm.name.clone(),
            state: AlarmState::Alarm,
            since: at,
            heard: now,
            began,
            late_seconds: late.as_secs(),
            suppressed_by: alarm.suppressed_by.clone(),
            suppressed_until: alarm.suppressed_until,
            missing: missing.clone(),
            reason: alarm.reason.as_deref().map(Incident::bounded),
        },
    );
    // An alarm that is late, incomplete or suppressed does not determine when the outage began.
    let counts = missing.is_empty() && late <= plan.stale_after && alarm.suppressed_by.is_none();
    if counts {
        incident.began = Some(incident.began.map_or(began, |known| known.min(began)));
    }
    let suppressed = alarm
        .suppressed_by
        .as_ref()
        .map(|by| format!(", with its actions suppressed ({by})"))
        .unwrap_or_default();
    let what = format!("the alarm {} entered ALARM at {at}{suppressed}", alarm.name);
    incident.note(now, EntryKind::Alarm, what);
}

/// The alarm left ALARM. The latch keeps its state even without an incident, so that an older ALARM that comes later is out of
/// date.
fn left(
    known: &mut KnownPlan,
    alarm: &AlarmEvent,
    arn: &Arn,
    at: Timestamp,
    now: Timestamp,
) -> Option<Because> {
    let Some(incident) = &mut known.incident else {
        return Some(Because::NoIncident { alarm: alarm.name.clone(), state: alarm.state });
    };
    let Some(of_incident) = incident.alarms.get_mut(arn) else {
        return Some(Because::NoIncident { alarm: alarm.name.clone(), state: alarm.state });
    };
    of_incident.state = alarm.state;
    of_incident.since = at;
    of_incident.heard = now;
    of_incident.suppressed_by = None;
    of_incident.suppressed_until = None;
    of_incident.reason = alarm.reason.as_deref().map(Incident::bounded);
    let what = format!("the alarm {} changed to {} at {at}", alarm.name, alarm.state);
    incident.note(now, EntryKind::Alarm, what);
    None
}
