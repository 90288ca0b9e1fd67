//! `pointsman incident`: the record of a recovery in a readable form, from a file or from the table.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use dr_failover::incident::{
    EndedHold, EntryKind, Incident, LaterEntry, LaunchRefusal, LaunchTag, WaveLaunch, launched_of,
};
use dr_failover::store::{IncidentStore, incident_of_item};
use dr_failover::text::short_duration;
use dr_failover::traffic::TrafficReason;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::text::{count, printable};

use crate::arguments::{IncidentArguments, ReplayArguments};
use crate::exit::Exit;
use crate::replay::{Case, replay_until_the_end};
use crate::{render, workspace};

/// The name of the function's table in a replay.
const CASE_TABLE: &str = "pointsman-DrFailoverTable";

/// Prints the incident.
pub fn run(arguments: &IncidentArguments) -> Result<Exit> {
    let incident = read(&arguments.incident, arguments.table.as_deref())?;
    match arguments.json {
        true => anstream::println!("{}", serde_json::to_string_pretty(&incident)?),
        false => anstream::print!("{}", text(&incident)),
    }
    Ok(Exit::Success)
}

/// The incident in a file, at the end of a case, or in the table.
///
/// # Errors
/// When there is no such incident.
pub(crate) fn read(file_or_id: &str, table: Option<&str>) -> Result<Incident> {
    let path = Path::new(file_or_id);
    if path.join("event.json").is_file() {
        return from_case(path);
    }
    match path.is_file() {
        true => from_file(path).with_context(|| format!("{} does not hold an incident", path.display())),
        false => from_table(file_or_id, table),
    }
}

/// Reads an item as the AWS CLI shows it, with or without `Item` around it, the JSON form of an email, or the incident itself.
fn from_file(path: &Path) -> Result<Incident> {
    let text = shared::text_file::read(path)?;
    let mut value: Value = serde_json::from_str(&text).context("the file is not JSON")?;
    for around in ["Item", "incident"] {
        if value[around].is_object() {
            value = value[around].take();
        }
    }
    match value["id"].is_object() {
        true => Ok(incident_of_item(value)?),
        false => Ok(serde_json::from_value(value)?),
    }
}

/// Replays a case, and reads the incident that was opened last.
fn from_case(path: &Path) -> Result<Incident> {
    let root = workspace::root()?;
    let arguments = ReplayArguments {
        function: Some(dr_failover::FUNCTION.name.to_owned()),
        ..ReplayArguments::default()
    };
    let case = Case::read(path, &arguments, &root)?;
    let mut items = Vec::new();
    replay_until_the_end(&case, &arguments, &root, &mut |aws| {
        items = aws.items(CASE_TABLE).unwrap_or_default();
    })?;
    let is_incident = |item: &Value| item["sk"]["S"].as_str().is_some_and(|key| key.starts_with("incident#"));
    let incidents = items.into_iter().filter(is_incident).map(incident_of_item);
    let mut incidents = incidents.collect::<Result<Vec<Incident>, _>>()?;
    incidents.sort_by_key(|incident| incident.opened);
    let last = incidents.pop().with_context(|| format!("{} opens no incident", path.display()))?;
    for other in incidents {
        anstream::eprintln!("note: the case has another incident, {}", other.id);
    }
    Ok(last)
}

fn from_table(id: &str, table: Option<&str>) -> Result<Incident> {
    let Some(plan) = Incident::plan_of(id) else {
        bail!("`{id}` is no file, no case, and no id of an incident, such as shop-20260302T100000Z-2752a79b");
    };
    let table = table.context("to read an incident by its id, add --table NAME")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        let config = shared::aws::sdk_config().await;
        let client = aws_sdk_dynamodb::Client::new(&config);
        IncidentStore::new(&client, table).incident(plan, id).await
    })?;
    found.with_context(|| format!("the table {table} has no incident {id}"))
}

