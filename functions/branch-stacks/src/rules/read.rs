//! Reads the rules from `[[branch-stack]]` tables and reports every problem in them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use jiff::{SignedDuration, Span, SpanRelativeTo, Unit};
use shared::arn::Arn;
use shared::config::codes::{BAD_VALUE, HIDDEN, MISSING_KEY};
use shared::config::{Code, Document, Problem, RawTable, TableReader, Text, did_you_mean};
use shared::glob::{
    BAD_GLOB, COVERS_NOTHING, EMPTY_LIST, NEVER_DECIDES, PatternList, UNLIKELY, kind_of, read as patterns,
};
use shared::placeholder::{BAD_PLACEHOLDER, Filled, listed};
use shared::text::{count, list};

use super::broken;
use super::hidden::{Coverage, hidden};
use super::template::find;
use super::{Deployment, NamedAt, Notify, Rules, StackRule, StackTemplate, is_reserved};
use crate::FUNCTION;

/// The table that is read here.
pub const TABLE: &str = "branch-stack";

/// The table of what concerns all rules together.
pub const SETTINGS_TABLE: &str = "branch-stacks";

const BAD_TEMPLATE: Code = Code { name: "bad-template", title: "a stack's template cannot be used" };
const BAD_PARAMETER: Code =
    Code { name: "bad-parameter", title: "a template's parameter cannot have this name or value" };
const BAD_TAG: Code = Code { name: "bad-tag", title: "a stack's tag cannot have this key or value" };
const BAD_ROLE: Code = Code { name: "bad-role", title: "this is not the ARN of an IAM role" };
const BAD_TTL: Code = Code { name: "bad-ttl", title: "a time to live is not a duration" };
const NEVER_IDLE: Code = Code { name: "never-idle", title: "`pinned` has no effect without a `ttl`" };

/// Every code that this table can have, beside those of every table.
pub const CODES: &[Code] = &[
    EMPTY_LIST,
    BAD_GLOB,
    NEVER_DECIDES,
    UNLIKELY,
    COVERS_NOTHING,
    BAD_TEMPLATE,
    BAD_PARAMETER,
    BAD_PLACEHOLDER,
    BAD_TAG,
    BAD_ROLE,
    BAD_TTL,
    NEVER_IDLE,
    HIDDEN,
];

const IN_PARAMETERS: &[&str] = &["repository", "branch", "branch-slug", "commit"];
const IN_TAGS: &[&str] = &["repository", "branch-slug", "commit"];

/// 200 parameters a template and 50 tags a stack ("Understand CloudFormation quotas", AWS CloudFormation User Guide). Up
/// to 17 tags are our own, and the tags of others are kept.
const MOST_PARAMETERS: usize = 200;
const MOST_TAGS: usize = 30;

/// The values of `notify`.
pub const NOTIFY: [&str; 3] = ["ready", "event", "pull-request"];

/// The values of `capabilities`.
pub const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

/// Reads the rules. `folders` are searched for templates. A rule with a problem may be missing from the result.
pub fn read(document: &Document, folders: &[PathBuf], problems: &mut Vec<Problem>) -> Rules {
    let tables = document.tables(TABLE, problems);
    let most_deletions = document.single_table(SETTINGS_TABLE, problems).and_then(|table| {
        let mut table = TableReader::new(FUNCTION.described_table(SETTINGS_TABLE), &table, problems);
        let most = table.number("most-deletions", 0);
        table.finish();
        most
    });
    // A limit that cannot be read may be the lowest one.
    let has_limit = document.broken_rows(&[SETTINGS_TABLE]).next().is_none();
    let most_deletions = if has_limit { most_deletions } else { Some(0) };
    let mut rules = Rules { most_deletions, broken: broken::read(document), ..Rules::default() };
    let mut coverages = Vec::new();
    for table in &tables {
        let (coverage, rule) = rule(document, table, folders, problems);
        coverages.extend(coverage);
        rules.stacks.extend(rule);
    }
    problems.extend(hidden(&coverages));
    rules
}

