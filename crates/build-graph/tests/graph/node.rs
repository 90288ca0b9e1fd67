//! Workspaces of npm, pnpm and Yarn.

use build_graph::{BuildGraph, BuildTool};

use crate::support::{affected, edges, gaps, repository};

/// A package.json on one line: its name, version and dependencies.
fn package(name: &str, version: &str, dependencies: &str) -> String {
    format!(r#"{{"name": "{name}", "version": "{version}", "dependencies": {{{dependencies}}}}}"#)
}

#[test]
fn npm_links_members_whose_version_is_in_the_range() {
    let cli =
        "{\"name\":\"cli\",\n\"devDependencies\":{\"b\":\"*\"},\n\"peerDependencies\":{\"@x/a\":\"^1.0.0\"}}";
    let graph = BuildGraph::read(&repository(&[
        ("package.json", "{\n\"workspaces\": [\"packages/*\", \"!packages/old\", \"tools/cli\"]\n}"),
        ("package-lock.json", "{}"),
        ("packages/a/package.json", r#"{"name": "@x/a", "version": "2.1.0"}"#),
        (
            "packages/b/package.json",
            "{\n\"name\": \"b\",\n\"dependencies\": {\n\"@x/a\": \"^2.0.0\",\n\"left-pad\": \"1\"\n}\n}",
        ),
        ("packages/old/package.json", r#"{"name": "old", "dependencies": {"@x/a": "*"}}"#),
        ("tools/cli/package.json", cli),
        ("packages/b/node_modules/c/package.json", "{}"),
        ("packages/node_modules/package.json", r#"{"name": "left-pad", "version": "1.0.0"}"#),
    ]));
    let expected = [" ->", "packages/a ->", "packages/b -> packages/a:4", "tools/cli -> packages/b:2"];
    assert_eq!(edges(&graph), expected);
    assert!(graph.projects.iter().all(|project| project.tool == BuildTool::Npm));
    assert_eq!(affected(&graph, &["packages/a/index.js"]), ["packages/a", "packages/b", "tools/cli"]);
    assert_eq!(affected(&graph, &["package-lock.json"]), ["", "packages/a", "packages/b", "tools/cli"]);
    assert_eq!(affected(&graph, &["packages/old/index.js", ".eslintrc"]), [""]);
    assert_eq!(gaps(&graph), [""; 0]);
}

#[test]
fn a_package_alone_below_the_top_has_a_lock_file_or_a_dependent() {
    let graph = BuildGraph::read(&repository(&[
        ("package.json", r#"{"name": "tooling"}"#),
        ("frontend/package.json", r#"{"name": "frontend", "dependencies": {"ui": "file:../ui"}}"#),
        ("frontend/yarn.lock", ""),
        ("frontend/test/fixture/package.json", "{}"),
        ("ui/package.json", r#"{"name": "ui"}"#),
        ("samples/package.json", r#"{"name": "samples"}"#),
    ]));
    assert_eq!(edges(&graph), [" ->", "frontend -> ui:1", "ui ->"]);
    assert_eq!(affected(&graph, &["frontend/test/fixture/package.json"]), ["frontend"]);
    assert_eq!(affected(&graph, &["ui/x"]), ["frontend", "ui"]);
}

/// A workspace of pnpm whose members depend on `a` in each way.
fn pnpm(settings: &str, lock: &str) -> BuildGraph {
    let yaml = format!(
        "packages:\n  - 'packages/**'\n  - '!**/test/**'\ncatalog:\n  a: ^1.0.0\ncatalogs:\n  next:\n    a: 2\n{settings}"
    );
    BuildGraph::read(&repository(&[
        ("package.json", r#"{"name": "root", "private": true}"#),
        ("pnpm-workspace.yaml", &yaml),
        ("pnpm-lock.yaml", lock),
        ("packages/a/package.json", &package("a", "1.2.0", "")),
        ("packages/a/test/sample/package.json", &package("sample", "1.0.0", r#""a": "*""#)),
        ("packages/alias/package.json", &package("alias", "1.0.0", r#""other": "workspace:a@*""#)),
        ("packages/catalog/package.json", &package("catalog", "1.0.0", r#""a": "catalog:""#)),
        ("packages/next/package.json", &package("next", "1.0.0", r#""a": "catalog:next""#)),
        ("packages/path/package.json", &package("path", "1.0.0", r#""a": "workspace:../a""#)),
        ("packages/protocol/package.json", &package("protocol", "1.0.0", r#""a": "workspace:^""#)),
        ("packages/range/package.json", &package("range", "1.0.0", r#""a": "^1.1.0""#)),
        ("packages/registry/package.json", &package("registry", "1.0.0", r#""a": "npm:b@1""#)),
    ]))
}

#[test]
fn pnpm_links_a_plain_range_as_its_settings_and_its_version_say() {
    let always = ["packages/a", "packages/alias", "packages/path", "packages/protocol"];
    let with_ranges = [
        "packages/a",
        "packages/alias",
        "packages/catalog",
        "packages/path",
        "packages/protocol",
        "packages/range",
    ];
    let old = pnpm("", "lockfileVersion: '6.0'\n");
    assert_eq!(affected(&old, &["packages/a/x"]), with_ranges);
    assert_eq!(affected(&pnpm("", "lockfileVersion: '9.0'\n"), &["packages/a/x"]), always);
    assert_eq!(
        affected(&pnpm("linkWorkspacePackages: true\n", "lockfileVersion: '9.0'\n"), &["packages/a/x"]),
        with_ranges
    );
    assert_eq!(
        affected(&pnpm("linkWorkspacePackages: false\n", "lockfileVersion: '6.0'\n"), &["packages/a/x"]),
        always
    );
    assert_eq!(gaps(&old), [""; 0]);
    assert!(old.projects.iter().all(|project| project.tool == BuildTool::Pnpm && project.name != "sample"));
    assert_eq!(affected(&old, &["packages/a/test/sample/x"]), with_ranges);
}

#[test]
fn an_override_of_pnpm_puts_a_member_in_place_of_any_version() {
    let graph = pnpm("overrides:\n  a: workspace:*\n", "lockfileVersion: '9.0'\n");
    assert_eq!(affected(&graph, &["packages/a/x"]).len(), 8);
}

#[test]
fn a_file_of_pnpm_with_settings_alone_makes_no_member() {
    let graph = BuildGraph::read(&repository(&[
        ("package.json", r#"{"name": "root"}"#),
        ("pnpm-workspace.yaml", "onlyBuiltDependencies: [esbuild]\n"),
        ("docs/package.json", r#"{"name": "docs"}"#),
    ]));
    assert_eq!(edges(&graph), [" ->"]);
}

fn yarn(settings: &str) -> BuildGraph {
    BuildGraph::read(&repository(&[
        (
            "package.json",
            r#"{"workspaces": {"packages": ["packages/*"]}, "resolutions": {"forced": "workspace:*"}}"#,
        ),
        ("yarn.lock", ""),
        (".yarnrc.yml", settings),
        ("packages/a/package.json", &package("a", "1.2.0", "")),
        ("packages/forced/package.json", &package("forced", "1.0.0", "")),
        (
            "packages/linked/package.json",
            &package("linked", "1.0.0", r#""tool": "portal:../../scripts/tool""#),
        ),
        ("packages/other/package.json", &package("other", "1.0.0", r#""forced": "^9.0.0""#)),
        ("packages/outer/package.json", r#"{"name": "outer", "workspaces": ["inner/*"]}"#),
        ("packages/outer/inner/x/package.json", &package("x", "1.0.0", r#""a": "workspace:packages/a""#)),
        ("packages/range/package.json", &package("range", "1.0.0", r#""a": "^1.0.0""#)),
        ("scripts/tool/package.json", &package("tool", "1.0.0", r#""a": "workspace:^""#)),
    ]))
}

#[test]
fn yarn_links_members_by_protocol_by_range_by_resolution_and_by_path() {
    let graph = yarn("nodeLinker: node-modules\n");
    assert!(graph.projects.iter().all(|project| project.tool == BuildTool::Yarn));
    let dependents =
        ["packages/a", "packages/linked", "packages/outer/inner/x", "packages/range", "scripts/tool"];
    assert_eq!(affected(&graph, &["packages/a/x"]), dependents);
    assert_eq!(affected(&graph, &["packages/forced/x"]), ["packages/forced", "packages/other"]);
    assert_eq!(gaps(&graph), [""; 0]);
    let strict = yarn("enableTransparentWorkspaces: false\n");
    assert!(!affected(&strict, &["packages/a/x"]).contains(&"packages/range"));
    assert_eq!(affected(&strict, &["yarn.lock"]).len(), graph.projects.len());
}

#[test]
fn what_cannot_be_followed_is_a_gap_with_the_manifest() {
    let deep = "[".repeat(100_000);
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(5 << 20));
    let graph = BuildGraph::read(&repository(&[
        ("package.json", r#"{"workspaces": ["p/*", "../../out/*", "{a,b", "p/**/../../../x"]}"#),
        ("p/broken/package.json", "{"),
        ("p/deep/package.json", &deep),
        ("p/large/package.json", &large),
        ("p/list/package.json", "[]"),
        (
            "p/ok/package.json",
            &package(
                "ok",
                "1",
                r#""gone": "workspace:*", "far": "file:../../../x", "none": "link:./no", "c": "catalog:""#,
            ),
        ),
        ("p/twin/package.json", &package("ok", "1", "")),
        ("q/pnpm-workspace.yaml", "packages: [a\n"),
        ("q/pnpm-lock.yaml", ""),
    ]));
    let gaps = gaps(&graph);
    let starts = [
        "p/broken/package.json: cannot be read",
        "p/deep/package.json: cannot be read",
        "p/large/package.json: cannot be read: has more than",
        "p/list/package.json: cannot be read",
        "p/ok/package.json: c: catalog: has no such entry",
        "p/ok/package.json: far: ../../../x leads out of the repository",
        "p/ok/package.json: gone: workspace:* names no member",
        "p/ok/package.json: none: ./no has no package.json",
        "p/twin/package.json: has the name ok, as p/ok has",
        "package.json: the pattern ../../out/* leads out",
        "package.json: the pattern p/**/../../../x has .. after a wildcard",
        "package.json: the pattern {a,b cannot be read",
        "q/pnpm-workspace.yaml: cannot be read",
    ];
    assert_eq!(gaps.len(), starts.len(), "{gaps:#?}");
    for (gap, start) in gaps.iter().zip(starts) {
        assert!(gap.starts_with(start), "{gap}");
    }
}

#[test]
fn aliases_of_yaml_do_not_multiply() {
    let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, next| {
        let before = next - 1;
        format!("{text}a{next}: &a{next} [*a{before}, *a{before}]\n")
    });
    let graph = BuildGraph::read(&repository(&[("pnpm-workspace.yaml", &format!("{bomb}packages: *a29\n"))]));
    assert_eq!(graph.gaps.len(), 1, "{graph:?}");
}
