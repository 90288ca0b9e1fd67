//! The parts of a report that are tables: who decided, the alarms, the readings, the waves, the blocks, the traffic, and what followed.

use dr_failover::because::Agreed;
use dr_failover::incident::{
    ChosenSnapshot, EndedHold, EntryKind, Incident, IncidentWave, LaterEntry, RecordEntry, WaveLaunch,
};
use dr_failover::rules::Mode;
use dr_failover::text::{capitalized, short_duration};
use dr_failover::traffic::TrafficReason;
use jiff::{SignedDuration, Timestamp};
use shared::text::{count, printable};

use super::{entries, utc};

/// A table of a report, with a sentence above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportPart {
    /// The heading.
    pub(crate) heading: &'static str,
    /// The sentence.
    pub(crate) sentence: Option<String>,
    /// The columns: names, and whether a column has times.
    pub(crate) columns: &'static [(&'static str, bool)],
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
}

/// The parts before the servers.
pub(crate) fn before(incident: &Incident) -> Vec<ReportPart> {
    filled([who(incident), alarms(incident), readings(incident), blocks(incident)])
}

/// The parts after the servers.
pub(crate) fn after(incident: &Incident) -> Vec<ReportPart> {
    let of = |heading, kind| log(heading, entries(incident, kind));
    filled([
        waves(incident),
        traffic(incident),
        later(incident),
        of("The clean-up", EntryKind::Terminated),
        of("Requests for an approval, and answers that did not count", EntryKind::Approval),
        commands(incident),
        emails(incident),
        of("Emails that SNS did not accept", EntryKind::NotEmailed),
    ])
}

/// A part without rows and without a sentence is left out.
fn filled<const N: usize>(parts: [ReportPart; N]) -> Vec<ReportPart> {
    let mut parts = Vec::from(parts);
    parts.retain(|part| part.sentence.is_some() || !part.rows.is_empty());
    for part in &mut parts {
        part.rows.iter_mut().flatten().for_each(|cell| *cell = printable(cell));
        part.sentence = part.sentence.as_deref().map(printable);
    }
    parts
}

/// `03-02 10:00:20`.
fn short(at: Timestamp) -> String {
    at.strftime("%m-%d %H:%M:%S").to_string()
}

fn optional(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), short)
}

fn log<'i>(heading: &'static str, entries: impl Iterator<Item = &'i RecordEntry>) -> ReportPart {
    let rows = entries.map(|entry| vec![short(entry.at), entry.what.clone()]).collect();
    ReportPart { heading, sentence: None, columns: &[("At", true), ("What", false)], rows }
}

/// The commands of operators, unless the table of those who decided has each of them.
fn commands(incident: &Incident) -> ReportPart {
    let mut part = log("Commands of operators", entries(incident, EntryKind::Operator));
    if part.rows.len() <= who(incident).rows.len() {
        part.rows.clear();
    }
    part
}

fn emails(incident: &Incident) -> ReportPart {
    let mut part = log("Emails sent", entries(incident, EntryKind::Mail));
    for cell in part.rows.iter_mut().filter_map(|row| row.last_mut()) {
        *cell = cell.trim_start_matches("email sent: ").to_owned();
    }
    if part.rows.is_empty() {
        part.sentence = Some("None.".to_owned());
    }
    part
}

/// The principals that decided something.
fn who(incident: &Incident) -> ReportPart {
    let row =
        |what: &str, by: &str, at: Option<Timestamp>| vec![what.to_owned(), by.to_owned(), optional(at)];
    let asked_at = |what: &str| {
        let found = entries(incident, EntryKind::Operator).filter(|entry| entry.what.contains(what));
        found.last().map(|entry| entry.at)
    };
    let mut rows = Vec::new();
    rows.extend(incident.drilled_by.as_ref().map(|by| row("asked for the drill", by, Some(incident.opened))));
    rows.extend(incident.order.as_ref().map(|order| {
        let by = format!("the execution {} of ARC Region switch", order.execution);
        row("ordered the recovery", &by, Some(order.at))
    }));
    rows.extend(approval(incident).map(|(by, at)| row("approved the start", &by, at)));
    for attempt in incident.attempts.iter().filter(|attempt| attempt.start.is_none()) {
        rows.extend(attempt.execution.as_ref().map(|execution| {
            row("started it by hand", "an operator, with the incident's tag", Some(execution.started))
        }));
    }
    let refused = incident.refused_by.as_ref();
    rows.extend(refused.map(|by| row("refused it", by, asked_at("refuses"))));
    if let Some(course) = &incident.waves {
        let skipped = course.skipped.iter();
        rows.extend(skipped.map(|(server, by)| {
            row(&format!("skipped the server {}", incident.host_and_id(server)), by, asked_at(server))
        }));
        let continued = course.continued_by.as_ref();
        rows.extend(continued.map(|by| row("continued the waves", by, asked_at("continues"))));
    }
    let clean_up = incident.clean_up.as_ref().and_then(|clean_up| clean_up.by.as_ref());
    rows.extend(clean_up.map(|by| row("asked for the clean-up", by, asked_at("clean-up"))));
    rows.extend(incident.closed_by.as_ref().map(|by| row("closed the incident", by, incident.closed)));
    let sentence = match incident.mode {
        Mode::Recovery if rows.is_empty() => Some("No operator. The rules alone decided.".to_owned()),
        _ => None,
    };
    ReportPart {
        heading: "Who decided",
        sentence,
        columns: &[("What", false), ("Who", false), ("At", true)],
        rows,
    }
}

