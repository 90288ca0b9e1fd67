//! `check --graph`: the rules compared with the build graph of a clone.
//!
//! A rule or a group owns a project if its own `paths` include more than half of the project's files.
//! Then it must also include, by `paths` or through `uses`, each project that the owned one depends on. What it uses is held to
//! the same, so dependencies of dependencies need no line of their own.

mod covered;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;
use build_graph::{BuildGraph, Project, ProjectDependency};
use git_reader::Repository;
use pipeline_trigger::rules::ignore::ignored_by;
use pipeline_trigger::rules::{Group, Pattern, PatternList, PipelineRule, Rules};
use shared::config::{Code, Document, Problem};
use shared::text::{count, list_at_most, printable, verb};

use crate::arguments::CheckArguments;
use crate::explain::{name_of, named_remotes, top_of};
use crate::init::clone_files::{self, CloneFiles};
use crate::init::paths::everything_in;
use crate::progress;
use build_graph::RepositoryFiles as _;
use covered::{ANY_FILE, covered, files_of};

/// A rule or a group lacks a project that one of its own depends on.
pub(super) const GRAPH_DRIFT: Code =
    Code { name: "graph-drift", title: "a table lacks what its projects depend on" };

/// The most projects, files and gaps that one message names.
const MOST_NAMED: usize = 5;

/// A rule or a group, by the projects that it includes.
struct ComparedTable<'r> {
    name: String,
    /// Its name in a sentence.
    shown: String,
    span: Range<usize>,
    /// Its own patterns, as they are written.
    paths: Option<&'r PatternList>,
    /// The names in its `uses`.
    uses: Vec<String>,
    /// Its number, if it is a group.
    number: Option<usize>,
    /// The groups that it reaches.
    reached: BTreeSet<usize>,
    /// Takes what no other rule claims.
    is_default: bool,
    /// The rule, or each rule that reaches the group.
    rules: Vec<&'r PipelineRule>,
}

impl ComparedTable<'_> {
    /// Whether a file is left out on purpose: each rule ignores it, so that it starts nothing through this table.
    fn leaves_out(&self, file: &str) -> bool {
        self.rules.iter().all(|rule| ignored_by(&rule.ignore, file).is_some())
    }

    /// Whether each rule has the file, so that a group that they use need not have it.
    fn has(&self, file: &str) -> bool {
        let of_groups =
            |rule: &PipelineRule| rule.uses.iter().any(|used| used.group.own_pattern(file).is_some());
        let own = |rule: &PipelineRule| rule.paths.as_ref().is_some_and(|paths| paths.includes(file).0);
        self.rules.iter().all(|rule| own(rule) || of_groups(rule))
    }
}

/// What a comparison needs of each side.
struct GraphComparison<'c> {
    graph: &'c BuildGraph,
    groups: &'c [Arc<Group>],
    /// The numbers of the projects of each folder.
    folders: BTreeMap<&'c str, Vec<usize>>,
    /// For each group, the projects that its own paths include.
    of_groups: Vec<BTreeSet<usize>>,
    /// Some files of each folder with a project.
    files_of: BTreeMap<&'c str, Vec<String>>,
}

/// Compares the rules with the clone, and adds a problem for each table that lacks something.
pub(super) fn compare(
    arguments: &CheckArguments,
    document: &Document,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    let rules = pipeline_trigger::rules::read(&document.clone().without_warnings(), &mut Vec::new());
    let repository = Repository::open(&top_of(arguments.repo.as_deref()))?;
    let name = match &arguments.repository {
        Some(name) => name.clone(),
        None => name_of(&named_remotes(&repository)?, &rules)?,
    };
    let _progress = progress::after_a_second(format!("reading {}", repository.folder().display()));
    let files = CloneFiles::of(&repository)?;
    let graph = clone_files::graph(&files, arguments.bazel_query.as_deref())?;
    let found = drift(&rules, document, &graph, files.paths(), &name);
    problems.extend(found.lacks.into_iter().map(|lack| lack.problem));
    for note in found.notes {
        anstream::eprintln!("note: {}", printable(&note));
    }
    Ok(())
}

