#!/bin/sh
# Builds the guests (all, or those named) and lays them in dist/guests/NAME.wasm. BUILDING.md says why it is done so.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"

if [ $# -eq 0 ]; then
    set -- $(for dir in tests/guests/*/; do basename "$dir"; done)
fi
packages=
for name in "$@"; do packages="$packages -p jackfield-guest-$name"; done

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR_GUESTS:-$root/target-guests}"
# A small shadow stack keeps the memory that every fresh instance starts with small.
flags="-C link-arg=-zstack-size=65536"
if rustup target list --installed 2>/dev/null | grep -qx wasm32-wasip2; then
    export RUSTFLAGS="$flags"
    cargo build --target wasm32-wasip2 --profile guest $packages
else
    # No target to download: the distribution's compiler brings the sources of std, rustup's toolchain the linkers.
    sysroot=$(rustc --print sysroot)
    tools="$sysroot/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin"
    export RUSTC="${JACKFIELD_WASM_RUSTC:-/usr/bin/rustc}" RUSTC_BOOTSTRAP=1
    export PATH="$sysroot/bin:$tools/gcc-ld:$tools:$PATH"
    export CARGO_TARGET_WASM32_WASIP2_LINKER=wasm-component-ld
    export RUSTFLAGS="-C link-self-contained=no -L ${JACKFIELD_WASI_LIBC:-/usr/lib/wasm32-wasi} $flags"
    cargo build -Zbuild-std=std,panic_abort --target wasm32-wasip2 --profile guest $packages
fi

mkdir -p dist/guests
for name in "$@"; do
    # Renamed into place: a test that reads at the same moment sees the old file or the new one, whole.
    cp "$CARGO_TARGET_DIR/wasm32-wasip2/guest/jackfield_guest_$name.wasm" "dist/guests/.$name.wasm.new"
    mv "dist/guests/.$name.wasm.new" "dist/guests/$name.wasm"
done
