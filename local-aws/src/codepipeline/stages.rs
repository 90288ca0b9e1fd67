//! The stages that a stack's pipeline declares, their entry conditions, and what became of the stages in an execution.
//!
//! Of rules, only VariableCheck is evaluated ("VariableCheck", AWS CodePipeline User Guide): all rules of a condition have to
//! succeed, otherwise the stage is skipped or the execution fails, as the condition's result says ("Configure conditions for
//! a stage", AWS CodePipeline User Guide).

use std::collections::BTreeMap;

use cloudformation_template::text;
use serde_json::{Map, Value, json};

use super::PipelineType;

/// What a pipeline of a stack declares beside its source.
#[derive(Debug, Clone, Default)]
pub(crate) struct PipelineStructure {
    /// In their order, the source's among them; empty for a pipeline of the world's file.
    pub(crate) stages: Vec<PipelineStage>,
    /// The default values of its variables.
    pub(crate) defaults: BTreeMap<String, String>,
}

/// A stage.
#[derive(Debug, Clone)]
pub(crate) struct PipelineStage {
    pub(crate) name: String,
    /// The stage in the form of the API.
    pub(super) declared: Value,
    is_source: bool,
    entry: Option<EntryCondition>,
}

/// The condition that an execution meets to enter a stage.
#[derive(Debug, Clone)]
struct EntryCondition {
    /// Whether the stage is skipped if the condition fails; else the execution fails.
    skips: bool,
    rules: Vec<VariableCheck>,
}

#[derive(Debug, Clone)]
struct VariableCheck {
    name: String,
    operator: Operator,
    variable: String,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    NotEquals,
    Contains,
}

/// A stage in an execution that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageRun {
    pub(crate) name: String,
    /// Of StageExecutionStatus.
    pub(crate) status: &'static str,
    pub(super) checks: Vec<RuleRun>,
}

/// A rule in an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleRun {
    pub(super) name: String,
    /// Of RuleExecutionStatus.
    pub(super) status: &'static str,
    /// Its configuration, without references to variables.
    pub(super) resolved: Vec<(&'static str, String)>,
}

/// The values of an execution that references name.
#[derive(Debug)]
pub(super) struct ExecutionValues<'e> {
    pub(super) id: &'e str,
    pub(super) given: &'e [(String, String)],
}

impl PipelineStructure {
    /// Reads the stages of a template's pipeline, or returns the reason for which CodePipeline refuses them.
    pub(crate) fn of(properties: &Value, kind: PipelineType) -> Result<Self, String> {
        let declared = properties["Variables"].as_array().into_iter().flatten();
        let default = |variable: &Value| Some((text(&variable["Name"])?, text(&variable["DefaultValue"])?));
        let defaults = declared.clone().filter_map(default).collect();
        let names: Vec<String> = declared.filter_map(|variable| text(&variable["Name"])).collect();
        let stages = properties["Stages"].as_array().into_iter().flatten();
        let stages = stages.map(|stage| PipelineStage::of(stage, kind, &names)).collect::<Result<_, _>>()?;
        Ok(Self { stages, defaults })
    }

    /// Whether a stage has an entry condition. Only such a pipeline runs here.
    pub(super) fn has_conditions(&self) -> bool {
        self.stages.iter().any(|stage| stage.entry.is_some())
    }

