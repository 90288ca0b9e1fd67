//! `no-rules`: a file without rules, or without those of a function that the environment deploys.

use shared::config::{Code, Document, Problem, ProblemLevel, codes::UNKNOWN_TABLE, has_errors};
use shared::function::{Function, Table};
use shared::text::list;

use crate::functions::FUNCTIONS;
use crate::template::SamTemplate;

/// There is no rule, or none for a deployed function.
pub(super) const NO_RULES: Code = Code { name: "no-rules", title: "rules are missing" };

/// The problems of rules that are not there. `known` are the problems of those that are.
pub(super) fn rules(
    document: &Document,
    template: Option<&SamTemplate>,
    environment: &str,
    known: &[Problem],
) -> Vec<Problem> {
    // A table of settings is no rule.
    let has_rules = |table: &Table| table.is_list && document.has(table.name);
    let without = |function: &&Function| !function.tables.iter().any(has_rules);
    let without: Vec<&Function> = FUNCTIONS.into_iter().filter(|function| without(function)).collect();
    if without.len() == FUNCTIONS.len() {
        // A misspelt table is one mistake.
        return if has_errors(known) { Vec::new() } else { vec![nothing()] };
    }
    // A table with a mistake in its name or its text is one mistake, too.
    let is_unread =
        has_errors(document.problems()) || known.iter().any(|problem| problem.code == UNKNOWN_TABLE);
    let Some(template) = template.filter(|_| !is_unread) else { return Vec::new() };
    let deploys =
        |function: &&Function| template.functions().any(|deployed| deployed.package == function.name);
    without.into_iter().filter(deploys).filter_map(|function| problem(function, environment)).collect()
}

fn nothing() -> Problem {
    let tables = FUNCTIONS.iter().flat_map(|function| function.tables).map(Table::heading);
    Problem::new(NO_RULES, 0..0, "the file has no rule")
        .help(format!("the tables are {}; docs/configuration.md explains them", list(tables)))
}

/// The problem of a deployed function without rules, or a note if the function is of use without them.
fn problem(function: &Function, environment: &str) -> Option<Problem> {
    let tables: Vec<String> = function.tables.iter().map(|table| format!("no {}", table.heading())).collect();
    let tables = list(&tables);
    let effect = function.without_rules.effect;
    let Some(level) = function.without_rules.level else {
        anstream::eprintln!("note: the file has {tables}: {effect}");
        return None;
    };
    let label =
        format!("there is {tables}, and the environment `{environment}` deploys {}: {effect}", function.name);
    let help = format!("add the table (docs/{}.md), or deploy without the function", function.name);
    let problem = Problem::new(NO_RULES, 0..0, label).help(help);
    Some(if level == ProblemLevel::Warning { problem.warning() } else { problem })
}
