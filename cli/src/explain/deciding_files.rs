//! `explain --all` and `explain --path`: the patterns that match a file, and the one that decides, as `git check-ignore -v`
//! prints them.

use std::fmt::Write as _;

use anyhow::Result;
use git_reader::Repository;
use pipeline_trigger::because::Deciding;
use pipeline_trigger::compare::{Comparison, comparison};
use pipeline_trigger::decide::claiming;
use pipeline_trigger::event::Push;
use pipeline_trigger::facts::{Facts, FileVerdict, Files, IgnoredLines, Through};
use pipeline_trigger::matching::{Candidate, Matching};
use pipeline_trigger::rules::ignore::read_file;
use pipeline_trigger::rules::line_rules::LineJudge;
use pipeline_trigger::rules::{IgnoreLine, PipelineRule};
use serde::Serialize;
use shared::decision::Verdict;
use shared::text::{count, printable};

use super::clone_reader::{ChangedPath, CloneReader};

/// What patterns say of files, for one rule.
#[derive(Debug, Serialize)]
pub(super) struct RuleFiles {
    /// The pipeline of the rule.
    pub(super) pipeline: String,
    /// The files that a pattern or the lack of patterns decides.
    pub(super) files: Vec<DecidedFile>,
    /// How many more files no pattern matches.
    pub(super) unmatched: usize,
}

/// What the patterns of one rule say of a file.
#[derive(Debug, Serialize)]
pub(super) struct DecidedFile {
    /// The file.
    pub(super) path: String,
    /// Whether the file starts the pipeline.
    pub(super) verdict: Verdict,
    /// The patterns that match the file. With `--all`, the deciding one only.
    pub(super) patterns: Vec<MatchedPattern>,
}

/// A path pattern or an ignore line that matches a file.
#[derive(Debug, Serialize)]
pub(super) struct MatchedPattern {
    /// The place of the pattern.
    pub(super) config: String,
    /// The pattern, as it is written.
    pub(super) pattern: String,
    /// The group of the pattern, and the groups that lead to it, the one that the rule uses last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<String>,
    /// Whether the pattern decides about the file.
    pub(super) decides: bool,
}

/// Every changed file that a pattern decides, for each rule whose files were compared.
pub(super) fn all(
    rules: &[&PipelineRule],
    names: &[String],
    facts: &Facts,
    reader: &CloneReader<'_>,
    push: &Push,
) -> Result<Vec<RuleFiles>> {
    let mut of_rules = Vec::new();
    let commit = push.commit().unwrap_or_default();
    let claiming = claiming(rules, push);
    for (index, base) in &facts.compared_with {
        let lines = ignore_lines(reader.repository(), rules[*index], commit)?;
        let candidate = Candidate { rule: rules[*index], ignore_file: &lines };
        let changed = reader.changed(base.commit(), commit)?;
        let mut files: Vec<DecidedFile> = Vec::new();
        for file in changed.iter() {
            let mut decided = decided(&candidate, &claiming, &file.path, false);
            if let Some(starting) = decided.as_mut().filter(|file| file.verdict == Verdict::Start)
                && let Some(IgnoredLines { pattern, .. }) = ignored_lines(rules[*index], reader, file)?
            {
                starting.skip(pattern);
            }
            files.extend(decided);
        }
        let unmatched = changed.len() - files.len();
        of_rules.push(RuleFiles { pipeline: names[*index].clone(), files, unmatched });
    }
    Ok(of_rules)
}

/// The facts of a push that changes `path` alone, and the patterns that match it.
pub(super) fn of_path(
    rules: &[&PipelineRule],
    names: &[String],
    repository: &Repository,
    push: &Push,
    path: &str,
) -> Result<(Facts, Vec<RuleFiles>)> {
    let commit = push.commit().unwrap_or_default();
    let mut facts = Facts::default();
    let mut of_rules = Vec::new();
    let claiming = claiming(rules, push);
    for (index, (rule, pipeline)) in rules.iter().zip(names).enumerate() {
        let lines = ignore_lines(repository, rule, commit)?;
        let candidate = Candidate { rule, ignore_file: &lines };
        let mut matching = Matching::among(vec![candidate], &claiming)?;
        matching.see(path);
        let groups = matching.groups(None).pop().flatten();
        facts.groups.extend(groups.map(|groups| (index, groups)));
        facts.files.extend(match comparison(rule, push) {
            Comparison::NotNeeded => vec![Files::NotAsked],
            _ => matching.finish(None),
        });
        let files: Vec<DecidedFile> = decided(&candidate, &claiming, path, true).into_iter().collect();
        of_rules.push(RuleFiles { pipeline: pipeline.clone(), unmatched: 1 - files.len(), files });
    }
    Ok((facts, of_rules))
}

impl DecidedFile {
    /// The lines that differ are ignored, by this pattern or as whitespace.
    fn skip(&mut self, by: Option<Deciding>) {
        self.verdict = Verdict::Skip;
        self.patterns.iter_mut().for_each(|pattern| pattern.decides = false);
        if let Some(by) = by {
            let config = by.place.to_string();
            self.patterns =
                vec![MatchedPattern { config, pattern: by.text, groups: Vec::new(), decides: true }];
        }
    }
}

