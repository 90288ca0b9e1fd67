//! Systems Manager: parameters, their versions, and the events about their changes.

use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bus::BusEvent;
use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::{ACCOUNT, Context, Service};
use crate::world::AwsWorld;

pub(crate) const SERVICE: Service = Service {
    name: "ssm",
    api: "AmazonSSM",
    operations: &[
        ("GetParameter", get_parameter),
        ("GetParameterHistory", get_parameter_history),
        ("PutParameter", put_parameter),
    ],
};

pub(crate) const TYPES: [&str; 3] = ["String", "StringList", "SecureString"];

#[derive(Debug, Default)]
pub(crate) struct Ssm {
    parameters: Mutex<Vec<Parameter>>,
}

/// A parameter with its versions. A new parameter has one.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) kind: String,
    /// The versions that are kept, the oldest first.
    pub(crate) versions: Vec<ParameterVersion>,
}

/// A version of a parameter.
#[derive(Debug, Clone)]
pub(crate) struct ParameterVersion {
    pub(crate) number: u64,
    pub(crate) value: String,
    pub(crate) modified: Timestamp,
    /// The ARN of the principal that wrote it.
    pub(crate) user: String,
}

/// A write of a parameter: its new value, and the principal that writes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParameterWrite<'a> {
    pub(crate) name: &'a str,
    pub(crate) region: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) value: &'a str,
    pub(crate) user: &'a str,
    pub(crate) now: Timestamp,
}

/// "Parameter Store retains the 100 most recently created versions of a parameter"
/// (ParameterMaxVersionLimitExceeded, AWS Systems Manager API Reference). No version has a label here.
const MOST_VERSIONS: usize = 100;

impl Parameter {
    /// The current version.
    fn current(&self) -> &ParameterVersion {
        self.versions.last().expect("a parameter has a version")
    }

    fn write(&mut self, write: &ParameterWrite<'_>) {
        let number = self.current().number + 1;
        self.versions.push(version(number, write));
        let old = self.versions.len().saturating_sub(MOST_VERSIONS);
        self.versions.drain(..old);
    }

    pub(crate) fn arn(&self) -> String {
        let path = self.name.trim_start_matches('/');
        format!("arn:aws:ssm:{}:{ACCOUNT}:parameter/{path}", self.region)
    }
}

fn version(number: u64, write: &ParameterWrite<'_>) -> ParameterVersion {
    let (value, user) = (write.value.to_owned(), write.user.to_owned());
    ParameterVersion { number, value, modified: write.now, user }
}

impl Ssm {
    /// Adds a parameter with so many equal versions, and returns whether it is new.
    pub(crate) fn add(&self, write: &ParameterWrite<'_>, versions: u64) -> bool {
        let mut parameters = self.lock();
        let is_new =
            !parameters.iter().any(|one| is_same_name(&one.name, write.name) && one.region == write.region);
        if is_new {
            let mut added = created(write);
            (1..versions).for_each(|_| added.write(write));
            parameters.push(added);
        }
        is_new
    }

    /// Creates a parameter or a version of it, and returns the number of the version and the event about it.
    pub(crate) fn put(&self, write: &ParameterWrite<'_>) -> (u64, Value, String) {
        let mut parameters = self.lock();
        let found = parameters
            .iter_mut()
            .find(|one| is_same_name(&one.name, write.name) && one.region == write.region);
        let (operation, parameter) = match found {
            Some(found) => {
                found.write(write);
                ("Update", found.clone())
            }
            None => {
                parameters.push(created(write));
                ("Create", created(write))
            }
        };
        let detail = json!({"operation": operation, "name": parameter.name, "type": parameter.kind});
        (parameter.current().number, detail, parameter.arn())
    }

