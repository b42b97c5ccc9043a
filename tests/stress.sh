#!/usr/bin/env bash
# The stress build: the collector runs after every allocation of a container, and a program that leaves
# objects over when it ends fails (`crates/vm/src/runtime/stress.rs`).
#   tests/stress.sh [FILE...]      (default: tests/lang, tests/crash and examples, which takes some minutes)
# A program of tests/lang has to print what it prints otherwise, too, but for what tells when garbage goes.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cargo build --profile quick --quiet -p adder-cli --features stress \
    --target-dir "${CARGO_TARGET_DIR:-$root/target}/stress" --manifest-path "$root/Cargo.toml" || exit 1
adder=${CARGO_TARGET_DIR:-$root/target}/stress/quick/adder
[ $# -gt 0 ] || {
    cd "$root"
    # Under a limit of memory the book of objects has no room.
    mapfile -t files < <(find tests/lang tests/crash examples -name '*.py' ! -name '_*' ! -name '*_memory*.py' | sort)
    set -- "${files[@]}"
}
status=0
for file in "$@"; do
    got=$(cd "$(dirname "$file")" && PYTHONHASHSEED=0 timeout 300 "$adder" "$(basename "$file")" 2>&1 < /dev/null)
    ended=$?
    expected=${file%.py}.out
    if grep '^left over: ' <<< "$got"; then
        echo "left something over: $file"
        status=1
    elif [ ! -f "$expected" ] && [ $ended != 0 ]; then
        echo "status $ended: $file"
        status=1
    elif [ -f "$expected" ] && [ "$got" != "$(cat "$expected")" ] && [[ $file != *exit_cycle.py ]]; then
        diff <(echo "$got") "$expected" | head -5
        echo "status $ended, other output: $file"
        status=1
    fi
done
exit $status