fn rule(
    document: &Document,
    table: &RawTable<'_>,
    folders: &[PathBuf],
    problems: &mut Vec<Problem>,
) -> (Option<Coverage>, Option<StackRule>) {
    let mut table = TableReader::new(FUNCTION.described_table(TABLE), table, problems);
    let place = document.place(&table.header());
    let repositories_at = table.span("repositories").unwrap_or_else(|| table.header());
    let repositories = required_patterns(document, &mut table, "repositories");
    let branches = required_patterns(document, &mut table, "branches");
    let template = table.required_string("template", BAD_TEMPLATE);
    let template_at = template.as_ref().map(|text| text.span()).unwrap_or_default();
    let template = template.and_then(|text| found(&mut table, &text, folders));
    let parameters = table.string_table("parameters").unwrap_or_default();
    let parameters_at = parameters.iter().map(|(name, _)| name.span()).collect();
    let parameters = filled(&mut table, parameters, &PARAMETER);
    let tags = table.string_table("tags").unwrap_or_default();
    let tags = filled(&mut table, tags, &TAG);
    let role = table.string("role");
    let role_at = role.as_ref().map(|text| text.span()).unwrap_or_default();
    let role = role.and_then(|text| role_arn(&mut table, text));
    let capabilities_at = table.span("capabilities").unwrap_or_else(|| template_at.clone());
    let capabilities = capabilities(&mut table);
    let protected = some_patterns(document, &mut table, "protected");
    let pinned_at = table.span("pinned");
    let pinned = some_patterns(document, &mut table, "pinned");
    let ttl = table.string("ttl").and_then(|text| duration(&mut table, &text));
    if let (Some(span), None, None) = (pinned_at, ttl, table.span("ttl")) {
        never_idle(&mut table, span);
    }
    let max_stacks = table.number("max-stacks", 1);
    let deployments = [("standard", Deployment::Standard), ("express", Deployment::Express)];
    let deployment = table.choice("deployment", &deployments).unwrap_or_default();
    let notify = notify(&mut table);
    table.finish();
    let named_at = NamedAt {
        repositories: repositories_at,
        template: template_at,
        parameters: parameters_at,
        role: role_at,
        capabilities: capabilities_at,
    };
    let coverage = coverage(&repositories, &branches, &named_at.repositories);
    let read = (|| {
        Some(StackRule {
            repositories: repositories?,
            branches: branches?,
            template: template?,
            parameters,
            tags,
            role,
            capabilities,
            protected,
            pinned,
            ttl,
            max_stacks,
            deployment,
            notify,
            place,
            named_at,
        })
    })();
    (coverage, read)
}

/// What the rule covers; nothing if a pattern could not be read.
fn coverage(
    repositories: &Option<PatternList>,
    branches: &Option<PatternList>,
    at: &Range<usize>,
) -> Option<Coverage> {
    let whole = |list: &Option<PatternList>| list.clone().filter(|list| list.is_whole);
    Some(Coverage { repositories: whole(repositories)?, branches: whole(branches)?, at: at.clone() })
}

fn never_idle(table: &mut TableReader<'_, '_, '_>, pinned_at: Range<usize>) {
    let help = "remove `pinned`: the rule then does the same";
    let problem = Problem::new(NEVER_IDLE, pinned_at, "without a `ttl` no branch is ever idle").help(help);
    table.problem(problem.warning());
}

/// The patterns at `key`, and the problem of a list that includes nothing. A list that only excludes says so on purpose.
fn some_patterns(
    document: &Document,
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
) -> Option<PatternList> {
    let list = patterns(document, table, key)?;
    if list.includes_anything(kind_of(key)) {
        return Some(list);
    }
    let only_excludes = list.starts_from_everything();
    let (noun, effect) = match key {
        "protected" => ("branch", "no stack is protected"),
        "pinned" => ("branch", "no branch is pinned"),
        _ => (kind_of(key).noun(), "the rule covers no branch, and stacks that only it covers are deleted"),
    };
    let span = table.span(key).unwrap_or_else(|| table.header());
    let problem = Problem::new(COVERS_NOTHING, span, format!("these patterns include no {noun}"))
        .help(format!("{effect}; remove the patterns that exclude too much"));
    table.problem(if only_excludes { problem.warning() } else { problem });
    Some(list)
}

fn required_patterns(
    document: &Document,
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
) -> Option<PatternList> {
    if table.span(key).is_none() {
        let label = format!("this table has no `{key}`");
        let help = format!("add `{key} = [\"...\"]` to it; [\"**\"] matches all of them");
        table.problem(Problem::new(MISSING_KEY, table.header(), label).help(help));
    }
    some_patterns(document, table, key)
}

fn found(table: &mut TableReader<'_, '_, '_>, text: &Text, folders: &[PathBuf]) -> Option<StackTemplate> {
    let found = find(text.get_ref(), folders);
    found.map_err(|why| table.problem(Problem::new(BAD_TEMPLATE, text.span(), why.label).help(why.help))).ok()
}

/// The differences between parameters and tags.
struct ValueKind {
    code: Code,
    most: usize,
    placeholders: &'static [&'static str],
    what: &'static str,
    name_is: &'static str,
    name: fn(&str) -> Result<(), &'static str>,
    least: usize,
    longest_value: usize,
}

