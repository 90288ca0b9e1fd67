//! Reads repositories that the git command creates.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use git_reader::{DifferenceKind, HunkLine, LineOptions, Repository, isolated_command};

/// A repository with a work tree, changed by the shell script `script`.
fn repository(script: &str) -> (TempDir, Repository) {
    let folder = TempDir::new().unwrap();
    shell(folder.path(), "git init -q -b main --template= .");
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
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
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

/// The lines of a changed file in two commits: those that differ.
fn changed_lines(git: &Repository, ignore_whitespace: bool) -> Vec<HunkLine> {
    let difference = git.differences(Some("HEAD~1"), "HEAD").unwrap().remove(0);
    let (before, after) = (difference.before.unwrap(), difference.after.unwrap());
    let options = LineOptions { context: 0, ignore_whitespace };
    let read = git.line_difference(&before.id, &after.id, options).unwrap();
    read.hunks.into_iter().flat_map(|hunk| hunk.lines).collect()
}

#[test]
fn lines_differ_as_in_git_diff_whatever_attributes_and_drivers_the_clone_has() {
    let (folder, git) = repository(
        "echo '* binary diff=x' > .gitattributes; mkdir -p .git/info; cp .gitattributes .git/info/attributes
         git config diff.x.command false; git config diff.x.textconv false; git config diff.noprefix true
         printf 'a\\n b\\nc' > f; git add .; git commit -qm one
         printf 'a\\nb\\r\\n\\nd\\n' > f; git add .; git commit -qm two",
    );
    let (added, deleted) =
        (|text: &str| HunkLine::Added(text.to_owned()), |text: &str| HunkLine::Deleted(text.to_owned()));
    let all = [deleted(" b"), deleted("c"), added("b\r"), added(""), added("d")];
    assert_eq!(changed_lines(&git, false), all);
    assert_eq!(changed_lines(&git, true), [deleted("c"), added(""), added("d")]);
    assert_eq!(git.blob_size("HEAD").unwrap(), None);
    drop(folder);
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
    for remote in ["origin", "codecommit", "team/upstream"] {
        let (_folder, git) = repository(&format!(
            "git remote add {remote} '{}'; git fetch -q {remote}; git remote set-head {remote} trunk
             git checkout -qb mine {remote}/main",
            upstream.path().display()
        ));
        assert_eq!(git.branches().unwrap(), ["deep/er", "main", "mine", "trunk"]);
        let default = git.default_branch().unwrap().unwrap();
        assert_eq!((&*default.name, default.remote.as_deref()), ("trunk", Some(remote)));
        assert!(default.is_recorded);
        assert_eq!(git.branch_head("deep/er").unwrap(), git.resolve("HEAD").unwrap());
        assert_eq!(git.branch_head("deep").unwrap(), None);
    }
}

#[test]
fn the_head_of_the_remote_counts_before_the_local_branch() {
    let (upstream, server) = repository("git commit -qm one --allow-empty");
    let (_folder, git) = repository(&format!(
        "git remote add server '{0}'; git fetch -q server; git reset -q --hard server/main
         git -C '{0}' commit -qm two --allow-empty; git fetch -q server; git commit -qm mine --allow-empty",
        upstream.path().display()
    ));
    let default = git.default_branch().unwrap().unwrap();
    assert_eq!(Some(default.head.clone()), server.resolve("HEAD").unwrap());
    assert!(!default.is_recorded && default.remote.as_deref() == Some("server"), "{default:?}");
    assert_eq!(git.branch_head("main").unwrap(), git.resolve("main").unwrap(), "a pushed branch is local");
    assert_eq!(git.newest_head("main").unwrap(), server.resolve("HEAD").unwrap(), "they diverged");
}

#[test]
fn a_clone_without_remote_branches_has_a_local_default_branch() {
    let (_folder, git) = repository("git commit -qm one --allow-empty; git branch trunk; git checkout -qb x");
    let default = git.default_branch().unwrap().unwrap();
    assert_eq!((&*default.name, default.remote), ("main", None));
    let (_folder, git) = repository("git checkout -qb trunk; git commit -qm one --allow-empty; git branch x");
    assert_eq!(git.default_branch().unwrap().unwrap().name, "trunk");
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

/// Clones of every kind, beside one with two commits in `main`.
fn clones() -> TempDir {
    let folder = TempDir::new().unwrap();
    shell(
        folder.path(),
        "git init -q -b main --template= main; cd main; echo a > a; git add .; git commit -qm one
         git commit -qm two --allow-empty; git worktree add -q ../linked; git pack-refs --all; cd ..
         git clone -q --bare main bare.git; git clone -q --depth 1 file://$PWD/main shallow
         git clone -q --shared main shared; ln -s main link
         git init -q -b main --template= outer
         git -c protocol.file.allow=always -C outer submodule add -q \"$PWD/main\" sub",
    );
    folder
}

#[test]
fn bare_shallow_linked_and_shared_clones_and_submodules_work() {
    let folder = clones();
    for name in
        ["main", "linked", "bare.git", "shallow", "shallow/.git", "main/.git", "shared", "link", "outer/sub"]
    {
        let git = Repository::open(&folder.path().join(name)).unwrap();
        assert_eq!(letters(&git, None, "HEAD"), ["A a"], "{name}");
    }
    let linked = Repository::open(&folder.path().join("linked")).unwrap();
    assert_eq!(linked.current_branch().unwrap().as_deref(), Some("linked"));
    shell(&folder.path().join("linked"), "git checkout -q --detach HEAD~1");
    let linked = Repository::open(&folder.path().join("linked")).unwrap();
    assert_eq!(linked.resolve("HEAD").unwrap(), linked.resolve("main~1").unwrap());
    assert_eq!(linked.resolve("HEAD@{1}").unwrap(), linked.resolve("main").unwrap(), "the reflog is its own");
}

#[test]
fn sha256_and_reftable_are_read_and_an_unknown_format_is_named() {
    let folder = TempDir::new().unwrap();
    shell(
        folder.path(),
        "git init -q -b main --object-format=sha256 sha; cd sha; echo a > a; git add .; git commit -qm 1",
    );
    let git = Repository::open(&folder.path().join("sha")).unwrap();
    assert_eq!(letters(&git, None, "HEAD"), ["A a"]);
    assert_eq!(git.resolve("main").unwrap().map(|id| id.len()), Some(64));
    shell(&folder.path().join("sha"), "git config extensions.secret true");
    let error = Repository::open(&folder.path().join("sha")).unwrap_err().to_string();
    assert!(error.contains("`extensions.secret = true` is unknown"), "{error}");
    let reftable = "git init -q -b main --ref-format=reftable ref 2>/dev/null || exit 0
                    cd ref; echo a > a; git add .; git commit -qm 1; git worktree add -q ../linked; cd ../linked; git commit -qm 2 --allow-empty";
    shell(folder.path(), reftable);
    if folder.path().join("linked").exists() {
        for (name, branch) in [("ref", "main"), ("linked", "linked")] {
            let git = Repository::open(&folder.path().join(name)).unwrap();
            assert_eq!(git.current_branch().unwrap().as_deref(), Some(branch));
            assert_eq!(git.resolve("HEAD").unwrap(), git.resolve(branch).unwrap());
            assert_eq!(git.branches().unwrap(), ["linked", "main"]);
        }
    }
}

#[test]
fn only_the_top_of_a_clone_is_opened() {
    let folder = clones();
    shell(folder.path(), "mkdir main/deep; git clone -q --bare bare.git main/deep/buried");
    let refused = |name: &str| Repository::open(&folder.path().join(name)).unwrap_err().to_string();
    let top = folder.path().canonicalize().unwrap().join("main");
    assert!(refused("main/deep").ends_with(&format!(
        "is a folder inside the clone {}; give the top of a clone, the folder that contains .git",
        top.display()
    )));
    assert!(
        refused("main/deep/buried").contains("is a bare repository inside the clone"),
        "{}",
        refused("main/deep/buried")
    );
    assert_eq!(Repository::top_above(&folder.path().join("main/deep/buried")), Some(top));
    assert!(Repository::open_bare(&folder.path().join("main/deep/buried")).is_ok());
    for (file, content) in [("x/.git", "gitdir: ../nowhere\n"), ("y/.git", "nonsense")] {
        std::fs::create_dir(folder.path().join(file).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(file), content).unwrap();
        assert!(refused(file.trim_end_matches("/.git")).contains("its .git file names"), "{file}");
    }
}

#[test]
fn revisions_are_gits() {
    let (_folder, git) = repository(
        "git commit -qm 'fix: the first' --allow-empty; git commit -qm two --allow-empty; git tag -am t v1
         git checkout -qb topic; git branch -q --set-upstream-to=main topic; git commit -qm three --allow-empty",
    );
    for (rev, same) in [
        (":/first", "main~1"),
        (":/^fix: the", "main~1"),
        ("HEAD^{/two}", "main"),
        ("@{u}", "main"),
        ("topic@{upstream}", "main"),
        ("v1^{}", "main"),
        ("@{-1}", "main"),
    ] {
        assert_eq!(git.resolve(rev).unwrap(), git.resolve(same).unwrap(), "{rev}");
        assert!(git.resolve(rev).unwrap().is_some(), "{rev}");
    }
    assert_eq!(git.resolve(":/no such text").unwrap(), None);
    assert_eq!(git.resolve(":file").unwrap(), None);
}

#[test]
fn the_working_tree_is_read_before_it_is_committed() {
    let (folder, git) = repository(
        "printf '*.log\\n' > .gitignore; echo a > changed; echo a > deleted; echo a > same; echo a > renamed
         printf 'crlf text eol=crlf\\n' > .gitattributes; printf 'a\\r\\n' > crlf
         git add .; git commit -qm one; echo b > changed; rm deleted; git mv renamed moved; echo s > staged; git add staged
         echo u > untracked; echo i > ignored.log; mkdir -p d; echo d > d/new; chmod +x same
         git init -q nested; touch crlf; echo excluded > x; mkdir -p .git/info; echo x > .git/info/exclude
         sleep 0; git rm -q --cached same; git add same",
    );
    let commit = git.commit_of_work_tree().unwrap();
    let expected =
        ["M changed", "A d/new", "D deleted", "A moved", "D renamed", "M same", "A staged", "A untracked"];
    assert_eq!(letters(&git, Some("HEAD"), &commit), expected);
    assert_eq!(git.merge_base(&commit, "HEAD").unwrap(), git.resolve("HEAD").unwrap());
    assert_eq!(git.file(&commit, "untracked").unwrap().map(|file| file.content), Some(b"u\n".to_vec()));
    let again = Repository::open(folder.path()).unwrap();
    assert_eq!(again.resolve(&commit).unwrap(), None, "nothing was written to the clone");
}

#[test]
fn the_working_tree_of_an_empty_and_of_a_conflicting_clone_is_read() {
    let (_folder, git) = repository("echo a > a");
    assert_eq!(letters(&git, None, &git.commit_of_work_tree().unwrap()), ["A a"]);
    let (_folder, git) = repository(
        "echo a > a; git add .; git commit -qm one; git checkout -qb x; echo b > a; git commit -qam two
         git checkout -q main; echo c > a; git commit -qam three; git merge -q x >/dev/null || true",
    );
    assert_eq!(letters(&git, Some("HEAD"), &git.commit_of_work_tree().unwrap()), ["M a"]);
    let (_folder, git) = repository(
        "mkdir d; echo a > d/x; echo a > a; git add .; git commit -qm one
         rm -r a d; mkdir a; echo b > a/y; echo b > d",
    );
    let replaced = letters(&git, Some("HEAD"), &git.commit_of_work_tree().unwrap());
    assert_eq!(replaced, ["D a", "A a/y", "A d", "D d/x"]);
    let folder = clones();
    let bare = Repository::open(&folder.path().join("bare.git")).unwrap();
    assert!(bare.commit_of_work_tree().unwrap_err().to_string().contains("which has no working tree"));
    let outer = folder.path().join("outer");
    shell(&outer, "git commit -qm one; git -C sub checkout -q HEAD~1; echo dirty > sub/a");
    let git = Repository::open(&outer).unwrap();
    assert_eq!(letters(&git, Some("HEAD"), &git.commit_of_work_tree().unwrap()), ["M sub"]);
    let linked = Repository::open(&folder.path().join("linked")).unwrap();
    shell(&folder.path().join("linked"), "echo b > b; git add b; git update-index --split-index; echo c > c");
    assert_eq!(letters(&linked, Some("HEAD"), &linked.commit_of_work_tree().unwrap()), ["A b", "A c"]);
}

#[test]
fn a_partial_clone_fetches_nothing() {
    let folder = clones();
    shell(
        folder.path(),
        "git -C main config uploadpack.allowFilter true
         git clone -q --no-checkout --filter=blob:none file://$PWD/main partial",
    );
    let git = Repository::open(&folder.path().join("partial")).unwrap();
    assert_eq!(letters(&git, None, "HEAD"), ["A a"]);
    assert!(git.file("HEAD", "a").is_err(), "the blob is missing, and stays so");
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
    git.commit_of_work_tree().unwrap();
    assert_eq!(list(), before);
    let command = isolated_command(folder.path());
    let git_dir = command.get_envs().find(|(name, _)| *name == "GIT_DIR").and_then(|(_, value)| value);
    assert_eq!(git_dir, Some(folder.path().as_os_str()), "not that of the caller");
}
