#!/usr/bin/env bash
# The campaigns of mutated input, one target after the other, each in one process.
#   tests/campaigns.sh [--cases N] [--seed S] [TARGET...]     (default: 10 million cases, all targets)
# The input of a failure stays in the working directory; `docs/hardening.md` says what to do with it.
set -euo pipefail
cases=10000000
seed=1
while [ $# -gt 0 ]; do
    case $1 in
        --cases) cases=$2; shift 2 ;;
        --seed) seed=$2; shift 2 ;;
        *) break ;;
    esac
done
cargo build --release --quiet -p adder-hardening --example campaign
program=${CARGO_TARGET_DIR:-target}/release/examples/campaign
status=0
for target in ${*:-source marshal code regex format struct json numbers memoryview calls}; do
    "$program" "$target" --cases "$cases" --seed "$seed" || status=1
done
exit $status
