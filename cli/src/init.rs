//! `pointsman init`: rules and groups for a repository, from its build graph and the path filters of its CI.
//!
//! The clone is untrusted: its files are read, nothing of it runs, and its names are escaped in strings and in comments.

pub(crate) mod clone_files;
mod graph_plan;
mod names;
pub(crate) mod paths;
mod toml_text;
mod units;
mod written;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use build_graph::{BuildGraph, RepositoryFiles as _};
use ci_filters::{CiFilters, CiGap, GITLAB_FILE, WORKFLOWS, github, gitlab};
use git_reader::Repository;
use shared::config::{Document, ProblemLevel};
use shared::text::count;

use crate::arguments::InitArguments;
use crate::check::lacking;
use crate::exit::Exit;
use crate::explain::{named_remotes, top_of};
use crate::progress;
use crate::rules_file::{read_all, rendered};
use clone_files::CloneFiles;
pub use graph_plan::graph_plan;
pub(crate) use toml_text::string as toml_string;
pub use written::written;

/// The largest CI file that is read, in bytes.
const LARGEST_CI_FILE: u64 = 1_000_000;

/// The most workflows that are read.
const MOST_WORKFLOWS: usize = 1_000;

/// The name of standard output.
const STDOUT: &str = "-";

/// What the rules of a repository have in common.
#[derive(Debug, Clone)]
pub struct RepositoryNames {
    /// The repository's name in CodeCommit.
    pub repository: String,
    /// Its default branch, if it is known.
    pub branch: Option<String>,
}

/// The rules that are to be written.
#[derive(Debug, Clone, Default)]
pub struct RulesPlan {
    /// The groups, in the order of the file.
    pub groups: Vec<PlannedGroup>,
    /// The pipelines, in the order of the file.
    pub pipelines: Vec<PlannedPipeline>,
    /// What was not read or not translated: a file, and why.
    pub gaps: Vec<(String, String)>,
}

/// A `[[group]]` table that is to be written.
#[derive(Debug, Clone, Default)]
pub struct PlannedGroup {
    /// Its name.
    pub name: String,
    /// Where it came from, one line each.
    pub comments: Vec<String>,
    /// Patterns of files.
    pub paths: Vec<String>,
    /// The groups that it uses.
    pub uses: Vec<String>,
    /// Where `uses` came from.
    pub uses_from: String,
    /// gitignore lines of files that do not count.
    pub ignore: Vec<String>,
    /// Whether it stands for samples and tests.
    pub is_sample: bool,
}

/// A `[[pipeline]]` table that is to be written.
#[derive(Debug, Clone, Default)]
pub struct PlannedPipeline {
    /// The same as of a group.
    pub files: PlannedGroup,
    /// Patterns of branches; every branch if empty.
    pub branches: Vec<String>,
    /// Patterns of tags; none if empty.
    pub tags: Vec<String>,
}

/// Writes the rules, or prints them.
pub fn run(arguments: &InitArguments) -> Result<Exit> {
    let to_stdout = arguments.output == Path::new(STDOUT);
    if !to_stdout && arguments.output.symlink_metadata().is_ok() {
        anyhow::bail!(
            "{} exists, and init overwrites no file: name another with -o",
            arguments.output.display()
        );
    }
    let repository = Repository::open(&top_of(arguments.repo.as_deref()))?;
    let _progress = progress::after_a_second(format!("reading {}", repository.folder().display()));
    let files = CloneFiles::of(&repository)?;
    let names = names_of(&repository, arguments.repository.as_deref())?;
    let graph = clone_files::graph(&files, arguments.bazel_query.as_deref())?;
    let filters = ci_filters(&files, names.branch.as_deref());
    let mut plan = graph_plan(&graph, files.paths(), &names);
    let of_graph = plan.pipelines.len();
    names::add_filters(&mut plan, filters);
    complete(&mut plan, of_graph, &graph, files.paths(), &names);
    let text = written(&plan, &names);
    if to_stdout {
        anstream::print!("{text}");
        return Ok(Exit::Success);
    }
    create(&arguments.output, &text)?;
    report(&arguments.output, &text, &plan);
    Ok(Exit::Success)
}

/// The most rounds of completion: a project that a round adds may depend on others.
const MOST_ROUNDS: usize = 20;

/// Adds to the rules of the CI what the projects in their `paths` depend on. A filter that was written by hand rarely has it.
pub fn complete(
    plan: &mut RulesPlan,
    of_graph: usize,
    graph: &BuildGraph,
    files: &BTreeSet<String>,
    names: &RepositoryNames,
) {
    for _ in 0..MOST_ROUNDS {
        let document = Document::new("pointsman.toml", written(plan, names));
        let rules = pipeline_trigger::rules::read(&document.clone().without_warnings(), &mut Vec::new());
        let lacks = lacking(&rules, &document, graph, files, &names.repository);
        let mut changed = false;
        for pipeline in &mut plan.pipelines[of_graph..] {
            for lack in lacks.iter().filter(|lack| !lack.is_group && lack.name == pipeline.files.name) {
                changed = true;
                if !lack.excluded.is_empty() {
                    leave_out(&mut pipeline.files, &lack.excluded);
                    break;
                }
                pipeline.files.uses.extend(lack.uses.iter().cloned());
                pipeline.files.paths.extend(lack.paths.iter().cloned());
                pipeline.files.uses_from = ADDED.to_owned();
            }
        }
        if !changed {
            return;
        }
    }
}

