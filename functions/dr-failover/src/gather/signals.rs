//! The kill switch and the second alarm.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use jiff::Timestamp;
use shared::call_error::CallError;

use crate::alarm::AlarmState;
use crate::facts::{KillSwitch, Read, SecondAlarm};
use crate::suppression::Suppression;

/// Reads the kill switch.
pub(super) async fn kill_switch(ssm: &aws_sdk_ssm::Client, name: &str) -> Read<KillSwitch> {
    match ssm.get_parameter().name(name).send().await {
        Ok(output) => {
            let value = output.parameter.and_then(|parameter| parameter.value).unwrap_or_default();
            Ok(match value.trim() {
                "enabled" => KillSwitch::Enabled,
                "disabled" => KillSwitch::Disabled,
                other => KillSwitch::Other(shared::text::shortened(other, 50)),
            })
        }
        Err(error) => match error.as_service_error() {
            Some(GetParameterError::ParameterNotFound(_)) => Ok(KillSwitch::Absent),
            _ => Err(CallError::new("ssm:GetParameter", error)),
        },
    }
}

/// Reads the alarm with this name. The answer has composite alarms only if the call asks for them.
pub(super) async fn alarm(cloudwatch: &aws_sdk_cloudwatch::Client, name: &str) -> Read<SecondAlarm> {
    let call = cloudwatch.describe_alarms().alarm_names(name);
    let call = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let output = call.send().await;
    let output = output.map_err(|error| CallError::new("cloudwatch:DescribeAlarms", error))?;
    if let Some(alarm) = output.composite_alarms().first() {
        return Ok(SecondAlarm::Is {
            state: alarm.state_value().and_then(|state| AlarmState::named(state.as_str())),
            suppressed_by: alarm.actions_suppressed_by().map(|by| Suppression::named(by.as_str())),
            since: since(alarm.state_transitioned_timestamp(), alarm.state_updated_timestamp()),
        });
    }
    Ok(output.metric_alarms().first().map_or(SecondAlarm::Absent, |alarm| SecondAlarm::Is {
        state: alarm.state_value().and_then(|state| AlarmState::named(state.as_str())),
        suppressed_by: None,
        since: since(alarm.state_transitioned_timestamp(), alarm.state_updated_timestamp()),
    }))
}

/// Since when an alarm has been in its state. `StateUpdatedTimestamp` is also changed by an update of the evaluation state (MetricAlarm,
/// Amazon CloudWatch API Reference).
fn since(transitioned: Option<&DateTime>, updated: Option<&DateTime>) -> Option<Timestamp> {
    let time = transitioned.or(updated)?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).unwrap_or_default()).ok()
}
