//! The log: one JSON line a decision, in Lambda's JSON log format (`timestamp`, `level`).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::decision::Decision;

/// The ids of the invocation that a line belongs to.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// Lambda's request id.
    pub request_id: String,
    /// X-Ray's trace id, where tracing is on.
    pub trace_id: Option<String>,
    /// The id in SQS of the redriven message.
    pub message_id: Option<String>,
}

/// Writes the decision as one line: `ERROR` if a reason failed, otherwise `INFO`. `summary` is that of the whole
/// decision, of which only a part may be listed.
pub fn log_decision(trace: &Trace, decision: &Decision, summary: &str, failed: bool) {
    let level = if failed { "ERROR" } else { "INFO" };
    log(level, trace, &format!("{}: {summary}", decision.event), ("decision", json!(decision)));
}

/// Writes why there is no decision.
pub fn log_failure(trace: &Trace, kind: &str, message: &str) {
    println!("{}", failure_line(trace, kind, message));
}

/// The line of [`log_failure`].
pub fn failure_line(trace: &Trace, kind: &str, message: &str) -> Value {
    line("ERROR", trace, message, ("errorType", json!(kind)))
}

/// Writes that the rules are not as their authors want them: a metric filter of the template counts these lines, and an alarm
/// reports them.
pub fn log_rules(request_id: &str, code: &str, message: &str) {
    println!("{}", rules_line(request_id, code, message));
}

/// The line of [`log_rules`].
pub fn rules_line(request_id: &str, code: &str, message: &str) -> Value {
    let trace = Trace { request_id: request_id.to_owned(), ..Trace::default() };
    line("ERROR", &trace, message, ("rules", json!(code)))
}

/// Writes which version of the rules decides from now on.
pub fn log_rules_read(request_id: &str, message: &str) {
    let trace = Trace { request_id: request_id.to_owned(), ..Trace::default() };
    log("INFO", &trace, message, ("rulesRead", json!(true)));
}

fn log(level: &str, trace: &Trace, message: &str, reported: (&str, Value)) {
    println!("{}", line(level, trace, message, reported));
}

fn line(level: &str, trace: &Trace, message: &str, (key, value): (&str, Value)) -> Value {
    let mut line = json!({
        "timestamp": Timestamp::now(),
        "level": level,
        "message": message,
        "requestId": trace.request_id,
    });
    for (member, id) in [("traceId", &trace.trace_id), ("messageId", &trace.message_id)] {
        if let Some(id) = id {
            line[member] = json!(id);
        }
    }
    line[key] = value;
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_redriven_message_names_the_message() {
        let trace = Trace { message_id: Some("m-1".into()), ..Trace::default() };
        assert_eq!(line("INFO", &trace, "1 skip", ("decision", json!({})))["messageId"], "m-1");
        let alone = line("INFO", &Trace::default(), "1 skip", ("decision", json!({})));
        assert_eq!(alone.get("messageId"), None);
    }
}
