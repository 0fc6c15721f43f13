#!/usr/bin/env bash
# Each function alone, as it is built for Lambda: it compiles, and nothing embedded or local is in it.
set -euo pipefail
cd "$(dirname "$0")/.."

for function in api worker cleanup; do
    cargo check --locked --package "headway-$function" --bin "$function"
    inside=$(cargo tree --locked --package "headway-$function" --edges normal --prefix none --format '{p}')
    for stranger in headway-embedded headway-local dynoxide-rs rusqlite libsqlite3-sys clap indicatif; do
        if grep -q "^$stranger " <<<"$inside"; then
            echo "$function has $stranger in it" >&2
            exit 1
        fi
    done
done
echo "api, worker and cleanup build alone, without anything embedded or local"
