//! `explain` in clones as people have them: what it takes from the clone, and what the clone may not do.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const RULES: &str = r#"[[pipeline]]
name = "web"
repository = "shop"
branches = ["*"]
paths = ["services/web/**", "!**/*.md"]
ignore = ["*.test.ts"]
ignore-file = ".pipelineignore"
"#;

const URL: &str = "codecommit::eu-west-1://profile@shop";

/// An upstream repository with a commit on `main`, a clone of it, and the rules beside them.
struct Clones(TempDir);

impl Clones {
    /// The remote is called `remote`.
    fn new(remote: &str) -> Self {
        let clones = Self(TempDir::new().expect("a temporary folder"));
        std::fs::write(clones.path("rules.toml"), RULES).expect("the folder is ours");
        clones.shell(&format!(
            "git init -q -b main up; cd up; mkdir -p services/web; echo 1 > services/web/app.ts
             echo 1 > services/web/README.md; git add .; git commit -qm 'fix: the first'; cd ..
             git clone -q -o {remote} up clone"
        ));
        clones
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn shell(&self, script: &str) {
        let mut command = Command::new("sh");
        for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
            command.env(name, "a");
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let done = command.args(["-ec", script]).current_dir(self.0.path()).status();
        assert!(done.expect("there is a shell").success(), "{script}");
    }

    /// `explain` in the folder, and what it printed to stdout without the first line, which has ids.
    fn explain(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.output(folder, arguments);
        let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or(text)
    }

    fn refused(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.output(folder, arguments);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("it prints UTF-8")
    }

    fn output(&self, folder: &str, arguments: &[&str]) -> Output {
        pointsman(
            &self.path(folder),
            &[&["explain", "--config", text(&self.path("rules.toml"))], arguments].concat(),
        )
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}

fn pointsman(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("POINTSMAN_NOW")
        .output()
        .expect("it was built")
}

#[test]
fn the_folder_the_remote_and_the_current_branch_are_the_defaults() {
    let clones = Clones::new("origin");
    clones.shell(&format!("cd clone; git remote set-url origin {URL}; git checkout -qb topic; echo 2 > services/web/app.ts; git commit -qam 2"));
    for folder in ["clone", "clone/services/web"] {
        let output = clones.output(folder, &["HEAD~1..HEAD"]);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            printed.starts_with("shop refs/heads/topic "),
            "{printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(printed.contains("start  web"), "{printed}");
    }
}

#[test]
fn the_rules_may_be_in_a_folder_above() {
    let clones = Clones::new("origin");
    clones.shell("mkdir clone/config; cp rules.toml clone/config/pointsman.toml");
    let path = ["explain", "--path", "app.ts"];
    let output = pointsman(&clones.path("clone/services/web"), &path);
    assert!(String::from_utf8_lossy(&output.stdout).contains("start  web"), "{output:?}");
    let output = pointsman(&clones.path("up"), &path);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("cannot read the rules file config/pointsman.toml"), "{error}");
}

#[test]
fn without_a_codecommit_url_the_rules_name_the_repository_if_they_name_only_one() {
    let clones = Clones::new("origin");
    assert!(clones.explain("clone", &["..HEAD"]).contains("web"));
    let two = format!("{RULES}[[pipeline]]\nname = \"x\"\nrepository = \"other\"\n");
    std::fs::write(clones.path("rules.toml"), two).expect("the folder is ours");
    let error = clones.refused("clone", &["..HEAD"]);
    assert!(error.contains("name the repository with --repository: other and shop"), "{error}");
    clones.shell("git -C clone checkout -q --detach");
    let error = clones.refused("clone", &["--repository", "shop", "..HEAD"]);
    assert!(error.contains("name the pushed branch or tag with --branch or --tag"), "{error}");
}

#[test]
fn a_new_branch_is_compared_with_the_head_of_the_remote_and_not_with_an_old_local_branch() {
    for remote in ["origin", "codecommit"] {
        let clones = Clones::new(remote);
        clones.shell(&format!(
            "cd up; echo 2 > services/web/app.ts; git commit -qam 2; cd ../clone; git fetch -q
             git checkout -qb feature {remote}/main; echo x > notes; git add .; git commit -qm x"
        ));
        let printed = clones.explain("clone", &["..HEAD"]);
        assert!(printed.contains("skip   web  the only changed file matches none"), "{printed}");
        assert!(!printed.contains("is assumed"), "{printed}");
        clones.shell(&format!("git -C clone remote set-head {remote} --delete"));
        let printed = clones.explain("clone", &["..HEAD"]);
        assert!(printed.contains("does not record the default branch of"), "{printed}");
        assert!(printed.contains("skip   web  the only changed file"), "{printed}");
    }
}

#[test]
fn replay_compares_a_new_branch_with_the_head_of_the_remote_too() {
    let clones = Clones::new("codecommit");
    clones.shell(
        "cd up; echo 2 > services/web/app.ts; git commit -qam 2; cd ../clone; git fetch -q
         git checkout -qb feature codecommit/main; echo x > notes; git add .; git commit -qm x",
    );
    let id = Command::new("git").arg("-C").arg(clones.path("clone")).args(["rev-parse", "HEAD"]).output();
    let id = String::from_utf8(id.expect("git is installed").stdout).expect("an id");
    std::fs::write(clones.path("push.json"), EVENT.replace("ID", id.trim()).replace("NEW", "feature"))
        .expect("the folder is ours");
    let replay = [
        "replay",
        "push.json",
        "--function",
        "pipeline-trigger",
        "--repo",
        "shop=clone",
        "--config",
        "rules.toml",
    ];
    let output = pointsman(&clones.path("."), &replay);
    let printed = String::from_utf8(output.stdout).expect("it prints UTF-8");
    assert!(printed.contains("skip   web  the only changed file matches none"), "{printed}");
}

#[test]
fn a_default_branch_that_is_only_local_or_missing_is_noted() {
    let clones = Clones::new("origin");
    clones.shell("cd clone; git remote remove origin; git checkout -qb feature; echo x > notes; git add .; git commit -qm x");
    let printed = clones.explain("clone", &["..HEAD"]);
    assert!(printed.contains("note   feature: the clone has no remote-tracking branch"), "{printed}");
    clones.shell("cd clone; git branch -m main one; git branch two; git checkout -q --detach");
    let printed = clones.explain("clone", &["--branch", "feature", "..HEAD"]);
    assert!(printed.contains("note   feature: the clone shows no default branch"), "{printed}");
}

#[test]
fn the_working_tree_can_be_tried_before_it_is_committed() {
    let clones = Clones::new("origin");
    clones.shell(
        "cd clone; printf '* filter=x\\n' > .git/info/attributes; git config filter.x.clean 'touch RAN; cat'",
    );
    assert!(clones.explain("clone", &["WORKTREE"]).contains("no file changed"));
    clones.shell("cd clone; echo new > services/web/new.ts");
    let printed = clones.explain("clone", &["WORKTREE"]);
    assert!(printed.contains("`services/web/new.ts` matches `services/web/**`"), "{printed}");
    assert!(printed.contains("stands for the working tree"), "{printed}");
    clones.shell("cd clone; echo new.ts > .pipelineignore");
    let printed = clones.explain("clone", &["HEAD..WORKTREE"]);
    assert!(
        printed.contains("is ignored by `new.ts`"),
        "the ignore file counts before it is committed: {printed}"
    );
    clones.shell("cd clone; rm .pipelineignore; git checkout -qb x; git add .; git commit -qm x; echo 3 > services/web/app.ts; rm RAN");
    let printed = clones.explain("clone", &["--all", "..WORKTREE"]);
    assert!(
        printed.contains("\tservices/web/app.ts") && printed.contains("\tservices/web/new.ts"),
        "{printed}"
    );
    assert!(!clones.path("clone/RAN").exists(), "no filter runs");
}

#[test]
fn one_path_is_answered_with_every_pattern_that_matches_it() {
    let clones = Clones::new("origin");
    let printed = clones.explain("clone", &["--path", "services/web/README.md"]);
    let expected = "\nweb\n    rules.toml:5:10:services/web/**\tservices/web/README.md\n  * rules.toml:5:29:!**/*.md\tservices/web/README.md\n";
    assert!(printed.ends_with(expected), "{printed}");
    let printed = clones.explain("clone/services", &["--path", "web/app.test.ts"]);
    assert!(printed.contains("  * rules.toml:6:11:*.test.ts\tservices/web/app.test.ts\n"), "{printed}");
    assert!(printed.contains("`services/web/app.test.ts` is ignored by `*.test.ts`"), "{printed}");
    let printed = clones.explain("clone", &["--path", "elsewhere"]);
    assert!(printed.contains("skip   web") && !printed.contains("elsewhere\n"), "{printed}");
    let error = clones.refused("clone", &["--path", "../up/x"]);
    assert!(error.contains("is not in the clone"), "{error}");
    for (folder, path) in [("clone", "services/web"), ("clone/services", "."), ("clone", "./services/")] {
        assert!(clones.refused(folder, &["--path", path]).contains("is a folder"), "{path}");
    }
    assert!(clones.refused("clone", &["--path", ""]).contains("the top of the clone is a folder"));
    let error = clones.refused("clone", &["--path", "../\u{1b}[31m"]);
    assert!(error.contains(r"../\u{1b}[31m is not in the clone"), "{error}");
    let output = clones.output("clone", &["--path", "services/web/README.md", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(json["files"][0]["files"][0]["patterns"][1]["decides"], true, "{json}");
}

#[test]
fn all_lists_every_file_that_a_pattern_decides() {
    let clones = Clones::new("origin");
    clones.shell("cd clone; for file in a.ts b.ts c.md d.test.ts; do echo x > services/web/$file; done; echo x > other; git add .; git commit -qm x");
    let printed = clones.explain("clone", &["--all", "HEAD~1..HEAD"]);
    for line in [
        "  start  rules.toml:5:10:services/web/**\tservices/web/a.ts\n",
        "  start  rules.toml:5:10:services/web/**\tservices/web/b.ts\n",
        "  skip   rules.toml:5:29:!**/*.md\tservices/web/c.md\n",
        "  skip   rules.toml:6:11:*.test.ts\tservices/web/d.test.ts\n",
        "  1 changed file without a pattern\n",
    ] {
        assert!(printed.contains(line), "`{line}` is not in\n{printed}");
    }
}

/// A rule with a group that uses another, and a default rule.
const GROUPS: &str = r#"[[pipeline]]
name = "web"
repository = "shop"
paths = ["services/web/**"]
uses = ["ui"]

[[pipeline]]
name = "rest"
repository = "shop"
default = true

[[group]]
name = "ui"
paths = ["libs/ui/**"]
uses = ["tokens"]

[[group]]
name = "tokens"
paths = ["libs/**", "!libs/ui/**", "!libs/docs/**"]
"#;

#[test]
fn the_groups_of_a_pattern_are_named() {
    let clones = Clones::new("origin");
    std::fs::write(clones.path("rules.toml"), GROUPS).expect("the folder is ours");
    let printed = clones.explain("clone", &["--path", "libs/ui/a.ts"]);
    for part in [
        "start  web",
        "skip   rest",
        "\nweb\n  * rules.toml:14:10:libs/ui/** (group ui)\tlibs/ui/a.ts\n",
        "    rules.toml:19:10:libs/** (group tokens, used by ui)\tlibs/ui/a.ts\n",
        "    rules.toml:19:21:!libs/ui/** (group tokens, used by ui)\tlibs/ui/a.ts\n",
        "\nrest\n  * rules.toml:14:10:libs/ui/**\tlibs/ui/a.ts\n",
    ] {
        assert!(printed.contains(part), "`{part}` is not in\n{printed}");
    }
    clones.shell("cd clone; mkdir -p libs/docs; for file in libs/a libs/docs/b other; do echo x > $file; done; git add .; git commit -qm x");
    let printed = clones.explain("clone", &["--all", "HEAD~1..HEAD"]);
    for part in [
        "\nweb\n  start  rules.toml:19:10:libs/** (group tokens, used by ui)\tlibs/a\n  2 changed files without a pattern\n",
        "\nrest\n  skip   rules.toml:19:10:libs/**\tlibs/a\n  start  no pattern\tlibs/docs/b\n  start  no pattern\tother\n",
    ] {
        assert!(printed.contains(part), "`{part}` is not in\n{printed}");
    }
    let output = clones.output("clone", &["--path", "libs/a", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(json["files"][0]["files"][0]["patterns"][0]["groups"], serde_json::json!(["tokens", "ui"]));
}

#[test]
fn a_pattern_of_a_group_that_nearly_matches_is_hinted_at() {
    let clones = Clones::new("origin");
    let rules = GROUPS.replace("\"libs/ui/**\"]\nuses", "\"libs/ui\"]\nuses");
    std::fs::write(clones.path("rules.toml"), rules).expect("the folder is ours");
    let printed = clones.explain("clone", &["--path", "libs/ui/a.ts"]).replace("\n         ", " ");
    assert!(printed.contains("matches a folder of `libs/ui/a.ts`"), "{printed}");
}

#[test]
fn a_line_that_re_includes_a_file_decides_as_for_git() {
    let clones = Clones::new("origin");
    let rules = RULES.replace("paths = [\"services/web/**\", \"!**/*.md\"]\n", "").replace(".test.ts", ".md");
    std::fs::write(clones.path("rules.toml"), rules).expect("the folder is ours");
    clones.shell("cd clone; printf '!README.md\\n!*.txt\\n' > .pipelineignore; git add .; git commit -qm x");
    let printed = clones.explain("clone", &["--path", "a.txt"]);
    assert!(
        printed.contains("start  web") && printed.contains("  * .pipelineignore:2:!*.txt\ta.txt"),
        "{printed}"
    );
    let printed = clones.explain("clone", &["--path", "README.md"]);
    assert!(
        printed.contains("skip   web") && printed.contains("  * rules.toml:5:11:*.md\tREADME.md"),
        "{printed}"
    );
}

/// `explain` of a push that changes `file`, with `paths` in the rule.
fn hint(clones: &Clones, paths: &str, file: &str) -> String {
    let rules = RULES.replace("\"services/web/**\", \"!**/*.md\"", paths);
    std::fs::write(clones.path("rules.toml"), rules).expect("the folder is ours");
    clones.shell(&format!(
        "cd clone; mkdir -p $(dirname {file}); date +%N >> {file}; git add .; git commit -qm x"
    ));
    clones.explain("clone", &["HEAD~1..HEAD"]).replace("\n         ", " ")
}

#[test]
fn a_pattern_that_nearly_matches_is_hinted_at() {
    let clones = Clones::new("origin");
    let printed = hint(&clones, "\"services/web\"", "services/web/app.ts");
    assert!(printed.contains("matches a folder of `services/web/app.ts`"), "{printed}");
    let printed = clones.explain("clone", &["--path", "services/web/new.ts"]).replace("\n         ", " ");
    assert!(printed.contains("matches a folder of `services/web/new.ts`"), "{printed}");
    let printed = hint(&clones, "\"Services/Web/**\"", "services/web/app.ts");
    assert!(printed.contains("matches `services/web/app.ts` only in another case"), "{printed}");
    let printed = hint(&clones, "\"**\", \"!services\"", "services/web/app.ts");
    assert!(printed.contains("start  web") && printed.contains("`!services`"), "{printed}");
    let printed = hint(&clones, "\"libs/**\"", "services/web/app.ts");
    assert!(!printed.contains("note"), "{printed}");
    clones.shell(
        "cd clone; git -c protocol.file.allow=always submodule add -q ../up vendored; git commit -qm sub",
    );
    let printed = clones.explain("clone", &["--all", "HEAD~1..HEAD"]);
    assert!(!printed.contains("submodule"), "{printed}");
    let printed = hint(&clones, "\"vendored/**\"", "other");
    assert!(!printed.contains("submodule"), "it did not change: {printed}");
    clones.shell("cd clone; git update-index --cacheinfo 160000,1111111111111111111111111111111111111111,vendored; git commit -qm x");
    let printed = clones.explain("clone", &["HEAD~1..HEAD"]).replace("\n         ", " ");
    assert!(printed.contains("`vendored` is a submodule"), "{printed}");
    let branches = RULES.replace("[\"*\"]", "[\"Main\"]");
    std::fs::write(clones.path("rules.toml"), branches).expect("the folder is ours");
    let printed = clones.explain("clone", &["HEAD~1..HEAD"]);
    assert!(printed.contains("`Main`") && printed.contains("another case"), "{printed}");
}

#[test]
fn a_commit_can_be_named_by_its_message() {
    let clones = Clones::new("origin");
    clones.shell("cd clone; echo 2 > services/web/app.ts; git commit -qam 2");
    for range in [":/the first..HEAD", ":/^fix:..", "HEAD^{/first}..HEAD", "@{u}.."] {
        assert!(clones.explain("clone", &[range]).contains("start  web"), "{range}");
    }
    assert!(clones.refused("clone", &[":/nothing..HEAD"]).contains("`:/nothing` is not a commit of"));
}

#[test]
fn only_the_top_of_a_clone_can_be_named() {
    let clones = Clones::new("origin");
    clones.shell("git clone -q --bare up clone/buried");
    let error = clones.refused("clone", &["--repo", "services", "..HEAD"]);
    assert!(error.contains("is a folder inside the clone"), "{error}");
    let error = clones.refused("clone", &["--repo", "buried", "..HEAD"]);
    assert!(error.contains("is a bare repository inside the clone"), "{error}");
}

/// The first push of the branch NEW, at the commit ID.
const EVENT: &str = r#"{"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
    "time": "2026-03-02T10:00:00Z", "detail": {"event": "referenceCreated", "repositoryName": "shop",
    "referenceType": "branch", "referenceName": "NEW", "referenceFullName": "refs/heads/NEW", "commitId": "ID"}}"#;

/// The keys of git's configuration that name a program.
const PROGRAMS: &str = include_str!("../../crates/git-reader/tests/programs-in-configuration.txt");

#[test]
fn a_hostile_clone_runs_nothing_in_explain_and_replay() {
    let clones = Clones::new("origin");
    clones.shell(
        "printf '#!/bin/sh\\ntouch \"%s\"\\n' \"$PWD/RAN\" > program; chmod +x program; mkdir hooks
         for hook in post-index-change post-checkout reference-transaction; do cp program hooks/$hook; done
         cd clone; printf '* filter=x diff=x merge=x\\n' > .gitattributes; git clone -q --bare ../up buried
         git -c protocol.file.allow=always submodule add -q ../up sub; git add .; git commit -qm hostile
         echo 2 > services/web/app.ts; git commit -qam 2; echo 3 > services/web/app.ts",
    );
    let path = |name: &str| clones.path(name).display().to_string();
    let mut hostile = String::new();
    for line in PROGRAMS.lines().filter(|line| !line.starts_with('#')) {
        let (key, value) = line.split_once("  ").unwrap_or((line, "PROGRAM"));
        let value = value.trim().replace("PROGRAM", &path("program")).replace("HOOKS", &path("hooks"));
        let value = value.replace("INCLUDED", &path("included"));
        let (section, rest) = key.trim().split_once('.').expect("a key has a section");
        let (name, key) =
            rest.rsplit_once('.').map_or((String::new(), rest), |(name, key)| (format!(" \"{name}\""), key));
        hostile.push_str(&format!("[{section}{name}]\n\t{key} = \"{value}\"\n"));
    }
    std::fs::write(clones.path("included"), &hostile).expect("the folder is ours");
    for file in ["clone/.git/config", "clone/buried/config", "clone/.git/modules/sub/config"] {
        let before = std::fs::read_to_string(clones.path(file)).expect("git wrote it");
        std::fs::write(clones.path(file), before + &hostile).expect("the folder is ours");
    }
    let reading: [&[&str]; 6] = [
        &["HEAD~1..HEAD"],
        &["--branch", "new", "..HEAD"],
        &["--all", "HEAD~1..WORKTREE"],
        &["--path", "services/web/app.ts", "WORKTREE"],
        &["--repo", "sub", "..HEAD"],
        &["--tag", "v1", "..:/hostile"],
    ];
    for arguments in reading {
        let output = clones.output("clone", arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    clones.refused("clone", &["--repo", "buried", "..HEAD"]);
    clones.refused("clone/buried", &["--repo", ".", "..HEAD"]);
    let id = Command::new("git").args(["--git-dir", &path("up/.git"), "rev-parse", "HEAD"]).output();
    let id = String::from_utf8(id.expect("git is installed").stdout).expect("an id");
    std::fs::write(clones.path("push.json"), EVENT.replace("ID", id.trim()).replace("NEW", "new"))
        .expect("the folder is ours");
    let replay = [
        "replay",
        "../push.json",
        "--function",
        "pipeline-trigger",
        "--repo",
        "shop=.",
        "--config",
        "../rules.toml",
    ];
    let output = pointsman(&clones.path("clone"), &replay);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!clones.path("RAN").exists(), "a program of the clone's configuration ran");
}

#[test]
fn a_name_with_a_line_break_does_not_begin_a_line_of_its_own() {
    let clones = Clones::new("origin");
    let event = r#"{"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
        "time": "2026-03-02T10:00:00Z", "detail": {"event": "referenceCreated", "repositoryName": "shop\nerror: all is lost",
        "referenceType": "branch", "referenceName": "new", "referenceFullName": "refs/heads/new",
        "commitId": "1111111111111111111111111111111111111111"}}"#;
    std::fs::write(clones.path("push.json"), event).expect("the folder is ours");
    let replay = ["replay", "push.json", "--function", "pipeline-trigger", "--config", "rules.toml"];
    let error = String::from_utf8(pointsman(&clones.path("."), &replay).stderr).expect("it prints UTF-8");
    assert!(error.contains("no repository serves as `shop\\nerror: all is lost`"), "{error}");
    assert!(!error.lines().any(|line| line.starts_with("error:")), "{error}");
}

#[test]
fn lines_are_compared_in_the_clone_and_all_shows_the_pattern_that_ignores_them() {
    let clones = Clones::new("origin");
    let rules = "[[pipeline]]\nname = \"web\"\nrepository = \"shop\"\nignore-lines = ['^v[0-9]+$']\n";
    std::fs::write(clones.path("rules.toml"), rules).expect("the folder is ours");
    clones.shell(
        "cd clone; echo v1 > version; git add .; git commit -qm one; echo v2 > version; git commit -qam two",
    );
    let arguments = ["--repository", "shop", "--branch", "main", "--all", "HEAD~1..HEAD"];
    let shown = clones.explain("clone", &arguments);
    assert!(shown.contains("`version` differs in 2 lines, and each is ignored"), "{shown}");
    assert!(shown.contains("4:17:^v[0-9]+$"), "{shown}");
    assert!(!shown.contains("  * "), "no file starts the pipeline: {shown}");
    let first = ["--repository", "shop", "--branch", "main", "HEAD~2..HEAD"];
    assert!(clones.explain("clone", &first).contains("start"), "an added file counts");
}

#[test]
fn rules_of_images_and_objects_are_said_not_to_be_asked() {
    let clones = Clones::new("origin");
    let rules = "[[pipeline]]\nname = \"web\"\nimage = \"shop/web\"\n";
    std::fs::write(clones.path("rules.toml"), rules).expect("the folder is ours");
    let named = clones.explain("clone", &["--repository", "shop", "..HEAD"]);
    let words = named.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1 rule with `image` or `bucket` is not asked"), "{named}");
    let refused = clones.refused("clone", &["..HEAD"]);
    assert!(refused.contains("no rule has a `repository`"), "{refused}");
    std::fs::write(clones.path("rules.toml"), RULES).expect("the folder is ours");
    let of_pushes = clones.explain("clone", &["--repository", "shop", "..HEAD"]);
    assert!(!of_pushes.contains("not asked"), "{of_pushes}");
}
