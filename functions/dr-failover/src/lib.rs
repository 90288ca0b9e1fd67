//! A confirmed alarm starts the recovery, or says which condition holds it.
