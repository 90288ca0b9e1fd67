//! What the memory of an image or a snapshot adds to one recorded call: what the call ended, what later records prove, and what
//! was known before it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::event::Record;
use crate::grantee::{Grantee, listed};
use crate::memory::{FindingClass, Proof, ProvenTime, RememberedFinding, ResourceMemory, SeenGrantees};
use crate::severity::Severity;

/// The time of a recorded call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTime {
    /// The time.
    pub at: Timestamp,
    /// Where it comes from.
    pub source: TimeSource,
}

/// Where the time of a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSource {
    /// The record.
    Record,
    /// The event about the record: EventBridge's `time`.
    Event,
    /// Neither: the time at which the event arrived.
    Arrival,
}

impl CallTime {
    /// The time of a recorded call, or the best that is known of it. A time after `now` counts as now.
    pub fn of(record: &Record, now: Timestamp) -> Self {
        let time = |text: Option<&str>| text.and_then(|text| text.parse::<Timestamp>().ok());
        let recorded = time(record.time.as_deref()).map(|at| (at, TimeSource::Record));
        let of_event = || {
            time(record.event.get("time").and_then(|time| time.as_str())).map(|at| (at, TimeSource::Event))
        };
        let (at, source) = recorded.or_else(of_event).unwrap_or((now, TimeSource::Arrival));
        Self { at: at.min(now), source }
    }
}

/// What the memory adds to a recorded call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallHistory {
    /// The findings that this call ended, and those that later records ended before this record arrived.
    pub ended: Vec<EndedFinding>,
    /// Grantees that this call added, and from which a later record or this function removed the access.
    pub removed_since: Vec<(Grantee, ProvenTime)>,
    /// Grantees that this call removed, and to which a later record granted access again.
    pub granted_since: Vec<(Grantee, ProvenTime)>,
    /// Findings of the same image or snapshot that were open before the call and still are.
    pub still_open: Vec<RememberedFinding>,
    /// The grantees that the last look-up before the call saw.
    pub seen_before: Option<SeenGrantees>,
}

/// A finding that has ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndedFinding {
    /// Its class.
    pub class: FindingClass,
    /// The grantees with this history.
    pub grantees: Vec<Grantee>,
    /// Its beginning, if it is known.
    pub opened: Option<ProvenTime>,
    /// The last time at which it was known to be open: the earliest end where only a look-up shows the end.
    pub confirmed: Option<Timestamp>,
    /// Its end.
    pub closed: ProvenTime,
    /// The highest severity that an email stated.
    pub severity: Option<Severity>,
}

impl EndedFinding {
    /// How long the finding was open, if both its beginning and its end are known.
    pub fn duration(&self) -> Option<SignedDuration> {
        let opened = self.opened.as_ref()?;
        let is_exact = |moment: &ProvenTime| !matches!(moment.proof, Proof::LookUp);
        (is_exact(opened) && is_exact(&self.closed)).then(|| self.closed.at.duration_since(opened.at))
    }

    /// Ended findings, one for all grantees with the same history.
    pub fn grouped<'f>(findings: impl IntoIterator<Item = &'f RememberedFinding>) -> Vec<Self> {
        let mut groups: BTreeMap<Self, Vec<Grantee>> = BTreeMap::new();
        for finding in findings {
            let Some(closed) = finding.history.closed.clone() else { continue };
            let group = Self {
                class: finding.class,
                grantees: Vec::new(),
                opened: finding.history.opened.clone(),
                confirmed: finding.history.confirmed,
                closed,
                severity: finding.history.reported.map(|reported| reported.severity),
            };
            groups.entry(group).or_default().push(finding.grantee.clone());
        }
        groups.into_iter().map(|(group, grantees)| Self { grantees, ..group }).collect()
    }
}

/// A recorded call, as the memory knows it.
#[derive(Debug, Clone, Copy)]
pub struct KnownCall<'a> {
    /// The time of the call, and its record.
    pub moment: &'a ProvenTime,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The grantees that it added.
    pub added: &'a [Grantee],
    /// The grantees that it removed.
    pub removed: &'a [Grantee],
}