/// What a rule or a group lacks.
#[derive(Debug)]
pub(crate) struct GraphLack {
    /// Its name.
    pub(crate) name: String,
    pub(crate) is_group: bool,
    /// The groups that its `uses` lack.
    pub(crate) uses: Vec<String>,
    /// The patterns that its `paths` lack.
    pub(crate) paths: Vec<String>,
    /// The folders of missing projects that its own `paths` exclude.
    pub(crate) excluded: Vec<String>,
    problem: Problem,
}

/// What the rules of one repository lack, and what else is to know.
struct Drift {
    lacks: Vec<GraphLack>,
    notes: Vec<String>,
}

/// What each rule of a repository lacks, and each group that they use.
pub(crate) fn lacking(
    rules: &Rules,
    document: &Document,
    graph: &BuildGraph,
    files: &BTreeSet<String>,
    repository: &str,
) -> Vec<GraphLack> {
    drift(rules, document, graph, files, repository).lacks
}

fn drift(
    rules: &Rules,
    document: &Document,
    graph: &BuildGraph,
    files: &BTreeSet<String>,
    repository: &str,
) -> Drift {
    let tables = tables(rules, document, repository);
    let of_groups = rules.groups.iter().map(|group| group.paths.as_ref());
    let lists: Vec<_> = of_groups.chain(tables.iter().map(|table| table.paths)).collect();
    let mut of_groups = covered(&lists, graph, files);
    let own = of_groups.split_off(rules.groups.len());
    let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, project) in graph.projects.iter().enumerate() {
        folders.entry(&project.folder).or_default().push(number);
    }
    let comparison = GraphComparison {
        graph,
        groups: &rules.groups,
        folders,
        of_groups,
        files_of: files_of(graph, files),
    };
    let claimed: BTreeSet<usize> =
        tables.iter().zip(&own).flat_map(|(table, own)| comparison.included(table, own)).collect();
    let unclaimed: BTreeSet<usize> =
        (0..graph.projects.len()).filter(|project| !claimed.contains(project)).collect();
    let mut lacks = Vec::new();
    for (table, own) in tables.iter().zip(&own) {
        let (mut owned, mut included) = match table.is_default {
            true => (unclaimed.clone(), unclaimed.clone()),
            false => (comparison.owned(own), comparison.included(table, own)),
        };
        let left_out = comparison.left_out(table);
        owned.retain(|project| !left_out.contains(project));
        included.extend(left_out);
        let missing = comparison.missing(table, &owned, &included);
        let lack = (!missing.is_empty()).then(|| comparison.lack(table, &missing));
        let files = match table.is_default {
            true => None,
            false => {
                let added = missing.iter().map(|(project, _)| *project);
                owned.extend(added.filter(|project| comparison.group_of(*project, table).is_none()));
                comparison.shared_files(table, &owned, lack.as_ref())
            }
        };
        lacks.extend(lack.into_iter().chain(files));
    }
    let takes_all = tables.iter().any(|table| table.is_default)
        || rules.of_repository(repository).iter().any(|rule| !rule.selects_files() && rule.covers_branches());
    Drift { lacks, notes: notes(graph, repository, &tables, &claimed, takes_all) }
}

/// The rules of the repository that select files, and the groups that they reach.
fn tables<'r>(rules: &'r Rules, document: &Document, repository: &str) -> Vec<ComparedTable<'r>> {
    let of_repository = rules.of_repository(repository);
    let selecting = of_repository.iter().filter(|rule| rule.selects_files() && rule.covers_branches());
    let mut reached: BTreeMap<usize, Vec<&PipelineRule>> = BTreeMap::new();
    let mut tables = Vec::new();
    for rule in selecting {
        let of_rule: BTreeSet<usize> = rule.uses.iter().map(|used| used.group.number).collect();
        of_rule.iter().for_each(|group| reached.entry(*group).or_default().push(rule));
        let direct = rule.uses.iter().filter(|used| used.by.is_none());
        tables.push(ComparedTable {
            name: document
                .text()
                .get(rule.named_at.pipeline.clone())
                .unwrap_or_default()
                .trim_matches(['"', '\''])
                .to_owned(),
            shown: "the rule".to_owned(),
            span: rule.named_at.pipeline.clone(),
            paths: rule.paths.as_ref(),
            uses: direct.map(|used| used.group.name.clone()).collect(),
            number: None,
            reached: of_rule,
            is_default: rule.is_default,
            rules: vec![rule],
        });
    }
    let headers = document.tables("group", &mut Vec::new());
    for (number, rules_of_group) in reached {
        let group = &rules.groups[number];
        let uses = group.uses.iter().map(|used| rules.groups[*used].name.clone());
        tables.push(ComparedTable {
            name: group.name.clone(),
            shown: format!("the group `{}`", group.name),
            span: headers.get(number).map(|table| table.header()).unwrap_or_default(),
            paths: group.paths.as_ref(),
            uses: uses.collect(),
            number: Some(number),
            reached: reached_by(&rules.groups, number),
            is_default: false,
            rules: rules_of_group,
        });
    }
    tables
}

