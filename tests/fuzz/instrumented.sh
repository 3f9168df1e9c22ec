#!/usr/bin/env bash
# Stands between cargo and the compiler (RUSTC_WORKSPACE_WRAPPER): our own crates count their branches for libFuzzer, all
# else is compiled as ever. These are stable flags, the same that cargo-fuzz sets; a sanitizer would need a nightly compiler
# and finds little in code that forbids `unsafe`.
set -euo pipefail
count=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0)
case " $* " in
    *" --crate-name build_script_"* | *" --crate-type proc-macro "*) exec "$@" ;;
    # The host is large, and only its configuration is fuzzed: it is not optimised.
    *" --crate-name jackfield "*) exec "$@" "${count[@]}" ;;
    *" --crate-name jackfield_"* | *" --crate-name fuzz "*) exec "$@" "${count[@]}" -Ccodegen-units=1 -Copt-level=1 ;;
    *) exec "$@" ;;
esac
