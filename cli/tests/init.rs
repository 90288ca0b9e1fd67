//! `init` and `check --graph` in repositories as people have them, and in those of strangers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use build_graph::{BuildGraph, BuildTool, Project, ProjectDependency};
use pipeline_trigger::facts::FileVerdict;
use pipeline_trigger::matching::Candidate;
use pointsman::init::{RepositoryNames, graph_plan, written};
use shared::config::Document;
use tempfile::TempDir;

/// A clone with files, and the rules beside it.
struct Clone(TempDir);

impl Clone {
    fn new(files: &[(&str, &str)]) -> Self {
        let clone = Self(TempDir::new().expect("a temporary folder"));
        std::fs::create_dir(clone.path("storefront")).expect("the folder is ours");
        clone.git(&["init", "--quiet", "--initial-branch=main"]);
        files.iter().for_each(|(name, text)| clone.write(name, text));
        clone.git(&["add", "-A"]);
        clone.git(&["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "x"]);
        clone
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path("storefront").join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the clone")).expect("the folder is ours");
        std::fs::write(path, text).expect("the folder is ours");
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let done = command.args(arguments).current_dir(self.path("storefront")).status();
        assert!(done.expect("git is installed").success(), "git {arguments:?}");
    }

    fn pointsman(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pointsman"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("POINTSMAN_NOW")
            .output()
            .expect("it was built")
    }

    /// The rules that `init` writes, which have no problem.
    fn init(&self) -> String {
        let output = self.pointsman(&["init", "--repo", "storefront", "-o", "rules.toml"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let rules = std::fs::read_to_string(self.path("rules.toml")).expect("init wrote it");
        let check = self.pointsman(&["check", "rules.toml", "--strict"]);
        assert_eq!(check.status.code(), Some(0), "{}\n{rules}", text(&check.stderr));
        rules
    }

    fn check_graph(&self, rules: &str) -> Output {
        self.pointsman(&["check", rules, "--graph", "--repo", "storefront"])
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it prints UTF-8")
}

const MONOREPO: [(&str, &str); 12] = [
    ("package.json", r#"{ "name": "storefront", "private": true, "workspaces": ["services/*", "libs/*"] }"#),
    ("package-lock.json", r#"{ "lockfileVersion": 3, "packages": {} }"#),
    (
        "services/web/package.json",
        "{\n  \"name\": \"@shop/web\",\n  \"dependencies\": {\n    \"@shop/ui\": \"*\"\n  }\n}",
    ),
    ("services/web/app.ts", ""),
    (
        "services/api/package.json",
        "{\n  \"name\": \"@shop/api\",\n  \"dependencies\": {\n    \"@shop/money\": \"*\"\n  }\n}",
    ),
    ("services/api/app.ts", ""),
    (
        "libs/ui/package.json",
        "{\n  \"name\": \"@shop/ui\",\n  \"dependencies\": {\n    \"@shop/money\": \"*\"\n  }\n}",
    ),
    ("libs/ui/index.ts", ""),
    ("libs/money/package.json", "{\n  \"name\": \"@shop/money\"\n}"),
    ("libs/money/index.ts", ""),
    (
        ".github/workflows/docs.yml",
        "on:\n  push:\n    branches: [main]\n    paths:\n      - 'docs/**'\n      - 'v[0-9]+/*.md'\n      - '!docs/drafts/**'\n",
    ),
    (
        ".gitlab-ci.yml",
        "lint docs:\n  script: lint\n  rules:\n    - if: $CI_COMMIT_BRANCH == \"main\"\n      changes: [\"docs/**/*.md\"]\n",
    ),
];

#[test]
fn a_monorepo_gets_groups_and_rules_that_say_where_they_came_from() {
    insta::assert_snapshot!(Clone::new(&MONOREPO).init());
}

#[test]
fn what_init_writes_agrees_with_the_graph_until_a_dependency_is_added() {
    let clone = Clone::new(&MONOREPO);
    clone.init();
    let agreed = clone.check_graph("rules.toml");
    assert_eq!(agreed.status.code(), Some(0), "{}", text(&agreed.stderr));
    clone.write(
        "services/api/package.json",
        "{\n  \"name\": \"@shop/api\",\n  \"dependencies\": {\n    \"@shop/money\": \"*\",\n    \"@shop/ui\": \"*\"\n  }\n}",
    );
    let drifted = clone.check_graph("rules.toml");
    let shown = text(&drifted.stderr);
    assert_eq!(drifted.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("error[graph-drift]") && shown.contains("`libs/ui` (services/api/package.json:5)"),
        "{shown}"
    );
    assert!(shown.contains("write uses = [\"money\", \"ui\"]"), "{shown}");
    let rules = std::fs::read_to_string(clone.path("rules.toml")).expect("init wrote it");
    let (before, api) = rules.split_once("name       = \"api\"").expect("the rule is there");
    let api = api.replacen("[\"money\"]", "[\"money\", \"ui\"]", 1);
    std::fs::write(clone.path("rules.toml"), format!("{before}name       = \"api\"{api}"))
        .expect("the folder is ours");
    assert_eq!(clone.check_graph("rules.toml").status.code(), Some(0));
}

#[test]
fn rules_without_groups_get_the_missing_paths() {
    let clone = Clone::new(&MONOREPO);
    let rules = "[[pipeline]]\nname = \"web\"\nrepository = \"storefront\"\npaths = [\"services/web/**\", \"!**/*.md\"]\n";
    std::fs::write(clone.path("own.toml"), rules).expect("the folder is ours");
    let output = clone.check_graph("own.toml");
    let shown = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("`libs/ui` (services/web/package.json:4) and `libs/money` (libs/ui/package.json:4)"),
        "{shown}"
    );
    let line = "write paths = [\"services/web/**\", \"libs/ui/**\", \"libs/money/**\",";
    assert!(shown.contains(line) && shown.contains("\"!**/*.md\"]"), "{shown}");
    assert!(shown.contains("lacks 2 files") && shown.contains("`package-lock.json`"), "{shown}");
    assert!(shown.contains("note: 4 projects are in no rule"), "{shown}");
}

#[test]
fn no_file_is_overwritten_and_no_link_is_followed() {
    let clone = Clone::new(&MONOREPO);
    for name in ["rules.toml", "link.toml"] {
        match name {
            "rules.toml" => std::fs::write(clone.path(name), "mine").expect("the folder is ours"),
            _ => std::os::unix::fs::symlink("nowhere.toml", clone.path(name)).expect("the folder is ours"),
        }
        let output = clone.pointsman(&["init", "--repo", "storefront", "-o", name]);
        assert_eq!(output.status.code(), Some(3));
        assert!(text(&output.stderr).contains("init overwrites no file"), "{}", text(&output.stderr));
    }
    assert_eq!(std::fs::read_to_string(clone.path("rules.toml")).expect("it is there"), "mine");
    assert!(!clone.path("nowhere.toml").exists());
    let printed = clone.pointsman(&["init", "--repo", "storefront", "-o", "-"]);
    assert!(text(&printed.stdout).contains("[[group]]"));
}

#[test]
fn names_of_a_stranger_add_no_rule_and_move_no_cursor() {
    let evil = "\"]\\n[[pipeline]]\\nname = \\\"evil\\\"\\nrepository = \\\"prod\\\"\\u001b[2J\\u202e";
    let package = format!("{{ \"name\": \"{}\" }}", evil.replacen('"', "\\\"", 1));
    let workflow = "name: x\non: {push: {paths: [\"a\\\"]\\n[[pipeline]]\\nname = \\\"evil\\\"/**\", \"v[0-9]+\\n[[group]]\"], branches: [\"x\\\"]\\n\"]}}\n";
    let gitlab = "\"job\\n[[pipeline]]\\nname = 1\":\n  rules:\n    - if: \"$X\\n[[group]]\"\n      changes: [\"b'\\\"\\n]/*\"]\n";
    let clone = Clone::new(&[
        ("package.json", r#"{ "workspaces": ["*", "p\"]/*"] }"#),
        ("p\"]/[[pipeline]]/package.json", &package),
        ("lib/package.json", r#"{ "name": "lib", "dependencies": { "user": "*" } }"#),
        ("user/package.json", &package.replace("evil", "user")),
        (".github/workflows/'\n[[pipeline]].yml", workflow),
        (".gitlab-ci.yml", gitlab),
    ]);
    let rules = clone.init();
    let document: toml::Table = toml::from_str(&rules).expect("it is TOML");
    let tables = document["pipeline"].as_array().expect("there are rules");
    for table in tables {
        assert_eq!(table["repository"].as_str(), Some("storefront"), "{rules}");
        assert_ne!(table["name"].as_str(), Some("evil"), "{rules}");
    }
    let headers = rules.lines().filter(|line| line.trim_start().starts_with("[[")).count();
    let groups = document.get("group").and_then(|groups| groups.as_array()).map_or(0, Vec::len);
    assert_eq!(headers, tables.len() + groups, "{rules}");
    let harmless = |letter: char| letter == '\n' || (!letter.is_control() && letter != '\u{202e}');
    assert!(rules.chars().all(harmless), "{rules:?}");
}

#[test]
fn nothing_of_the_clone_runs() {
    let clone = Clone::new(&MONOREPO);
    let ran = clone.path("RAN");
    let touch = format!("touch {}", ran.display());
    for key in ["core.fsmonitor", "core.pager", "diff.external", "filter.x.clean"] {
        clone.git(&["config", key, &touch]);
    }
    clone.write(".gitattributes", "* filter=x\n");
    clone.write(
        "package.json",
        &MONOREPO[0].1.replace("private", "scripts\": { \"prepare\": \"touch RAN\" }, \"private"),
    );
    clone.init();
    assert!(!ran.exists() && !Path::new("RAN").exists());
}

#[test]
fn a_repository_without_workspaces_gets_no_rule() {
    let clone = Clone::new(&[("README.md", "")]);
    let output = clone.pointsman(&["init", "--repo", "storefront", "-o", "rules.toml"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stdout).contains("no workspace and no path filter was found"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn samples_are_one_rule_with_the_name_of_their_folder() {
    let package =
        |name: &str, uses: &str| format!("{{ \"name\": \"{name}\", \"dependencies\": {{{uses}}} }}");
    let [lib, a, b, c] = [
        package("lib", ""),
        package("a", "\"lib\": \"*\""),
        package("b", "\"lib\": \"*\""),
        package("c", ""),
    ];
    let clone = Clone::new(&[
        ("package.json", r#"{ "workspaces": ["lib", "examples/react/*"] }"#),
        ("package-lock.json", r#"{ "lockfileVersion": 3, "packages": {} }"#),
        ("lib/package.json", &lib),
        ("examples/react/a/package.json", &a),
        ("examples/react/b/package.json", &b),
        ("examples/react/c/package.json", &c),
    ]);
    let rules: toml::Table = toml::from_str(&clone.init()).expect("it is TOML");
    let all = rules["pipeline"].as_array().expect("there are rules");
    let named = |table: &&toml::Value| table["name"].as_str() == Some("examples-react");
    let samples = all.iter().find(named).unwrap_or_else(|| panic!("{rules}"));
    assert_eq!(samples["uses"].to_string(), "[\"lib\"]", "the group of the lock file is reached through it");
    assert_eq!(samples["paths"].to_string(), "[\"examples/react/*/**\"]");
}

const QUERY: &str = r#"<?xml version="1.1" encoding="UTF-8" standalone="no"?>
<query version="2">
    <rule class="java_binary" location="/home/me/storefront/app/BUILD.bazel:12:12" name="//app:app">
        <rule-input name="//app:A.java"/>
        <rule-input name="//lib:lib"/>
    </rule>
    <rule class="java_library" location="/home/me/storefront/lib/BUILD:1:13" name="//lib:lib"/>
    <rule class="java_library" location="/home/me/storefront/extra/BUILD:1:13" name="//extra:extra"/>
</query>
"#;

#[test]
fn the_output_of_bazel_query_is_a_part_of_the_graph() {
    let clone =
        Clone::new(&[("MODULE.bazel", ""), ("app/BUILD.bazel", ""), ("lib/BUILD", ""), ("extra/BUILD", "")]);
    std::fs::write(clone.path("query.xml"), QUERY).expect("the folder is ours");
    let bazel = ["--repo", "storefront", "--bazel-query", "query.xml"];
    let init = clone.pointsman(&[&["init", "-o", "rules.toml"], &bazel[..]].concat());
    assert_eq!(init.status.code(), Some(0), "{}", text(&init.stderr));
    let rules = std::fs::read_to_string(clone.path("rules.toml")).expect("init wrote it");
    let uses = "# uses: app/BUILD.bazel:12\n[[pipeline]]\nname       = \"app\"";
    assert!(rules.contains(uses) && rules.contains("uses       = [\"lib\"]"), "{rules}");
    let check = |query: &str| {
        std::fs::write(clone.path("query.xml"), query).expect("the folder is ours");
        let output = clone.pointsman(&[&["check", "rules.toml", "--graph"], &bazel[..]].concat());
        (output.status.code(), text(&output.stderr))
    };
    let (code, shown) = check(QUERY);
    assert_eq!(code, Some(0), "{shown}");
    let input = "<rule-input name=\"//lib:lib\"/>";
    let (code, shown) = check(&QUERY.replace(input, &format!("{input}<rule-input name=\"//extra:extra\"/>")));
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("`extra` (app/BUILD.bazel:12)"), "{shown}");
    assert!(shown.contains("write paths = [\"app/**\", \"extra/**\"]"), "{shown}");
    for unread in ["", "ERROR: no such package", &QUERY[..QUERY.len() / 2]] {
        let (code, shown) = check(unread);
        assert_eq!(code, Some(3), "{unread}: {shown}");
        assert!(shown.contains("query.xml"), "{shown}");
    }
    let (code, shown) = check(QUERY);
    assert_eq!(code, Some(0), "{shown}");
}

#[test]
fn what_a_rule_ignores_is_left_out_on_purpose() {
    let clone = Clone::new(&MONOREPO);
    let check = |web: &str, group: &str| {
        let web = format!("[[pipeline]]\nname = \"web\"\nrepository = \"storefront\"\n{web}\n");
        std::fs::write(clone.path("own.toml"), format!("{web}{group}")).expect("the folder is ours");
        let output = clone.check_graph("own.toml");
        (output.status.code(), text(&output.stderr))
    };
    let web = "paths = [\"services/web/**\", \"package*.json\"]";
    let (code, shown) = check(&format!("{web}\nignore = [\"/libs/ui/\"]"), "");
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("graph-drift"), "{shown}");
    let (code, shown) = check(&format!("{web}\nignore = [\"/libs/ui/*.ts\"]"), "");
    assert_eq!(code, Some(1), "a file of it still counts: {shown}");
    let (code, shown) =
        check("paths = [\"services/web/**\"]\nignore = [\"/libs/ui/\", \"package*.json\"]", "");
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("package-lock.json"), "{shown}");

    let group = "[[group]]\nname = \"ui\"\npaths = [\"libs/ui/**\", \"package*.json\"]\n";
    let ignoring = "paths = [\"services/web/**\"]\nuses = [\"ui\"]\nignore = [\"/libs/money/\"]";
    let (code, shown) = check(ignoring, group);
    assert_eq!(code, Some(0), "{shown}");
    let other = "[[pipeline]]\nname = \"other\"\nrepository = \"storefront\"\nuses = [\"ui\"]\n";
    let (code, shown) = check(ignoring, &format!("{other}{group}"));
    assert_eq!(code, Some(1), "another rule needs it: {shown}");
    assert!(shown.contains("the group `ui` lacks 1 project"), "{shown}");
}

#[test]
fn the_line_for_files_has_the_missing_projects_too() {
    let clone = Clone::new(&MONOREPO);
    let rules = "[[pipeline]]\nname = \"web\"\nrepository = \"storefront\"\npaths = [\"services/web/**\"]\n";
    let groups = "[[group]]\nname = \"lock\"\npaths = [\"package*.json\"]\n\
                  [[group]]\nname = \"libs\"\npaths = [\"libs/**\"]\n";
    std::fs::write(clone.path("own.toml"), format!("{rules}{groups}")).expect("the folder is ours");
    let shown = text(&clone.check_graph("own.toml").stderr);
    assert!(shown.contains("write uses = [\"libs\"]"), "{shown}");
    assert!(shown.contains("write uses = [\"libs\", \"lock\"]"), "{shown}");
    let whole = format!("{rules}uses = [\"libs\", \"lock\"]\n{groups}");
    std::fs::write(clone.path("own.toml"), whole).expect("the folder is ours");
    let output = clone.check_graph("own.toml");
    assert_eq!(output.status.code(), Some(0));
    assert!(!text(&output.stderr).contains("graph-drift"), "{}", text(&output.stderr));
}

#[test]
fn what_a_filter_excludes_is_ignored_and_not_added() {
    let workflow =
        "on:\n  push:\n    branches: [main]\n    paths: ['services/web/**', 'libs/**', '!libs/ui/**']\n";
    let mut files = MONOREPO.to_vec();
    files[10].1 = workflow;
    let clone = Clone::new(&files);
    let rules = clone.init();
    let (_, docs) = rules.split_once("name       = \"docs\"").expect("the workflow has a rule");
    let (docs, _) = docs.split_once("\n\n").expect("another rule follows");
    assert!(docs.contains("ignore     = [\"/libs/ui/\"]"), "{docs}");
    assert!(!docs.contains("\"ui\"") && docs.contains("uses       = [\"npm-workspace\"]"), "{docs}");
    assert!(
        rules.contains("# ignore: projects in `paths` depend on them, and the filter excludes them"),
        "{rules}"
    );
    assert_eq!(clone.check_graph("rules.toml").status.code(), Some(0));
}

#[test]
fn modules_of_go_are_named_by_their_folders() {
    let module = |path: &str| format!("module {path}\n\ngo 1.24\n");
    let [root, pkg, client, api] = [
        module("go.example.com/store/v3"),
        module("go.example.com/store/pkg/v3"),
        module("go.example.com/store/client/pkg/v3"),
        module("go.example.com/store/api/v3"),
    ];
    let clone = Clone::new(&[
        ("go.work", "go 1.24\n\nuse (\n\t.\n\t./pkg\n\t./client/pkg\n\t./api\n)\n"),
        ("go.mod", &root),
        ("pkg/go.mod", &pkg),
        ("client/pkg/go.mod", &client),
        ("api/go.mod", &api),
    ]);
    let rules: toml::Table = toml::from_str(&clone.init()).expect("it is TOML");
    let names = rules["pipeline"].as_array().expect("there are rules");
    let names: BTreeSet<&str> = names.iter().filter_map(|table| table["name"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["api", "client-pkg", "pkg", "store"]));
}

/// Small numbers without a pattern, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// A graph with nested folders, two kinds of manifests, circles and shared files.
fn graph(numbers: &mut Numbers) -> (BuildGraph, BTreeSet<String>) {
    let mut folders: BTreeSet<String> = BTreeSet::new();
    while folders.len() < 12 {
        let parts = ["a", "b", "p", "examples", "x[1]"];
        let depth = numbers.below(4);
        folders.insert((0..depth).map(|_| parts[numbers.below(5)]).collect::<Vec<_>>().join("/"));
    }
    let folders: Vec<String> = folders.into_iter().collect();
    let below = |folder: &str, name: &str| {
        if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
    };
    let mut files: BTreeSet<String> =
        ["Cargo.lock", "pnpm-lock.yaml", "README.md", "a/notes", "p/q/r", "z/z"].map(str::to_owned).into();
    let mut projects = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        let tool = if numbers.below(3) == 0 { BuildTool::Pnpm } else { BuildTool::Cargo };
        let manifest = below(folder, tool.manifest_name());
        files.extend([manifest.clone(), below(folder, "one.rs"), below(folder, "src/two.rs")]);
        let depends_on = (0..numbers.below(4)).map(|_| {
            // Few dependencies go backwards, so that some projects are in a circle, and not all.
            let other =
                if numbers.below(8) == 0 { numbers.below(12) } else { number + numbers.below(12 - number) };
            ProjectDependency {
                folder: folders[other].clone(),
                manifest: manifest.clone(),
                line: Some(number),
            }
        });
        let depends_on = depends_on.collect::<Vec<_>>();
        let lock = if tool == BuildTool::Cargo { "Cargo.lock" } else { "pnpm-lock.yaml" };
        let shared_files = BTreeSet::from([lock.to_owned()]);
        projects.push(Project {
            name: format!("p{number}"),
            folder: folder.clone(),
            tool,
            manifest,
            depends_on,
            shared_files,
        });
    }
    (BuildGraph { projects, gaps: Vec::new() }, files)
}

/// The pipelines that a change of each file starts, as the function decides.
fn started(rules: &str, files: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let document = Document::new("rules.toml", rules);
    let mut problems = Vec::new();
    let rules = pipeline_trigger::rules::read(&document, &mut problems);
    assert_eq!(problems, [], "{}", document.text());
    let starts = |file: &String| {
        let starting = rules.pipelines.iter().filter(|rule| {
            let candidate = Candidate { rule, ignore_file: &[] };
            matches!(candidate.verdict(file, &[]), FileVerdict::Starts { .. })
        });
        starting.map(|rule| rule.name.name("storefront", Some("main"))).collect()
    };
    files.iter().map(|file| (file.clone(), starts(file))).collect()
}

#[test]
fn the_rules_start_what_the_graph_says_is_affected() {
    let names = RepositoryNames { repository: "storefront".to_owned(), branch: Some("main".to_owned()) };
    let mut numbers = Numbers(1);
    let mut compared = 0;
    for round in 0..60 {
        let (graph, files) = graph(&mut numbers);
        let rules = written(&graph_plan(&graph, &files, &names), &names);
        let started = started(&rules, &files);
        let tops =
            graph.projects.iter().filter(|project| graph.affected([project.manifest.as_str()]).len() == 1);
        let mut pipelines_of_tops: BTreeMap<&BTreeSet<String>, usize> = BTreeMap::new();
        tops.for_each(|project| *pipelines_of_tops.entry(&started[&project.manifest]).or_default() += 1);
        for (file, pipelines) in &started {
            // The pipeline of a project is the one that its own manifest starts, if nothing else depends on the project.
            for project in &graph.projects {
                let is_top = graph.affected([project.manifest.as_str()]).len() == 1;
                let own = &started[&project.manifest];
                // Samples beside each other share a pipeline.
                if !is_top || own.len() != 1 || pipelines_of_tops[own] > 1 {
                    continue;
                }
                let is_affected = graph.affected([file.as_str()]).contains(&project);
                assert_eq!(
                    own.is_subset(pipelines),
                    is_affected,
                    "round {round}: {file} and {}\n{rules}",
                    project.folder
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 1_000, "{compared}");
}
