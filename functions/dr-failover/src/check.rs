//! What the rules of this function need of the deployment, for `pointsman check`.

use std::path::PathBuf;

use shared::config::{Document, Problem};
use shared::function::{CheckedRules, NeededPermission};

use crate::rules::{self, RecoveryPlan};

pub(crate) fn check(document: &Document, _: &[PathBuf], problems: &mut Vec<Problem>) -> CheckedRules {
    let plans = rules::read(document, problems).plans;
    CheckedRules { rules: plans.len(), needs: plans.iter().flat_map(needs).collect() }
}

/// A plan needs its DRS recovery plan or the servers of its waves, its own topic and its addresses.
fn needs(plan: &RecoveryPlan) -> Vec<NeededPermission> {
    let drs_plan = plan.drs_plan.iter().zip(&plan.named_at.drs_plan).map(|(drs_plan, at)| NeededPermission {
        at: at.clone(),
        // The deployment's region and account are not known here: the function itself compares them (`plan-elsewhere`).
        resource: format!("arn:{{partition}}:drs:{{region}}:{{account}}:{}", drs_plan.resource),
        calls: vec!["drs:StartRecoveryPlanExecution"],
        help: "add it to the policy of DrFailoverRole in templates/recovery.yaml",
    });
    let topic = plan.topic.iter().zip(&plan.named_at.topic).map(|(topic, at)| NeededPermission {
        at: at.clone(),
        resource: topic.to_string(),
        calls: vec!["sns:Publish"],
        help: "add it to the parameter PlanTopicArns (parameter_overrides in samconfig.toml)",
    });
    let addresses =
        plan.addresses.iter().zip(&plan.named_at.addresses).map(|(address, at)| NeededPermission {
            at: at.clone(),
            resource: format!(
                "arn:{{partition}}:ec2:{{region}}:{{account}}:elastic-ip/{}",
                address.allocation
            ),
            calls: vec!["ec2:AssociateAddress"],
            help: "add its ARN to the parameter RecoveryAddressArns (parameter_overrides in samconfig.toml)",
        });
    let drs = |resource: &str| format!("arn:{{partition}}:drs:{{region}}:{{account}}:{resource}");
    let wave_help = "add it to the policy of DrFailoverRole in templates/recovery.yaml";
    let waves = plan.named_at.waves.iter().map(|(server, at)| NeededPermission {
        at: at.clone(),
        resource: drs(&format!("source-server/{server}")),
        calls: vec!["drs:StartRecovery"],
        help: wave_help,
    });
    // A wave tags its job.
    let tag = plan.named_at.waves.first().map(|(_, at)| NeededPermission {
        at: at.clone(),
        resource: drs("job/*"),
        calls: vec!["drs:TagResource"],
        help: wave_help,
    });
    drs_plan.chain(topic).chain(addresses).chain(waves).chain(tag).collect()
}
