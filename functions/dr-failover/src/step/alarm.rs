//! The effect of an alarm's change of state on a plan's latch and incident. Events that come twice, late or out of order are
//! recognised here.

use jiff::{SignedDuration, Timestamp};
use shared::arn::Arn;

use super::KnownPlan;
use super::decide::CLOCKS_DIFFER;
use crate::alarm::{AlarmChange, AlarmEvent, AlarmState, DeletedAlarm};
use crate::because::Because;
use crate::incident::{EntryKind, Incident, IncidentAlarm, IncidentPhase, MissingDetail, SAME_INCIDENT};
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
    if let Some(is_soon) = begins_another_outage(incident, plan, alarm, arn, now) {
        note_a_lost_ok(incident, alarm, arn, now);
        incident.begin_outage(at, is_soon, now);
        // What is known of the alarm is about the outage before.
        incident.alarms.remove(arn);
    }
    let before = incident.alarms.get(arn).filter(|before| before.state == AlarmState::Alarm);
    // An alarm that had no data for a while has been in ALARM since before.
    let began = incident.alarms.get(arn).filter(|before| before.state != AlarmState::Ok);
    let began = began.map_or(at.min(now), |before| before.began);
    let late =
        before.map_or_else(|| alarm.late(now), |before| SignedDuration::from_secs(before.late_seconds));
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
            deleted: None,
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

/// Whether the alarm's change begins another outage of the open incident, and whether it comes soon after the one before. The
/// earlier outage is over if every alarm is OK, or if this alarm was OK before although no event reported it: an event can be
/// lost. An event that is late, incomplete or from the future does not count, and nothing changes once a start is decided.
fn begins_another_outage(
    incident: &Incident,
    plan: &RecoveryPlan,
    alarm: &AlarmEvent,
    arn: &Arn,
    now: Timestamp,
) -> Option<bool> {
    let at = alarm.at?;
    let is_on_time = (-CLOCKS_DIFFER..=plan.stale_after).contains(&alarm.late(now));
    let is_undecided = incident.phase == IncidentPhase::Held && incident.current().is_none();
    if alarm.change() != AlarmChange::Into || !is_on_time || !is_undecided || incident.alarms.is_empty() {
        return None;
    }
    let known = incident.alarms.get(arn);
    let was_ok = known.is_none_or(|known| known.state == AlarmState::Ok);
    let is_lost = known.is_some_and(|known| at.duration_since(known.since) >= TWO_FORMS_DIFFER)
        && alarm.previous == Some(AlarmState::Ok);
    let is_another = incident.others_are_ok(arn) && (was_ok || is_lost);
    let last = incident.alarms.values().map(|alarm| alarm.since).max();
    is_another.then(|| last.is_some_and(|last| at.duration_since(last) <= SAME_INCIDENT))
}

/// Notes that no event reported the alarm's change to OK.
fn note_a_lost_ok(incident: &mut Incident, alarm: &AlarmEvent, arn: &Arn, now: Timestamp) {
    if incident.alarms.get(arn).is_some_and(|known| known.state != AlarmState::Ok) {
        let what =
            format!("the alarm {} was OK in between: the function did not receive that event", alarm.name);
        incident.note(now, EntryKind::Alarm, what);
    }
}

/// An alarm was deleted: it reports no further change. Returns the reason if the event has no effect.
pub fn deleted(known: &mut KnownPlan, alarm: &DeletedAlarm, arn: &Arn, now: Timestamp) -> Option<Because> {
    let at = alarm.at.unwrap_or(now);
    if let Some(seen) = known.latch.seen.get(arn).filter(|seen| at < seen.at) {
        let (state, later) = (seen.state, seen.at);
        return Some(Because::OlderThanKnown { alarm: alarm.name.clone(), at, state, later });
    }
    let of_incident = known.incident.as_mut().filter(|incident| incident.is_open())?;
    if let Some(known) = of_incident.alarms.get_mut(arn) {
        known.deleted = Some(at);
        let what = format!("the alarm {} was deleted at {at}, and reports no further change", alarm.name);
        of_incident.note(now, EntryKind::Alarm, what);
    }
    None
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
    of_incident.deleted = None;
    of_incident.suppressed_by = None;
    of_incident.suppressed_until = None;
    of_incident.reason = alarm.reason.as_deref().map(Incident::bounded);
    let what = format!("the alarm {} changed to {} at {at}", alarm.name, alarm.state);
    incident.note(now, EntryKind::Alarm, what);
    None
}
