//! Owns a finding: the rules of the AWS Security Finding Format, and its update.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::ec2::is_account;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// "The maximum allowed size for a finding is 240 Kb."
const MAX_BYTES: usize = 240 * 1024;

const LABELS: &[&str] = &["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

const NAMESPACES: &[&str] = &[
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
];

/// After the creation of a finding, these members belong to the customer: an import does not change them.
const OF_CUSTOMER: [&str; 4] = ["Note", "UserDefinedFields", "VerificationState", "Workflow"];

/// A finding that fits the format.
#[derive(Debug, Clone)]
pub(super) struct StoredHubFinding {
    id: String,
    product: String,
    updated: Timestamp,
    pub(super) value: Value,
}

/// What is wrong with a finding: the request fails (a member that is not served), or the finding does.
enum Refused {
    Request(ErrorAnswer),
    Finding(String),
}

impl From<ErrorAnswer> for Refused {
    fn from(error: ErrorAnswer) -> Refused {
        // A wrong type is a wrong finding.
        match error.code.as_str() {
            "SerializationException" => Refused::Finding(error.message),
            _ => Refused::Request(error),
        }
    }
}

impl StoredHubFinding {
    /// Reads a finding. The inner error describes how it breaks a rule of the format.
    pub(super) fn read(
        context: &Context<'_>,
        value: Map<String, Value>,
    ) -> Result<Result<StoredHubFinding, String>, ErrorAnswer> {
        match checked(context, value) {
            Ok(finding) => Ok(Ok(finding)),
            Err(Refused::Finding(wrong)) => Ok(Err(wrong)),
            Err(Refused::Request(error)) => Err(error),
        }
    }

    pub(super) fn is_same(&self, other: &StoredHubFinding) -> bool {
        (&self.id, &self.product) == (&other.id, &other.product)
    }

    /// An import that is not newer changes nothing.
    pub(super) fn update(&mut self, new: StoredHubFinding) {
        if new.updated <= self.updated {
            return;
        }
        let earlier = std::mem::replace(self, new);
        for member in OF_CUSTOMER {
            match earlier.value.get(member) {
                Some(kept) => self.value[member] = kept.clone(),
                None => drop(self.value.as_object_mut().and_then(|value| value.remove(member))),
            }
        }
    }
}

fn checked(context: &Context<'_>, value: Map<String, Value>) -> Result<StoredHubFinding, Refused> {
    let value = Value::Object(value);
    if value.to_string().len() > MAX_BYTES {
        return Err(Refused::Finding("The finding is larger than 240 KB".to_owned()));
    }
    let mut given = Members::new("Findings", value.clone())?;
    let schema = text(&mut given, "SchemaVersion", 1..=64)?;
    if schema != "2018-10-08" {
        return Err(wrong("SchemaVersion", "should be equal to 2018-10-08"));
    }
    let id = text(&mut given, "Id", 1..=512)?;
    let product = text(&mut given, "ProductArn", 12..=2048)?;
    text(&mut given, "GeneratorId", 1..=512)?;
    let account = text(&mut given, "AwsAccountId", 12..=12)?;
    of_caller(context, &account, &product)?;
    time(&mut given, "CreatedAt", true)?;
    let updated = time(&mut given, "UpdatedAt", true)?.unwrap_or_default();
    for name in ["FirstObservedAt", "LastObservedAt"] {
        time(&mut given, name, false)?;
    }
    text(&mut given, "Title", 1..=256)?;
    text(&mut given, "Description", 1..=1024)?;
    severities(&mut given)?;
    resources(&mut given)?;
    further(&mut given)?;
    given.finish()?;
    Ok(StoredHubFinding { id, product, updated, value })
}

/// "The identifier of the account that you are calling BatchImportFindings from needs to be the same as the AwsAccountId
/// attribute for the finding", with the default product of a region.
fn of_caller(context: &Context<'_>, account: &str, product: &str) -> Result<(), Refused> {
    let own = context.account();
    let default = format!("arn:aws:securityhub:{}:{own}:product/{own}/default", context.region);
    if !is_account(account) {
        return Err(wrong("AwsAccountId", "should match pattern \"^[0-9]{12}$\""));
    }
    if account != own || product != default {
        let message = format!("Account {own} may import findings of its own with the product {default} only");
        let denied = ErrorAnswer::new("AccessDeniedException", message);
        return Err(Refused::Request(denied));
    }
    Ok(())
}

/// `Severity`, or the one in `FindingProviderFields`; either has a label.
fn severities(given: &mut Members) -> Result<(), Refused> {
    let mut labelled = severity(given.structure("Severity")?)?;
    if let Some(mut fields) = given.structure("FindingProviderFields")? {
        labelled |= severity(fields.structure("Severity")?)?;
        types(&mut fields)?;
        fields.finish()?;
    }
    if labelled { Ok(()) } else { Err(wrong("Severity", "should have a Label or Normalized")) }
}

/// Whether the severity has a label or a number.
fn severity(given: Option<Members>) -> Result<bool, Refused> {
    let Some(mut given) = given else { return Ok(false) };
    let label = given.string("Label")?;
    if label.as_ref().is_some_and(|label| !LABELS.contains(&&**label)) {
        return Err(wrong("Severity.Label", "should be equal to one of the allowed values"));
    }
    let number = given.integer("Normalized")?;
    if number.is_some_and(|number| !(0..=100).contains(&number)) {
        return Err(wrong("Severity.Normalized", "should be 0 to 100"));
    }
    optional(&mut given, "Original", 1..=64)?;
    given.finish()?;
    Ok(label.is_some() || number.is_some())
}

fn resources(given: &mut Members) -> Result<(), Refused> {
    let resources = given.structures("Resources")?;
    if !(1..=32).contains(&resources.len()) {
        return Err(wrong("Resources", "should have 1 to 32 items"));
    }
    for mut resource in resources {
        text(&mut resource, "Type", 1..=256)?;
        text(&mut resource, "Id", 1..=512)?;
        optional(&mut resource, "Region", 1..=16)?;
        let partition = resource.string("Partition")?;
        if partition.is_some_and(|name| !matches!(&*name, "aws" | "aws-cn" | "aws-us-gov")) {
            return Err(wrong("Resources.Partition", "should be equal to one of the allowed values"));
        }
        texts(&mut resource, "Tags", 50, 256)?;
        if let Some(mut details) = resource.structure("Details")? {
            texts(&mut details, "Other", 50, 1024)?;
            details.finish()?;
        }
        resource.finish()?;
    }
    Ok(())
}

fn further(given: &mut Members) -> Result<(), Refused> {
    types(given)?;
    optional(given, "SourceUrl", 1..=2048)?;
    optional(given, "ProductName", 1..=128)?;
    optional(given, "CompanyName", 1..=128)?;
    texts(given, "ProductFields", 50, 2048)?;
    texts(given, "UserDefinedFields", 50, 1024)?;
    for name in ["Confidence", "Criticality"] {
        if given.integer(name)?.is_some_and(|number| !(0..=100).contains(&number)) {
            return Err(wrong(name, "should be 0 to 100"));
        }
    }
    choice(given, "RecordState", &["ACTIVE", "ARCHIVED"])?;
    choice(given, "VerificationState", &["UNKNOWN", "TRUE_POSITIVE", "FALSE_POSITIVE", "BENIGN_POSITIVE"])?;
    for (name, allowed) in [
        ("Workflow", &["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"]),
        ("Compliance", &["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"]),
    ] {
        if let Some(mut of) = given.structure(name)? {
            choice(&mut of, "Status", allowed)?;
            of.finish()?;
        }
    }
    if let Some(mut remediation) = given.structure("Remediation")? {
        if let Some(mut recommendation) = remediation.structure("Recommendation")? {
            optional(&mut recommendation, "Text", 1..=512)?;
            optional(&mut recommendation, "Url", 1..=2048)?;
            recommendation.finish()?;
        }
        remediation.finish()?;
    }
    Ok(())
}

/// `namespace/category/classifier`, at most 50.
fn types(given: &mut Members) -> Result<(), Refused> {
    let types = given.strings("Types")?;
    let is_known = |name: &String| NAMESPACES.contains(&name.split('/').next().unwrap_or_default());
    match types.len() <= 50 && types.iter().all(is_known) {
        true => Ok(()),
        false => {
            Err(wrong("Types", "should have at most 50 items in the form namespace/category/classifier"))
        }
    }
}

fn choice(given: &mut Members, name: &str, allowed: &[&str]) -> Result<(), Refused> {
    match given.string(name)? {
        Some(value) if !allowed.contains(&&*value) => {
            Err(wrong(name, "should be equal to one of the allowed values"))
        }
        _ => Ok(()),
    }
}

type Lengths = std::ops::RangeInclusive<usize>;

/// A required text of so many characters.
fn text(given: &mut Members, name: &str, length: Lengths) -> Result<String, Refused> {
    optional(given, name, length)?
        .ok_or_else(|| Refused::Finding(format!("data should have required property '{name}'")))
}

fn optional(given: &mut Members, name: &str, length: Lengths) -> Result<Option<String>, Refused> {
    let value = given.string(name)?;
    if let Some(value) = &value {
        if value.chars().count() < *length.start() || value.trim().is_empty() {
            return Err(wrong(name, &format!("should NOT be shorter than {} characters", length.start())));
        }
        if value.chars().count() > *length.end() {
            return Err(wrong(name, &format!("should NOT be longer than {} characters", length.end())));
        }
    }
    Ok(value)
}

/// A time in UTC or with an offset.
fn time(given: &mut Members, name: &str, required: bool) -> Result<Option<Timestamp>, Refused> {
    let Some(value) = given.string(name)? else {
        return match required {
            true => Err(Refused::Finding(format!("data should have required property '{name}'"))),
            false => Ok(None),
        };
    };
    value.parse().map(Some).map_err(|_| wrong(name, "should match format \"date-time\""))
}

/// A map from texts to texts, with keys of at most 128 characters.
fn texts(given: &mut Members, name: &str, most: usize, longest: usize) -> Result<(), Refused> {
    let entries = given.object(name)?.unwrap_or_default();
    let is_text = |(key, value): (&String, &Value)| {
        let value = value.as_str().map(|value| value.chars().count());
        key.chars().count() <= 128 && value.is_some_and(|length| length <= longest)
    };
    match entries.len() <= most && entries.iter().all(is_text) {
        true => Ok(()),
        false => {
            Err(wrong(name, &format!("should have at most {most} texts of at most {longest} characters")))
        }
    }
}

fn wrong(name: &str, how: &str) -> Refused {
    Refused::Finding(format!("data.{name} {how}"))
}
