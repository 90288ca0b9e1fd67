//! Emails the operator when the access to an image or a snapshot changes: the change, its actor and the command that reverts
//! it. Reverts it if a rule asks for that.
//!
//! `handle.rs` shows every step. A recorded call: parse it ([`event`], [`recorded_call`]), `gather` facts, [`decide`], `act`.
//! The daily scan: `gather` the images of a region, decide ([`scan`]), `act`. Decisions are pure; only `act` changes anything.

pub mod access;
pub mod actor;
pub mod assess;
pub mod because;
pub mod call_outcome;
pub mod change;
mod check;
pub mod claim;
pub mod covering;
pub mod decide;
pub mod description;
pub mod effect;
pub mod email;
pub mod event;
pub mod exposure;
pub mod facts;
pub mod finding;
pub mod finding_list;
pub mod grantee;
pub mod history;
pub mod memory;
pub mod origin;
pub mod recorded_call;
pub mod remark;
pub mod remember;
mod revert;
pub mod revert_plan;
pub mod rules;
pub mod scan;
pub mod security_hub;
pub mod settings;
pub mod severity;
pub mod usage;

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
