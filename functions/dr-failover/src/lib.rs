//! A confirmed alarm starts the recovery, or says which condition holds it.
//!
//! `parse` the event, whatever form an alarm comes in. Then, for each plan it is about ([`drive`]): read the incident from the
//! table, `gather` what the decision needs, `decide` (pure: start, adopt what runs, or hold), and act: start the DRS recovery
//! plan, follow it ([`follow`]), write the incident down, mail each change of its state. An incident that is held is decided
//! again by each reconcile.

pub mod alarm;
pub mod because;
pub mod decide;
pub mod event;
pub mod facts;
pub mod follow;
pub mod incident;
pub mod interlock;
pub mod latch;
pub mod mail;
pub mod remark;
pub mod rules;
pub mod settings;
pub mod transition;

#[cfg(feature = "function")]
pub mod aws;
#[cfg(feature = "function")]
pub mod drive;
#[cfg(feature = "function")]
pub mod gather;
#[cfg(feature = "function")]
pub mod handle;
#[cfg(feature = "function")]
pub mod probe;
#[cfg(feature = "function")]
pub mod run;
#[cfg(feature = "function")]
pub mod start;
#[cfg(feature = "store")]
pub mod store;

#[cfg(feature = "function")]
pub use handle::handle;

/// This function's name, as its folder and binary have it.
pub const FUNCTION: &str = "dr-failover";