/// The incident in a readable form.
pub fn text(incident: &Incident) -> String {
    let mut out = String::new();
    let began = incident.began();
    let mode = incident.mode;
    let state = if incident.is_open() { "open" } else { "closed" };
    let _ =
        writeln!(out, "{}: {} of {}, {}, {state}", incident.id, mode, incident.plan, incident.phase.name());
    if let Some(drs_plan) = &incident.drs_plan {
        out.push_str(&render::sentence(&format!("  {drs_plan}")));
    }
    if let Some(approver) = &incident.approved_by {
        let line = format!("  approved by {} at {} (version {})", approver.by, approver.at, approver.version);
        out.push_str(&render::block(&printable(&line)));
    }
    out.push_str("\nalarms\n");
    for alarm in incident.alarms.values() {
        let line = format!("  {} {} since {}, began {}", alarm.name, alarm.state, alarm.since, alarm.began);
        out.push_str(&render::block(&printable(&line)));
    }
    if !incident.holds.is_empty() {
        out.push_str("\nblocked by\n");
        for hold in &incident.holds {
            out.push_str(&render::block(&printable(&format!(
                "  {} since {}: {}",
                hold.interlock.code().name(),
                hold.since,
                hold.interlock
            ))));
        }
    }
    ended_blocks(&mut out, incident);
    snapshots(&mut out, incident);
    let _ = writeln!(out, "\ntime from the {}", incident.first_cause());
    for (what, at, never) in steps(incident) {
        let after = at.map_or_else(|| never.to_owned(), |at| after(began, at));
        let _ = writeln!(out, "  {what:<24} {after}");
    }
    if !incident.servers.is_empty() {
        out.push_str("\nservers\n");
        for (id, server) in &incident.servers {
            let instance = server.instance.as_deref().unwrap_or("-");
            let since = after(began, server.since);
            let optional = if server.critical { "" } else { " (optional)" };
            let is_gone = incident.later.as_ref().is_some_and(|later| later.gone.contains(id));
            let optional = if is_gone { format!("{optional}, gone since") } else { optional.to_owned() };
            let line =
                format!("  {id}  {:<11} {instance}  {since}  {}{optional}", server.status, server.step);
            out.push_str(&render::block(&printable(&line)));
        }
    }
    waves(&mut out, incident);
    remains(&mut out, incident);
    if !incident.events_after_launch().is_empty() {
        out.push_str("\nafter the launch\n");
        for LaterEntry { at, event } in incident.events_after_launch() {
            out.push_str(&render::block(&printable(&format!("  {at}  {:>9}  {event}", after(began, *at)))));
        }
    }
    if !incident.traffic.is_empty() {
        out.push_str("\ntraffic\n");
        for (server, moved) in &incident.traffic {
            let reason = TrafficReason { server: incident.server_label(server), moved };
            let (code, since) = (moved.status.code(), after(began, moved.since));
            out.push_str(&render::block(&printable(&format!("  {code}  {since}  {reason}"))));
        }
    }
    out.push_str("\nwhat happened\n");
    for entry in &incident.record {
        let line = format!("  {}  {:>9}  {}", entry.at, after(began, entry.at), entry.what);
        out.push_str(&render::block(&printable(&line)));
    }
    if incident.unrecorded > 0 {
        let _ = writeln!(out, "  ({} more entries, for which the record has no room)", incident.unrecorded);
    }
    out
}

/// Each block that has ended: how long it lasted, and why it ended.
fn ended_blocks(out: &mut String, incident: &Incident) {
    if incident.ended_holds.is_empty() {
        return;
    }
    out.push_str("\nblocks that ended\n");
    for EndedHold { interlock, since, until, because } in &incident.ended_holds {
        let (code, lasted) = (interlock.code().name(), short_duration(until.duration_since(*since)));
        let line = format!("  {code} from {since} to {until} ({lasted}): {because}. It was: {interlock}");
        out.push_str(&render::block(&printable(&line)));
    }
}

/// The ages of the snapshots of the last start, against the RPO.
fn snapshots(out: &mut String, incident: &Incident) {
    let starts = incident.attempts.iter().rev().filter_map(|attempt| attempt.start.as_ref());
    let Some(start) = starts.into_iter().find(|start| !start.snapshots.is_empty()) else { return };
    let _ = writeln!(out, "\nsnapshots at the decision ({})", start.at);
    for chosen in &start.snapshots {
        let age = incident.began().duration_since(chosen.taken).max(SignedDuration::ZERO);
        let against = incident.rpo.map(|rpo| {
            let is_within = if age <= rpo { "within" } else { "OLDER THAN" };
            format!(", {is_within} the RPO of {}", short_duration(rpo))
        });
        let (name, age) = (incident.short_name(&chosen.server), short_duration(age));
        let line = format!(
            "  {name}  {} taken at {}, {age} before the {}{}",
            chosen.snapshot,
            chosen.taken,
            incident.first_cause(),
            against.unwrap_or_default()
        );
        out.push_str(&render::block(&printable(&line)));
    }
}

