//! Workspaces of npm, pnpm and Yarn.

use build_graph::{BuildGraph, BuildTool};

use crate::support::{affected, edges, gaps, repository};

#[test]
fn npm_links_members_whose_version_is_in_the_range() {
    let graph = BuildGraph::read(&repository(&[
        ("package.json", "{\n\"workspaces\": [\"packages/*\", \"!packages/old\", \"tools/cli\"]\n}"),
        ("package-lock.json", "{}"),
        ("packages/a/package.json", r#"{"name": "@x/a", "version": "2.1.0"}"#),
        (
            "packages/b/package.json",
            "{\n\"name\": \"b\",\n\"dependencies\": {\n\"@x/a\": \"^2.0.0\",\n\"left-pad\": \"1\"\n}\n}",
        ),
        ("packages/old/package.json", r#"{"name": "old", "dependencies": {"@x/a": "*"}}"#),
        (
            "tools/cli/package.json",
            "{\"name\":\"cli\",\n\"devDependencies\":{\"b\":\"*\"},\n\"peerDependencies\":{\"@x/a\":\"^1.0.0\"}}",
        ),
        ("packages/b/node_modules/c/package.json", "{}"),
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
