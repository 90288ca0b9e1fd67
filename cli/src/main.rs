//! The `pointsman` command: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;
use pointsman::arguments::{Arguments, Command};
use pointsman::exit::Exit;
use pointsman::{
    check, doctor, explain, findings, incident, init, preflight, replay, report, schema, stacks,
};

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Incident(arguments) => incident::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Stacks(arguments) => stacks::run(&arguments),
        Command::Findings(arguments) => findings::run(&arguments),
        Command::Preflight(arguments) => preflight::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Schema => schema::run(),
    };
    done.unwrap_or_else(|error| Exit::of(&error)).into()
}
