//! Reads `parameter_overrides` as SAM does (`CfnParameterOverridesType` of aws-sam-cli), but refuses what SAM ignores.
//!
//! SAM takes a text, a list, a table, and files that these name. SAM ignores each part of a text that is not `NAME=VALUE`, such
//! as the rest of a value with a blank. This reader refuses the part instead, because the deployment would have another value than
//! the file seems to say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use fancy_regex::Regex;
use serde_json::{Map, Value};

use super::value::text;
use super::{TemplateError, entries, refused};
use crate::template::read_file;

const NAME: &str = r#"([A-Za-z0-9"']+)"#;
const VALUE: &str = r#"("(?:\\.|[^"\\]+)*"|'(?:\\.|[^'\\]+)*'|(?:\\.|[^ "\\]+)+)"#;

/// The forms of an override. The first form that a text has anywhere is the only one that SAM reads in it.
static FORMS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [format!("ParameterKey={NAME},ParameterValue={VALUE}"), format!(" {NAME}={VALUE}")]
        .map(|form| Regex::new(&form).expect("the expression is constant"))
});

/// Overrides in the order of their first mention. The last value of a name counts.
#[derive(Default)]
struct Overrides(Vec<(String, String)>);

impl Overrides {
    fn insert(&mut self, name: String, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name, value)),
        }
    }

    fn extend(&mut self, other: Overrides) {
        other.0.into_iter().for_each(|(name, value)| self.insert(name, value));
    }
}

pub(super) struct OverridesReader<'a> {
    samconfig: &'a Path,
    place: &'a str,
    /// The files that are being read, the innermost last.
    open: Vec<PathBuf>,
}

