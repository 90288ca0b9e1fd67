//! Reads clones in which git would wait without end, or read without end.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use git_reader::{GitError, Repository};
use tempfile::TempDir;

/// A clone with two commits, changed by a script.
fn clone(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let start =
        "git init -q -b main .; mkdir docs; echo a > a; echo b > docs/b; git add .; git commit -qm one
                 echo c >> a; git commit -qam two\n";
    let mut shell = Command::new("sh");
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        shell.env(name, "a");
    }
    shell.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let status = shell.args(["-ec", &format!("{start}{script}")]).current_dir(folder.path()).status();
    assert!(status.unwrap().success(), "{script}");
    folder
}

/// The working tree's changed files, as letter and path; fails if no answer comes.
fn read(clone: &TempDir) -> Result<Vec<String>, GitError> {
    let path = clone.path().to_owned();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(changes(&path)));
    receiver.recv_timeout(Duration::from_secs(60)).expect("git waits")
}

fn changes(path: &Path) -> Result<Vec<String>, GitError> {
    let git = Repository::open(path)?;
    git.branches()?;
    git.differences(Some("HEAD~1"), "HEAD")?;
    let commit = git.commit_of_work_tree()?;
    let changes = git.differences(Some("HEAD"), &commit)?;
    Ok(changes.iter().map(|change| format!("{} {}", change.kind.letter(), change.path())).collect())
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_named() {
    for file in [
        ".git/HEAD",
        ".git/config",
        ".git/packed-refs",
        ".git/shallow",
        ".git/logs/HEAD",
        ".git/refs/heads/other",
        ".git/refs/remotes/origin/main",
        ".git/objects/info/alternates",
        ".git/objects/info/commit-graph",
        ".git/objects/pack/multi-pack-index",
        ".git/objects/00/00000000000000000000000000000000000000",
        ".git/info/exclude",
        ".git/info/attributes",
        ".gitignore",
        ".gitattributes",
        "docs/.gitignore",
        "docs/.gitattributes",
        "untracked/.gitignore",
    ] {
        let clone = clone(&format!("mkdir -p $(dirname {file}); rm -f {file}; mkfifo {file}"));
        let error = read(&clone).unwrap_err().to_string();
        let is_named = error.contains(file) || file == ".git/HEAD";
        assert!(is_named && error.contains(" file"), "{file}: {error}");
    }
}

#[test]
fn a_pipe_behind_a_link_or_an_alternate_is_named() {
    let linked = clone("mkfifo pipe; ln -s ../pipe .git/packed-refs");
    assert!(read(&linked).unwrap_err().to_string().contains("packed-refs"));
    let alternate = clone(
        "mkdir -p other/pack; mkfifo other/pack/multi-pack-index
         printf '# a comment\\n../../other\\n' > .git/objects/info/alternates",
    );
    assert!(read(&alternate).unwrap_err().to_string().contains("multi-pack-index"));
    let quoted = clone("echo '\"../../other\"' > .git/objects/info/alternates");
    assert!(read(&quoted).unwrap_err().to_string().contains("in quotes"));
    let round =
        clone("mkdir -p o/info; echo .. > o/info/alternates; echo \"$PWD/o\" > .git/objects/info/alternates");
    assert_eq!(read(&round).unwrap(), ["A o/info/alternates"]);
}

#[test]
fn references_that_lead_round_in_a_circle_are_refused() {
    for script in [
        "ln -s . .git/refs/heads/x; ln -s . .git/refs/heads/y",
        "rm -r .git/refs/remotes; ln -s . .git/refs/remotes",
        "ln -s / .git/refs/heads/root",
    ] {
        let clone = clone(&format!("mkdir -p .git/refs/remotes; {script}"));
        let error = read(&clone).unwrap_err().to_string();
        assert!(error.contains("is a link to a folder"), "{error}");
    }
    let shared = clone("mv .git/refs .git/moved; ln -s moved .git/refs");
    assert!(read(&shared).unwrap().is_empty(), "as git-new-workdir links them");
}

#[test]
fn what_git_does_not_store_in_the_place_of_a_tracked_file_is_a_deletion() {
    assert_eq!(read(&clone("rm a; mkfifo a unknown")).unwrap(), ["D a"]);
    let script = "mkdir out; mv docs/b out; rmdir docs; ln -s out docs; echo out > .gitignore";
    assert_eq!(read(&clone(script)).unwrap(), ["A .gitignore", "A docs", "D docs/b"]);
}

#[test]
fn as_many_remotes_as_a_configuration_may_have_are_read() {
    let script = r#"seq 150000 | sed 's/.*/[remote "r&"]\nurl=/' >> .git/config
                    git update-ref refs/remotes/r7/main HEAD"#;
    let folder = clone(script);
    assert_eq!(read(&folder).unwrap(), [""; 0]);
    let git = Repository::open(folder.path()).unwrap();
    assert_eq!(git.remote().unwrap().as_deref(), Some("r7"));
}

#[test]
fn a_few_trees_that_count_as_billions_of_files_are_refused() {
    let folder = clone(
        "tree() { for i in 0 1 2 3 4 5 6 7 8 9; do printf '%s %s\\td%d\\n' \"$1\" \"$2\" $i; done | git mktree; }
         id=$(tree '100644 blob' $(git rev-parse HEAD:a))
         for level in 1 2 3 4 5 6 7 8 9; do id=$(tree '040000 tree' $id); done
         git update-ref refs/heads/bomb $(git commit-tree $id -m bomb)",
    );
    let git = Repository::open(folder.path()).unwrap();
    for before in [None, Some("HEAD")] {
        let error = git.differences(before, "bomb").unwrap_err().to_string();
        assert!(error.ends_with("a commit has more than 2000000 files"), "{error}");
    }
}
