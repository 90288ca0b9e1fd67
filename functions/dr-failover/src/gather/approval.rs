//! The operators' answers, and whether DRS still has the snapshots that were approved.

use aws_sdk_drs::types::RecoverySnapshotsOrder;
use aws_sdk_ssm::types::ParameterHistory;
use jiff::Timestamp;
use shared::call_error::CallError;

use crate::approval::ParameterAnswer;
use crate::facts::Read;
use crate::incident::ChosenSnapshot;

/// The call that reads answers.
const HISTORY: &str = "ssm:GetParameterHistory";

/// The versions of a page, the model's maximum. Parameter Store keeps 100 versions.
const VERSIONS: i32 = 50;

/// Every version of the parameter.
pub(crate) async fn answers(ssm: &aws_sdk_ssm::Client, name: &str) -> Read<Vec<ParameterAnswer>> {
    let mut pages = ssm.get_parameter_history().name(name).max_results(VERSIONS).into_paginator().send();
    let mut answers = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(HISTORY, error))?;
        for version in page.parameters.unwrap_or_default() {
            answers.push(answer(version)?);
        }
    }
    Ok(answers)
}

fn answer(version: ParameterHistory) -> Read<ParameterAnswer> {
    let at = version.last_modified_date.and_then(|date| Timestamp::from_nanosecond(date.as_nanos()).ok());
    let at = at.ok_or_else(|| CallError::without_answer(HISTORY, "a version has no usable date"))?;
    Ok(ParameterAnswer {
        version: version.version,
        at,
        by: version.last_modified_user,
        value: version.value.unwrap_or_default(),
    })
}

/// Those of the snapshots that DRS no longer has.
pub(super) async fn deleted(
    drs: &aws_sdk_drs::Client,
    chosen: &[ChosenSnapshot],
) -> Read<Vec<ChosenSnapshot>> {
    let mut deleted = Vec::new();
    for one in chosen {
        if !exists(drs, one).await? {
            deleted.push(one.clone());
        }
    }
    Ok(deleted)
}

async fn exists(drs: &aws_sdk_drs::Client, chosen: &ChosenSnapshot) -> Read<bool> {
    let call = drs.describe_recovery_snapshots().source_server_id(&chosen.server);
    let mut pages = call.order(RecoverySnapshotsOrder::Desc).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("drs:DescribeRecoverySnapshots", error))?;
        if page.items().iter().any(|snapshot| snapshot.snapshot_id() == chosen.snapshot) {
            return Ok(true);
        }
    }
    Ok(false)
}
