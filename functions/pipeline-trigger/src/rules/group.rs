//! `[[group]]`: named sets of files that rules and other groups use, and the groups that a rule reaches.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use shared::config::{Code, Document, Place, Problem, RawTable, TableReader, Text, did_you_mean};
use shared::glob::{COVERS_NOTHING, EMPTY_LIST, Pattern, PatternList, kind_of, read as patterns};
use shared::text::list;

use crate::FUNCTION;

/// The table that is read here.
pub const GROUP_TABLE: &str = "group";

pub(super) const BAD_GROUP_NAME: Code = Code { name: "bad-group-name", title: "no group can have this name" };
pub(super) const DUPLICATE_GROUP: Code =
    Code { name: "duplicate-group", title: "a group is configured twice" };
pub(super) const EMPTY_GROUP: Code = Code { name: "empty-group", title: "a group has no files" };
pub(super) const GROUP_CYCLE: Code = Code { name: "group-cycle", title: "groups use each other in a circle" };
pub(super) const UNKNOWN_GROUP: Code =
    Code { name: "unknown-group", title: "there is no group of this name" };
pub(super) const UNUSED_GROUP: Code = Code { name: "unused-group", title: "no rule uses a group" };
pub(super) const USED_TWICE: Code = Code { name: "used-twice", title: "a list names a group twice" };

/// The longest name of a group, in characters.
const LONGEST_NAME: usize = 100;

/// What stands between the names of groups, before the first one and after the last one, in a variable's value. No name
/// has it.
pub const GROUP_SEPARATOR: char = ',';

/// One `[[group]]` table.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number: that of its table among the tables of groups that could be read.
    pub number: usize,
    /// Its own files; none if it only uses other groups.
    pub paths: Option<PatternList>,
    /// The numbers of the groups that it uses itself, in the order of the file.
    pub uses: Vec<usize>,
    /// Where the table stands.
    pub place: Place,
}

impl Group {
    /// Whether a path is one of the group's own files, and the pattern that decides it.
    pub fn own_pattern(&self, path: &str) -> Option<Option<&Pattern>> {
        let (is_in, pattern) = self.paths.as_ref()?.includes(path);
        is_in.then_some(pattern)
    }
}

/// A group that a rule uses, itself or through other groups.
#[derive(Debug, Clone)]
pub struct UsedGroup {
    /// The group.
    pub group: Arc<Group>,
    /// The position, in the same list, of the group that uses it; `None` if the rule uses it itself.
    pub by: Option<usize>,
}

/// The names from a group to the one that the rule uses itself.
pub fn chain(uses: &[UsedGroup], position: usize) -> Vec<String> {
    let next = |at: &usize| uses[*at].by;
    std::iter::successors(Some(position), next).map(|at| uses[at].group.name.clone()).collect()
}

/// The names of the groups that a change of the `hit` groups touches: those groups, and every group that uses one of them.
/// In the order of the file.
pub fn touched(uses: &[UsedGroup], hit: &BTreeSet<usize>) -> Vec<String> {
    let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
    for used in uses {
        for number in &used.group.uses {
            users.entry(*number).or_default().push(used.group.number);
        }
    }
    let mut touched = hit.clone();
    let mut open: Vec<usize> = hit.iter().copied().collect();
    while let Some(number) = open.pop() {
        for user in users.get(&number).into_iter().flatten() {
            if touched.insert(*user) {
                open.push(*user);
            }
        }
    }
    let named: BTreeMap<usize, &String> =
        uses.iter().map(|used| (used.group.number, &used.group.name)).collect();
    touched.iter().filter_map(|number| named.get(number).map(|name| (*name).clone())).collect()
}

/// The groups of a file while its rules are read.
#[derive(Debug, Default)]
pub(super) struct GroupTables {
    groups: Vec<Arc<Group>>,
    /// The number of the group of each name.
    numbers: HashMap<String, usize>,
    /// Where the names stand, by the groups' numbers.
    spans: Vec<Range<usize>>,
    reached: BTreeSet<usize>,
}

/// A table as far as it could be read, before the groups that it uses are known.
struct RawGroup {
    name: Text,
    paths: Option<PatternList>,
    uses: Vec<Text>,
    place: Place,
}

