#!/usr/bin/env bash
# The contracts of table and queue, over an emulator that nobody here wrote: starts it, runs them, stops it.
# What is known to differ from AWS, and what it skips, is in docs/emulators.md.
set -euo pipefail
cd "$(dirname "$0")/.."

# A port that the system gives nobody by itself, so that it is still free when the emulator takes it.
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

# Far longer than it takes on a busy machine: only what hangs gets there.
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
# Read to its end: a reader that leaves early would end its writer, and with pipefail this script.
listed=$("${contract[@]}" --list)
[[ $listed == *": test"* ]] || { echo "no contract speaks of the endpoint any more" >&2; exit 1; }
"${contract[@]}" --test-threads 4