    /// Removes a parameter from every region.
    pub(crate) fn remove(&self, name: &str) {
        self.lock().retain(|parameter| !is_same_name(&parameter.name, name));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Parameter>> {
        self.parameters.lock().expect("no holder of this lock panics")
    }
}

fn created(write: &ParameterWrite<'_>) -> Parameter {
    let (name, region, kind) = (write.name.to_owned(), write.region.to_owned(), write.kind.to_owned());
    Parameter { name, region, kind, versions: vec![version(1, write)] }
}

/// Writes a parameter, and puts "Parameter Store Change" on the bus ("Setting up notifications or trigger actions based on
/// Parameter Store events", AWS Systems Manager User Guide). Returns the number of the version.
pub(crate) fn put(world: &AwsWorld, write: &ParameterWrite<'_>) -> u64 {
    let (number, detail, arn) = world.ssm.put(write);
    world.bus.put(BusEvent {
        source: "aws.ssm",
        detail_type: "Parameter Store Change",
        region: write.region,
        at: write.now,
        resource: &arn,
        detail,
    });
    number
}

/// Whether two names are of one parameter: `/x` and `x` are not unique in a region ("Understanding parameter name
/// requirements and constraints", AWS Systems Manager User Guide). A name in a hierarchy begins with a slash.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// The name of a parameter in no hierarchy, without its slash.
fn plain(name: &str) -> &str {
    name.strip_prefix('/').filter(|rest| !rest.contains('/')).unwrap_or(name)
}

/// Whether a name can exist: with a slash in it, it begins with a slash.
pub(crate) fn is_qualified(name: &str) -> bool {
    name.starts_with('/') || !name.contains('/')
}

/// The name of a request. Labels and versions after a colon are not served.
fn name_of(input: &mut Members) -> Result<String, ErrorAnswer> {
    let name = input.string("Name")?.unwrap_or_default();
    if name.is_empty() || name.contains(':') {
        return Err(ErrorAnswer::not_served(format_args!("the parameter name `{name}`")));
    }
    if !is_qualified(&name) {
        return Err(ErrorAnswer::new(
            "ValidationException",
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following \
             3 symbols .-_",
        ));
    }
    Ok(name)
}

/// The parameter with this name in the caller's region.
fn found(context: &Context<'_>, name: &str) -> Result<Parameter, ErrorAnswer> {
    let parameters = context.world.ssm.lock();
    let found = parameters.iter().find(|one| is_same_name(&one.name, name) && one.region == context.region);
    found.cloned().ok_or_else(|| ErrorAnswer::new("ParameterNotFound", ""))
}

fn get_parameter(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let name = name_of(&mut input)?;
    // Nothing here is encrypted.
    input.boolean("WithDecryption")?;
    input.finish()?;
    let found = found(context, &name)?;
    let current = found.current();
    Ok(json!({"Parameter": {
        "Name": found.name,
        "Type": found.kind,
        "Value": current.value,
        "Version": current.number,
        "LastModifiedDate": epoch_seconds(current.modified),
        "ARN": found.arn(),
        "DataType": "text",
    }}))
}

/// The most versions of a page, which is also the default here.
const MOST_OF_A_PAGE: i64 = 50;

fn get_parameter_history(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let name = name_of(&mut input)?;
    input.boolean("WithDecryption")?;
    let size = input.integer("MaxResults")?.unwrap_or(MOST_OF_A_PAGE);
    let token = input.string("NextToken")?;
    input.finish()?;
    let size = usize::try_from(size).ok().filter(|size| (1..=50).contains(size)).ok_or_else(|| {
        ErrorAnswer::new(
            "ValidationException",
            format!("1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint"),
        )
    })?;
    let found = found(context, &name)?;
    let page = paging::page(&found.versions, size, token.as_deref(), &[&request])
        .map_err(|_| ErrorAnswer::new("InvalidNextToken", "The specified token isn't valid."))?;
    let versions = page.items.iter().map(|version| {
        json!({
            "Name": found.name,
            "Type": found.kind,
            "Value": version.value,
            "Version": version.number,
            "LastModifiedDate": epoch_seconds(version.modified),
            "LastModifiedUser": version.user,
            "Labels": [],
            "Tier": "Standard",
            "Policies": [],
            "DataType": "text",
        })
    });
    let mut answer = json!({"Parameters": versions.collect::<Vec<_>>()});
    if let Some(next) = page.next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// The largest value of a parameter of the standard tier, in bytes ("Managing parameter tiers", AWS Systems Manager User Guide).
const LARGEST_VALUE: usize = 4096;

fn put_parameter(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let name = name_of(&mut input)?;
    let value = input.string("Value")?.unwrap_or_default();
    let kind = input.string("Type")?;
    let overwrites = input.boolean("Overwrite")?.unwrap_or_default();
    input.finish()?;
    let invalid = |message: String| Err(ErrorAnswer::new("ValidationException", message));
    if value.is_empty() || value.len() > LARGEST_VALUE {
        return invalid(format!("Value has {} bytes; a standard parameter takes 1 to {LARGEST_VALUE}", value.len()));
    }
    if let Some(kind) = kind.as_deref().filter(|kind| !TYPES.contains(kind)) {
        return invalid(format!("Value '{kind}' at 'type' failed to satisfy constraint"));
    }
    let before = found(context, &name).ok();
    let kind = match (&before, kind) {
        (Some(_), _) if !overwrites => {
            return Err(ErrorAnswer::new(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        (Some(before), Some(kind)) if before.kind != kind => {
            return Err(ErrorAnswer::not_served(format_args!("a change of a parameter's type to {kind}")));
        }
        (Some(before), _) => before.kind.clone(),
        (None, Some(kind)) => kind,
        (None, None) => return invalid("A parameter type is required when you create a parameter.".to_owned()),
    };
    let write = ParameterWrite {
        name: &name,
        region: context.region,
        kind: &kind,
        value: &value,
        user: &context.caller.arn,
        now: context.now,
    };
    Ok(json!({"Version": put(context.world, &write), "Tier": "Standard"}))
}
