//! Runs `local-aws` as its users type it, and checks its output and its exit code.

use std::process::{Command, Output};

fn local_aws(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_local-aws"))
        .args(arguments)
        .env("RUST_BACKTRACE", "1")
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_help_names_every_option_and_every_operation() {
    let help = local_aws(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let printed = text(&help.stdout);
    for part in
        ["Usage: local-aws [OPTIONS]", "--world <FILE>", "--repo <NAME=PATH>", "--port <N>", "Examples:"]
    {
        assert!(printed.contains(part), "{part}\n{printed}");
    }
    let readme = include_str!("../README.md");
    for operation in local_aws::operations().split([',', ':', '\n']).map(str::trim) {
        assert!(printed.contains(operation), "{operation}\n{printed}");
        let is_operation = operation.starts_with(|letter: char| letter.is_ascii_uppercase());
        assert!(!is_operation || readme.contains(operation), "{operation} is not in the README");
    }
    assert_eq!(local_aws(&["-h"]).status.code(), Some(0));
    assert_eq!(local_aws(&["--version"]).status.code(), Some(0));
}

#[test]
fn a_wrong_argument_prints_the_usage_and_exits_with_2() {
    let wrong: [&[&str]; 6] = [
        &["--nope"],
        &["extra"],
        &["--world"],
        &["--repo", "storefront"],
        &["--port", "70000"],
        &["--port", "x"],
    ];
    for arguments in wrong {
        let refused = local_aws(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(refused.stdout.is_empty());
        let printed = text(&refused.stderr);
        assert!(printed.starts_with("error: ") && printed.contains("--help"), "{printed}");
        assert!(printed.contains("Usage: local-aws"), "{printed}");
    }
}

#[test]
fn a_world_or_a_clone_that_cannot_be_used_exits_with_3() {
    for arguments in [["--world", "/nonexistent.toml"], ["--repo", "storefront=/nonexistent"]] {
        let failed = local_aws(&arguments);
        assert_eq!(failed.status.code(), Some(3), "{arguments:?}");
        let printed = text(&failed.stderr);
        assert!(printed.starts_with("error: ") && !printed.contains("backtrace"), "{printed}");
        assert_eq!(printed.lines().count(), 1, "{printed}");
    }
}
