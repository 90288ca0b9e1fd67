//! From `[[branch-stack]]` tables to rules, with every problem on the way.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::{SignedDuration, Span, SpanRelativeTo, Unit};
use shared::config::codes::{BAD_VALUE, HIDDEN, MISSING_KEY};
use shared::config::{Code, Document, Problem, RawTable, TableReader, Text};
use shared::glob::{PatternList, read as patterns};
use shared::placeholder::{BAD_PLACEHOLDER, Filled, listed};

use super::template::find;
use super::{NamedAt, Rules, StackRule, Template, is_ours};

/// The table that is read here.
pub const TABLE: &str = "branch-stack";

const BAD_TEMPLATE: Code = Code { name: "bad-template", title: "a stack's template cannot be used" };
const BAD_PARAMETER: Code =
    Code { name: "bad-parameter", title: "a template's parameter cannot have this name or value" };
const BAD_TAG: Code = Code { name: "bad-tag", title: "a stack's tag cannot have this key or value" };
const BAD_ROLE: Code = Code { name: "bad-role", title: "this is not the ARN of an IAM role" };
const BAD_TTL: Code = Code { name: "bad-ttl", title: "a time to live is not a duration" };
const NEVER_IDLE: Code = Code { name: "never-idle", title: "branches are pinned that are never idle" };

/// Every code of this module.
pub const CODES: &[Code] =
    &[BAD_TEMPLATE, BAD_PARAMETER, BAD_PLACEHOLDER, BAD_TAG, BAD_ROLE, BAD_TTL, NEVER_IDLE, HIDDEN];

const IN_PARAMETERS: &[&str] = &["repository", "branch", "branch-slug", "commit"];
const IN_TAGS: &[&str] = &["repository", "branch-slug", "commit"];

/// 200 parameters a template and 50 tags a stack ("Understand CloudFormation quotas", AWS CloudFormation User Guide). Our
/// own tags are up to 17, and other people's are kept.
const MOST_PARAMETERS: usize = 200;
const MOST_TAGS: usize = 30;

const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

/// Reads the rules. `folders` are where templates are looked for. A rule that has a problem may be missing from what is
/// returned; the problems say so.
pub fn read(document: &Document, folders: &[PathBuf], problems: &mut Vec<Problem>) -> Rules {
    let tables = document.tables(TABLE, problems);
    let mut rules = Rules::default();
    for table in &tables {
        let Some(rule) = rule(document, table, folders, problems) else { continue };
        if let Some(before) = rules.stacks.iter().find(|before| hides(before, &rule)) {
            let (first, second) = (before.named_at.repositories.clone(), rule.named_at.repositories.clone());
            problems.push(
                Problem::new(HIDDEN, second, "never the first that covers a branch")
                    .related(first, "this rule is, always")
                    .help("the first rule that covers a branch is the branch's: put the narrower one first"),
            );
        }
        rules.stacks.push(rule);
    }
    rules
}

fn rule(
    document: &Document,
    table: &RawTable<'_>,
    folders: &[PathBuf],
    problems: &mut Vec<Problem>,
) -> Option<StackRule> {
    let mut table = TableReader::new(TABLE, table, problems);
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
    let protected = patterns(document, &mut table, "protected");
    let pinned_at = table.span("pinned");
    let pinned = patterns(document, &mut table, "pinned");
    let ttl = table.string("ttl").and_then(|text| duration(&mut table, &text));
    if let (Some(span), None, None) = (pinned_at, ttl, table.span("ttl")) {
        let help = "add `ttl = \"14d\"`, or remove `pinned`";
        table.problem(Problem::new(NEVER_IDLE, span, "without a `ttl` no branch is ever idle").help(help));
    }
    let max_stacks = table.number("max-stacks", 1);
    table.finish();
    let named_at = NamedAt {
        repositories: repositories_at,
        template: template_at,
        parameters: parameters_at,
        role: role_at,
        capabilities: capabilities_at,
    };
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
        place,
        named_at,
    })
}

/// Whether `before` covers all that `rule` covers, as far as that is plain from the texts.
fn hides(before: &StackRule, rule: &StackRule) -> bool {
    let covers = |before: &PatternList, list: &PatternList| {
        let text = |list: &PatternList| -> Vec<String> {
            list.patterns.iter().map(|pattern| pattern.text.clone()).collect()
        };
        text(before) == ["**"] || text(before) == text(list)
    };
    covers(&before.repositories, &rule.repositories) && covers(&before.branches, &rule.branches)
}

fn required_patterns(
    document: &Document,
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
) -> Option<PatternList> {
    if table.span(key).is_none() {
        let label = format!("this table has no `{key}`");
        let help = format!("add `{key} = [\"...\"]` to it; [\"**\"] is every one");
        table.problem(Problem::new(MISSING_KEY, table.header(), label).help(help));
    }
    patterns(document, table, key)
}

