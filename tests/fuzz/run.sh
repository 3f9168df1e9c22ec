#!/usr/bin/env bash
# Fuzzes each target for a while: `tests/fuzz/run.sh [SECONDS [TARGET ...]]`, 20 seconds and all of them unless said. Any
# compiler will do, and a C++ compiler for libFuzzer. What it finds on the way stays out of the repository, in
# target/fuzz/TARGET; an input that fails is named at the end, and belongs into tests/fuzz/corpus/TARGET with its repair.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-20}
shift || true
[ $# -gt 0 ] || set -- $(ls tests/fuzz/corpus)
target=${CARGO_TARGET_DIR:-target}
# A megabyte is more than any of these reads; a single input that takes 10 seconds or 2 GiB is a finding.
limits=(-max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0)

RUSTC_WORKSPACE_WRAPPER=$PWD/tests/fuzz/instrumented.sh \
    cargo build --locked --quiet -p jackfield-fuzz --features libfuzzer --bin fuzz
failed=0
for name in "$@"; do
    mkdir -p "$target/fuzz/$name" "$target/fuzz/findings"
    log=$target/fuzz/$name.log
    if JACKFIELD_FUZZ=$name "$target/debug/fuzz" "${limits[@]}" -max_total_time="$seconds" \
        -artifact_prefix="$target/fuzz/findings/$name-" "$target/fuzz/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, no finding"
    else
        echo "error: $name failed; see $log" >&2
        grep -m 3 -A 2 -E 'panicked at|ERROR: libFuzzer|Test unit written' "$log" >&2 || tail -5 "$log" >&2
        failed=1
    fi
done
exit $failed
