//! What the command's exit codes mean.

use std::process::ExitCode;

use crate::rules_file::RulesProblems;

/// How a run ended; the number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well: no problems, or every invocation succeeded.
    Success = 0,
    /// The command ran, and what it looked at is not well: the rules have problems, an invocation failed, or no
    /// function is about the event.
    Found = 1,
    /// The command line is wrong. clap itself exits with this.
    Usage = 2,
    /// The command could not run: a file cannot be read, a build failed, the function did not answer.
    Cannot = 3,
}

impl Exit {
    /// Tells an error to the user, and what it means for the exit code.
    pub fn of(error: &anyhow::Error) -> Self {
        anstream::eprintln!("error: {error:#}");
        if error.is::<RulesProblems>() { Self::Found } else { Self::Cannot }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
