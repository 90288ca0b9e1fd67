//! The output of `bazel query`.

use build_graph::BuildGraph;

use crate::support::{MemoryFiles, affected, edges, gaps, repository};

const XML: &str = r#"<?xml version="1.1" encoding="UTF-8" standalone="no"?>
<query version="2">
    <rule class="java_binary" location="/home/me/src/app/BUILD.bazel:12:12" name="//app:app">
        <string name="name" value="app"/>
        <list name="deps"><label value="//lib:lib"/></list>
        <rule-input name="//app:A.java"/>
        <rule-input name="@@//lib:lib"/>
        <rule-input name="@bazel_tools//tools/jdk:jdk"/>
        <rule-output name="//app:app.jar"/>
    </rule>
    <rule class="java_library" location="/home/me/src/lib/BUILD:1:13" name="//lib:lib">
        <rule-input name="//lib:inner/B.java"/>
    </rule>
    <source-file location="/home/me/src/app/BUILD.bazel:1:1" name="//app:BUILD.bazel">
        <load name="//tools:rules.bzl"/>
        <visibility-label name="//visibility:private"/>
    </source-file>
    <generated-file generating-rule="//app:app" location="/home/me/src/app/BUILD.bazel:12:12" name="//app:app.jar"/>
</query>
"#;

const GRAPH: &str = "digraph mygraph {\n  node [shape=box];\n  \"//app:app\"\n  \"//app:app\" -> \"//app:A.java\\n//lib:lib\"\n  \
                     \"//app:app\" -> \"//tools:rules.bzl\"  [label=\"//:on\"];\n  \"//lib:lib\"\n}\n";

const JSON: &str = r#"{"type":"RULE","rule":{"name":"//app:app","ruleClass":"java_binary","location":"/home/me/app/BUILD.bazel:12:12","ruleInput":["//lib:lib","@maven//:x"]}}
{"type":"SOURCE_FILE","sourceFile":{"name":"//app:BUILD.bazel","location":"/home/me/app/BUILD.bazel:1:1","subinclude":["//tools:rules.bzl"]}}
{"type":"RULE","rule":{"name":"//lib:lib","ruleInput":["//lib:inner/B.java"]}}
"#;

fn bazel() -> MemoryFiles {
    repository(&[("MODULE.bazel", ""), ("app/BUILD.bazel", ""), ("lib/BUILD", ""), ("tools/BUILD", "")])
}

fn graph(output: &str) -> BuildGraph {
    BuildGraph::default().with_bazel_query(&bazel(), "query.txt", output)
}

#[test]
fn each_format_gives_the_packages_and_what_they_depend_on() {
    for (output, line) in [(XML, ":12"), (JSON, ":12"), (GRAPH, "")] {
        let graph = graph(output);
        let app = format!("app -> lib{line} tools");
        assert_eq!(edges(&graph), [app.as_str(), "lib ->", "tools ->"], "{output}");
        assert_eq!(gaps(&graph), [""; 0], "{output}");
        assert_eq!(affected(&graph, &["lib/inner/B.java"]), ["app", "lib"]);
        assert_eq!(affected(&graph, &["tools/rules.bzl"]), ["app", "tools"]);
        assert_eq!(affected(&graph, &["MODULE.bazel"]), ["app", "lib", "tools"]);
        assert_eq!(graph.projects[0].manifest, "app/BUILD.bazel");
        assert_eq!(graph.projects[1].name, "//lib");
    }
}

#[test]
fn what_cannot_be_read_is_a_gap_of_the_output() {
    let cut = XML.split("</query>").next().unwrap_or_default();
    let outputs = [
        ("", "is no output of bazel query"),
        ("//app:app\n", "is no output of bazel query"),
        (cut, "ends before </query>"),
        ("<query version=\"2\"/>", "lists no target"),
        ("<query><rule name=\"//../x:y\"/></query>", "//../x:y has no package that is a folder"),
        ("<query><rule name=\"//new:y\"/></query>", "the package //new has no BUILD file"),
        ("{\"rule\":", "line 1 cannot be read"),
        ("digraph mygraph {\n \"//app:app\" -> \"//lib:lib\"", "ends before the closing brace"),
        ("digraph mygraph {\n \"//app:app\\n...and 3 more items\"\n}", "has shortened nodes"),
    ];
    for (output, start) in outputs {
        let gaps = gaps(&graph(output));
        assert_eq!(gaps.len(), 1, "{output}: {gaps:?}");
        assert!(gaps[0].starts_with(&format!("query.txt: {start}")), "{gaps:?}");
    }
}

#[test]
fn packages_of_bazel_stand_beside_projects_of_other_tools() {
    let files = repository(&[
        ("app/BUILD.bazel", ""),
        ("lib/BUILD", ""),
        ("tools/BUILD", ""),
        ("lib/Cargo.toml", "[package]\nname = 'lib'\n"),
    ]);
    let graph = BuildGraph::read(&files).with_bazel_query(&files, "query.xml", XML);
    assert_eq!(affected(&graph, &["lib/src/lib.rs"]), ["app", "lib", "lib"]);
}
