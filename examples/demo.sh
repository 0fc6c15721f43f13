#!/usr/bin/env bash
# Serves in a directory of its own, submits examples/planes.csv, follows it to the end, and stops the server again.
set -euo pipefail
cd "$(dirname "$0")/.."

headway=${CARGO_TARGET_DIR:-target}/demo/headway
scratch=$(mktemp -d "${TMPDIR:-/tmp}/headway-demo.XXXXXX")
export XDG_STATE_HOME=$scratch
: >"$scratch/log"
"$headway" serve --listen 127.0.0.1:0 --data "$scratch/data" --json >"$scratch/log" &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$scratch"' EXIT

page=
for _ in $(seq 1200); do
    page=$(sed -n '1s/.*"url":"\([^"]*\)".*/\1/p' "$scratch/log")
    [ -n "$page" ] && break
    kill -0 $server 2>/dev/null || { echo "the server did not start" >&2; exit 1; }
    sleep 0.1
done
[ -n "$page" ] || { echo "the server does not get ready" >&2; exit 1; }
echo "The dashboard while this runs: $page"
export HEADWAY_URL=${page%%/#*}
HEADWAY_TOKEN=${page#*#token=}
export HEADWAY_TOKEN

echo "Submitting examples/planes.csv: 3,322 aircraft, whose year has to be an integer. 70 have none."
job=$("$headway" submit examples/planes.csv --processor json-schema --params examples/planes.schema.json --tolerate 100)
echo
echo "The first of those that failed:"
"$headway" failures "$job" | head -n 6 || true
counts=$("$headway" status "$job" --json | sed 's/.*"processedItems":\([0-9]*\).*"failedItems":\([0-9]*\).*/\1 processed, \2 failed/')
echo
echo "$counts. Look for yourself: $headway serve, then submit again, open its page, and: headway failures ID"
