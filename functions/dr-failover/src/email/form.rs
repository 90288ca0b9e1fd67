//! The JSON form of an email. It has the incident as the table holds it, and beside that the members of the first form.

use serde_json::{Value, json};
use shared::email::{Detail, shortened};

use super::{VERSION, severity, subject};
use crate::incident::{Hold, Incident};

/// The form.
pub(super) fn form(incident: &Incident, detail: Detail) -> Value {
    let whole = described(incident);
    let shown = shortened(&whole, detail);
    json!({
        "version": VERSION,
        "subject": shared::text::subject(&subject::subject(incident)),
        "severity": severity(incident),
        "isShortened": shown.as_ref() != Some(&whole),
        "incident": shown,
    })
}

/// The incident with the sentences of its interlocks and its end, and with the current attempt's members.
fn described(incident: &Incident) -> Value {
    let mut whole = json!(incident);
    whole["holds"] = incident.holds.iter().map(hold).collect();
    if let Some(start) = incident.start() {
        whole["attempt"] = json!(start);
        let despite: Vec<String> = start.despite.iter().map(ToString::to_string).collect();
        whole["attempt"]["despite"] = json!(despite);
    }
    if let Some(execution) = incident.execution() {
        whole["execution"] = json!(execution);
    }
    let refusals = incident.refused_attempts().map(|(attempt, refusal)| {
        let execution = attempt.execution.as_ref().map(|execution| &execution.arn);
        json!({"at": refusal.at, "error": refusal.cause.to_string(), "execution": execution})
    });
    whole["refusals"] = refusals.collect();
    if let Some(end) = &incident.end {
        whole["ended-because"] = json!(end.to_string());
    }
    whole
}

fn hold(Hold { interlock, since }: &Hold) -> Value {
    json!({
        "code": interlock.code(),
        "headline": interlock.headline(),
        "passes": interlock.passes(),
        "because": interlock.to_string(),
        "advice": interlock.advice(),
        "since": since,
        "interlock": interlock,
    })
}
