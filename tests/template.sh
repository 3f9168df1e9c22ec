#!/usr/bin/env bash
# Begins a connector of each domain in target/story, and the one of the book's tutorial, and compiles all of them, so that
# the tests only have to run. One of them once more in another folder, target/again: both must come out the same, and what
# is there may be worked on.
# Usage: tests/template.sh JACKFIELD, the binary. The place is always the same: only what changed is compiled again.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
jackfield=$(realpath "$1")
domains=(commerce crm helpdesk hr it finance erp)

# Its own place for what it compiles, whatever the outer build uses.
unset CARGO_TARGET_DIR
# begin FOLDER DOMAIN...: a workspace with a new connector of each domain.
begin() {
    mkdir -p "$root/target/$1"
    cd "$root/target/$1"
    shift
    printf '[workspace]\nresolver = "3"\nmembers = ["new-*"]\n' >Cargo.toml
    # The versions that are here already: nothing is fetched.
    cp "$root/Cargo.lock" Cargo.lock
    rm -rf new-*
    for domain in "$@"; do
        "$jackfield" --log warn new "new-$domain" --domain "$domain" --sdk "$root/sdk" >/dev/null 2>&1
    done
}

begin again commerce
# For the tests of `jackfield dev`, which change their sources.
for name in watched played; do
    "$jackfield" --log warn new "new-$name" --sdk "$root/sdk" >/dev/null 2>&1
done
CARGO_NET_OFFLINE=true "$jackfield" --log warn build new-commerce --out "$root/dist/again" >/dev/null
begin story "${domains[@]}"
# The tutorial's story: what `jackfield new` makes, with the files that docs/tutorial.md shows put over it.
rm -rf lantern
printf '[workspace]\nresolver = "3"\nmembers = ["new-*", "lantern"]\n' >Cargo.toml
"$jackfield" --log warn new lantern --domain commerce --sdk "$root/sdk" >/dev/null 2>&1
cp -r "$root/docs/tutorial/." lantern/
cargo test --quiet --offline --workspace --no-run
CARGO_NET_OFFLINE=true "$jackfield" --log warn build "${domains[@]/#/new-}" lantern --out "$root/dist/template"