/// The groups that a group uses, itself or through others.
fn reached_by(groups: &[Arc<Group>], number: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![number];
    while let Some(group) = open.pop() {
        open.extend(groups[group].uses.iter().copied().filter(|used| reached.insert(*used)));
    }
    reached
}

impl GraphComparison<'_> {
    /// The projects that a table owns. A project of another kind inside an owned one comes along with it, as any of its files.
    fn owned(&self, own: &BTreeSet<usize>) -> BTreeSet<usize> {
        let projects = || own.iter().map(|number| &self.graph.projects[*number]);
        let comes_along = |inner: &Project| {
            let is_inside = |outer: &Project| {
                let rest = inner.folder.strip_prefix(&outer.folder);
                rest.is_some_and(|rest| {
                    rest.starts_with('/') || (outer.folder.is_empty() && !rest.is_empty())
                })
            };
            projects()
                .any(|outer| is_inside(outer) && outer.tool.manifest_name() != inner.tool.manifest_name())
        };
        own.iter().copied().filter(|number| !comes_along(&self.graph.projects[*number])).collect()
    }

    /// The projects that a table leaves out on purpose: every file of them is ignored.
    fn left_out(&self, table: &ComparedTable<'_>) -> BTreeSet<usize> {
        if table.rules.iter().any(|rule| rule.ignore.is_empty()) {
            return BTreeSet::new();
        }
        let ignored = |files: &Vec<String>| files.iter().all(|file| table.leaves_out(file));
        let folders =
            self.folders.iter().filter(|(folder, _)| self.files_of.get(*folder).is_some_and(ignored));
        folders.flat_map(|(_, projects)| projects).copied().collect()
    }

    /// Whether the own patterns of a table exclude every file of a folder.
    fn excludes(&self, table: &ComparedTable<'_>, folder: &str) -> bool {
        let excludes =
            |list: &PatternList, file: &str| list.includes(file).1.is_some_and(|pattern| pattern.excludes);
        let files = self.files_of.get(folder);
        table.paths.zip(files).is_some_and(|(list, files)| files.iter().all(|file| excludes(list, file)))
    }

    /// The projects that a table includes: by its own paths, and through groups.
    fn included(&self, table: &ComparedTable<'_>, own: &BTreeSet<usize>) -> BTreeSet<usize> {
        let of_groups = table.reached.iter().flat_map(|group| &self.of_groups[*group]);
        own.iter().chain(of_groups).copied().collect()
    }

    /// The projects that owned ones depend on and that are not included, each with the place of the dependency. A project that
    /// no group has will be the table's own, so what it depends on is missing, too.
    fn missing(
        &self,
        table: &ComparedTable<'_>,
        owned: &BTreeSet<usize>,
        included: &BTreeSet<usize>,
    ) -> Vec<(usize, &ProjectDependency)> {
        let mut included = included.clone();
        let mut missing: Vec<(usize, &ProjectDependency)> = Vec::new();
        let mut open: Vec<usize> = owned.iter().rev().copied().collect();
        while let Some(project) = open.pop() {
            for dependency in &self.graph.projects[project].depends_on {
                let of_folder = self.folders.get(dependency.folder.as_str()).map_or(&[][..], Vec::as_slice);
                let Some(first) = of_folder.first() else { continue };
                if of_folder.iter().any(|number| included.contains(number)) {
                    continue;
                }
                missing.push((*first, dependency));
                match self.group_of(*first, table) {
                    Some(group) => {
                        let reached = reached_by(self.groups, group).into_iter().chain([group]);
                        included.extend(reached.flat_map(|group| &self.of_groups[group]).copied());
                    }
                    None => {
                        included.extend(of_folder);
                        open.extend(of_folder);
                    }
                }
            }
        }
        missing
    }

    fn lack(&self, table: &ComparedTable<'_>, missing: &[(usize, &ProjectDependency)]) -> GraphLack {
        let shown: Vec<String> = missing.iter().map(|(_, dependency)| shown(dependency)).collect();
        let label = format!(
            "{} lacks {}, which its projects depend on: {}",
            table.shown,
            count(missing.len(), "project"),
            list_at_most(&shown, MOST_NAMED)
        );
        let (mut uses, mut paths) = (Vec::new(), Vec::new());
        for (project, dependency) in missing {
            match self.group_of(*project, table) {
                Some(group) if !uses.contains(&self.groups[group].name) => {
                    uses.push(self.groups[group].name.clone());
                }
                Some(_) => {}
                None => paths.push(everything_in(&dependency.folder)),
            }
        }
        let folders = missing.iter().map(|(_, dependency)| &dependency.folder);
        let excluded = folders.filter(|folder| self.excludes(table, folder)).cloned().collect();
        GraphLack { excluded, ..lack(table, label, uses, paths) }
    }

    /// The group with the files of a project that a table can use without a circle.
    fn group_of(&self, project: usize, table: &ComparedTable<'_>) -> Option<usize> {
        let is_free = |number: usize| {
            table.number.is_none_or(|own| own != number && !reached_by(self.groups, number).contains(&own))
        };
        let with = self.of_groups.iter().enumerate();
        let mut with = with.filter(|(number, covered)| covered.contains(&project) && is_free(*number));
        with.next().map(|(number, _)| number)
    }

    /// A warning for shared files, such as a lock file, that a table does not include although its projects read them. What the
    /// table lacks besides is taken as written, and the line of the help has it, too.
    fn shared_files(
        &self,
        table: &ComparedTable<'_>,
        owned: &BTreeSet<usize>,
        besides: Option<&GraphLack>,
    ) -> Option<GraphLack> {
        let (added_uses, added_paths) =
            besides.map_or((&[][..], &[][..]), |lack| (lack.uses.as_slice(), lack.paths.as_slice()));
        let added = self.groups.iter().filter(|group| added_uses.contains(&group.name));
        let added: BTreeSet<usize> = added
            .flat_map(|group| reached_by(self.groups, group.number).into_iter().chain([group.number]))
            .collect();
        let lists: Vec<&PatternList> = table
            .paths
            .into_iter()
            .chain(table.reached.union(&added).filter_map(|group| self.groups[*group].paths.as_ref()))
            .collect();
        let files: BTreeSet<&String> =
            owned.iter().flat_map(|project| &self.graph.projects[*project].shared_files).collect();
        let missing = files.into_iter().filter(|file| {
            !lists.iter().any(|list| list.includes(file).0)
                && !table.leaves_out(file)
                && !table.has(file)
                && !added_paths.iter().any(|path| within(path, file))
        });
        let missing: Vec<&String> = missing.collect();
        if missing.is_empty() {
            return None;
        }
        let quoted: Vec<String> = missing.iter().map(|file| format!("`{file}`")).collect();
        let label = format!(
            "{} lacks {} that the builds of its projects read: {}",
            table.shown,
            count(missing.len(), "file"),
            list_at_most(&quoted, MOST_NAMED)
        );
        let (mut uses, mut paths) = (Vec::new(), Vec::new());
        for file in missing {
            let with = self.groups.iter().find(|group| {
                let is_free = table.number.is_none_or(|own| {
                    own != group.number && !reached_by(self.groups, group.number).contains(&own)
                });
                is_free && group.own_pattern(file).is_some()
            });
            match with {
                Some(group) if !uses.contains(&group.name) => uses.push(group.name.clone()),
                Some(_) => {}
                None => paths.push(shared::glob::literal(file)),
            }
        }
        let lines = help(table, &[added_uses, &uses].concat(), &[added_paths, &paths].concat());
        let lack = lack(table, label, uses, paths);
        Some(GraphLack { problem: lack.problem.help(lines).warning(), ..lack })
    }
}

