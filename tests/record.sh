#!/usr/bin/env bash
# Records what CPython prints for each tests/lang/**/NAME.py into NAME.out beside it.
#   tests/record.sh [--check] [PYTHON]      (default: python3.13)
# Files named *_314.py show what 3.14 changed: they are recorded with 3.14 and left alone here.
# With --check nothing is written; a difference is an error.
set -euo pipefail
cd "$(dirname "$0")/lang"
check=no
if [ "${1:-}" = "--check" ]; then
    check=yes
    shift
fi
python=${1:-python3.13}
status=0
while read -r file; do
    out=${file%.py}.out
    got=$(cd "$(dirname "$file")" && PYTHONHASHSEED=0 "$python" "$(basename "$file")" 2>&1 || true)
    if [ $check = yes ]; then
        if [ "$got" != "$(cat "$out")" ]; then
            echo "recorded output differs: $file"
            status=1
        fi
    else
        printf '%s\n' "$got" > "$out"
    fi
done < <(find . -name '*.py' ! -name '_*' ! -name '*_314.py' | sort)
exit $status
