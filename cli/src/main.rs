//! The `pointsman` command: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;
use pointsman::arguments::{Arguments, Command};
use pointsman::exit::Exit;
use pointsman::rules_file::RulesProblems;
use pointsman::{check, explain, replay};

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
    };
    let exit = done.unwrap_or_else(|error| {
        anstream::eprintln!("error: {error:#}");
        if error.is::<RulesProblems>() { Exit::Found } else { Exit::Cannot }
    });
    exit.into()
}
