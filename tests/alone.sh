#!/usr/bin/env bash
# Checks the dependencies of each crate. The functions are checked as they are built for Lambda, without the features for a
# developer's machine: they compile, and contain nothing embedded or local.
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

# All in one call, so that shared dependencies have the same features and are compiled once.
cargo check --locked --bins "${functions[@]/#/--package=}"
for function in "${functions[@]}"; do
    lacks "$function" -- headway-embedded headway-local headway-in-process "${SQLITE[@]}" clap indicatif
done
lacks headway-api -- headway-worker headway-outbound
lacks headway-cleanup -- headway-worker headway-outbound headway-schema

# A user's project may have any version of any crate. But of a crate that links to C, a program can have only one version.
lacks headway --all-features -- headway-embedded headway-local "${SQLITE[@]}" clap
# A library of processors builds in seconds.
lacks headway -- "${VENDOR[@]}" headway-core
lacks headway-processor --all-features -- "${VENDOR[@]}" headway-core
lacks headway-built-in --all-features -- "${VENDOR[@]}" headway-core
# The domain depends on no vendor.
lacks headway-core --all-features -- aws- aws_ lambda_ hyper reqwest
# Only users depend on the crates for users.
users=$(cargo tree --locked --workspace --invert headway --depth 1 --prefix none --format '{p}' | cut -d ' ' -f 1 | sort -u | xargs)
if [[ $users != "headway own-worker" ]]; then
    echo "only projects of one's own depend on headway: $users" >&2
    exit 1
fi
echo "every crate has in it only what it may"
