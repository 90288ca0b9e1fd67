//! Drives the binary with boto3, AWS's own client in another language: an answer that boto3 does not understand is
//! our mistake. Compares the answers with those of moto, which emulates AWS, too.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Ends the server even when the test fails.
struct RunningServer(Child);

impl Drop for RunningServer {
    fn drop(&mut self) {
        // SIGTERM and not SIGKILL, so that the binary deletes its temporary folder. It may have ended by itself, and
        // then this fails.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

#[test]
fn an_unmodified_boto3_client_works() {
    run("boto3_client.py");
}

#[test]
fn moto_answers_the_same_but_for_what_it_is_known_not_to_do() {
    run("moto_comparison.py");
}

/// Has a script drive a server of its own.
fn run(script: &str) {
    let python = std::env::var_os("POINTSMAN_PYTHON").expect(
        "POINTSMAN_PYTHON names no Python interpreter that has boto3 and moto: run `make test`, which sets one up and sets it",
    );
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut server = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    server.arg("--world").arg(tests.join("world.toml")).stdout(Stdio::piped());
    let mut server = RunningServer(server.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let endpoint =
        line.trim().strip_prefix("listening on ").expect("the server says where it listens").to_owned();
    // -B: no compiled files beside the scripts.
    let status = Command::new(python).arg("-B").arg(tests.join(script)).arg(endpoint).status().unwrap();
    assert!(status.success(), "{script} failed, see above");
}
