//! Reads repositories that the git command creates.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use git_reader::{DifferenceKind, Repository, isolated_command};

/// A repository with a work tree, changed by the shell script `script`.
fn repository(script: &str) -> (TempDir, Repository) {
    let folder = TempDir::new().unwrap();
    run(isolated_command().args(["init", "-q", "-b", "main", "--template="]).arg(folder.path()));
    shell(folder.path(), script);
    let repository = Repository::open(folder.path()).unwrap();
    (folder, repository)
}

fn shell(folder: &Path, script: &str) {
    let names = ["AUTHOR", "COMMITTER"];
    let mut command = Command::new("sh");
    for name in names {
        command
            .env(format!("GIT_{name}_NAME"), "Ann O'Nym")
            .env(format!("GIT_{name}_EMAIL"), "ann@example.com");
        command.env(format!("GIT_{name}_DATE"), "1767225600 +0100");
    }
    run(command.args(["-ec", script]).current_dir(folder));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn letters(repository: &Repository, before: Option<&str>, after: &str) -> Vec<String> {
    let differences = repository.differences(before, after).unwrap();
    differences
        .iter()
        .map(|difference| format!("{} {}", difference.kind.letter(), difference.path()))
        .collect()
}

#[test]
fn a_rename_is_a_delete_and_an_add_and_modes_and_types_are_modifications() {
    let (_folder, git) = repository(
        "echo a > old; echo b > tool; echo c > link; git add .; git commit -qm one
         git mv old new; chmod +x tool; rm link; ln -s tool link; git add .; git commit -qm two",
    );
    let differences = git.differences(Some("HEAD~1"), "HEAD").unwrap();
    let found: Vec<_> =
        differences.iter().map(|d| (d.kind, d.path(), d.after.as_ref().map(|b| &*b.mode))).collect();
    let expected = [
        (DifferenceKind::Modified, "link", Some("120000")),
        (DifferenceKind::Added, "new", Some("100644")),
        (DifferenceKind::Deleted, "old", None),
        (DifferenceKind::Modified, "tool", Some("100755")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn paths_come_in_byte_order_whatever_they_contain() {
    let script = r#"mkdir a; touch a/x a.b 'a b' größe "$(printf 'new\nline')" "$(printf 'not-\377-utf8')" :x
                    git add .; git commit -qm one"#;
    let (_folder, git) = repository(script);
    let expected = [":x", "a b", "a.b", "a/x", "größe", "new\nline", "not-\u{fffd}-utf8"]
        .map(|path| format!("A {path}"));
    assert_eq!(letters(&git, None, "HEAD"), expected);
    assert_eq!(git.file("HEAD", "new\nline").unwrap().map(|file| file.content), Some(vec![]));
    assert_eq!(git.file("HEAD", ":x").unwrap().map(|file| file.content), Some(vec![]));
}

#[test]
fn a_submodule_counts_even_when_the_clone_says_to_ignore_it() {
    let (_folder, git) = repository(
        "git commit -qm one --allow-empty
         git update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,vendored
         git config diff.ignoreSubmodules all; git config diff.renames copies; git commit -qm two",
    );
    assert_eq!(letters(&git, Some("HEAD~1"), "HEAD"), ["A vendored"]);
    assert_eq!(git.file("HEAD", "vendored").unwrap().map(|file| file.content), None);
}

#[test]
fn branches_of_the_remote_count_and_its_head_is_the_default() {
    let (upstream, _) = repository(
        "git commit -qm one --allow-empty; git branch trunk; git branch deep/er; git checkout -q trunk",
    );
    let (_folder, git) = repository(&format!(
        "git remote add origin '{}'; git fetch -q; git remote set-head origin trunk; git checkout -qb mine origin/main",
        upstream.path().display()
    ));
    assert_eq!(git.branches().unwrap(), ["deep/er", "main", "mine", "trunk"]);
    assert_eq!(git.default_branch().unwrap().as_deref(), Some("trunk"));
    assert_eq!(git.branch_head("deep/er").unwrap(), git.resolve("HEAD").unwrap());
    assert_eq!(git.branch_head("deep").unwrap(), None);
}

#[test]
fn an_empty_repository_answers_none() {
    let (_folder, git) = repository("true");
    assert_eq!(git.default_branch().unwrap(), None);
    assert_eq!(git.branches().unwrap(), [""; 0]);
    assert_eq!(git.resolve("HEAD").unwrap(), None);
    assert_eq!(git.commit("HEAD").unwrap(), None);
}

#[test]
fn a_hostile_name_is_only_a_name() {
    let (folder, git) = repository("git commit -qm one --allow-empty; git commit -qm two --allow-empty");
    for name in ["main~1", "--all", "-x", "main^{tree}", "main\nx", "main\0x", "../main", "@{-1}"] {
        assert_eq!(git.branch_head(name).unwrap(), None, "{name:?}");
    }
    let planted = folder.path().join("planted");
    assert_eq!(git.resolve(&format!("--output={}", planted.display())).unwrap(), None);
    assert!(git.differences(Some(&format!("--output={}", planted.display())), "HEAD").is_err());
    assert!(!planted.exists());
    assert_eq!(git.file("HEAD", "--help").unwrap().map(|file| file.content), None);
}

#[test]
fn a_missing_or_ambiguous_revision_is_none() {
    let (_folder, git) = repository("git commit -qm one --allow-empty");
    let missing = "0123456789012345678901234567890123456789";
    for rev in [missing, "main..x", "HEAD^{tree}", "HEAD~9", ""] {
        assert_eq!(git.resolve(rev).unwrap(), None, "{rev}");
        assert_eq!(git.commit(rev).unwrap(), None, "{rev}");
    }
    assert!(git.differences(Some(missing), "HEAD").is_err());
}

#[test]
fn a_commit_is_read_whole_and_a_tag_leads_to_it() {
    let (_folder, git) = repository("git commit -qm 'one' -m 'body' --allow-empty; git tag -am t v1");
    let commit = git.commit("v1").unwrap().unwrap();
    assert_eq!(commit.message, "one\n\nbody\n");
    assert_eq!((&*commit.author.name, &*commit.author.email), ("Ann O'Nym", "ann@example.com"));
    assert_eq!(commit.committer.date, "1767225600 +0100");
    assert_eq!(commit.parents, [""; 0]);
}

#[test]
fn unrelated_histories_have_no_merge_base() {
    let (_folder, git) = repository(
        "git commit -qm one --allow-empty; git checkout -q --orphan other; git commit -qm two --allow-empty
         git checkout -qb third main; git commit -qm three --allow-empty",
    );
    assert_eq!(git.merge_base("main", "other").unwrap(), None);
    assert_eq!(git.merge_base("main", "third").unwrap(), git.resolve("main").unwrap());
    assert!(git.merge_base("main", "--all").is_err());
}

#[test]
fn bare_shallow_and_worktree_clones_work() {
    let (folder, _) =
        repository("echo a > a; git add .; git commit -qm one; git commit -qm two --allow-empty");
    shell(
        folder.path(),
        "git worktree add -q ../wt-$$ && mv ../wt-$$ wt 2>/dev/null; git worktree repair wt",
    );
    shell(folder.path(), "git clone -q --bare . bare.git; git clone -q --depth 1 file://$PWD shallow");
    for name in ["wt", "bare.git", "shallow", "shallow/.git", ".git"] {
        let git = Repository::open(&folder.path().join(name)).unwrap();
        assert_eq!(letters(&git, None, "HEAD"), ["A a"], "{name}");
    }
}

#[test]
fn a_path_without_a_repository_is_named_in_the_error() {
    let error = Repository::open(Path::new("/nowhere")).unwrap_err();
    assert_eq!(error.to_string(), "/nowhere is not a git repository: there is no such folder");
}

#[test]
fn the_clone_is_not_written_to_and_the_callers_environment_does_not_matter() {
    let (folder, git) = repository("echo a > a; git add .; git commit -qm one");
    let list = || {
        let output =
            Command::new("find").arg(folder.path()).args(["-type", "f", "-printf", "%p %T@ %s\n"]).output();
        output.unwrap().stdout
    };
    let before = list();
    letters(&git, None, "HEAD");
    git.file("HEAD", "a").unwrap().map(|file| file.content);
    assert_eq!(list(), before);
    assert!(!isolated_command().get_envs().any(|(name, value)| name == "GIT_DIR" && value.is_some()));
}
