//! The graphs of small repositories.

mod bazel;
mod cargo;
mod damaged;
mod folder;
mod go;
mod large;
mod maven;
mod node;
mod support;
