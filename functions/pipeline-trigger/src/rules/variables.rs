//! The variables that a rule starts its pipeline with: names that CodePipeline accepts, and texts with placeholders.

use std::fmt;

use shared::config::{Code, Problem, TableReader, Text, did_you_mean};
use shared::placeholder::{BAD_PLACEHOLDER, BadPlaceholder, Filled, listed};

/// The placeholders of a value.
const PLACEHOLDERS: &[&str] = &[REPOSITORY, BRANCH, TAG, COMMIT, CHANGED_FILES, GROUPS];

pub(crate) const REPOSITORY: &str = "repository";
pub(crate) const BRANCH: &str = "branch";
pub(crate) const TAG: &str = "tag";
pub(crate) const COMMIT: &str = "commit";
pub(crate) const CHANGED_FILES: &str = "changed-files";
pub(crate) const GROUPS: &str = "groups";

pub(super) const BAD_NAME: Code = Code { name: "bad-variable-name", title: "no variable can have this name" };
pub(super) const BAD_VALUE: Code =
    Code { name: "bad-variable-value", title: "no variable can have this value" };
pub(super) const NEVER_FILLED: Code =
    Code { name: "never-filled", title: "a placeholder that this table can never fill" };
pub(super) const TOO_MANY: Code =
    Code { name: "too-many-variables", title: "a start takes at most 50 variables" };

// StartPipelineExecution and PipelineVariable, AWS CodePipeline API Reference.
const MOST: usize = 50;
const LONGEST_NAME: usize = 128;
const LONGEST_VALUE: usize = 1000;

/// One variable of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// As the pipeline declares it.
    pub name: String,
    /// Its value, before a push fills it in.
    pub value: Filled,
}

/// Why CodePipeline would refuse a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadValue {
    /// It has no characters.
    Empty,
    /// It has so many.
    TooLong(usize),
    /// It is more than one line, which the pattern of a value, `.*`, does not match.
    LineBreak,
    /// A name in it makes a reference to another variable of it.
    Reference,
}

/// How CodePipeline begins a reference to a variable: `#{namespace.key}` ("Variables reference", AWS CodePipeline User
/// Guide).
const REFERENCE: &str = "#{";

/// Checks that the names in a filled value begin no reference to a variable. A principal with push access chooses them, and
/// AWS does not document whether CodePipeline reads the value of a variable again.
///
/// # Errors
/// When the value has a reference that the rule's own text does not have.
pub fn without_reference(text: &Filled, filled: &str) -> Result<(), BadValue> {
    let own = text.fill(|_| Some("x".to_owned())).unwrap_or_default();
    let references = |text: &str| text.matches(REFERENCE).count();
    if references(filled) > references(&own) { Err(BadValue::Reference) } else { Ok(()) }
}

/// Checks a value as it would be sent.
///
/// # Errors
/// Why CodePipeline would refuse it.
pub fn checked(value: &str) -> Result<(), BadValue> {
    match value.chars().count() {
        0 => Err(BadValue::Empty),
        long if long > LONGEST_VALUE => Err(BadValue::TooLong(long)),
        _ if value.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) => Err(BadValue::LineBreak),
        _ => Ok(()),
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the value is empty"),
            Self::TooLong(long) => {
                write!(f, "the value has {long} characters, and CodePipeline accepts at most {LONGEST_VALUE}")
            }
            Self::LineBreak => f.write_str("the value has a line break"),
            Self::Reference => {
                f.write_str("a name in the value has `#{`, which begins a reference to a variable")
            }
        }
    }
}

pub(super) fn read(table: &mut TableReader<'_, '_, '_>) -> Vec<(Variable, Text)> {
    let Some(entries) = table.string_table("variables") else { return Vec::new() };
    if let Some((name, _)) = entries.get(MOST) {
        let label = format!("this is number {} of {}", MOST + 1, entries.len());
        table.problem(
            Problem::new(TOO_MANY, name.span(), label)
                .help("remove the variables that the pipeline can do without"),
        );
    }
    entries.into_iter().filter_map(|(name, text)| variable(table, &name, text)).collect()
}