/// Why the file changed only in lines that the rule ignores, if that is so.
fn ignored_lines(
    rule: &PipelineRule,
    reader: &CloneReader<'_>,
    file: &ChangedPath,
) -> Result<Option<IgnoredLines>> {
    let (Some(rules), Some(blobs)) = (&rule.lines, &file.blobs) else { return Ok(None) };
    let page = reader.changed_lines(blobs, rules.ignore_whitespace)?.filter(|page| !page.is_binary);
    let Some(page) = page else { return Ok(None) };
    let mut judge = LineJudge::new(rules);
    page.lines.iter().for_each(|line| judge.see(line));
    Ok(judge.finish().map(IgnoredLines::from))
}

/// The lines of the rule's ignore file at the commit. A file that is not applied has none; the decision notes why.
fn ignore_lines(repository: &Repository, rule: &PipelineRule, commit: &str) -> Result<Vec<IgnoreLine>> {
    let Some(name) = &rule.ignore_file else { return Ok(Vec::new()) };
    let Some(file) = repository.file(commit, name)? else { return Ok(Vec::new()) };
    let is_link = file.is_link();
    Ok(read_file(name, file.content, is_link).unwrap_or_default())
}

/// The file with its patterns; `None` if the rule has paths and none of them matches.
fn decided(
    candidate: &Candidate<'_>,
    claiming: &[&PipelineRule],
    path: &str,
    with_all: bool,
) -> Option<DecidedFile> {
    let own = |deciding: Deciding| (deciding, Vec::new());
    let (verdict, deciding) = match candidate.verdict(path, claiming) {
        FileVerdict::Starts { pattern, through: Through::Groups(groups), .. } => {
            (Verdict::Start, pattern.map(|pattern| (pattern, groups)))
        }
        // Without a path pattern, a line that re-includes the file decides, as for git.
        FileVerdict::Starts { pattern: None, .. } => (Verdict::Start, candidate.matching(path).pop()),
        FileVerdict::Starts { pattern, .. } => (Verdict::Start, pattern.map(own)),
        FileVerdict::Ignored { line, .. } => (Verdict::Skip, Some(own(line))),
        // One file alone is seen without its lines.
        FileVerdict::OnlyLines { by, .. } => (Verdict::Skip, by.pattern.map(own)),
        FileVerdict::Claimed { claim, .. } => (Verdict::Skip, claim.pattern.map(own)),
        FileVerdict::NoMatch { excluded } => (Verdict::Skip, Some(own(excluded?.1))),
    };
    let mut matching = if with_all { candidate.matching(path) } else { Vec::new() };
    // The pattern that claims the file is another rule's.
    if let Some(deciding) = deciding.as_ref().filter(|deciding| !matching.contains(deciding)) {
        matching.push(deciding.clone());
    }
    let patterns = matching.into_iter().map(|pattern| {
        let decides = deciding.as_ref() == Some(&pattern);
        let (Deciding { text, place }, groups) = pattern;
        MatchedPattern { config: place.to_string(), pattern: text, groups, decides }
    });
    Some(DecidedFile { path: path.to_owned(), verdict, patterns: patterns.collect() })
}

/// The files of `--all`: `VERDICT PLACE:PATTERN<tab>PATH`.
pub(super) fn all_text(of_rules: &[RuleFiles]) -> String {
    let mut out = String::new();
    for of_rule in of_rules {
        let _ = writeln!(out, "\n{}", printable(&of_rule.pipeline));
        for file in &of_rule.files {
            let pattern = file.patterns.first().map_or_else(|| "no pattern".to_owned(), located);
            let _ = writeln!(out, "  {:<5}  {pattern}\t{}", file.verdict, printable(&file.path));
        }
        if of_rule.unmatched > 0 {
            let _ = writeln!(out, "  {} without a pattern", count(of_rule.unmatched, "changed file"));
        }
    }
    out
}

/// The patterns of `--path`: `PLACE:PATTERN<tab>PATH`, with a star at the pattern that decides.
pub(super) fn path_text(of_rules: &[RuleFiles]) -> String {
    let mut out = String::new();
    for of_rule in of_rules {
        let files = of_rule.files.iter().filter(|file| !file.patterns.is_empty());
        for file in files {
            let _ = writeln!(out, "\n{}", printable(&of_rule.pipeline));
            for pattern in &file.patterns {
                let mark = if pattern.decides { '*' } else { ' ' };
                let _ = writeln!(out, "  {mark} {}\t{}", located(pattern), printable(&file.path));
            }
        }
    }
    out
}

fn located(pattern: &MatchedPattern) -> String {
    let groups = match pattern.groups.split_first() {
        None => String::new(),
        Some((group, users)) => {
            let users: String = users.iter().map(|user| format!(", used by {user}")).collect();
            format!(" (group {group}{users})")
        }
    };
    printable(&format!("{}:{}{groups}", pattern.config, pattern.pattern))
}
