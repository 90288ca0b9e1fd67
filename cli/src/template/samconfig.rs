//! Reads an environment of `samconfig.toml` as SAM reads it ("AWS SAM CLI configuration file", AWS SAM Developer Guide).

mod overrides;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{TemplateError, read_file};
use overrides::OverridesReader;

const GLOBAL: &str = "global";
const OVERRIDES: &str = "parameter_overrides";

/// The parameters of `sam deploy --config-env ENV`: `parameter_overrides` of `[ENV.deploy.parameters]`, or of
/// `[ENV.global.parameters]` without that key.
///
/// # Errors
///
/// [`TemplateError`]: the file cannot be read, SAM refuses it, it has no such environment, or SAM refuses an override or ignores a
/// part of it.
pub fn overrides(samconfig: &Path, env: &str) -> Result<BTreeMap<String, String>, TemplateError> {
    let found = SamSetting::find(samconfig, env, "deploy", OVERRIDES)?;
    found.map_or(Ok(BTreeMap::new()), |found| {
        OverridesReader::new(samconfig, &found.place()).read(&found.value)
    })
}

/// The template that `sam build --config-env ENV` builds, if the environment names one: `template_file` of
/// `[ENV.build.parameters]`, or of `[ENV.global.parameters]`.
///
/// # Errors
///
/// [`TemplateError`]: the file cannot be read, SAM refuses it, it has no such environment, or the name is no text.
pub fn template_file(samconfig: &Path, env: &str) -> Result<Option<PathBuf>, TemplateError> {
    let named =
        SamSetting::find(samconfig, env, "build", "template_file")?.map(|found| found.text(samconfig));
    Ok(named.transpose()?.map(|file| samconfig.with_file_name("").join(file)))
}

/// The region to which `sam deploy --config-env ENV` deploys, if the environment names one.
///
/// # Errors
///
/// As [`template_file`].
pub fn region(samconfig: &Path, env: &str) -> Result<Option<String>, TemplateError> {
    SamSetting::find(samconfig, env, "deploy", "region")?.map(|found| found.text(samconfig)).transpose()
}

/// The environments of the file, in its order.
///
/// # Errors
///
/// [`TemplateError`]: the file cannot be read, or SAM refuses it.
pub fn environments(samconfig: &Path) -> Result<Vec<String>, TemplateError> {
    let document = document(samconfig)?;
    Ok(document.iter().filter(|(_, value)| value.is_table()).map(|(name, _)| name.clone()).collect())
}

/// A key's value, and the table that has it.
struct SamSetting {
    env: String,
    section: &'static str,
    key: &'static str,
    value: Value,
}

impl SamSetting {
    /// A key of a command's table. SAM adds the keys of the table `global` that the command's table does not have.
    fn find(
        samconfig: &Path,
        env: &str,
        command: &'static str,
        key: &'static str,
    ) -> Result<Option<SamSetting>, TemplateError> {
        let document = document(samconfig)?;
        let none = || TemplateError::NoEnvironment { path: samconfig.to_owned(), name: env.to_owned() };
        let environment = document.get(env).ok_or_else(none)?;
        for section in [command, GLOBAL] {
            let Some(found) = parameters(samconfig, environment, env, section)?.get(key).cloned() else {
                continue;
            };
            let setting = |value| SamSetting { env: env.to_owned(), section, key, value };
            let place = setting(Value::Null).place();
            return Ok(Some(setting(
                value::of_toml(&found).map_err(|why| refused(samconfig, &place, &why))?,
            )));
        }
        Ok(None)
    }

    fn place(&self) -> String {
        format!("`{}` of [{}.{}.parameters]", self.key, self.env, self.section)
    }

    fn text(&self, samconfig: &Path) -> Result<String, TemplateError> {
        let text = self.value.as_str().map(str::to_owned);
        text.ok_or_else(|| refused(samconfig, &self.place(), "the value is not a text"))
    }
}

/// `[ENV.SECTION.parameters]`, empty if the file does not have it.
fn parameters(
    samconfig: &Path,
    environment: &toml::Value,
    env: &str,
    section: &str,
) -> Result<toml::Table, TemplateError> {
    let table = |value: &toml::Value, place: String| {
        value.as_table().cloned().ok_or_else(|| refused(samconfig, &place, "this is not a table"))
    };
    let Some(section_value) = table(environment, format!("`{env}`"))?.remove(section) else {
        return Ok(toml::Table::new());
    };
    match table(&section_value, format!("`{env}.{section}`"))?.remove("parameters") {
        Some(parameters) => table(&parameters, format!("`{env}.{section}.parameters`")),
        None => Ok(toml::Table::new()),
    }
}

/// The file. SAM refuses a file without a version, and a version that is a whole number or a text.
fn document(samconfig: &Path) -> Result<toml::Table, TemplateError> {
    let document: toml::Table = read_file(samconfig)?
        .parse()
        .map_err(|source| TemplateError::Toml { path: samconfig.to_owned(), source: Box::new(source) })?;
    match document.get("version") {
        Some(toml::Value::Float(_)) => Ok(document),
        None if document.is_empty() => Ok(document),
        Some(_) => Err(refused(
            samconfig,
            "`version`",
            "SAM reads only a number with a decimal point: write version = 0.1",
        )),
        None => Err(refused(
            samconfig,
            "`version`",
            "SAM refuses a file without it: write version = 0.1 as the first line",
        )),
    }
}

fn refused(path: &Path, place: &str, why: &str) -> TemplateError {
    TemplateError::Samconfig { path: path.to_owned(), place: place.to_owned(), why: why.to_owned() }
}

/// The members of an object that are given in its order.
fn entries(map: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    map.iter().map(|(name, value)| (name.as_str(), value))
}