/// `libs/ui (services/web/package.json:12)`
fn shown(dependency: &ProjectDependency) -> String {
    let line = dependency.line.map(|line| format!(":{line}")).unwrap_or_default();
    let folder = if dependency.folder.is_empty() { "the top folder" } else { &dependency.folder };
    format!("`{folder}` ({}{line})", dependency.manifest)
}

fn lack(table: &ComparedTable<'_>, label: String, uses: Vec<String>, paths: Vec<String>) -> GraphLack {
    let problem = Problem::new(GRAPH_DRIFT, table.span.clone(), label).help(help(table, &uses, &paths));
    GraphLack {
        name: table.name.clone(),
        is_group: table.number.is_some(),
        uses,
        paths,
        excluded: Vec::new(),
        problem,
    }
}

/// Whether a file is in the folder of a pattern that `everything_in` wrote.
fn within(pattern: &str, file: &str) -> bool {
    let folders = std::iter::successors(Some(file), |path| path.rsplit_once('/').map(|(parent, _)| parent));
    folders.skip(1).chain([""]).any(|folder| everything_in(folder) == pattern)
}

/// The lines that the table needs, whole.
fn help(table: &ComparedTable<'_>, uses: &[String], paths: &[String]) -> String {
    if table.is_default {
        let mut lines = Vec::new();
        lines.extend((!paths.is_empty()).then(|| line("paths", paths.to_vec())));
        lines.extend((!uses.is_empty()).then(|| line("uses", uses.to_vec())));
        return format!(
            "a default rule takes no file that another rule claims: write a rule for the project, with {}",
            lines.join(" and ")
        );
    }
    let mut lines = Vec::new();
    if !paths.is_empty() {
        lines.push(line("paths", with_paths(table, paths)));
    }
    if !uses.is_empty() {
        lines.push(line("uses", table.uses.iter().chain(uses).cloned().collect()));
    }
    format!("write {}", lines.join(" and "))
}

