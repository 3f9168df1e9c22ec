#!/usr/bin/env bash
# The one direction of imports, kept by machine: who may depend on what (ARCHITECTURE.md, "Invariants").
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

# tree CRATE: every crate that CRATE is built from, without dev-dependencies.
tree() { cargo tree --locked --quiet --prefix none --edges normal,build -p "$1" | sed 's/ .*//' | sort -u; }
refuse() { # refuse CRATE PATTERN WHY
    if found=$(tree "$1" | grep -xE "$2"); then
        echo "error: $1 must not depend on $(echo $found): $3" >&2
        failed=1
    fi
}

refuse jackfield-core 'tokio|hyper|rusqlite|wasmtime|async-nats' 'decisions are pure'
refuse jackfield-core 'jackfield|jackfield-(sandbox|egress|render|sdk|mocks)' 'core knows nobody but the catalogue'
refuse jackfield-catalog 'jackfield.*-core|tokio|hyper' 'the catalogue is shared with guests'
refuse jackfield-sandbox 'jackfield-(egress|store|render|sdk|mocks)|hyper|rusqlite' 'ports of core are plugged together in app.rs'
refuse jackfield-egress 'wasmtime|rusqlite|jackfield-(sandbox|store|render|sdk|mocks)' 'ports of core are plugged together in app.rs'
refuse jackfield-store 'wasmtime|hyper|jackfield-(sandbox|egress|render|sdk|mocks)' 'ports of core are plugged together in app.rs'
refuse jackfield-render 'tokio|hyper|wasmtime|jackfield-(core|sandbox|egress|sdk)' 'rendering is pure'
refuse jackfield-sdk 'jackfield|jackfield-(core|sandbox|egress|render)' 'an author never sees the host'
refuse jackfield-fixtures 'jackfield|jackfield-(core|sandbox|egress|store|render|sdk|trial)|tokio|hyper' 'what a fixture means is shared by SDK and host'
refuse jackfield-trial 'jackfield|jackfield-(egress|store|render|sdk|mocks)|hyper|rusqlite' 'a trial has no network, no store and no configuration'
refuse jackfield-mocks 'jackfield|jackfield-(core|sandbox|egress|render|sdk|catalog)' 'the mocks are independent evidence'
for plugin in plugins/*/Cargo.toml; do
    name=jackfield-$(basename "$(dirname "$plugin")")
    others=$(ls -d plugins/*/ | xargs -n1 basename | grep -vx "${name#jackfield-}" | paste -sd'|' || true)
    refuse "$name" "jackfield|jackfield-(core|sandbox|egress|render|mocks${others:+|$others})" 'a connector knows the SDK and nothing else'
done
# Only the sandbox may name wasmtime.
for user in $(cargo tree --locked --quiet --workspace --invert wasmtime --depth 1 --prefix none --edges normal | sed 's/ .*//' | grep '^jackfield' || true); do
    [ "$user" = jackfield-sandbox ] || { echo "error: $user uses wasmtime; only jackfield-sandbox may" >&2; failed=1; }
done

# Connectors without a sandbox exist for benches alone.
for manifest in $(grep -lE 'jackfield-sandbox.*features.*bench' Cargo.toml */Cargo.toml */*/Cargo.toml */*/*/Cargo.toml 2>/dev/null || true); do
    [ "$manifest" = tests/Cargo.toml ] || { echo "error: $manifest turns on \`bench\` of jackfield-sandbox; only the benches may" >&2; failed=1; }
done

exit $failed
