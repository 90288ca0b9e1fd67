//! The graphs of small repositories.

mod cargo;
mod folder;
mod node;
mod support;
