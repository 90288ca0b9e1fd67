//! From `[[pipeline]]` tables to rules, with every problem on the way.

use std::collections::HashMap;
use std::ops::Range;

use shared::config::{Code, Document, Problem, RawTable, TableReader, Text};
use shared::glob::{last_part, read as patterns};

use super::artifact::{self, SourceKind};
use super::group::{self, GroupTables};
use super::image;
use super::judge::{Selection, judge};
use super::lines;
use super::name::NameTemplate;
use super::object;
use super::variables::{self, Pushes};
use super::window::Windows;
use super::{Baseline, NewBranch, ObjectRule, Pin, PipelineNamedAt, PipelineRule, PushedImageRule, Rules};
use crate::FUNCTION;

/// The table that is read here.
pub const TABLE: &str = "pipeline";

pub(super) const EMPTY_NAME: Code = Code { name: "empty-name", title: "a pipeline has no name" };
pub(super) const EMPTY_REPOSITORY: Code =
    Code { name: "empty-repository", title: "a rule has no repository" };
pub(super) const BAD_NAME: Code = Code { name: "bad-pipeline-name", title: "no pipeline can have this name" };
pub(super) const BAD_REPOSITORY: Code =
    Code { name: "bad-repository-name", title: "no repository can have this name" };
pub(super) const BAD_ACTION: Code = Code { name: "bad-action-name", title: "no action can have this name" };
pub(super) const BAD_IGNORE_LINE: Code =
    Code { name: "bad-ignore-line", title: "an ignore line is not a gitignore pattern" };
pub(super) const BAD_IGNORE_FILE: Code =
    Code { name: "bad-ignore-file", title: "an ignore file is not at the root" };
pub(super) const DUPLICATE: Code =
    Code { name: "duplicate-pipeline", title: "a pipeline is configured twice" };
pub(super) const NO_BRANCH: Code =
    Code { name: "no-branch-in-a-tag", title: "the pipeline of a tag cannot be named after a branch" };

const LONGEST_ACTION: usize = 100;
const LONGEST_REPOSITORY: usize = 100;

/// Reads the rules. A rule that has a problem may be missing from the result; the problems name it.
pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Rules {
    let tables = document.tables(TABLE, problems);
    let mut first_of: HashMap<(String, SourceKind, String), Range<usize>> = HashMap::new();
    let mut groups = group::read(document, problems);
    let mut rules = Rules::default();
    let mut windows = Windows::read(document, problems);
    for table in &tables {
        let RuleRead { kind, named, rule } = rule(document, table, &mut groups, &mut windows, problems);
        if let Some((name, repository)) = named {
            let key = (name.get_ref().clone(), kind, repository.into_inner());
            if let Some(first) = first_of.get(&key) {
                problems.push(duplicate(&name, first.clone()));
                continue;
            }
            first_of.insert(key, name.span());
        }
        match rule {
            Some(AnyRule::Push(rule)) => rules.pipelines.push(*rule),
            Some(AnyRule::Image(rule)) => rules.images.push(rule),
            Some(AnyRule::Object(rule)) => rules.objects.push(rule),
            None => {}
        }
    }
    rules.groups = groups.finish(problems);
    windows.finish(problems);
    rules
}

/// What could be read of a table.
struct RuleRead {
    kind: SourceKind,
    /// The texts of its name and its repository or bucket.
    named: Option<(Text, Text)>,
    rule: Option<AnyRule>,
}

/// A rule with any source.
enum AnyRule {
    Push(Box<PipelineRule>),
    Image(PushedImageRule),
    Object(ObjectRule),
}

fn rule(
    document: &Document,
    table: &RawTable<'_>,
    groups: &mut GroupTables,
    windows: &mut Windows,
    problems: &mut Vec<Problem>,
) -> RuleRead {
    let mut table = TableReader::new(FUNCTION.described_table(TABLE), table, problems);
    let place = document.place(&table.header());
    let name = table.required_string("name", EMPTY_NAME);
    let kind = artifact::source(&mut table);
    match kind {
        SourceKind::Image => {
            let (source, rule) = image::read(document, table, windows, name.as_ref(), place);
            return RuleRead { kind, named: name.zip(source), rule: rule.map(AnyRule::Image) };
        }
        SourceKind::Bucket => {
            let (source, rule) = object::read(document, table, windows, name.as_ref(), place);
            return RuleRead { kind, named: name.zip(source), rule: rule.map(AnyRule::Object) };
        }
        SourceKind::Repository => artifact::keys_of_others(&mut table, kind),
    }
    let written = table.required_string("repository", EMPTY_REPOSITORY);
    let repository = written.clone().filter(|text| repository(&mut table, text));
    let branches = patterns(document, &mut table, "branches");
    let tags = patterns(document, &mut table, "tags");
    let paths = patterns(document, &mut table, "paths");
    let uses = groups.used_by(&mut table);
    let is_default = table.boolean("default").unwrap_or_default();
    let ignore = lines::read(document, &mut table);
    let ignore_file = table.string("ignore-file").and_then(|text| ignore_file(&mut table, text));
    let new_branches =
        [("merge-base", NewBranch::MergeBase), ("all", NewBranch::All), ("skip", NewBranch::Skip)];
    let new_branch = table.choice("new-branch", &new_branches).unwrap_or_default();
    let baselines = [
        ("push", Baseline::Push),
        ("last-started", Baseline::LastStarted),
        ("last-succeeded", Baseline::LastSucceeded),
    ];
    let baseline = table.choice("baseline", &baselines).unwrap_or_default();
    let source_action = table.string("source-action").and_then(|text| action(&mut table, text));
    let pin = table.choice("pin", &[("head", Pin::Head), ("commit", Pin::Commit)]).unwrap_or_default();
    judge(
        &mut table,
        &Selection {
            branches: branches.as_ref(),
            tags: tags.as_ref(),
            paths: paths.as_ref(),
            is_default,
            ignore: &ignore,
            new_branch,
            baseline,
        },
    );
    let has_tags = table.span("tags").is_some();
    let template = name_template(&mut table, name.as_ref(), repository.as_ref(), has_tags);
    let pushes = Pushes::of(&mut table, is_default);
    let (variables, texts): (Vec<_>, Vec<_>) = variables::read(&mut table).into_iter().unzip();
    let window = windows.of_rule(&mut table);
    table.finish();
    variables::never_filled(&pushes, &variables, &texts, problems);
    let named = name.clone().zip(written);
    let rule = (|| {
        let (name, repository, window) = (name?, repository?, window.ok()?);
        Some(AnyRule::Push(Box::new(PipelineRule {
            named_at: PipelineNamedAt { pipeline: name.span(), repository: repository.span() },
            name: template?,
            repository: repository.into_inner(),
            branches,
            tags,
            paths,
            uses,
            is_default,
            ignore,
            ignore_file,
            new_branch,
            baseline,
            source_action,
            pin,
            variables,
            window,
            place,
        })))
    })();
    RuleRead { kind, named, rule }
}

