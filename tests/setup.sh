#!/usr/bin/env bash
# Installs what a build and the tests need and this machine lacks. Does nothing when nothing is missing.
set -euo pipefail

need_sudo() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
apt() { need_sudo apt-get "$@" >/dev/null; }

command -v cargo >/dev/null || { echo "error: install Rust first: https://rustup.rs" >&2; exit 1; }

# The compiler for connectors: rustup's target, or where rustup cannot download, the distribution's compiler with its
# std source. `jackfield build` looks for the same two.
has_target() { [ -d "$(rustc --print target-libdir --target wasm32-wasip2)" ]; }
has_distribution() { [ -d /usr/lib/wasm32-wasi ] && [ -d "$(/usr/bin/rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library" ]; }
if ! has_target && ! has_distribution; then
    echo "installing the wasm32-wasip2 target" >&2
    if ! rustup target add wasm32-wasip2 2>/dev/null || ! has_target; then
        apt update
        apt install -y --no-install-recommends rustc-web rust-web-src wasi-libc
        has_distribution || { echo "error: no compiler for wasm32-wasip2: run \`rustup target add wasm32-wasip2\`" >&2; exit 1; }
    fi
fi

# `make run` asks the simulated systems where they listen.
command -v curl >/dev/null || { apt update && apt install -y --no-install-recommends curl; }

# The test runner.
cargo nextest --version >/dev/null 2>&1 || { echo "installing cargo-nextest" >&2; cargo install --locked cargo-nextest; }