fn found(table: &mut TableReader<'_, '_, '_>, text: &Text, folders: &[PathBuf]) -> Option<Template> {
    let found = find(text.get_ref(), folders);
    found.map_err(|why| table.problem(Problem::new(BAD_TEMPLATE, text.span(), why.label).help(why.help))).ok()
}

/// What differs between parameters and tags.
struct Kind {
    code: Code,
    most: usize,
    placeholders: &'static [&'static str],
    what: &'static str,
    name: fn(&str) -> Result<(), &'static str>,
    least: usize,
    longest_value: usize,
}

const PARAMETER: Kind = Kind {
    code: BAD_PARAMETER,
    most: MOST_PARAMETERS,
    placeholders: IN_PARAMETERS,
    what: "parameter",
    name: |name| {
        let legal = (1..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if legal { Ok(()) } else { Err("a parameter's name has letters and digits only") }
    },
    least: 0,
    longest_value: 4_096,
};

const TAG: Kind = Kind {
    code: BAD_TAG,
    most: MOST_TAGS,
    placeholders: IN_TAGS,
    what: "tag",
    name: |key| match key {
        key if is_ours(key) => Err("`pointsman:` begins the tags that say whose a stack is"),
        key if key.to_ascii_lowercase().starts_with("aws:") => Err("`aws:` begins AWS's own tags"),
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
    kind: &Kind,
) -> Vec<(String, Filled)> {
    if let Some((name, _)) = texts.get(kind.most) {
        let label = format!("more than {} {}s", kind.most, kind.what);
        table.problem(Problem::new(kind.code, name.span(), label).help("write fewer"));
    }
    let mut read: Vec<(String, Filled)> = Vec::new();
    for (name, value) in texts {
        let mut refuse = |code: Code, text: &Text, label: String, help: String| {
            table.problem(Problem::new(code, text.span(), label).help(help));
        };
        if kind.what == "tag" && read.iter().any(|(known, _)| known.eq_ignore_ascii_case(name.get_ref())) {
            let label = "CloudFormation does not tell keys apart by the case of their letters".to_owned();
            refuse(kind.code, &name, label, "write one of them".to_owned());
        }
        if let Err(why) = (kind.name)(name.get_ref()) {
            refuse(kind.code, &name, why.to_owned(), format!("write another {}", kind.what));
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
                        "; a branch may have letters that no tag has, and is in `pointsman:branch` anyway",
                    );
                }
                refuse(BAD_PLACEHOLDER, &value, why.to_string(), help);
            }
        }
    }
    read
}

fn role_arn(table: &mut TableReader<'_, '_, '_>, text: Text) -> Option<String> {
    let parts: Vec<&str> = text.get_ref().splitn(6, ':').collect();
    let legal = match parts[..] {
        ["arn", partition, "iam", "", account, role] => {
            partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        }
        _ => false,
    };
    if legal {
        return Some(text.into_inner());
    }
    let help = "write arn:aws:iam::ACCOUNT:role/NAME; `templates/branch-prerequisites.yaml` makes one";
    table.problem(Problem::new(BAD_ROLE, text.span(), "not the ARN of a role").help(help));
    None
}

fn capabilities(table: &mut TableReader<'_, '_, '_>) -> Vec<String> {
    let Some(texts) = table.strings("capabilities") else { return Vec::new() };
    let mut known = BTreeSet::new();
    for text in texts.get_ref() {
        if CAPABILITIES.contains(&text.get_ref().as_str()) {
            known.insert(text.get_ref().clone());
        } else {
            let label = format!("`{}` is no capability", text.get_ref());
            let help = format!("the capabilities are {}", CAPABILITIES.join(", "));
            table.problem(Problem::new(BAD_VALUE, text.span(), label).help(help));
        }
    }
    known.into_iter().collect()
}

/// `14d`, `36h`, `2w`: jiff's friendly durations, with days of 24 hours.
fn duration(table: &mut TableReader<'_, '_, '_>, text: &Text) -> Option<SignedDuration> {
    let span: Option<Span> = text.get_ref().parse().ok();
    let seconds = span.and_then(|span| span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok());
    let hours = seconds.filter(|seconds| (3_600.0..=315_360_000.0).contains(seconds));
    if hours.is_none() {
        let help = "write a duration such as `14d`, `36h` or `2w`";
        let label = "not a duration of an hour to ten years";
        table.problem(Problem::new(BAD_TTL, text.span(), label).help(help));
    }
    SignedDuration::try_from_secs_f64(hours?).ok()
}