/// Each wave with its launches, and what operators decided about them.
fn waves(out: &mut String, incident: &Incident) {
    let Some(course) = &incident.waves else { return };
    out.push_str("\nwaves\n");
    let mut line = |line: String| out.push_str(&render::block(&printable(&line)));
    for (wave, number) in course.waves.iter().zip(1..) {
        let (launched, servers) = (
            incident.servers_of(&wave.name).filter(|(_, server)| server.is_launched()).count(),
            incident.servers_of(&wave.name).count(),
        );
        let begun = wave
            .begun
            .map_or_else(|| "not begun".to_owned(), |at| format!("begun {}", after(incident.began(), at)));
        line(format!("  {number} {}: {begun}, {}", wave.name, launched_of(launched, servers)));
        for launch in &wave.launches {
            let tag = LaunchTag { wave: number, part: launch.part };
            let (at, of) = (after(incident.began(), launch.at), count(launch.snapshots.len(), "server"));
            line(format!("    job {tag}  {at}  {of}: {}", state_of(launch)));
        }
    }
    for (server, by) in &course.skipped {
        line(format!("  {by} skipped {}", incident.host_and_id(server)));
    }
    course.continued_by.iter().for_each(|by| line(format!("  {by} continued although the alarm was OK")));
    course.unreadable.iter().for_each(|error| line(format!("  the jobs cannot be read: {error}")));
}

fn state_of(launch: &WaveLaunch) -> String {
    match (&launch.job, &launch.refusal, launch.asked_until) {
        (Some(job), ..) => job.clone(),
        (None, Some(LaunchRefusal { count, error, .. }), _) => {
            format!("refused {}, last: {error}", shared::text::count(*count as usize, "time"))
        }
        (None, None, Some(until)) => {
            format!("DRS was asked, and has no known job (asked again after {until})")
        }
        (None, None, None) => "DRS was not asked".to_owned(),
    }
}

/// What ran in DRS without the incident when it ended.
fn remains(out: &mut String, incident: &Incident) {
    let Some(remains) = &incident.remains else { return };
    out.push_str("\nin DRS without this incident, when it ended\n");
    if remains.is_nothing() {
        out.push_str("  nothing\n");
    }
    let executions = remains.executions.iter().map(|execution| format!("execution {execution}"));
    let jobs = remains.jobs.iter().map(|job| format!("job {job}"));
    let instances = remains.instances.iter().map(|instance| {
        let kind = if instance.is_drill { "drill instance" } else { "instance" };
        format!("{kind} {} of {}", instance.id, incident.short_name(&instance.server))
    });
    let unknown = remains.unreadable.iter().map(|error| format!("unknown: {} ({error})", error.operation));
    for line in executions.chain(jobs).chain(instances).chain(unknown) {
        out.push_str(&render::block(&printable(&format!("  {line}"))));
    }
}

/// The moments that the time to recovery consists of, and the text for a moment that did not come.
fn steps(incident: &Incident) -> Vec<(&'static str, Option<Timestamp>, &'static str)> {
    let is_ended = !incident.is_open() || incident.finished.is_some();
    let never = |text: &'static str| if is_ended { text } else { "not yet" };
    let launched =
        || incident.servers.values().filter(|server| server.is_launched()).map(|server| server.since);
    let all = !incident.servers.is_empty() && incident.servers.values().all(|server| server.is_launched());
    vec![
        ("event received", Some(incident.opened), ""),
        ("start decided", incident.first(EntryKind::Decided), never("no start")),
        ("DRS started", incident.first(EntryKind::Started), never("no start")),
        ("first server launched", launched().min(), never("no server launched")),
        (
            "last server launched",
            launched().max().filter(|_| all),
            never(if launched().next().is_none() {
                "no server launched"
            } else {
                "not every server launched"
            }),
        ),
        ("launch ended", incident.finished, never("no launch")),
        ("closed", incident.closed, "open"),
    ]
}

fn after(began: Timestamp, at: Timestamp) -> String {
    match at.duration_since(began) {
        before if before < SignedDuration::ZERO => format!("-{}", short_duration(-before)),
        after => format!("+{}", short_duration(after)),
    }
}
