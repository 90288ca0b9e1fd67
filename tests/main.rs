//! What spans functions: faults at every call, the template and the documents held against the code.

mod account;
mod alerts;
mod aws_news;
mod brake;
mod branch_policies;
mod branch_templates;
mod dns_tree;
mod documents;
mod explain;
mod failover;
mod faults;
mod interleavings;
mod names;
mod notification_faults;
mod notifications;
mod quotes;
mod random_rules;
mod reports;
mod repository;
mod roll_outs;
mod stack_faults;
mod sweep;
mod template;
mod walk_through;
mod words;
