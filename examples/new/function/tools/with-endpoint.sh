#!/usr/bin/env bash
# Runs the function as an endpoint on this machine while another command runs, and tells that command of it.
# usage: ENDPOINT="COMMAND THAT SERVES THE FUNCTION" tools/with-endpoint.sh COMMAND…
# The endpoint listens on the port PORT, 0 for any that is free. Then it prints `serving on http://127.0.0.1:…`. So nobody else's
# endpoint is taken for it.
set -euo pipefail
cd "$(dirname "$0")/.."

# Each request is signed with this secret, so that the function answers nobody else.
if [ ! -s .secret ]; then
    (umask 077 && echo "whsec_$(openssl rand -base64 32)" >.secret)
fi
HEADWAY_SECRET=$(cat .secret)
export HEADWAY_SECRET PORT=${PORT:-0} PYTHONUNBUFFERED=1

scratch=$(mktemp -d "${TMPDIR:-/tmp}/headway-endpoint.XXXXXX")
mkfifo "$scratch/printed"
# shellcheck disable=SC2086
$ENDPOINT >"$scratch/printed" &
endpoint=$!
# Also if this script is told to stop: the command first, which finishes what it has begun, and then its endpoint.
stop() {
    local pid
    if pid=$(cat "$scratch/command" 2>/dev/null); then
        kill "$pid" 2>/dev/null || true
        while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    fi
    rm -rf "$scratch"
    kill $endpoint 2>/dev/null || true
    wait $endpoint 2>/dev/null || true
}
trap stop EXIT

exec 3<"$scratch/printed"
url='' until=$((SECONDS + 60))
while [ -z "$url" ] && [ $SECONDS -lt $until ] && IFS= read -r -t $((until - SECONDS)) line <&3; do
    case $line in
    "serving on http"*) url=${line#serving on } ;;
    *) echo "$line" ;;
    esac
done
if [ -z "$url" ]; then
    reason="has ended before it served: what it said is above"
    [ $SECONDS -lt $until ] || reason="has not printed \`serving on http://127.0.0.1:…\` within 60 s"
    echo "The endpoint ($ENDPOINT) $reason" >&2
    exit 1
fi

# allowPrivate lets the endpoint be on this machine. Batches are what the function gets on AWS, too.
export HEADWAY_HTTP_ENDPOINTS='{"contacts": {"url": "'${url%/}'/", "secret": "'$HEADWAY_SECRET'", "allowPrivate": true, "batch": 100}}'

# Without its endpoint the command would wait for ever. Its pid is there as long as the command runs.
{
    cat <&3
    if pid=$(cat "$scratch/command" 2>/dev/null); then
        echo "The endpoint ($ENDPOINT) has ended: what it said is above" >&2
        touch "$scratch/ended"
        kill "$pid"
    fi
} &
code=0
# shellcheck disable=SC2016
bash -c 'echo $$ >"$0" && exec "$@"' "$scratch/command" "$@" 3<&- || code=$?
rm -f "$scratch/command"
[ ! -e "$scratch/ended" ] || code=1
exit "$code"
