//! What an alarm's change of state does to a plan's latch and incident. Pure: events that come twice, late or out of order are
//! told apart here.

use jiff::{SignedDuration, Timestamp};

use crate::alarm::{Alarm, Change, State};
use crate::because::Because;
use crate::decide::CLOCKS_DIFFER;
use crate::incident::{AlarmNow, Incident, Phase};
use crate::latch::{Latch, Seen};
use crate::rules::Plan;

/// How much earlier or later another form of the same change may say that it was. No alarm is looked at more often than that.
const TWO_FORMS_DIFFER: SignedDuration = SignedDuration::from_secs(1);

/// What was known of a plan before, and is after.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Its latch.
    pub latch: Latch,
    /// Its open incident.
    pub incident: Option<Incident>,
}

/// Applies an alarm's change to what is known of the plan. `arn` is the alarm's, as the plan has it. Gives why nothing of it
/// counts, where nothing does.
pub fn apply(known: &mut Known, plan: &Plan, alarm: &Alarm, arn: &str, now: Timestamp) -> Option<Because> {
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
    // A state that was entered once more is none that the next transition may be measured against.
    if change == Change::Again
        && !known.incident.as_ref().is_some_and(|incident| incident.alarms.contains_key(arn))
    {
        return Some(Because::NotATransition { alarm: alarm.name.clone() });
    }
    // A time that is to come would make the alarm unheard until then.
    let heard_at = if at > now + CLOCKS_DIFFER { now } else { at };
    known.latch.seen.insert(arn.to_owned(), Seen { state: alarm.state, at: heard_at });
    match change {
        Change::Into | Change::Unsure | Change::Again => {
            joined(known, plan, alarm, arn, now);
            None
        }
        Change::Over | Change::Unknown => left(known, alarm, arn, at, now),
    }
}

/// Whether an event of the same moment says that a suppression ended.
fn lifts(known: &Known, alarm: &Alarm, arn: &str) -> bool {
    let known = known.incident.as_ref().and_then(|incident| incident.alarms.get(arn));
    known.is_some_and(|known| known.suppressed_by.is_some() && alarm.suppressed_by.is_none())
}

/// Whether the event says what the one before of the same moment left out.
fn completes(known: &Known, alarm: &Alarm, arn: &str) -> bool {
    let known = known.incident.as_ref().and_then(|incident| incident.alarms.get(arn));
    known.is_some_and(|known| !known.unsaid.is_empty())
        && alarm.change() == Change::Into
        && alarm.at.is_some()
}

/// The alarm is in ALARM: of the open incident, or of a new one.
fn joined(known: &mut Known, plan: &Plan, alarm: &Alarm, arn: &str, now: Timestamp) {
    let at = alarm.at.unwrap_or(now);
    let latch = &mut known.latch;
    let incident = known.incident.get_or_insert_with(|| {
        let id = Incident::id_of(&plan.name, arn, at);
        latch.open = Some(id.clone());
        opened(id, plan, now)
    });
    let before = incident.alarms.get(arn).filter(|before| before.state == State::Alarm);
    // An alarm that had no data for a while is in ALARM since before.
    let began = incident.alarms.get(arn).filter(|before| before.state != State::Ok);
    let began = began.map_or(at.min(now), |before| before.began);
    let late = before.map_or(now.duration_since(at), |before| SignedDuration::from_secs(before.late_seconds));
    let is_whole = alarm.change() == Change::Into && alarm.at.is_some();
    let unsaid = before.filter(|_| !is_whole).map(|before| before.unsaid.clone());
    let mut unsaid = unsaid.unwrap_or_default();
    if before.is_none() && alarm.previous.is_none() {
        unsaid.push("the state it was in before".to_owned());
    }
    if before.is_none() && alarm.at.is_none() {
        unsaid.push("since when it is in ALARM".to_owned());
    }
    incident.alarms.insert(
        arn.to_owned(),
        AlarmNow {
            name: alarm.name.clone(),
            state: State::Alarm,
            since: at,
            heard: now,
            began,
            late_seconds: late.as_secs(),
            suppressed_by: alarm.suppressed_by.clone(),
            suppressed_until: alarm.suppressed_until,
            unsaid: unsaid.clone(),
            reason: alarm.reason.as_deref().map(Incident::said),
        },
    );
    // What holds an alarm by itself keeps it from saying since when the outage is.
    let counts = unsaid.is_empty() && late <= plan.stale_after && alarm.suppressed_by.is_none();
    if counts {
        incident.began = Some(incident.began.map_or(began, |known| known.min(began)));
    }
    let suppressed =
        alarm.suppressed_by.as_deref().map(|by| format!(", suppressed by {by}")).unwrap_or_default();
    incident.note(now, "alarm", format!("{} is in ALARM since {at}{suppressed}", alarm.name));
}

fn opened(id: String, plan: &Plan, now: Timestamp) -> Incident {
    Incident {
        id,
        version: 0,
        plan: plan.name.clone(),
        drs_plan: plan.drs_plan.clone(),
        opened: now,
        began: None,
        ended: None,
        ended_because: None,
        refused_by: None,
        phase: Phase::Held,
        mode: plan.mode,
        alarms: Default::default(),
        holds: Vec::new(),
        attempt: None,
        attempts: 0,
        refusals: Vec::new(),
        refused: 0,
        over_rto: false,
        execution: None,
        servers: Default::default(),
        hostnames: Default::default(),
        record: Vec::new(),
        unrecorded: 0,
        told: None,
        telling: None,
    }
}

/// The alarm is in ALARM no more. That it is OK is remembered also where there is no incident: an ALARM from before it that
/// comes later is known to be late.
fn left(known: &mut Known, alarm: &Alarm, arn: &str, at: Timestamp, now: Timestamp) -> Option<Because> {
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
    of_incident.reason = alarm.reason.as_deref().map(Incident::said);
    incident.note(now, "alarm", format!("{} is {} since {at}", alarm.name, alarm.state));
    None
}
