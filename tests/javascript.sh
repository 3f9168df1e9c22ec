#!/usr/bin/env bash
# Compiles the connectors of plugins/examples that are written in JavaScript and packages them into dist/examples. Needs
# node and the npm registry for what package-lock.json pins; what is up to date is not made again.
# Usage: tests/javascript.sh JACKFIELD, the binary.
set -euo pipefail
cd "$(dirname "$0")/.."
jackfield=$(realpath "$1")

# older FILE THAN...: whether the file is missing, or older than one of the others or than something below them.
older() {
    local file=$1
    shift
    [ ! -e "$file" ] || [ -n "$(find "$@" -newer "$file" -not -path '*/node_modules/*' -print -quit)" ]
}

for example in plugins/examples/*/package.json; do
    dir=$(dirname "$example")
    component=$dir/component.wasm
    package=dist/examples/$(basename "$dir").wasm
    if older "$dir/node_modules/.package-lock.json" "$dir/package-lock.json"; then
        # Packages run nothing when they are installed.
        (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    fi
    if older "$component" "$dir/src" "$dir/build.js" "$dir/package-lock.json" wit; then
        (cd "$dir" && npm run --silent build)
    fi
    if older "$package" "$component" "$dir/connector.toml" "$jackfield"; then
        "$jackfield" --log warn build "$dir" --component "$component" --out dist/examples
    fi
done
