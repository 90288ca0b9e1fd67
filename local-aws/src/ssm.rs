//! Systems Manager: GetParameter.

use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context, Service};

pub(crate) const SERVICE: Service =
    Service { name: "ssm", api: "AmazonSSM", operations: &[("GetParameter", get_parameter)] };

pub(crate) const TYPES: [&str; 3] = ["String", "StringList", "SecureString"];

#[derive(Debug, Default)]
pub(crate) struct Ssm {
    parameters: Mutex<Vec<Parameter>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) version: u64,
    pub(crate) modified: Timestamp,
}

impl Ssm {
    /// Adds a parameter, and returns whether it is new.
    pub(crate) fn add(&self, parameter: Parameter) -> bool {
        let mut parameters = self.lock();
        let is_new = parameters
            .iter()
            .all(|other| !is_same_name(&other.name, &parameter.name) || other.region != parameter.region);
        parameters.extend(is_new.then_some(parameter));
        is_new
    }

    /// Sets a parameter's value, creates the parameter, or removes it.
    pub(crate) fn set(&self, name: &str, region: &str, value: Option<&str>, now: Timestamp) {
        let mut parameters = self.lock();
        let Some(value) = value else {
            parameters.retain(|parameter| !is_same_name(&parameter.name, name));
            return;
        };
        let mut found = false;
        for parameter in parameters.iter_mut().filter(|parameter| is_same_name(&parameter.name, name)) {
            value.clone_into(&mut parameter.value);
            parameter.version += 1;
            parameter.modified = now;
            found = true;
        }
        if !found {
            let (name, region, value) = (name.to_owned(), region.to_owned(), value.to_owned());
            let kind = "String".to_owned();
            parameters.push(Parameter { name, region, kind, value, version: 1, modified: now });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Parameter>> {
        self.parameters.lock().expect("no holder of this lock panics")
    }
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

/// Labels and versions after a colon are not served.
fn get_parameter(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let name = input.string("Name")?.unwrap_or_default();
    // Nothing here is encrypted.
    input.boolean("WithDecryption")?;
    input.finish()?;
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
    let parameters = context.world.ssm.lock();
    let found = parameters.iter().find(|one| is_same_name(&one.name, &name) && one.region == context.region);
    let Some(found) = found else { return Err(ErrorAnswer::new("ParameterNotFound", "")) };
    let path = found.name.trim_start_matches('/');
    Ok(json!({"Parameter": {
        "Name": found.name,
        "Type": found.kind,
        "Value": found.value,
        "Version": found.version,
        "LastModifiedDate": epoch_seconds(found.modified),
        "ARN": format!("arn:aws:ssm:{}:{ACCOUNT}:parameter/{path}", found.region),
        "DataType": "text",
    }}))
}
