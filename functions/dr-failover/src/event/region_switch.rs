//! The invocation by the "custom action Lambda" block of ARC Region switch.
//!
//! The event is the payload of the block with the metadata `InvokedBy`, `PlanArn`, `ExecutionId` and `StepName` at its top level
//! (`Lambdas`, ARC Region switch API Reference). The payload names our plan.

use serde_json::Value;
use shared::event::{MalformedEvent, required};

use crate::incident::Incident;

/// An execution of Region switch that has reached the step of this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionSwitchCall {
    /// The recovery plan, by the payload.
    pub plan: String,
    /// The ARN of Region switch's plan.
    pub switch_plan: String,
    /// The id of its execution: the same in every invocation of the execution.
    pub execution: String,
    /// The name of the step.
    pub step: String,
}

/// Reads the event, if it is one of Region switch.
///
/// # Errors
/// When a member is missing.
pub(super) fn read(event: &Value) -> Result<Option<RegionSwitchCall>, MalformedEvent> {
    let is_of_region_switch =
        event["PlanArn"].as_str().is_some_and(|arn| arn.contains(":arc-region-switch:"));
    if !is_of_region_switch {
        return Ok(None);
    }
    let text = |pointer: &str, field| required(event, pointer, field).map(|text| Incident::bounded(&text));
    Ok(Some(RegionSwitchCall {
        plan: required(event, "/recovery-plan", "recovery-plan")?,
        switch_plan: text("/PlanArn", "PlanArn")?,
        execution: text("/ExecutionId", "ExecutionId")?,
        step: text("/StepName", "StepName")?,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_of_region_switch_names_its_plan() {
        let event = json!({"InvokedBy": "x", "PlanArn": "arn:aws:arc-region-switch::111122223333:plan/shop:a1b2c3",
            "ExecutionId": "e-1", "StepName": "recover", "recovery-plan": "shop"});
        let call = read(&event).expect("it is whole").expect("it is one");
        assert_eq!(
            (call.plan.as_str(), call.execution.as_str(), call.step.as_str()),
            ("shop", "e-1", "recover")
        );
        for member in ["recovery-plan", "ExecutionId", "StepName"] {
            let mut without = event.clone();
            without.as_object_mut().expect("an object").remove(member);
            let error = read(&without).expect_err("it lacks a member").to_string();
            assert_eq!(error, format!("{member} is missing from the event"));
        }
        for other in
            [json!({}), json!({"PlanArn": 3}), json!({"PlanArn": "arn:aws:drs:eu-west-1:111122223333:x"})]
        {
            assert_eq!(read(&other), Ok(None), "{other}");
        }
        let long = "x".repeat(10_000);
        let huge = json!({"PlanArn": event["PlanArn"], "ExecutionId": long, "StepName": long, "recovery-plan": "shop"});
        let call = read(&huge).expect("it is whole").expect("it is one");
        assert!(call.execution.len() < 1_000 && call.step.len() < 1_000);
    }
}
