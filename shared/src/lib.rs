//! The code that every function needs: configuration, decisions and reasons, event envelopes, AWS, the Lambda handler.
//!
//! Nothing here names a function or a service's SDK, so that each binary carries only the clients it calls.

pub mod act;
pub mod arn;
pub mod aws;
pub mod branch_slug;
pub mod call_error;
pub mod claim;
pub mod clock;
pub mod config;
pub mod decision;
pub mod email;
pub mod envelope;
pub mod event;
pub mod foreign_event;
pub mod function;
pub mod glob;
pub mod home;
pub mod lambda;
pub mod language;
pub mod placeholder;
pub mod push;
pub mod report;
pub mod table_error;
pub mod telemetry;
pub mod text;
pub mod text_file;
pub mod token;
