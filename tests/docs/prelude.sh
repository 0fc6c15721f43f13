# What readers of a block of commands have: the command `headway`, its server, and curl. Every test that runs blocks begins with this:
# the documentation's and that of /docs.
set -eu
curl() { command curl ${CURL_FLAGS---fail-with-body} -sS "$@"; }
# jq is not installed everywhere: only `jq -r .member` is used.
jq() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1][1:]])' "${2-.id}"; }
# The server runs in the background, at the address that the test has chosen.
headway() {
    if [ "${1-}" = serve ]; then
        shift
        command headway --json serve --listen "$HEADWAY_TEST_LISTEN" "$@" >serve.log 2>&1 &
        echo $! >>servers
        until grep -q '"ready"' serve.log; do kill -0 $! || { cat serve.log; return 1; }; done
        # Readers use the usual port, where the command makes its token by itself.
        export HEADWAY_TOKEN=$(command headway token --user dev)
    else
        command headway "$@"
    fi
}
