#!/usr/bin/env bash
# Begins a connector of each domain in target/story and compiles all of them, so that the tests only have to run.
# Usage: tests/template.sh JACKFIELD, the binary. The place is always the same: only what changed is compiled again.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
jackfield=$(realpath "$1")
domains=(commerce crm helpdesk hr it finance erp)

mkdir -p "$root/target/story"
cd "$root/target/story"
printf '[workspace]\nresolver = "3"\nmembers = ["new-*"]\n' >Cargo.toml
# The versions that are here already: nothing is fetched.
cp "$root/Cargo.lock" Cargo.lock
# Its own place for what it compiles, whatever the outer build uses.
unset CARGO_TARGET_DIR
for domain in "${domains[@]}"; do
    rm -rf "new-$domain"
    "$jackfield" --log warn new "new-$domain" --domain "$domain" --sdk "$root/sdk" >/dev/null 2>&1
done
cargo test --quiet --offline --workspace --no-run
CARGO_NET_OFFLINE=true "$jackfield" --log warn build "${domains[@]/#/new-}" --out "$root/dist/template"
