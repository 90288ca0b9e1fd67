//! `explain` and the deployed function must give the same reasons: each case's push, through both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use local_aws::AwsWorld;
use pipeline_trigger::event::{Change, Parsed, Push, Reference, parse};
use pointsman::arguments::{CommitRange, ExplainArguments, ReplayArguments};
use pointsman::explain::explain;
use pointsman::replay::{Case, replay};
use pointsman::template::{ACCOUNT, REGION};
use shared::decision::{Decision, Reason};

use crate::faults::at_once;
use crate::repository::root;

/// Codes of reasons that rest on pipelines, executions or the head of the branch, which a clone cannot know.
const UNKNOWN_TO_A_CLONE: [&str; 6] = [
    "branch-gone",
    "already-started",
    "not-created-yet",
    "pipeline-not-found",
    "pipeline-unreadable",
    "start-failed",
];

/// Words of a case's world or rules with which its reasons rest on faults, on executions, on the time of the event, or on rules
/// that are not in the case's file.
const BEYOND_GIT: [&str; 5] = ["[[fault]]", "baseline", "[[window]]", "RulesBucket", "RulesTable"];

/// Words of the two sentences about branches without a common commit.
const NO_MERGE_BASE: [&str; 2] = ["no commit in common", "TipsDivergenceExceededException"];

#[test]
fn explain_gives_the_reasons_of_the_function() {
    let folder = root().join("events/pipeline-trigger");
    let cases = std::fs::read_dir(folder).expect("the cases are there");
    let cases: Vec<PathBuf> = cases.map(|entry| entry.expect("it can be read").path()).collect();
    let compared = Mutex::new(BTreeSet::new());
    at_once(cases, |folder| {
        if let Some(codes) = compare(folder) {
            compared
                .lock()
                .expect("no test panicked with it")
                .extend(codes.into_iter().map(|code| (folder.clone(), code)));
        }
    });
    let compared = compared.into_inner().expect("no test panicked with it");
    let of_cases: BTreeSet<&PathBuf> = compared.iter().map(|(folder, _)| folder).collect();
    let codes: BTreeSet<&str> = compared.iter().map(|(_, code)| code.as_str()).collect();
    assert!(of_cases.len() >= 60, "only {} cases were compared: {of_cases:#?}", of_cases.len());
    assert!(codes.len() >= 12, "only these reasons were compared: {codes:?}");
}

/// Compares one case; the codes of the reasons that were compared, or none where `explain` cannot express the push.
fn compare(folder: &Path) -> Option<Vec<String>> {
    let arguments = ReplayArguments::default();
    let case = Case::read(folder, &arguments, &root()).expect("the case is right");
    let texts =
        [case.world.as_ref()?, &case.config].map(|file| std::fs::read_to_string(file).unwrap_or_default());
    if BEYOND_GIT.iter().any(|words| texts.iter().any(|text| text.contains(words))) {
        return None;
    }
    // `explain` has no event, and so none of another account or region.
    let is_foreign = |name: &str, own: &str| case.event.get(name).is_some_and(|value| value != own);
    if is_foreign("account", ACCOUNT) || is_foreign("region", REGION) {
        return None;
    }
    let Ok(Parsed::Ours(push)) = parse(&case.event) else { return None };
    pointsman::rules_file::read(&case.config).ok()?;
    let world = AwsWorld::read(case.world.as_ref()?).expect("the world is right");
    let explained = explained(&push, &world, &texts[0], &case.config)?;
    let replays = replay(&case, &arguments, &root()).expect("it can be replayed");
    let of_trigger = replays.iter().flat_map(|replay| &replay.run.invocations);
    let decided = of_trigger
        .flat_map(|invoked| &invoked.decisions)
        .find(|decision| decision.function == pipeline_trigger::FUNCTION.name)?;
    assert_eq!(explained.reasons.len(), decided.reasons.len(), "{}", folder.display());
    let config = case.config.to_string_lossy();
    let pairs = explained.reasons.iter().zip(&decided.reasons);
    let pairs = pairs.filter(|(_, decided)| !UNKNOWN_TO_A_CLONE.contains(&decided.because.code.as_str()));
    let compared = pairs.map(|(explained, decided)| {
        assert_eq!(shown(explained, &config), shown(decided, &config), "{}", folder.display());
        decided.because.code.clone()
    });
    Some(compared.collect())
}

/// Verdict, subject, code and sentence. `explain` names the rules file with its path. CodeCommit answers with an error
/// where git finds no merge base, so the two sentences about that differ.
fn shown(reason: &Reason, config: &str) -> String {
    let sentence = match reason.because.sentence.as_str() {
        sentence if NO_MERGE_BASE.iter().any(|words| sentence.contains(words)) => "no merge base".to_owned(),
        sentence => sentence.replace(config, "pointsman.toml"),
    };
    format!("{} {} {} {sentence}", reason.verdict, reason.subject, reason.because.code)
}

/// The decision of `explain`; none where its command line cannot express the push or the repository lacks a commit.
fn explained(push: &Push, world: &AwsWorld, text: &str, config: &Path) -> Option<Decision> {
    let push_of_commits = match &push.change {
        Change::Created { new } => CommitRange { old: None, new: new.clone() },
        Change::Updated { old: Some(old), new } => CommitRange { old: Some(old.clone()), new: new.clone() },
        Change::Updated { old: None, .. } | Change::Deleted => return None,
    };
    let known = |commit: &String| world.has_commit(&push.repository, commit);
    if !push_of_commits.old.iter().chain([&push_of_commits.new]).all(known) {
        return None;
    }
    let repo = world.repository_folder(&push.repository)?;
    as_cloned(repo, text);
    let (branch, tag) = match &push.reference {
        Reference::Branch(name) => (Some(name.clone()), None),
        Reference::Tag(name) => (None, Some(name.clone())),
    };
    let arguments = ExplainArguments {
        repo: Some(repo.to_owned()),
        repository: Some(push.repository.clone()),
        branch,
        tag,
        config: config.to_owned(),
        path: None,
        at: None,
        all: false,
        json: false,
        push: Some(push_of_commits),
    };
    Some(explain(&arguments).expect("git answers"))
}

/// Gives a repository the remote's default branch that its world names, as `git clone` does.
fn as_cloned(repository: &Path, world: &str) {
    let world: toml::Table = world.parse().expect("the world is TOML");
    let Some(default) = world["repository"][0].get("default-branch").and_then(toml::Value::as_str) else {
        return;
    };
    let target = format!("refs/remotes/origin/{default}");
    let git = ["symbolic-ref", "refs/remotes/origin/HEAD", &target];
    let done = Command::new("git").arg("-C").arg(repository).args(git).status();
    assert!(done.expect("git is installed").success());
}
