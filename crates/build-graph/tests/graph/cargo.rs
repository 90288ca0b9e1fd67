//! Workspaces of cargo.

use build_graph::BuildGraph;

use crate::support::{affected, edges, gaps, repository};

const LIBRARY: &str = "[package]\nname = 'x'\nversion = '1.0.0'\n";

fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = '{name}'\nversion = '1.0.0'\n{rest}")
}

#[test]
fn members_depend_by_path_by_inheritance_by_patch_and_by_platform() {
    let app = package(
        "app",
        "[dependencies]\na = { path = '../a' }\nb.workspace = true\nfork = '1'\nserde = '1'\n\
         [target.'cfg(unix)'.dependencies]\nc = { path = '../c' }\n[build-dependencies.d]\npath = '../d'\n\
         [dev-dependencies]\nrenamed = { package = 'e', path = '../e' }\n",
    );
    let root = "[workspace]\nmembers = ['crates/*']\n[workspace.dependencies]\nb = { path = 'crates/b' }\n\
                [patch.crates-io]\nfork = { path = 'crates/f' }\n";
    let mut files = vec![("Cargo.toml", root), ("Cargo.lock", ""), ("crates/app/Cargo.toml", &app)];
    let others = ["a", "b", "c", "d", "e", "f"].map(|name| format!("crates/{name}/Cargo.toml"));
    files.extend(others.iter().map(|path| (path.as_str(), LIBRARY)));
    let graph = BuildGraph::read(&repository(&files));
    assert_eq!(
        edges(&graph)[2],
        "crates/b ->",
        "members are in the order of their folders: {:?}",
        edges(&graph)
    );
    let expected = "crates/app -> crates/a:5 crates/b:6 crates/c:10 crates/d:11 crates/e:14 crates/f:7";
    assert_eq!(edges(&graph)[1], expected);
    assert_eq!(gaps(&graph), [""; 0]);
}

#[test]
fn a_file_affects_its_package_and_all_that_depend_on_it() {
    let (b, c) =
        (package("b", "[dependencies]\na.path = '../a'"), package("c", "[dependencies]\nb.path = '../b'"));
    let graph = BuildGraph::read(&repository(&[
        ("Cargo.toml", "[workspace]\nmembers = ['a', 'b', 'c', 'd']\n"),
        ("Cargo.lock", ""),
        (".cargo/config.toml", ""),
        ("a/Cargo.toml", LIBRARY),
        ("b/Cargo.toml", &b),
        ("c/Cargo.toml", &c),
        ("d/Cargo.toml", LIBRARY),
    ]));
    assert_eq!(affected(&graph, &["a/src/lib.rs"]), ["a", "b", "c"]);
    assert_eq!(affected(&graph, &["b/src/deep/er.rs", "d/x"]), ["b", "c", "d"]);
    assert_eq!(affected(&graph, &["c/README.md"]), ["c"]);
    for shared in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
        assert_eq!(affected(&graph, &[shared]), ["a", "b", "c", "d"], "{shared}");
    }
    assert_eq!(affected(&graph, &["README.md", "ab/x", "gone/c.rs"]), [""; 0]);
    let c = &graph.projects[2];
    let needs: Vec<&str> = graph.dependencies(c).into_iter().map(|project| project.folder.as_str()).collect();
    assert_eq!(needs, ["a", "b"]);
}