const PARAMETER: ValueKind = ValueKind {
    code: BAD_PARAMETER,
    most: MOST_PARAMETERS,
    placeholders: IN_PARAMETERS,
    what: "parameter",
    name_is: "name",
    name: |name| {
        let legal = (1..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if legal { Ok(()) } else { Err("a parameter's name has 1 to 255 letters and digits") }
    },
    least: 0,
    longest_value: 4_096,
};

const TAG: ValueKind = ValueKind {
    code: BAD_TAG,
    most: MOST_TAGS,
    placeholders: IN_TAGS,
    what: "tag",
    name_is: "key",
    name: |key| match key {
        key if is_reserved(key) => Err("keys that begin with `pointsman:` are reserved for this function"),
        key if key.to_ascii_lowercase().starts_with("aws:") => {
            Err("keys that begin with `aws:` are reserved for AWS")
        }
        "" => Err("a tag's key is empty"),
        key if key.chars().count() > 127 => Err("a tag's key has at most 127 characters"),
        _ => Ok(()),
    },
    least: 1,
    longest_value: 255,
};

fn filled(
    table: &mut TableReader<'_, '_, '_>,
    texts: Vec<(Text, Text)>,
    kind: &ValueKind,
) -> Vec<(String, Filled)> {
    if let Some((name, _)) = texts.get(kind.most) {
        let label = format!("more than {}", count(kind.most, kind.what));
        table.problem(Problem::new(kind.code, name.span(), label).help("remove some of them"));
    }
    let mut read: Vec<(String, Filled)> = Vec::new();
    for (name, value) in texts {
        let mut refuse = |code: Code, text: &Text, label: String, help: String| {
            table.problem(Problem::new(code, text.span(), label).help(help));
        };
        if kind.what == "tag" && read.iter().any(|(known, _)| known.eq_ignore_ascii_case(name.get_ref())) {
            let label = "CloudFormation ignores the case of a tag's key, so this key is repeated".to_owned();
            refuse(kind.code, &name, label, "remove one of the two".to_owned());
        }
        if let Err(why) = (kind.name)(name.get_ref()) {
            refuse(kind.code, &name, why.to_owned(), format!("write another {}", kind.name_is));
        }
        let (length, least) = (value.get_ref().chars().count(), kind.least);
        if length > kind.longest_value || length < least {
            refuse(
                kind.code,
                &value,
                format!("a {}'s value has {least} to {} characters", kind.what, kind.longest_value),
                "write another value".to_owned(),
            );
        }
        match Filled::parse(value.get_ref(), kind.placeholders) {
            Ok(text) => read.push((name.into_inner(), text)),
            Err(why) => {
                let mut help = format!("the placeholders are {}", listed(kind.placeholders));
                if kind.what == "tag" && value.get_ref().contains("{branch}") {
                    help.push_str(
                        "; a branch's name may have characters that no tag allows, and the tag `pointsman:branch` already holds it",
                    );
                }
                refuse(BAD_PLACEHOLDER, &value, why.to_string(), help);
            }
        }
    }
    read
}

fn role_arn(table: &mut TableReader<'_, '_, '_>, text: Text) -> Option<Arn> {
    let arn: Option<Arn> = text.get_ref().parse().ok();
    if let Some(arn) = arn.filter(is_role) {
        return Some(arn);
    }
    let help = "write arn:aws:iam::ACCOUNT:role/NAME; `templates/branch-prerequisites.yaml` creates one";
    table.problem(Problem::new(BAD_ROLE, text.span(), "not the ARN of a role").help(help));
    None
}

fn is_role(arn: &Arn) -> bool {
    let is_account = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
    let name = arn.resource.strip_prefix("role/").unwrap_or_default();
    arn.partition.starts_with("aws")
        && arn.service == "iam"
        && arn.region.is_empty()
        && is_account
        && !name.is_empty()
}

fn capabilities(table: &mut TableReader<'_, '_, '_>) -> Vec<String> {
    let Some(texts) = table.strings("capabilities") else { return Vec::new() };
    let mut known = BTreeSet::new();
    for text in texts.get_ref() {
        if CAPABILITIES.contains(&text.get_ref().as_str()) {
            known.insert(text.get_ref().clone());
        } else {
            let label = format!("`{}` is not a capability", text.get_ref());
            let meant = did_you_mean(text.get_ref(), CAPABILITIES, str::to_owned);
            let help = format!("{meant}the capabilities are {}", list(CAPABILITIES));
            table.problem(Problem::new(BAD_VALUE, text.span(), label).help(help));
        }
    }
    known.into_iter().collect()
}

fn notify(table: &mut TableReader<'_, '_, '_>) -> Notify {
    let mut notify = Notify::default();
    let Some(texts) = table.strings("notify") else { return notify };
    for text in texts.get_ref() {
        match text.get_ref().as_str() {
            "ready" => notify.ready = true,
            "event" => notify.event = true,
            "pull-request" => notify.pull_request = true,
            other => {
                let label = format!("`{other}` is nothing that a rule can notify");
                let meant = did_you_mean(other, NOTIFY, str::to_owned);
                let help = format!("{meant}write one or more of {}", list(NOTIFY));
                table.problem(Problem::new(BAD_VALUE, text.span(), label).help(help));
            }
        }
    }
    notify
}

/// `14d`, `36h`, `2w`: durations in jiff's friendly format, with days of 24 hours.
fn duration(table: &mut TableReader<'_, '_, '_>, text: &Text) -> Option<SignedDuration> {
    let span: Option<Span> = text.get_ref().parse().ok();
    let seconds = span.and_then(|span| span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok());
    let hours = seconds.filter(|seconds| (3_600.0..=315_360_000.0).contains(seconds));
    if hours.is_none() {
        let help = "write a duration such as `14d`, `36h` or `2w`";
        let label = "not a duration between one hour and ten years";
        table.problem(Problem::new(BAD_TTL, text.span(), label).help(help));
    }
    SignedDuration::try_from_secs_f64(hours?).ok()
}
