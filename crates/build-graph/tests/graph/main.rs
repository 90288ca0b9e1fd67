//! The graphs of small repositories.

mod bazel;
mod cargo;
mod folder;
mod go;
mod maven;
mod node;
mod support;