/// The approval of the start: the principal, or that none was needed in time.
pub(crate) fn approval(incident: &Incident) -> Option<(String, Option<Timestamp>)> {
    if let Some(approver) = &incident.approved_by {
        let version = approver.version;
        return Some((format!("{} (version {version} of the parameter)", approver.by), Some(approver.at)));
    }
    if incident.approval.asked_count == 0 {
        return None;
    }
    match incident.start() {
        Some(start) => {
            Some(("no operator: none refused it in the time of `approval`".to_owned(), Some(start.at)))
        }
        None => {
            let requests = usize::try_from(incident.approval.asked_count).unwrap_or_default();
            Some((format!("no operator, after {}", count(requests, "request")), None))
        }
    }
}

fn alarms(incident: &Incident) -> ReportPart {
    let rows = incident.alarms.iter().map(|(arn, alarm)| {
        let deleted = if alarm.deleted.is_some() { ", deleted" } else { "" };
        let name = format!("{} ({})", alarm.name, arn.region);
        vec![name, short(alarm.began), format!("{}{deleted}", alarm.state), short(alarm.since)]
    });
    let outages = usize::try_from(incident.outages).unwrap_or_default();
    ReportPart {
        heading: "Alarms",
        sentence: (outages > 1).then(|| format!("In ALARM {}.", count(outages, "time"))),
        columns: &[("Alarm", false), ("Entered ALARM", true), ("Last state", false), ("Since", true)],
        rows: rows.collect(),
    }
}

fn readings(incident: &Incident) -> ReportPart {
    let readings = &incident.readings;
    let agrees = |agrees| if agrees { "confirms the outage" } else { "does not confirm it" };
    let agreed = Agreed { agreed: incident.agreed(), readings: readings.len() };
    ReportPart {
        heading: "Readings of the second signal",
        sentence: (!readings.is_empty()).then(|| format!("{}.", capitalized(&agreed.to_string()))),
        columns: &[("At", true), ("The second signal", false)],
        rows: readings.iter().map(|one| vec![short(one.at), agrees(one.agrees).to_owned()]).collect(),
    }
}

/// A block from its beginning to its end; without an end, it still blocks, or did when the incident was closed.
struct Block {
    since: Timestamp,
    until: Option<Timestamp>,
    code: &'static str,
    what: String,
    ended: String,
}

fn all_blocks(incident: &Incident) -> Vec<Block> {
    let ended = incident.ended_holds.iter().map(|EndedHold { interlock, since, until, because }| Block {
        since: *since,
        until: Some(*until),
        code: interlock.code().name(),
        what: interlock.to_string(),
        ended: because.to_string(),
    });
    let last = || if incident.is_open() { "it still blocks" } else { "it blocked until the end" };
    let lasting = incident.holds.iter().map(|hold| Block {
        since: hold.since,
        until: incident.closed,
        code: hold.interlock.code().name(),
        what: hold.interlock.to_string(),
        ended: last().to_owned(),
    });
    let mut blocks: Vec<Block> = ended.chain(lasting).collect();
    blocks.sort_by_key(|block| block.since);
    blocks
}

fn blocks(incident: &Incident) -> ReportPart {
    let blocks = all_blocks(incident);
    let sentence = super::blocked_for(incident).map(|time| format!("Blocked for {}.", short_duration(time)));
    // Items of earlier versions have only the entries.
    if blocks.is_empty() {
        let mut part = log(BLOCKS, entries(incident, EntryKind::Held));
        part.sentence = sentence;
        return part;
    }
    let rows = blocks.into_iter().map(|block| {
        let lasted = block.until.map(|until| short_duration(until.duration_since(block.since)));
        vec![
            short(block.since),
            optional(block.until),
            lasted.unwrap_or_else(|| "-".to_owned()),
            format!("{}: {}", block.code, block.what),
            block.ended,
        ]
    });
    ReportPart {
        heading: BLOCKS,
        sentence,
        columns: &[
            ("From", true),
            ("Until", true),
            ("Lasted", true),
            ("Check", false),
            ("Why it ended", false),
        ],
        rows: rows.collect(),
    }
}

const BLOCKS: &str = "What blocked it";

/// The time in which at least one check blocked. `now` ends a block that has no end.
pub(crate) fn blocked_time(incident: &Incident, now: Timestamp) -> Option<SignedDuration> {
    let blocks = all_blocks(incident);
    let mut until = blocks.first()?.since;
    let mut time = SignedDuration::ZERO;
    for block in &blocks {
        let (from, to) = (block.since.max(until), block.until.unwrap_or(now));
        if to > from {
            time += to.duration_since(from);
            until = to;
        }
    }
    Some(time)
}

