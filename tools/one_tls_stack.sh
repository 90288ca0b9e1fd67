#!/usr/bin/env bash
# Fails if the AWS crates' older TLS stack is compiled: it adds a fifth to the binary and has unfixed advisories. An AWS
# crate with default features brings it in.
set -euo pipefail
packages=$(cargo tree --workspace --locked --prefix none --edges normal,build)
if grep -E '^(rustls v0\.21\.|hyper v0\.14\.)' <<<"$packages" | sort -u; then
    echo "error: an AWS crate is used with default features; see Cargo.toml" >&2
    exit 1
fi
