//! The JSON form of an email. It has the incident as the table holds it, and beside that the members of the first form.

use serde_json::{Value, json};
use shared::call_error::CallError;
use shared::email::{Detail, shortened};

use super::{VERSION, severity, subject};
use crate::incident::{
    DecidedStart, Hold, Incident, IncidentAlarm, PlanExecution, StartAttempt, StartRefusal,
};

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

/// The incident with the members of the first form: sentences for interlocks, errors and the end, and the current attempt.
fn described(incident: &Incident) -> Value {
    let mut whole = json!(incident);
    whole["holds"] = incident.holds.iter().map(hold).collect();
    for (arn, alarm) in &incident.alarms {
        describe_alarm(&mut whole["alarms"][arn.to_string()], alarm);
    }
    if let Some(attempt) = incident.current() {
        if let Some(start) = &attempt.start {
            whole["attempt"] = self::attempt(start, attempt.unanswered.as_ref());
        }
        if let Some(execution) = &attempt.execution {
            whole["execution"] = self::execution(execution);
        }
    }
    let refusals: Vec<Value> =
        incident.refused_attempts().map(|(attempt, refused)| refusal(attempt, refused)).collect();
    if !refusals.is_empty() {
        whole["refusals"] = json!(refusals);
    }
    if let Some(end) = &incident.end {
        whole["ended-because"] = json!(end.to_string());
    }
    whole
}

fn describe_alarm(described: &mut Value, alarm: &IncidentAlarm) {
    if let Some(by) = &alarm.suppressed_by {
        described["suppressed-by"] = json!(by.to_string());
    }
    if !alarm.missing.is_empty() {
        described["unsaid"] = alarm.missing.iter().map(ToString::to_string).collect();
    }
}

fn attempt(start: &DecidedStart, unanswered: Option<&CallError>) -> Value {
    let mut described = json!(start);
    if !start.despite.is_empty() {
        described["despite"] = start.despite.iter().map(ToString::to_string).collect();
    }
    if let Some(error) = unanswered {
        described["error"] = json!(error.to_string());
    }
    described
}

fn execution(execution: &PlanExecution) -> Value {
    let mut described = json!(execution);
    if let Some(error) = &execution.error {
        described["error"] = json!(error.to_string());
    }
    if let Some(error) = &execution.unreadable {
        described["unreadable"] = json!(error.to_string());
    }
    for (index, step) in execution.steps.iter().enumerate() {
        if let Some(error) = &step.error {
            described["steps"][index]["error"] = json!(error.to_string());
        }
    }
    described
}

fn refusal(attempt: &StartAttempt, refusal: &StartRefusal) -> Value {
    let mut described = json!({"at": refusal.at, "error": refusal.cause.to_string()});
    if let Some(execution) = &attempt.execution {
        described["execution"] = json!(execution.arn);
    }
    described
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of the first form that an incident can have, as an email of version 1 had them.
    fn first_form() -> Value {
        json!({
            "id": "shop-1", "version": 1, "plan": "shop",
            "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1",
            "opened": "2026-03-02T10:00:00Z", "began": "2026-03-02T10:00:00Z", "ended": "2026-03-02T11:00:00Z",
            "ended-because": "the execution failed", "refused-by": "Ana", "phase": "failed", "mode": "RECOVERY",
            "alarms": {"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down": {
                "name": "shop-down", "state": "ALARM", "since": "2026-03-02T10:00:00Z",
                "heard": "2026-03-02T10:00:05Z", "began": "2026-03-02T10:00:00Z", "late-seconds": 5,
                "suppressed-by": "mute rule maintenance", "suppressed-until": "2026-03-02T12:00:00Z",
                "unsaid": ["the state it was in before"], "reason": "no data",
            }},
            "holds": [{
                "code": "stale", "headline": "the alarm is late", "passes": false, "because": "the alarm is late",
                "advice": "start it", "since": "2026-03-02T10:00:00Z",
            }],
            "attempt": {
                "token": "t", "at": "2026-03-02T10:00:00Z", "mode": "RECOVERY", "servers": 1,
                "snapshots": [{"server": "s-1", "snapshot": "pit-1", "taken": "2026-03-02T09:55:00Z"}],
                "despite": ["a drill launched instances"], "error": "the connection was closed",
                "asked-until": "2026-03-02T10:01:00Z",
            },
            "attempts": 2,
            "refusals": [{
                "at": "2026-03-02T10:00:00Z", "error": "it failed before any step ran",
                "execution": "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1",
            }],
            "refused": 1, "over-rto": false,
            "execution": {
                "arn": "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-2", "mode": "RECOVERY",
                "status": "FAILED", "started": "2026-03-02T10:00:00Z", "adopted": false, "error": "it failed",
                "unreadable": "throttled", "unreadable-since": "2026-03-02T10:30:00Z",
                "steps": [{"name": "web", "status": "FAILED", "since": "2026-03-02T10:00:00Z", "error": "no job"}],
            },
            "servers": {"s-1": {
                "critical": true, "step": "web", "job": "job-1", "status": "FAILED", "instance": "i-1",
                "since": "2026-03-02T10:00:00Z",
            }},
            "hostnames": {"s-1": "web-1"},
            "record": [{"at": "2026-03-02T10:00:00Z", "kind": "alarm", "what": "the alarm is in ALARM"}],
            "unrecorded": 0, "told": "failed",
            "telling": {"state": "failed", "by": "request", "until": "2026-03-02T11:00:00Z"},
        })
    }

    /// Asserts that each member of the first form is there with the type that it had. Others may be there, too.
    fn assert_types(first: &Value, now: Option<&Value>, place: &str) {
        let now = now.unwrap_or_else(|| panic!("{place} is missing"));
        match (first, now) {
            (Value::Object(first), Value::Object(now)) => {
                first
                    .iter()
                    .for_each(|(key, value)| assert_types(value, now.get(key), &format!("{place}/{key}")));
            }
            (Value::Array(first), Value::Array(now)) => {
                assert_eq!(first.len(), now.len(), "{place}");
                first.iter().zip(now).for_each(|(value, now)| assert_types(value, Some(now), place));
            }
            _ => assert_eq!(std::mem::discriminant(first), std::mem::discriminant(now), "{place} is {now}"),
        }
    }

    #[test]
    fn does_the_form_keep_the_members_and_types_of_its_version() {
        let first = first_form();
        // The incident is read from an item of format 1, and holds values since.
        let incident: Incident = serde_json::from_value(first.clone()).unwrap();
        assert_types(&first, Some(&form(&incident, Detail::Whole)["incident"]), "");
        let read: Incident = serde_json::from_value(json!(incident)).unwrap();
        let described = described(&read);
        assert_types(&first, Some(&described), "");
        for member in ["/execution/error", "/execution/unreadable", "/attempt/error", "/refusals/0/error"] {
            assert_eq!(described.pointer(member), first.pointer(member), "{member}");
        }
        let reworded = "/alarms/arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down/unsaid/0";
        assert_eq!(described.pointer(reworded), Some(&json!("the alarm's previous state")));
    }

    #[test]
    fn are_members_without_a_value_absent_as_before() {
        let mut first = first_form();
        for member in ["attempt", "execution", "refusals", "ended", "ended-because"] {
            first.as_object_mut().unwrap().remove(member);
        }
        let described = described(&serde_json::from_value(first).unwrap());
        for member in ["attempt", "execution", "refusals", "ended-because"] {
            assert_eq!(described.get(member), None, "{member}");
        }
    }
}
