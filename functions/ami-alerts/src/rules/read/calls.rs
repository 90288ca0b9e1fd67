//! Reads `[[api-alert]]` tables: other calls that are reported.

use std::collections::BTreeSet;

use shared::config::codes::MISSING_KEY;
use shared::config::{Code, Document, Problem, ProblemLevel, RawTable, TableReader, Text};
use shared::home::service_name;

use super::API_TABLE;
use crate::FUNCTION;
use crate::change::{EC2, UNDERSTOOD};
use crate::event::service;
use crate::rules::CallRule;
use crate::severity::Severity;

pub(super) const BAD_CALL: Code =
    Code { name: "bad-call", title: "this is not a call that CloudTrail records" };
pub(super) const BAD_PATH: Code =
    Code { name: "bad-path", title: "this is not a path to a member of a CloudTrail record" };

/// Calls that this function did not always report. A rule of an earlier version may name them, and still works.
const REPORTED_LATER: [&str; 4] = [
    "DisableSnapshotBlockPublicAccess",
    "EnableSnapshotBlockPublicAccess",
    "SharedSnapshotCopyInitiated",
    "SharedSnapshotVolumeCreated",
];

pub(super) fn read(document: &Document, problems: &mut Vec<Problem>) -> Vec<CallRule> {
    let mut rules: Vec<CallRule> = Vec::new();
    for table in document.tables(API_TABLE, problems) {
        let Some(rule) = rule(document, &table, problems) else { continue };
        for (event, span) in &rule.named_at {
            let before = rules.iter().find(|before| before.names(&rule.source, event));
            if let Some((_, first)) =
                before.and_then(|before| before.named_at.iter().find(|(known, _)| known == event))
            {
                problems.push(
                    Problem::new(BAD_CALL, span.clone(), "an earlier rule names this call")
                        .related(first.clone(), "here")
                        .help("remove it from one of the rules"),
                );
            }
        }
        rules.push(rule);
    }
    rules
}

fn rule(document: &Document, table: &RawTable<'_>, problems: &mut Vec<Problem>) -> Option<CallRule> {
    let before = problems.len();
    let mut table = TableReader::new(FUNCTION.described_table(API_TABLE), table, problems);
    let place = document.place(&table.header());
    let source = table.required_string("service", BAD_CALL).and_then(|text| source(&mut table, &text));
    let events = events(&mut table, source.as_deref());
    let severity = table.choice("severity", &Severity::ALL).unwrap_or(Severity::Medium);
    let show = show(&mut table);
    table.finish();
    let named_at = events?;
    let events: BTreeSet<String> = named_at.iter().map(|(name, _)| name.clone()).collect();
    let is_right = problems[before..].iter().all(|problem| problem.level == ProblemLevel::Warning);
    let source = source?;
    is_right.then_some(CallRule { source, events, severity, show, place, named_at })
}

/// `iam`, or as CloudTrail has it, `iam.amazonaws.com`.
fn source(table: &mut TableReader<'_, '_, '_>, text: &Text) -> Option<String> {
    let name = service_name(text.get_ref()).unwrap_or(text.get_ref());
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let is_legal = !name.is_empty() && name.chars().all(legal) && !name.starts_with(['-', '.']);
    if !is_legal {
        let help =
            "write the service as CloudTrail's eventSource names it, as in \"iam\" or \"iam.amazonaws.com\"";
        table.problem(Problem::new(BAD_CALL, text.span(), "this is not the name of a service").help(help));
    }
    is_legal.then(|| service(name))
}

fn events(
    table: &mut TableReader<'_, '_, '_>,
    source: Option<&str>,
) -> Option<Vec<(String, std::ops::Range<usize>)>> {
    const HELP: &str = "write the calls as CloudTrail's eventName names them, as in [\"CreateUser\"]";
    if table.span("events").is_none() {
        let header = table.header();
        table.problem(Problem::new(MISSING_KEY, header, "this table has no `events`").help(HELP));
    }
    let texts = table.strings("events")?;
    if texts.get_ref().is_empty() {
        table.problem(Problem::new(BAD_CALL, texts.span(), "`events` is empty").help(HELP));
    }
    let mut named: Vec<(String, std::ops::Range<usize>)> = Vec::new();
    for text in texts.get_ref() {
        let name = text.get_ref();
        let is_legal = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let problem = |label: &str, help: &str| Problem::new(BAD_CALL, text.span(), label).help(help);
        if !is_legal {
            table.problem(problem("this is not the name of a call", HELP));
        } else if source == Some(EC2) && UNDERSTOOD.contains(&name.as_str()) && !name.starts_with("Modify") {
            let needless = "this call is always reported";
            let needless = problem(needless, "remove it: [[image-alert]] rules apply to it");
            table.problem(if REPORTED_LATER.contains(&name.as_str()) {
                needless.warning()
            } else {
                needless
            });
        } else if named.iter().any(|(known, _)| known == name) {
            table.problem(problem("this is already in the list", "remove it"));
        }
        named.push((name.clone(), text.span()));
    }
    Some(named)
}

fn show(table: &mut TableReader<'_, '_, '_>) -> Vec<String> {
    let Some(texts) = table.strings("show") else { return Vec::new() };
    for text in texts.get_ref() {
        let legal = |part: &str| {
            !part.is_empty() && !part.contains(['/', '~']) && !part.contains(char::is_whitespace)
        };
        if !text.get_ref().split('.').all(legal) {
            let help = "separate members by dots, as in \"requestParameters.userName\"; an item of a list is its number";
            table.problem(Problem::new(BAD_PATH, text.span(), "this is not a path").help(help));
        }
    }
    texts.get_ref().iter().map(|text| text.get_ref().clone()).collect()
}