/// Reads the groups, and reports circles among them.
pub(super) fn read(document: &Document, problems: &mut Vec<Problem>) -> GroupTables {
    let tables = document.tables(GROUP_TABLE, problems);
    let mut tables_read: Vec<RawGroup> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for table in &tables {
        let Some(group) = raw(document, table, problems) else { continue };
        if let Some(first) = numbers.get(group.name.get_ref()) {
            problems.push(duplicate(&group.name, tables_read[*first].name.span()));
            continue;
        }
        numbers.insert(group.name.get_ref().clone(), tables_read.len());
        tables_read.push(group);
    }
    let spans: Vec<Range<usize>> = tables_read.iter().map(|group| group.name.span()).collect();
    let mut groups = Vec::new();
    for (number, RawGroup { name, paths, uses, place }) in tables_read.into_iter().enumerate() {
        let uses = known(&uses, &numbers, problems);
        groups.push(Arc::new(Group { name: name.into_inner(), number, paths, uses, place }));
    }
    for circle in circles(&groups) {
        problems.push(cycle(&groups, &spans, &circle));
    }
    GroupTables { groups, numbers, spans, reached: BTreeSet::new() }
}

fn raw(document: &Document, table: &RawTable<'_>, problems: &mut Vec<Problem>) -> Option<RawGroup> {
    let mut table = TableReader::new(FUNCTION.described_table(GROUP_TABLE), table, problems);
    let place = document.place(&table.header());
    let name = table.required_string("name", BAD_GROUP_NAME).filter(|name| is_legal(&mut table, name));
    let paths = patterns(document, &mut table, "paths");
    let uses = names(&mut table);
    if paths.as_ref().is_some_and(|list| !list.includes_anything(kind_of("paths"))) {
        let span = table.span("paths").unwrap_or_else(|| table.header());
        let help = "change the list, or remove it: the group has no files of its own";
        table.problem(Problem::new(COVERS_NOTHING, span, "these patterns include no file").help(help));
    }
    if table.span("paths").is_none() && table.span("uses").is_none() {
        let help = "add `paths`, `uses` or both to it";
        let label = "this group has no `paths` and no `uses`";
        table.problem(Problem::new(EMPTY_GROUP, table.header(), label).help(help));
    }
    table.finish();
    Some(RawGroup { name: name?, paths, uses, place })
}

fn is_legal(table: &mut TableReader<'_, '_, '_>, name: &Text) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-/@:+".contains(letter);
    if name.get_ref().len() <= LONGEST_NAME && name.get_ref().chars().all(allowed) {
        return true;
    }
    let help =
        "a name is 1 to 100 letters, digits and . _ - / @ : +, because {groups} separates names with commas";
    table.problem(Problem::new(BAD_GROUP_NAME, name.span(), "not the name of a group").help(help));
    false
}

/// The names at `uses`. A name that the list has twice is a warning.
fn names(table: &mut TableReader<'_, '_, '_>) -> Vec<Text> {
    let Some(texts) = table.strings("uses") else { return Vec::new() };
    if texts.get_ref().is_empty() {
        let help = "write the name of at least one group, or remove the key";
        table.problem(Problem::new(EMPTY_LIST, texts.span(), "`uses` is empty").help(help));
    }
    let mut first: HashMap<String, Range<usize>> = HashMap::new();
    for text in texts.get_ref() {
        match first.get(text.get_ref()) {
            Some(span) => table.problem(
                Problem::new(USED_TWICE, text.span(), "this name is in the list already")
                    .related(span.clone(), "first here")
                    .help("remove it: the list then names the same groups")
                    .warning(),
            ),
            None => drop(first.insert(text.get_ref().clone(), text.span())),
        }
    }
    texts.into_inner()
}

/// The numbers of the groups of these names, each once.
fn known(texts: &[Text], numbers: &HashMap<String, usize>, problems: &mut Vec<Problem>) -> Vec<usize> {
    let mut found = Vec::new();
    for text in texts {
        match numbers.get(text.get_ref()) {
            Some(number) if found.contains(number) => {}
            Some(number) => found.push(*number),
            None => problems.push(unknown(text, numbers)),
        }
    }
    found
}

fn unknown(text: &Text, numbers: &HashMap<String, usize>) -> Problem {
    let mut names: Vec<&str> = numbers.keys().map(String::as_str).collect();
    names.sort_unstable();
    let meant = did_you_mean(text.get_ref(), names.iter().copied(), |name| format!("`{name}`"));
    let help = match names.len() {
        0 => format!("add a [[group]] with name = \"{}\"", text.get_ref()),
        1..=20 => format!("{meant}the groups are {}", list(names.iter().map(|name| format!("`{name}`")))),
        count => format!("{meant}the file has {count} groups"),
    };
    Problem::new(UNKNOWN_GROUP, text.span(), format!("no [[group]] has the name `{}`", text.get_ref()))
        .help(help)
}