impl CallHistory {
    /// What the memory adds to a call. `before` is the memory as it was read, `after` the memory with this call.
    pub fn of(call: KnownCall<'_>, before: &ResourceMemory, after: &ResourceMemory) -> Self {
        let KnownCall { moment, succeeded, added, removed } = call;
        let since = |grantees: &[Grantee], of: &dyn Fn(&Grantee) -> Option<ProvenTime>| {
            let moments = grantees.iter().filter(|_| succeeded);
            moments.filter_map(|grantee| Some((grantee.clone(), of(grantee)?))).collect()
        };
        let seen = before.seen.as_ref();
        let since_call = |grantee: &Grantee| {
            let removed = after.last_removal(grantee);
            removed.filter(|removed| removed.at > moment.at || is_revert_of(removed, moment))
        };
        Self {
            ended: if succeeded { ended(call, after) } else { Vec::new() },
            removed_since: since(added, &since_call),
            granted_since: since(removed, &|grantee| after.granted_after(grantee, moment.at)),
            still_open: still_open(call, before, after),
            seen_before: seen.filter(|seen| seen.at < moment.at).cloned(),
        }
    }
}

fn is_revert_of(removed: &ProvenTime, call: &ProvenTime) -> bool {
    matches!(&removed.proof, Proof::OwnCall { event } if event.is_some() && event.as_deref() == call.event())
}

/// The findings that the call ended, and those of its grantees that ended before its record arrived.
fn ended(call: KnownCall<'_>, after: &ResourceMemory) -> Vec<EndedFinding> {
    let added: BTreeSet<&Grantee> = call.added.iter().collect();
    let is_ended = |finding: &&RememberedFinding| {
        let (opened, closed) = (finding.history.opened.as_ref(), finding.history.closed.as_ref());
        let by_this = closed.is_some_and(|closed| closed.is_of(call.moment));
        let spans = opened.is_none_or(|opened| opened.at <= call.moment.at)
            && closed.is_some_and(|closed| closed.at >= call.moment.at);
        by_this || (finding.is_access() && spans && added.contains(&finding.grantee))
    };
    EndedFinding::grouped(after.findings.iter().filter(is_ended))
}

fn still_open(
    call: KnownCall<'_>,
    before: &ResourceMemory,
    after: &ResourceMemory,
) -> Vec<RememberedFinding> {
    let was_open: BTreeSet<(FindingClass, &Grantee)> =
        before.open().map(|finding| (finding.class, &finding.grantee)).collect();
    let is_earlier = |finding: &&RememberedFinding| {
        let opened = finding.history.opened.as_ref();
        let is_of_call = opened.is_some_and(|opened| opened.is_of(call.moment));
        !is_of_call && was_open.contains(&(finding.class, &finding.grantee))
    };
    after.open().filter(is_earlier).cloned().collect()
}

/// `everyone had access from 2026-03-02T10:04:12Z to 2026-03-02T10:51:12Z, 47 minutes; bob removed it (event e-2)`.
impl fmt::Display for EndedFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grantees = listed(&self.grantees);
        let is_lost = self.class == FindingClass::Lost;
        match is_lost {
            true => write!(f, "{grantees}, which a rule trusts, had no permission")?,
            false => write!(f, "{grantees} had access")?,
        }
        match &self.opened {
            Some(ProvenTime { at, proof: Proof::LookUp }) => write!(f, " at {at}, when it was looked up,")?,
            Some(ProvenTime { at, .. }) => write!(f, " from {at}")?,
            None => {}
        }
        match &self.closed.proof {
            Proof::LookUp => write!(f, " and not at {}, when it was looked up", self.closed.at)?,
            _ => write!(f, " to {}", self.closed.at)?,
        }
        if let Some(duration) = self.duration() {
            write!(f, ", {}", crate::email::span::duration(duration))?;
        }
        let ended = if is_lost { "granted it again" } else { "removed it" };
        match &self.closed.proof {
            Proof::Record { event: Some(event), actor, .. } => write!(f, "; {actor} {ended} (event {event})"),
            Proof::Record { event: None, actor, .. } => write!(f, "; {actor} {ended}"),
            Proof::OwnCall { .. } => write!(f, "; this function {ended}"),
            Proof::LookUp => Ok(()),
            Proof::Rule { place } => write!(f, "; the rule at {place} allows it since"),
            Proof::Gone => f.write_str("; the image or snapshot no longer exists"),
        }
    }
}