/// Leaves out what the filter of the CI excludes by name.
fn leave_out(files: &mut PlannedGroup, folders: &[String]) {
    if files.ignore.is_empty() {
        files.comments.push(LEFT_OUT.to_owned());
    }
    files.ignore.extend(folders.iter().map(|folder| format!("/{}/", shared::glob::literal(folder))));
}

/// Stands above a rule of the CI that leaves projects out.
const LEFT_OUT: &str = "ignore: projects in `paths` depend on them, and the filter excludes them";

/// Stands above a rule of the CI that was completed.
const ADDED: &str =
    "added, because projects in `paths` depend on them; the CI itself does not start for them";

/// The path filters of both CI systems.
fn ci_filters(files: &CloneFiles<'_>, branch: Option<&str>) -> CiFilters {
    let is_workflow = |path: &&String| {
        let name = path.strip_prefix(WORKFLOWS).and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml")))
    };
    let text = |path: &str| {
        let bytes = files.read(path, LARGEST_CI_FILE).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let all = files.paths().iter().filter(is_workflow);
    let texts: Vec<(&String, Option<String>)> = all.map(|path| (path, text(path))).collect();
    let read = texts.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)));
    let mut found = github(read.take(MOST_WORKFLOWS));
    let unread = texts.iter().filter(|(_, text)| text.is_none()).map(|(path, _)| (*path).clone());
    let links = files.links().iter().filter(is_workflow).cloned();
    let why = "it is a link, or larger than a CI file may be";
    found.gaps.extend(unread.chain(links).map(|file| CiGap { file, why: why.to_owned() }));
    if texts.len() > MOST_WORKFLOWS {
        let why = format!("only the first {MOST_WORKFLOWS} workflows are read");
        found.gaps.push(CiGap { file: WORKFLOWS.to_owned(), why });
    }
    if files.paths().contains(GITLAB_FILE) {
        let of_gitlab = gitlab(&mut |path| text(path), branch);
        found.filters.extend(of_gitlab.filters);
        found.gaps.extend(of_gitlab.gaps);
    }
    found
}

/// The repository's name: as the caller gives it, else that of a CodeCommit remote, else the last part of any remote's URL, else
/// the name of the folder.
fn names_of(repository: &Repository, given: Option<&str>) -> Result<RepositoryNames> {
    let branch = repository.default_branch()?.map(|branch| branch.name);
    if let Some(given) = given {
        return Ok(RepositoryNames { repository: given.to_owned(), branch });
    }
    let codecommit = named_remotes(repository)?.into_iter().map(|(_, name)| name).next();
    let urls = repository.remotes().iter().flat_map(|remote| &remote.urls);
    let of_url = || urls.map(|url| names::slug(shared::glob::last_part(url))).find(|name| !name.is_empty());
    let folder = repository.work_tree().unwrap_or_else(|| repository.folder());
    let of_folder = || folder.file_name().map(|name| names::slug(&name.to_string_lossy()));
    let name = codecommit.or_else(of_url).or_else(of_folder).filter(|name| !name.is_empty());
    let name = name.context("the repository has no name: give it with --repository")?;
    Ok(RepositoryNames { repository: name.trim_end_matches(".git").to_owned(), branch })
}

/// Creates the file. An existing file, also a link that leads nowhere, is never written to.
fn create(path: &Path, text: &str) -> Result<()> {
    let failed = || format!("cannot create {}", path.display());
    let mut file = std::fs::File::create_new(path).with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)
}

/// Says what was written, and what to do next.
fn report(path: &Path, text: &str, plan: &RulesPlan) {
    let shown = path.display();
    let (groups, rules) = (plan.groups.len(), plan.pipelines.len());
    anstream::println!("wrote {shown}: {} and {}", count(rules, "rule"), count(groups, "group"));
    if !plan.gaps.is_empty() {
        anstream::println!(
            "{} not read or not translated: its head lists them",
            count(plan.gaps.len(), "file or job")
        );
    }
    let document = Document::new(shown.to_string(), text.to_owned());
    let mut problems = Vec::new();
    read_all(&document, path, &mut problems);
    if !problems.is_empty() {
        anstream::eprintln!("{}\n", rendered(&document, path, &problems));
    }
    let has_errors = problems.iter().any(|problem| problem.level == ProblemLevel::Error);
    let next = match (rules, has_errors) {
        (0, _) => {
            "no workspace and no path filter was found: write a rule by hand (docs/pipeline-trigger.md)"
        }
        (_, true) => "fix the problems above, then set the pipelines' names",
        (_, false) => "next: set each `name` to the name of a pipeline, and delete the rules without one",
    };
    anstream::println!("{next}");
    anstream::println!("then: pointsman check {shown}");
}
