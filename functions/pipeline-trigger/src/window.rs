//! The windows in which pipelines start.

pub mod calendar;
pub mod hours;
pub mod ics;
