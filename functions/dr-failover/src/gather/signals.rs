//! The kill switch and the second alarm.

use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use jiff::Timestamp;
use shared::aws::told;

use crate::alarm::State;
use crate::facts::{Read, SecondAlarm, Switch};

/// What the kill switch says.
pub(super) async fn switch(ssm: &aws_sdk_ssm::Client, name: &str) -> Read<Switch> {
    match ssm.get_parameter().name(name).send().await {
        Ok(output) => {
            let value = output.parameter.and_then(|parameter| parameter.value).unwrap_or_default();
            Ok(match value.trim() {
                "enabled" => Switch::Enabled,
                "disabled" => Switch::Disabled,
                other => Switch::Other(shared::text::shortened(other, 50)),
            })
        }
        Err(error) => match error.as_service_error() {
            Some(GetParameterError::ParameterNotFound(_)) => Ok(Switch::Absent),
            _ => Err(told(&error)),
        },
    }
}

/// The alarm of that name. Composite alarms are in the answer only if they are asked for.
pub(super) async fn alarm(cloudwatch: &aws_sdk_cloudwatch::Client, name: &str) -> Read<SecondAlarm> {
    let call = cloudwatch.describe_alarms().alarm_names(name);
    let call = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let output = call.send().await.map_err(|error| told(&error))?;
    if let Some(alarm) = output.composite_alarms().first() {
        return Ok(SecondAlarm::Is {
            state: alarm.state_value().and_then(|state| State::named(state.as_str())),
            since: moment(alarm.state_updated_timestamp()),
            suppressed_by: alarm.actions_suppressed_by().map(|by| by.as_str().to_owned()),
        });
    }
    Ok(output.metric_alarms().first().map_or(SecondAlarm::Absent, |alarm| SecondAlarm::Is {
        state: alarm.state_value().and_then(|state| State::named(state.as_str())),
        since: moment(alarm.state_updated_timestamp()),
        suppressed_by: None,
    }))
}

fn moment(at: Option<&aws_sdk_cloudwatch::primitives::DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(at?.secs()).ok()
}
