//! Multi-module builds of Maven.

use build_graph::BuildGraph;

use crate::support::{affected, edges, gaps, repository};

const PARENT: &str =
    "<parent><groupId>g</groupId><artifactId>root</artifactId><version>${revision}</version></parent>";

/// A module of the root, with more elements on lines of their own.
fn module(artifact: &str, rest: &str) -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">{PARENT}<artifactId>{artifact}</artifactId>\n{rest}\n</project>"
    )
}

fn dependency(artifact: &str, version: &str) -> String {
    format!(
        "<dependency><groupId>${{project.groupId}}</groupId><artifactId>{artifact}</artifactId>{version}</dependency>"
    )
}

fn root(modules: &str, rest: &str) -> String {
    format!(
        "<project><groupId>g</groupId><artifactId>root</artifactId><version>${{revision}}</version><packaging>pom</packaging>\
         <properties><revision>2.0</revision><old>1.0</old></properties><modules>{modules}</modules>{rest}</project>"
    )
}

#[test]
fn modules_depend_by_version_by_management_by_plugin_and_by_profile() {
    let managed = format!(
        "<dependencyManagement><dependencies>{}{}</dependencies></dependencyManagement>",
        dependency("lib", "<version>${project.version}</version>"),
        dependency("old", "<version>${old}</version>")
    );
    let modules =
        "<module>lib</module><module>app</module><module>old</module><module>tools/pom-tools.xml</module>";
    let app = format!(
        "<dependencies>\n{}\n{}\n<dependency><groupId>x</groupId><artifactId>lib</artifactId></dependency></dependencies>\n\
         <build><plugins><plugin>\n<groupId>g</groupId><artifactId>tools</artifactId></plugin></plugins></build>\n\
         <profiles><profile><modules><module>../extra</module></modules>\n<dependencies>{}</dependencies></profile></profiles>",
        dependency("lib", ""),
        dependency("old", ""),
        dependency("extra", "<version>[1,3)</version>"),
    );
    let graph = BuildGraph::read(&repository(&[
        ("pom.xml", &root(modules, &managed)),
        ("app/pom.xml", &module("app", &app)),
        ("app/src/test/resources/sample/pom.xml", &module("sample", "")),
        ("extra/pom.xml", &module("extra", "")),
        ("lib/pom.xml", &module("lib", "")),
        ("old/pom.xml", &module("old", "")),
        (
            "tools/pom-tools.xml",
            &module("tools", "").replace("</parent>", "<relativePath>..</relativePath></parent>"),
        ),
    ]));
    let expected = [" ->", "app -> extra:9 lib:3 tools:6", "extra ->", "lib ->", "old ->", "tools ->"];
    assert_eq!(edges(&graph), expected);
    assert_eq!(affected(&graph, &["lib/src/main/java/A.java"]), ["app", "lib"]);
    assert_eq!(affected(&graph, &["pom.xml"]).len(), 6, "each module inherits from the root");
    assert_eq!(affected(&graph, &["README.md"]), [""]);
    assert_eq!(affected(&graph, &["app/src/test/resources/sample/pom.xml"]), ["app"]);
    assert_eq!(gaps(&graph), [""; 0]);
}

#[test]
fn a_module_inherits_the_dependencies_and_imports_of_its_parents() {
    let inherited = format!(
        "<dependencyManagement><dependencies>{}</dependencies></dependencyManagement><dependencies>{}</dependencies>",
        dependency("bom", "<version>2.0</version><type>pom</type><scope>import</scope>"),
        dependency("common", "<version>2.0</version>")
    );
    let middle = format!("<project>{PARENT}<artifactId>middle</artifactId>{inherited}</project>");
    let leaf = "<project><parent><groupId>g</groupId><artifactId>middle</artifactId><version>2.0</version>\
                <relativePath>../middle/pom.xml</relativePath></parent><artifactId>leaf</artifactId></project>";
    let modules = ["bom", "common", "middle", "leaf"].map(|name| format!("<module>{name}</module>")).concat();
    let graph = BuildGraph::read(&repository(&[
        ("pom.xml", &root(&modules, "")),
        ("bom/pom.xml", &module("bom", "")),
        ("common/pom.xml", &module("common", "")),
        ("middle/pom.xml", &middle),
        ("leaf/pom.xml", leaf),
    ]));
    assert_eq!(affected(&graph, &["common/A.java"]), ["common", "leaf", "middle"]);
    assert_eq!(affected(&graph, &["bom/pom.xml"]), ["bom", "leaf", "middle"]);
    assert_eq!(affected(&graph, &["middle/pom.xml"]), ["leaf", "middle"]);
}

#[test]
fn a_managed_plugin_counts_for_the_modules_that_use_it() {
    let managed = format!(
        "<build><pluginManagement><plugins><plugin><artifactId>checks</artifactId><dependencies>{}</dependencies></plugin></plugins>\
         </pluginManagement></build>",
        dependency("rules", "<version>2.0</version>")
    );
    let user = "<build><plugins><plugin><artifactId>checks</artifactId></plugin></plugins></build>";
    let modules = ["rules", "user", "other"].map(|name| format!("<module>{name}</module>")).concat();
    let graph = BuildGraph::read(&repository(&[
        ("pom.xml", &root(&modules, &managed)),
        ("rules/pom.xml", &module("rules", "")),
        ("user/pom.xml", &module("user", user)),
        ("other/pom.xml", &module("other", "")),
    ]));
    assert_eq!(affected(&graph, &["rules/checks.xml"]), ["rules", "user"]);
}

#[test]
fn circles_and_growing_properties_end() {
    let circle = "<project><parent><groupId>g</groupId><artifactId>a</artifactId><relativePath>../pom.xml</relativePath></parent>\
                  <groupId>g</groupId><artifactId>a</artifactId><modules><module>.</module><module>../a</module></modules></project>";
    let grow = "<project><groupId>g</groupId><artifactId>b</artifactId><properties><p>${p}${p}</p><q>${r}</q><r>${q}</r></properties>\
                <dependencies><dependency><groupId>${p}</groupId><artifactId>${q}</artifactId></dependency></dependencies></project>";
    let graph = BuildGraph::read(&repository(&[
        ("a/pom.xml", &circle.replace("../pom.xml", "../a/pom.xml")),
        ("b/pom.xml", grow),
    ]));
    assert_eq!(edges(&graph), ["a ->", "b ->"]);
    assert_eq!(gaps(&graph), ["a/pom.xml: is a parent of itself"]);
}

#[test]
fn what_cannot_be_followed_is_a_gap_with_the_manifest() {
    let modules = "<module>../../out</module><module>gone</module><module>bad</module><module>deep</module><module>html</module>";
    let graph = BuildGraph::read(&repository(&[
        ("pom.xml", &root(modules, "")),
        ("bad/pom.xml", "<project><artifactId>"),
        ("deep/pom.xml", &"<project>".repeat(100_000)),
        ("html/pom.xml", "<html/>"),
    ]));
    let gaps = gaps(&graph);
    let starts = [
        "bad/pom.xml: ends inside an element",
        "deep/pom.xml: is nested more than",
        "html/pom.xml: is not a project",
        "pom.xml: the module ../../out leads out",
        "pom.xml: the module gone has no pom.xml",
    ];
    assert_eq!(gaps.len(), starts.len(), "{gaps:#?}");
    for (gap, start) in gaps.iter().zip(starts) {
        assert!(gap.starts_with(start), "{gap}");
    }
}
