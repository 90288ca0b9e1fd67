//! Imports findings into Security Hub, in AWS Security Finding Format.

use std::collections::HashMap;

use aws_sdk_securityhub::types::{
    AwsSecurityFinding, FindingProviderFields, FindingProviderSeverity, Recommendation, RecordState,
    Remediation, Resource, ResourceDetails, SeverityLabel,
};
use serde_json::{Value, json};
use shared::act::{Effect as _, Performed};
use shared::call_error::CallError;
use shared::decision::Action;
use shared::home::Home;

use crate::run::Run;
use crate::security_hub::{FindingsImport, HubFinding};
use crate::severity::Severity;

/// A finding that Security Hub refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFinding {
    /// Its id.
    pub id: String,
    /// Security Hub's code and message.
    pub why: String,
}

/// Imports findings, and returns those that Security Hub refused.
pub async fn import_findings(
    run: &Run<'_>,
    import: &FindingsImport,
    actions: &mut Vec<Action>,
) -> Performed<Vec<RefusedFinding>> {
    let result = run.invocation.executor.perform(call(run, import)).await;
    let imported = |refused: &Vec<RefusedFinding>| {
        format!("{} of {}", import.findings.len().saturating_sub(refused.len()), import.findings.len())
    };
    actions.push(import.action(result.result(imported)));
    result
}

async fn call(run: &Run<'_>, import: &FindingsImport) -> Result<Vec<RefusedFinding>, CallError> {
    let findings = import.findings.iter().map(|finding| asff(finding, import, run));
    let hub = run.aws.security_hub(&import.region);
    let call = hub.batch_import_findings().set_findings(Some(findings.collect()));
    let answer = call.send().await.map_err(|error| CallError::new(import.call(), error))?;
    let refused = answer.failed_findings.unwrap_or_default().into_iter().map(|failed| RefusedFinding {
        id: failed.id.unwrap_or_default(),
        why: format!(
            "{}: {}",
            failed.error_code.unwrap_or_default(),
            failed.error_message.unwrap_or_default()
        ),
    });
    Ok(refused.collect())
}

/// A finding in ASFF. Severity and types are in `FindingProviderFields`, as BatchImportFindings (AWS Security Hub API Reference)
/// asks of providers. The workflow, the notes and the fields of users are the operator's: the import leaves them out.
fn asff(finding: &HubFinding, import: &FindingsImport, run: &Run<'_>) -> AwsSecurityFinding {
    let home = &run.home;
    let severity = FindingProviderSeverity::builder()
        .label(label(finding.severity))
        .original(finding.severity.to_string());
    let fields = FindingProviderFields::builder().severity(severity.build()).types(finding.kind);
    let state = if finding.is_archived { RecordState::Archived } else { RecordState::Active };
    let product_fields = finding.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let recommendation =
        Recommendation::builder().text(remedy(&finding.resource)).url(page(&finding.resource));
    AwsSecurityFinding::builder()
        .schema_version("2018-10-08")
        .id(&finding.id)
        .product_arn(product(&import.region, home))
        .product_name("pointsman")
        .generator_id("pointsman/ami-alerts")
        .aws_account_id(&home.account)
        .created_at(finding.created.to_string())
        .first_observed_at(finding.created.to_string())
        .last_observed_at(finding.observed.to_string())
        .updated_at(run.invocation.now.to_string())
        .title(&finding.title)
        .description(&finding.description)
        .finding_provider_fields(fields.build())
        .record_state(state)
        .resources(resource(&finding.resource, &import.region, home))
        .set_product_fields(Some(product_fields.collect()))
        .remediation(Remediation::builder().recommendation(recommendation.build()).build())
        .build()
}

/// The account's own product, for findings that no integration of AWS or of a partner sends ("Integrating Security Hub CSPM with
/// custom products", AWS Security Hub User Guide).
fn product(region: &str, home: &Home) -> String {
    let Home { partition, account, .. } = home;
    format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
}

/// ASFF has no type for an image or a snapshot ("Resources ASFF object", AWS Security Hub User Guide).
fn resource(id: &str, region: &str, home: &Home) -> Resource {
    let kind = if id.starts_with("snap-") { "snapshot" } else { "image" };
    let other = HashMap::from([("id".to_owned(), id.to_owned()), ("kind".to_owned(), kind.to_owned())]);
    let details = ResourceDetails::builder().set_other(Some(other)).build();
    let arn = format!("arn:{}:ec2:{region}::{kind}/{id}", home.partition);
    Resource::builder().r#type("Other").id(arn).region(region).details(details).build()
}

fn label(severity: Severity) -> SeverityLabel {
    match severity {
        Severity::Info => SeverityLabel::Informational,
        Severity::Low => SeverityLabel::Low,
        Severity::Medium => SeverityLabel::Medium,
        Severity::High => SeverityLabel::High,
        Severity::Critical => SeverityLabel::Critical,
    }
}

/// At most 512 characters (Recommendation, AWS Security Hub API Reference).
fn remedy(resource: &str) -> String {
    let attribute =
        if resource.starts_with("snap-") { "modify-snapshot-attribute" } else { "modify-image-attribute" };
    format!(
        "If the access is not intended, revoke it (aws ec2 {attribute}); the email of ami-alerts has the command. If it is \
         intended, add the grantee to the rule of {resource} in pointsman.toml. The finding is archived when the access ends."
    )
}

fn page(resource: &str) -> &'static str {
    match resource.starts_with("snap-") {
        true => "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html",
        false => "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharing-amis.html",
    }
}

impl shared::act::Effect for FindingsImport {
    fn call(&self) -> &'static str {
        "securityhub:BatchImportFindings"
    }

    fn subject(&self) -> String {
        match &self.findings[..] {
            [only] => only.id.clone(),
            findings => format!("{} findings of {}", findings.len(), self.region),
        }
    }

    fn input(&self) -> Value {
        let finding = |finding: &HubFinding| json!({"Id": finding.id, "Title": finding.title, "RecordState": if finding.is_archived { "ARCHIVED" } else { "ACTIVE" }});
        json!({"Findings": self.findings.iter().map(finding).collect::<Vec<_>>()})
    }
}
