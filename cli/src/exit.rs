//! Owns the command's exit codes.

use std::process::ExitCode;

use shared::text::printable;

use crate::rules_file::RulesProblems;

/// The result of a run; the number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well: no problems, or every invocation succeeded.
    Success = 0,
    /// The command ran and found a problem: in the rules, in an invocation, or no function's rule matches the event.
    Found = 1,
    /// The command line is wrong. clap itself exits with this.
    Usage = 2,
    /// The command could not run: a file cannot be read, a build failed, the function did not answer.
    Cannot = 3,
}

impl Exit {
    /// Prints an error, and returns its exit code.
    pub fn of(error: &anyhow::Error) -> Self {
        if error.is::<RulesProblems>() {
            anstream::eprintln!("error: {error:#}");
            return Self::Found;
        }
        print_error(error);
        Self::Cannot
    }
}

/// Prints an error. The names in it may be an attacker's, so that only its line breaks act on the terminal.
pub fn print_error(error: &anyhow::Error) {
    let lines: Vec<String> = format!("{error:#}").split('\n').map(printable).collect();
    anstream::eprintln!("error: {}", lines.join("\n"));
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
