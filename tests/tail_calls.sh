#!/usr/bin/env bash
# Does each instruction's function jump to the next one's? Prints those that call it instead, which leaves
# a piece of native stack behind each time (`crates/vm/src/runtime/ceval.rs` says what becomes of it).
#   tests/tail_calls.sh target/release/adder
set -euo pipefail
objdump -d --no-show-raw-insn "${1:-target/release/adder}" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = ($0 ~ /12instructions/) ? $2 : ""; if (name) functions++ }
    name && /(call|jmp) +\*.*\(%r[a-z0-9]+,%r[a-z0-9]+,8\)/ {
        if ($0 ~ /call/) { print "no jump: " name; calls++ } else jumps++
    }
    END {
        printf "%d functions, %d jumps to a next one, %d calls\n", functions, jumps, calls
        exit (calls > 0 || jumps < 100)
    }'
