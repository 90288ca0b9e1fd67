//! What spans functions: faults at every call, the template and the documents held against the code.

mod branch_templates;
mod documents;
mod faults;
mod repository;
mod template;
