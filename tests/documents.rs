//! The documents held against the code: what is written twice must say the same.

use std::collections::BTreeSet;
use std::process::Command;

use crate::repository::{read, root};

#[test]
fn each_problem_code_has_its_heading() {
    let page = read("docs/problems.md");
    let headings: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).map(str::trim).collect();
    let codes: BTreeSet<&str> = pointsman::check::codes().map(|code| code.name).collect();
    assert_eq!(headings, codes);
}

#[test]
fn each_reason_is_explained() {
    let files = ["pipeline-trigger", "branch-stacks", "ami-alerts", "dr-failover"].map(|function| {
        ["because.rs", "remark.rs"].map(|file| read(&format!("functions/{function}/src/{file}"))).concat()
    });
    let of_findings =
        ["exposure.rs", "decide.rs"].map(|file| read(&format!("functions/ami-alerts/src/{file}")));
    let interlocks =
        ["interlock.rs", "incident.rs"].map(|file| read(&format!("functions/dr-failover/src/{file}")));
    let code = files.concat() + &of_findings.concat() + &interlocks.concat();
    let codes = code.lines().filter_map(|line| line.trim().split_once("=> \"")?.1.strip_suffix("\","));
    // Sentences are written the same way, with blanks.
    let codes = codes.filter(|code| !code.contains(' '));
    let codes: BTreeSet<&str> = codes.chain(pipeline_trigger::FUNCTION.reason_codes()).collect();
    assert!(codes.len() > 90, "the codes are read from the source: {codes:?}");
    let page = read("docs/decisions.md");
    let first_column = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let explained: BTreeSet<&str> = first_column.collect();
    // Where an incident stands that is not over, which is no reason.
    let standing = BTreeSet::from(["held", "starting", "running"]);
    let missing: Vec<&str> =
        codes.difference(&explained).copied().filter(|code| !standing.contains(code)).collect();
    assert!(missing.is_empty(), "docs/decisions.md lacks {missing:?}");
}

#[test]
fn one_tls_stack_is_compiled_and_no_ec2_for_a_push() {
    for (what, arguments) in [
        ("a second TLS stack", &["tree", "--workspace", "-i", "rustls@0.21"][..]),
        ("EC2 for whoever replays a push", &["tree", "-p", "pointsman", "-i", "aws-sdk-ec2"]),
    ] {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let tree =
            Command::new(cargo).args(arguments).args(["--offline", "--locked"]).current_dir(root()).output();
        let tree = tree.expect("cargo runs");
        let said = String::from_utf8_lossy(&tree.stderr);
        assert!(
            said.contains("did not match any packages"),
            "{what} is compiled: {}{said}",
            String::from_utf8_lossy(&tree.stdout)
        );
    }
}
