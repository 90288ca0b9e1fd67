//! Large manifests: the time grows with the size, and not with its square.

use std::time::{Duration, Instant};

use build_graph::BuildGraph;

use crate::support::{MemoryFiles, repository};

/// The time of a release build is some milliseconds; with the square of the size it is minutes.
const LONGEST: Duration = Duration::from_secs(20);

fn graph_in_time(files: &MemoryFiles) -> BuildGraph {
    let start = Instant::now();
    let graph = BuildGraph::read(files);
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    graph
}

/// A text of many lines, with the number of each.
fn many(line: impl Fn(usize) -> String) -> String {
    (0..40_000).map(line).collect()
}

#[test]
fn many_dependencies_of_cargo_are_read_in_time() {
    let list = many(|number| format!("d{number} = {{ path = '../a', package = 'a' }}\n"));
    let app = format!("[package]\nname = 'app'\n[dependencies]\n{list}");
    let files = repository(&[("app/Cargo.toml", &app), ("a/Cargo.toml", "[package]\nname = 'a'\n")]);
    let graph = graph_in_time(&files);
    assert_eq!(graph.projects[1].depends_on.len(), 1);
    assert_eq!(graph.projects[1].depends_on[0].line, Some(4));
}

#[test]
fn many_dependencies_of_npm_are_read_in_time() {
    let list = many(|number| format!("\"d{number}\": \"file:../a\",\n"));
    let app = format!("{{\"dependencies\": {{\n{list}\"a\": \"file:../a\"}}}}");
    let graph = graph_in_time(&repository(&[("app/package.json", &app), ("a/package.json", "{}")]));
    assert_eq!(graph.projects[1].depends_on[0].line, Some(2));
}

#[test]
fn many_modules_of_go_are_read_in_time() {
    let required = many(|number| format!("\tm/{number} v1\n"));
    let replaced = many(|number| format!("\tm/{number} => ../a\n"));
    let app = format!("module app\nrequire (\n{required})\nreplace (\n{replaced})\n");
    let graph = graph_in_time(&repository(&[("app/go.mod", &app), ("a/go.mod", "module a\n")]));
    assert_eq!(graph.projects[1].depends_on[0].line, Some(3));
}

#[test]
fn many_dependencies_of_maven_are_read_in_time() {
    let entry = |artifact: &str, version: &str| {
        format!("<dependency><groupId>g</groupId><artifactId>{artifact}</artifactId>{version}</dependency>\n")
    };
    let managed: String =
        (0..20_000).map(|number| entry(&format!("m{number}"), "<version>1</version>")).collect();
    let needed = entry("a", "").repeat(20_000);
    let app = format!(
        "<project><groupId>g</groupId><artifactId>app</artifactId><modules><module>../a</module></modules>\
         <dependencyManagement><dependencies>{managed}</dependencies></dependencyManagement>\
         <dependencies>{needed}</dependencies></project>"
    );
    let a = "<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version></project>";
    let graph = graph_in_time(&repository(&[("app/pom.xml", &app), ("a/pom.xml", a)]));
    assert_eq!(graph.projects[1].depends_on[0].line, Some(20_001));
}

#[test]
fn many_members_are_a_gap() {
    let list = many(|number| format!("'m{number}/*',"));
    let root = format!("[workspace]\nmembers = [{list}]\n");
    let members = many(|number| format!("\"m{number}/*\","));
    let npm = format!("{{\"workspaces\": [{members} \"last/*\"]}}");
    let files = repository(&[("Cargo.toml", &root), ("package.json", &npm), ("last/a/package.json", "{}")]);
    let graph = graph_in_time(&files);
    let files: Vec<&str> = graph.gaps.iter().map(|gap| gap.file.as_str()).collect();
    assert_eq!(files, ["Cargo.toml", "package.json"]);
    assert!(graph.projects.iter().all(|project| project.folder.is_empty()));
}
