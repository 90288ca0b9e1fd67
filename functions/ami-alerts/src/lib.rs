//! Tells people of a change to who may use an image: what it means, who made it, and what to do.
//!
//! `parse` the event, `gather` what is known of the image (each look-up may fail by itself), `decide` what it means by the
//! rules (pure), and act: undo it if a rule asks for it, mail it once, remember that ([`alert`]). reconcile looks at every
//! image for what no event told of ([`reconcile`]).

pub mod actor;
pub mod because;
pub mod change;
pub mod decide;
pub mod event;
pub mod exposure;
pub mod facts;
pub mod grantee;
pub mod mail;
pub mod origin;
pub mod outcome;
pub mod remark;
pub mod rules;
pub mod settings;
pub mod severity;

#[cfg(feature = "function")]
pub mod alert;
#[cfg(feature = "function")]
pub mod aws;
#[cfg(feature = "function")]
pub mod gather;
#[cfg(feature = "function")]
pub mod handle;
#[cfg(feature = "function")]
pub mod ledger;
#[cfg(feature = "function")]
pub mod reconcile;
#[cfg(feature = "function")]
pub mod revert;
#[cfg(feature = "function")]
pub mod run;

#[cfg(feature = "function")]
pub use handle::handle;

/// This function's name, as its folder and binary have it.
pub const FUNCTION: &str = "ami-alerts";
