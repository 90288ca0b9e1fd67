//! Tells people of a change to who may use an image: what it means, who made it, and what to do.

pub mod grantee;
pub mod report;
pub mod rules;
pub mod severity;

#[cfg(feature = "function")]
pub mod aws;
