#!/usr/bin/env bash
# Shows that the simulation notices: each fault under `faults` is put into a copy of the sources, and has to be caught within
# a thousand seeds, while the sources as they stand pass. `bash tests/simulation/faults.sh [name..]`
#
# The copy has no more than the simulation needs and is not optimised, so that a fault takes seconds to build.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/tests"
cp -r src README.md Cargo.lock "$copy"
cp -r tests/simulation "$copy/tests"
awk '
    /^\[/ { part = $0 }
    part == "[dev-dependencies]" && /^clinch/ { print "clinch = { path = \".\", features = [\"json\"] }"; next }
    part == "[dev-dependencies]" && !/^(\[|base64|serde_json)/ { next }
    part != "[[bench]]"
' Cargo.toml >"$copy/Cargo.toml"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target/faults} CARGO_INCREMENTAL=1
export CARGO_PROFILE_TEST_OPT_LEVEL=0 CARGO_PROFILE_TEST_DEBUG=0
simulate() { (cd "$copy" && CLINCH_SEEDS=$1 cargo test -q --test simulation nothing 2>&1); }

simulate 100 >/dev/null || { echo "the sources as they stand fail" >&2 && exit 1; }
missed=0
for patch in "$here"/tests/simulation/faults/*.patch; do
    name=$(basename "$patch" .patch)
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    (cd "$copy" && git apply "$patch")
    if out=$(simulate 1000); then
        echo "$name: NOT caught in 1000 seeds"
        missed=1
    elif ! grep -qoE 'seed [0-9]+' <<<"$out"; then
        echo "$name: fails otherwise: $(tail -5 <<<"$out")" >&2
        exit 1
    else
        echo "$name: caught by $(grep -oE 'seed [0-9]+' <<<"$out" | sort -t' ' -k2 -n | head -1)"
    fi
    (cd "$copy" && git apply -R "$patch")
done
exit $missed
