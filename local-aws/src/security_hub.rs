//! Security Hub: BatchImportFindings, and the findings that were imported.
//!
//! Shapes follow the service's model. Of the rules of the AWS Security Finding Format, those of the members that are
//! served are checked.

mod finding;

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{Context, Service};
use finding::StoredHubFinding;

pub(crate) const SERVICE: Service = Service {
    name: "securityhub",
    // Requests do not name one.
    api: "",
    operations: &[("BatchImportFindings", batch_import_findings)],
};

/// "Maximum of 100 findings per request."
const MAX_FINDINGS: usize = 100;

#[derive(Debug)]
pub(crate) struct SecurityHub {
    /// Whether the account has enabled the service.
    pub(crate) enabled: bool,
    findings: Mutex<Vec<StoredHubFinding>>,
}

impl Default for SecurityHub {
    fn default() -> SecurityHub {
        SecurityHub { enabled: true, findings: Mutex::default() }
    }
}

impl SecurityHub {
    pub(crate) fn findings(&self) -> Vec<Value> {
        let findings = self.findings.lock().expect("no holder of this lock panics");
        findings.iter().map(|finding| finding.value.clone()).collect()
    }

    /// Creates the finding, or updates the one with its ids.
    fn import(&self, new: StoredHubFinding) {
        let mut findings = self.findings.lock().expect("no holder of this lock panics");
        match findings.iter_mut().find(|finding| finding.is_same(&new)) {
            Some(earlier) => earlier.update(new),
            None => findings.push(new),
        }
    }
}

fn batch_import_findings(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let given = input.objects("Findings")?;
    input.finish()?;
    let hub = &context.world.security_hub;
    if !hub.enabled {
        let message = format!("Account {} is not subscribed to AWS Security Hub", context.account());
        return Err(ErrorAnswer::new("InvalidAccessException", message));
    }
    if !(1..=MAX_FINDINGS).contains(&given.len()) {
        let message = format!("Findings has {} items, and must have 1 to {MAX_FINDINGS}", given.len());
        return Err(ErrorAnswer::new("InvalidInputException", message));
    }
    let (mut imported, mut failed) = (Vec::new(), Vec::new());
    for value in given {
        let id = value.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
        match StoredHubFinding::read(context, value)? {
            Ok(finding) => imported.push(finding),
            Err(wrong) => failed.push(json!({
                "Id": id,
                "ErrorCode": "InvalidInput",
                "ErrorMessage": format!("Finding does not adhere to Amazon Finding Format. {wrong}"),
            })),
        }
    }
    let count = imported.len();
    imported.into_iter().for_each(|finding| hub.import(finding));
    Ok(json!({"SuccessCount": count, "FailedCount": failed.len(), "FailedFindings": failed}))
}
