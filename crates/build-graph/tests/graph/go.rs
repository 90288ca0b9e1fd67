//! Modules of Go, with and without go.work.

use build_graph::BuildGraph;

use crate::support::{affected, edges, gaps, repository};

#[test]
fn modules_of_a_workspace_stand_in_place_of_what_the_others_require() {
    let graph = BuildGraph::read(&repository(&[
        (
            "go.work",
            "go 1.24\n\nuse (\n\t./api // first\n\t./lib\n)\nuse ./app\nreplace example.com/fork => ./fork\n",
        ),
        ("api/go.mod", "module example.com/api\n\nrequire example.com/lib v0.1.0\n"),
        (
            "app/go.mod",
            "module example.com/app\n\nrequire (\n\texample.com/api v1.0.0\n\texample.com/fork v1.0.0 // indirect\n\tgolang.org/x/net v0.1.0\n)\n",
        ),
        ("fork/go.mod", "module example.com/fork\n"),
        ("lib/go.mod", "module example.com/lib\n"),
        ("lib/testdata/x/go.mod", "module example.com/x\nrequire example.com/lib v0.1.0\n"),
        ("other/go.mod", "module example.com/other\nrequire example.com/lib v0.1.0\n"),
    ]));
    let expected = ["api -> lib:3", "app -> api:4 fork:5", "fork ->", "lib ->", "other ->"];
    assert_eq!(edges(&graph), expected);
    assert_eq!(gaps(&graph), [""; 0]);
    assert_eq!(affected(&graph, &["lib/testdata/x/x.go"]), ["api", "app", "lib"]);
    assert_eq!(affected(&graph, &["go.work"]), ["api", "app", "lib"]);
}

#[test]
fn a_replacement_by_a_folder_is_a_dependency_and_a_nested_module_has_its_files() {
    let graph = BuildGraph::read(&repository(&[
        (
            "go.mod",
            "module example.com/top\nrequire example.com/top/sdk v1.0.0\nreplace example.com/top/sdk => ./sdk // here\n",
        ),
        (
            "sdk/go.mod",
            "module example.com/top/sdk\nrequire example.com/kit v1.0.0\nreplace example.com/kit v1.0.0 => ../testdata/kit\n",
        ),
        (
            "testdata/kit/go.mod",
            "module example.com/kit\nrequire example.com/top v1.0.0\nreplace example.com/top => ../..\n",
        ),
    ]));
    assert_eq!(edges(&graph), [" -> sdk:2", "sdk -> testdata/kit:2", "testdata/kit -> :2"]);
    assert_eq!(affected(&graph, &["main.go"]).len(), 3, "the circle ends");
}

#[test]
fn a_package_that_is_imported_without_being_required_is_a_dependency_in_a_workspace() {
    let graph = BuildGraph::read(&repository(&[
        ("go.work", "use ./app\nuse ./lib\nuse ./lib/sub\nuse ./other\n"),
        ("app/go.mod", "module example.com/app\n"),
        (
            "app/main.go",
            "// import \"example.com/other\"\npackage main\n\nimport (\n\t\"fmt\"\n\tx \"example.com/lib/inner\"\n)\n\nconst other = \"example.com/other\"\n",
        ),
        ("app/extra.go", "package main\nimport _ `example.com/lib/sub/deep`\n"),
        ("lib/go.mod", "module example.com/lib\n"),
        ("lib/sub/go.mod", "module example.com/lib/sub\n"),
        ("other/go.mod", "module example.com/other\n"),
    ]));
    assert_eq!(edges(&graph)[0], "app -> lib:6 lib/sub:2");
}

#[test]
fn what_cannot_be_followed_is_a_gap_with_the_manifest() {
    let graph = BuildGraph::read(&repository(&[
        ("go.work", "use ../out\nuse ./gone\nuse ./a\n"),
        ("a/go.mod", "module a\nrequire (\n\tb v1\n\tc v1\n)\nreplace b => ../../b\nreplace c => ../c\n"),
        ("bad/go.mod", "modul x\n"),
    ]));
    assert_eq!(edges(&graph), ["a ->"]);
    let gaps = gaps(&graph);
    let starts = [
        "a/go.mod: c is replaced by c, which has no go.mod",
        "a/go.mod: the replacement of b leads out",
        "bad/go.mod: cannot be read",
        "go.work: ../out leads out",
        "go.work: ./gone has no go.mod",
    ];
    assert_eq!(gaps.len(), starts.len(), "{gaps:#?}");
    for (gap, start) in gaps.iter().zip(starts) {
        assert!(gap.starts_with(start), "{gap}");
    }
}
