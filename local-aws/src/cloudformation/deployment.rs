//! Owns `DeploymentConfig`: the mode of an operation, and whether a failure is rolled back.

use serde_json::{Value, json};

use super::request;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// How an operation on a stack is carried out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DeploymentConfig {
    express: bool,
    disable_rollback: Option<bool>,
}

impl DeploymentConfig {
    /// "When you use express mode, CloudFormation disables rollback by default": "Deploy AWS CloudFormation stacks faster
    /// with express mode", AWS CloudFormation User Guide.
    pub(super) fn rolls_back(self) -> bool {
        !self.disable_rollback.unwrap_or(self.express)
    }

    /// As DescribeStacks has it; nothing for a stack whose operation had no configuration.
    pub(super) fn shown(self) -> Option<Value> {
        let mode = if self.express { "EXPRESS" } else { "STANDARD" };
        (self != Self::default()).then(|| json!({"Mode": mode, "DisableRollback": !self.rolls_back()}))
    }
}

/// `DeploymentConfig`; the standard mode if it is left out.
pub(super) fn given(input: &mut Members) -> Result<DeploymentConfig, ErrorAnswer> {
    let Some(mut given) = input.structure("DeploymentConfig")? else {
        return Ok(DeploymentConfig::default());
    };
    let mode = given.string("Mode")?;
    let disable_rollback = given.boolean("DisableRollback")?;
    given.finish()?;
    let express = match mode.as_deref() {
        None | Some("STANDARD") => false,
        Some("EXPRESS") => true,
        Some(other) => {
            let values = "Member must satisfy enum value set: [STANDARD, EXPRESS]";
            return Err(request::constraint(other, "deploymentConfig.mode", values));
        }
    };
    Ok(DeploymentConfig { express, disable_rollback })
}