fn variable(table: &mut TableReader<'_, '_, '_>, name: &Text, text: Text) -> Option<(Variable, Text)> {
    let named = is_name(name.get_ref());
    if !named {
        let help = "a name is 1 to 128 letters, digits and @ - _, as the pipeline declares it";
        table.problem(Problem::new(BAD_NAME, name.span(), "not the name of a variable").help(help));
    }
    let value = Filled::parse(text.get_ref(), PLACEHOLDERS).map_err(|why| {
        let meant = match &why {
            BadPlaceholder::Unknown(name) => {
                did_you_mean(name, PLACEHOLDERS.iter().copied(), |name| format!("{{{name}}}"))
            }
            BadPlaceholder::Brace => String::new(),
        };
        let help = format!("{meant}the placeholders are {}; {{{{ and }}}} are braces", listed(PLACEHOLDERS));
        table.problem(Problem::new(BAD_PLACEHOLDER, text.span(), why.to_string()).help(help));
    });
    let value = value.ok().filter(|value| can_be_sent(table, &text, value))?;
    named.then(|| (Variable { name: name.get_ref().clone(), value }, text))
}

fn is_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "@-_".contains(letter);
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(allowed)
}

/// Whether a value without its placeholders could be sent: their values are only known with a push.
fn can_be_sent(table: &mut TableReader<'_, '_, '_>, text: &Text, value: &Filled) -> bool {
    let asks = PLACEHOLDERS.iter().any(|name| value.asks_for(name));
    let fixed = value.fill(|_| Some(String::new())).unwrap_or_default();
    match checked(&fixed) {
        Err(why) if !(asks && why == BadValue::Empty) => {
            let help = "a value is one line of 1 to 1000 characters; without the variable, the pipeline uses its default";
            table.problem(Problem::new(BAD_VALUE, text.span(), why.to_string()).help(help));
            false
        }
        _ => true,
    }
}

/// The pushes that a table is about, as far as placeholders ask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pushes {
    branches: bool,
    tags: bool,
    compares_files: bool,
    uses_groups: bool,
}

impl Pushes {
    pub(super) fn of(table: &mut TableReader<'_, '_, '_>, is_default: bool) -> Self {
        let mut has = |key| table.span(key).is_some();
        let (branches, tags) = (has("branches"), has("tags"));
        let uses_groups = has("uses");
        let compares_files = has("paths") || uses_groups || is_default || has("ignore") || has("ignore-file");
        Self { branches: branches || !tags, tags, compares_files, uses_groups }
    }
}

/// Reports the placeholders that no push of the rule can fill.
pub(super) fn never_filled(
    pushes: &Pushes,
    variables: &[Variable],
    texts: &[Text],
    problems: &mut Vec<Problem>,
) {
    for (variable, text) in variables.iter().zip(texts) {
        for name in PLACEHOLDERS.iter().filter(|name| variable.value.asks_for(name)) {
            if let Some((label, help)) = why_never(pushes, name) {
                problems.push(Problem::new(NEVER_FILLED, text.span(), label).help(help));
            }
        }
    }
}

fn why_never(pushes: &Pushes, placeholder: &str) -> Option<(&'static str, &'static str)> {
    match placeholder {
        BRANCH if !pushes.branches => Some(("this table covers tags only", "write {tag}")),
        TAG if !pushes.tags => Some(("this table has no `tags`", "write {branch}, or add `tags`")),
        CHANGED_FILES | GROUPS if !pushes.branches => {
            Some(("a tag is compared with no commit", "remove the variable"))
        }
        CHANGED_FILES if !pushes.compares_files => {
            let help = "add `paths = [\"**\"]`, and a push is compared with the commit before it";
            Some(("a rule without file patterns compares no files", help))
        }
        GROUPS if !pushes.uses_groups => {
            Some(("this table has no `uses`", "add `uses`, or remove the variable"))
        }
        _ => None,
    }
}
