#!/usr/bin/env bash
# Each function as it is built for Lambda, without the features of a developer's machine: it compiles, and nothing
# embedded or local is in it.
set -euo pipefail
cd "$(dirname "$0")/.."

functions=(api worker cleanup)
# One call: they have the same features of what they depend on, or what is shared would be compiled once for each.
cargo check --locked --bins "${functions[@]/#/--package=headway-}"
for function in "${functions[@]}"; do
    inside=$(cargo tree --locked --package "headway-$function" --edges normal --prefix none --format '{p}')
    for stranger in headway-embedded headway-local dynoxide-rs rusqlite libsqlite3-sys clap indicatif; do
        if grep -q "^$stranger " <<<"$inside"; then
            echo "$function has $stranger in it" >&2
            exit 1
        fi
    done
done
echo "api, worker and cleanup build without anything embedded or local"
