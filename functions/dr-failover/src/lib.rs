//! A confirmed alarm starts the DRS recovery plan, or an email reports what blocks it.
//!
//! [`handle()`](handle::handle) parses the event, whatever form an alarm has ([`event`]). For each recovery plan of the event
//! (`plan`), it reads the known state, and then gathers, steps and acts:
//!
//! - `gather` reads the facts that the step asks for,
//! - [`step::step`] is pure and decides everything: the new state of latch and incident, reasons, and effects,
//! - `act` carries the effects out: it alone writes the state, starts the plan and publishes emails.
//!
//! A blocked incident is re-evaluated by each reconcile.

pub mod alarm;
pub mod approval;
pub mod because;
mod check;
mod description;
pub mod email;
pub mod event;
pub mod facts;
pub mod incident;
pub mod interlock;
pub mod latch;
pub mod remark;
pub mod reported;
pub mod rules;
pub mod settings;
pub mod step;
pub mod suppression;
pub mod text;
pub mod traffic;

#[cfg(feature = "function")]
mod act;
#[cfg(feature = "function")]
pub mod aws;
#[cfg(feature = "function")]
mod gather;
#[cfg(feature = "function")]
pub mod handle;
#[cfg(feature = "function")]
mod plan;
#[cfg(feature = "function")]
pub mod probe;
#[cfg(feature = "function")]
mod run;
#[cfg(feature = "store")]
pub mod store;

pub use description::FUNCTION;
#[cfg(feature = "function")]
pub use handle::handle;
