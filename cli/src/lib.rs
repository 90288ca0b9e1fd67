//! The `pointsman` command line: what an event would do, on a laptop, without an AWS account.

pub mod arguments;
pub mod check;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod findings;
pub mod functions;
pub mod incident;
pub mod init;
pub mod preflight;
pub mod progress;
pub mod render;
pub mod replay;
pub mod report;
pub mod rules_file;
pub mod schema;
pub mod stacks;
pub mod template;
pub mod workspace;
