#!/usr/bin/env bash
# What each crate has in it. The functions are checked as they are built for Lambda, without the features of a developer's
# machine: they compile, and nothing embedded or local is in them.
set -euo pipefail
cd "$(dirname "$0")/.."

# Fails if the crate's dependencies, with these options, have one whose name begins with one of the words after `--`.
lacks() {
    local crate=$1 options=() inside
    shift
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    inside=$(cargo tree --locked --package "$crate" "${options[@]}" --edges normal --prefix none --format '{p}')
    for stranger in "$@"; do
        if grep -q "^$stranger" <<<"$inside"; then
            echo "$crate ${options[*]} has $stranger in it" >&2
            exit 1
        fi
    done
}

SQLITE=(dynoxide-rs rusqlite libsqlite3-sys)
VENDOR=(aws- aws_ lambda_ tokio hyper reqwest)
functions=(headway-api headway-worker-function headway-cleanup)

# One call: they have the same features of what they depend on, or what is shared would be compiled once for each.
cargo check --locked --bins "${functions[@]/#/--package=}"
for function in "${functions[@]}"; do
    lacks "$function" -- headway-embedded headway-local headway-in-process "${SQLITE[@]}" clap indicatif
done
lacks headway-api -- headway-worker headway-outbound
lacks headway-cleanup -- headway-worker headway-outbound headway-schema

# A project of one's own may have any version of any crate: of what is linked to C, only one version can be in a program.
lacks headway --all-features -- headway-embedded headway-local "${SQLITE[@]}" clap
# A library of processors builds in seconds.
lacks headway -- "${VENDOR[@]}" headway-core
lacks headway-processor --all-features -- "${VENDOR[@]}" headway-core
lacks headway-built-in --all-features -- "${VENDOR[@]}" headway-core
# The domain knows no vendor.
lacks headway-core --all-features -- aws- aws_ lambda_ hyper reqwest
# What users depend on is used by users alone.
users=$(cargo tree --locked --workspace --invert headway --depth 1 --prefix none --format '{p}' | cut -d ' ' -f 1 | sort -u | xargs)
if [[ $users != "headway own-worker" ]]; then
    echo "only projects of one's own depend on headway: $users" >&2
    exit 1
fi
echo "every crate has in it only what it may"
