#!/usr/bin/env bash
# Runs the function as an endpoint on this machine while another command runs, and tells that command of it.
# usage: ENDPOINT="COMMAND THAT SERVES THE FUNCTION" tools/with-endpoint.sh COMMAND…
set -euo pipefail
cd "$(dirname "$0")/.."

# Each request is signed with this secret, so that the function answers nobody else.
if [ ! -s .secret ]; then
    (umask 077 && echo "whsec_$(openssl rand -base64 32)" >.secret)
fi
HEADWAY_SECRET=$(cat .secret)
export HEADWAY_SECRET PORT=${PORT:-8000}
# allowPrivate lets the endpoint be on this machine. Batches are what the function gets on AWS, too.
export HEADWAY_HTTP_ENDPOINTS='{"contacts": {"url": "http://127.0.0.1:'$PORT'/", "secret": "'$HEADWAY_SECRET'", "allowPrivate": true, "batch": 100}}'

# shellcheck disable=SC2086
$ENDPOINT &
endpoint=$!
trap 'kill $endpoint 2>/dev/null; wait $endpoint 2>/dev/null || true' EXIT
"$@"