    /// The value of each variable in an execution: the given one, else the default.
    pub(super) fn resolved(&self, given: &[(String, String)]) -> Vec<(String, String)> {
        let mut values: Vec<(String, String)> = given.to_vec();
        let is_given = |name: &String| given.iter().any(|(known, _)| known == name);
        values.extend(
            self.defaults
                .iter()
                .filter(|(name, _)| !is_given(name))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        values
    }

    /// Runs an execution to its end: every action succeeds, and entry conditions decide which stages run. Returns the stages
    /// and the status of the execution.
    pub(super) fn run(&self, values: &ExecutionValues<'_>) -> (Vec<StageRun>, &'static str) {
        let mut runs = Vec::new();
        for stage in &self.stages {
            let checks: Vec<RuleRun> = stage
                .entry
                .iter()
                .flat_map(|entry| &entry.rules)
                .map(|rule| rule.run(&self.resolved(values.given), values.id))
                .collect();
            let is_met = checks.iter().all(|check| check.status == "Succeeded");
            let skips = stage.entry.as_ref().is_some_and(|entry| entry.skips);
            let status = match (is_met, skips) {
                (true, _) => "Succeeded",
                (false, true) => "Skipped",
                (false, false) => "Failed",
            };
            runs.push(StageRun { name: stage.name.clone(), status, checks });
            if status == "Failed" {
                return (runs, "Failed");
            }
        }
        (runs, "Succeeded")
    }

    /// The stages after that of the source, as the API shows them.
    pub(super) fn later_stages(&self) -> impl Iterator<Item = &Value> {
        self.stages.iter().filter(|stage| !stage.is_source).map(|stage| &stage.declared)
    }
}

impl PipelineStage {
    fn of(stage: &Value, kind: PipelineType, variables: &[String]) -> Result<Self, String> {
        let name = text(&stage["Name"]).unwrap_or_default();
        let actions = stage["Actions"].as_array().into_iter().flatten();
        let is_source = actions.clone().any(|action| action["ActionTypeId"]["Category"] == "Source");
        let entry = match &stage["BeforeEntry"] {
            Value::Null => None,
            _ if kind == PipelineType::V1 => {
                return Err(format!("Stage {name}: conditions need a pipeline of type V2"));
            }
            entry => Some(EntryCondition::of(&name, &entry["Conditions"], variables)?),
        };
        Ok(Self { name, declared: as_in_the_api(stage), is_source, entry })
    }
}

impl EntryCondition {
    fn of(stage: &str, conditions: &Value, variables: &[String]) -> Result<Self, String> {
        let conditions = conditions.as_array().map(Vec::as_slice).unwrap_or_default();
        let [condition] = conditions else {
            return Err(format!("Stage {stage}: beforeEntry has 1 condition, not {}", conditions.len()));
        };
        let skips = match condition["Result"].as_str() {
            Some("SKIP") => true,
            Some("FAIL") => false,
            other => {
                return Err(format!(
                    "Stage {stage}: the result of an entry condition is FAIL or SKIP, not {other:?}"
                ));
            }
        };
        let rules = condition["Rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !(1..=5).contains(&rules.len()) {
            return Err(format!("Stage {stage}: a condition has 1 to 5 rules, not {}", rules.len()));
        }
        let rules = rules.iter().map(|rule| VariableCheck::of(stage, rule, variables));
        Ok(Self { skips, rules: rules.collect::<Result<_, _>>()? })
    }
}

impl VariableCheck {
    fn of(stage: &str, rule: &Value, variables: &[String]) -> Result<Self, String> {
        let refused = |why: String| Err(format!("Stage {stage}: {why}"));
        let name = text(&rule["Name"]).unwrap_or_default();
        if !super::is_name(&name) {
            return refused(format!("`{name}` is not the name of a rule"));
        }
        let kind = &rule["RuleTypeId"];
        if kind["Category"] != "Rule" || kind["Provider"] != "VariableCheck" {
            return refused(format!(
                "the rule {name} is not a VariableCheck, and local-aws serves no other rule"
            ));
        }
        let configuration = rule["Configuration"].as_object().cloned().unwrap_or_default();
        let unknown =
            configuration.keys().find(|key| !["Operator", "Variable", "Value"].contains(&key.as_str()));
        if let Some(unknown) = unknown {
            return refused(format!("VariableCheck has no configuration {unknown}"));
        }
        let setting = |key: &str| configuration.get(key).and_then(text).filter(|value| !value.is_empty());
        let (Some(operator), Some(variable), Some(value)) =
            (setting("Operator"), setting("Variable"), setting("Value"))
        else {
            return refused(format!("the rule {name} needs Operator, Variable and Value"));
        };
        let operator = match operator.as_str() {
            "EQ" => Operator::Equals,
            "NE" => Operator::NotEquals,
            "CONTAINS" => Operator::Contains,
            // AWS does not document whether the expression has to match the whole value.
            "MATCHES" => return refused("local-aws does not serve the operator MATCHES".to_owned()),
            other => return refused(format!("VariableCheck has no operator {other}")),
        };
        if let Some(undeclared) = references(&variable).into_iter().find(|name| !variables.contains(name)) {
            return refused(format!("the pipeline declares no variable {undeclared}"));
        }
        Ok(Self { name, operator, variable, value })
    }

    fn run(&self, variables: &[(String, String)], execution: &str) -> RuleRun {
        let variable = filled(&self.variable, variables, execution);
        let succeeds = variable.as_ref().is_some_and(|variable| match self.operator {
            Operator::Equals => *variable == self.value,
            Operator::NotEquals => *variable != self.value,
            Operator::Contains => variable.contains(&self.value),
        });
        let operator = match self.operator {
            Operator::Equals => "EQ",
            Operator::NotEquals => "NE",
            Operator::Contains => "CONTAINS",
        };
        RuleRun {
            name: self.name.clone(),
            status: if succeeds { "Succeeded" } else { "Failed" },
            resolved: vec![
                ("Operator", operator.to_owned()),
                ("Value", self.value.clone()),
                ("Variable", variable.unwrap_or_else(|| self.variable.clone())),
            ],
        }
    }
}

/// The pipeline's variables that a text refers to, as `#{variables.NAME}`.
fn references(text: &str) -> Vec<String> {
    let after = text.split("#{variables.").skip(1);
    after.filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

/// The text with the values of its references; `None` if one of them has no value here, as the output of an action.
fn filled(text: &str, variables: &[(String, String)], execution: &str) -> Option<String> {
    let text = text.replace("#{codepipeline.PipelineExecutionId}", execution);
    let text = variables
        .iter()
        .fold(text, |text, (name, value)| text.replace(&format!("#{{variables.{name}}}"), value));
    (!text.contains("#{")).then_some(text)
}

/// A value of a template in the form of the API: its names begin with a small letter, but those of a configuration.
fn as_in_the_api(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(as_in_the_api).collect(),
        Value::Object(map) => {
            let entry = |(name, value): (&String, &Value)| match name.as_str() {
                "Configuration" => ("configuration".to_owned(), configuration(value)),
                // Every number of a stage is a number in the API, too; a version is a string.
                "Version" => ("version".to_owned(), json!(text(value))),
                name => (uncapitalized(name), as_in_the_api(value)),
            };
            Value::Object(map.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

fn uncapitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn configuration(value: &Value) -> Value {
    let strings =
        value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), json!(text(value))));
    Value::Object(strings.collect::<Map<String, Value>>())
}
