//! What spans functions: the command line, the template, faults at every call, git as the oracle.
