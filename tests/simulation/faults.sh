#!/usr/bin/env bash
# Shows that the simulation notices: each fault under `faults` is put into a copy of the sources, and has to be caught within
# a thousand seeds. `bash tests/simulation/faults.sh [name..]`; about a minute a fault.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r Cargo.toml Cargo.lock src tests benches examples README.md "$copy" 2>/dev/null || cp -r Cargo.toml src tests benches examples README.md "$copy"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target/faults} CARGO_INCREMENTAL=0 CLINCH_SEEDS=1000
missed=0
for patch in "$here"/tests/simulation/faults/*.patch; do
    name=$(basename "$patch" .patch)
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    (cd "$copy" && git apply "$patch")
    if out=$(cd "$copy" && cargo test -q --test simulation nothing 2>&1); then
        echo "$name: NOT caught in $CLINCH_SEEDS seeds"
        missed=1
    elif grep -q "could not compile" <<<"$out"; then
        echo "$name: does not compile" >&2
        exit 1
    else
        echo "$name: caught by $(grep -oE 'seed [0-9]+' <<<"$out" | sort -t' ' -k2 -n | head -1 || true)"
    fi
    (cd "$copy" && git apply -R "$patch")
done
exit $missed
