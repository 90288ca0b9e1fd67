//! Damaged manifests: whatever is cut, repeated or put in, reading ends with a graph and gaps.

use build_graph::BuildGraph;
use proptest::prelude::*;

use crate::support::repository;

const MANIFESTS: [(&str, &str); 9] = [
    (
        "Cargo.toml",
        "[workspace]\nmembers = ['crates/*', \"x\"]\n[package]\nname = 'a'\nversion = '1.0'\n[dependencies.b]\npath = '../b'\n",
    ),
    (
        "package.json",
        r#"{"name": "@x/a", "workspaces": ["packages/*", "!b"], "dependencies": {"b": "workspace:^1.0 || 2"}}"#,
    ),
    (
        "packages/b/package.json",
        r#"{"name": "b", "version": "1.0.0-beta.1+x", "peerDependencies": {"@x/a": ">=1 <2.x"}}"#,
    ),
    (
        "pnpm-workspace.yaml",
        "packages:\n  - &p 'packages/**'\n  - *p\ncatalogs: {next: {a: ^1}}\noverrides:\n  'a>b@1': \"link:./b\"\n",
    ),
    ("go.work", "go 1.24\nuse (\n\t./m // x\n)\nreplace a v1 => ./b\n"),
    (
        "m/go.mod",
        "module \"a/b\"\ngo 1.24\nrequire (\n\tc v1.0.0 // indirect\n)\nretract [v1, v2]\nexclude d v1\n",
    ),
    ("m/a.go", "package a\nimport (\n\t\"b\"\n\tc `d`\n)\n"),
    (
        "pom.xml",
        "<?xml version='1.0'?><!DOCTYPE p [<!ENTITY e 'x'>]><project><artifactId>a&e;&#x41;</artifactId><modules><module>m</module></modules>\
         <properties><p>${q}</p></properties><dependencies><dependency><artifactId>${p}</artifactId></dependency></dependencies></project>",
    ),
    (
        "query.xml",
        "<query version=\"2\"><rule location=\"/a/BUILD:1:2\" name=\"//a:b\"><rule-input name=\"@@//c&#47;d:e\"/></rule></query>",
    ),
];

/// Puts a text in place of a part of another one.
fn damaged(text: &str, from: usize, length: usize, with: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let from = from % (characters.len() + 1);
    let to = (from + length).min(characters.len());
    characters[..from].iter().copied().chain(with.chars()).chain(characters[to..].iter().copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_manifest_ends_with_a_graph(
        which in 0..MANIFESTS.len(),
        from in 0_usize..400,
        length in 0_usize..40,
        with in r#"[\[\]{}()"'`:@/\\.*!^~$<>&;=, \n\ta0-9é𐍈-]{0,12}"#,
    ) {
        let mut manifests = MANIFESTS;
        let text = damaged(manifests[which].1, from, length, &with);
        manifests[which].1 = &text;
        let files = repository(&manifests);
        let graph = BuildGraph::read(&files).with_bazel_query(&files, "query.xml", manifests[8].1);
        let affected = graph.affected(manifests.map(|(path, _)| path)).len();
        prop_assert!(affected <= graph.projects.len());
        for project in &graph.projects {
            prop_assert!(project.depends_on.iter().all(|needed| !needed.folder.starts_with(['.', '/'])), "{:?}", project);
        }
    }
}