/// The patterns of a table with further ones: before those that exclude at its end, so that these exclude of the new ones, too.
fn with_paths(table: &ComparedTable<'_>, paths: &[String]) -> Vec<String> {
    let own = table.paths.map_or(&[][..], |list| &list.patterns);
    let excluding = own.iter().rev().take_while(|pattern| pattern.excludes).count();
    let (before, after) = own.split_at(own.len() - excluding);
    let hides = |path: &String| {
        let name = path.replace("**", ANY_FILE);
        after.iter().any(|pattern| pattern.matches(&name))
    };
    let text = |pattern: &Pattern| pattern.text.clone();
    let (last, first): (Vec<String>, Vec<String>) = paths.iter().cloned().partition(hides);
    before.iter().map(text).chain(first).chain(after.iter().map(text)).chain(last).collect()
}

/// `uses = ["core", "util"]`
fn line(key: &str, texts: Vec<String>) -> String {
    let texts: Vec<String> = texts.iter().map(|text| crate::init::toml_string(text)).collect();
    format!("{key} = [{}]", texts.join(", "))
}

/// Projects that no rule includes, and what of the graph is not known.
fn notes(
    graph: &BuildGraph,
    repository: &str,
    tables: &[ComparedTable<'_>],
    claimed: &BTreeSet<usize>,
    takes_all: bool,
) -> Vec<String> {
    let mut notes = Vec::new();
    if tables.is_empty() {
        notes.push(format!(
            "no rule of the repository {repository} selects files, so there is nothing to compare"
        ));
    }
    let unclaimed = graph.projects.iter().enumerate().filter(|(number, _)| !claimed.contains(number));
    let unclaimed: Vec<&str> = unclaimed.map(|(_, project)| project.manifest.as_str()).collect();
    if !unclaimed.is_empty() && !takes_all && !tables.is_empty() {
        let projects = count(unclaimed.len(), "project");
        let are = verb(unclaimed.len(), "is", "are");
        notes.push(format!("{projects} {are} in no rule: {}", list_at_most(&unclaimed, MOST_NAMED)));
    }
    let gaps = graph.gaps.iter().take(MOST_NAMED).map(|gap| format!("{}: {}", gap.file, gap.why));
    notes.extend(gaps.map(|gap| format!("not compared: {gap}")));
    if graph.gaps.len() > MOST_NAMED {
        notes.push(format!("not compared: {} more", graph.gaps.len() - MOST_NAMED));
    }
    if graph.projects.is_empty() {
        notes.push("the clone has no workspace that pointsman reads".to_owned());
    }
    notes
}