fn waves(incident: &Incident) -> ReportPart {
    let course = incident.waves.iter().flat_map(|course| &course.waves);
    let rows = course.map(|wave| {
        let servers = || incident.servers_of(&wave.name);
        let (launched, all) = (servers().filter(|(_, server)| server.is_launched()), servers().count());
        let skipped = servers().filter(|(id, _)| incident.is_skipped(id)).count();
        let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
        let last = last_launch(incident, wave);
        vec![
            wave.name.clone(),
            optional(wave.begun),
            format!("{} of {all}{skipped}", launched.count()),
            optional(last),
            within(wave, last),
            wave.launches.iter().map(job).collect::<Vec<_>>().join("; "),
        ]
    });
    ReportPart {
        heading: "Waves",
        sentence: None,
        columns: &[
            ("Wave", false),
            ("Began", true),
            ("Launched", false),
            ("Last server", true),
            ("Took", false),
            ("Jobs", false),
        ],
        rows: rows.collect(),
    }
}

/// When the last server of a wave that launched did so.
pub(crate) fn last_launch(incident: &Incident, wave: &IncidentWave) -> Option<Timestamp> {
    let launched = incident.servers_of(&wave.name).filter(|(_, server)| server.is_launched());
    launched.map(|(_, server)| server.since).max()
}

/// `4m 20s, within 30m`.
fn within(wave: &IncidentWave, last: Option<Timestamp>) -> String {
    let limit = short_duration(wave.within);
    match wave.begun.zip(last) {
        None => format!("- ({limit} allowed)"),
        Some((begun, last)) => {
            let took = last.duration_since(begun);
            let is = if took <= wave.within { "within" } else { "longer than" };
            format!("{}, {is} {limit}", short_duration(took))
        }
    }
}

fn job(launch: &WaveLaunch) -> String {
    let job = launch.job.clone().unwrap_or_else(|| "no job".to_owned());
    let refusal = launch.refusal.as_ref().map(|refusal| {
        let times = usize::try_from(refusal.count).unwrap_or_default();
        format!(", refused {}", count(times, "time"))
    });
    format!("{job}{} ({})", refusal.unwrap_or_default(), count(launch.snapshots.len(), "server"))
}

fn traffic(incident: &Incident) -> ReportPart {
    let rows = incident.traffic.iter().map(|(server, moved)| {
        let reason = TrafficReason { server: incident.server_label(server), moved };
        vec![short(moved.since), reason.to_string()]
    });
    ReportPart {
        heading: "Traffic",
        sentence: None,
        columns: &[("Since", true), ("Address", false)],
        rows: rows.collect(),
    }
}

fn later(incident: &Incident) -> ReportPart {
    let rows = incident.events_after_launch().iter();
    let rows = rows.map(|LaterEntry { at, event }| vec![short(*at), event.to_string()]);
    ReportPart {
        heading: "After the launch",
        sentence: None,
        columns: &[("At", true), ("What", false)],
        rows: rows.collect(),
    }
}

/// The snapshot that a server was launched from last.
pub(crate) fn snapshot_of<'i>(incident: &'i Incident, server: &str) -> Option<&'i ChosenSnapshot> {
    let of_wave = incident.waves.as_ref().and_then(|course| course.launch_of(server));
    let of_wave = of_wave.into_iter().flat_map(|(_, launch)| &launch.snapshots);
    let starts = incident.attempts.iter().rev().filter_map(|attempt| attempt.start.as_ref());
    let of_starts = starts.flat_map(|start| &start.snapshots);
    of_wave.chain(of_starts).find(|chosen| chosen.server == server)
}

/// What runs in DRS although the incident launched nothing, and what else an operator has to settle.
pub(crate) fn without_a_launch(incident: &Incident) -> Vec<String> {
    let Some(remains) = &incident.remains else { return Vec::new() };
    let executions = remains.executions.iter().map(|execution| format!("DRS runs the execution {execution}"));
    let jobs = remains.jobs.iter().map(|job| format!("DRS runs the job {job}"));
    let instances = remains.instances.iter().map(|instance| {
        let kind = if instance.is_drill { "drill instance" } else { "instance" };
        format!(
            "DRS lists the {kind} {} of {}, which this incident did not launch",
            instance.id,
            incident.host(&instance.server)
        )
    });
    let unknown = remains.unreadable.iter().map(|error| format!("Unknown: {} ({error})", error.operation));
    executions.chain(jobs).chain(instances).chain(unknown).collect()
}

/// What is true of each part, as lines of a short text.
pub(crate) fn lines(part: &ReportPart) -> impl Iterator<Item = String> {
    let rows = part.rows.iter().map(|row| row.join("  "));
    part.sentence.clone().into_iter().chain(rows)
}

/// The times of a report, when it has no end yet.
pub(crate) fn last_seen(incident: &Incident) -> Timestamp {
    incident.record.last().map_or(incident.opened, |entry| entry.at)
}

/// `opened at ...`, for the footer.
pub(crate) fn period(incident: &Incident) -> String {
    let closed = incident.closed.map_or_else(|| "open".to_owned(), |at| format!("closed at {}", utc(at)));
    format!("Opened at {}, {closed}.", utc(incident.opened))
}
