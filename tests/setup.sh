#!/usr/bin/env bash
# Installs what a verb of the Makefile needs and this machine lacks; does nothing when nothing is missing.
# Usage: tests/setup.sh wasm|node|curl|c++|mdbook|nextest|deny ...
set -euo pipefail

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
apt_install() {
    as_root apt-get update >/dev/null
    as_root apt-get install -y --no-install-recommends "$@" >/dev/null
}

# The compiler for connectors: rustup's target, or where rustup cannot download, the distribution's compiler with its
# std source. `jackfield build` looks for the same two.
has_target() { [ -d "$(rustc --print target-libdir --target wasm32-wasip2)" ]; }
has_distribution() {
    [ -d /usr/lib/wasm32-wasi ] && [ -d "$(/usr/bin/rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library" ]
}
wasm() {
    has_target || has_distribution && return
    echo "installing the wasm32-wasip2 target" >&2
    rustup target add wasm32-wasip2 2>/dev/null && has_target && return
    apt_install rustc-web rust-web-src wasi-libc
    has_distribution || { echo "error: nothing here compiles for wasm32-wasip2: run \`rustup target add wasm32-wasip2\`" >&2; exit 1; }
}
# Compiles connectors in JavaScript; runs nothing of ours but that.
node() {
    command -v npm >/dev/null || apt_install nodejs npm
    [ "$(command node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || { echo "error: connectors in JavaScript need node 20 or later" >&2; exit 1; }
}
# Compiles libFuzzer.
cxx() { command -v c++ >/dev/null || apt_install g++; }
curl() { command -v curl >/dev/null || apt_install curl; }
# Makes a website of the book. A tool of its own, with nothing that only its web server needs.
mdbook() {
    command -v mdbook >/dev/null || cargo install --locked --no-default-features --features search mdbook@0.5.4
}
cargo_tool() { cargo "$1" --version >/dev/null 2>&1 || { echo "installing cargo-$1" >&2; cargo install --locked "cargo-$1"; }; }

command -v cargo >/dev/null || { echo "error: install Rust first: https://rustup.rs" >&2; exit 1; }
for what in "$@"; do
    case $what in
        wasm | node | curl | mdbook) "$what" ;;
        c++) cxx ;;
        nextest | deny) cargo_tool "$what" ;;
        *) echo "error: nothing here is called \`$what\`" >&2; exit 2 ;;
    esac
done