fn duplicate(name: &Text, first: Range<usize>) -> Problem {
    Problem::new(DUPLICATE_GROUP, name.span(), "second entry")
        .related(first, "first entry")
        .help("one table takes many patterns: move them into one list, or rename one of the groups")
}

fn cycle(groups: &[Arc<Group>], spans: &[Range<usize>], circle: &[usize]) -> Problem {
    let name = |number: &usize| format!("`{}`", groups[*number].name);
    let label = match circle {
        [_] => "this group uses itself".to_owned(),
        [first, others @ ..] => {
            let steps: Vec<String> = others.iter().chain([first]).map(name).collect();
            format!("{} uses {}", name(first), steps.join(", which uses "))
        }
        [] => String::new(),
    };
    let help = match circle.len() {
        1 => "remove its own name from its `uses`",
        _ => "remove one of these uses; if the groups need each other, make them one group",
    };
    Problem::new(GROUP_CYCLE, spans[circle[0]].clone(), label).help(help)
}

/// The circles among the groups: each begins with its first group of the file, and no group is in two of them.
fn circles(groups: &[Arc<Group>]) -> Vec<Vec<usize>> {
    let mut open: BTreeSet<usize> = (0..groups.len()).collect();
    let mut circles = Vec::new();
    loop {
        without_ends(groups, &mut open);
        let Some(first) = open.first().copied() else { return circles };
        let mut walk: Vec<usize> = vec![first];
        let mut at: HashMap<usize, usize> = HashMap::from([(first, 0)]);
        let circle = loop {
            let last = walk[walk.len() - 1];
            // Every group that is left uses one that is left.
            let Some(next) = groups[last].uses.iter().copied().find(|next| open.contains(next)) else {
                break walk;
            };
            if let Some(begin) = at.get(&next) {
                break walk.split_off(*begin);
            }
            at.insert(next, walk.len());
            walk.push(next);
        };
        open.retain(|number| !circle.contains(number));
        let least = circle.iter().enumerate().min_by_key(|(_, number)| **number).map_or(0, |(at, _)| at);
        circles.push(circle[least..].iter().chain(&circle[..least]).copied().collect());
    }
}

/// Removes the groups that use no group of the set, until every group of it uses one.
fn without_ends(groups: &[Arc<Group>], open: &mut BTreeSet<usize>) {
    let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut uses: HashMap<usize, usize> = HashMap::new();
    for number in open.iter() {
        let used = groups[*number].uses.iter().filter(|used| open.contains(used));
        let used: Vec<usize> = used.copied().collect();
        uses.insert(*number, used.len());
        used.into_iter().for_each(|used| users.entry(used).or_default().push(*number));
    }
    let mut ends: Vec<usize> =
        uses.iter().filter(|(_, count)| **count == 0).map(|(number, _)| *number).collect();
    while let Some(end) = ends.pop() {
        open.remove(&end);
        for user in users.get(&end).into_iter().flatten() {
            let count = uses.entry(*user).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 {
                ends.push(*user);
            }
        }
    }
}

impl GroupTables {
    /// The groups that a rule reaches by its `uses`: those that it names, then those that they use, and so on.
    pub(super) fn used_by(&mut self, table: &mut TableReader<'_, '_, '_>) -> Vec<UsedGroup> {
        let texts = names(table);
        let mut problems = Vec::new();
        let named = known(&texts, &self.numbers, &mut problems);
        problems.into_iter().for_each(|problem| table.problem(problem));
        let mut used: Vec<UsedGroup> = Vec::new();
        let mut seen: BTreeSet<usize> = named.iter().copied().collect();
        let mut open: VecDeque<(usize, Option<usize>)> =
            named.into_iter().map(|number| (number, None)).collect();
        while let Some((number, by)) = open.pop_front() {
            let group = Arc::clone(&self.groups[number]);
            let position = used.len();
            open.extend(
                group.uses.iter().filter(|used| seen.insert(**used)).map(|used| (*used, Some(position))),
            );
            used.push(UsedGroup { group, by });
        }
        self.reached.extend(seen);
        used
    }

    /// The groups, and a warning for each that no rule reaches.
    pub(super) fn finish(self, problems: &mut Vec<Problem>) -> Vec<Arc<Group>> {
        let unused = (0..self.groups.len()).filter(|number| !self.reached.contains(number));
        problems.extend(unused.map(|number| {
            let label = "no rule uses this group, itself or through other groups";
            let help = "add its name to the `uses` of a rule or of a group, or remove the table";
            Problem::new(UNUSED_GROUP, self.spans[number].clone(), label).help(help).warning()
        }));
        self.groups
    }
}