#[test]
fn a_member_is_found_by_path_and_an_excluded_package_is_a_project_of_its_own() {
    let app =
        package("app", "[dependencies]\nlib = { path = '../libs/hidden' }\n[lib]\npath = '../common/app.rs'");
    let graph = BuildGraph::read(&repository(&[
        ("Cargo.toml", "[workspace]\nmembers = ['app', 'tools/*']\nexclude = ['tools/old', 'wasm']\n"),
        ("Cargo.lock", ""),
        ("app/Cargo.toml", &app),
        ("app/tests/sample/Cargo.toml", LIBRARY),
        ("app/fuzz/Cargo.toml", "[package]\nname = 'fuzz'\n[workspace]\n"),
        ("libs/hidden/Cargo.toml", LIBRARY),
        ("libs/unused/Cargo.toml", LIBRARY),
        ("tools/new/Cargo.toml", LIBRARY),
        ("tools/old/Cargo.toml", LIBRARY),
        ("wasm/Cargo.toml", LIBRARY),
        ("nested/Cargo.toml", "[workspace]\nmembers = ['inner']"),
        ("nested/inner/Cargo.toml", LIBRARY),
    ]));
    let expected = [
        "app -> libs/hidden:5",
        "libs/hidden ->",
        "nested/inner ->",
        "tools/new ->",
        "tools/old ->",
        "wasm ->",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(affected(&graph, &["app/tests/sample/src/lib.rs"]), ["app"]);
    assert_eq!(affected(&graph, &["common/app.rs"]), ["app"]);
    assert_eq!(affected(&graph, &["Cargo.lock"]), ["app", "libs/hidden", "tools/new"]);
    assert_eq!(affected(&graph, &["nested/Cargo.toml"]), ["nested/inner"]);
}

#[test]
fn packages_without_a_workspace_depend_on_each_other_by_path() {
    let service = package("service", "[dependencies]\nlib = { path = '../../libs/lib' }\n");
    let graph = BuildGraph::read(&repository(&[
        ("services/a/Cargo.toml", &service),
        ("services/b/Cargo.toml", &service),
        ("libs/lib/Cargo.toml", LIBRARY),
    ]));
    assert_eq!(affected(&graph, &["libs/lib/src/lib.rs"]), ["libs/lib", "services/a", "services/b"]);
}

#[test]
fn what_cargo_vendor_wrote_is_no_project() {
    let graph = BuildGraph::read(&repository(&[
        ("Cargo.toml", LIBRARY),
        ("vendor/serde/Cargo.toml", LIBRARY),
        ("vendor/serde/Cargo.lock", ""),
        ("vendor/serde/.cargo-checksum.json", "{}"),
        ("tool/Cargo.toml", LIBRARY),
        ("tool/Cargo.lock", ""),
    ]));
    assert_eq!(edges(&graph), [" ->", "tool ->"]);
}

#[test]
fn the_package_at_the_top_has_the_files_of_no_other() {
    let root = package("top", "[workspace]\nmembers = ['sub']\n[dependencies]\nsub = { path = 'sub' }\n");
    let graph = BuildGraph::read(&repository(&[("Cargo.toml", &root), ("sub/Cargo.toml", LIBRARY)]));
    assert_eq!(affected(&graph, &["src/lib.rs"]), [""]);
    assert_eq!(affected(&graph, &["sub/src/lib.rs"]), ["", "sub"]);
}

#[test]
fn dependencies_in_a_circle_end() {
    let (a, b) = (
        package("a", "[dev-dependencies]\nb.path = '../b'"),
        package("b", "[dependencies]\na.path = '../a'"),
    );
    let graph = BuildGraph::read(&repository(&[("a/Cargo.toml", &a), ("b/Cargo.toml", &b)]));
    assert_eq!(affected(&graph, &["a/x"]), ["a", "b"]);
    assert_eq!(affected(&graph, &["b/x"]), ["a", "b"]);
}

#[test]
fn what_cannot_be_followed_is_a_gap_with_the_manifest() {
    let app = package(
        "app",
        "[dependencies]\nout = { path = '../../outside' }\nabsolute = { path = '/etc' }\nmissing = { path = '../no' }\n\
         linked = { path = '../linked' }\nbroken = { path = '../broken' }\n",
    );
    let files = repository(&[
        ("Cargo.toml", "[workspace]\nmembers = ['app', 'gone', '../x', '[']\n"),
        ("app/Cargo.toml", &app),
        ("broken/Cargo.toml", "[package"),
    ]);
    let graph = BuildGraph::read(&files.with_link("linked/Cargo.toml"));
    let gaps = gaps(&graph);
    let starts = [
        "Cargo.toml: the member gone has no Cargo.toml",
        "Cargo.toml: the pattern ../x leads out of the repository",
        "Cargo.toml: the pattern [ cannot be read",
        "app/Cargo.toml: the path of absolute, /etc, leads out",
        "app/Cargo.toml: the path of missing, ../no, has no Cargo.toml",
        "app/Cargo.toml: the path of out, ../../outside, leads out",
        "broken/Cargo.toml: cannot be read",
        "linked/Cargo.toml: is a symbolic link",
    ];
    assert_eq!(gaps.len(), starts.len(), "{gaps:#?}");
    for (gap, start) in gaps.iter().zip(starts) {
        assert!(gap.starts_with(start), "{gap}");
    }
}
