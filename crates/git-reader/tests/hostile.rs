//! Reads clones whose configuration names programs, and looks whether any program ran.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use git_reader::Repository;

const PROGRAMS: &str = include_str!("programs-in-configuration.txt");

/// Keys without which git cannot read a repository at all; their values name no program.
const FORMATS: [&str; 2] = ["core.repositoryformatversion", "extensions."];

/// A clone with an upstream, a submodule, a bare repository in its working tree, and attributes that name drivers; beside it,
/// a program that leaves a mark.
struct Trap {
    folder: TempDir,
}

impl Trap {
    fn new() -> Self {
        let trap = Self { folder: TempDir::new().unwrap() };
        trap.shell(
            "printf '#!/bin/sh\\necho ran >> \"%s\"\\n' \"$PWD/mark\" > program; chmod +x program
             mkdir -p template/hooks
             for hook in post-index-change post-checkout pre-auto-gc reference-transaction fsmonitor-watchman pre-commit
             do cp program template/hooks/$hook; done
             git init -q -b main up; cd up; echo a > a; git add .; git commit -qm one; cd ..
             git clone -q --template=template up clone; rm -f mark; cd clone
             printf '* filter=x diff=x merge=x\\n' > .gitattributes; printf 'ignored\\n' > .gitignore
             git -c protocol.file.allow=always submodule add -q ../up sub
             git clone -q --bare ../up buried; git add -A; git commit -qm two
             echo b > a; echo u > untracked; echo d > sub/a; rm -f ../mark",
        );
        trap
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn shell(&self, script: &str) {
        let mut command = Command::new("sh");
        for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
            command.env(name, "a");
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        assert!(command.args(["-ec", script]).current_dir(self.folder.path()).status().unwrap().success());
    }

    /// The configuration files that git would read in the clone, its submodule, its bare repository and its worktree.
    fn configurations(&self) -> [PathBuf; 4] {
        [
            "clone/.git/config",
            "clone/.git/modules/sub/config",
            "clone/buried/config",
            "clone/.git/config.worktree",
        ]
        .map(|name| self.path(name))
    }

    /// Adds the keys to each configuration file.
    fn set(&self, keys: &[(String, String)]) {
        let text: String = keys.iter().map(|(key, value)| assignment(key, &self.filled(value))).collect();
        std::fs::write(self.path("included"), &text).unwrap();
        for file in self.configurations() {
            let before = std::fs::read_to_string(&file).unwrap_or_default();
            std::fs::write(&file, before + &text).unwrap();
        }
    }

    fn filled(&self, value: &str) -> String {
        let path = |name: &str| self.path(name).display().to_string();
        let value = value.replace("PROGRAM", &path("program")).replace("INCLUDED", &path("included"));
        value.replace("HOOKS", &path("template/hooks"))
    }

    /// Everything that the crate reads.
    fn read(&self) {
        let git = Repository::open(&self.path("clone")).unwrap();
        read_all(&git);
        let commit = git.commit_of_work_tree().unwrap();
        let changed = git.differences(Some("HEAD"), &commit).unwrap();
        assert!(changed.iter().any(|difference| difference.path() == "untracked"), "{changed:?}");
        read_all(&Repository::open_bare(&self.path("clone/buried")).unwrap());
        let sub = Repository::open(&self.path("clone/sub")).unwrap();
        read_all(&sub);
        sub.commit_of_work_tree().unwrap();
        assert!(Repository::open(&self.path("clone/buried")).is_err());
    }

    fn assert_nothing_ran(&self, what: &str) {
        assert!(!self.path("mark").exists(), "a program ran: {what}");
    }
}

fn read_all(git: &Repository) {
    let head = git.resolve("HEAD").unwrap().unwrap();
    assert_eq!(git.branches().unwrap(), ["main"]);
    git.default_branch().unwrap().unwrap();
    git.remotes();
    git.current_branch().unwrap();
    let base = git.resolve("HEAD~1").unwrap();
    git.differences(base.as_deref(), &head).unwrap();
    git.differences(None, &head).unwrap();
    git.merge_base(&head, "main").unwrap();
    git.commit(&head).unwrap().unwrap();
    git.file(&head, "a").unwrap().unwrap();
    git.entry(&head, "sub").unwrap();
}

/// `[section "subsection"] key = "value"`, in one line each.
fn assignment(key: &str, value: &str) -> String {
    let (section, rest) = key.split_once('.').unwrap();
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    match rest.rsplit_once('.') {
        Some((name, key)) => format!("[{section} \"{}\"]\n\t{key} = \"{}\"\n", quoted(name), quoted(value)),
        None => format!("[{section}]\n\t{rest} = \"{}\"\n", quoted(value)),
    }
}

/// The keys of the list.
fn programs() -> Vec<(String, String)> {
    let lines = PROGRAMS.lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &str| {
        let (key, value) = line.split_once("  ").unwrap_or((line, "PROGRAM"));
        (key.trim().to_owned(), value.trim().to_owned())
    };
    lines.map(entry).collect()
}

/// Every key that the installed git documents, with a name in place of each placeholder.
fn documented() -> Vec<String> {
    let output = Command::new("git").args(["help", "--config"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // gitweb.remote_heads is documented, and no name that git accepts.
    let keys = text.lines().map(str::trim).filter(|line| line.contains('.') && !line.contains([' ', '_']));
    let named = |key: &str| {
        let mut out = String::new();
        let mut depth = 0;
        for letter in key.chars() {
            match letter {
                '<' => depth += 1,
                '>' => {
                    depth -= 1;
                    out.push('x');
                }
                '*' => out.push('x'),
                letter if depth == 0 => out.push(letter),
                _ => {}
            }
        }
        out
    };
    let keys: Vec<String> = keys.map(named).collect();
    keys.into_iter()
        .filter(|key| !FORMATS.iter().any(|format| key.to_lowercase().starts_with(format)))
        .collect()
}

#[test]
fn the_trap_is_armed() {
    let trap = Trap::new();
    trap.set(&[("core.fsmonitor".to_owned(), "PROGRAM".to_owned())]);
    trap.shell("git -C clone status >/dev/null");
    assert!(trap.path("mark").exists(), "git itself runs the program");
    std::fs::remove_file(trap.path("mark")).unwrap();
    trap.shell("cd clone/buried && GIT_DIR=. GIT_WORK_TREE=.. git status >/dev/null");
    assert!(trap.path("mark").exists(), "and from the bare repository");
}

#[test]
fn no_key_that_names_a_program_runs_it() {
    let keys = programs();
    assert!(keys.len() > 60, "the list is read");
    std::thread::scope(|scope| {
        for keys in keys.chunks(keys.len().div_ceil(4)) {
            scope.spawn(move || one_by_one(keys));
        }
    });
}

fn one_by_one(keys: &[(String, String)]) {
    let trap = Trap::new();
    let before = trap.configurations().map(|file| std::fs::read(file).unwrap_or_default());
    for key in keys {
        trap.set(std::slice::from_ref(key));
        trap.read();
        trap.assert_nothing_ran(&key.0);
        for (file, content) in trap.configurations().iter().zip(&before) {
            std::fs::write(file, content).unwrap();
        }
    }
}

#[test]
fn a_missing_object_is_not_fetched() {
    let trap = Trap::new();
    let promisor = [
        ("remote.x.promisor", "true"),
        ("remote.x.url", "ext::PROGRAM"),
        ("protocol.ext.allow", "always"),
        ("extensions.partialClone", "x"),
        ("core.repositoryFormatVersion", "1"),
    ];
    trap.set(&promisor.map(|(key, value)| (key.to_owned(), value.to_owned())));
    trap.shell("cd clone; id=$(git rev-parse HEAD:.gitignore); rm .git/objects/${id%${id#??}}/${id#??}");
    let git = Repository::open(&trap.path("clone")).unwrap();
    assert!(git.file("HEAD", ".gitignore").is_err());
    assert!(git.differences(Some("HEAD~1"), "HEAD").is_ok(), "the trees are there");
    trap.assert_nothing_ran("as a promisor");
    trap.shell("git -C clone cat-file -p HEAD:.gitignore >/dev/null 2>&1 || true");
    assert!(trap.path("mark").exists(), "git itself runs the program");
}

#[test]
fn the_clone_of_another_owner_is_read() {
    let trap = Trap::new();
    let output = Command::new("chown").args(["-R", "12345"]).arg(trap.path("clone")).output().unwrap();
    // Only root may give files away.
    if output.status.success() {
        trap.read();
    }
}

#[test]
fn all_keys_together_and_included_run_nothing() {
    let trap = Trap::new();
    trap.set(&programs());
    let included = [("include.path".to_owned(), "INCLUDED".to_owned())];
    trap.read();
    trap.assert_nothing_ran("all keys");
    let trap = Trap::new();
    trap.set(&programs());
    std::fs::copy(trap.path("included"), trap.path("all")).unwrap();
    let trap_all = trap.path("all");
    for file in trap.configurations() {
        std::fs::write(&file, assignment(&included[0].0, &trap_all.display().to_string())).unwrap();
    }
    trap.read();
    trap.assert_nothing_ran("all keys, included");
}

#[test]
fn any_documented_key_may_say_anything() {
    let trap = Trap::new();
    let keys = documented();
    assert!(keys.len() > 500, "git names {} keys", keys.len());
    let keys: Vec<(String, String)> = keys.into_iter().map(|key| (key, "PROGRAM".to_owned())).collect();
    trap.set(&keys);
    trap.read();
    trap.assert_nothing_ran("every documented key");
}

#[test]
fn neither_the_folder_nor_the_callers_environment_is_a_way_in() {
    let trap = Trap::new();
    trap.set(&programs());
    // A program called git in the working tree, which a relative entry of PATH would find.
    std::fs::copy(trap.path("program"), trap.path("clone/git")).unwrap();
    let mode = std::fs::metadata(trap.path("clone/git")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    let path = std::env::var("PATH").unwrap();
    let this = std::env::current_exe().unwrap();
    let mut again = Command::new(this);
    again.args(["--exact", "read_by_another_process", "--ignored"]).current_dir(trap.path("clone"));
    again.env("PATH", format!(".::{path}")).env("TRAP", trap.path("clone"));
    again.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "core.fsmonitor");
    again.env("GIT_CONFIG_VALUE_0", trap.path("program")).env("GIT_EXTERNAL_DIFF", trap.path("program"));
    let output = again.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    trap.assert_nothing_ran("by the environment");
}

/// git 2.31 knows neither of these variables; with it, the clone may not fetch and the user's configuration may not count, too.
#[test]
fn a_git_that_does_not_know_the_newer_variables_is_as_closed() {
    let trap = Trap::new();
    trap.shell("cd clone; id=$(git hash-object .gitignore); rm .git/objects/${id%${id#??}}/${id#??}");
    let mut keys = programs();
    let more = [
        ("protocol.ext.allow", "always"),
        ("extensions.partialClone", "x"),
        ("core.repositoryFormatVersion", "1"),
    ];
    keys.extend(more.map(|(key, value)| (key.to_owned(), value.to_owned())));
    trap.set(&keys);
    trap.shell(
        "mkdir old home; git=$(command -v git)
         printf '#!/bin/sh\nunset GIT_NO_LAZY_FETCH GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM\nexec %s \"$@\"\n' \"$git\" > old/git
         chmod +x old/git; cp included home/.gitconfig",
    );
    let path = std::env::var("PATH").unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "read_by_another_process", "--ignored"]).current_dir(trap.path("clone"));
    again.env("PATH", format!("{}:{path}", trap.path("old").display()));
    again.env("TRAP", trap.path("clone")).env("HOME", trap.path("home")).env_remove("XDG_CONFIG_HOME");
    let output = again.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    trap.assert_nothing_ran("by an old git");
}

#[test]
#[ignore = "another test starts it in a process of its own"]
fn read_by_another_process() {
    let clone = std::env::var_os("TRAP").unwrap();
    let git = Repository::open(Path::new(&clone)).unwrap();
    read_all(&git);
    let _ = git.file("HEAD", ".gitignore");
    git.commit_of_work_tree().unwrap();
}