fn duplicate(name: &Text, first: Range<usize>) -> Problem {
    Problem::new(DUPLICATE, name.span(), "second entry")
        .related(first, "first entry")
        .help("one table takes many patterns: move them into one list, or remove one of the tables")
}

fn repository(table: &mut TableReader<'_, '_, '_>, text: &Text) -> bool {
    if is_repository(text.get_ref()) {
        return true;
    }
    let named = last_part(text.get_ref());
    let meant = if !named.is_empty() && is_repository(named) {
        format!("did you mean `{named}`? ")
    } else {
        String::new()
    };
    let help = format!(
        "{meant}write the CodeCommit repository's name: letters, digits and . _ -, at most 100, without `.git`"
    );
    table.problem(Problem::new(BAD_REPOSITORY, text.span(), "not the name of a repository").help(help));
    false
}

fn is_repository(name: &str) -> bool {
    let is_legal = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    is_legal && name.len() <= LONGEST_REPOSITORY && !name.ends_with(".git")
}

/// The name of a pipeline without placeholders: only a push has a branch.
pub(super) fn fixed_name(table: &mut TableReader<'_, '_, '_>, name: &Text) -> Option<String> {
    if name.get_ref().contains(['{', '}']) {
        let help = "write the pipeline's name as CodePipeline shows it; only rules with `repository` have placeholders";
        table.problem(
            Problem::new(BAD_NAME, name.span(), "an image or an object has no branch and no repository")
                .help(help),
        );
        return None;
    }
    name_template(table, Some(name), None, false).map(|template| template.to_string())
}

fn name_template(
    table: &mut TableReader<'_, '_, '_>,
    name: Option<&Text>,
    repository: Option<&Text>,
    has_tags: bool,
) -> Option<NameTemplate> {
    let name = name?;
    // A repository that cannot be read counts as a short one, so that the name is checked all the same.
    let repository = repository.map_or("r", |repository| repository.get_ref());
    match NameTemplate::parse(name.get_ref(), repository) {
        Ok(template) if template.is_templated() && has_tags => {
            let help = "move `tags` to a second table with a fixed name";
            table.problem(Problem::new(NO_BRANCH, name.span(), "this table also has `tags`").help(help));
            None
        }
        Ok(template) => Some(template),
        Err(why) => {
            let named = last_part(name.get_ref());
            let is_arn = name.get_ref().starts_with("arn:") && NameTemplate::parse(named, "r").is_ok();
            let meant = if is_arn { format!("did you mean `{named}`? ") } else { String::new() };
            let help = format!("{meant}write the pipeline's name as CodePipeline shows it");
            table.problem(Problem::new(BAD_NAME, name.span(), why.to_string()).help(help));
            None
        }
    }
}

pub(super) fn action(table: &mut TableReader<'_, '_, '_>, text: Text) -> Option<String> {
    let name = text.get_ref();
    let legal = name.chars().all(|letter| letter.is_ascii_alphanumeric() || ".@-_".contains(letter));
    if legal && !name.is_empty() && name.len() <= LONGEST_ACTION {
        return Some(text.into_inner());
    }
    let help = "write the source action's name, or leave the key out: pointsman then finds the action";
    table.problem(Problem::new(BAD_ACTION, text.span(), "not the name of an action").help(help));
    None
}

fn ignore_file(table: &mut TableReader<'_, '_, '_>, text: Text) -> Option<String> {
    let name = text.get_ref();
    if !name.is_empty() && !name.contains('/') && name != "." && name != ".." {
        return Some(text.into_inner());
    }
    let help = "write the name of one file at the repository's root, such as `.pipelineignore`";
    table
        .problem(Problem::new(BAD_IGNORE_FILE, text.span(), "not the name of a file at the root").help(help));
    None
}
