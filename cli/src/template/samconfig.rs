//! Reads an environment's parameter overrides from `samconfig.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;

use super::{TemplateError, read_file};

/// The parameters of `sam deploy --config-env ENV`: those of `[ENV.deploy.parameters]`, or without
/// `parameter_overrides` there, those of `[ENV.global.parameters]` (AWS SAM Developer Guide, "AWS SAM CLI
/// configuration file"). Both forms are read, one string and a list of strings, with `NAME=VALUE` in each.
///
/// # Errors
///
/// [`TemplateError`]: the file cannot be read or is no TOML, has no such environment, or an override is not
/// `NAME=VALUE`.
pub fn overrides(samconfig: &Path, env: &str) -> Result<BTreeMap<String, String>, TemplateError> {
    let text = read_file(samconfig)?;
    let document: toml::Table = text
        .parse()
        .map_err(|source| TemplateError::Toml { path: samconfig.to_owned(), source: Box::new(source) })?;
    let environment = document
        .get(env)
        .ok_or_else(|| TemplateError::NoEnvironment { path: samconfig.to_owned(), name: env.to_owned() })?;
    let of = |command| environment.get(command)?.get("parameters")?.get("parameter_overrides");
    let given = of("deploy").or_else(|| of("global")).map(words).unwrap_or_default();
    given.iter().map(|word| pair(samconfig, word)).collect()
}

/// The template that `sam build --config-env ENV` builds, if the environment names one: `template_file` of
/// `[ENV.build.parameters]`.
///
/// # Errors
///
/// [`TemplateError`]: the file cannot be read or is no TOML.
pub fn template_file(samconfig: &Path, env: &str) -> Result<Option<PathBuf>, TemplateError> {
    let text = read_file(samconfig)?;
    let document: toml::Table = text
        .parse()
        .map_err(|source| TemplateError::Toml { path: samconfig.to_owned(), source: Box::new(source) })?;
    let build = document.get(env).and_then(|environment| environment.get("build"));
    let named = build.and_then(|build| build.get("parameters")?.get("template_file")?.as_str());
    Ok(named.map(|file| samconfig.with_file_name("").join(file)))
}

/// The environments of the file, in its order.
///
/// # Errors
///
/// [`TemplateError`]: the file cannot be read or is no TOML.
pub fn environments(samconfig: &Path) -> Result<Vec<String>, TemplateError> {
    let text = read_file(samconfig)?;
    let document: toml::Table = text
        .parse()
        .map_err(|source| TemplateError::Toml { path: samconfig.to_owned(), source: Box::new(source) })?;
    Ok(document.iter().filter(|(_, value)| value.is_table()).map(|(name, _)| name.clone()).collect())
}

fn words(given: &Value) -> Vec<String> {
    match given {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(split_words).unwrap_or_default(),
    }
}

/// Splits at spaces that are not inside double quotes, as SAM does.
fn split_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for char in text.chars() {
        match char {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            char => words.last_mut().expect("starts with one word").push(char),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn pair(path: &Path, word: &str) -> Result<(String, String), TemplateError> {
    let wrong = || TemplateError::BadOverride { path: path.to_owned(), text: word.to_owned() };
    let (name, value) = word.split_once('=').ok_or_else(wrong)?;
    Ok((name.to_owned(), value.trim_matches('"').to_owned()))
}
