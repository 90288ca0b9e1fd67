//! From what came of the event to the one decision that everybody reads.

/// This function's name, as its folder and binary have it.
pub const FUNCTION: &str = "ami-alerts";
