"""The `headway` command against the deployed API: the same output and exit codes as with a local server."""

import json
import os
import pathlib
import subprocess

import pytest
from waiting import GENEROUS_S

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLANES = ROOT / "examples" / "planes.csv"
SCHEMA = ROOT / "examples" / "planes.schema.json"


@pytest.fixture
def headway(stack, issuer, tmp_path):
    """Runs the command as a user of the stack."""
    binary = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "headway"

    def run(*words, token=issuer.token("carol"), exit_code=0):
        environment = {"HEADWAY_URL": stack.url, "HEADWAY_TOKEN": token, "XDG_STATE_HOME": str(tmp_path)}
        done = subprocess.run([binary, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=GENEROUS_S)
        assert done.returncode == exit_code, done
        return done.stdout

    return run


def submit(headway, file, *words, exit_code=0):
    return json.loads(headway("submit", file, "--processor", "json-schema", *words, "--json", exit_code=exit_code))


def test_a_file_is_submitted_and_followed_to_its_end(headway):
    """3,322 rows, 70 of which have no year."""
    job = submit(headway, PLANES, "--params", SCHEMA, "--tolerate", "100")
    assert (job["status"], job["processedItems"], job["failedItems"]) == ("Completed", 3_252, 70)
    assert json.loads(headway("status", job["id"], "--json")) == job
    lines = headway("failures", job["id"], "--format", "ndjson").splitlines()
    assert len({json.loads(line)["index"] for line in lines}) == len(lines) == 70
    assert len(headway("results", job["id"], "--format", "ndjson").splitlines()) == 3_252
    groups = json.loads(headway("failures", job["id"], "--groups", "--json"))
    assert groups["countedFailures"] == 70 and groups["complete"]
    assert headway("failures", job["id"], "--format", "csv").startswith("index,id,kind,code,message,attempts,item")
    assert json.loads(headway("parts", job["id"], "--json"))["parts"][0]["processedItems"] > 0
    assert job["id"] in {listed["id"] for listed in json.loads(headway("list", "--json"))["jobs"]}
    assert json.loads(headway("delete", job["id"], "--json")) == {"id": job["id"], "deleted": True}
    headway("status", job["id"], exit_code=1)


def test_a_job_is_held_let_go_and_ended(headway, endpoint, tmp_path):
    items, params = tmp_path / "items.ndjson", tmp_path / "params.json"
    items.write_text("".join(json.dumps({"do": "wait", "for": "command"}) + "\n" for _ in range(40)))
    params.write_text(json.dumps({"endpoint": "shop"}))
    words = ("submit", items, "--processor", "http", "--params", params, "--chunk-size", "2", "--detach", "--json")
    job = json.loads(headway(*words))["id"]
    act = lambda verb: json.loads(headway(verb, job, "--json"))
    assert act("pause")["paused"] is True
    assert act("resume")["paused"] is False
    assert act("cancel")["status"] == "Cancelled"
    endpoint.open("command")
    headway("watch", job, exit_code=6)
    headway("retry", job, exit_code=1)


def test_a_failed_job_says_so_and_can_be_retried(headway, tmp_path):
    items = tmp_path / "rows.csv"
    items.write_text("tailnum,year,manufacturer,model,engines,seats\nN1,,A,B,1,2\nN2,1999,A,B,1,2\n")
    job = submit(headway, items, "--params", SCHEMA, exit_code=5)
    assert (job["status"], job["failedItems"]) == ("Failed", 1)
    assert json.loads(headway("retry", job["id"], "--json"))["round"] == 2
    headway("watch", job["id"], exit_code=5)


def test_whoever_may_not_is_told(headway, issuer):
    headway("list", token=issuer.token(aud="other"), exit_code=4)
    assert {"http", "json-schema", "lambda", "ghost"} == {p["name"] for p in json.loads(headway("processors", "--json"))["processors"]}
