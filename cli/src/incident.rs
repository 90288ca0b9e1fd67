//! `pointsman incident`: the record of a recovery in a readable form, from a file or from the table.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use dr_failover::incident::{EntryKind, Incident};
use dr_failover::store::{IncidentStore, incident_of_item};
use dr_failover::text::short_duration;
use dr_failover::traffic::TrafficReason;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::text::printable;

use crate::arguments::IncidentArguments;
use crate::exit::Exit;
use crate::render;

/// Prints the incident.
pub fn run(arguments: &IncidentArguments) -> Result<Exit> {
    let incident = read(&arguments.incident, arguments.table.as_deref())?;
    match arguments.json {
        true => anstream::println!("{}", serde_json::to_string_pretty(&incident)?),
        false => anstream::print!("{}", text(&incident)),
    }
    Ok(Exit::Success)
}

/// The incident in a file, or in the table.
///
/// # Errors
/// When there is no such incident.
pub(crate) fn read(file_or_id: &str, table: Option<&str>) -> Result<Incident> {
    let path = Path::new(file_or_id);
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

fn from_table(id: &str, table: Option<&str>) -> Result<Incident> {
    let Some(plan) = Incident::plan_of(id) else {
        bail!("`{id}` is neither a file nor the id of an incident, such as shop-20260302T100000Z-2752a79b");
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
    let _ = writeln!(out, "{}: {} of {}, {}", incident.id, mode, incident.plan, incident.phase.name());
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
    out.push_str("\ntime from the alarm\n");
    for (what, at) in steps(incident) {
        let after = at.map_or_else(|| "not yet".to_owned(), |at| after(began, at));
        let _ = writeln!(out, "  {what:<24} {after}");
    }
    if !incident.servers.is_empty() {
        out.push_str("\nservers\n");
        for (id, server) in &incident.servers {
            let instance = server.instance.as_deref().unwrap_or("-");
            let since = after(began, server.since);
            let optional = if server.critical { "" } else { " (optional)" };
            let line =
                format!("  {id}  {:<11} {instance}  {since}  {}{optional}", server.status, server.step);
            out.push_str(&render::block(&printable(&line)));
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

/// The moments that the time to recovery consists of.
fn steps(incident: &Incident) -> Vec<(&'static str, Option<Timestamp>)> {
    let launched =
        || incident.servers.values().filter(|server| server.is_launched()).map(|server| server.since);
    let all = !incident.servers.is_empty() && incident.servers.values().all(|server| server.is_launched());
    vec![
        ("event received", Some(incident.opened)),
        ("start decided", incident.first(EntryKind::Decided)),
        ("DRS started", incident.first(EntryKind::Started)),
        ("first server launched", launched().min()),
        ("last server launched", launched().max().filter(|_| all)),
        ("closed", incident.closed),
    ]
}

fn after(began: Timestamp, at: Timestamp) -> String {
    match at.duration_since(began) {
        before if before < SignedDuration::ZERO => format!("-{}", short_duration(-before)),
        after => format!("+{}", short_duration(after)),
    }
}
