//! Emails the operator when the access to an image or a snapshot changes: the change, its actor and the command that reverts
//! it. Reverts it if a rule asks for that.
//!
//! `handle.rs` shows every step. A recorded call: parse it ([`event`], [`recorded_call`]), `gather` facts, [`decide`], `act`.
//! The daily scan: `gather` the images and snapshots of a region, decide ([`scan`]), `act`. After the emails: usage reports and
//! Security Hub (`follow_up`). Decisions are pure; only `act` changes anything.

// What is read of an event.
pub mod actor;
pub mod call_outcome;
pub mod change;
pub mod event;
pub mod grantee;
pub mod origin;
pub mod recorded_call;

// The rules, the deployment, and what AWS and the table say.
pub mod covering;
pub mod exposure;
pub mod facts;
pub mod memory;
pub mod rules;
pub mod settings;

// The decision about a recorded call.
pub mod access;
pub mod assess;
pub mod claim;
pub mod decide;
pub mod effect;
pub mod history;
pub mod remember;
mod revert;
pub mod revert_plan;

// The daily scan, and what follows the emails.
pub mod finding_list;
pub mod scan;
pub mod security_hub;
pub mod usage;

// The words: reasons, notes and emails.
pub mod because;
pub mod email;
pub mod finding;
pub mod remark;
pub mod severity;

// The function for the documents and for `pointsman check`.
mod check;
pub mod description;

// Everything that calls AWS.
#[cfg(feature = "function")]
pub mod act;
#[cfg(feature = "function")]
pub mod alert_table;
#[cfg(feature = "function")]
pub mod aws;
#[cfg(feature = "function")]
pub mod follow_up;
#[cfg(feature = "function")]
pub mod gather;
#[cfg(feature = "function")]
pub mod handle;
#[cfg(feature = "function")]
pub mod membership_table;
#[cfg(feature = "table")]
pub mod memory_table;
#[cfg(feature = "function")]
mod records;
#[cfg(feature = "function")]
pub mod run;

pub use description::FUNCTION;
#[cfg(feature = "function")]
pub use handle::handle;
