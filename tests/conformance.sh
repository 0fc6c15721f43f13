#!/usr/bin/env bash
# Runs the contracts of table and queue with an independent emulator: starts it, runs them, stops it.
# docs/emulators.md lists the known differences from AWS, and what is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

# A port that the system does not assign by itself, so that it is still free when the emulator uses it.
port=$(python3 - <<'EOF'
import random, socket
while True:
    port = random.randrange(15_000, 25_000)
    with socket.socket() as listener:
        if listener.connect_ex(("127.0.0.1", port)) != 0:
            print(port)
            break
EOF
)
directory=$(mktemp -d)
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
(cd "$directory" && exec env GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 MINISTACK_HOST=localhost IOT_MTLS_ENABLED=0 \
    TMPDIR="$directory" LOG_LEVEL=WARNING ministack) >"$directory/log" 2>&1 &
emulator=$!
trap 'kill "$emulator" 2>/dev/null || true; wait "$emulator" 2>/dev/null || true; rm -rf "$directory"' EXIT

# Far longer than it takes on a busy machine: only something that hangs takes so long.
for _ in $(seq 1800); do
    curl --silent --max-time 10 --output /dev/null "http://127.0.0.1:$port/_ministack/health" && ready=yes && break
    kill -0 "$emulator" 2>/dev/null || break
    sleep 0.1
done
if [[ ${ready:-no} != yes ]]; then
    echo "ministack did not get ready:" >&2
    cat "$directory/log" >&2
    exit 1
fi

export HEADWAY_CONTRACT=endpoint
export AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:$port" AWS_ENDPOINT_URL_SQS="http://127.0.0.1:$port"
contract=(cargo test --workspace --features embedded --locked --test contract -- endpoint)
# Read to the end: if the reader ended early, its writer would fail, and with pipefail this script too.
listed=$("${contract[@]}" --list)
[[ $listed == *": test"* ]] || { echo "no contract speaks of the endpoint any more" >&2; exit 1; }
"${contract[@]}" --test-threads 4
