//! Folders on this machine.

use std::fs;

use build_graph::{BuildGraph, FolderFiles};

use crate::support::{edges, gaps};

#[expect(clippy::unwrap_used, reason = "a failed write fails the test")]
fn write(top: &std::path::Path, path: &str, content: &str) {
    fs::create_dir_all(top.join(path).parent().unwrap()).unwrap();
    fs::write(top.join(path), content).unwrap();
}

#[test]
#[cfg(unix)]
fn links_do_not_lead_out_of_the_folder_and_no_pipe_is_opened() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret/package.json", r#"{"name": "secret"}"#);
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    write(top, "package.json", r#"{"workspaces": ["packages/*", "linked", "piped"]}"#);
    write(
        top,
        "packages/a/package.json",
        r#"{"name": "a", "dependencies": {"secret": "file:../../../secret"}}"#,
    );
    std::os::unix::fs::symlink(outside.path().join("secret"), top.join("packages/secret")).unwrap();
    fs::create_dir(top.join("linked")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret/package.json"), top.join("linked/package.json"))
        .unwrap();
    std::os::unix::fs::symlink(top, top.join("packages/loop")).unwrap();
    fs::create_dir(top.join("piped")).unwrap();
    assert!(
        std::process::Command::new("mkfifo").arg(top.join("piped/package.json")).status().unwrap().success()
    );
    let graph = BuildGraph::read(&FolderFiles::open(top).unwrap());
    assert_eq!(edges(&graph), [" ->", "packages/a ->"]);
    assert_eq!(
        gaps(&graph),
        [
            "linked/package.json: is a symbolic link, and links are not followed",
            "package.json: the member piped has no package.json",
            "packages/a/package.json: secret: ../../../secret leads out of the repository",
        ]
    );
}

#[test]
fn output_of_cargo_and_installed_packages_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["target/package/a/Cargo.toml", "node_modules/b/package.json", ".git/c/package.json"] {
        write(folder.path(), path, "broken");
    }
    write(folder.path(), "target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
    let graph = BuildGraph::read(&FolderFiles::open(folder.path()).unwrap());
    assert_eq!(graph, BuildGraph::default());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let error = FolderFiles::open(std::path::Path::new("/no/such/folder")).unwrap_err();
    assert_eq!(error.to_string(), "/no/such/folder cannot be listed");
}
