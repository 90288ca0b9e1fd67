//! The email about a plan that is not ready for a recovery.

use jiff::Timestamp;
use serde_json::json;
use shared::decision::Explain as _;
use shared::email::{LARGEST_MESSAGE, Message, attributes, within};
use shared::home::Home;
use shared::text::printable;

use super::VERSION;
use crate::interlock::InterlockCode;
use crate::preflight::{PreflightFinding, Readiness, needs_answers};
use crate::rules::RecoveryPlan;
use crate::text::{capitalized, short_duration, utc};

/// The email.
pub fn not_ready(plan: &RecoveryPlan, readiness: &Readiness, home: &Home, now: Timestamp) -> Message {
    let first = readiness.blocks.first().map(PreflightFinding::headline).unwrap_or_default();
    let more = match readiness.blocks.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" (+{more} more)"),
    };
    let headline = format!("NOT READY: {}: {first}{more}", plan.name);
    let attributes = attributes([("severity", Some("high".to_owned())), ("plan", Some(plan.name.clone()))]);
    within(LARGEST_MESSAGE, headline, attributes, |_| {
        let blocks: Vec<_> = readiness.blocks.iter().map(form).collect();
        let unknown: Vec<_> = readiness.unknown.iter().map(form).collect();
        let form = json!({
            "version": VERSION, "severity": "high", "plan": plan.name, "at": now, "notReady": blocks, "notJudged": unknown,
        });
        (text(plan, readiness, home, now), form)
    })
}

fn form(finding: &PreflightFinding) -> serde_json::Value {
    json!({"code": finding.code(), "because": finding.to_string(), "advice": finding.advice()})
}

fn text(plan: &RecoveryPlan, readiness: &Readiness, home: &Home, now: Timestamp) -> String {
    let starts = match needs_answers(plan, now) {
        false => format!("the recovery of {} would not start", plan.name),
        true => format!("an operator could not approve the recovery of {}", plan.name),
    };
    let mut out = format!(
        "If an outage began now, {starts}, its traffic would not move, or no person would receive its emails. The preflight started nothing.\n"
    );
    // The first sentence and the mode say so.
    let is_said = |finding: &&PreflightFinding| finding.code() == InterlockCode::NotifyOnly.name();
    let remarks: Vec<PreflightFinding> =
        readiness.remarks.iter().filter(|finding| !is_said(finding)).cloned().collect();
    section(&mut out, "What is not ready", &readiness.blocks);
    section(&mut out, "What could not be judged", &readiness.unknown);
    section(&mut out, "What would not block the recovery", &remarks);
    out.push_str("\nDetails\n");
    out.push_str(&format!("As of: {}\n", utc(now)));
    out.push_str(&format!("Account and region: {}, {}\n", home.account, home.region));
    out.push_str(&format!("Plan: {} ({}), mode {}\n", plan.name, plan.place, plan.mode));
    if let Some(servers) = readiness.servers {
        out.push_str(&format!("Servers: {servers}\n"));
    }
    if let Some(oldest) = readiness.oldest {
        let (oldest, rpo) = (short_duration(oldest), short_duration(plan.rpo));
        out.push_str(&format!("The oldest of the newest snapshots: {oldest} old; the RPO is {rpo}\n"));
    }
    out.push_str("\nThe preflight runs once a day, and sends this email until the plan is ready.\n");
    out
}

fn section(out: &mut String, title: &str, findings: &[PreflightFinding]) {
    if findings.is_empty() {
        return;
    }
    out.push_str(&format!("\n{title}\n"));
    for finding in findings {
        let sentence = capitalized(&printable(&finding.to_string()));
        out.push_str(&format!("- {sentence}. [{}]\n  {}\n", finding.code(), finding.advice()));
    }
}
