//! `make aws-news`: its comparison, and that it knows every call of the functions.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

use pointsman::functions::FUNCTIONS;
use pointsman::workspace;

/// The Python of `make test`, or any: the script needs no package for this.
fn python() -> OsString {
    std::env::var_os("POINTSMAN_PYTHON").unwrap_or_else(|| "python3".into())
}

fn run(arguments: &[&str]) -> String {
    let tools = workspace::root().expect("the workspace").join("tools");
    // -B: no compiled files beside the scripts.
    let output =
        Command::new(python()).arg("-B").args(arguments).current_dir(tools).output().expect("Python runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_comparison_finds_each_kind_of_change() {
    run(&["test_aws_news.py"]);
}

#[test]
fn every_call_of_a_function_is_compared() {
    let compared: BTreeSet<String> = run(&["aws_news.py", "calls"]).lines().map(str::to_owned).collect();
    let calls = FUNCTIONS.into_iter().flat_map(|function| function.calls.iter().map(|call| call.action));
    // CloudFormation checks this permission for the caller.
    let missing: Vec<&str> =
        calls.filter(|call| *call != "iam:PassRole" && !compared.contains(*call)).collect();
    assert_eq!(missing, [""; 0]);
}
