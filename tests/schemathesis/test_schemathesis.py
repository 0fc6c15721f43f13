"""schemathesis finds nothing: all checks, all phases, links included. And its calls reach every success that the document names."""

import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

HERE = pathlib.Path(__file__).parent
BINARY = pathlib.Path(os.environ.get("HEADWAY_BINARY") or HERE.parents[1] / "target/debug/headway")
SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
QUOTAS = "liveJobs=1000000,startsPerMinute=1000000"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state")), "HEADWAY_QUOTAS": QUOTAS}
    command = [BINARY, "--json", "serve", "--listen", "127.0.0.1:0", "--memory"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = json.loads(process.stdout.readline())["url"]
    # It logs every call, and would wait for a reader.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    yield url.split("/#token=")
    process.terminate()
    process.wait()


@pytest.fixture(scope="session")
def run(server, tmp_path_factory):
    """What schemathesis printed, its exit code, and the calls that it made."""
    url, token = server
    seen = tmp_path_factory.mktemp("seen") / "calls"
    env = {**os.environ, "HEADWAY_TEST_URL": url, "HEADWAY_TEST_TOKEN": token, "HEADWAY_TEST_SEEN": str(seen)}
    options = ["--checks", "all", "--continue-on-failure", "--no-color", "--header", f"Authorization: Bearer {token}"]
    done = subprocess.run(
        [SCHEMATHESIS, "--config-file", "schemathesis.toml", "run", f"{url}/openapi.json", *options],
        cwd=HERE, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    return done.stdout, done.returncode, [tuple(json.loads(line)) for line in seen.read_text().splitlines()]


def successes(url):
    """Every call with every status that means success."""
    done = subprocess.run(["curl", "-sS", "--fail", f"{url}/openapi.json"], check=True, stdout=subprocess.PIPE)
    for path, item in json.loads(done.stdout)["paths"].items():
        for method, operation in item.items():
            yield from ((f"{method.upper()} {path}", int(status)) for status in operation["responses"] if status[0] in "23")


def test_it_finds_nothing(run):
    printed, code, _ = run
    assert code == 0, printed
    assert "ERRORS" not in printed, printed


def test_every_success_is_reached(server, run):
    printed, _, calls = run
    missing = sorted(set(successes(server[0])) - {(label, status) for _, label, status in calls})
    assert not missing, f"{missing}\n{printed[-3000:]}"


def test_links_lead_from_a_new_job_to_its_calls(run):
    _, _, calls = run
    reached = {label for phase, label, status in calls if phase == "stateful" and status in (200, 202) and "{job_id}" in label}
    # Which links are followed is chosen at random.
    assert len(reached) >= 4, reached
