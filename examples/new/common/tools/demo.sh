#!/usr/bin/env bash
# Serves with a data directory of its own, submits a file, shows the results, and stops the server again.
# usage: HEADWAY=… tools/demo.sh FILE [OPTIONS OF SUBMIT] -- [OPTIONS OF SERVE]
set -euo pipefail
cd "$(dirname "$0")/.."

submit=()
while [ "$1" != -- ]; do
    submit+=("$1")
    shift
done
shift

scratch=$(mktemp -d "${TMPDIR:-/tmp}/headway-demo.XXXXXX")
export XDG_STATE_HOME=$scratch
: >"$scratch/log"
"$HEADWAY" serve --listen 127.0.0.1:0 --data "$scratch/data" --json "$@" >"$scratch/log" &
server=$! submitting=
# shellcheck disable=SC2086
trap 'kill $submitting $server 2>/dev/null || true; wait; rm -rf "$scratch"' EXIT

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

# In the background, so that whoever stops this script does not have to wait for the job's end.
"$HEADWAY" submit "${submit[@]}" >"$scratch/job" &
submitting=$!
code=0
wait $submitting || code=$?
# Of a job that has failed they are wanted most.
job=$(cat "$scratch/job")
[ -n "$job" ] || exit "$code"
echo "What failed:"
"$HEADWAY" failures "$job"
echo "What came of the others:"
"$HEADWAY" results "$job"
kill $server
wait $server || true
echo "Stopped, and the data of this demo is deleted. To look around, to correct what failed and to retry it: make serve, and in a second terminal make submit"
exit "$code"