impl<'a> OverridesReader<'a> {
    pub(super) fn new(samconfig: &'a Path, place: &'a str) -> OverridesReader<'a> {
        OverridesReader { samconfig, place, open: Vec::new() }
    }

    pub(super) fn read(mut self, value: &Value) -> Result<BTreeMap<String, String>, TemplateError> {
        Ok(self.value(value)?.0.into_iter().collect())
    }

    fn refused(&self, why: &str) -> TemplateError {
        match self.open.last() {
            Some(file) => refused(self.samconfig, self.place, &format!("{}: {why}", file.display())),
            None => refused(self.samconfig, self.place, why),
        }
    }

    fn value(&mut self, value: &Value) -> Result<Overrides, TemplateError> {
        let mut found = Overrides::default();
        if !matches!(value, Value::Null) && *value != "" {
            self.collect(value, &mut found)?;
        }
        let mut unquoted_overrides = Overrides::default();
        for (name, value) in found.0 {
            unquoted_overrides.insert(unquoted(&name), unquoted(&value));
        }
        Ok(unquoted_overrides)
    }

    fn collect(&mut self, value: &Value, found: &mut Overrides) -> Result<(), TemplateError> {
        match value {
            Value::Null => Ok(()),
            Value::Array(elements) => elements.iter().try_for_each(|element| self.collect(element, found)),
            Value::Object(map) => self.table(map, found),
            Value::String(text) => match text.strip_prefix("file://") {
                Some(file) => {
                    found.extend(self.file(file)?);
                    Ok(())
                }
                None => self.text(text, found),
            },
            other => Err(self.refused(&format!("`{other}` is neither a text nor a table"))),
        }
    }

    fn table(&mut self, map: &Map<String, Value>, found: &mut Overrides) -> Result<(), TemplateError> {
        for (name, value) in entries(map) {
            let refused = |reader: &Self| {
                reader.refused(&format!("the value of `{name}` is not a text, a number or a list of these"))
            };
            match value {
                Value::String(_) | Value::Array(_) if name == "$include" => found.extend(self.value(value)?),
                _ if name == "$include" => {
                    return Err(self.refused("`$include` is neither a text nor a list of texts"));
                }
                Value::Null => found.insert(name.to_owned(), String::new()),
                Value::Array(elements) => {
                    let texts = elements.iter().filter(|element| !element.is_null() && **element != "");
                    let texts: Option<Vec<String>> =
                        texts.map(|element| text(element).map(|text| text.trim().to_owned())).collect();
                    found.insert(name.to_owned(), texts.ok_or_else(|| refused(self))?.join(","));
                }
                scalar => found.insert(name.to_owned(), text(scalar).ok_or_else(|| refused(self))?),
            }
        }
        Ok(())
    }

    /// `NAME=VALUE NAME=VALUE`, or the same with `ParameterKey=NAME,ParameterValue=VALUE`.
    fn text(&mut self, given: &str, found: &mut Overrides) -> Result<(), TemplateError> {
        let all = format!(" {}", given.trim());
        for form in FORMS.iter() {
            let matches: Vec<_> = form.captures_iter(&all).filter_map(Result::ok).collect();
            if matches.is_empty() {
                continue;
            }
            let whole = matches.iter().filter_map(|one| one.get(0));
            if let Some(ignored) = between(&all, whole.map(|whole| whole.range())) {
                return Err(self.ignored(ignored, given));
            }
            for one in matches {
                let part = |nth| one.get(nth).map(|part| part.as_str().to_owned()).unwrap_or_default();
                found.insert(part(1), part(2));
            }
            return Ok(());
        }
        Err(self.refused(&format!("`{given}` has no NAME=VALUE")))
    }

    fn ignored(&self, ignored: &str, given: &str) -> TemplateError {
        self.refused(&format!(
            "SAM ignores `{ignored}` in `{given}`: put a value with blanks into quotation marks (NAME=\"a b\"), or write a table \
             ({{ NAME = \"a b\" }})"
        ))
    }

    /// A file of overrides, beside the file that names it.
    fn file(&mut self, named: &str) -> Result<Overrides, TemplateError> {
        let naming = self.open.last().map(PathBuf::as_path).unwrap_or(self.samconfig);
        let path = naming.with_file_name("").join(named);
        if !path.is_file() {
            return Err(self.refused(&format!("file://{named} is not a file")));
        }
        let path =
            path.canonicalize().map_err(|source| TemplateError::Read { path: path.clone(), source })?;
        if self.open.contains(&path) {
            return Err(self.refused(&format!("file://{named} names itself")));
        }
        let text = read_file(&path)?;
        self.open.push(path.clone());
        let value = match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => self.toml(&text, &path)?,
            Some("yaml" | "yml") => self.yaml(&text)?,
            _ => return Err(self.refused("SAM reads the endings .toml, .yaml and .yml only")),
        };
        let read = self.value(&value);
        self.open.pop();
        read
    }

    /// SAM reads YAML 1.2, in which `yes` is a text.
    fn yaml(&self, text: &str) -> Result<Value, TemplateError> {
        let options = serde_saphyr::options! { strict_booleans: true };
        let read = serde_saphyr::from_str_with_options(text, options);
        read.map_err(|error| self.refused(error.to_string().lines().next().unwrap_or_default()))
    }

    fn toml(&self, text: &str, path: &Path) -> Result<Value, TemplateError> {
        let wrong = |source| TemplateError::Toml { path: path.to_owned(), source: Box::new(source) };
        let table: toml::Table = text.parse().map_err(wrong)?;
        super::value::of_toml(&toml::Value::Table(table)).map_err(|why| self.refused(&why))
    }
}

/// The first text outside all ranges that is more than blanks.
fn between(text: &str, ranges: impl Iterator<Item = std::ops::Range<usize>>) -> Option<&str> {
    let mut rest = 0;
    for range in ranges.chain(std::iter::once(text.len()..text.len())) {
        let outside = text[rest..range.start].trim();
        if !outside.is_empty() {
            return Some(outside);
        }
        rest = range.end;
    }
    None
}

/// Removes quotation marks around the value, and resolves `\ `, `\"` and `\'`.
fn unquoted(text: &str) -> String {
    let quoted = ['"', '\''].iter().any(|mark| text.starts_with(*mark) && text.ends_with(*mark));
    // A lone quotation mark is its own end.
    let inner = if quoted { text.get(1..text.len().max(2) - 1).unwrap_or_default() } else { text };
    inner.replace("\\ ", " ").replace("\\\"", "\"").replace("\\'", "'")
}
